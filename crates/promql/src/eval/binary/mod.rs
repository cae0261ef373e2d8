//! Binary operators.

mod arithmetic;
mod matching;
mod scalar;
mod set;
mod signature;

use super::context::{Around, Context, Tally};
use super::error::EvalError;
use super::node::{self, Value};
use super::steps::Steps;
use super::stream::Stream;
use crate::ast::{BinaryExpr, BinaryOp, Expr, ValueType, VectorMatching};

pub(crate) use scalar::with_scalar;

/// Evaluates a binary expression.
pub(crate) fn evaluate<'a>(
    cx: &Context<'a>,
    expr: &'a Expr,
    binary: &'a BinaryExpr,
    steps: Steps,
    tally: &mut Tally,
) -> Result<Value<'a>, EvalError> {
    let cx = &cx.within(Around::default());
    let scalar = |side: &Expr| side.value_type() == ValueType::Scalar;
    match (scalar(&binary.lhs), scalar(&binary.rhs)) {
        (true, true) => {
            let lhs = node::scalar(cx, &binary.lhs, steps, tally)?;
            let rhs = node::scalar(cx, &binary.rhs, steps, tally)?;
            let op = binary.op;
            Ok(Value::Scalar(
                lhs.zip(rhs, |a, b| arithmetic::of_scalars(op, a, b)),
            ))
        }
        (false, true) => {
            let vector = node::stream(cx, &binary.lhs, steps, tally)?;
            let number = node::scalar(cx, &binary.rhs, steps, tally)?;
            with_scalar(cx, expr, binary, vector, number, false, tally).map(Value::Vector)
        }
        (true, false) => {
            let number = node::scalar(cx, &binary.lhs, steps, tally)?;
            let vector = node::stream(cx, &binary.rhs, steps, tally)?;
            with_scalar(cx, expr, binary, vector, number, true, tally).map(Value::Vector)
        }
        (false, false) => {
            let lhs = node::vector(cx, &binary.lhs, steps, tally)?;
            let rhs = node::vector(cx, &binary.rhs, steps, tally)?;
            let default = VectorMatching::default();
            let matching = binary.matching.as_ref().unwrap_or(&default);
            let vector = if binary.op.is_set() {
                set::evaluate(cx, binary.op, matching, lhs, rhs, steps)?
            } else {
                if matches!(binary.op, BinaryOp::TrimUpper | BinaryOp::TrimLower)
                    && !lhs.series.is_empty()
                    && !rhs.series.is_empty()
                {
                    tally
                        .notes
                        .incompatible_types(binary.op.as_str(), expr.span);
                }
                matching::evaluate(cx, binary, matching, lhs, rhs, steps)?
            };
            Ok(Value::Vector(Stream::Ready(vector)))
        }
    }
}
