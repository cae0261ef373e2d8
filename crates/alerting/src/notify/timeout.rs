//! The field `timeout`, which is a duration as Go writes it: unlike those of the
//! rest of the file it may have fractions, and a bare number is nanoseconds.

use std::time::Duration;

use binnacle_config::reader::Reader;

const UNITS: [(&str, f64); 7] = [
    ("ns", 1.0),
    ("us", 1e3),
    ("µs", 1e3),
    ("ms", 1e6),
    ("s", 1e9),
    ("m", 60e9),
    ("h", 3600e9),
];

/// Reads `key`; zero, which is no bound, when it is not there.
pub fn read(r: &mut Reader<'_>, key: &'static str) -> Duration {
    let timeout = r.parsed_text(key, parse).unwrap_or_default();
    if !timeout.is_zero() {
        r.show_duration(key, timeout);
    }
    timeout
}

fn parse(text: &str) -> Result<Duration, String> {
    if let Ok(ns) = text.parse::<u64>() {
        return Ok(Duration::from_nanos(ns));
    }
    let bad = || format!("time: invalid duration {text:?}");
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    let mut ns = 0.0;
    while !rest.is_empty() {
        let digits = rest
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .ok_or_else(bad)?;
        let number: f64 = rest[..digits].parse().map_err(|_| bad())?;
        rest = &rest[digits..];
        let end = rest
            .find(|c: char| c.is_ascii_digit() || c == '.')
            .unwrap_or(rest.len());
        let unit = UNITS.iter().find(|(name, _)| *name == &rest[..end]);
        ns += number * unit.ok_or_else(bad)?.1;
        rest = &rest[end..];
    }
    // Go's durations end at 292 years, and an empty text is none.
    if text.is_empty() || ns >= i64::MAX as f64 {
        return Err(bad());
    }
    Ok(Duration::from_nanos(ns as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        let check = |text: &str, ms: u64| {
            assert_eq!(parse(text), Ok(Duration::from_millis(ms)), "{text}");
        };
        check("10s", 10_000);
        check("1.5s", 1_500);
        check("1m30s", 90_000);
        check("250ms", 250);
        check("0", 0);
        check("5000000", 5);
        for bad in ["", "s", "-1s", "1d", "1.2.3s", "1s2", "99999999999h"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
