//! Dropping blocks that passed the retention.

use std::sync::atomic::Ordering::Relaxed;

use binnacle_store::retention::{RetentionOptions, to_drop};

use crate::engine::Inner;
use crate::error::EngineError;

impl Inner {
    /// Drops what is too old or too much; tells whether there was anything.
    pub(super) fn retire(&self) -> Result<bool, EngineError> {
        let o = &self.options;
        let options = RetentionOptions {
            time_ms: (o.retention_ms > 0).then_some(o.retention_ms),
            bytes_max: (o.retention_bytes > 0).then_some(o.retention_bytes),
        };
        let mut maintenance = self.maintenance.lock();
        let log_bytes = self.wal.stats().segment_bytes;
        let gone = to_drop(
            &maintenance.manifest.blocks,
            &options,
            self.retention_clock_ms(),
            log_bytes,
        );
        if gone.is_empty() {
            return Ok(false);
        }
        let ids: Vec<u64> = gone.iter().map(|g| g.0).collect();
        let mut manifest = maintenance.manifest.clone();
        manifest.replace(&ids, None);
        let durable = self.commit(&mut maintenance, manifest)?;
        self.swap_blocks(&ids, Vec::new());
        if durable {
            self.remove_blocks(&ids);
        }
        self.stats
            .blocks_retired
            .fetch_add(ids.len() as u64, Relaxed);
        tracing::info!(
            blocks = ids.len(),
            "blocks that passed the retention were removed"
        );
        Ok(true)
    }

    /// What retention takes for now: the clock, but no later than the newest sample,
    /// so that a clock that jumps ahead does not delete everything.
    fn retention_clock_ms(&self) -> i64 {
        self.clock.now_ms().min(self.newest_ms())
    }

    /// The oldest time that a merge keeps.
    pub(super) fn oldest_kept_ms(&self) -> i64 {
        match self.options.retention_ms {
            0 => i64::MIN,
            kept => self.retention_clock_ms().saturating_sub(kept),
        }
    }
}
