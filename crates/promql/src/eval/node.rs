//! One node of the tree: what kind of value it has, and who works it out.

use super::column::{ABSENT, is_absent};
use super::context::{Around, Context, Tally};
use super::error::EvalError;
use super::functions::call;
use super::invariant::{is_step_invariant, unparen};
use super::scalar::Scalar;
use super::selector::{Instant, Wanted, select};
use super::steps::Steps;
use super::stream::{Make, Stream};
use super::vector::Vector;
use super::{aggregate, binary};
use crate::ast::{Expr, ExprKind, UnaryOp, VectorSelector};

/// The value of a node at all steps.
pub(crate) enum Value<'a> {
    Scalar(Scalar),
    Vector(Stream<'a>),
}

/// Evaluates a node that is a scalar or an instant vector.
pub(crate) fn evaluate<'a>(
    cx: &Context<'a>,
    expr: &'a Expr,
    steps: Steps,
    tally: &mut Tally,
) -> Result<Value<'a>, EvalError> {
    cx.meter.check()?;
    let expr = unparen(expr);
    let is_literal = matches!(expr.kind, ExprKind::Number(_));
    if steps.count > 1 && !is_literal && is_step_invariant(expr) {
        return repeated(cx, expr, steps, tally);
    }
    match &expr.kind {
        ExprKind::Number(number) => Ok(Value::Scalar(Scalar::Constant(number.value))),
        ExprKind::Unary(op, inner) => unary(cx, *op, inner, steps, tally),
        ExprKind::Binary(inner) => binary::evaluate(cx, expr, inner, steps, tally),
        ExprKind::Aggregate(aggregate) => {
            let vector = aggregate::evaluate(cx, aggregate, steps, tally)?;
            Ok(Value::Vector(Stream::Ready(vector)))
        }
        ExprKind::Call(call) => call::evaluate(cx, expr, call, steps, tally),
        ExprKind::Vector(selector) => {
            instant(cx, expr, selector, steps, Wanted::Value, false).map(Value::Vector)
        }
        ExprKind::Paren(inner) => evaluate(cx, inner, steps, tally),
        ExprKind::String(_) | ExprKind::Matrix(_) | ExprKind::Subquery(_) => {
            // The parser gives these to no operator, and functions take them apart.
            let kind = expr.value_type().documented();
            Err(EvalError::execution(format!("unexpected {kind}")))
        }
    }
}

/// Evaluates what does not depend on the step once.
fn repeated<'a>(
    cx: &Context<'a>,
    expr: &'a Expr,
    steps: Steps,
    tally: &mut Tally,
) -> Result<Value<'a>, EvalError> {
    let mut once = cx.tally(steps.first());
    let value = match evaluate(cx, expr, steps.first(), &mut once)? {
        Value::Scalar(scalar) => Value::Scalar(scalar.repeat()),
        Value::Vector(stream) => {
            let vector = stream.collect(cx, &mut once)?.repeat(steps.count)?;
            Value::Vector(Stream::Ready(vector))
        }
    };
    tally.notes.merge(once.notes);
    tally.counts.add_to_each(&once.counts, steps.count);
    Ok(value)
}

/// Evaluates a node that is an instant vector, as far as its series.
pub(crate) fn stream<'a>(
    cx: &Context<'a>,
    expr: &'a Expr,
    steps: Steps,
    tally: &mut Tally,
) -> Result<Stream<'a>, EvalError> {
    match evaluate(cx, expr, steps, tally)? {
        Value::Vector(stream) => Ok(stream),
        Value::Scalar(_) => Err(EvalError::execution(
            "expected an instant vector, got a scalar",
        )),
    }
}

/// Evaluates a node that is an instant vector.
pub(crate) fn vector<'a>(
    cx: &Context<'a>,
    expr: &'a Expr,
    steps: Steps,
    tally: &mut Tally,
) -> Result<Vector, EvalError> {
    stream(cx, expr, steps, tally)?.collect(cx, tally)
}

/// Evaluates a node that is a scalar.
pub(crate) fn scalar<'a>(
    cx: &Context<'a>,
    expr: &'a Expr,
    steps: Steps,
    tally: &mut Tally,
) -> Result<Scalar, EvalError> {
    match evaluate(cx, expr, steps, tally)? {
        Value::Scalar(scalar) => Ok(scalar),
        Value::Vector(_) => Err(EvalError::execution(
            "expected a scalar, got an instant vector",
        )),
    }
}

/// An instant selector.
pub(crate) fn instant<'a>(
    cx: &Context<'a>,
    expr: &Expr,
    selector: &VectorSelector,
    steps: Steps,
    wanted: Wanted,
    drop_name: bool,
) -> Result<Stream<'a>, EvalError> {
    let instant = Instant::new(cx, selector, steps, wanted)?;
    let hints = cx.hints(steps, 0);
    let selected = select(
        cx,
        selector,
        instant.reach(),
        instant.span(),
        hints,
        expr.span,
    )?;
    Ok(Stream::lazy(
        selected,
        Make::Instant(instant),
        steps,
        drop_name,
    ))
}

fn unary<'a>(
    cx: &Context<'a>,
    op: UnaryOp,
    inner: &'a Expr,
    steps: Steps,
    tally: &mut Tally,
) -> Result<Value<'a>, EvalError> {
    let around = Around {
        grouping: None,
        ..cx.around
    };
    let value = evaluate(&cx.within(around), inner, steps, tally)?;
    if op == UnaryOp::Plus {
        return Ok(value);
    }
    Ok(match value {
        Value::Scalar(scalar) => {
            Value::Scalar(scalar.zip(Scalar::Constant(0.0), |value, _| -value))
        }
        Value::Vector(stream) => Value::Vector(stream.map(cx, true, |column| {
            for value in column {
                // The sign of an absent value must not change: it is told by its bits.
                *value = if is_absent(*value) { ABSENT } else { -*value };
            }
        })?),
    })
}
