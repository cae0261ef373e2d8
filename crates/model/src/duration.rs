//! Durations as Prometheus writes them (`1h30m`, `15s`, `250ms`, `0`).
//!
//! Units are `y` (365 days), `w`, `d`, `h`, `m`, `s`, `ms`, each at most once and
//! in this order, with whole numbers only. The range is that of Go's
//! `time.Duration` (64 bits of nanoseconds, some 292 years), because files that
//! load here must load there. Duration *expressions* of PromQL are not read here.

/// Units from the largest down: name, milliseconds, and whether the printer uses
/// it only when nothing smaller is left over.
const UNITS: [(&str, i64, bool); 7] = [
    ("y", 365 * 24 * 3_600_000, true),
    ("w", 7 * 24 * 3_600_000, true),
    ("d", 24 * 3_600_000, false),
    ("h", 3_600_000, false),
    ("m", 60_000, false),
    ("s", 1_000, false),
    ("ms", 1, false),
];

/// The largest duration: the milliseconds that fit into 64 bits of nanoseconds.
pub const MAX_MS: i64 = i64::MAX / 1_000_000;

/// Why a text is no duration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DurationError {
    /// Nothing was given.
    #[error("empty duration string")]
    Empty,
    /// Not numbers with units in descending order.
    #[error("not a valid duration string: {0:?}")]
    Malformed(String),
    /// Longer than [`MAX_MS`].
    #[error("duration out of range: {0:?}")]
    OutOfRange(String),
    /// Neither seconds nor a duration, for the HTTP parameter.
    #[error("cannot parse {0:?} to a valid duration")]
    BadParameter(String),
    /// Seconds beyond [`MAX_MS`], for the HTTP parameter.
    #[error("cannot parse {0:?} to a valid duration. It overflows int64")]
    ParameterOverflow(String),
}

/// Reads a duration, in milliseconds; never negative.
///
/// # Errors
/// When `text` is none, or too long a one.
pub fn parse(text: &str) -> Result<i64, DurationError> {
    match text {
        "" => return Err(DurationError::Empty),
        "0" => return Ok(0),
        _ => {}
    }
    let malformed = || DurationError::Malformed(text.to_owned());
    let mut rest = text;
    let mut units = UNITS.iter();
    let mut total = Some(0i64);
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let letters = rest[digits..]
            .bytes()
            .take_while(u8::is_ascii_lowercase)
            .count();
        let (number, tail) = rest.split_at(digits);
        let (unit, tail) = tail.split_at(letters);
        if number.is_empty() {
            return Err(malformed());
        }
        // `find` moves on, so that units out of order are not found any more.
        let (_, unit_ms, _) = units
            .find(|(name, ..)| *name == unit)
            .ok_or_else(malformed)?;
        let part = number
            .parse::<i64>()
            .ok()
            .and_then(|n| n.checked_mul(*unit_ms));
        total = total.zip(part).and_then(|(a, b)| a.checked_add(b));
        rest = tail;
    }
    total
        .filter(|ms| *ms <= MAX_MS)
        .ok_or_else(|| DurationError::OutOfRange(text.to_owned()))
}

/// Reads a duration that may have a minus sign, in milliseconds.
///
/// # Errors
/// As [`parse`].
pub fn parse_signed(text: &str) -> Result<i64, DurationError> {
    match text.strip_prefix('-') {
        Some(rest) => parse(rest).map(|ms| -ms),
        None => parse(text),
    }
}

/// Reads an HTTP parameter such as `step`: seconds with a fraction (`0.5`,
/// `1e3`), or a duration. The answer is in milliseconds, cut to whole ones.
///
/// # Errors
/// When `text` is neither, or too long a duration.
pub fn parse_param(text: &str) -> Result<i64, DurationError> {
    if let Ok(seconds) = text.parse::<f64>() {
        let ms = seconds * 1e3;
        if ms.is_nan() {
            return Err(DurationError::BadParameter(text.to_owned()));
        }
        if ms.abs() > MAX_MS as f64 {
            return Err(DurationError::ParameterOverflow(text.to_owned()));
        }
        return Ok(ms as i64);
    }
    parse(text).map_err(|_| DurationError::BadParameter(text.to_owned()))
}

/// The shortest text that [`parse_signed`] reads as `ms`; years and weeks only
/// when they are exact (`23d1h`, not `3w2d1h`).
#[must_use]
pub fn print(ms: i64) -> String {
    use std::fmt::Write as _;
    if ms == 0 {
        return "0s".to_owned();
    }
    let mut text = String::new();
    if ms < 0 {
        text.push('-');
    }
    let mut rest = ms.unsigned_abs();
    for (name, unit_ms, exact) in UNITS {
        let unit_ms = unit_ms.unsigned_abs();
        let count = rest / unit_ms;
        if count == 0 || (exact && !rest.is_multiple_of(unit_ms)) {
            continue;
        }
        rest -= count * unit_ms;
        // Writing to a string does not fail.
        let _ = write!(text, "{count}{name}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_and_printed() {
        let check = |text: &str, ms: i64, printed: &str| {
            assert_eq!(parse_signed(text), Ok(ms), "{text}");
            assert_eq!(print(ms), printed);
        };
        check("0", 0, "0s");
        check("1h30m", 5_400_000, "1h30m");
        check("90m", 5_400_000, "1h30m");
        check("250ms", 250, "250ms");
        check("1y2w3d4h5m6s7ms", 33_019_506_007, "382d4h5m6s7ms");
        check("14d", 1_209_600_000, "2w");
        check("-1d", -86_400_000, "-1d");
        check("292y", 292 * 365 * 86_400_000, "292y");
    }

    #[test]
    fn what_is_no_duration_is_refused() {
        for text in [
            "1", "1.5d", "d", "", "1h1y", "1m1m", "1ms1s", "1 h", "1H", "-1m", "5µs", "1msx",
        ] {
            let refused = parse(text).expect_err(text);
            assert!(
                !matches!(refused, DurationError::OutOfRange(_)),
                "{text}: {refused}"
            );
        }
        for text in [
            "294y",
            "107675d",
            "9223372036854775808ms",
            "99999999999999999999w",
        ] {
            assert_eq!(parse(text), Err(DurationError::OutOfRange(text.to_owned())));
        }
    }

    #[test]
    fn parameters_are_seconds_or_durations() {
        assert_eq!(parse_param("123.333"), Ok(123_333));
        assert_eq!(parse_param("5m"), Ok(300_000));
        assert_eq!(parse_param("1e3"), Ok(1_000_000));
        for text in [
            "",
            "NaN",
            "x",
            "148966367200.372",
            "-1e30",
            "2015-06-03T13:21:58.555Z",
        ] {
            assert!(parse_param(text).is_err(), "{text}");
        }
    }
}
