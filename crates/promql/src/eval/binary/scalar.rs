//! Between a vector and a scalar.

use super::super::column::{ABSENT, is_absent};
use super::super::context::{Context, Tally};
use super::super::error::EvalError;
use super::super::scalar::Scalar;
use super::super::stream::Stream;
use super::arithmetic::{apply, changes_metric};
use crate::ast::{BinaryExpr, BinaryOp, Expr};

/// Evaluates `vector op number`, or `number op vector` when `swap`.
pub(crate) fn with_scalar<'a>(
    cx: &Context<'a>,
    expr: &Expr,
    binary: &BinaryExpr,
    vector: Stream<'a>,
    number: Scalar,
    swap: bool,
    tally: &mut Tally,
) -> Result<Stream<'a>, EvalError> {
    let (op, return_bool) = (binary.op, binary.return_bool);
    if matches!(op, BinaryOp::TrimUpper | BinaryOp::TrimLower) {
        tally.notes.incompatible_types(op.as_str(), expr.span);
    }
    let drop_name = changes_metric(op) || return_bool;
    // The operator is looked at once for each column, not for each value.
    macro_rules! mapped {
        ($($op:ident),*) => {
            match op {
                $(BinaryOp::$op => vector.map(cx, drop_name, move |column| {
                    each(BinaryOp::$op, column, &number, swap, return_bool);
                }),)*
            }
        };
    }
    mapped!(
        Add,
        Sub,
        Mul,
        Div,
        Mod,
        Pow,
        Atan2,
        Equal,
        NotEqual,
        Less,
        LessOrEqual,
        Greater,
        GreaterOrEqual,
        TrimUpper,
        TrimLower,
        And,
        Or,
        Unless
    )
}

#[inline(always)]
fn each(op: BinaryOp, column: &mut [f64], number: &Scalar, swap: bool, return_bool: bool) {
    for (step, place) in column.iter_mut().enumerate() {
        let x = *place;
        let n = number.at(step);
        let (mut value, mut holds) = if swap {
            apply(op, n, x)
        } else {
            apply(op, x, n)
        };
        if op.is_comparison() && swap {
            // A comparison keeps the vector's value, on whichever side it stands.
            value = x;
        }
        if return_bool {
            value = f64::from(u8::from(holds));
            holds = true;
        }
        *place = if holds && !is_absent(x) {
            value
        } else {
            ABSENT
        };
    }
}
