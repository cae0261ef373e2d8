//! Settings of the engine.

pub use binnacle_store::wal::SyncPolicy;
use std::time::Duration;

/// Settings of the engine; each has a default that suits one machine.
#[derive(Debug, Clone, PartialEq)]
pub struct EngineOptions {
    /// How long samples are kept, milliseconds; 0: for ever. Default: 15 days. Older
    /// samples are refused, blocks that are wholly older are removed.
    pub retention_ms: i64,
    /// How many bytes the blocks and the log may have together; 0: no limit. The
    /// oldest blocks go first. Default: 0.
    pub retention_bytes: u64,
    /// How much older than the newest sample of its series a sample may be,
    /// milliseconds. Default: 10 minutes, so that agents that send again after an
    /// outage, and collectors that shard a target, lose nothing. 0 refuses every
    /// sample that is out of order, as Prometheus does by default.
    pub out_of_order_window_ms: i64,
    /// How far beyond the clock a sample may be, milliseconds; 0: no limit.
    /// Default: 10 minutes, as Prometheus has it for scrapes; without a limit one
    /// host with a wrong clock spoils its series for everyone.
    pub future_max_ms: i64,
    /// Width of the smallest block, milliseconds. Default: 2 hours.
    pub block_ms: i64,
    /// The head is flushed when it has held samples for this long, milliseconds.
    /// Default: 30 minutes: short enough that a small install holds little in
    /// memory, long enough that instant queries find all they need in the head.
    pub head_age_ms: i64,
    /// The head is flushed when it holds more samples than this (and more than 32
    /// for each of its series). Default: 4 million, about 50 MB, and a log that is
    /// read back in a third of a second.
    pub head_samples: u64,
    /// Appends wait for a flush when the head holds more samples than this, or three
    /// times what makes it due for a flush. Default: 64 million, about 0.8 GB.
    pub head_samples_max: u64,
    /// How many series may be in the registry at once. Default: 20 million.
    pub series_max: u32,
    /// Series without a sample for this long are forgotten when the head is
    /// flushed, milliseconds; they stay in their blocks. Default: 1 hour.
    pub series_idle_ms: i64,
    /// How many exemplars are held; 0: none. Default: 100,000, as Prometheus.
    pub exemplars_max: usize,
    /// When the log is made safe from a power cut. Default: every second. A killed
    /// process loses nothing under any policy.
    pub sync: SyncPolicy,
    /// Free space on the disk that appends leave for flushing and closing, bytes.
    /// Default: 32 MiB.
    pub reserve_bytes: u64,
    /// How often background work looks whether there is any. Default: 5 seconds.
    pub tick: Duration,
    /// Whether to lock the data directory against other processes. Default: yes; no
    /// only for files that no other process can reach, such as simulated ones.
    pub lock: bool,
}

impl Default for EngineOptions {
    fn default() -> Self {
        Self {
            retention_ms: 15 * 86_400_000,
            retention_bytes: 0,
            out_of_order_window_ms: 10 * 60_000,
            future_max_ms: 10 * 60_000,
            block_ms: 2 * 3_600_000,
            head_age_ms: 30 * 60_000,
            head_samples: 4_000_000,
            head_samples_max: 64_000_000,
            series_max: 20_000_000,
            series_idle_ms: 3_600_000,
            exemplars_max: 100_000,
            sync: SyncPolicy::Interval(Duration::from_secs(1)),
            reserve_bytes: 32 << 20,
            tick: Duration::from_secs(5),
            lock: true,
        }
    }
}

impl EngineOptions {
    /// The settings with values that make no sense put right.
    pub(crate) fn sane(mut self) -> Self {
        self.block_ms = self.block_ms.max(1);
        self.head_age_ms = self.head_age_ms.max(1);
        self.head_samples_max = self.head_samples_max.max(self.head_samples).max(1);
        self.series_max = self.series_max.min(u32::MAX - 1);
        self
    }
}
