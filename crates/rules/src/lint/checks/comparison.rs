//! Alerts without a condition.

use binnacle_promql::ast::{BinaryOp, Expr, ExprKind};
use binnacle_promql::functions::FunctionId;

use super::super::walk::{children, constant, name_of, unparen};
use super::super::{Report, Severity, Subject};

pub(super) const CHECK: &str = "alerts/comparison";

/// Every series that an alert's expression gives is an alert.
pub(super) fn check(subject: &Subject<'_>, report: &mut Report<'_>) {
    let expr = &subject.rule.expr.tree;
    if !subject.is_alert() || constant(expr).is_some() {
        // A constant fires always, and is meant to: a dead man's switch.
        return;
    }
    if let Some(at) = always_bool(expr) {
        report.add(
            CHECK,
            Severity::Bug,
            subject.line_of(at),
            "the comparison has bool, so it gives 0 or 1 and the alert always fires",
            "take bool away, or compare the result with == 1",
        );
    } else if !has_condition(expr) {
        report.add(
            CHECK,
            Severity::Warning,
            subject.line_of(expr.span.start),
            "the expression has no condition: the alert fires for every series there is, whatever its value",
            "compare the value, such as with > 0",
        );
    }
}

/// Where the outermost operator is a comparison with `bool`.
fn always_bool(expr: &Expr) -> Option<usize> {
    match &unparen(expr).kind {
        ExprKind::Binary(binary) if binary.return_bool => Some(binary.op_span.start),
        _ => None,
    }
}

fn has_condition(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Binary(binary) => match binary.op {
            op if op.is_comparison() => true,
            BinaryOp::Unless => true,
            BinaryOp::Or => has_condition(&binary.lhs) && has_condition(&binary.rhs),
            _ => has_condition(&binary.lhs) || has_condition(&binary.rhs),
        },
        ExprKind::Call(call) => match call.function.id {
            FunctionId::Absent | FunctionId::AbsentOverTime => true,
            _ => call.args.iter().any(has_condition),
        },
        // Alerts are there only while they are.
        ExprKind::Vector(selector) => {
            matches!(name_of(selector), Some("ALERTS" | "ALERTS_FOR_STATE"))
        }
        _ => children(expr).into_iter().any(has_condition),
    }
}
