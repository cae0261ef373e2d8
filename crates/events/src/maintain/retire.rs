//! Retention: what is too old, or too much, goes; and with it the streams of which nothing
//! is left.

use std::sync::Arc;

use binnacle_store::Error;
use binnacle_store::retention::{RetentionOptions, to_drop};

use super::plan::Job;
use super::{FORGET_MS, Maintenance};
use crate::engine::Inner;
use crate::error::EngineError;
use crate::part::Part;
use crate::stats::count;

/// Streams without rows are forgotten when they are more than one in so many.
const DEAD_SHARE: usize = 8;

impl Inner {
    /// Drops parts of which nothing is kept any more, and the oldest ones when all take
    /// more room than they may.
    pub(super) fn drop_parts(&self, maintenance: &mut Maintenance) -> Result<bool, EngineError> {
        let now_ms = self.clock.now_ms();
        let parts = self.state.read().parts.clone();
        let mut dropped: Vec<u64> = parts
            .iter()
            .filter(|p| is_past(p, p.longest_ms, now_ms))
            .map(|p| p.meta.id)
            .collect();
        if self.options.retention_bytes > 0 {
            let mut kept = maintenance.manifest.blocks.clone();
            kept.retain(|b| !dropped.contains(&b.id));
            let options = RetentionOptions {
                time_ms: None,
                bytes_max: Some(self.options.retention_bytes),
            };
            let log_bytes = self.wal.stats().segment_bytes;
            let too_much = to_drop(&kept, &options, now_ms, log_bytes);
            dropped.extend(too_much.into_iter().map(|(id, _)| id));
        }
        if dropped.is_empty() {
            return Ok(false);
        }
        let old: Vec<Arc<Part>> = parts
            .iter()
            .filter(|p| dropped.contains(&p.meta.id))
            .cloned()
            .collect();
        self.swap(maintenance, &old, &[])?;
        maintenance.may_forget = true;
        count(&self.stats.parts_dropped, old.len() as u64);
        Ok(true)
    }

    /// Writes a part anew that has streams all of whose rows have outlived their period.
    pub(super) fn rewrite_expired(
        &self,
        maintenance: &mut Maintenance,
    ) -> Result<bool, EngineError> {
        let now_ms = self.clock.now_ms();
        let parts = self.state.read().parts.clone();
        let found = parts
            .iter()
            .find(|p| is_past(p, p.shortest_ms, now_ms) && !maintenance.is_damaged(p));
        let Some(part) = found else {
            return Ok(false);
        };
        self.run(&Job::again(part.clone()), maintenance)?;
        maintenance.may_forget = true;
        Ok(true)
    }

    /// Refuses a merge that would take the room that the log needs.
    pub(super) fn has_room(&self, folder: &std::path::Path, bytes: u64) -> Result<(), Error> {
        // Where nobody can tell, the full disk itself must say.
        let Ok(free) = self.files.free_space(folder) else {
            return Ok(());
        };
        if free >= self.options.reserve_bytes.saturating_add(bytes) {
            return Ok(());
        }
        Err(Error::Full {
            message: format!(
                "{} has {free} bytes left; {bytes} are needed to merge, and {} are kept in reserve",
                folder.display(),
                self.options.reserve_bytes
            ),
        })
    }

    /// Forgets streams of which no row is left, when it is worth it.
    pub(super) fn forget_streams(&self, maintenance: &mut Maintenance) -> bool {
        let is_full = self.registry.read().len() >= self.options.streams_max;
        let now_ms = self.clock.now_ms();
        if !maintenance.may_forget && !is_full || now_ms < maintenance.forget_after_ms {
            return false;
        }
        maintenance.may_forget = false;
        maintenance.forget_after_ms = now_ms.saturating_add(FORGET_MS);
        let parts = self.state.read().parts.clone();
        // No append is between the registry and the head now.
        let _closed = self.gate.write();
        let mut has_rows = vec![false; self.registry.read().end() as usize];
        let mut mark = |id: u32| {
            if let Some(mark) = has_rows.get_mut(id as usize) {
                *mark = true;
            }
        };
        for part in parts.iter() {
            part.streams.iter().for_each(|(id, _)| mark(*id));
        }
        let state = self.state.read();
        for piece in state.head.pieces.iter().chain(&state.frozen.pieces) {
            piece.runs.iter().for_each(|run| mark(run.stream));
        }
        drop(state);
        let alive = has_rows.iter().filter(|m| **m).count();
        let mut registry = self.registry.write();
        let dead = registry.len().saturating_sub(alive);
        if dead == 0 || dead < registry.len() / DEAD_SHARE {
            return false;
        }
        registry.retain(|id| has_rows.get(id as usize).copied().unwrap_or(false)) > 0
    }
}

/// Whether all rows of a part are older than the period.
fn is_past(part: &Part, period_ms: i64, now_ms: i64) -> bool {
    period_ms < i64::MAX && part.meta.max_ms < now_ms.saturating_sub(period_ms)
}
