//! Figures for telemetry.

use std::sync::atomic::{AtomicU64, Ordering};

use binnacle_store::wal::WalStats;

/// Counts since opening.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) rows: AtomicU64,
    pub(crate) flushes: AtomicU64,
    pub(crate) merges: AtomicU64,
    pub(crate) blocks_copied: AtomicU64,
    pub(crate) blocks_rewritten: AtomicU64,
    pub(crate) parts_dropped: AtomicU64,
    pub(crate) parts_moved: AtomicU64,
    pub(crate) duplicates: AtomicU64,
    pub(crate) corrupt_reads: AtomicU64,
}

/// Counts `n` more.
pub(crate) fn count(counter: &AtomicU64, n: u64) {
    counter.fetch_add(n, Ordering::Relaxed);
}

/// Figures for telemetry.
#[derive(Debug, Clone, Default)]
pub struct Stats {
    /// Streams known.
    pub streams: u64,
    /// Rows in memory, those that are being written out included.
    pub head_rows: u64,
    /// Bytes in memory, those that are being written out included.
    pub head_bytes: u64,
    /// Parts.
    pub parts: u64,
    /// Blocks in parts.
    pub blocks: u64,
    /// Rows in parts.
    pub part_rows: u64,
    /// Bytes of parts on disk.
    pub part_bytes: u64,
    /// Bytes of lines and fields in parts, before compression.
    pub part_raw_bytes: u64,
    /// Rows appended since opening.
    pub rows_appended: u64,
    /// Heads written out since opening.
    pub flushes: u64,
    /// Merges since opening.
    pub merges: u64,
    /// Blocks that merges copied byte for byte, since opening.
    pub blocks_copied: u64,
    /// Blocks that merges took apart, since opening.
    pub blocks_rewritten: u64,
    /// Parts dropped by retention since opening.
    pub parts_dropped: u64,
    /// Parts moved to the folder of another tier since opening.
    pub parts_moved: u64,
    /// Rows that were there twice and stored once, since opening.
    pub duplicates: u64,
    /// Files moved aside at opening because they are damaged.
    pub quarantined: u64,
    /// Reads that met damaged data, since opening.
    pub corrupt_reads: u64,
    /// The log.
    pub wal: WalStats,
}

impl Counters {
    /// What is counted here.
    pub(crate) fn read(&self) -> Stats {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Stats {
            rows_appended: get(&self.rows),
            flushes: get(&self.flushes),
            merges: get(&self.merges),
            blocks_copied: get(&self.blocks_copied),
            blocks_rewritten: get(&self.blocks_rewritten),
            parts_dropped: get(&self.parts_dropped),
            parts_moved: get(&self.parts_moved),
            duplicates: get(&self.duplicates),
            corrupt_reads: get(&self.corrupt_reads),
            ..Stats::default()
        }
    }
}
