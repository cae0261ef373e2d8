//! When a recurring silence holds.
//!
//! A window begins at a minute of the wall clock of its zone and lasts a stated time of
//! real minutes, so a night in which the clock is turned back does not make it longer.

use binnacle_model::alert::{Recurrence, Silence, SilenceState, WeeklyWindow};
use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::IntervalHolds;
use crate::alerts::NS_PER_MS;

const MINUTE_MS: i64 = 60_000;

/// At most that many moments of the past are looked at: 70 days to the minute.
const LOOKS_MAX: i64 = 100_000;

/// Minutes of a week: no window is longer.
const WEEK_MINUTES: u16 = 7 * 24 * 60;

/// Whether a silence hides what it matches at `now_ns`.
#[must_use]
pub fn holds_at(silence: &Silence, now_ns: i64, interval_holds: &IntervalHolds<'_>) -> bool {
    silence.state_at(now_ns) == SilenceState::Active
        && silence
            .recurrence
            .as_ref()
            .is_none_or(|r| recurs_at(r, now_ns, interval_holds))
}

fn recurs_at(recurrence: &Recurrence, now_ns: i64, interval_holds: &IntervalHolds<'_>) -> bool {
    if let Some(name) = &recurrence.time_interval
        && interval_holds(name)
    {
        return true;
    }
    let Some(zone) = zone(recurrence) else {
        return false;
    };
    recurrence
        .windows
        .iter()
        .any(|window| within(*window, now_ns, &zone).unwrap_or(false))
}

/// Ranges of the time between (milliseconds, both ends included) in which a recurrence
/// holds, to the minute, or to the part of a long time that [`LOOKS_MAX`] allows.
#[must_use]
pub fn times_between(
    recurrence: &Recurrence,
    (from_ms, to_ms): (i64, i64),
    interval_holds: &dyn Fn(&str, i64) -> bool,
) -> Vec<(i64, i64)> {
    let step_ms = MINUTE_MS.max(to_ms.saturating_sub(from_ms) / LOOKS_MAX);
    let zone = zone(recurrence);
    let holds = |at_ms: i64| {
        let by_name = recurrence.time_interval.as_ref();
        let now_ns = at_ms.saturating_mul(NS_PER_MS);
        by_name.is_some_and(|name| interval_holds(name, at_ms))
            || zone.as_ref().is_some_and(|zone| {
                let within = |w: &WeeklyWindow| within(*w, now_ns, zone).unwrap_or(false);
                recurrence.windows.iter().any(within)
            })
    };
    let mut times: Vec<(i64, i64)> = Vec::new();
    let mut at_ms = from_ms;
    while at_ms <= to_ms {
        // Windows begin and end with a minute.
        let next_ms = (at_ms + step_ms).div_euclid(step_ms) * step_ms;
        if holds(at_ms) {
            let end_ms = to_ms.min(next_ms - 1);
            match times.last_mut() {
                Some((_, last)) if *last + 1 == at_ms => *last = end_ms,
                _ => times.push((at_ms, end_ms)),
            }
        }
        at_ms = next_ms;
    }
    times
}

fn zone(recurrence: &Recurrence) -> Option<TimeZone> {
    if recurrence.time_zone.is_empty() {
        Some(TimeZone::UTC)
    } else {
        TimeZone::get(&recurrence.time_zone).ok()
    }
}

/// Looks at the windows that began today and on each of the days before that may still
/// last.
fn within(window: WeeklyWindow, now_ns: i64, zone: &TimeZone) -> Option<bool> {
    let now = Timestamp::from_nanosecond(i128::from(now_ns)).ok()?;
    let mut day = now.to_zoned(zone.clone()).date();
    let days_back = (window.start_minute + window.duration_minutes) / (24 * 60);
    for _ in 0..=days_back {
        if window.days & (1 << day_bit(day.weekday())) != 0 && began(window, day, now, zone)? {
            return Some(true);
        }
        day = day.yesterday().ok()?;
    }
    Some(false)
}

fn began(window: WeeklyWindow, day: Date, now: Timestamp, zone: &TimeZone) -> Option<bool> {
    let (hour, minute) = (window.start_minute / 60, window.start_minute % 60);
    let start = day.at(i8::try_from(hour).ok()?, i8::try_from(minute).ok()?, 0, 0);
    let start = start.to_zoned(zone.clone()).ok()?.timestamp();
    let lasts = SignedDuration::from_mins(i64::from(window.duration_minutes));
    Some(start <= now && now < start.checked_add(lasts).ok()?)
}

fn day_bit(day: Weekday) -> u8 {
    day.to_sunday_zero_offset().unsigned_abs()
}

/// Why a recurrence cannot be.
pub(super) fn validate(silence: &Silence) -> Result<(), String> {
    let Some(recurrence) = &silence.recurrence else {
        return Ok(());
    };
    if recurrence.windows.is_empty() && recurrence.time_interval.is_none() {
        return Err("a recurring silence needs a window or a time interval".into());
    }
    if zone(recurrence).is_none() {
        return Err(format!("unknown time zone {:?}", recurrence.time_zone));
    }
    for window in &recurrence.windows {
        if window.days == 0 || window.days > 127 {
            return Err("a window needs a day of the week".into());
        }
        if window.start_minute >= 24 * 60 {
            return Err(format!("minute {} is not of a day", window.start_minute));
        }
        if window.duration_minutes == 0 || window.duration_minutes > WEEK_MINUTES {
            return Err(format!(
                "a window lasts 1 to {WEEK_MINUTES} minutes, not {}",
                window.duration_minutes
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_pass_midnight_and_know_their_zone() {
        let at = |text: &str| {
            let ns = text.parse::<Timestamp>().expect("a time").as_nanosecond();
            i64::try_from(ns).expect("in range")
        };
        let check = |window: WeeklyWindow, zone: &str, when: &str, want: bool| {
            let recurrence = Recurrence {
                windows: vec![window],
                time_interval: None,
                time_zone: zone.into(),
            };
            let got = recurs_at(&recurrence, at(when), &|_| false);
            assert_eq!(got, want, "{window:?} {zone} {when}");
        };
        // Friday, 22:00, for four hours.
        let friday = WeeklyWindow {
            days: 1 << 5,
            start_minute: 22 * 60,
            duration_minutes: 240,
        };
        check(friday, "", "2026-11-20T21:59:59Z", false);
        check(friday, "", "2026-11-20T22:00:00Z", true);
        check(friday, "", "2026-11-21T01:59:59Z", true);
        check(friday, "", "2026-11-21T02:00:00Z", false);
        check(friday, "", "2026-11-22T01:00:00Z", false);
        check(friday, "Europe/Madrid", "2026-11-20T21:00:00Z", true);
        check(friday, "Europe/Madrid", "2026-11-21T01:00:00Z", false);
        check(friday, "Nowhere/At_All", "2026-11-20T22:00:00Z", false);
    }

    #[test]
    fn the_past_is_looked_at_minute_by_minute() {
        // Mondays and Tuesdays, 23:30 for an hour; and a time interval of its own.
        let mut recurrence = Recurrence {
            windows: vec![WeeklyWindow {
                days: 0b110,
                start_minute: 23 * 60 + 30,
                duration_minutes: 60,
            }],
            time_interval: None,
            time_zone: String::new(),
        };
        const HOUR: i64 = 60 * MINUTE_MS;
        // 2026-01-05 is a Monday.
        let monday = 1_767_571_200_000;
        let from = monday + 23 * HOUR + 1;
        let to = monday + 48 * HOUR + 5 * MINUTE_MS + 7;
        let night = |day: i64| monday + day * 24 * HOUR + 23 * HOUR + HOUR / 2;
        let want = [(night(0), night(0) + HOUR - 1), (night(1), to)];
        assert_eq!(times_between(&recurrence, (from, to), &|_, _| false), want);
        recurrence.time_interval = Some("odd".into());
        let odd = |name: &str, at_ms: i64| name == "odd" && at_ms < monday + 23 * HOUR + 90_000;
        let found = times_between(&recurrence, (from, to), &odd);
        assert_eq!(found[0], (from, monday + 23 * HOUR + 2 * MINUTE_MS - 1));
        assert_eq!(found[1..], want);
        // Years are looked at more coarsely, and not for ever.
        let years = times_between(&recurrence, (0, monday), &|_, _| false);
        assert!(years.len() > 1_000 && years.iter().all(|(a, b)| a <= b));
        assert_eq!(times_between(&recurrence, (5, 4), &odd), []);
    }

    #[test]
    fn a_night_with_25_hours_does_not_stretch_a_window() {
        // Madrid turns its clock back on 2026-10-25 at 03:00 summer time (01:00 UTC).
        let window = WeeklyWindow {
            days: 1,
            start_minute: 60,
            duration_minutes: 180,
        };
        let zone = TimeZone::get("Europe/Madrid").expect("a zone");
        let at = |text: &str| {
            i64::try_from(text.parse::<Timestamp>().expect("a time").as_nanosecond())
                .expect("in range")
        };
        assert_eq!(
            within(window, at("2026-10-25T01:59:00Z"), &zone),
            Some(true)
        );
        assert_eq!(
            within(window, at("2026-10-25T02:01:00Z"), &zone),
            Some(false)
        );
    }
}
