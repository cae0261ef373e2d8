//! Deleting samples by matchers and time range.
//!
//! The head is flushed first, so that everything there is lies in blocks, and what
//! comes later, even for the deleted times, is not touched. What the matchers find
//! is then written into each block's tombstones, which readers heed at once; the
//! space comes back when the block is merged or cleaned.

use std::sync::Arc;

use binnacle_model::Matcher;
use binnacle_model::limits::{Meter, QueryLimits};

use crate::block::{Block, Tombstones};
use crate::engine::Inner;
use crate::error::EngineError;
use crate::query::index;
use crate::recover::blocks_dir;

impl Inner {
    fn delete(
        &self,
        selectors: &[Vec<Matcher>],
        start_ms: i64,
        end_ms: i64,
    ) -> Result<(), EngineError> {
        let mut maintenance = self.maintenance.lock();
        self.flush_locked(&mut maintenance)?;
        let meter = Meter::new(QueryLimits::default());
        for block in &self.state().blocks {
            if !block.meta().overlaps(start_ms, end_ms) {
                continue;
            }
            let mut tombstones = Tombstones::clone(&block.tombstones());
            let before = tombstones.clone();
            for selector in selectors {
                for series in &index::find(block.as_ref(), selector, &meter)? {
                    if block.series_overlaps(series, start_ms, end_ms)? {
                        tombstones.add(series, start_ms, end_ms);
                    }
                }
            }
            if tombstones != before {
                tombstones.save(&*self.files, &blocks_dir(&self.dir), block.id())?;
                block.set_tombstones(tombstones);
            }
        }
        Ok(())
    }

    fn clean(&self) -> Result<(), EngineError> {
        let mut maintenance = self.maintenance.lock();
        let marked: Vec<Arc<Block>> = self
            .state()
            .blocks
            .iter()
            .filter(|b| b.has_tombstones())
            .cloned()
            .collect();
        for block in marked {
            self.replace_blocks(&mut maintenance, &[block])?;
        }
        Ok(())
    }
}

impl crate::Engine {
    /// Hides all samples of the series that match any of the selectors within the
    /// range, for good; returns when that is on the disk.
    ///
    /// # Errors
    /// When the head cannot be flushed, or a block cannot be read or marked; then
    /// some of it may be deleted already, and it can be tried again.
    pub fn delete_series(
        &self,
        selectors: &[Vec<Matcher>],
        start_ms: i64,
        end_ms: i64,
    ) -> Result<(), EngineError> {
        self.inner.delete(selectors, start_ms, end_ms)
    }

    /// Rewrites the blocks that something was deleted of, so that it leaves the disk.
    ///
    /// # Errors
    /// When a block cannot be read or written; nothing is lost.
    pub fn clean_tombstones(&self) -> Result<(), EngineError> {
        self.inner.clean()
    }
}
