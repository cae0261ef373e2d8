//! Merging: several blocks become one, without what is deleted or too old.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Instant;

use binnacle_model::limits::Stopped;
use binnacle_model::sample::Samples;
use binnacle_store::Error;

use super::plan::{self, Planned};
use super::{Maintenance, entry};
use crate::block::{self, Block, Builder};
use crate::chunk::Effort;
use crate::engine::Inner;
use crate::error::EngineError;
use crate::recover::{self, blocks_dir};
use crate::registry::{Registry, SeriesId};
use crate::samples::join_runs;

/// Blocks that span at least this much are entropy-coded, milliseconds: under the
/// default retention that is the last merge of a sample's life. It saves 7 % of the
/// disk, costs five times the packing, and halves the speed of reading, so it is
/// for data that are seldom read.
const ENTROPY_SPAN_MS: i64 = 12 * 3_600_000;

/// A series of an input block.
#[derive(Clone, Copy)]
struct Part {
    id: SeriesId,
    block: u32,
    series: u32,
}

impl Inner {
    /// Does one merge; tells whether there was one to do.
    pub(crate) fn merge_once(&self) -> Result<bool, EngineError> {
        let mut maintenance = self.maintenance.lock();
        let state = self.state();
        let planned: Vec<Planned> = state
            .blocks
            .iter()
            .map(|b| {
                let m = b.meta();
                Planned {
                    id: b.id(),
                    seq: m.seq,
                    min_ms: m.min_t_ms,
                    max_ms: m.max_t_ms,
                    bytes: m.bytes,
                }
            })
            .collect();
        let widths = plan::windows(&self.options);
        let late_ms = self.options.out_of_order_window_ms.max(0);
        let settled_ms = self.newest_ms().saturating_sub(late_ms);
        let Some(ids) = plan::next_merge(&planned, &widths, settled_ms) else {
            return Ok(false);
        };
        let inputs: Vec<Arc<Block>> = state
            .blocks
            .iter()
            .filter(|b| ids.contains(&b.id()))
            .cloned()
            .collect();
        self.replace_blocks(&mut maintenance, &inputs)?;
        Ok(true)
    }

    /// Merges everything within each of the widest windows.
    pub(crate) fn merge_all(&self) -> Result<(), EngineError> {
        let mut maintenance = self.maintenance.lock();
        let width = plan::windows(&self.options)
            .last()
            .copied()
            .unwrap_or(self.options.block_ms);
        let mut blocks = self.state().blocks.clone();
        let window = |b: &Block| b.meta().min_t_ms.div_euclid(width);
        blocks.sort_by_key(|b| (window(b), b.meta().seq));
        for inputs in blocks.chunk_by(|a, b| window(a) == window(b)) {
            self.replace_blocks(&mut maintenance, inputs)?;
        }
        Ok(())
    }

    /// The newest sample's time, in the head or in a block.
    pub(super) fn newest_ms(&self) -> i64 {
        let state = self.state();
        let head = state
            .active
            .generation
            .read()
            .time_range()
            .map_or(i64::MIN, |r| r.1);
        let frozen = state
            .frozen
            .as_ref()
            .and_then(|f| f.generation.read().time_range());
        let blocks = state
            .blocks
            .iter()
            .map(|b| b.meta().max_t_ms)
            .max()
            .unwrap_or(i64::MIN);
        head.max(blocks).max(frozen.map_or(i64::MIN, |r| r.1))
    }

    /// Rewrites blocks as one. A block that turns out to be damaged is moved aside
    /// instead, and the others stay as they are.
    pub(super) fn replace_blocks(
        &self,
        maintenance: &mut Maintenance,
        inputs: &[Arc<Block>],
    ) -> Result<(), EngineError> {
        let began = Instant::now();
        let result = self.try_replace(maintenance, inputs);
        match result {
            Ok(()) => {
                self.stats.merges.fetch_add(1, Relaxed);
                self.stats
                    .merge_nanos
                    .fetch_add(began.elapsed().as_nanos() as u64, Relaxed);
                Ok(())
            }
            Err(EngineError::Store(error @ Error::Corrupt { .. })) => {
                self.stats.merge_failures.fetch_add(1, Relaxed);
                self.put_aside(maintenance, inputs, error)
            }
            Err(error) => {
                self.stats.merge_failures.fetch_add(1, Relaxed);
                Err(error)
            }
        }
    }

    fn try_replace(
        &self,
        maintenance: &mut Maintenance,
        inputs: &[Arc<Block>],
    ) -> Result<(), EngineError> {
        let mut manifest = maintenance.manifest.clone();
        let id = manifest.take_block_id();
        let merged = self.write_merged(id, inputs)?;
        let old: Vec<u64> = inputs.iter().map(|b| b.id()).collect();
        let level = manifest
            .blocks
            .iter()
            .filter(|b| old.contains(&b.id))
            .map(|b| b.level)
            .max()
            .unwrap_or(0)
            + 1;
        manifest.replace(&old, merged.as_ref().map(|b| entry(b, level)));
        let durable = match self.commit(maintenance, manifest) {
            Ok(durable) => durable,
            Err(error) => {
                self.remove_blocks(&[id]);
                return Err(error.into());
            }
        };
        self.swap_blocks(&old, merged.into_iter().collect());
        if durable {
            self.remove_blocks(&old);
        }
        Ok(())
    }

    /// Takes damaged blocks out of service and keeps their files for who wants to
    /// look.
    fn put_aside(
        &self,
        maintenance: &mut Maintenance,
        inputs: &[Arc<Block>],
        why: Error,
    ) -> Result<(), EngineError> {
        let Error::Corrupt { path, .. } = &why else {
            return Err(why.into());
        };
        let Some(block) = inputs
            .iter()
            .find(|b| block::path(&blocks_dir(&self.dir), b.id()) == *path)
        else {
            return Err(why.into());
        };
        let mut manifest = maintenance.manifest.clone();
        manifest.replace(&[block.id()], None);
        self.commit(maintenance, manifest)?;
        self.swap_blocks(&[block.id()], Vec::new());
        let aside = recover::quarantine(&*self.files, &self.dir, path)?;
        self.stats.blocks_quarantined.fetch_add(1, Relaxed);
        tracing::error!(error = %why, aside = %aside.display(), "a damaged block was taken out of service");
        Ok(())
    }

    /// Writes the samples of `inputs`, in ascending order of their sequence, as block
    /// `id`; `None` when nothing is left.
    fn write_merged(
        &self,
        id: u64,
        inputs: &[Arc<Block>],
    ) -> Result<Option<Arc<Block>>, EngineError> {
        let (registry, parts) = self.gather(inputs)?;
        let oldest_ms = self.oldest_kept_ms();
        let seq = inputs.iter().map(|b| b.meta().seq).max().unwrap_or(id);
        let path = block::path(&blocks_dir(&self.dir), id);
        let mut builder = Builder::create(Arc::clone(&self.files), &path, seq, effort(inputs))?;
        let mut samples = Samples::default();
        for of_series in parts.chunk_by(|a, b| a.id == b.id) {
            if self.stopping.load(Relaxed) {
                return Err(Stopped::Canceled.into());
            }
            samples.clear();
            for part in of_series {
                let middle = samples.len();
                inputs[part.block as usize].read(part.series, oldest_ms, i64::MAX, &mut samples)?;
                join_runs(&mut samples, 0, middle);
            }
            builder.push(
                registry.row(of_series[0].id),
                &samples.times_ms,
                &samples.values,
            )?;
        }
        if builder.is_empty() {
            return Ok(None);
        }
        builder.finish(&registry, &path)?;
        Ok(Some(self.open_block(id)?))
    }

    /// All series of the blocks, in a block's order, and each one's parts from the
    /// oldest block to the newest.
    fn gather(&self, inputs: &[Arc<Block>]) -> Result<(Registry, Vec<Part>), EngineError> {
        let mut registry = Registry::new(1, self.hash);
        let mut parts = Vec::new();
        for (number, block) in inputs.iter().enumerate() {
            block.visit_canonical(|series, canonical| {
                let key = registry.key(canonical);
                let id = match registry.find(key) {
                    Some(id) => id,
                    None => registry
                        .insert(canonical, key)
                        .map_err(|_| block.bad_labels(series))?,
                };
                parts.push(Part {
                    id,
                    block: number as u32,
                    series,
                });
                Ok(())
            })?;
        }
        let mut order: Vec<SeriesId> = (0..registry.len() as u32).collect();
        block::order(&registry, &mut order);
        let mut place = vec![0u32; order.len()];
        for (at, &id) in order.iter().enumerate() {
            place[id as usize] = at as u32;
        }
        parts.sort_by_key(|p| (place[p.id as usize], p.block));
        Ok((registry, parts))
    }
}

fn effort(inputs: &[Arc<Block>]) -> Effort {
    let min_ms = inputs.iter().map(|b| b.meta().min_t_ms).min().unwrap_or(0);
    let max_ms = inputs.iter().map(|b| b.meta().max_t_ms).max().unwrap_or(0);
    if max_ms.saturating_sub(min_ms) >= ENTROPY_SPAN_MS {
        Effort::Thorough
    } else {
        Effort::Quick
    }
}
