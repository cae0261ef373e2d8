//! Go's `time.Time`: an instant of nanoseconds, shown in a zone.
//!
//! The zero time is the year 1, as Go has it, and not the Unix epoch. Zones come
//! from the bundled database, so that texts do not depend on the machine.

use std::sync::Arc;

use binnacle_model::calendar;
use jiff::tz::TimeZone;

use super::duration::{self, nanos};
use super::{Class, Element, Method, Value, layout};
use crate::functions::Type;

/// Seconds of the zero time, January 1 of the year 1.
const ZERO_SECONDS: i64 = -62_135_596_800;

const SECOND: i64 = 1_000_000_000;

/// An instant and the zone it is shown in.
#[derive(Clone)]
pub struct Time {
    seconds: i64,
    nanos: u32,
    zone: Zone,
}

/// A zone.
#[derive(Clone)]
pub enum Zone {
    /// UTC.
    Utc,
    /// A zone of the database, with its name.
    Named(Arc<(String, TimeZone)>),
    /// A distance from UTC in seconds, with its abbreviation, which may be empty.
    Fixed(i32, Arc<str>),
}

impl Default for Time {
    fn default() -> Self {
        Self::from_unix(ZERO_SECONDS, 0)
    }
}

impl PartialEq for Time {
    /// The same instant, whatever the zone.
    fn eq(&self, other: &Self) -> bool {
        self.instant() == other.instant()
    }
}

/// A time taken apart in its zone.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Civil {
    pub year: i64,
    pub month: i64,
    pub day: i64,
    pub hour: i64,
    pub minute: i64,
    pub second: i64,
    pub nanos: u32,
    /// Days since 1970-01-01.
    pub days: i64,
}

impl Time {
    /// From seconds and nanoseconds since the Unix epoch, in UTC.
    #[must_use]
    pub fn from_unix(seconds: i64, nanos: u32) -> Self {
        Self {
            seconds,
            nanos,
            zone: Zone::Utc,
        }
    }

    /// From milliseconds since the Unix epoch, in UTC.
    #[must_use]
    pub fn from_unix_ms(ms: i64) -> Self {
        let nanos = ms.rem_euclid(1_000) * 1_000_000;
        Self::from_unix(ms.div_euclid(1_000), u32::try_from(nanos).unwrap_or(0))
    }

    /// From nanoseconds since the Unix epoch, in UTC.
    #[must_use]
    pub fn from_unix_ns(ns: i128) -> Self {
        let seconds = ns.div_euclid(i128::from(SECOND));
        let nanos = ns.rem_euclid(i128::from(SECOND));
        Self::from_unix(
            i64::try_from(seconds).unwrap_or(if ns < 0 { i64::MIN } else { i64::MAX }),
            u32::try_from(nanos).unwrap_or(0),
        )
    }

    /// Whether it is the zero time.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        self.seconds == ZERO_SECONDS && self.nanos == 0
    }

    /// Seconds since the Unix epoch.
    #[must_use]
    pub fn unix(&self) -> i64 {
        self.seconds
    }

    /// Nanoseconds since the Unix epoch.
    #[must_use]
    pub fn unix_ns(&self) -> i128 {
        i128::from(self.seconds) * i128::from(SECOND) + i128::from(self.nanos)
    }

    /// The same instant in another zone.
    #[must_use]
    pub fn in_zone(mut self, zone: Zone) -> Self {
        self.zone = zone;
        self
    }

    /// The same instant in the zone of a name, as Go's `time.LoadLocation` reads it.
    ///
    /// # Errors
    /// When there is no such zone.
    pub fn in_named(self, name: &str) -> Result<Self, String> {
        Ok(self.in_zone(Zone::named(name)?))
    }

    fn instant(&self) -> (i64, u32) {
        (self.seconds, self.nanos)
    }

    /// Distance from UTC in seconds and abbreviation of the zone at this instant.
    pub(crate) fn offset(&self) -> (i32, String) {
        match &self.zone {
            Zone::Utc => (0, "UTC".to_owned()),
            Zone::Fixed(seconds, name) => (*seconds, name.to_string()),
            Zone::Named(zone) => {
                let low = jiff::Timestamp::MIN.as_second();
                let high = jiff::Timestamp::MAX.as_second();
                let Ok(at) = jiff::Timestamp::from_second(self.seconds.clamp(low, high)) else {
                    return (0, "UTC".to_owned());
                };
                let info = zone.1.to_offset_info(at);
                (info.offset().seconds(), info.abbreviation().to_owned())
            }
        }
    }

    pub(crate) fn civil(&self) -> Civil {
        let local = self.seconds.saturating_add(i64::from(self.offset().0));
        let days = local.div_euclid(86_400);
        let of_day = local.rem_euclid(86_400);
        // Beyond, the calendar's arithmetic would overflow; no data are that far off.
        let bounded = days.clamp(-100_000_000_000, 100_000_000_000);
        let (year, month, day) = calendar::date_of(bounded);
        Civil {
            year,
            month,
            day,
            hour: of_day / 3_600,
            minute: of_day / 60 % 60,
            second: of_day % 60,
            nanos: self.nanos,
            days: bounded,
        }
    }

    fn add(&self, nanos: i64) -> Self {
        let sum = Self::from_unix_ns(self.unix_ns() + i128::from(nanos));
        sum.in_zone(self.zone.clone())
    }

    /// The length of time from `earlier`, at most what 64 bits of nanoseconds hold.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> i64 {
        let nanos = self.unix_ns() - earlier.unix_ns();
        i64::try_from(nanos).unwrap_or(if nanos < 0 { i64::MIN } else { i64::MAX })
    }

    /// Dates are added as Go does it: the day after the 31st of a short month is in
    /// the next month.
    fn add_date(&self, years: i64, months: i64, days: i64) -> Self {
        let bound = 100_000_000;
        let civil = self.civil();
        let month = civil.month - 1 + months.clamp(-bound, bound);
        let year = civil.year + years.clamp(-bound, bound) + month.div_euclid(12);
        let day = calendar::day_of(year, month.rem_euclid(12) + 1, 1) + civil.day - 1
            + days.clamp(-bound, bound);
        let of_day = civil.hour * 3_600 + civil.minute * 60 + civil.second;
        let local = day * 86_400 + of_day;
        let guess = Self::from_unix(local - i64::from(self.offset().0), self.nanos)
            .in_zone(self.zone.clone());
        let moved = i64::from(guess.offset().0);
        Self::from_unix(local - moved, self.nanos).in_zone(self.zone.clone())
    }

    /// Rounds down to a multiple of `unit` since the zero time.
    fn truncate(&self, unit: i64) -> Self {
        if unit <= 0 {
            return self.clone();
        }
        let since_zero = self.unix_ns() - i128::from(ZERO_SECONDS) * i128::from(SECOND);
        let rest = since_zero.rem_euclid(i128::from(unit));
        Self::from_unix_ns(self.unix_ns() - rest).in_zone(self.zone.clone())
    }

    fn round(&self, unit: i64) -> Self {
        let down = self.truncate(unit);
        let rest = self.unix_ns() - down.unix_ns();
        if unit > 0 && rest * 2 >= i128::from(unit) {
            return down.add(unit);
        }
        down
    }
}

impl Zone {
    /// A zone by name: empty and `UTC` are UTC, and `Local` is UTC too, because texts
    /// must not depend on the machine.
    ///
    /// # Errors
    /// In Go's words, when there is no such zone.
    pub fn named(name: &str) -> Result<Self, String> {
        if matches!(name, "" | "UTC" | "Local") {
            return Ok(Self::Utc);
        }
        let zone = TimeZone::get(name).map_err(|_| format!("unknown time zone {name}"))?;
        Ok(Self::Named(Arc::new((name.to_owned(), zone))))
    }

    fn name(&self) -> &str {
        match self {
            Self::Utc => "UTC",
            Self::Named(zone) => &zone.0,
            Self::Fixed(_, name) => name,
        }
    }
}

/// `time.Time`
pub static TIME: Class = Class {
    name: "time.Time",
    element: Element::Typed,
    methods: METHODS,
    string: Some(|v| layout::format(time(v), layout::STRING)),
};

static MONTH: Class = Class {
    name: "time.Month",
    element: Element::Typed,
    methods: &[],
    string: None,
};
static WEEKDAY: Class = Class {
    name: "time.Weekday",
    element: Element::Typed,
    methods: &[],
    string: None,
};

fn time(value: &Value) -> &Time {
    static ZERO: Time = Time {
        seconds: ZERO_SECONDS,
        nanos: 0,
        zone: Zone::Utc,
    };
    match value {
        Value::Time(time) => time,
        _ => &ZERO,
    }
}

const fn method(
    name: &'static str,
    params: &'static [Type],
    call: fn(&Value, &[Value]) -> Result<Value, String>,
) -> Method {
    Method { name, params, call }
}

const fn part(name: &'static str, get: fn(&Value, &[Value]) -> Result<Value, String>) -> Method {
    method(name, &[], get)
}

const METHODS: &[Method] = &[
    method("Format", &[Type::Str], |v, a| {
        Ok(layout::format(time(v), a[0].as_str().unwrap_or("")).into())
    }),
    part("String", |v, _| {
        Ok(layout::format(time(v), layout::STRING).into())
    }),
    part("Unix", |v, _| Ok(time(v).seconds.into())),
    part("UnixMilli", |v, _| {
        Ok(wrap(time(v).unix_ns().div_euclid(1_000_000)))
    }),
    part("UnixMicro", |v, _| {
        Ok(wrap(time(v).unix_ns().div_euclid(1_000)))
    }),
    part("UnixNano", |v, _| Ok(wrap(time(v).unix_ns()))),
    part("UTC", |v, _| Ok(time(v).clone().in_zone(Zone::Utc).into())),
    part("Local", |v, _| {
        Ok(time(v).clone().in_zone(Zone::Utc).into())
    }),
    part("Location", |v, _| {
        Ok(Value::object(Location(time(v).zone.clone())))
    }),
    method("In", &[Type::Class("*time.Location")], |v, a| {
        let Value::Object(object) = &a[0] else {
            return Err("time: missing Location in call to Time.In".to_owned());
        };
        let Some(location) = object.as_any().downcast_ref::<Location>() else {
            return Err("time: missing Location in call to Time.In".to_owned());
        };
        Ok(time(v).clone().in_zone(location.0.clone()).into())
    }),
    method("Add", &[Type::Duration], |v, a| {
        Ok(time(v).add(nanos(&a[0])).into())
    }),
    method("Sub", &[Type::Time], |v, a| {
        Ok(Value::Duration(time(v).since(time(&a[0]))))
    }),
    method("AddDate", &[Type::Int, Type::Int, Type::Int], |v, a| {
        let int = |at: usize| match a[at] {
            Value::Int(i) => i,
            _ => 0,
        };
        Ok(time(v).add_date(int(0), int(1), int(2)).into())
    }),
    method("After", &[Type::Time], |v, a| {
        Ok((time(v).instant() > time(&a[0]).instant()).into())
    }),
    method("Before", &[Type::Time], |v, a| {
        Ok((time(v).instant() < time(&a[0]).instant()).into())
    }),
    method("Equal", &[Type::Time], |v, a| {
        Ok((time(v) == time(&a[0])).into())
    }),
    method("Compare", &[Type::Time], |v, a| {
        let order = time(v).instant().cmp(&time(&a[0]).instant());
        Ok(Value::Int(order as i64))
    }),
    method("Truncate", &[Type::Duration], |v, a| {
        Ok(time(v).truncate(nanos(&a[0])).into())
    }),
    method("Round", &[Type::Duration], |v, a| {
        Ok(time(v).round(nanos(&a[0])).into())
    }),
    part("IsZero", |v, _| Ok(time(v).is_zero().into())),
    part("Year", |v, _| Ok(time(v).civil().year.into())),
    part("Month", |v, _| {
        let month = time(v).civil().month;
        Ok(Value::object(Named(month, layout::month(month), &MONTH)))
    }),
    part("Day", |v, _| Ok(time(v).civil().day.into())),
    part("Hour", |v, _| Ok(time(v).civil().hour.into())),
    part("Minute", |v, _| Ok(time(v).civil().minute.into())),
    part("Second", |v, _| Ok(time(v).civil().second.into())),
    part("Nanosecond", |v, _| Ok(i64::from(time(v).nanos).into())),
    part("YearDay", |v, _| {
        Ok(layout::year_day(&time(v).civil()).into())
    }),
    part("Weekday", |v, _| {
        let day = layout::weekday(&time(v).civil());
        Ok(Value::object(Named(
            day,
            layout::weekday_name(day),
            &WEEKDAY,
        )))
    }),
];

fn wrap(nanos: i128) -> Value {
    // Go's arithmetic wraps around.
    Value::Int(nanos as i64)
}

/// A `*time.Location`, as [`Time`]'s `In` takes and `Location` gives it.
struct Location(Zone);

static LOCATION: Class = Class {
    name: "*time.Location",
    element: Element::Typed,
    methods: &[method("String", &[], |v, _| Ok(v.to_string().into()))],
    string: Some(|v| match v {
        Value::Object(o) => o
            .as_any()
            .downcast_ref::<Location>()
            .map_or(String::new(), |l| l.0.name().to_owned()),
        _ => String::new(),
    }),
};

impl super::Object for Location {
    fn class(&self) -> &'static Class {
        &LOCATION
    }
    fn field(&self, _: &str) -> Option<Value> {
        None
    }
    fn fields(&self) -> Vec<super::Field> {
        Vec::new()
    }
    fn as_any(&self) -> &dyn std::any::Any {
        self
    }
}

/// A number with a name: a month or a weekday.
pub(crate) struct Named(pub i64, pub &'static str, &'static Class);

impl super::Object for Named {
    fn class(&self) -> &'static Class {
        self.2
    }
    fn field(&self, _: &str) -> Option<Value> {
        None
    }
    fn fields(&self) -> Vec<super::Field> {
        Vec::new()
    }
    fn as_any(&self) -> &dyn std::any::Any {
        self
    }
}

/// The number under a month or weekday, and under a duration: what Go's `%d`, `eq`
/// and `lt` see.
pub(crate) fn number_of(value: &Value) -> Option<i64> {
    match value {
        Value::Int(i) | Value::Duration(i) => Some(*i),
        Value::Object(o) => o.as_any().downcast_ref::<Named>().map(|n| n.0),
        _ => None,
    }
}

/// The name of a month or weekday.
pub(crate) fn name_of(value: &Value) -> Option<&'static str> {
    match value {
        Value::Object(o) => o.as_any().downcast_ref::<Named>().map(|n| n.1),
        _ => None,
    }
}

/// Seconds of a duration, as Go's `Seconds`.
pub(crate) fn seconds(nanos: i64) -> f64 {
    duration::in_units(nanos, SECOND)
}
