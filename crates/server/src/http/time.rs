//! Times and durations as the API's parameters write them.

use std::io::Write as _;

use binnacle_model::calendar::{date_of, day_of, days_in_month};
use binnacle_model::duration;

/// The earliest time that Prometheus' API knows, in milliseconds.
pub const MIN_TIME_MS: i64 = (i64::MIN / 1000 + 62_135_596_801) * 1000;
/// The latest time that Prometheus' API knows, in milliseconds.
pub const MAX_TIME_MS: i64 = (i64::MAX / 1000 - 62_135_596_801) * 1000 + 999;

/// Reads a time: seconds since the Unix epoch with decimals, or RFC 3339.
/// Answers milliseconds, rounded to the nearest.
///
/// # Errors
/// A message for the user.
pub fn parse_time(text: &str) -> Result<i64, String> {
    let refuse = || format!("cannot parse {text:?} to a valid timestamp");
    if let Some(seconds) = parse_go_float(text) {
        if !seconds.is_finite() {
            return Err(refuse());
        }
        let ms = seconds * 1000.0;
        // The casts saturate, so an absurd number becomes the edge of time.
        return Ok((ms.round() as i64).clamp(MIN_TIME_MS, MAX_TIME_MS));
    }
    parse_rfc3339(text).ok_or_else(refuse)
}

/// Reads a duration: seconds with decimals, or `5m`. Answers milliseconds.
///
/// # Errors
/// A message for the user.
pub fn parse_duration(text: &str) -> Result<i64, String> {
    duration::parse_param(text).map_err(|e| e.to_string())
}

/// A float in the forms of Go's `ParseFloat` that occur: no spaces, no leading
/// `+.`, words in any case are refused by the callers.
fn parse_go_float(text: &str) -> Option<f64> {
    if text.is_empty() || text.bytes().any(|b| b.is_ascii_whitespace()) {
        return None;
    }
    text.parse().ok()
}

/// `2015-06-03T14:21:58.555+01:00` as milliseconds since the Unix epoch.
fn parse_rfc3339(text: &str) -> Option<i64> {
    let (seconds, nanos) = parse_rfc3339_parts(text)?;
    Some(seconds * 1000 + i64::from(nanos) / 1_000_000)
}

/// Reads RFC 3339 as nanoseconds since the Unix epoch; Go's zero time, and anything
/// else that does not fit, is 0 ("not set").
///
/// # Errors
/// A message for the user.
pub fn parse_nanos(text: &str) -> Result<i64, String> {
    let (seconds, nanos) = parse_rfc3339_parts(text)
        .ok_or_else(|| format!("{text:?} is not a time as RFC 3339 writes it"))?;
    Ok(seconds
        .checked_mul(1_000_000_000)
        .and_then(|n| n.checked_add(i64::from(nanos)))
        .unwrap_or(0))
}

/// Nanoseconds since the Unix epoch as RFC 3339 in UTC, always with milliseconds, as
/// Alertmanager's API writes them. 0 becomes Go's zero time.
pub fn push_nanos(out: &mut Vec<u8>, t_ns: i64) {
    if t_ns == 0 {
        out.extend_from_slice(b"0001-01-01T00:00:00.000Z");
        return;
    }
    let t_ms = t_ns.div_euclid(1_000_000);
    let (seconds, millis) = (t_ms.div_euclid(1000), t_ms.rem_euclid(1000));
    let (year, month, day) = date_of(seconds.div_euclid(86_400));
    let of_day = seconds.rem_euclid(86_400);
    let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
    // Writing to a vector never fails.
    let _ = write!(
        out,
        "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z"
    );
}

/// Seconds since the Unix epoch, and nanoseconds.
fn parse_rfc3339_parts(text: &str) -> Option<(i64, u32)> {
    let bytes = text.as_bytes();
    let number = |from: usize, to: usize| -> Option<i64> {
        let part = bytes.get(from..to)?;
        if !part.iter().all(u8::is_ascii_digit) {
            return None;
        }
        std::str::from_utf8(part).ok()?.parse().ok()
    };
    let at = |i: usize, b: u8| bytes.get(i).is_some_and(|c| c.eq_ignore_ascii_case(&b));
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    if !(at(4, b'-') && at(7, b'-') && at(10, b'T') && at(13, b':') && at(16, b':')) {
        return None;
    }
    if !(1..=12).contains(&month) || day < 1 || day > days_in_month(year, month) {
        return None;
    }
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let mut i = 19;
    let mut nanos = 0_u32;
    if at(i, b'.') {
        let end = i
            + 1
            + bytes[i + 1..]
                .iter()
                .take_while(|b| b.is_ascii_digit())
                .count();
        if end == i + 1 {
            return None;
        }
        // Digits beyond the ninth are cut off, as Go does.
        let digits = &text[i + 1..end.min(i + 10)];
        nanos = digits.parse::<u32>().ok()? * 10_u32.pow(9 - digits.len() as u32);
        i = end;
    }
    let offset_minutes = if at(i, b'Z') {
        i += 1;
        0
    } else {
        let sign = match bytes.get(i)? {
            b'+' => 1,
            b'-' => -1,
            _ => return None,
        };
        let (hours, minutes) = (number(i + 1, i + 3)?, number(i + 4, i + 6)?);
        if !at(i + 3, b':') || hours > 23 || minutes > 59 {
            return None;
        }
        i += 6;
        sign * (hours * 60 + minutes)
    };
    if i != bytes.len() {
        return None;
    }
    let seconds = day_of(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second
        - offset_minutes * 60;
    Some((seconds, nanos))
}

/// Milliseconds since the Unix epoch as RFC 3339 in UTC. Never-times (0) become
/// Go's zero time, which clients of Prometheus know.
#[must_use]
pub fn format_rfc3339(t_ms: i64) -> String {
    if t_ms == 0 {
        return "0001-01-01T00:00:00Z".to_owned();
    }
    let (seconds, millis) = (t_ms.div_euclid(1000), t_ms.rem_euclid(1000));
    let (year, month, day) = date_of(seconds.div_euclid(86_400));
    let second_of_day = seconds.rem_euclid(86_400);
    let (hour, minute, second) = (
        second_of_day / 3600,
        second_of_day / 60 % 60,
        second_of_day % 60,
    );
    let head = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}");
    if millis == 0 {
        format!("{head}Z")
    } else {
        format!("{head}.{millis:03}Z")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        let check = |text: &str, want: Option<i64>| {
            assert_eq!(parse_time(text).ok(), want, "{text:?}");
        };
        check("", None);
        check("abc", None);
        check("30s", None);
        check("NaN", None);
        check("123", Some(123_000));
        check("123.123", Some(123_123));
        check("-1.5", Some(-1_500));
        check("2015-06-03T13:21:58.555Z", Some(1_433_337_718_555));
        check("2015-06-03T14:21:58.555+01:00", Some(1_433_337_718_555));
        check("1970-01-01T00:02:03Z", Some(123_000));
        check("2024-02-29T00:00:00Z", Some(1_709_164_800_000));
        check("2023-02-29T00:00:00Z", None);
        check("2023-02-28T24:00:00Z", None);
        check("1e300", Some(MAX_TIME_MS));
    }

    #[test]
    fn times_print_as_they_read() {
        for t_ms in [
            1,
            1_433_337_718_555,
            -86_400_000,
            1_709_164_800_000,
            253_402_300_799_999,
        ] {
            assert_eq!(parse_time(&format_rfc3339(t_ms)), Ok(t_ms));
        }
    }
}
