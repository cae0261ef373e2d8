//! Going through expressions.

use binnacle_model::{MatchOp, labels::METRIC_NAME};
use binnacle_promql::ast::{
    AggregateOp, BinaryOp, Duration, Expr, ExprKind, UnaryOp, VectorSelector,
};
use binnacle_promql::functions::FunctionId;

/// The expressions right within `expr`, from left to right.
pub(crate) fn children(expr: &Expr) -> Vec<&Expr> {
    match &expr.kind {
        ExprKind::Number(_) | ExprKind::String(_) | ExprKind::Vector(_) | ExprKind::Matrix(_) => {
            Vec::new()
        }
        ExprKind::Paren(inner) | ExprKind::Unary(_, inner) => vec![inner],
        ExprKind::Binary(binary) => vec![&binary.lhs, &binary.rhs],
        ExprKind::Aggregate(aggregate) => {
            let mut all: Vec<&Expr> = aggregate.param.iter().collect();
            all.push(&aggregate.expr);
            all
        }
        ExprKind::Call(call) => call.args.iter().collect(),
        ExprKind::Subquery(subquery) => vec![&subquery.expr],
    }
}

/// Calls `visit` with `expr` and everything within, outer ones first, each with what
/// stands around it, outermost first.
pub(crate) fn walk<'a>(expr: &'a Expr, visit: &mut dyn FnMut(&'a Expr, &[&'a Expr])) {
    fn go<'a>(
        expr: &'a Expr,
        around: &mut Vec<&'a Expr>,
        visit: &mut dyn FnMut(&'a Expr, &[&'a Expr]),
    ) {
        visit(expr, around);
        around.push(expr);
        for child in children(expr) {
            go(child, around, visit);
        }
        around.pop();
    }
    go(expr, &mut Vec::new(), visit);
}

/// Without parentheses around it.
pub(crate) fn unparen(mut expr: &Expr) -> &Expr {
    while let ExprKind::Paren(inner) = &expr.kind {
        expr = inner;
    }
    expr
}

/// The number that an expression of numbers comes to.
pub(crate) fn constant(expr: &Expr) -> Option<f64> {
    match &unparen(expr).kind {
        ExprKind::Number(number) => Some(number.value),
        ExprKind::Unary(UnaryOp::Minus, inner) => constant(inner).map(|v| -v),
        ExprKind::Unary(UnaryOp::Plus, inner) => constant(inner),
        ExprKind::Binary(binary) => {
            let (a, b) = (constant(&binary.lhs)?, constant(&binary.rhs)?);
            match binary.op {
                BinaryOp::Add => Some(a + b),
                BinaryOp::Sub => Some(a - b),
                BinaryOp::Mul => Some(a * b),
                BinaryOp::Div => Some(a / b),
                BinaryOp::Mod => Some(a % b),
                BinaryOp::Pow => Some(a.powf(b)),
                _ => None,
            }
        }
        ExprKind::Call(call) if call.function.id == FunctionId::Vector => constant(&call.args[0]),
        _ => None,
    }
}

/// The name of the metric that a selector is for.
pub(crate) fn name_of(selector: &VectorSelector) -> Option<&str> {
    selector
        .matchers
        .iter()
        .find(|m| m.name == METRIC_NAME && m.op == MatchOp::Equal)
        .map(|m| m.value.as_str())
}

/// A duration that is fixed, milliseconds.
pub(crate) fn millis(duration: &Duration) -> Option<i64> {
    match duration {
        Duration::Fixed(ms) => Some(*ms),
        Duration::Expr(_) => None,
    }
}

/// Whether a function turns a growing counter into how much it grew, or only looks
/// at whether and when there were samples.
pub(crate) fn is_counter_safe(id: FunctionId) -> bool {
    matches!(
        id,
        FunctionId::Rate
            | FunctionId::Irate
            | FunctionId::Increase
            | FunctionId::Delta
            | FunctionId::Idelta
            | FunctionId::Deriv
            | FunctionId::Resets
            | FunctionId::Changes
            | FunctionId::Absent
            | FunctionId::AbsentOverTime
            | FunctionId::PresentOverTime
            | FunctionId::CountOverTime
            | FunctionId::Timestamp
            | FunctionId::StartTimestamp
            | FunctionId::TsOfFirstOverTime
            | FunctionId::TsOfLastOverTime
            | FunctionId::Info
    )
}

/// Whether a function gives a change per second.
pub(crate) fn is_per_second(id: FunctionId) -> bool {
    matches!(id, FunctionId::Rate | FunctionId::Irate | FunctionId::Deriv)
}

/// Whether an aggregation picks series and leaves them as they are.
pub(crate) fn is_choice(op: AggregateOp) -> bool {
    matches!(
        op,
        AggregateOp::Topk | AggregateOp::Bottomk | AggregateOp::Limitk | AggregateOp::LimitRatio
    )
}
