//! Figures of the engine about itself.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use binnacle_model::append::{Appended, Refusal};
use binnacle_store::wal::WalStats;

/// Every refusal, in the order of [`EngineStats::refused`].
pub const REFUSALS: [Refusal; 7] = [
    Refusal::OutOfOrder,
    Refusal::TooOld,
    Refusal::DuplicateTimestamp,
    Refusal::TooFarInFuture,
    Refusal::UnknownSeries,
    Refusal::BadLabels,
    Refusal::TooManySeries,
];

/// Figures of the engine; counters count since it was opened.
#[derive(Debug, Clone, Default)]
pub struct EngineStats {
    /// Batches taken.
    pub batches: u64,
    /// Samples taken, those that were there already included.
    pub samples: u64,
    /// Samples refused, by [`REFUSALS`].
    pub refused: [u64; 7],
    /// Series registered.
    pub series_created: u64,
    /// Series forgotten because they took no samples.
    pub series_forgotten: u64,
    /// Series in the registry now.
    pub series: u64,
    /// Distinct label pairs in the registry now.
    pub label_pairs: u64,
    /// Samples in the head now.
    pub head_samples: u64,
    /// Blocks now.
    pub blocks: u64,
    /// Bytes of all blocks now.
    pub block_bytes: u64,
    /// Exemplars now.
    pub exemplars: u64,
    /// Flushes of the head that wrote blocks.
    pub flushes: u64,
    /// Flushes that failed.
    pub flush_failures: u64,
    /// Time spent flushing.
    pub flush_time: Duration,
    /// Merges of blocks.
    pub merges: u64,
    /// Merges that failed.
    pub merge_failures: u64,
    /// Time spent merging.
    pub merge_time: Duration,
    /// Blocks removed because they passed the retention.
    pub blocks_retired: u64,
    /// Blocks moved aside because they are corrupt.
    pub blocks_quarantined: u64,
    /// Reads that met corrupt bytes.
    pub corrupt_reads: u64,
    /// How long reading the log took when the engine was opened.
    pub replay_time: Duration,
    /// Samples that were read from the log when the engine was opened.
    pub replayed_samples: u64,
    /// The log.
    pub wal: WalStats,
}

/// The counters behind [`EngineStats`].
#[derive(Debug, Default)]
pub(crate) struct Counters {
    batches: AtomicU64,
    samples: AtomicU64,
    refused: [AtomicU64; 7],
    series_created: AtomicU64,
    pub(crate) series_forgotten: AtomicU64,
    pub(crate) flushes: AtomicU64,
    pub(crate) flush_failures: AtomicU64,
    pub(crate) flush_nanos: AtomicU64,
    pub(crate) merges: AtomicU64,
    pub(crate) merge_failures: AtomicU64,
    pub(crate) merge_nanos: AtomicU64,
    pub(crate) blocks_retired: AtomicU64,
    pub(crate) blocks_quarantined: AtomicU64,
    pub(crate) corrupt_reads: AtomicU64,
    pub(crate) replay_nanos: AtomicU64,
    pub(crate) replayed_samples: AtomicU64,
}

impl Counters {
    /// Counts a batch that was taken.
    pub(crate) fn count_batch(&self, answer: &Appended) {
        self.batches.fetch_add(1, Relaxed);
        self.samples.fetch_add(answer.samples, Relaxed);
        self.series_created
            .fetch_add(answer.series_created, Relaxed);
        for (_, _, why) in &answer.refused {
            if let Some(i) = REFUSALS.iter().position(|r| r == why) {
                self.refused[i].fetch_add(1, Relaxed);
            }
        }
    }

    /// The counters; what is a state and not a counter is left at 0.
    pub(crate) fn read(&self) -> EngineStats {
        let get = |c: &AtomicU64| c.load(Relaxed);
        let time = |c: &AtomicU64| Duration::from_nanos(c.load(Relaxed));
        EngineStats {
            batches: get(&self.batches),
            samples: get(&self.samples),
            refused: std::array::from_fn(|i| get(&self.refused[i])),
            series_created: get(&self.series_created),
            series_forgotten: get(&self.series_forgotten),
            flushes: get(&self.flushes),
            flush_failures: get(&self.flush_failures),
            flush_time: time(&self.flush_nanos),
            merges: get(&self.merges),
            merge_failures: get(&self.merge_failures),
            merge_time: time(&self.merge_nanos),
            blocks_retired: get(&self.blocks_retired),
            blocks_quarantined: get(&self.blocks_quarantined),
            corrupt_reads: get(&self.corrupt_reads),
            replay_time: time(&self.replay_nanos),
            replayed_samples: get(&self.replayed_samples),
            ..EngineStats::default()
        }
    }
}
