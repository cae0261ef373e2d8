//! `start_timestamp`: seconds since the Unix epoch, or a date and time of RFC 3339.

use binnacle_model::calendar::{day_of, days_in_month};

/// Milliseconds since the Unix epoch; `None` when `text` is no time.
pub(super) fn parse(text: &str) -> Option<i64> {
    if let Ok(seconds) = text.parse::<f64>() {
        let ms = (seconds * 1000.0).round();
        return (ms.abs() < 9e15).then_some(ms as i64);
    }
    let (date, rest) = text.split_once(['T', 't'])?;
    let zone_at = rest.find(['Z', 'z', '+', '-'])?;
    let (time, zone) = rest.split_at(zone_at);
    let [year, month, day] = numbers(date, '-', [4, 2, 2])?;
    let (time, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let [hour, minute, second] = numbers(time, ':', [2, 2, 2])?;
    let valid = (1..=12).contains(&month)
        && (1..=days_in_month(year, month)).contains(&day)
        && hour < 24
        && minute < 60
        && second < 60
        && !fraction.is_empty()
        && fraction.bytes().all(|b| b.is_ascii_digit());
    if !valid {
        return None;
    }
    let fraction: f64 = format!("0.{fraction}").parse().ok()?;
    let offset = match zone {
        "Z" | "z" => 0,
        _ => {
            let sign = if zone.starts_with('-') { -1 } else { 1 };
            let [hours, minutes] = numbers(&zone[1..], ':', [2, 2])?;
            sign * (hours * 60 + minutes) * 60
        }
    };
    let seconds = day_of(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - offset;
    Some(seconds * 1000 + (fraction * 1000.0) as i64)
}

/// Numbers of so many digits each, with `between` between them.
fn numbers<const N: usize>(text: &str, between: char, digits: [usize; N]) -> Option<[i64; N]> {
    let mut parts = text.split(between);
    let mut all = [0; N];
    for (number, digits) in all.iter_mut().zip(digits) {
        let part = parts.next()?;
        if part.len() != digits || !part.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        *number = part.parse().ok()?;
    }
    parts.next().is_none().then_some(all)
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn moments() {
        let check = |text: &str, want: Option<i64>| assert_eq!(parse(text), want, "{text}");
        check("0", Some(0));
        check("1609459200", Some(1_609_459_200_000));
        check("1.5", Some(1_500));
        check("2024-01-01T00:00:00Z", Some(1_704_067_200_000));
        check("2024-01-01T01:00:00.25+01:00", Some(1_704_067_200_250));
        check("2024-02-30T00:00:00Z", None);
        check("2024-01-01", None);
        check("2024-01-01T00:00:00", None);
        check("+1-1-1T0:0:0Z", None);
        check("soon", None);
        check("NaN", None);
    }
}
