//! The seam between receivers and an engine, writing side.
//!
//! A receiver decodes bytes straight into a [`Batch`]; the engine finds each
//! series by the hash of its canonical label bytes, or by a reference it gave out
//! before, and writes the batch to its log before it answers. Nothing on this
//! path builds a label set.

use std::ops::Range;

use crate::labels::Labels;
use crate::metadata::Metadata;

/// The engine's number for a series: never used twice for different series while
/// the process lives, but the engine may forget a series that has no samples left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SeriesRef(pub u64);

/// How an entry of a batch names its series.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SeriesKey {
    /// By the number that the engine gave out before.
    Ref(SeriesRef),
    /// By the canonical encoding, a range of [`Batch::label_bytes`].
    Labels(Range<u32>),
}

/// The samples of one series within a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchSeries {
    /// Which series.
    pub key: SeriesKey,
    /// Which samples: a range of [`Batch::times_ms`] and [`Batch::values`].
    pub samples: Range<u32>,
    /// Which exemplars: a range of [`Batch::exemplars`].
    pub exemplars: Range<u32>,
}

/// A sample of a traced request that stands for many (OpenMetrics exemplar).
#[derive(Debug, Clone, PartialEq)]
pub struct Exemplar {
    /// Its own labels, such as `trace_id`.
    pub labels: Labels,
    /// The observed value.
    pub value: f64,
    /// Milliseconds since the Unix epoch.
    pub t_ms: i64,
}

/// Samples of many series, as columns; reuse one batch for many requests.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    /// Canonical label encodings, one behind the other.
    pub label_bytes: Vec<u8>,
    /// The series.
    pub series: Vec<BatchSeries>,
    /// Times of all samples, milliseconds since the Unix epoch.
    pub times_ms: Vec<i64>,
    /// Values of all samples.
    pub values: Vec<f64>,
    /// Exemplars of all series.
    pub exemplars: Vec<Exemplar>,
    /// Metadata that came along: family name and what it says.
    pub metadata: Vec<(String, Metadata)>,
}

impl Batch {
    /// Forgets everything and keeps the memory.
    pub fn clear(&mut self) {
        self.label_bytes.clear();
        self.series.clear();
        self.times_ms.clear();
        self.values.clear();
        self.exemplars.clear();
        self.metadata.clear();
    }

    /// Adds one series with its samples.
    pub fn push(&mut self, labels: &Labels, samples: &[(i64, f64)]) {
        let from = self.label_bytes.len() as u32;
        self.label_bytes.extend_from_slice(labels.as_bytes());
        let key = SeriesKey::Labels(from..self.label_bytes.len() as u32);
        self.push_samples(key, samples);
    }

    /// Adds one known series with its samples.
    pub fn push_ref(&mut self, series: SeriesRef, samples: &[(i64, f64)]) {
        self.push_samples(SeriesKey::Ref(series), samples);
    }

    fn push_samples(&mut self, key: SeriesKey, samples: &[(i64, f64)]) {
        let from = self.times_ms.len() as u32;
        for &(t_ms, value) in samples {
            self.times_ms.push(t_ms);
            self.values.push(value);
        }
        let exemplars = self.exemplars.len() as u32;
        self.series.push(BatchSeries {
            key,
            samples: from..self.times_ms.len() as u32,
            exemplars: exemplars..exemplars,
        });
    }
}

/// Why one sample of a batch was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Refusal {
    /// Older than the out-of-order window allows, though newer data were there.
    OutOfOrder,
    /// Older than anything the engine accepts (`too old`).
    TooOld,
    /// The time has a sample with another value.
    DuplicateTimestamp,
    /// Too far in the future.
    TooFarInFuture,
    /// The reference is not known (any more): send the labels.
    UnknownSeries,
    /// The label bytes are not canonical.
    BadLabels,
    /// A limit on series is reached.
    TooManySeries,
}

impl Refusal {
    /// As error messages and metrics word it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OutOfOrder => "out of order sample",
            Self::TooOld => "too old sample",
            Self::DuplicateTimestamp => "duplicate sample for timestamp",
            Self::TooFarInFuture => "sample is too far in the future",
            Self::UnknownSeries => "unknown series reference",
            Self::BadLabels => "labels are not valid",
            Self::TooManySeries => "the limit on the number of series is reached",
        }
    }
}

/// What became of a batch that was taken.
#[derive(Debug, Clone, Default)]
pub struct Appended {
    /// Samples now stored (and in the log).
    pub samples: u64,
    /// Series that were new.
    pub series_created: u64,
    /// What was refused: index into [`Batch::series`], index of the sample, why.
    pub refused: Vec<(u32, u32, Refusal)>,
    /// The reference of each entry of [`Batch::series`], in order, when they were
    /// asked for; `SeriesRef(0)` where there is none.
    pub refs: Vec<SeriesRef>,
}

/// Why a whole batch was not taken; nothing of it is stored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// The disk is full, or nearly so.
    #[error("storage is full: {message}")]
    Full {
        /// Which disk, how full.
        message: String,
    },
    /// An earlier write or sync failed; the store takes no more writes.
    #[error("storage takes no writes: {message}")]
    Poisoned {
        /// What failed.
        message: String,
    },
    /// The store is closing.
    #[error("storage is closing")]
    Closed,
}

/// What a batch is appended with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AppendOptions {
    /// Fill [`Appended::refs`].
    pub want_refs: bool,
    /// The samples of one scrape share a time: the engine may store it once.
    pub one_scrape: bool,
    /// Out-of-order samples of this batch are refused even within the window.
    pub in_order_only: bool,
}

/// An engine that can be written. Safe to call from many threads.
pub trait Append: Send + Sync {
    /// Stores a batch. When it returns `Ok`, everything that is not in
    /// [`Appended::refused`] is in the write-ahead log under the engine's sync
    /// policy, and visible to readers.
    ///
    /// # Errors
    /// When nothing was stored.
    fn append(&self, batch: &Batch, options: AppendOptions) -> Result<Appended, AppendError>;
}
