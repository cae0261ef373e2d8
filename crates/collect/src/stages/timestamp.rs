//! `timestamp`: the time of a line from an extracted value.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::sync::Arc;

use binnacle_template::value::layout;
use jiff::tz::TimeZone;

use super::settings::{OnFailure, StageError, TimestampSettings};
use super::{Entry, Run};

/// Streams whose last time is remembered, at most.
const STREAMS_MAX: usize = 10_000;

const RFC3339: &str = "2006-01-02T15:04:05Z07:00";
const RFC3339_NANO: &str = "2006-01-02T15:04:05.999999999Z07:00";

/// How a text is read.
#[derive(Debug, Clone)]
enum Format {
    /// Units in a second.
    Unix(i64),
    /// Seconds, perhaps with a fraction.
    UnixSeconds,
    /// Go's layout.
    Layout {
        layout: String,
        zone: Option<TimeZone>,
        has_year: bool,
    },
}

impl Format {
    fn new(format: &str, zone: Option<&TimeZone>) -> Self {
        let named = match format {
            "Unix" => return Self::UnixSeconds,
            "UnixMs" => return Self::Unix(1_000),
            "UnixUs" => return Self::Unix(1_000_000),
            "UnixNs" => return Self::Unix(1_000_000_000),
            "ANSIC" => "Mon Jan _2 15:04:05 2006",
            "UnixDate" => "Mon Jan _2 15:04:05 MST 2006",
            "RubyDate" => "Mon Jan 02 15:04:05 -0700 2006",
            "RFC822" => "02 Jan 06 15:04 MST",
            "RFC822Z" => "02 Jan 06 15:04 -0700",
            "RFC850" => "Monday, 02-Jan-06 15:04:05 MST",
            "RFC1123" => "Mon, 02 Jan 2006 15:04:05 MST",
            "RFC1123Z" => "Mon, 02 Jan 2006 15:04:05 -0700",
            "RFC3339" => RFC3339,
            "RFC3339Nano" => RFC3339_NANO,
            own => {
                return Self::Layout {
                    layout: own.to_owned(),
                    zone: zone.cloned(),
                    has_year: own.contains("06"),
                };
            }
        };
        Self::Layout {
            layout: named.to_owned(),
            zone: None,
            has_year: true,
        }
    }

    /// Nanoseconds; `None` when the text is not in the format.
    fn parse(&self, text: &str, now_ns: i64) -> Option<i64> {
        match self {
            Self::Unix(units) => text.parse::<i64>().ok()?.checked_mul(1_000_000_000 / units),
            Self::UnixSeconds => unix_seconds(text),
            Self::Layout {
                layout,
                zone,
                has_year: true,
            } => parse_layout(layout, text, zone.as_ref()),
            Self::Layout {
                layout,
                zone,
                has_year: false,
            } => without_year(layout, text, zone.as_ref(), now_ns),
        }
    }
}

fn unix_seconds(text: &str) -> Option<i64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let seconds: i64 = whole.parse().ok()?;
    let mut ns = 0;
    if !part.is_empty() {
        let fraction: u64 = part.parse().ok()?;
        let power = 9 - i32::try_from(part.len()).ok()?;
        ns = (fraction as f64 * 10_f64.powi(power)) as i64;
    }
    seconds.checked_mul(1_000_000_000)?.checked_add(ns)
}

fn parse_layout(layout: &str, text: &str, zone: Option<&TimeZone>) -> Option<i64> {
    let time = layout::parse(layout, text).ok()?;
    let ns = time.unix_ns();
    let has_zone = ["Z07", "-07", "MST"].iter().any(|z| layout.contains(z));
    let ns = match zone.filter(|_| !has_zone) {
        None => ns,
        Some(zone) => {
            // What was read as UTC is what clocks of the zone show.
            let civil = jiff::Timestamp::from_nanosecond(ns)
                .ok()?
                .to_zoned(TimeZone::UTC)
                .datetime();
            zone.to_timestamp(civil).ok()?.as_nanosecond()
        }
    };
    i64::try_from(ns).ok()
}

/// A time without a year is that closest to now: on the turn of the year the month says
/// which.
fn without_year(layout: &str, text: &str, zone: Option<&TimeZone>, now_ns: i64) -> Option<i64> {
    let now = jiff::Timestamp::from_nanosecond(i128::from(now_ns))
        .ok()?
        .to_zoned(TimeZone::UTC);
    let with = |year: i16| {
        let (layout, text) = (format!("2006 {layout}"), format!("{year:04} {text}"));
        parse_layout(&layout, &text, zone)
    };
    // A leap year has all days, so it tells the month of any text.
    let month = |ns: i64| {
        let t = jiff::Timestamp::from_nanosecond(i128::from(ns)).ok()?;
        let zone = zone.cloned().unwrap_or(TimeZone::UTC);
        Some(t.to_zoned(zone).month())
    };
    let year = match (month(with(2000)?)?, now.month()) {
        (12, 1) => now.year() - 1,
        (1, 12) => now.year() + 1,
        _ => now.year(),
    };
    with(year)
}

/// Nanoseconds of an RFC 3339 time.
pub(super) fn rfc3339(text: &str) -> Option<i64> {
    let t: jiff::Timestamp = text.parse().ok()?;
    i64::try_from(t.as_nanosecond()).ok()
}

struct Settings {
    source: String,
    formats: Vec<Format>,
    on_failure: OnFailure,
}

pub(super) struct Timestamp {
    settings: Arc<Settings>,
    /// The last time of each stream.
    last: HashMap<BTreeMap<String, String>, i64>,
}

impl Timestamp {
    pub(super) fn new(settings: &TimestampSettings) -> Result<Self, StageError> {
        if settings == &TimestampSettings::default() {
            return Err(StageError::whole("timestamp stage config cannot be empty"));
        }
        if settings.source.is_empty() {
            return Err(StageError::new(
                "source",
                "timestamp source value is required if timestamp is specified",
            ));
        }
        if settings.format.is_empty() {
            return Err(StageError::new("format", "timestamp format is required"));
        }
        let zone = match settings.location.as_deref() {
            None | Some("") => None,
            Some(name) => Some(TimeZone::get(name).map_err(|_| {
                StageError::new(
                    "location",
                    format!("invalid location specified: unknown time zone {name}"),
                )
            })?),
        };
        let formats = std::iter::once(&settings.format).chain(&settings.fallback_formats);
        Ok(Self {
            settings: Arc::new(Settings {
                source: settings.source.clone(),
                formats: formats.map(|f| Format::new(f, zone.as_ref())).collect(),
                on_failure: settings.action_on_failure,
            }),
            last: HashMap::new(),
        })
    }

    fn parse(&self, entry: &Entry, now_ns: i64) -> Option<i64> {
        let text = entry.extracted.get(&self.settings.source)?.text()?;
        let mut formats = self.settings.formats.iter();
        formats.find_map(|format| format.parse(&text, now_ns))
    }

    fn remember(&mut self, entry: &Entry) {
        if let Some(last) = self.last.get_mut(&entry.labels) {
            *last = entry.t_ns;
            return;
        }
        if self.last.len() >= STREAMS_MAX {
            self.last.clear();
        }
        self.last.insert(entry.labels.clone(), entry.t_ns);
    }
}

impl Run for Timestamp {
    fn run(&mut self, mut entry: Entry, now_ns: i64, out: &mut Vec<Entry>) {
        let remembers = self.settings.on_failure == OnFailure::Fudge;
        match self.parse(&entry, now_ns) {
            Some(t_ns) => {
                entry.t_ns = t_ns;
                if remembers {
                    self.remember(&entry);
                }
            }
            // Before the first time that could be read there is none to go on from: the line
            // keeps its own, and that is not remembered.
            None if remembers => {
                if let Some(last) = self.last.get_mut(&entry.labels) {
                    *last = last.saturating_add(1);
                    entry.t_ns = *last;
                }
            }
            None => {}
        }
        out.push(entry);
    }

    fn fresh(&self) -> Box<dyn Run> {
        Box::new(Self {
            settings: self.settings.clone(),
            last: HashMap::new(),
        })
    }
}
