//! What a selection found.

use std::ops::Range;
use std::sync::Arc;

use binnacle_model::Labels;
use binnacle_model::event::select::{Run, Unit};
use binnacle_model::event::{EventSelection, EventSet, Rows};
use binnacle_model::limits::Meter;
use binnacle_model::select::SelectError;
use binnacle_store::Error;

use super::hide::{hide, widened};
use super::memory::{self, PickedRun};
use super::{Found, join, storage};
use crate::block::{self, Block, Probe};
use crate::head::Piece;
use crate::part::{Part, PartRun};
use crate::stats::{Counters, count};
use crate::tombstones::Tombstone;

/// Where a unit comes from.
enum Origin {
    Piece {
        piece: Arc<Piece>,
        picked: Vec<PickedRun>,
    },
    Block {
        /// Place in [`Set::parts`].
        part: usize,
        /// Places in [`Opened::picked`].
        picked: Range<usize>,
        /// Whether some of its rows may be deleted.
        has_deleted: bool,
    },
}

/// A run of a block that is selected.
#[derive(Clone, Copy)]
pub(super) struct Picked {
    pub(super) run: PartRun,
    /// The stream's number in the set.
    pub(super) number: u32,
}

/// A part with what of it is selected.
pub(super) struct Opened {
    pub(super) part: Arc<Part>,
    /// By block and by the stream's number in it.
    pub(super) picked: Vec<Picked>,
    /// Places in [`Hiding::list`] of what may hide rows of it.
    pub(super) hiding: Vec<usize>,
}

/// Tombstones that are about streams of a set.
#[derive(Default)]
pub(super) struct Hiding {
    list: Vec<Arc<Tombstone>>,
    /// For each the numbers of its streams in the set, ascending.
    streams: Vec<Vec<u32>>,
}

impl Hiding {
    /// Those of the tombstones that hide rows of these streams.
    pub(super) fn of(tombstones: &[Arc<Tombstone>], labels: &[Labels]) -> Self {
        let mut hiding = Self::default();
        for tombstone in tombstones.iter().filter(|t| !t.done) {
            let touched = |(_, labels): &(u32, &Labels)| tombstone.touches(labels);
            let numbered = (0..).zip(labels).filter(touched);
            let streams: Vec<u32> = numbered.map(|(number, _)| number).collect();
            if !streams.is_empty() {
                hiding.list.push(tombstone.clone());
                hiding.streams.push(streams);
            }
        }
        hiding
    }

    fn of_part(&self, part: &Part) -> Vec<usize> {
        let applies = |n: &usize| self.list[*n].applies(part.meta.id, part.min_ns, part.max_ns);
        (0..self.list.len()).filter(applies).collect()
    }

    fn touches(&self, n: usize, number: u32) -> bool {
        self.streams[n].binary_search(&number).is_ok()
    }

    /// Whether rows of a run may be deleted.
    pub(super) fn may_hide(&self, opened: &Opened, picked: &Picked) -> bool {
        opened.hiding.iter().any(|&n| {
            self.list[n].overlaps(picked.run.min_ns, picked.run.max_ns)
                && self.touches(n, picked.number)
        })
    }

    /// Reads a block that may have deleted rows, without them.
    pub(super) fn read(
        &self,
        opened: &Opened,
        selection: &EventSelection,
        read: impl FnOnce(&EventSelection, &mut Rows) -> Result<(), Error>,
        out: &mut Rows,
    ) -> Result<(), Error> {
        let list: Vec<Arc<Tombstone>> = opened
            .hiding
            .iter()
            .map(|&n| self.list[n].clone())
            .collect();
        read(&widened(selection, &list), out)?;
        let touches = |at: usize, number: u32| self.touches(opened.hiding[at], number);
        hide(&list, touches, selection, out);
        Ok(())
    }
}

impl Opened {
    /// The runs of a part that are of these streams and have rows in the range; `None`
    /// when there is none.
    pub(super) fn pick(
        part: &Arc<Part>,
        ids: &[u32],
        start_ns: i64,
        end_ns: i64,
        hiding: &Hiding,
    ) -> Result<Option<Self>, Error> {
        if part.max_ns < start_ns || part.min_ns >= end_ns {
            return Ok(None);
        }
        let runs = part.runs()?;
        let mut picked = Vec::new();
        let mut failed = None;
        join(ids, &part.streams, |number, local| {
            for run in runs.of_stream(local) {
                match runs.get(run) {
                    Ok(run) if run.max_ns >= start_ns && run.min_ns < end_ns => {
                        picked.push(Picked { run, number });
                    }
                    Ok(_) => {}
                    Err(error) => failed = Some(error),
                }
            }
        });
        if let Some(error) = failed {
            return Err(error);
        }
        if picked.is_empty() {
            return Ok(None);
        }
        picked.sort_unstable_by_key(|p| (p.run.block, p.run.in_block));
        Ok(Some(Self {
            part: part.clone(),
            hiding: hiding.of_part(part),
            picked,
        }))
    }

    /// Places in [`Self::picked`] by block.
    pub(super) fn by_block(&self) -> impl Iterator<Item = Range<usize>> {
        let mut from = 0;
        self.picked
            .chunk_by(|a, b| a.run.block == b.run.block)
            .map(move |runs| {
                from += runs.len();
                from - runs.len()..from
            })
    }

    /// Reads the picked rows of a block; all runs of `picked` are of it.
    pub(super) fn read(
        &self,
        picked: &[Picked],
        probe: &Probe,
        start_ns: i64,
        end_ns: i64,
        selection: &EventSelection,
        out: &mut Rows,
    ) -> Result<(), Error> {
        let Some(entry) = picked
            .first()
            .and_then(|p| self.part.blocks.get(p.run.block as usize))
        else {
            return Ok(());
        };
        let bytes = self.part.block(entry)?;
        let corrupt = |e: binnacle_store::Malformed| self.part.corrupt(entry, &e);
        let block = Block::open(bytes).map_err(corrupt)?;
        if !block.may_match(probe) {
            return Ok(());
        }
        let number_of = |stream: u32| {
            // All streams of the block are picked, mostly.
            if let Some(own) = picked.get(stream as usize)
                && own.run.in_block == stream
            {
                return Some(own.number);
            }
            let at = picked.binary_search_by_key(&stream, |p| p.run.in_block);
            at.ok().map(|at| picked[at].number)
        };
        block
            .read(&number_of, start_ns, end_ns, selection, out)
            .map_err(corrupt)
    }
}

/// See [`EventSet`].
pub(super) struct Set {
    selection: EventSelection,
    probe: Probe,
    labels: Vec<Labels>,
    parts: Vec<Opened>,
    hiding: Hiding,
    units: Vec<Unit>,
    origins: Vec<Origin>,
    meter: Arc<Meter>,
    stats: Arc<Counters>,
}

impl Set {
    pub(super) fn new(
        found: Found,
        selection: &EventSelection,
        meter: &Arc<Meter>,
        stats: &Arc<Counters>,
    ) -> Result<Self, Error> {
        let mut set = Self {
            probe: Probe::new(&selection.conditions),
            selection: selection.clone(),
            hiding: Hiding::of(&found.view.tombstones, &found.labels),
            labels: found.labels,
            parts: Vec::new(),
            units: Vec::new(),
            origins: Vec::new(),
            meter: meter.clone(),
            stats: stats.clone(),
        };
        let (start_ns, end_ns) = (selection.start_ns, selection.end_ns);
        for part in &*found.view.parts {
            let opened = Opened::pick(part, &found.ids, start_ns, end_ns, &set.hiding)?;
            if let Some(opened) = opened {
                set.add_part(opened);
            }
        }
        for piece in found.view.pieces() {
            set.add_piece(piece, &found.ids);
        }
        Ok(set)
    }

    fn add_part(&mut self, opened: Opened) {
        let part = self.parts.len();
        for picked in opened.by_block() {
            let runs = &opened.picked[picked.clone()];

            let times = runs.iter().map(|p| (p.run.min_ns, p.run.max_ns));
            let rows = runs.iter().map(|p| u64::from(p.run.rows)).sum();
            self.units.push(unit(times, rows));
            self.origins.push(Origin::Block {
                part,
                has_deleted: runs.iter().any(|p| self.hiding.may_hide(&opened, p)),
                picked,
            });
        }
        self.parts.push(opened);
    }

    fn add_piece(&mut self, piece: &Arc<Piece>, ids: &[u32]) {
        let (start_ns, end_ns) = (self.selection.start_ns, self.selection.end_ns);
        let picked = memory::pick(piece, ids, start_ns, end_ns);
        if picked.is_empty() {
            return;
        }
        let runs = picked.iter().map(|p| &piece.runs[p.run as usize]);
        let rows = runs.clone().map(|run| run.rows().len() as u64).sum();
        let times = runs.map(|run| (run.min_ns, run.max_ns));
        self.units.push(unit(times, rows));
        let piece = piece.clone();
        self.origins.push(Origin::Piece { piece, picked });
    }

    fn read_block(
        &self,
        opened: &Opened,
        picked: &[Picked],
        has_deleted: bool,
        range: Range<i64>,
        out: &mut Rows,
    ) -> Result<(), Error> {
        let read = |selection: &EventSelection, out: &mut Rows| {
            opened.read(picked, &self.probe, range.start, range.end, selection, out)
        };
        if has_deleted {
            self.hiding.read(opened, &self.selection, read, out)
        } else {
            read(&self.selection, out)
        }
    }
}

fn unit(times: impl Iterator<Item = (i64, i64)>, rows: u64) -> Unit {
    let (min_ns, max_ns) = times.fold((i64::MAX, i64::MIN), |range, (min_ns, max_ns)| {
        (range.0.min(min_ns), range.1.max(max_ns))
    });
    Unit {
        min_ns,
        max_ns,
        rows,
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
        self.labels
            .get(stream as usize)
            .cloned()
            .unwrap_or_default()
    }

    fn applies(&self, condition: usize) -> bool {
        let condition = self.selection.conditions.get(condition);
        condition.is_some_and(block::applies)
    }

    fn runs(&self, unit: usize) -> Option<Vec<Run>> {
        let Origin::Block {
            part,
            picked,
            has_deleted: false,
            ..
        } = self.origins.get(unit)?
        else {
            return None;
        };
        let known = self.units.get(unit)?;
        let is_inside =
            known.min_ns >= self.selection.start_ns && known.max_ns < self.selection.end_ns;
        if !is_inside || !self.selection.conditions.is_empty() {
            return None;
        }
        let picked = self.parts.get(*part)?.picked.get(picked.clone())?;
        let runs = picked.iter().map(|Picked { run, number }| Run {
            stream: *number,
            rows: u64::from(run.rows),
            line_bytes: run.line_bytes,
            min_ns: run.min_ns,
            max_ns: run.max_ns,
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
        match self.origins.get(unit) {
            None => Ok(()),
            Some(Origin::Piece { piece, picked }) => {
                memory::read(piece, picked, start_ns, end_ns, &self.selection, out);
                Ok(())
            }
            Some(Origin::Block {
                part,
                picked,
                has_deleted,
                ..
            }) => {
                let opened = &self.parts[*part];
                let picked = &opened.picked[picked.clone()];
                self.read_block(opened, picked, *has_deleted, start_ns..end_ns, out)
                    .map_err(|error| {
                        count(&self.stats.corrupt_reads, 1);
                        storage(&error)
                    })
            }
        }
    }
}
