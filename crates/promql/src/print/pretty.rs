//! Expressions on several lines.
//!
//! Whatever fits into a line stays on one. What does not is broken at its
//! outermost node: the arguments of a call, the two sides of an operator, the
//! inside of parentheses, each indented by one level more than the node.

use crate::ast::{Expr, ExprKind};

use super::expr;

/// The longest text, in bytes and without indentation, that stays on one line.
pub const LINE_MAX: usize = 100;

/// `expr` in lines of at most [`LINE_MAX`] bytes where that can be had.
pub fn pretty(expr: &Expr) -> String {
    pretty_within(expr, LINE_MAX)
}

/// As [`pretty`], with another length of lines.
pub fn pretty_within(expr: &Expr, line_max: usize) -> String {
    let mut printer = Printer {
        line_max,
        out: String::new(),
    };
    printer.expr(expr, 0);
    printer.out
}

struct Printer {
    line_max: usize,
    out: String,
}

impl Printer {
    fn expr(&mut self, expr: &Expr, level: usize) {
        let line = expr.to_string();
        // Texts of nodes that cannot be broken stay as they are.
        let breakable = !matches!(
            expr.kind,
            ExprKind::Number(_) | ExprKind::String(_) | ExprKind::Vector(_) | ExprKind::Matrix(_)
        );
        if line.len() > self.line_max && breakable {
            self.broken(expr, level);
            return;
        }
        // A subquery that fits is printed at its parent's level: it is a suffix to
        // what the indentation belongs to.
        if !matches!(expr.kind, ExprKind::Subquery(_)) {
            self.indent(level);
        }
        self.out += &line;
    }

    fn broken(&mut self, expr: &Expr, level: usize) {
        match &expr.kind {
            ExprKind::Aggregate(aggregate) => {
                self.indent(level);
                // Writing to a string does not fail, here and below.
                let _ = expr::aggregation(&mut self.out, aggregate);
                self.out += "(\n";
                if let Some(param) = &aggregate.param {
                    self.expr(param, level + 1);
                    self.out += ",\n";
                }
                self.expr(&aggregate.expr, level + 1);
                self.close(level);
            }
            ExprKind::Binary(binary) => {
                self.expr(&binary.lhs, level + 1);
                self.out.push('\n');
                self.indent(level);
                let _ = expr::operator(&mut self.out, binary);
                self.out.push('\n');
                self.expr(&binary.rhs, level + 1);
            }
            ExprKind::Call(call) => {
                self.indent(level);
                self.out += call.function.name;
                self.out += "(\n";
                for (i, arg) in call.args.iter().enumerate() {
                    if i > 0 {
                        self.out += ",\n";
                    }
                    self.expr(arg, level + 1);
                }
                self.close(level);
            }
            ExprKind::Paren(inner) => {
                self.indent(level);
                self.out += "(\n";
                self.expr(inner, level + 1);
                self.close(level);
            }
            ExprKind::Unary(op, inner) => {
                let mut printer = Printer {
                    line_max: self.line_max,
                    out: String::new(),
                };
                printer.expr(inner, level);
                self.indent(level);
                self.out += op.as_str();
                // The sign stands before the operand and takes its indentation.
                self.out += printer.out.trim();
            }
            ExprKind::Subquery(subquery) => {
                self.expr(&subquery.expr, level);
                let _ = expr::subquery_suffix(&mut self.out, subquery);
            }
            ExprKind::Number(_)
            | ExprKind::String(_)
            | ExprKind::Vector(_)
            | ExprKind::Matrix(_) => {}
        }
    }

    fn close(&mut self, level: usize) {
        self.out.push('\n');
        self.indent(level);
        self.out.push(')');
    }

    fn indent(&mut self, level: usize) {
        for _ in 0..level {
            self.out += "  ";
        }
    }
}
