//! Settings of an engine.

use std::path::PathBuf;
use std::time::Duration;

use binnacle_model::Matcher;
use binnacle_store::wal::SyncPolicy;

use crate::block;

/// The most that [`EngineOptions::head_bytes_max`] can be: rows of a head are counted with
/// 32 bits.
const HEAD_BYTES_LIMIT: usize = 4 << 30;

/// How long the rows of some streams are kept.
#[derive(Debug, Clone)]
pub struct StreamRetention {
    /// Which streams: all must hold.
    pub matchers: Vec<Matcher>,
    /// How long, milliseconds; 0: for ever.
    pub period_ms: i64,
}

/// Where parts of some age lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tier {
    /// Parts whose newest row is older than this are moved here, milliseconds.
    pub after_ms: i64,
    /// The folder; it is made when there is none. Perhaps on another, slower disk.
    pub directory: PathBuf,
    /// Whether rows are compressed anew with more effort on the way.
    pub rewrite: bool,
}

/// Settings of an engine; each has a default that suits one machine.
#[derive(Debug, Clone)]
pub struct EngineOptions {
    /// When the log is made safe from a power cut. Default: every second. A killed
    /// process loses nothing under any policy.
    pub sync: SyncPolicy,
    /// Free space on the disk that appends leave for flushing and closing, bytes.
    /// Default: 32 MiB.
    pub reserve_bytes: u64,
    /// Bytes of rows in memory that make the head be written out, 4 GiB at most. Default:
    /// 32 MiB, which is two full blocks or three. When
    /// writing cannot keep up, appends wait at three times as much, and are refused at
    /// eight times as much.
    pub head_bytes_max: usize,
    /// Age that makes the head be written out, milliseconds. Default: 10 minutes, which
    /// bounds what is read at a start.
    pub head_age_ms_max: i64,
    /// Rows of a block at most, 1 to 65,536. Default: 65,536.
    pub block_rows: usize,
    /// Streams at most; rows of further ones are refused. Default: a million.
    pub streams_max: usize,
    /// How long rows are kept, milliseconds; 0: for ever. Default: 30 days.
    pub retention_ms: i64,
    /// How long rows of some streams are kept; the first that matches counts.
    pub stream_retention: Vec<StreamRetention>,
    /// Bytes of parts and log at most; the oldest parts go. 0: no limit.
    pub retention_bytes: u64,
    /// Folders for older parts, by rising age. Default: none, all parts stay in the
    /// engine's own folder.
    pub tiers: Vec<Tier>,
    /// How often the background looks for work. Default: a second.
    pub tick: Duration,
    /// Whether to lock the directory against other processes. Default: yes; no only for
    /// files that no other process can reach, such as simulated ones.
    pub lock: bool,
}

impl Default for EngineOptions {
    fn default() -> Self {
        Self {
            sync: SyncPolicy::Interval(Duration::from_secs(1)),
            reserve_bytes: 32 << 20,
            head_bytes_max: 32 << 20,
            head_age_ms_max: 10 * 60 * 1000,
            block_rows: block::ROWS_MAX,
            streams_max: 1_000_000,
            retention_ms: 30 * 86_400_000,
            stream_retention: Vec::new(),
            retention_bytes: 0,
            tiers: Vec::new(),
            tick: Duration::from_secs(1),
            lock: true,
        }
    }
}

impl EngineOptions {
    /// The settings with values that make no sense put right.
    pub(crate) fn sane(mut self) -> Self {
        self.head_bytes_max = self.head_bytes_max.clamp(1, HEAD_BYTES_LIMIT);
        self.head_age_ms_max = self.head_age_ms_max.max(1);
        self.block_rows = self.block_rows.clamp(1, block::ROWS_MAX);
        self.streams_max = self.streams_max.min(u32::MAX as usize - 1);
        self.tiers.sort_by_key(|tier| tier.after_ms);
        self
    }

    /// How long rows of a stream with these labels are kept, milliseconds;
    /// [`i64::MAX`]: for ever.
    pub(crate) fn period_ms(&self, labels: &binnacle_model::Labels) -> i64 {
        let of_stream = self
            .stream_retention
            .iter()
            .find(|r| binnacle_model::matcher::all_match(&r.matchers, labels));
        match of_stream.map_or(self.retention_ms, |r| r.period_ms) {
            period_ms if period_ms > 0 => period_ms,
            _ => i64::MAX,
        }
    }
}
