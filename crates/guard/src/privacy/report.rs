//! What was found where, bounded.

use hashbrown::HashMap;

/// Where in a row or stream something was found.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Place {
    /// In the line.
    Line,
    /// In the field of that name.
    Field(String),
    /// In the label of that name.
    Label(String),
}

/// One line of the report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportEntry {
    /// The rule's name.
    pub rule: String,
    /// The detector's name.
    pub detector: &'static str,
    /// What became of the findings.
    pub action: &'static str,
    /// The way in.
    pub protocol: &'static str,
    /// `service_name` of the streams, else their `app` or `job`; may be empty.
    pub service: String,
    /// Where.
    pub place: Place,
    /// How many findings.
    pub count: u64,
    /// When the last one came, milliseconds since the Unix epoch.
    pub last_ms: i64,
}

#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct ReportKey {
    pub(super) rule: u16,
    pub(super) protocol: &'static str,
    pub(super) service: String,
    pub(super) place: Place,
}

/// Longest service or field name that is kept.
const NAME_BYTES_MAX: usize = 256;

/// Counts by [`ReportKey`].
#[derive(Debug, Default)]
pub(super) struct Report {
    pub(super) entries: HashMap<ReportKey, (u64, i64)>,
    /// Findings that had no room.
    pub(super) beyond: u64,
}

impl Report {
    pub(super) fn add(&mut self, mut key: ReportKey, count: u64, now_ms: i64, max: usize) {
        cut(&mut key.service);
        if let Place::Field(name) | Place::Label(name) = &mut key.place {
            cut(name);
        }
        if let Some(entry) = self.entries.get_mut(&key) {
            entry.0 = entry.0.saturating_add(count);
            entry.1 = entry.1.max(now_ms);
        } else if self.entries.len() < max {
            self.entries.insert(key, (count, now_ms));
        } else {
            self.beyond = self.beyond.saturating_add(count);
        }
    }
}

fn cut(name: &mut String) {
    let end = name.floor_char_boundary(NAME_BYTES_MAX);
    name.truncate(end);
}
