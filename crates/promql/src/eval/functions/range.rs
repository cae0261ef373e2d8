//! Calls of functions over ranges.

use super::super::context::{Context, Tally};
use super::super::error::EvalError;
use super::super::invariant::unparen;
use super::super::rollup::Rollup;
use super::super::selector::select;
use super::super::steps::Steps;
use super::super::stream::{Make, Stream};
use super::super::{matrix, node, subquery};
use super::absent;
use crate::ast::{Call, Expr, ExprKind, MatrixSelector, RangeMode};
use crate::functions::FunctionId;

/// The argument that is a range, if there is one.
pub(crate) fn range_arg(call: &Call) -> Option<&Expr> {
    call.args
        .iter()
        .map(unparen)
        .find(|arg| matches!(arg.kind, ExprKind::Matrix(_) | ExprKind::Subquery(_)))
}

/// Evaluates a function over a range.
pub(crate) fn evaluate<'a>(
    cx: &Context<'a>,
    call: &'a Call,
    range: &'a Expr,
    steps: Steps,
    tally: &mut Tally,
) -> Result<Stream<'a>, EvalError> {
    let id = call.function.id;
    let mut args = Vec::new();
    for arg in call
        .args
        .iter()
        .filter(|arg| !std::ptr::eq(unparen(arg), range))
    {
        args.push(node::scalar(cx, arg, steps, tally)?);
    }
    // These say which sample there is, and keep what it is called.
    let drop_name = !matches!(id, FunctionId::LastOverTime | FunctionId::FirstOverTime);
    let use_starts = cx.options.use_start_timestamps
        && matches!(
            id,
            FunctionId::Rate | FunctionId::Irate | FunctionId::Increase | FunctionId::Resets
        );
    let first_span = call.args.first().map_or(range.span, |arg| arg.span);
    let stream = match &range.kind {
        ExprKind::Matrix(selector) => {
            check_mode(call, selector)?;
            let windows = matrix::windows(cx, selector, steps)?;
            let hints = cx.hints(steps, windows.range_ms);
            let (reach, span) = (windows.reach(), windows.span());
            let selected = select(cx, &selector.vector, reach, span, hints, range.span)?;
            let rollup = Rollup {
                function: id,
                windows,
                mode: selector.vector.mode,
                args,
                use_starts,
                range_span: range.span,
                first_span,
            };
            Stream::lazy(selected, Make::Rollup(rollup), steps, drop_name)
        }
        ExprKind::Subquery(inner) => {
            let rollup = |windows| Rollup {
                function: id,
                windows,
                mode: RangeMode::Plain,
                args,
                use_starts: false,
                range_span: range.span,
                first_span,
            };
            Stream::Ready(subquery::rolled_up(
                cx, inner, rollup, steps, drop_name, tally,
            )?)
        }
        _ => return Err(EvalError::execution("expected a range vector")),
    };
    if id == FunctionId::AbsentOverTime {
        let vector = absent::evaluate(cx, range, stream, steps, true, tally)?;
        return Ok(Stream::Ready(vector));
    }
    Ok(stream)
}

/// Only some functions know what to do with samples beyond the range.
fn check_mode(call: &Call, selector: &MatrixSelector) -> Result<(), EvalError> {
    use FunctionId as F;
    let id = call.function.id;
    let is_rate = matches!(id, F::Rate | F::Increase | F::Delta);
    let (word, functions) = match selector.vector.mode {
        RangeMode::Anchored if !is_rate && !matches!(id, F::Resets | F::Changes) => {
            ("anchored", "changes, delta, increase, rate, resets")
        }
        RangeMode::Smoothed if !is_rate => ("smoothed", "delta, increase, rate"),
        _ => return Ok(()),
    };
    Err(EvalError::execution(format!(
        "{word} modifier can only be used with: {functions} - not with {}",
        call.function.name
    )))
}
