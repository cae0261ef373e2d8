//! Counters, for the product's own metrics.

use binnacle_model::event::Source;
use binnacle_model::event::append::EventRefusal;

/// A snapshot of all counters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GuardStats {
    /// By source, ascending.
    pub sources: Vec<SourceStats>,
    /// What privacy rules found, by source and rule; only what was found.
    pub findings: Vec<FindingCount>,
    /// Who follows what is stored.
    pub subscribers: u64,
}

/// Counters of one source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceStats {
    /// Who.
    pub source: Source,
    /// Rows stored.
    pub rows: u64,
    /// Bytes of lines and fields that passed the limits, as they came.
    pub bytes: u64,
    /// Lines that were cut.
    pub truncated: u64,
    /// Streams that had rows of late.
    pub streams_active: u64,
    /// Rows that were refused, by reason; only reasons that occurred.
    pub refused: Vec<(EventRefusal, u64)>,
}

/// What one rule found at one source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FindingCount {
    /// The rule's name.
    pub rule: String,
    /// The detector's name.
    pub detector: &'static str,
    /// What became of it.
    pub action: &'static str,
    /// Who sent it.
    pub source: Source,
    /// How often.
    pub count: u64,
}
