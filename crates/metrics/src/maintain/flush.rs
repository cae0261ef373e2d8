//! Flushing: a generation of the head becomes blocks, and its log goes.
//!
//! 1. Freeze: with appends held for a moment, the log begins a new segment and an
//!    empty generation takes the place of the full one, which readers still see.
//! 2. Write one block for each window of time that the generation has samples of.
//! 3. Write the checkpoint: all names, as of the new segment.
//! 4. Replace the manifest: the blocks count, the log counts from the new segment.
//! 5. Readers see the blocks instead of the frozen generation; old files go.
//!
//! When 2 to 4 fail, the frozen generation stays readable and is tried again.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Instant;

use binnacle_model::sample::Samples;
use binnacle_store::Error;
use parking_lot::RwLock;

use super::{Maintenance, entry, plan};
use crate::block::{self, Block, Builder};
use crate::checkpoint;
use crate::chunk::Effort;
use crate::engine::{HeadPart, Inner, State};
use crate::error::EngineError;
use crate::head::Generation;
use crate::ingest::Writer;
use crate::ingest::record::Logged;
use crate::recover::blocks_dir;
use crate::registry::SeriesId;
use binnacle_store::durable;

/// A flush writes about this many windows at most; older data get wider ones.
const WINDOWS_MAX: i64 = 3;

/// A registry is rebuilt when this part of it (one in so many) is idle.
const IDLE_SHARE: usize = 4;

/// Fewer idle series than this are not worth a rebuild, which ends all references.
const IDLE_MIN: usize = 10_000;

/// A frozen generation on its way into blocks.
pub(super) struct Pending {
    frozen: HeadPart,
    /// The log counts from here once the blocks are written.
    segment: u64,
    /// What the checkpoint of that place says.
    next: HeadPart,
    names: Logged,
    lasts: Vec<(i64, f64)>,
}

impl Inner {
    /// Whether the head is large or old enough.
    pub(crate) fn flush_is_due(&self) -> bool {
        let state = self.state();
        if state.frozen.is_some() {
            return true;
        }
        let generation = state.active.generation.read();
        let age_ms = generation.age_ms(self.clock.now_ms());
        let full = self.full_head(state.active.registry.read().len());
        generation.samples() > 0
            && (generation.samples() >= full || age_ms >= self.options.head_age_ms)
    }

    /// The number of samples at which a head with so many series is flushed.
    pub(crate) fn full_head(&self, series: usize) -> u64 {
        let o = &self.options;
        o.head_samples
            .max(32 * series as u64)
            .min(o.head_samples_max)
    }

    /// Writes the head out as blocks; tells whether there was anything to write.
    pub(crate) fn flush(&self) -> Result<bool, EngineError> {
        let mut maintenance = self.maintenance.lock();
        self.flush_locked(&mut maintenance)
    }

    pub(super) fn flush_locked(&self, maintenance: &mut Maintenance) -> Result<bool, EngineError> {
        let began = Instant::now();
        // A generation that failed before goes first.
        let mut flushed = false;
        if maintenance.pending.is_some() {
            flushed |= self.write_pending(maintenance)?;
        }
        maintenance.pending = self.freeze()?;
        flushed |= self.write_pending(maintenance)?;
        self.stats
            .flush_nanos
            .fetch_add(began.elapsed().as_nanos() as u64, Relaxed);
        Ok(flushed)
    }

    fn write_pending(&self, maintenance: &mut Maintenance) -> Result<bool, EngineError> {
        let Some(pending) = maintenance.pending.take() else {
            return Ok(false);
        };
        if let Err(error) = self.write_out(maintenance, &pending) {
            maintenance.pending = Some(pending);
            self.stats.flush_failures.fetch_add(1, Relaxed);
            return Err(error);
        }
        self.stats.flushes.fetch_add(1, Relaxed);
        Ok(true)
    }

    /// Puts an empty generation in the place of the active one.
    fn freeze(&self) -> Result<Option<Pending>, EngineError> {
        let mut writer = self.writer.lock();
        if writer.closed {
            return Err(EngineError::Closed);
        }
        if writer.head.generation.read().samples() == 0 {
            return Ok(None);
        }
        let segment = self.wal.rotate()?;
        let frozen = writer.head.clone();
        let (next, lasts) = self.next_head(&frozen);
        let names = Logged::all(&next.registry.read());
        *writer = Writer::new(next.clone());
        let mut state = self.state.write();
        let blocks = state.blocks.clone();
        *state = Arc::new(State {
            active: next.clone(),
            frozen: Some(frozen.clone()),
            blocks,
        });
        Ok(Some(Pending {
            frozen,
            segment,
            next,
            names,
            lasts,
        }))
    }

    /// The head that follows: the same registry, or one without idle series.
    fn next_head(&self, frozen: &HeadPart) -> (HeadPart, Vec<(i64, f64)>) {
        let generation = frozen.generation.read();
        let registry = frozen.registry.read();
        let newest_ms = generation.time_range().map_or(i64::MAX, |r| r.1);
        let idle_before_ms = newest_ms.saturating_sub(self.options.series_idle_ms.max(0));
        let last = |id: SeriesId| generation.tail(id).map_or((i64::MIN, 0.0), |t| t.last());
        let is_idle = |id: SeriesId| {
            last(id).0 < idle_before_ms && generation.tail(id).is_none_or(|t| t.len() == 0)
        };
        let series = registry.len();
        let idle = (0..series as u32).filter(|&id| is_idle(id)).count();
        let (next_registry, lasts) = if idle >= IDLE_MIN && idle * IDLE_SHARE >= series {
            self.stats.series_forgotten.fetch_add(idle as u64, Relaxed);
            let (rebuilt, renumbered) = registry.rebuild(|id| !is_idle(id));
            let mut lasts = vec![(i64::MIN, 0.0); rebuilt.len()];
            for (old, new) in renumbered.iter().enumerate() {
                if let Some(new) = new {
                    lasts[*new as usize] = last(old as u32);
                }
            }
            (Arc::new(RwLock::new(rebuilt)), lasts)
        } else {
            (
                Arc::clone(&frozen.registry),
                (0..series as u32).map(last).collect(),
            )
        };
        let generation = Generation::after(lasts.iter().copied(), self.clock.now_ms());
        (
            HeadPart {
                registry: next_registry,
                generation: Arc::new(RwLock::new(generation)),
            },
            lasts,
        )
    }

    fn write_out(
        &self,
        maintenance: &mut Maintenance,
        pending: &Pending,
    ) -> Result<(), EngineError> {
        let mut manifest = maintenance.manifest.clone();
        let blocks = self.write_blocks(&mut manifest.next_block_id, &pending.frozen)?;
        let written: Vec<u64> = blocks.iter().map(|b| b.id()).collect();
        for block in &blocks {
            manifest.replace(&[], Some(entry(block, 0)));
        }
        let before = std::mem::replace(&mut manifest.log_from_segment, pending.segment);
        let saved = self
            .write_checkpoint(pending)
            .and_then(|()| self.commit(maintenance, manifest));
        let durable = match saved {
            Ok(durable) => durable,
            Err(error) => {
                self.remove_blocks(&written);
                let _ = self
                    .files
                    .remove(&checkpoint::path(&self.dir, pending.segment));
                return Err(error.into());
            }
        };
        {
            let mut state = self.state.write();
            let mut next = State::clone(&state);
            next.frozen = None;
            next.blocks.extend(blocks);
            next.blocks.sort_by_key(|b| (b.meta().seq, b.id()));
            *state = Arc::new(next);
        }
        if !durable {
            return Ok(());
        }
        // What is left of these is removed at the next start.
        if let Err(error) = self.wal.truncate_before(pending.segment) {
            tracing::warn!(%error, "the log that blocks replaced cannot be removed");
        }
        if before != pending.segment {
            let _ = self.files.remove(&checkpoint::path(&self.dir, before));
        }
        Ok(())
    }

    fn write_checkpoint(&self, pending: &Pending) -> Result<(), Error> {
        let path = checkpoint::path(&self.dir, pending.segment);
        let registry = pending.next.registry.read();
        let bytes = checkpoint::encode(
            &registry,
            pending.names,
            &pending.lasts,
            &self.exemplars.lock(),
            &self.families.read(),
        )
        .map_err(Error::io("compress", &path))?;
        drop(registry);
        durable::replace(&*self.files, &path, &bytes)
    }

    /// Writes the generation as blocks, one for each window. Nothing is left behind
    /// when it fails.
    fn write_blocks(
        &self,
        next_id: &mut u64,
        head: &HeadPart,
    ) -> Result<Vec<Arc<Block>>, EngineError> {
        let generation = head.generation.read();
        let Some((min_ms, max_ms)) = generation.time_range() else {
            return Ok(Vec::new());
        };
        let order = {
            let registry = head.registry.read();
            let mut order: Vec<SeriesId> = (0..generation.tails().len() as u32)
                .filter(|&id| generation.tail(id).is_some_and(|t| t.len() > 0))
                .collect();
            block::order(&registry, &mut order);
            order
        };
        let width_ms = self.flush_window_ms(min_ms, max_ms);
        let mut blocks: Vec<Arc<Block>> = Vec::new();
        for window in occupied_windows(&generation, width_ms) {
            let id = *next_id;
            *next_id += 1;
            match self.write_window(id, head, &generation, &order, (window, width_ms)) {
                Ok(Some(block)) => blocks.push(block),
                Ok(None) => {}
                Err(error) => {
                    self.remove_blocks(&blocks.iter().map(|b| b.id()).collect::<Vec<_>>());
                    return Err(error);
                }
            }
        }
        Ok(blocks)
    }

    fn flush_window_ms(&self, min_ms: i64, max_ms: i64) -> i64 {
        let windows = plan::windows(&self.options);
        let fits = |w: &&i64| {
            max_ms
                .div_euclid(**w)
                .saturating_sub(min_ms.div_euclid(**w))
                < WINDOWS_MAX
        };
        windows
            .iter()
            .find(fits)
            .or(windows.last())
            .copied()
            .unwrap_or(self.options.block_ms)
    }

    fn write_window(
        &self,
        id: u64,
        head: &HeadPart,
        generation: &Generation,
        order: &[SeriesId],
        (window, width_ms): (i64, i64),
    ) -> Result<Option<Arc<Block>>, EngineError> {
        let path = block::path(&blocks_dir(&self.dir), id);
        let start_ms = window.saturating_mul(width_ms);
        let end_ms = start_ms.saturating_add(width_ms - 1);
        let mut builder = Builder::create(Arc::clone(&self.files), &path, id, Effort::Quick)?;
        let mut samples = Samples::default();
        let mut row: Vec<u32> = Vec::new();
        for &series in order {
            let Some(tail) = generation.tail(series) else {
                continue;
            };
            samples.clear();
            tail.read(tail.len(), start_ms, end_ms, &mut samples);
            if samples.is_empty() {
                continue;
            }
            row.clear();
            row.extend_from_slice(head.registry.read().row(series));
            builder.push(&row, &samples.times_ms, &samples.values)?;
        }
        if builder.is_empty() {
            return Ok(None);
        }
        builder.finish(&head.registry.read(), &path)?;
        Ok(Some(self.open_block(id)?))
    }
}

/// The windows that the generation has samples of, ascending.
fn occupied_windows(generation: &Generation, width_ms: i64) -> Vec<i64> {
    let Some((min_ms, max_ms)) = generation.time_range() else {
        return Vec::new();
    };
    let (first, last) = (min_ms.div_euclid(width_ms), max_ms.div_euclid(width_ms));
    if last.saturating_sub(first) < 64 {
        return (first..=last).collect();
    }
    // Far apart, as after a clock that jumped: only windows with samples.
    let mut windows: HashSet<i64> = HashSet::new();
    for tail in generation.tails() {
        windows.extend((0..tail.len()).map(|i| tail.get(i).0.div_euclid(width_ms)));
    }
    let mut windows: Vec<i64> = windows.into_iter().collect();
    windows.sort_unstable();
    windows
}
