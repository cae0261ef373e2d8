//! What the operators do to two numbers.

use crate::ast::BinaryOp;

/// Whether the operator makes a different metric of what it is applied to.
pub(super) fn changes_metric(op: BinaryOp) -> bool {
    use BinaryOp as Op;
    matches!(
        op,
        Op::Add | Op::Sub | Op::Mul | Op::Div | Op::Mod | Op::Pow | Op::Atan2
    )
}

/// The value; for a comparison, whether it holds.
#[inline(always)]
pub(super) fn apply(op: BinaryOp, a: f64, b: f64) -> (f64, bool) {
    match op {
        BinaryOp::Add => (a + b, true),
        BinaryOp::Sub => (a - b, true),
        BinaryOp::Mul => (a * b, true),
        BinaryOp::Div => (a / b, true),
        BinaryOp::Mod => (a % b, true),
        BinaryOp::Pow => (power(a, b), true),
        BinaryOp::Atan2 => (a.atan2(b), true),
        BinaryOp::Equal => (a, a == b),
        BinaryOp::NotEqual => (a, a != b),
        BinaryOp::Less => (a, a < b),
        BinaryOp::LessOrEqual => (a, a <= b),
        BinaryOp::Greater => (a, a > b),
        BinaryOp::GreaterOrEqual => (a, a >= b),
        // Made for native histograms; between floats they say nothing.
        BinaryOp::TrimUpper | BinaryOp::TrimLower => (a, false),
        // Set operators do not look at values.
        BinaryOp::And | BinaryOp::Or | BinaryOp::Unless => (a, true),
    }
}

fn power(a: f64, b: f64) -> f64 {
    if b == 2.0 { a * a } else { a.powf(b) }
}

/// Between scalars: a comparison is 0 or 1.
pub(super) fn of_scalars(op: BinaryOp, a: f64, b: f64) -> f64 {
    let (value, holds) = apply(op, a, b);
    if op.is_comparison() {
        f64::from(u8::from(holds))
    } else {
        value
    }
}
