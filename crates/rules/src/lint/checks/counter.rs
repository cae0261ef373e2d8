//! Counters that are used as they are.

use binnacle_promql::ast::{AggregateOp, BinaryOp, Expr, ExprKind};

use super::super::walk::{is_counter_safe, name_of, walk};
use super::super::{Report, Severity, Subject};

pub(super) const CHECK: &str = "promql/counter";

/// What a counter shows depends on when its process started.
pub(super) fn check(subject: &Subject<'_>, report: &mut Report<'_>) {
    if !subject.is_alert() {
        return;
    }
    walk(&subject.rule.expr.tree, &mut |expr, around| {
        let ExprKind::Vector(selector) = &expr.kind else {
            return;
        };
        let Some(name) = name_of(selector) else {
            return;
        };
        if !name.ends_with("_total") || name.contains(':') || is_fine(expr, around) {
            return;
        }
        report.add(
            CHECK,
            Severity::Warning,
            subject.line_of(expr.span.start),
            format!(
                "{name} is a counter, and how high it stands depends on when its process started"
            ),
            format!("use increase({name}[...]) or rate({name}[...])"),
        );
    });
}

/// Whether what stands around makes it fine: a rate, a count, or a comparison of the
/// counter with itself earlier.
fn is_fine(expr: &Expr, around: &[&Expr]) -> bool {
    around.iter().enumerate().any(|(i, outer)| {
        let inner = around.get(i + 1).copied().unwrap_or(expr);
        match &outer.kind {
            ExprKind::Call(call) => is_counter_safe(call.function.id),
            ExprKind::Aggregate(aggregate) => {
                matches!(aggregate.op, AggregateOp::Count | AggregateOp::Group)
            }
            ExprKind::Subquery(_) => true,
            ExprKind::Binary(binary) => match binary.op {
                // The right side is there to be there.
                BinaryOp::And | BinaryOp::Unless => std::ptr::eq(inner, &raw const binary.rhs),
                BinaryOp::Sub | BinaryOp::Div => true,
                // Zero and one are states; so many since the start is a number.
                op if op.is_comparison() => {
                    let other = if std::ptr::eq(inner, &raw const binary.lhs) {
                        &binary.rhs
                    } else {
                        &binary.lhs
                    };
                    super::super::walk::constant(other) == Some(0.0)
                }
                _ => false,
            },
            _ => false,
        }
    })
}
