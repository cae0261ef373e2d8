//! What a duration comes to, once the query's times are known.

use binnacle_model::annotation::Span;

use super::TimeRange;
use super::error::EvalError;
use crate::ast::{Duration, DurationExpr, DurationExprKind, Expr, ExprKind, VectorSelector};

/// Longest duration, in seconds: what fits into 64 bits of nanoseconds.
const SECONDS_MAX: f64 = 9_223_372_036.854_775;

/// `duration` in milliseconds; may be negative, as an offset may.
///
/// # Errors
/// When it is no duration.
pub(crate) fn offset_ms(duration: &Duration, query: TimeRange) -> Result<i64, EvalError> {
    resolve(duration, query, true)
}

/// `duration` in milliseconds, as a range or a step.
///
/// # Errors
/// When it is no duration, or not more than 0.
pub(crate) fn range_ms(duration: &Duration, query: TimeRange) -> Result<i64, EvalError> {
    resolve(duration, query, false)
}

fn resolve(duration: &Duration, query: TimeRange, negative: bool) -> Result<i64, EvalError> {
    let expr = match duration {
        Duration::Fixed(ms) => return Ok(*ms),
        Duration::Expr(expr) => expr,
    };
    let seconds = value(expr, query)?;
    if !seconds.is_finite() {
        return Err(bad(expr.span, "duration is NaN or infinite"));
    }
    if seconds <= 0.0 && !negative {
        return Err(bad(expr.span, "duration must be greater than 0"));
    }
    if seconds.abs() > SECONDS_MAX {
        return Err(bad(expr.span, "duration is out of range"));
    }
    Ok((seconds * 1000.0) as i64)
}

fn bad(span: Span, what: &str) -> EvalError {
    EvalError::BadData {
        message: format!("{}:{}: {what}", span.start, span.end),
        span: Some(span),
    }
}

/// In seconds.
fn value(expr: &DurationExpr, query: TimeRange) -> Result<f64, EvalError> {
    use DurationExprKind as Kind;
    let of = |side: &DurationExpr| value(side, query);
    Ok(match &expr.kind {
        Kind::Number(number) => number.value,
        Kind::Step => query.step_ms as f64 / 1000.0,
        Kind::Range => (query.end_ms - query.start_ms) as f64 / 1000.0,
        Kind::Neg(side) => -of(side)?,
        Kind::Pos(side) => of(side)?,
        Kind::Add(a, b) => of(a)? + of(b)?,
        Kind::Sub(a, b) => of(a)? - of(b)?,
        Kind::Mul(a, b) => of(a)? * of(b)?,
        Kind::Div(a, b) => {
            let (a, b) = (of(a)?, of(b)?);
            if b == 0.0 {
                return Err(bad(expr.span, "division by zero"));
            }
            a / b
        }
        Kind::Mod(a, b) => {
            let (a, b) = (of(a)?, of(b)?);
            if b == 0.0 {
                return Err(bad(expr.span, "modulo by zero"));
            }
            a % b
        }
        Kind::Pow(a, b) => of(a)?.powf(of(b)?),
        Kind::Min(a, b) => of(a)?.min(of(b)?),
        Kind::Max(a, b) => of(a)?.max(of(b)?),
    })
}

/// Works out all durations of the tree, so that a wrong one is found before any
/// sample is read.
///
/// # Errors
/// The first wrong duration.
pub(crate) fn check(expr: &Expr, query: TimeRange) -> Result<(), EvalError> {
    let selector = |selector: &VectorSelector| offset_ms(&selector.offset, query).map(|_| ());
    match &expr.kind {
        ExprKind::Number(_) | ExprKind::String(_) => Ok(()),
        ExprKind::Paren(inner) | ExprKind::Unary(_, inner) => check(inner, query),
        ExprKind::Binary(binary) => {
            check(&binary.lhs, query)?;
            check(&binary.rhs, query)
        }
        ExprKind::Aggregate(aggregate) => {
            if let Some(param) = &aggregate.param {
                check(param, query)?;
            }
            check(&aggregate.expr, query)
        }
        ExprKind::Call(call) => call.args.iter().try_for_each(|arg| check(arg, query)),
        ExprKind::Vector(vector) => selector(vector),
        ExprKind::Matrix(matrix) => {
            selector(&matrix.vector)?;
            range_ms(&matrix.range, query).map(|_| ())
        }
        ExprKind::Subquery(subquery) => {
            offset_ms(&subquery.offset, query)?;
            range_ms(&subquery.range, query)?;
            if let Some(step) = &subquery.step {
                range_ms(step, query)?;
            }
            check(&subquery.expr, query)
        }
    }
}
