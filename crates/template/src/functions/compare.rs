//! `eq`, `ne`, `lt`, `le`, `gt`, `ge`: values of one basic kind are compared, and
//! numbers of different kinds are not.

use crate::value::{Value, time};

const BAD_TYPE: &str = "invalid type for comparison";
const INCOMPATIBLE: &str = "incompatible types for comparison";
const MISSING: &str = "missing argument for comparison";

/// The basic kinds.
enum Basic<'v> {
    Bool(bool),
    Int(i64),
    Float(f64),
    Str(&'v str),
    Other,
}

fn basic(value: &Value) -> Basic<'_> {
    match value {
        Value::Bool(b) => Basic::Bool(*b),
        Value::Float(f) => Basic::Float(*f),
        Value::Str(s) | Value::Safe(_, s) => Basic::Str(s),
        other => time::number_of(other).map_or(Basic::Other, Basic::Int),
    }
}

/// Whether the first is equal to any of the others.
pub(super) fn eq(args: &[Value]) -> Result<Value, String> {
    let (first, rest) = args.split_first().ok_or(MISSING)?;
    if rest.is_empty() {
        return Err(MISSING.to_owned());
    }
    for other in rest {
        if equal(first, other)? {
            return Ok(true.into());
        }
    }
    Ok(false.into())
}

pub(super) fn equal(a: &Value, b: &Value) -> Result<bool, String> {
    match (basic(a), basic(b)) {
        (Basic::Bool(a), Basic::Bool(b)) => Ok(a == b),
        (Basic::Int(a), Basic::Int(b)) => Ok(a == b),
        (Basic::Float(a), Basic::Float(b)) => Ok(a == b),
        (Basic::Str(a), Basic::Str(b)) => Ok(a == b),
        (Basic::Other, Basic::Other) => other_equal(a, b),
        _ if a.is_nil() || b.is_nil() => Ok(false),
        _ => Err(INCOMPATIBLE.to_owned()),
    }
}

/// Values of no basic kind are equal when both are nil or the same instant; lists
/// and maps cannot be compared but with nil.
fn other_equal(a: &Value, b: &Value) -> Result<bool, String> {
    match (a, b) {
        _ if a.is_nil() || b.is_nil() => Ok(a.is_nil() == b.is_nil()),
        (Value::Time(a), Value::Time(b)) => Ok(a == b),
        (Value::Object(a), Value::Object(b)) => Ok(std::sync::Arc::ptr_eq(a, b)),
        _ => Err(format!("non-comparable type {b}: {}", b.type_name())),
    }
}

pub(super) fn less(a: &Value, b: &Value) -> Result<bool, String> {
    match (basic(a), basic(b)) {
        (Basic::Other, _) | (_, Basic::Other) => Err(BAD_TYPE.to_owned()),
        (Basic::Int(a), Basic::Int(b)) => Ok(a < b),
        (Basic::Float(a), Basic::Float(b)) => Ok(a < b),
        (Basic::Str(a), Basic::Str(b)) => Ok(a < b),
        (Basic::Bool(_), Basic::Bool(_)) => Err(BAD_TYPE.to_owned()),
        _ => Err(INCOMPATIBLE.to_owned()),
    }
}

pub(super) fn at_most(a: &Value, b: &Value) -> Result<bool, String> {
    Ok(less(a, b)? || equal(a, b)?)
}
