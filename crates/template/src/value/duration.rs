//! Go's `time.Duration`: nanoseconds that print as `1h2m3.5s`.

use std::fmt::Write;

use super::{Class, Element, Method, Value};
use crate::functions::Type;

/// `time.Duration`
pub static DURATION: Class = Class {
    name: "time.Duration",
    element: Element::Typed,
    methods: METHODS,
    string: Some(|v| print(nanos(v))),
};

const SECOND: i64 = 1_000_000_000;

const METHODS: &[Method] = &[
    method("String", &[], |v, _| Ok(print(nanos(v)).into())),
    method("Nanoseconds", &[], |v, _| Ok(nanos(v).into())),
    method("Microseconds", &[], |v, _| Ok((nanos(v) / 1_000).into())),
    method(
        "Milliseconds",
        &[],
        |v, _| Ok((nanos(v) / 1_000_000).into()),
    ),
    method("Seconds", &[], |v, _| Ok(in_units(nanos(v), SECOND).into())),
    method("Minutes", &[], |v, _| {
        Ok(in_units(nanos(v), 60 * SECOND).into())
    }),
    method("Hours", &[], |v, _| {
        Ok(in_units(nanos(v), 3_600 * SECOND).into())
    }),
    method("Abs", &[], |v, _| {
        Ok(Value::Duration(nanos(v).saturating_abs()))
    }),
    method("Truncate", &[Type::Duration], |v, a| {
        let (d, unit) = (nanos(v), nanos(&a[0]));
        Ok(Value::Duration(if unit <= 0 { d } else { d - d % unit }))
    }),
    method("Round", &[Type::Duration], |v, a| {
        Ok(Value::Duration(round(nanos(v), nanos(&a[0]))))
    }),
];

const fn method(
    name: &'static str,
    params: &'static [Type],
    call: fn(&Value, &[Value]) -> Result<Value, String>,
) -> Method {
    Method { name, params, call }
}

/// The nanoseconds of a [`Value::Duration`].
pub(crate) fn nanos(value: &Value) -> i64 {
    match value {
        Value::Duration(nanos) => *nanos,
        _ => 0,
    }
}

/// Whole units and the rest apart, as Go divides, so that the last digit is the same.
pub(crate) fn in_units(nanos: i64, unit: i64) -> f64 {
    (nanos / unit) as f64 + (nanos % unit) as f64 / unit as f64
}

/// Halves away from zero.
fn round(nanos: i64, unit: i64) -> i64 {
    if unit <= 0 {
        return nanos;
    }
    let rest = nanos % unit;
    let down = nanos - rest;
    if rest.unsigned_abs() * 2 < unit.unsigned_abs() {
        return down;
    }
    if nanos < 0 {
        down.checked_sub(unit).unwrap_or(i64::MIN)
    } else {
        down.checked_add(unit).unwrap_or(i64::MAX)
    }
}

/// `72h3m0.5s`, `1.5ms`, `0s`.
#[must_use]
pub fn print(nanos: i64) -> String {
    let mut out = String::new();
    if nanos < 0 {
        out.push('-');
    }
    let whole = nanos.unsigned_abs();
    let (unit, name) = match whole {
        0 => return "0s".to_owned(),
        1..1_000 => (1, "ns"),
        1_000..1_000_000 => (1_000, "µs"),
        1_000_000..1_000_000_000 => (1_000_000, "ms"),
        _ => (1_000_000_000, "s"),
    };
    let mut count = whole / unit;
    if unit == 1_000_000_000 {
        // Writing to a string does not fail, here and below.
        if count >= 3_600 {
            let _ = write!(out, "{}h", count / 3_600);
        }
        if count >= 60 {
            let _ = write!(out, "{}m", count / 60 % 60);
        }
        count %= 60;
    }
    let _ = write!(out, "{count}");
    let fraction = whole % unit;
    if fraction != 0 {
        let digits = unit.ilog10() as usize;
        let text = format!("{fraction:0digits$}");
        let _ = write!(out, ".{}", text.trim_end_matches('0'));
    }
    out.push_str(name);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_print_as_in_go() {
        let check = |nanos, want: &str| assert_eq!(print(nanos), want);
        check(0, "0s");
        check(1, "1ns");
        check(1_100, "1.1µs");
        check(2_200_000, "2.2ms");
        check(3_300_000_000, "3.3s");
        check(245_000_000_000, "4m5s");
        check(18_367_001_000_000, "5h6m7.001s");
        check(1_800_000_000_000, "30m0s");
        check(i64::MIN, "-2562047h47m16.854775808s");
        check(i64::MAX, "2562047h47m16.854775807s");
    }

    #[test]
    fn rounding_goes_away_from_zero() {
        assert_eq!(round(1_500, 1_000), 2_000);
        assert_eq!(round(-1_500, 1_000), -2_000);
        assert_eq!(round(1_499, 1_000), 1_000);
        assert_eq!(round(5, 0), 5);
    }
}
