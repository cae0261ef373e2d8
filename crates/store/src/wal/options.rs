//! How a log is kept.

use std::time::Duration;

/// When appended records are made safe from a power cut. A killed process loses
/// nothing under any policy: a record is with the kernel before it is acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SyncPolicy {
    /// Before each append returns; appends that wait at the same time share a sync.
    Always,
    /// In the background, this often.
    Interval(Duration),
    /// Only when asked ([`super::Wal::sync`]), and as the kernel likes.
    Never,
}

/// Settings of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WalOptions {
    /// When appended records are made safe from a power cut. Default: every second.
    pub sync: SyncPolicy,
    /// A segment that has grown to this many bytes gets a successor. Default: 64 MiB,
    /// which is some seconds of the fastest ingest, so that truncation is not coarse.
    pub segment_bytes_max: u64,
    /// With less free space on the disk than this, appends are refused, so that
    /// blocks can still be written and the log closed. 0: only a full disk refuses.
    /// Default: 32 MiB.
    pub reserve_bytes: u64,
}

impl Default for WalOptions {
    fn default() -> Self {
        Self {
            sync: SyncPolicy::Interval(Duration::from_secs(1)),
            segment_bytes_max: 64 << 20,
            reserve_bytes: 32 << 20,
        }
    }
}
