//! The form over several lines that `format_query` gives.
//!
//! What fits into a line stays on one. What does not is opened: an aggregation puts its
//! inner part between lines of its own, a pipeline puts each stage on a line, an operator
//! stands between its sides. Parentheses are there only where the order of evaluation
//! needs them.

use std::fmt::Display;

use super::{Number, Quoted, name_of, offset, range, unwrap};
use crate::ast::{
    Binary, BinaryOp, Expr, LabelReplace, LogExpr, LogRange, RangeAggregation, SampleExpr,
    Variants, VectorAggregation,
};
use crate::parse::sample_tables::{RANGE_OPS, VECTOR_OPS, precedence};

/// Prints with lines of about `width` bytes.
pub(super) fn expr(expr: &Expr, width: usize) -> String {
    let printer = Printer { width };
    match expr {
        Expr::Log(log) => printer.log(log, 0),
        Expr::Sample(sample) => printer.sample(sample, 0),
    }
}

struct Printer {
    width: usize,
}

fn indent(level: usize) -> String {
    "  ".repeat(level)
}

impl Printer {
    /// The text on one line, when it is short enough.
    fn short(&self, what: &impl Display, level: usize) -> Option<String> {
        let text = what.to_string();
        (text.len() <= self.width).then(|| indent(level) + &text)
    }

    fn log(&self, log: &LogExpr, level: usize) -> String {
        if let Some(short) = self.short(log, level) {
            return short;
        }
        let selector = LogExpr {
            stages: Vec::new(),
            ..log.clone()
        };
        let mut out = format!("{}{selector}", indent(level));
        for stage in &log.stages {
            out += &format!("\n{}{}", indent(level + 1), stage);
        }
        out
    }

    fn log_range(&self, of: &LogRange, level: usize) -> String {
        let mut out = self.log(&of.log, level);
        if let Some(unwrapped) = unwrap(of) {
            out += &format!("\n{}{unwrapped}", indent(level + 1));
        }
        out + " " + &range(of) + &offset(of)
    }

    fn sample(&self, expr: &SampleExpr, level: usize) -> String {
        if let Some(short) = self.short(expr, level) {
            return short;
        }
        match expr {
            SampleExpr::Range(range) => self.range(range, level),
            SampleExpr::Vector(vector) => self.vector(vector, level),
            SampleExpr::Binary(binary) => self.binary(binary, level),
            SampleExpr::LabelReplace(replace) => self.label_replace(replace, level),
            SampleExpr::Variants(variants) => self.variants(variants, level),
            SampleExpr::Literal(_) | SampleExpr::VectorOf(_) => format!("{}{expr}", indent(level)),
        }
    }

    fn range(&self, aggregation: &RangeAggregation, level: usize) -> String {
        let mut out = format!(
            "{}{}(\n",
            indent(level),
            name_of(RANGE_OPS, &aggregation.op)
        );
        if let Some(parameter) = aggregation.parameter {
            out += &format!("{}{},\n", indent(level + 1), Number(parameter));
        }
        out += &self.log_range(&aggregation.range, level + 1);
        out += &format!("\n{})", indent(level));
        if let Some(grouping) = &aggregation.grouping {
            out += &format!(" {grouping}");
        }
        out
    }

    fn vector(&self, vector: &VectorAggregation, level: usize) -> String {
        let mut out = indent(level) + name_of(VECTOR_OPS, &vector.op);
        if let Some(grouping) = &vector.grouping {
            out += &format!(" {grouping}");
        }
        out += "(\n";
        if let Some(parameter) = vector.parameter {
            out += &format!("{}{parameter},\n", indent(level + 1));
        }
        out += &self.sample(&vector.expr, level + 1);
        out + &format!("\n{})", indent(level))
    }

    fn binary(&self, binary: &Binary, level: usize) -> String {
        let left = self.side(&binary.left, binary.op, false, level + 1);
        let right = self.side(&binary.right, binary.op, true, level + 1);
        let operator = super::operator(binary);
        format!("{left}\n{}{operator}\n{right}", indent(level))
    }

    /// A side of an operator, in parentheses when it would be read otherwise without.
    fn side(&self, side: &SampleExpr, op: BinaryOp, is_right: bool, level: usize) -> String {
        let SampleExpr::Binary(inner) = side else {
            return self.sample(side, level);
        };
        // A short one brings its own.
        if let Some(short) = self.short(side, level) {
            return short;
        }
        let (own, outer) = (precedence(inner.op), precedence(op));
        let is_safe = op != BinaryOp::Pow && (own > outer || (own == outer && !is_right));
        if is_safe {
            return self.binary(inner, level);
        }
        let inside = self.binary(inner, level + 1);
        format!("{0}(\n{inside}\n{0})", indent(level))
    }

    fn label_replace(&self, replace: &LabelReplace, level: usize) -> String {
        let texts = [
            &replace.destination,
            &replace.replacement,
            &replace.source,
            &replace.regex,
        ];
        let mut out = format!("{}label_replace(\n", indent(level));
        out += &self.sample(&replace.expr, level + 1);
        for text in texts {
            out += &format!(",\n{}{}", indent(level + 1), Quoted(text));
        }
        out + &format!("\n{})", indent(level))
    }

    fn variants(&self, variants: &Variants, level: usize) -> String {
        let inner: Vec<String> = variants
            .variants
            .iter()
            .map(|v| self.sample(v, level + 1))
            .collect();
        format!(
            "{0}variants(\n{1}\n{0}) of (\n{2}\n{0})",
            indent(level),
            inner.join(",\n"),
            self.log_range(&variants.of, level + 1)
        )
    }
}
