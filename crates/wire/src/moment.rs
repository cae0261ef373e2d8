//! Times as senders of logs write them, in nanoseconds since the Unix epoch.

use binnacle_model::calendar::{day_of, days_in_month};

const NS_PER_S: i64 = 1_000_000_000;

/// A date and time such as `2015-06-03T14:21:58.555+01:00`. A space may stand for the `T`, a
/// comma for the point, and the zone may be missing (then it is UTC) or lack its colon.
/// `None` when it is no such text, or does not fit into 64 bits.
pub(crate) fn parse_rfc3339(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    let (head, rest) = bytes.split_at_checked(19)?;
    let number = |from: usize, to: usize| digits(head.get(from..to)?);
    let marks = [(4, b'-'), (7, b'-'), (13, b':'), (16, b':')];
    if !marks.iter().all(|(at, mark)| head[*at] == *mark) || !matches!(head[10], b'T' | b't' | b' ')
    {
        return None;
    }
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    if !(1..=12).contains(&month)
        || !(1..=days_in_month(year, month)).contains(&day)
        || hour > 23
        || minute > 59
        || second > 60
    {
        return None;
    }
    let (nanos, rest) = fraction(rest)?;
    let seconds = day_of(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second
        - zone_seconds(rest)?;
    seconds.checked_mul(NS_PER_S)?.checked_add(nanos)
}

fn digits(bytes: &[u8]) -> Option<i64> {
    bytes.iter().try_fold(0i64, |n, b| {
        b.is_ascii_digit().then(|| n * 10 + i64::from(b - b'0'))
    })
}

/// `.123` as nanoseconds, and what stands behind it.
fn fraction(bytes: &[u8]) -> Option<(i64, &[u8])> {
    let [b'.' | b',', rest @ ..] = bytes else {
        return Some((0, bytes));
    };
    let len = rest.iter().take_while(|b| b.is_ascii_digit()).count();
    if len == 0 {
        return None;
    }
    let mut nanos = digits(rest.get(..len.min(9))?)?;
    for _ in len.min(9)..9 {
        nanos *= 10;
    }
    Some((nanos, &rest[len..]))
}

fn zone_seconds(zone: &[u8]) -> Option<i64> {
    let (sign, clock) = match zone {
        [] | [b'Z' | b'z'] | b" UTC" => return Some(0),
        [b'+', clock @ ..] => (1, clock),
        [b'-', clock @ ..] => (-1, clock),
        _ => return None,
    };
    let (hours, minutes) = match clock {
        [a, b, b':', c, d] | [a, b, c, d] => (digits(&[*a, *b])?, digits(&[*c, *d])?),
        [a, b] => (digits(&[*a, *b])?, 0),
        _ => return None,
    };
    (hours < 24 && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
}

/// A number whose unit nobody said: seconds, milliseconds, microseconds or nanoseconds, by
/// its size, with decimals. Each unit reaches from 1973 on to the year 5138 at least, but
/// for nanoseconds. `None` for what is no number or does not fit.
pub(crate) fn parse_number(text: &str) -> Option<i64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let Ok(number) = whole.parse::<i64>() else {
        let float = text.parse::<f64>().ok().filter(|f| f.is_finite())?;
        // The cast saturates.
        return Some((float * unit_ns(float as i64) as f64) as i64);
    };
    if !part.bytes().all(|b| b.is_ascii_digit()) {
        let float = text.parse::<f64>().ok().filter(|f| f.is_finite())?;
        return Some((float * unit_ns(number) as f64) as i64);
    }
    let unit = unit_ns(number);
    let mut below = 0;
    let mut scale = unit;
    for digit in part.bytes() {
        scale /= 10;
        below += i64::from(digit - b'0') * scale;
    }
    let whole_ns = number.checked_mul(unit)?;
    if text.starts_with('-') {
        whole_ns.checked_sub(below)
    } else {
        whole_ns.checked_add(below)
    }
}

fn unit_ns(number: i64) -> i64 {
    match number.unsigned_abs() {
        0..100_000_000_000 => NS_PER_S,
        100_000_000_000..100_000_000_000_000 => 1_000_000,
        100_000_000_000_000..100_000_000_000_000_000 => 1_000,
        _ => 1,
    }
}

/// A time as text: RFC 3339 or a number.
pub(crate) fn parse_any(text: &str) -> Option<i64> {
    let text = text.trim();
    parse_rfc3339(text).or_else(|| parse_number(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts() {
        let check = |text: &str, want: Option<i64>| assert_eq!(parse_any(text), want, "{text}");
        check("1970-01-01T00:00:01Z", Some(NS_PER_S));
        check("1970-01-01 00:00:01.5", Some(1_500_000_000));
        check("1970-01-01T01:00:00,000000001+01:00", Some(1));
        check("1970-01-01T00:00:00.1234567891-0000", Some(123_456_789));
        check("2262-04-11T23:47:16.854775807Z", Some(i64::MAX));
        check("2262-04-11T23:47:16.854775808Z", None);
        check("2023-02-29T00:00:00Z", None);
        check("2023-02-28T24:00:00Z", None);
        check("2023-02-28T00:00:00.Z", None);
        check("2023-02-28T00:00:00X", None);
        check("ä023-02-28T00:00:00", None);
        check("1700000000", Some(1_700_000_000 * NS_PER_S));
        check("1700000000.25", Some(1_700_000_000_250_000_000));
        check("1700000000123", Some(1_700_000_000_123_000_000));
        check("1700000000123456", Some(1_700_000_000_123_456_000));
        check("1700000000123456789", Some(1_700_000_000_123_456_789));
        check("-1.5", Some(-1_500_000_000));
        check("1e3", Some(1000 * NS_PER_S));
        check("99999999999999999999", Some(i64::MAX));
        check("", None);
        check("soon", None);
        check("NaN", None);
    }
}
