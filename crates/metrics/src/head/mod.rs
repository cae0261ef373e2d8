//! The head: samples that are in the write-ahead log and not in a block yet.
//!
//! The head is cut into *generations*. One generation takes samples; a flush
//! freezes it, writes it out as blocks, and only when those are in the manifest is
//! it dropped together with its part of the log. A frozen generation never changes,
//! so a query that began before the flush reads on from what it holds.
//!
//! Samples are held raw ([`tail`]): a generation is flushed by size and by age
//! (`EngineOptions::head_samples`, `head_age_ms`), so what sealing small chunks in
//! memory would save is bounded, and the newest data are the cheapest to read.
//! Decision 0002 has the numbers.
//!
//! Not here: labels (the registry has them), files.

mod tail;

pub(crate) use tail::Tail;

use std::sync::atomic::{AtomicI64, Ordering::Relaxed};

use crate::registry::SeriesId;

/// One generation: tails under the numbers of one registry.
#[derive(Debug)]
pub(crate) struct Generation {
    tails: Vec<Tail>,
    samples: u64,
    min_t_ms: i64,
    max_t_ms: i64,
    /// The clock when there was no sample yet, or soon after.
    since_ms: AtomicI64,
}

impl Generation {
    /// An empty generation that goes on from these newest samples.
    pub(crate) fn after(lasts: impl Iterator<Item = (i64, f64)>, now_ms: i64) -> Self {
        Self {
            tails: lasts
                .map(|(t_ms, value)| Tail::after(t_ms, value))
                .collect(),
            samples: 0,
            min_t_ms: i64::MAX,
            max_t_ms: i64::MIN,
            since_ms: AtomicI64::new(now_ms),
        }
    }

    /// Makes room for series up to `len`.
    pub(crate) fn grow(&mut self, len: usize) {
        if self.tails.len() < len {
            self.tails.resize_with(len, Tail::default);
        }
    }

    /// The tail of a series; `None` when it was registered after this generation.
    pub(crate) fn tail(&self, id: SeriesId) -> Option<&Tail> {
        self.tails.get(id as usize)
    }

    /// All tails, by series number.
    pub(crate) fn tails(&self) -> &[Tail] {
        &self.tails
    }

    /// Adds a sample of a series that there is room for.
    pub(crate) fn push(&mut self, id: SeriesId, t_ms: i64, value: f64) {
        self.tails[id as usize].push(t_ms, value);
        self.samples += 1;
        self.min_t_ms = self.min_t_ms.min(t_ms);
        self.max_t_ms = self.max_t_ms.max(t_ms);
    }

    /// How long, by the clock, there have been samples; to be asked now and then.
    pub(crate) fn age_ms(&self, now_ms: i64) -> i64 {
        if self.samples == 0 {
            self.since_ms.store(now_ms, Relaxed);
        }
        // A clock that was put back counts as well: there is no telling how long.
        now_ms
            .saturating_sub(self.since_ms.load(Relaxed))
            .saturating_abs()
    }

    /// Says that the samples here began to come at that time.
    pub(crate) fn set_since(&self, since_ms: i64) {
        self.since_ms.store(since_ms, Relaxed);
    }

    /// How many samples there are.
    pub(crate) fn samples(&self) -> u64 {
        self.samples
    }

    /// Oldest and newest time, or `None` when there is no sample.
    pub(crate) fn time_range(&self) -> Option<(i64, i64)> {
        (self.samples > 0).then_some((self.min_t_ms, self.max_t_ms))
    }

    /// Whether a sample of the range may be here.
    pub(crate) fn overlaps(&self, start_ms: i64, end_ms: i64) -> bool {
        self.samples > 0 && self.min_t_ms <= end_ms && self.max_t_ms >= start_ms
    }
}
