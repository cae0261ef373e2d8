//! Reading: a consistent view of parts and head, page by page and piece by piece.

use std::collections::HashMap;
use std::sync::Arc;

use binnacle_model::event::select::{Lines, Run, StreamVolume, Unit};
use binnacle_model::event::{Condition, EventSelection, EventSet, Rows};
use binnacle_model::limits::Meter;
use binnacle_model::select::SelectError;
use binnacle_model::{Labels, Matcher};

use crate::engine::{Inner, View};
use crate::head::Piece;
use crate::page::{Page, Words};
use crate::part::Part;
use crate::tombstones::Tombstone;

mod memory;

pub(crate) use memory::keep_rows;

/// Where a unit comes from.
enum From {
    Piece(Arc<Piece>),
    Page { part: usize, page: usize },
}

/// A part with what of it is selected.
struct Opened {
    part: Arc<Part>,
    /// For each of its streams the number in the set.
    streams: Vec<Option<u32>>,
    /// What hides rows of it.
    tombstones: Vec<Arc<Tombstone>>,
}

/// See [`EventSet`].
pub(crate) struct Set {
    selection: EventSelection,
    needed: Vec<Vec<Words>>,
    labels: Vec<Labels>,
    /// Number in the registry to number in the set.
    numbers: HashMap<u32, u32>,
    parts: Vec<Opened>,
    units: Vec<Unit>,
    from: Vec<From>,
    meter: Arc<Meter>,
}

impl Inner {
    pub(crate) fn select_set(
        &self,
        selection: &EventSelection,
        meter: &Arc<Meter>,
    ) -> Result<Set, SelectError> {
        let (view, ids, labels) = self.view_of(&selection.matchers);
        meter.check()?;
        let limit = meter.limits().series_max;
        if ids.len() as u64 > limit {
            return Err(binnacle_model::limits::Stopped::Limit {
                what: "streams",
                limit,
            }
            .into());
        }
        let numbers: HashMap<u32, u32> = ids.iter().copied().zip(0..).collect();
        let mut set = Set {
            needed: selection
                .conditions
                .iter()
                .filter_map(Words::of_condition)
                .collect(),
            selection: selection.clone(),
            labels,
            numbers,
            parts: Vec::new(),
            units: Vec::new(),
            from: Vec::new(),
            meter: meter.clone(),
        };
        set.add_parts(&view);
        set.add_head(&view);
        Ok(set)
    }

    /// The view now, and the streams that match with their labels.
    fn view_of(&self, matchers: &[Matcher]) -> (View, Vec<u32>, Vec<Labels>) {
        let state = self.state.read();
        let ids = state.registry.select(matchers);
        let labels = ids
            .iter()
            .map(|id| state.registry.labels(*id).clone())
            .collect();
        (state.view(), ids, labels)
    }

    pub(crate) fn volumes_of(
        &self,
        matchers: &[Matcher],
        start_ns: i64,
        end_ns: i64,
        meter: &Meter,
    ) -> Result<Vec<StreamVolume>, SelectError> {
        let (view, ids, labels) = self.view_of(matchers);
        let numbers: HashMap<u32, usize> = ids.iter().copied().zip(0..).collect();
        let mut volumes: Vec<StreamVolume> = labels
            .into_iter()
            .map(|labels| StreamVolume {
                labels,
                rows: 0,
                bytes: 0,
                chunks: 0,
            })
            .collect();
        for part in &view.parts {
            meter.check()?;
            for run in part.pages.iter().flat_map(|page| &page.runs) {
                if run.max_ns < start_ns || run.min_ns >= end_ns {
                    continue;
                }
                if let Some(&at) = numbers.get(&part.streams[run.stream as usize]) {
                    volumes[at].rows += u64::from(run.rows);
                    volumes[at].bytes += run.bytes;
                    volumes[at].chunks += 1;
                }
            }
        }
        for piece in view.pieces() {
            memory::add_volumes(piece, start_ns, end_ns, &numbers, &mut volumes);
        }
        volumes.retain(|v| v.rows > 0);
        volumes.sort_by(|a, b| a.labels.cmp(&b.labels));
        Ok(volumes)
    }
}

impl Set {
    fn add_parts(&mut self, view: &View) {
        let (start_ns, end_ns) = (self.selection.start_ns, self.selection.end_ns);
        for part in &view.parts {
            let streams: Vec<Option<u32>> = part
                .streams
                .iter()
                .map(|id| self.numbers.get(id).copied())
                .collect();
            let tombstones: Vec<Arc<Tombstone>> = view
                .tombstones
                .iter()
                .filter(|t| !t.done && part.meta.id < t.before_part)
                .filter(|t| {
                    let touches = |(labels, number): (&Labels, &Option<u32>)| {
                        number.is_some() && t.touches(labels)
                    };
                    part.labels.iter().zip(&streams).any(touches)
                })
                .cloned()
                .collect();
            let at = self.parts.len();
            for (number, page) in part.pages.iter().enumerate() {
                let own = page.runs.iter().filter(|run| {
                    streams[run.stream as usize].is_some()
                        && run.max_ns >= start_ns
                        && run.min_ns < end_ns
                });
                let mut unit = Unit {
                    min_ns: i64::MAX,
                    max_ns: i64::MIN,
                    rows: 0,
                };
                for run in own {
                    unit.min_ns = unit.min_ns.min(run.min_ns);
                    unit.max_ns = unit.max_ns.max(run.max_ns);
                    unit.rows += u64::from(run.rows);
                }
                if unit.rows > 0 {
                    self.units.push(unit);
                    self.from.push(From::Page {
                        part: at,
                        page: number,
                    });
                }
            }
            self.parts.push(Opened {
                part: part.clone(),
                streams,
                tombstones,
            });
        }
    }

    fn add_head(&mut self, view: &View) {
        for piece in view.pieces() {
            if piece.max_ns < self.selection.start_ns || piece.min_ns >= self.selection.end_ns {
                continue;
            }
            let rows: u64 = piece
                .streams
                .iter()
                .zip(&piece.batch.streams)
                .filter(|(id, _)| self.numbers.contains_key(id))
                .map(|(_, stream)| u64::from(stream.rows.end - stream.rows.start))
                .sum();
            if rows > 0 {
                self.units.push(Unit {
                    min_ns: piece.min_ns,
                    max_ns: piece.max_ns,
                    rows,
                });
                self.from.push(From::Piece(piece.clone()));
            }
        }
    }

    fn read_page(
        &self,
        opened: &Opened,
        page: usize,
        start_ns: i64,
        end_ns: i64,
        out: &mut Rows,
    ) -> Result<(), SelectError> {
        let storage = |e: binnacle_store::Error| SelectError::Storage {
            message: e.to_string(),
        };
        let meta = &opened.part.pages[page];
        let bytes = opened.part.page(meta).map_err(storage)?;
        let corrupt = |e: binnacle_store::Malformed| storage(opened.part.corrupt(meta, &e));
        let reader = Page::open(meta, bytes).map_err(corrupt)?;
        if !reader.may_match(&self.needed) {
            return Ok(());
        }
        let stream_of = |stream: u32| opened.streams[stream as usize];
        if opened.tombstones.is_empty() {
            return reader
                .read(stream_of, start_ns, end_ns, &self.selection, out)
                .map_err(corrupt);
        }
        let mut with_lines = self.selection.clone();
        with_lines.wanted.lines = Lines::All;
        reader
            .read(stream_of, start_ns, end_ns, &with_lines, out)
            .map_err(corrupt)?;
        memory::hide(
            &opened.tombstones,
            &self.labels,
            &self.selection.wanted,
            out,
        );
        Ok(())
    }
}

impl EventSet for Set {
    fn units(&self) -> &[Unit] {
        &self.units
    }

    fn streams(&self) -> usize {
        self.labels.len()
    }

    fn labels(&self, stream: u32) -> Labels {
        self.labels[stream as usize].clone()
    }

    fn applies(&self, condition: usize) -> bool {
        !matches!(
            self.selection.conditions[condition],
            Condition::Extracted { .. }
        )
    }

    fn runs(&self, unit: usize) -> Option<Vec<Run>> {
        let From::Page { part, page } = &self.from[unit] else {
            return None;
        };
        let known = &self.units[unit];
        let is_inside =
            known.min_ns >= self.selection.start_ns && known.max_ns < self.selection.end_ns;
        let opened = &self.parts[*part];
        if !is_inside || !self.selection.conditions.is_empty() || !opened.tombstones.is_empty() {
            return None;
        }
        let runs = opened.part.pages[*page].runs.iter().filter_map(|run| {
            Some(Run {
                stream: opened.streams[run.stream as usize]?,
                rows: u64::from(run.rows),
                line_bytes: run.line_bytes,
                min_ns: run.min_ns,
                max_ns: run.max_ns,
            })
        });
        Some(runs.collect())
    }

    fn read(
        &self,
        unit: usize,
        start_ns: i64,
        end_ns: i64,
        out: &mut Rows,
    ) -> Result<(), SelectError> {
        out.clear();
        self.meter.check()?;
        let start_ns = start_ns.max(self.selection.start_ns);
        let end_ns = end_ns.min(self.selection.end_ns);
        match &self.from[unit] {
            From::Page { part, page } => {
                self.read_page(&self.parts[*part], *page, start_ns, end_ns, out)
            }
            From::Piece(piece) => {
                memory::read(piece, &self.numbers, start_ns, end_ns, &self.selection, out);
                Ok(())
            }
        }
    }
}
