//! Settings of an engine.

use std::time::Duration;

use binnacle_model::Matcher;
use binnacle_store::wal::SyncPolicy;

/// How long the rows of some streams are kept.
#[derive(Debug, Clone)]
pub struct StreamRetention {
    /// Which streams: all must hold.
    pub matchers: Vec<Matcher>,
    /// How long, milliseconds.
    pub period_ms: i64,
}

/// Settings of an engine.
#[derive(Debug, Clone)]
pub struct EngineOptions {
    /// When the log is synced. Default: every second.
    pub sync: SyncPolicy,
    /// With less free space than this, appends are refused. Default: 32 MiB.
    pub reserve_bytes: u64,
    /// Bytes of lines and fields in memory that make the head be written out. Default:
    /// 64 MiB.
    pub head_bytes_max: usize,
    /// Age that makes the head be written out, milliseconds. Default: 10 minutes, which
    /// bounds what is read at a start.
    pub head_age_ms_max: i64,
    /// Streams at most; rows of further ones are refused. Default: a million.
    pub streams_max: usize,
    /// How long rows are kept, milliseconds; 0: for ever. Default: 30 days.
    pub retention_ms: i64,
    /// How long rows of some streams are kept; the first that matches counts.
    pub stream_retention: Vec<StreamRetention>,
    /// Bytes of parts at most; the oldest go. 0: no limit.
    pub retention_bytes: u64,
    /// How often the background looks for work. Default: a second.
    pub tick: Duration,
}

impl Default for EngineOptions {
    fn default() -> Self {
        Self {
            sync: SyncPolicy::Interval(Duration::from_secs(1)),
            reserve_bytes: 32 << 20,
            head_bytes_max: 64 << 20,
            head_age_ms_max: 10 * 60 * 1000,
            streams_max: 1_000_000,
            retention_ms: 30 * 86_400_000,
            stream_retention: Vec::new(),
            retention_bytes: 0,
            tick: Duration::from_secs(1),
        }
    }
}
