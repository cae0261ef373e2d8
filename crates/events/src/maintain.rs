//! Work in the background: writing the head out, merging, retention.

mod flush;
mod merge;
mod retire;

use std::sync::atomic::Ordering;

use crate::engine::Inner;
use crate::error::EngineError;

/// Nanoseconds of a day: parts do not cross the end of one.
pub(crate) const DAY_NS: i64 = 86_400_000_000_000;

impl Inner {
    /// One round.
    pub(crate) fn tick(&self) -> Result<(), EngineError> {
        let mut manifest = self.maintenance.lock();
        if self.is_flush_due() {
            self.flush(&mut manifest)?;
        }
        self.retire(&mut manifest)?;
        while !self.stopping.load(Ordering::Relaxed) && self.merge_once(&mut manifest)? {
            // A flush does not wait for all merges.
            if self.is_flush_due() {
                self.flush(&mut manifest)?;
            }
        }
        self.settle_tombstones()?;
        Ok(())
    }

    fn is_flush_due(&self) -> bool {
        let state = self.state.read();
        if state.head.rows == 0 {
            return false;
        }
        let age_ms = self.clock.now_ms().saturating_sub(state.head.since_ms);
        state.head.bytes >= self.options.head_bytes_max || age_ms >= self.options.head_age_ms_max
    }

    /// Tombstones whose rows are in no part any more are done.
    fn settle_tombstones(&self) -> Result<(), EngineError> {
        let list: Vec<_> = {
            let state = self.state.read();
            let oldest = state.parts.iter().map(|p| p.meta.id).min();
            let is_done = |t: &crate::tombstones::Tombstone| {
                t.done || oldest.is_none_or(|id| id >= t.before_part)
            };
            if state.tombstones.iter().all(|t| t.done == is_done(t)) {
                return Ok(());
            }
            state
                .tombstones
                .iter()
                .map(|t| {
                    let mut t = (**t).clone();
                    t.done = is_done(&t);
                    t
                })
                .collect()
        };
        Ok(self.set_tombstones(list)?)
    }
}
