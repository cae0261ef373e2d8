//! Time intervals: named spans of the calendar, within which a route is mute, or
//! outside of which it is.
//!
//! An interval holds at a time when each of its fields that was written holds: times
//! of the day, weekdays, days of the month, months and years, as the clocks of its
//! location show them. A name stands for several intervals, of which any may hold.
//!
//! Reading and printing is in [`range`] and [`read()`]; nothing here looks for the
//! next change, because who asks does so whenever a group is told.

pub mod range;
mod read;
mod zone;

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

pub use range::{Range, TimeRange};
pub use read::read;
pub use zone::Location;

/// A span of the calendar. A field that is `None` holds always; one that is an empty
/// list, never.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TimeInterval {
    /// Times of the day.
    pub times: Option<Vec<TimeRange>>,
    /// Days of the week, 0 is Sunday.
    pub weekdays: Option<Vec<Range>>,
    /// Days of the month from 1; negative ones count from its end, which is -1.
    pub days_of_month: Option<Vec<Range>>,
    /// Months from 1.
    pub months: Option<Vec<Range>>,
    /// Years.
    pub years: Option<Vec<Range>>,
    /// Whose clocks; `None`: UTC.
    pub location: Option<Location>,
}

impl TimeInterval {
    /// Whether it holds at `now_ms`, milliseconds since the Unix epoch.
    #[must_use]
    pub fn contains(&self, now_ms: i64) -> bool {
        let time = self.local_time(now_ms);
        let minute = i32::from(time.hour()) * 60 + i32::from(time.minute());
        let weekday = i32::from(time.weekday().to_sunday_zero_offset());
        any(self.times.as_deref(), |r| r.contains(minute))
            && any(self.days_of_month.as_deref(), |r| day_in_month(*r, time))
            && any(self.months.as_deref(), |r| r.contains(time.month().into()))
            && any(self.weekdays.as_deref(), |r| r.contains(weekday))
            && any(self.years.as_deref(), |r| r.contains(time.year().into()))
    }

    fn local_time(&self, now_ms: i64) -> DateTime {
        // Times that the calendar does not reach are as good as its ends.
        let limits = Timestamp::MIN.as_millisecond()..=Timestamp::MAX.as_millisecond();
        let now_ms = now_ms.clamp(*limits.start(), *limits.end());
        let now = Timestamp::from_millisecond(now_ms).unwrap_or(Timestamp::UNIX_EPOCH);
        match &self.location {
            Some(location) => location.zone().to_datetime(now),
            None => TimeZone::UTC.to_datetime(now),
        }
    }
}

fn any<T>(ranges: Option<&[T]>, holds: impl FnMut(&T) -> bool) -> bool {
    ranges.is_none_or(|ranges| ranges.iter().any(holds))
}

/// Whether the day is in the range, cut to the length of its month. A range that
/// starts after the month's end holds at no day of it.
fn day_in_month(range: Range, time: DateTime) -> bool {
    let days = i32::from(time.date().days_in_month());
    let from_end = |day: i32| if day < 0 { days + day + 1 } else { day };
    let (begin, end) = (from_end(range.begin), from_end(range.end));
    let day = i32::from(time.day());
    begin <= days && day >= begin && day <= end.min(days)
}

/// All time intervals of a configuration, by name.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Intervals(BTreeMap<String, Vec<TimeInterval>>);

/// There is no interval of that name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("time interval {0} doesn't exist in config")]
pub struct UnknownInterval(pub String);

impl Intervals {
    /// The intervals under `name`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&[TimeInterval]> {
        self.0.get(name).map(Vec::as_slice)
    }

    /// Names and their intervals, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[TimeInterval])> {
        self.0.iter().map(|(n, i)| (n.as_str(), i.as_slice()))
    }

    /// Whether any interval under `name` holds at `now_ms`.
    ///
    /// # Errors
    /// When there is none of that name.
    pub fn holds(&self, name: &str, now_ms: i64) -> Result<bool, UnknownInterval> {
        let intervals = self
            .get(name)
            .ok_or_else(|| UnknownInterval(name.to_owned()))?;
        Ok(intervals.iter().any(|i| i.contains(now_ms)))
    }

    /// Those of `names` that hold at `now_ms`, in their order. As the pipeline's two
    /// stages ask it: a route is mute while any of its mute intervals holds, and while
    /// it has active intervals and none of them does.
    ///
    /// # Errors
    /// When there is none of one of the names.
    pub fn holding<'n>(
        &self,
        names: &'n [String],
        now_ms: i64,
    ) -> Result<Vec<&'n str>, UnknownInterval> {
        let mut found = Vec::new();
        for name in names {
            if self.holds(name, now_ms)? {
                found.push(name.as_str());
            }
        }
        Ok(found)
    }
}

impl FromIterator<(String, Vec<TimeInterval>)> for Intervals {
    fn from_iter<I: IntoIterator<Item = (String, Vec<TimeInterval>)>>(named: I) -> Self {
        Self(named.into_iter().collect())
    }
}

#[cfg(test)]
mod tests;
