//! Numbers, lengths of time and instants in the words of people, as the library that
//! Prometheus and Alertmanager share has them.

use crate::format::{general, quote};
use crate::parse::literal::parse_float;
use crate::value::{Time, Value, time};

/// Digits that are shown.
const DIGITS: usize = 4;
const SMALL: [&str; 8] = ["m", "u", "n", "p", "f", "a", "z", "y"];
const LARGE: [&str; 8] = ["k", "M", "G", "T", "P", "E", "Z", "Y"];
const BINARY: [&str; 8] = ["ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi"];

/// A number, a text that is one, or the seconds of a duration.
///
/// # Errors
/// In Go's words, when it is none.
pub(crate) fn to_float(value: &Value) -> Result<f64, String> {
    match value {
        Value::Float(f) => Ok(*f),
        Value::Int(i) => Ok(*i as f64),
        Value::Duration(nanos) => Ok(time::seconds(*nanos)),
        Value::Str(text) => parse_float(text).ok_or_else(|| {
            let syntax = text.parse::<f64>().is_err();
            let why = if syntax {
                "invalid syntax"
            } else {
                "value out of range"
            };
            format!("strconv.ParseFloat: parsing {}: {why}", quote(text))
        }),
        Value::Missing | Value::Nil => Err("can't convert <nil> to float".to_owned()),
        other => Err(format!("can't convert {} to float", other.type_name())),
    }
}

/// `1.235M`, `120m`
pub(crate) fn humanize(mut v: f64) -> String {
    if v == 0.0 || !v.is_finite() {
        return general(v, DIGITS);
    }
    if v.abs() < 1.0 {
        let prefix = shrink(&mut v);
        return format!("{}{prefix}", general(v, DIGITS));
    }
    let mut prefix = "";
    for p in LARGE {
        if v.abs() < 1000.0 {
            break;
        }
        prefix = p;
        v /= 1000.0;
    }
    format!("{}{prefix}", general(v, DIGITS))
}

fn shrink(v: &mut f64) -> &'static str {
    let mut prefix = "";
    for p in SMALL {
        if v.abs() >= 1.0 {
            break;
        }
        prefix = p;
        *v *= 1000.0;
    }
    prefix
}

/// `1.177Mi`
pub(crate) fn humanize_1024(mut v: f64) -> String {
    if v.abs() <= 1.0 || !v.is_finite() {
        return general(v, DIGITS);
    }
    let mut prefix = "";
    for p in BINARY {
        if v.abs() < 1024.0 {
            break;
        }
        prefix = p;
        v /= 1024.0;
    }
    format!("{}{prefix}", general(v, DIGITS))
}

/// `1d 1h 0m 0s`, `123.5ms`; `v` is in seconds.
pub(crate) fn humanize_duration(mut v: f64) -> String {
    if !v.is_finite() {
        return general(v, DIGITS);
    }
    if v == 0.0 {
        return format!("{}s", general(v, DIGITS));
    }
    if v.abs() < 1.0 {
        let prefix = shrink(&mut v);
        return format!("{}{prefix}s", general(v, DIGITS));
    }
    let sign = if v < 0.0 { "-" } else { "" };
    v = v.abs();
    // What does not fit is the smallest number on the machines that Go runs on.
    let whole = if v < i64::MAX as f64 {
        v as i64
    } else {
        i64::MIN
    };
    let (seconds, minutes) = (whole % 60, whole / 60 % 60);
    let (hours, days) = (whole / 3_600 % 24, whole / 86_400);
    if days != 0 {
        format!("{sign}{days}d {hours}h {minutes}m {seconds}s")
    } else if hours != 0 {
        format!("{sign}{hours}h {minutes}m {seconds}s")
    } else if minutes != 0 {
        format!("{sign}{minutes}m {seconds}s")
    } else {
        format!("{sign}{}s", general(v, DIGITS))
    }
}

/// `12.35%`
pub(crate) fn humanize_percentage(v: f64) -> String {
    format!("{}%", general(v * 100.0, DIGITS))
}

/// `2015-06-23 13:19:44.128 +0000 UTC`
///
/// # Errors
/// As [`to_time`].
pub(crate) fn humanize_timestamp(v: f64) -> Result<String, String> {
    if !v.is_finite() {
        return Ok(general(v, DIGITS));
    }
    Ok(Value::Time(to_time(v)?).to_string())
}

/// The instant of seconds since the Unix epoch, in milliseconds.
///
/// # Errors
/// When it is no number, or beyond 64 bits of nanoseconds.
pub(crate) fn to_time(v: f64) -> Result<Time, String> {
    if !v.is_finite() {
        return Err("value is NaN or Inf".to_owned());
    }
    let nanos = v * 1e9;
    // 2^63, the first that does not fit; Go lets it pass, and so it wraps.
    if nanos.abs() > i64::MAX as f64 {
        let shown = Value::Float(v);
        return Err(format!(
            "{shown} cannot be represented as a nanoseconds timestamp since it overflows int64"
        ));
    }
    let nanos = if nanos < i64::MAX as f64 {
        nanos as i64
    } else {
        i64::MIN
    };
    Ok(Time::from_unix_ms(nanos / 1_000_000))
}
