//! Writing the head out: sorted by day, stream and time.

use std::sync::Arc;

use binnacle_model::Labels;
use binnacle_model::event::FieldValue;
use binnacle_model::event::append::StoredValue;
use binnacle_store::manifest::BlockMeta;
use hashbrown::HashMap;

use super::pack::{SortedRows, pack};
use super::{DAY_NS, Maintenance, RETRY_MS};
use crate::engine::Inner;
use crate::error::EngineError;
use crate::head::Piece;
use crate::part::PartWriter;
use crate::stats::count;

/// Days of one flush that get parts of their own; what is older than the newest of them
/// comes into one part, so that times all over the calendar do not make thousands of files.
const DAYS_MAX: usize = 16;

/// A row in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    day: i64,
    /// Rank of the stream by its labels.
    rank: u32,
    t_ns: i64,
    piece: u32,
    row: u32,
}

impl Inner {
    /// Writes the head out; tells whether there was anything in it. When it fails, all is
    /// as before, and the log has all rows.
    pub(crate) fn flush(&self, maintenance: &mut Maintenance) -> Result<bool, EngineError> {
        maintenance.flush_after_ms = self.clock.now_ms().saturating_add(RETRY_MS);
        let any = self.flush_now(maintenance)?;
        maintenance.flush_after_ms = i64::MIN;
        Ok(any)
    }

    fn flush_now(&self, maintenance: &mut Maintenance) -> Result<bool, EngineError> {
        let segment = {
            let _closed = self.gate.write();
            // What an earlier flush left half done, if it panicked.
            self.thaw();
            if self.state.read().head.rows == 0 {
                return Ok(false);
            }
            let segment = self.wal.rotate()?;
            self.begin_epoch();
            let mut state = self.state.write();
            state.frozen = std::mem::take(&mut state.head);
            segment
        };
        let pieces = self.state.read().frozen.pieces.clone();
        let mut metas = Vec::new();
        let installed = self
            .write_out(&pieces, maintenance, &mut metas)
            .and_then(|()| self.install_flush(&metas, segment, maintenance));
        if let Err(error) = installed {
            self.thaw();
            return Err(error);
        }
        count(&self.stats.flushes, 1);
        if let Err(error) = self.wal.truncate_before(segment) {
            tracing::warn!(%error, "old log could not be removed; it is tried again with the next flush");
        }
        Ok(true)
    }

    /// From now on the log has no stream's labels. The gate is closed.
    fn begin_epoch(&self) {
        use std::sync::atomic::Ordering::Relaxed;
        let next = self.epoch.load(Relaxed).wrapping_add(1).max(1);
        self.epoch.store(next, Relaxed);
    }

    /// Makes what could not be written the oldest of the head again.
    fn thaw(&self) {
        let mut state = self.state.write();
        let frozen = std::mem::take(&mut state.frozen);
        state.head.prepend(frozen);
    }

    fn install_flush(
        &self,
        metas: &[BlockMeta],
        segment: u64,
        maintenance: &mut Maintenance,
    ) -> Result<(), EngineError> {
        let new: Vec<(BlockMeta, usize)> = metas.iter().map(|m| (*m, 0)).collect();
        let opened = match self.open_all(&new) {
            Ok(opened) => opened,
            Err(error) => {
                self.remove_new(&new);
                return Err(error.into());
            }
        };
        let manifest = &mut maintenance.manifest;
        let before = manifest.clone();
        for meta in metas {
            manifest.replace(&[], Some(*meta));
        }
        manifest.log_from_segment = segment;
        if let Err(error) = manifest.save(&*self.files, &self.dir) {
            self.not_saved(maintenance, before, &new);
            return Err(error.into());
        }
        let mut state = self.state.write();
        state.replace_parts(&[], opened);
        state.frozen = Default::default();
        Ok(())
    }

    /// Writes a part for each day. When it fails, none is left.
    fn write_out(
        &self,
        pieces: &[Arc<Piece>],
        maintenance: &mut Maintenance,
        metas: &mut Vec<BlockMeta>,
    ) -> Result<(), EngineError> {
        let (places, labels) = self.sorted(pieces);
        for places in places.chunk_by(|a, b| a.day == b.day) {
            let rows = HeadRows { pieces, places };
            let id = maintenance.manifest.take_block_id();
            match self.write_day(&rows, labels.clone(), id) {
                Ok(meta) => metas.extend(meta),
                Err(error) => {
                    let written: Vec<_> = metas.drain(..).map(|meta| (meta, 0)).collect();
                    self.remove_new(&written);
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    fn write_day(
        &self,
        rows: &HeadRows<'_>,
        labels: Vec<Labels>,
        id: u64,
    ) -> Result<Option<BlockMeta>, EngineError> {
        let mut part = PartWriter::create(&self.files, self.folder(0), id, 0, labels)?;
        let again = pack(rows, self.options.block_rows, &mut part, &mut || Ok(()))?;
        count(&self.stats.duplicates, again);
        Ok(part.finish()?)
    }

    /// All rows in order, and the labels of each rank.
    fn sorted(&self, pieces: &[Arc<Piece>]) -> (Vec<Place>, Vec<Labels>) {
        let runs = pieces.iter().flat_map(|p| &p.runs);
        let mut ids: Vec<u32> = runs.map(|run| run.stream).collect();
        ids.sort_unstable();
        ids.dedup();
        let mut ranked: Vec<(Labels, u32)> = {
            let registry = self.registry.read();
            ids.iter().map(|&id| (registry.labels(id), id)).collect()
        };
        ranked.sort();
        let ranks: HashMap<u32, u32> = ranked.iter().map(|(_, id)| *id).zip(0..).collect();
        let rows = pieces.iter().map(|p| p.rows.len()).sum();
        let mut places = Vec::with_capacity(rows);
        for (number, piece) in pieces.iter().enumerate() {
            for run in &piece.runs {
                let rank = ranks.get(&run.stream).copied().unwrap_or(0);
                for row in run.rows() {
                    let t_ns = piece.rows.times_ns[row];
                    places.push(Place {
                        day: t_ns.div_euclid(DAY_NS),
                        rank,
                        t_ns,
                        piece: number as u32,
                        row: row as u32,
                    });
                }
            }
        }
        limit_days(&mut places);
        places.sort_unstable();
        (
            places,
            ranked.into_iter().map(|(labels, _)| labels).collect(),
        )
    }
}

/// Rows of the head in the order of a part.
struct HeadRows<'h> {
    pieces: &'h [Arc<Piece>],
    places: &'h [Place],
}

impl<'h> HeadRows<'h> {
    fn at(&self, row: usize) -> (&'h Piece, usize) {
        let place = &self.places[row];
        (&self.pieces[place.piece as usize], place.row as usize)
    }
}

impl SortedRows for HeadRows<'_> {
    fn len(&self) -> usize {
        self.places.len()
    }

    fn stream(&self, row: usize) -> u32 {
        self.places[row].rank
    }

    fn time_ns(&self, row: usize) -> i64 {
        self.places[row].t_ns
    }

    fn line(&self, row: usize) -> &[u8] {
        let (piece, row) = self.at(row);
        piece.rows.line(row)
    }

    fn fields(&self, row: usize, see: &mut dyn FnMut(&str, FieldValue<'_>)) {
        let (piece, row) = self.at(row);
        for (name, value) in piece.rows.fields(row) {
            see(name, value);
        }
    }

    fn bytes(&self, row: usize) -> usize {
        let (piece, row) = self.at(row);
        let fields = &piece.rows.fields[piece.rows.field_range(row)];
        let of_fields: usize = fields
            .iter()
            .map(|f| {
                f.name.len()
                    + match &f.value {
                        StoredValue::Text(text) => text.len(),
                        _ => 8,
                    }
            })
            .sum();
        piece.rows.lines[row].len() + of_fields
    }

    fn is_same(&self, a: usize, b: usize) -> bool {
        let ((one, a), (two, b)) = (self.at(a), self.at(b));
        one.rows.line(a) == two.rows.line(b) && one.rows.fields(a).eq(two.rows.fields(b))
    }
}

/// Puts what is older than the newest days into one day.
fn limit_days(places: &mut [Place]) {
    let mut days: Vec<i64> = places
        .chunk_by(|a, b| a.day == b.day)
        .map(|same| same[0].day)
        .collect();
    days.sort_unstable();
    days.dedup();
    if days.len() <= DAYS_MAX {
        return;
    }
    let oldest = days[days.len() - DAYS_MAX];
    for place in places {
        if place.day < oldest {
            place.day = i64::MIN;
        }
    }
}
