//! Functions of time. Where Go would take the machine's zone, this takes UTC.

use binnacle_template::value::layout;
use binnacle_template::{Function, Time, Type, Value};

use super::{STR, TWO, str, text};

/// Places in layouts that say the zone.
const ZONE_LAYOUTS: &[&str] = &["Z07", "-07", "MST"];

pub(super) fn set() -> Vec<Function> {
    let epoch = |name, unit: i128| {
        Function::shared(name, &[Type::Time], move |a| match a.first() {
            Some(Value::Time(time)) => text(time.unix_ns().div_euclid(unit).to_string()),
            _ => Err("a time is missing".to_owned()),
        })
    };
    vec![
        Function::plain("date", &[Type::Str, Type::Any], |a| {
            let time = match a.get(1) {
                Some(Value::Time(time)) => time.clone(),
                Some(Value::Int(seconds)) => Time::from_unix(*seconds, 0),
                _ => return Err("a time or seconds are needed: use toDate".to_owned()),
            };
            text(layout::format(&time, str(a, 0)))
        }),
        Function::plain("toDate", TWO, |a| {
            Ok(Value::Time(
                layout::parse(str(a, 0), str(a, 1)).unwrap_or_default(),
            ))
        }),
        Function::plain("toDateInZone", &[Type::Str, Type::Str, Type::Str], |a| {
            let time = layout::parse(str(a, 0), str(a, 2)).unwrap_or_default();
            Ok(Value::Time(in_zone(time, str(a, 0), str(a, 1))))
        }),
        epoch("unixEpoch", 1_000_000_000),
        epoch("unixEpochMillis", 1_000_000),
        epoch("unixEpochNanos", 1),
        Function::plain("unixToTime", STR, |a| unix_to_time(str(a, 0))),
    ]
}

/// The time whose clock shows in that zone what was read as UTC, unless the text said its
/// zone. A zone that is none is UTC.
fn in_zone(time: Time, read_by: &str, zone: &str) -> Time {
    let says_zone = ZONE_LAYOUTS.iter().any(|l| read_by.contains(l));
    let Ok(there) = time.clone().in_named(zone) else {
        return time;
    };
    if says_zone || time.is_zero() {
        return there;
    }
    let mut moved = there.clone();
    // The second time is for clocks that were put forward or back in between.
    for _ in 0..2 {
        let ns = time.unix_ns() - i128::from(offset_s(&moved)) * 1_000_000_000;
        match Time::from_unix_ns(ns).in_named(zone) {
            Ok(next) => moved = next,
            Err(_) => return there,
        }
    }
    moved
}

/// Seconds that the clock of a time is ahead of UTC.
fn offset_s(time: &Time) -> i64 {
    let shown = layout::format(time, "-070000");
    let (sign, digits) = match shown.as_bytes().first() {
        Some(b'-') => (-1, shown.get(1..)),
        _ => (1, shown.get(1..)),
    };
    let number: i64 = digits.and_then(|d| d.parse().ok()).unwrap_or(0);
    sign * (number / 10_000 * 3_600 + number / 100 % 100 * 60 + number % 100)
}

/// A time of so many digits: days, seconds, milli-, micro- or nanoseconds.
fn unix_to_time(digits: &str) -> Result<Value, String> {
    let wrong = |why: &str| format!("unable to parse time '{digits}': {why}");
    let number: i64 = digits.parse().map_err(|_| {
        wrong(&format!(
            "strconv.ParseInt: parsing {digits:?}: invalid syntax"
        ))
    })?;
    let unit_ns: i128 = match digits.len() {
        5 => 86_400_000_000_000,
        10 => 1_000_000_000,
        13 => 1_000_000,
        16 => 1_000,
        19 => 1,
        _ => return Err(wrong("it has neither 5, 10, 13, 16 nor 19 digits")),
    };
    Ok(Value::Time(Time::from_unix_ns(
        i128::from(number) * unit_ns,
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_of_zones() {
        let check = |layout: &str, zone: &str, shown: &str, want: i64| {
            let time = layout::parse(layout, shown).expect(shown);
            assert_eq!(in_zone(time, layout, zone).unix(), want, "{shown} {zone}");
        };
        let layout = "2006-01-02 15:04:05";
        check(layout, "UTC", "2023-03-10 01:32:40", 1_678_411_960);
        check(
            layout,
            "America/New_York",
            "2023-03-09 20:32:40",
            1_678_411_960,
        );
        check(
            layout,
            "Europe/Berlin",
            "2023-07-01 02:00:00",
            1_688_169_600,
        );
        check(layout, "No/Where", "2023-03-10 01:32:40", 1_678_411_960);
        let with_zone = "2006-01-02 15:04:05 -0700";
        check(
            with_zone,
            "America/New_York",
            "2023-03-10 01:32:40 +0000",
            1_678_411_960,
        );
    }

    #[test]
    fn digits() {
        let seconds = |text: &str| match unix_to_time(text) {
            Ok(Value::Time(time)) => Some(time.unix()),
            _ => None,
        };
        assert_eq!(seconds("19373"), Some(1_673_827_200));
        assert_eq!(seconds("1673798889"), Some(1_673_798_889));
        assert_eq!(seconds("1673798889902000000"), Some(1_673_798_889));
        assert_eq!(seconds("123"), None);
        assert_eq!(seconds("x"), None);
    }
}
