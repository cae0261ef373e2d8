//! When a recurring silence holds.
//!
//! A window begins at a minute of the wall clock of its zone and lasts a stated time of
//! real minutes, so a night in which the clock is turned back does not make it longer.

use binnacle_model::alert::{Recurrence, Silence, SilenceState, WeeklyWindow};
use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::IntervalHolds;

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
