//! Reading: the engine's side of `model::select`.
//!
//! A query takes one look at the engine's state (which blocks, which generations)
//! and keeps it; what is flushed, merged or removed meanwhile stays readable until
//! the query lets go. Locks of the head are held for one pass over the matching
//! series when a selection is made, and for one series at a time when it is read.

mod cardinality;
pub(crate) mod index;
mod labels;
mod series;
mod set;

use std::sync::Arc;

use binnacle_model::limits::{Meter, Stopped};
use binnacle_model::matcher::Matcher;
use binnacle_model::select::{Select, SelectError, Selection, SeriesSet};
use hashbrown::HashMap;
use roaring::RoaringBitmap;

use crate::engine::{HeadPart, Inner, State};
use crate::error::EngineError;
use set::{Part, Set, Source};

/// Series between two looks at the meter.
const CHECK_EVERY: usize = 8192;

impl Inner {
    fn select(
        &self,
        selection: &Selection,
        sorted: bool,
        meter: &Meter,
    ) -> Result<Set, EngineError> {
        let state = self.state();
        let mut gather = Gather::new(meter);
        for block in &state.blocks {
            if block.meta().overlaps(selection.start_ms, selection.end_ms) {
                gather.block(block, selection)?;
            }
        }
        for head in heads(&state) {
            gather.head(head, selection)?;
        }
        let mut set = gather.finish(Arc::clone(&self.stats), self.hash)?;
        if sorted {
            sort(&mut set, meter)?;
        }
        Ok(set)
    }
}

/// The generations from old to new.
fn heads(state: &State) -> impl Iterator<Item = &HeadPart> {
    state.frozen.iter().chain(std::iter::once(&state.active))
}

/// Collects parts source by source.
struct Gather<'a> {
    meter: &'a Meter,
    sources: Vec<Source>,
    /// For each source, its series.
    found: Vec<Vec<Part>>,
}

impl<'a> Gather<'a> {
    fn new(meter: &'a Meter) -> Self {
        Self {
            meter,
            sources: Vec::new(),
            found: Vec::new(),
        }
    }

    fn block(
        &mut self,
        block: &Arc<crate::block::Block>,
        selection: &Selection,
    ) -> Result<(), EngineError> {
        self.meter.check()?;
        let ids = index::find(block.as_ref(), &selection.matchers, self.meter)?;
        self.limit(&ids)?;
        let source = self.sources.len() as u32;
        let mut parts = Vec::with_capacity(ids.len() as usize);
        for (i, id) in ids.iter().enumerate() {
            if i % CHECK_EVERY == 0 {
                self.meter.check()?;
            }
            if block.series_overlaps(id, selection.start_ms, selection.end_ms)? {
                parts.push(Part {
                    source,
                    id,
                    samples: 0,
                });
            }
        }
        self.add(Source::Block(Arc::clone(block)), parts);
        Ok(())
    }

    fn head(&mut self, head: &HeadPart, selection: &Selection) -> Result<(), EngineError> {
        if !head
            .generation
            .read()
            .overlaps(selection.start_ms, selection.end_ms)
        {
            return Ok(());
        }
        self.meter.check()?;
        let ids = index::find(&*head.registry.read(), &selection.matchers, self.meter)?;
        self.limit(&ids)?;
        let source = self.sources.len() as u32;
        let mut parts = Vec::with_capacity(ids.len() as usize);
        let generation = head.generation.read();
        for id in &ids {
            let Some(tail) = generation.tail(id) else {
                continue;
            };
            if tail.overlaps(selection.start_ms, selection.end_ms) {
                parts.push(Part {
                    source,
                    id,
                    samples: tail.len() as u32,
                });
            }
        }
        drop(generation);
        self.add(Source::Head(head.clone()), parts);
        Ok(())
    }

    fn limit(&self, ids: &RoaringBitmap) -> Result<(), EngineError> {
        let limit = self.meter.limits().series_max;
        if ids.len() > limit {
            return Err(Stopped::Limit {
                what: "series",
                limit,
            }
            .into());
        }
        Ok(())
    }

    fn add(&mut self, source: Source, parts: Vec<Part>) {
        self.sources.push(source);
        self.found.push(parts);
    }

    /// Joins the parts of the same series.
    fn finish(
        mut self,
        on_corrupt: Arc<crate::stats::Counters>,
        hash: binnacle_stdx::hash::HashKey,
    ) -> Result<Set, EngineError> {
        let filled = self.found.iter().filter(|parts| !parts.is_empty()).count();
        if filled <= 1 {
            let parts: Vec<Part> = self.found.into_iter().flatten().collect();
            let ends = (1..=parts.len() as u32).collect();
            return Ok(Set {
                sources: self.sources,
                parts,
                ends,
                on_corrupt,
            });
        }
        let mut numbers: HashMap<u128, u32, KeyHasher> = HashMap::with_hasher(KeyHasher);
        let mut of_part: Vec<u32> = Vec::new();
        for (source, parts) in self.sources.iter().zip(&self.found) {
            numbers.reserve(parts.len());
            match source {
                Source::Block(block) => {
                    for part in parts {
                        let key = block.key_of(part.id, hash)?;
                        let next = numbers.len() as u32;
                        of_part.push(*numbers.entry(key).or_insert(next));
                    }
                }
                Source::Head(head) => {
                    let registry = head.registry.read();
                    for part in parts {
                        let next = numbers.len() as u32;
                        of_part.push(*numbers.entry(registry.key_of(part.id)).or_insert(next));
                    }
                }
            }
            self.meter.check()?;
        }
        // Counting sort by series; parts of a series stay in order of the sources.
        let mut ends = vec![0u32; numbers.len()];
        for &number in &of_part {
            ends[number as usize] += 1;
        }
        let mut next = 0;
        for end in &mut ends {
            next += std::mem::replace(end, next);
        }
        let mut parts = vec![
            Part {
                source: 0,
                id: 0,
                samples: 0
            };
            of_part.len()
        ];
        for (part, number) in self.found.drain(..).flatten().zip(of_part) {
            let at = &mut ends[number as usize];
            parts[*at as usize] = part;
            *at += 1;
        }
        Ok(Set {
            sources: self.sources,
            parts,
            ends,
            on_corrupt,
        })
    }
}

/// Series keys are hashes already.
#[derive(Clone, Copy, Default)]
struct KeyHasher;

impl std::hash::BuildHasher for KeyHasher {
    type Hasher = KeyBits;
    fn build_hasher(&self) -> KeyBits {
        KeyBits(0)
    }
}

struct KeyBits(u64);

impl std::hash::Hasher for KeyBits {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(byte);
        }
    }
    fn write_u128(&mut self, key: u128) {
        self.0 = key as u64;
    }
}

/// Puts the series into the order of their labels.
fn sort(set: &mut Set, meter: &Meter) -> Result<(), EngineError> {
    let mut order = Vec::with_capacity(set.len());
    for i in 0..set.len() {
        if i % CHECK_EVERY == 0 {
            meter.check()?;
        }
        order.push((set.try_labels(i)?, i));
    }
    order.sort_unstable_by(|a, b| a.0.cmp(&b.0));
    let mut parts = Vec::with_capacity(set.parts.len());
    let mut ends = Vec::with_capacity(set.ends.len());
    for (_, i) in order {
        parts.extend_from_slice(set.parts_of(i));
        ends.push(parts.len() as u32);
    }
    set.parts = parts;
    set.ends = ends;
    Ok(())
}

impl Select for crate::Engine {
    fn select(
        &self,
        selection: &Selection,
        sorted: bool,
        meter: &Arc<Meter>,
    ) -> Result<Box<dyn SeriesSet>, SelectError> {
        Ok(Box::new(self.inner.select(selection, sorted, meter)?))
    }

    fn label_names(
        &self,
        matchers: &[Matcher],
        start_ms: i64,
        end_ms: i64,
        meter: &Meter,
    ) -> Result<Vec<String>, SelectError> {
        Ok(self.inner.label_names(matchers, start_ms, end_ms, meter)?)
    }

    fn label_values(
        &self,
        name: &str,
        matchers: &[Matcher],
        start_ms: i64,
        end_ms: i64,
        meter: &Meter,
    ) -> Result<Vec<String>, SelectError> {
        Ok(self
            .inner
            .label_values(name, matchers, start_ms, end_ms, meter)?)
    }
}
