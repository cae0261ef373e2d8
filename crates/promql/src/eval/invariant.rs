//! Which parts of a query do not depend on the step.

use crate::ast::{Expr, ExprKind};
use crate::functions::FunctionId;

/// The expression within any parentheses.
pub(crate) fn unparen(mut expr: &Expr) -> &Expr {
    while let ExprKind::Paren(inner) = &expr.kind {
        expr = inner;
    }
    expr
}

/// Whether `expr` has the same value at every step, so that one evaluation does.
pub(crate) fn is_step_invariant(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Number(_) | ExprKind::String(_) => true,
        ExprKind::Paren(inner) | ExprKind::Unary(_, inner) => is_step_invariant(inner),
        ExprKind::Binary(binary) => {
            is_step_invariant(&binary.lhs) && is_step_invariant(&binary.rhs)
        }
        ExprKind::Aggregate(aggregate) => {
            aggregate.param.as_ref().is_none_or(is_step_invariant)
                && is_step_invariant(&aggregate.expr)
        }
        ExprKind::Call(call) => match call.function.id {
            // Fixed for the whole query.
            FunctionId::Start | FunctionId::End | FunctionId::Range | FunctionId::Step => true,
            // The value's own time; anything but a selector has that of the step.
            FunctionId::Timestamp | FunctionId::StartTimestamp => call.args.iter().all(|arg| {
                let arg = unparen(arg);
                matches!(arg.kind, ExprKind::Vector(_)) && is_step_invariant(arg)
            }),
            id => !looks_at_the_time(id) && call.args.iter().all(is_step_invariant),
        },
        ExprKind::Vector(vector) => vector.at.is_some(),
        ExprKind::Matrix(matrix) => matrix.vector.at.is_some(),
        ExprKind::Subquery(subquery) => subquery.at.is_some(),
    }
}

fn looks_at_the_time(id: FunctionId) -> bool {
    matches!(
        id,
        FunctionId::DaysInMonth
            | FunctionId::DayOfMonth
            | FunctionId::DayOfWeek
            | FunctionId::DayOfYear
            | FunctionId::Hour
            | FunctionId::Minute
            | FunctionId::Month
            | FunctionId::Year
            | FunctionId::PredictLinear
            | FunctionId::Time
    )
}
