//! Silences: alerts that nobody wants to hear of for a while.

use super::{AlertView, Texts};
use crate::matcher::Matcher;

/// A silence's number, a UUID as text.
pub type SilenceId = String;

/// A silence. It hides an alert when all matchers of any of its sets match, from
/// its start to its end, and, when it recurs, only within the windows.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Silence {
    /// Empty before it is stored.
    pub id: SilenceId,
    /// Any of the sets, all matchers of it.
    pub matcher_sets: Vec<Vec<Matcher>>,
    /// Nanoseconds since the Unix epoch.
    pub starts_at_ns: i64,
    /// Nanoseconds since the Unix epoch, exclusive.
    pub ends_at_ns: i64,
    /// Nanoseconds since the Unix epoch.
    pub updated_at_ns: i64,
    /// Who made it.
    pub created_by: String,
    /// Why.
    pub comment: String,
    /// Further texts, such as a ticket.
    pub annotations: Texts,
    /// When within its time it holds; `None`: always.
    pub recurrence: Option<Recurrence>,
    /// Whether it ends as soon as no alert that it matches fires any more.
    pub until_resolved: bool,
}

impl Silence {
    /// Where it stands at `now_ns`, by its start and end alone.
    #[must_use]
    pub fn state_at(&self, now_ns: i64) -> SilenceState {
        if now_ns < self.starts_at_ns {
            SilenceState::Pending
        } else if now_ns < self.ends_at_ns {
            SilenceState::Active
        } else {
            SilenceState::Expired
        }
    }
}

/// Where a silence stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum SilenceState {
    Active,
    Pending,
    Expired,
}

impl SilenceState {
    /// The API's word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Pending => "pending",
            Self::Expired => "expired",
        }
    }
}

/// When a recurring silence holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Recurrence {
    /// Windows of a week; any of them.
    pub windows: Vec<WeeklyWindow>,
    /// A named time interval of the configuration, which holds too.
    pub time_interval: Option<String>,
    /// IANA name of the zone in which the windows are meant; empty: UTC.
    pub time_zone: String,
}

/// A window of each week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WeeklyWindow {
    /// Days on which it begins; bit 0 is Sunday.
    pub days: u8,
    /// Minute of the day at which it begins, 0 to 1439.
    pub start_minute: u16,
    /// How long it lasts, minutes; may pass midnight.
    pub duration_minutes: u16,
}

/// What a silence hides now, and would have hidden.
#[derive(Debug, Clone, Default)]
pub struct SilencePreview {
    /// Alerts that fire now and that it matches.
    pub now: Vec<AlertView>,
    /// How many alerts of the past it would have hidden, by alert name, most first.
    pub past: Vec<(String, u64)>,
    /// Notifications of the past that it would have kept back, whole or in part.
    pub past_notifications: u64,
    /// How far back was looked, milliseconds.
    pub past_ms: i64,
}
