//! Where lines are handed in.

use super::append::{EventBatch, EventRefusal};
use crate::append::AppendError;

/// Who sends, for limits, counters and reports.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Source {
    /// The way in: `loki`, `otlp`, `elasticsearch`, `syslog`, `fluent`, `journald`,
    /// `json`, `file`.
    pub protocol: &'static str,
    /// The sender within it: tenant, else the address or the name of the configuration.
    pub sender: String,
}

/// What became of a batch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Taken {
    /// Rows stored and in the log.
    pub rows: u64,
    /// How many were refused for each reason.
    pub refused: Vec<(EventRefusal, u64)>,
    /// Which rows were refused, by their place in the batch as it was handed over,
    /// ascending. As many as [`Self::refused`] counts.
    pub refused_rows: Vec<(u32, EventRefusal)>,
    /// In words: which stream, which limit, with values; one line for each reason of
    /// [`Self::refused`] in its order, for the answer to the sender. What privacy rules
    /// dropped has none: it is no fault of the sender.
    pub messages: Vec<String>,
}

impl Taken {
    /// The words for a reason; `None` when nothing was refused for it, or privacy rules
    /// dropped it.
    #[must_use]
    pub fn message_of(&self, reason: EventRefusal) -> Option<&str> {
        let told = self
            .refused
            .iter()
            .filter(|(refusal, _)| *refusal != EventRefusal::Dropped);
        let at = told
            .map(|(refusal, _)| *refusal)
            .position(|r| r == reason)?;
        self.messages.get(at).map(String::as_str)
    }
}

/// Why nothing of a batch was taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SinkError {
    /// The sender is over its rate: answer 429; the message says the limit.
    #[error("{0}")]
    RateLimited(String),
    /// The store refuses.
    #[error(transparent)]
    Append(#[from] AppendError),
}

/// Takes lines: privacy, limits, enrichment, then the store. Synchronous, because the
/// store is; safe to call from many threads. The batch may be changed on the way.
pub trait LogSink: Send + Sync {
    /// Takes a batch. When it returns `Ok`, all rows that are not counted as refused are
    /// in the write-ahead log.
    ///
    /// # Errors
    /// When nothing was stored.
    fn push(&self, source: &Source, batch: &mut EventBatch) -> Result<Taken, SinkError>;
}
