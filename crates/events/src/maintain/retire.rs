//! Retention: what is too old, or too much, goes.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use binnacle_store::manifest::Manifest;
use binnacle_store::retention::{RetentionOptions, to_drop};

use crate::engine::Inner;
use crate::error::EngineError;
use crate::part::Part;

impl Inner {
    /// Drops parts of which nothing is kept any more, and writes those anew that hold
    /// streams with a shorter period whose time is up.
    pub(super) fn retire(&self, manifest: &mut Manifest) -> Result<(), EngineError> {
        let now_ms = self.clock.now_ms();
        let options = &self.options;
        let periods = options.stream_retention.iter().map(|r| r.period_ms);
        let longest_ms = periods.clone().chain([options.retention_ms]).max();
        // A period of 0 keeps for ever.
        let keeps_for_ever = periods.chain([options.retention_ms]).any(|p| p <= 0);
        let retention = RetentionOptions {
            time_ms: longest_ms.filter(|_| !keeps_for_ever),
            bytes_max: (options.retention_bytes > 0).then_some(options.retention_bytes),
        };
        let log_bytes = self.wal.stats().segment_bytes;
        let dropped: Vec<u64> = to_drop(&manifest.blocks, &retention, now_ms, log_bytes)
            .into_iter()
            .map(|(id, _)| id)
            .collect();
        if !dropped.is_empty() {
            let before = manifest.blocks.clone();
            manifest.replace(&dropped, None);
            if let Err(error) = manifest.save(&*self.files, &self.dir) {
                manifest.blocks = before;
                return Err(error.into());
            }
            self.state
                .write()
                .parts
                .retain(|p| !dropped.contains(&p.meta.id));
            self.remove_files(&dropped);
            let count = dropped.len() as u64;
            self.counters
                .parts_dropped
                .fetch_add(count, Ordering::Relaxed);
        }
        if let Some(part) = self.part_with_expired(now_ms) {
            self.replace(&[part], manifest)?;
        }
        Ok(())
    }

    /// A part whose every row of some stream has outlived its period.
    fn part_with_expired(&self, now_ms: i64) -> Option<Arc<Part>> {
        if self.options.stream_retention.is_empty() {
            return None;
        }
        let state = self.state.read();
        let part = state.parts.iter().find(|part| {
            part.labels.iter().enumerate().any(|(number, labels)| {
                let period_ms = self.period_ms(labels);
                let is_past = part.meta.max_ms < now_ms.saturating_sub(period_ms);
                let has_rows = || {
                    part.pages
                        .iter()
                        .flat_map(|p| &p.runs)
                        .any(|run| run.stream as usize == number)
                };
                period_ms > 0 && is_past && has_rows()
            })
        });
        part.cloned()
    }
}
