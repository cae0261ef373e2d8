//! What a selection found: for each series the places that may hold samples of it.
//!
//! A series' parts stand from the oldest source to the newest; where two have a
//! sample of the same time, the newer source wins. The parts of the head carry how
//! many samples there were when the selection was made, and samples are only ever
//! added behind those, so a batch that comes later stays invisible as a whole
//! although it lands in the same memory.

use std::collections::hash_map::Entry;
use std::sync::Arc;

use binnacle_model::labels::{Labels, METRIC_NAME};
use binnacle_model::sample::{Sample, Samples};
use binnacle_model::select::{Latest, SelectError, SeriesSet};

use super::index::LabelIndex;
use crate::block::Block;
use crate::engine::HeadPart;
use crate::error::EngineError;
use crate::samples::join_runs;

/// Where samples come from.
pub(super) enum Source {
    Block(Arc<Block>),
    Head(HeadPart),
}

impl Source {
    /// Runs `run` on the source's labels.
    fn with_index<T>(&self, run: impl FnOnce(&dyn LabelIndex) -> T) -> T {
        match self {
            Self::Block(block) => run(block.as_ref()),
            Self::Head(head) => run(&*head.registry.read()),
        }
    }

    /// The newest time that may be there.
    fn max_t_ms(&self) -> i64 {
        match self {
            Self::Block(block) => block.meta().max_t_ms,
            Self::Head(_) => i64::MAX,
        }
    }
}

/// One series in one source.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part {
    /// Index into the sources.
    pub(super) source: u32,
    /// The series' number there.
    pub(super) id: u32,
    /// How many of the samples there belong to the answer; for the head only.
    pub(super) samples: u32,
}

/// See the module's text.
pub(super) struct Set {
    pub(super) sources: Vec<Source>,
    pub(super) parts: Vec<Part>,
    /// End of each series' parts.
    pub(super) ends: Vec<u32>,
    pub(super) on_corrupt: Arc<crate::stats::Counters>,
}

impl Set {
    pub(super) fn parts_of(&self, i: usize) -> &[Part] {
        let start = if i == 0 { 0 } else { self.ends[i - 1] as usize };
        &self.parts[start..self.ends[i] as usize]
    }

    fn read_part(
        &self,
        part: Part,
        start_ms: i64,
        end_ms: i64,
        out: &mut Samples,
    ) -> Result<(), EngineError> {
        match &self.sources[part.source as usize] {
            Source::Block(block) => block.read(part.id, start_ms, end_ms, out),
            Source::Head(head) => {
                if let Some(tail) = head.generation.read().tail(part.id) {
                    tail.read(part.samples as usize, start_ms, end_ms, out);
                }
                Ok(())
            }
        }
    }

    fn latest_part(
        &self,
        part: Part,
        after_ms: i64,
        at_ms: i64,
    ) -> Result<Option<(i64, f64)>, EngineError> {
        match &self.sources[part.source as usize] {
            Source::Block(block) => block.latest(part.id, after_ms, at_ms),
            Source::Head(head) => {
                let generation = head.generation.read();
                Ok(generation
                    .tail(part.id)
                    .and_then(|t| t.latest(part.samples as usize, after_ms, at_ms)))
            }
        }
    }

    fn failed(&self, error: EngineError) -> SelectError {
        if let EngineError::Store(binnacle_store::Error::Corrupt { .. }) = error {
            self.on_corrupt
                .corrupt_reads
                .fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        }
        error.into()
    }

    /// Labels of series `i`.
    pub(super) fn try_labels(&self, i: usize) -> Result<Labels, EngineError> {
        let Some(part) = self.parts_of(i).last() else {
            return Ok(Labels::empty());
        };
        labels_of(&self.sources[part.source as usize], part.id)
    }
}

fn labels_of(source: &Source, id: u32) -> Result<Labels, EngineError> {
    match source {
        Source::Block(block) => block.labels(id),
        Source::Head(head) => Ok(head.registry.read().labels(id)),
    }
}

impl SeriesSet for Set {
    fn len(&self) -> usize {
        self.ends.len()
    }

    fn labels(&self, i: usize) -> Labels {
        // The row was read when the series was selected, so this cannot fail.
        self.try_labels(i).unwrap_or_default()
    }

    fn read(
        &self,
        i: usize,
        start_ms: i64,
        end_ms: i64,
        out: &mut Samples,
    ) -> Result<(), SelectError> {
        let begin = out.len();
        for &part in self.parts_of(i) {
            let before = out.len();
            self.read_part(part, start_ms, end_ms, out)
                .map_err(|e| self.failed(e))?;
            join_runs(out, begin, before);
        }
        Ok(())
    }

    fn latest(&self, i: usize, after_ms: i64, at_ms: i64) -> Result<Option<Latest>, SelectError> {
        let mut found: Option<(i64, f64)> = None;
        for &part in self.parts_of(i).iter().rev() {
            let newer_than = found.map_or(after_ms, |f| f.0);
            if self.sources[part.source as usize].max_t_ms() <= newer_than {
                continue;
            }
            let here = self
                .latest_part(part, newer_than, at_ms)
                .map_err(|e| self.failed(e))?;
            found = here.or(found);
        }
        Ok(found.map(|(t_ms, value)| Latest::Float(Sample { t_ms, value })))
    }

    fn groups(&self, names: &[String], by: bool) -> (Vec<u32>, Vec<Labels>) {
        let mut groups = Groups::default();
        let mut of_series = vec![0; self.len()];
        for (number, source) in self.sources.iter().enumerate() {
            source.with_index(|index| {
                let wanted = Projection { index, names, by };
                for (i, of) in of_series.iter_mut().enumerate() {
                    if let Some(part) = self
                        .parts_of(i)
                        .last()
                        .filter(|p| p.source as usize == number)
                    {
                        *of = groups.of(&wanted, part.id);
                    }
                }
            });
            groups.next_source();
        }
        (of_series, groups.labels)
    }
}

/// Which labels make the group.
struct Projection<'a> {
    index: &'a dyn LabelIndex,
    names: &'a [String],
    by: bool,
}

/// Groups found so far. Series are grouped by pair numbers within a source, and
/// only the first of each group has its labels built.
#[derive(Default)]
struct Groups {
    /// For each pair of the source that was met: whether it counts.
    counts: Vec<Option<bool>>,
    rows: std::collections::HashMap<Box<[u32]>, u32>,
    ids: std::collections::HashMap<Labels, u32>,
    labels: Vec<Labels>,
    row: Vec<u32>,
}

impl Groups {
    fn next_source(&mut self) {
        self.counts.clear();
        self.rows.clear();
    }

    fn of(&mut self, wanted: &Projection<'_>, id: u32) -> u32 {
        let mut row = std::mem::take(&mut self.row);
        row.clear();
        // A row that cannot be read was reported when the series was selected.
        let _ = wanted.index.visit_row(id, &mut |pair| {
            if self.counts_for(wanted, pair) {
                row.push(pair);
            }
        });
        let group = match self.rows.get(row.as_slice()) {
            Some(&group) => group,
            None => {
                let group = self.of_labels(build(wanted.index, &row));
                self.rows.insert(row.as_slice().into(), group);
                group
            }
        };
        self.row = row;
        group
    }

    fn counts_for(&mut self, wanted: &Projection<'_>, pair: u32) -> bool {
        let at = pair as usize;
        if self.counts.len() <= at {
            self.counts.resize(at + 1, None);
        }
        *self.counts[at].get_or_insert_with(|| {
            let mut named = false;
            let _ = wanted.index.visit_text(pair, &mut |name, _| {
                let listed = wanted.names.iter().any(|n| n == name);
                named = if wanted.by {
                    listed
                } else {
                    !listed && name != METRIC_NAME
                };
            });
            named
        })
    }

    fn of_labels(&mut self, labels: Labels) -> u32 {
        match self.ids.entry(labels) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(free) => {
                let group = self.labels.len() as u32;
                self.labels.push(free.key().clone());
                *free.insert(group)
            }
        }
    }
}

fn build(index: &dyn LabelIndex, row: &[u32]) -> Labels {
    let mut pairs = Vec::with_capacity(row.len());
    for &pair in row {
        let _ = index.visit_text(pair, &mut |name, value| {
            pairs.push((name.to_owned(), value.to_owned()));
        });
    }
    Labels::from_pairs(pairs)
}
