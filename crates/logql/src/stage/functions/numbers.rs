//! Arithmetic. Every argument is read as a number; what is none is 0. Floats are added and
//! multiplied as decimals, so that 0.1 and 0.2 are 0.3.

use binnacle_template::{Function, Type, Value};

use super::decimal::Decimal;
use super::{ANY, ANYS, STR, count, str};
use crate::stage::convert;

pub(super) fn set() -> Vec<Function> {
    let mut all = whole();
    all.extend(floats());
    all.extend(units());
    all
}

fn whole() -> Vec<Function> {
    let sum = |a: &[Value]| a.iter().fold(0_i64, |sum, v| sum.wrapping_add(int(v)));
    let product = |a: &[Value]| a.iter().fold(1_i64, |p, v| p.wrapping_mul(int(v)));
    vec![
        Function::plain("int", ANY, |a| Ok(Value::Int(nth(a, 0)))),
        Function::shared("add", &[], move |a| Ok(Value::Int(sum(a)))).with_rest(Type::Any),
        Function::shared("mul", ANY, move |a| Ok(Value::Int(product(a)))).with_rest(Type::Any),
        Function::plain("sub", ANYS, |a| {
            Ok(Value::Int(nth(a, 0).wrapping_sub(nth(a, 1))))
        }),
        Function::plain("div", ANYS, |a| {
            divided(nth(a, 1), |by| nth(a, 0).wrapping_div(by))
        }),
        Function::plain("mod", ANYS, |a| {
            divided(nth(a, 1), |by| nth(a, 0).wrapping_rem(by))
        }),
        Function::plain("max", ANY, |a| {
            Ok(Value::Int(a.iter().map(int).max().unwrap_or(0)))
        })
        .with_rest(Type::Any),
        Function::plain("min", ANY, |a| {
            Ok(Value::Int(a.iter().map(int).min().unwrap_or(0)))
        })
        .with_rest(Type::Any),
    ]
}

fn divided(by: i64, quotient: impl FnOnce(i64) -> i64) -> Result<Value, String> {
    if by == 0 {
        return Err("runtime error: integer divide by zero".to_owned());
    }
    Ok(Value::Int(quotient(by)))
}

fn floats() -> Vec<Function> {
    vec![
        Function::plain("float64", ANY, |a| Ok(Value::Float(nth_float(a, 0)))),
        Function::plain("addf", &[], |a| {
            Ok(folded(0.0, a, Decimal::plus, |a, b| a + b))
        })
        .with_rest(Type::Any),
        Function::plain("subf", ANY, |a| {
            Ok(folded(
                nth_float(a, 0),
                behind(a),
                Decimal::minus,
                |a, b| a - b,
            ))
        })
        .with_rest(Type::Any),
        Function::plain("mulf", ANY, |a| {
            Ok(folded(
                nth_float(a, 0),
                behind(a),
                Decimal::times,
                |a, b| a * b,
            ))
        })
        .with_rest(Type::Any),
        Function::plain("divf", ANY, |a| {
            if behind(a).iter().any(|v| float(v) == 0.0) {
                return Err("decimal division by 0".to_owned());
            }
            Ok(folded(nth_float(a, 0), behind(a), Decimal::over, |a, b| {
                a / b
            }))
        })
        .with_rest(Type::Any),
        Function::plain("maxf", ANY, |a| {
            let all = a.iter().map(float);
            Ok(Value::Float(all.fold(f64::NEG_INFINITY, f64::max)))
        })
        .with_rest(Type::Any),
        Function::plain("minf", ANY, |a| {
            let all = a.iter().map(float);
            Ok(Value::Float(all.fold(f64::INFINITY, f64::min)))
        })
        .with_rest(Type::Any),
        Function::plain("ceil", ANY, |a| Ok(Value::Float(nth_float(a, 0).ceil()))),
        Function::plain("floor", ANY, |a| Ok(Value::Float(nth_float(a, 0).floor()))),
        Function::plain("round", &[Type::Any, Type::Int], |a| {
            let from = a.get(2).map_or(0.5, float);
            Ok(Value::Float(round(nth_float(a, 0), count(a, 1), from)))
        })
        .with_rest(Type::Float),
    ]
}

fn units() -> Vec<Function> {
    fn seconds(a: &[Value]) -> Result<Value, String> {
        convert::duration(str(a, 0)).map(|ns| Value::Float(ns as f64 / 1e9))
    }
    vec![
        Function::plain("bytes", STR, |a| {
            convert::bytes(str(a, 0)).map(|b| Value::Float(b as f64))
        }),
        Function::plain("duration", STR, seconds),
        Function::plain("duration_seconds", STR, seconds),
    ]
}

fn behind(arguments: &[Value]) -> &[Value] {
    arguments.get(1..).unwrap_or_default()
}

/// From the first on, one after the other, in decimals where they are exact.
fn folded(
    first: f64,
    rest: &[Value],
    exact: fn(Decimal, Decimal) -> Option<Decimal>,
    near: fn(f64, f64) -> f64,
) -> Value {
    let in_decimals = || {
        rest.iter()
            .map(float)
            .try_fold(Decimal::of(first)?, |value, next| {
                exact(value, Decimal::of(next)?)
            })
    };
    Value::Float(match in_decimals() {
        Some(decimal) => decimal.value(),
        None => rest.iter().map(float).fold(first, near),
    })
}

/// Rounds to so many places; up from `from` of the last one on.
fn round(value: f64, places: i64, from: f64) -> f64 {
    let factor = 10_f64.powi(i32::try_from(places.clamp(-400, 400)).unwrap_or(0));
    let scaled = value * factor;
    let rounded = if scaled.fract() >= from {
        scaled.ceil()
    } else {
        scaled.floor()
    };
    rounded / factor
}

fn nth(arguments: &[Value], i: usize) -> i64 {
    arguments.get(i).map_or(0, int)
}

fn nth_float(arguments: &[Value], i: usize) -> f64 {
    arguments.get(i).map_or(0.0, float)
}

fn float(value: &Value) -> f64 {
    match value {
        Value::Int(v) | Value::Duration(v) => *v as f64,
        Value::Float(v) => *v,
        Value::Bool(true) => 1.0,
        Value::Str(text) | Value::Safe(_, text) => convert::float(text).unwrap_or(0.0),
        _ => 0.0,
    }
}

/// Texts are read as Go's constants: `0x10`, `010` and `0b1` too, and `.0` may be behind.
pub(super) fn int(value: &Value) -> i64 {
    match value {
        Value::Int(v) | Value::Duration(v) => *v,
        Value::Float(v) => *v as i64,
        Value::Bool(true) => 1,
        Value::Str(text) | Value::Safe(_, text) => constant(text).unwrap_or(0),
        _ => 0,
    }
}

fn constant(text: &str) -> Option<i64> {
    let text = match text.split_once('.') {
        Some((whole, zeros)) if !zeros.is_empty() && zeros.bytes().all(|b| b == b'0') => whole,
        _ => text,
    };
    let (sign, digits) = match text.as_bytes().first()? {
        b'-' => ("-", &text[1..]),
        b'+' => ("", &text[1..]),
        _ => ("", text),
    };
    let (digits, radix) = match digits.get(..2).map(str::to_ascii_lowercase).as_deref() {
        Some("0x") => (&digits[2..], 16),
        Some("0b") => (&digits[2..], 2),
        Some("0o") => (&digits[2..], 8),
        Some(two) if two.starts_with('0') => (&digits[1..], 8),
        _ => (digits, 10),
    };
    if digits.starts_with(['+', '-']) {
        return None;
    }
    i64::from_str_radix(&format!("{sign}{digits}"), radix).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_as_whole_numbers() {
        let check = |text: &str, want| assert_eq!(int(&text.into()), want, "{text}");
        check("12", 12);
        check("-0x1f", -31);
        check("010", 8);
        check("7.00", 7);
        check("7.5", 0);
        check("x", 0);
        check("", 0);
        check("--1", 0);
    }

    #[test]
    fn rounding() {
        for (value, places, from, want) in [
            (123.5555, 3, 0.5, 123.556),
            (123.88571428571, 5, 0.2, 123.88572),
            (-1.5, 0, 0.5, -2.0),
        ] {
            let got = round(value, places, from);
            assert!((got - want).abs() < 1e-9, "{value} {places} {from}: {got}");
        }
    }
}
