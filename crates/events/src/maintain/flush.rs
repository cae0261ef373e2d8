//! Writing the head out: sorted by day, stream and time.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use binnacle_model::Labels;
use binnacle_store::Error;
use binnacle_store::manifest::{BlockMeta, Manifest};

use super::DAY_NS;
use crate::engine::Inner;
use crate::error::EngineError;
use crate::head::{Head, Piece};
use crate::page::PageBuilder;
use crate::part::{Part, PartWriter};

/// Days of one flush that get parts of their own; what is older than the newest of them
/// comes into one part, so that times all over the calendar do not make thousands of files.
const DAYS_MAX: usize = 16;

/// Effort of compression of the newest data.
const LEVEL: i32 = 1;

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
    /// Writes the head out. The caller holds the maintenance lock.
    pub(crate) fn flush(&self, manifest: &mut Manifest) -> Result<(), EngineError> {
        let segment = {
            let _closed = self.gate.write();
            let mut state = self.state.write();
            if state.head.rows == 0 && state.frozen.is_empty() {
                return Ok(());
            }
            let segment = self.wal.rotate()?;
            let head = std::mem::take(&mut state.head);
            // What an earlier try could not write is still there.
            state.frozen.extend(head.pieces);
            segment
        };
        let frozen = self.state.read().frozen.clone();
        match self.write_out(&frozen, manifest) {
            Ok(parts) => self.install_flush(&parts, segment, manifest),
            Err(error) => {
                self.thaw();
                Err(error)
            }
        }
    }

    /// Makes what could not be written the head again, so that it is tried when there is
    /// room, and the log is kept.
    fn thaw(&self) {
        let mut state = self.state.write();
        let frozen = std::mem::take(&mut state.frozen);
        let newer = std::mem::take(&mut state.head);
        let mut head = Head {
            since_ms: self.clock.now_ms(),
            ..Head::default()
        };
        for piece in frozen.into_iter().chain(newer.pieces) {
            head.rows += piece.batch.len() as u64;
            head.bytes += piece.batch.content_bytes();
            head.pieces.push(piece);
        }
        state.head = head;
    }

    fn install_flush(
        &self,
        metas: &[BlockMeta],
        segment: u64,
        manifest: &mut Manifest,
    ) -> Result<(), EngineError> {
        let before = manifest.clone();
        for meta in metas {
            manifest.replace(&[], Some(*meta));
        }
        manifest.log_from_segment = segment;
        let opened = manifest
            .save(&*self.files, &self.dir)
            .and_then(|()| self.open_all(metas));
        let parts = match opened {
            Ok(parts) => parts,
            Err(error) => {
                manifest.blocks = before.blocks;
                manifest.log_from_segment = before.log_from_segment;
                self.thaw();
                return Err(error.into());
            }
        };
        {
            let mut state = self.state.write();
            state.parts.extend(parts);
            state.frozen.clear();
        }
        self.counters.flushes.fetch_add(1, Ordering::Relaxed);
        self.wal.truncate_before(segment)?;
        Ok(())
    }

    pub(super) fn open_all(&self, metas: &[BlockMeta]) -> Result<Vec<Arc<Part>>, Error> {
        metas
            .iter()
            .map(|meta| {
                let number = |labels: &Labels| {
                    let known = self.state.read().registry.find(labels.as_bytes());
                    known.unwrap_or_else(|| self.state.write().registry.intern(labels))
                };
                Part::open(&*self.files, &self.dir, *meta, number).map(Arc::new)
            })
            .collect()
    }

    fn write_out(
        &self,
        pieces: &[Arc<Piece>],
        manifest: &mut Manifest,
    ) -> Result<Vec<BlockMeta>, EngineError> {
        let (places, labels) = self.sorted(pieces);
        let mut metas = Vec::new();
        let mut from = 0;
        while from < places.len() {
            let day = places[from].day;
            let to = from + places[from..].partition_point(|p| p.day == day);
            metas.extend(self.write_day(pieces, &places[from..to], &labels, manifest)?);
            from = to;
        }
        Ok(metas)
    }

    /// All rows in order, and the labels of each rank.
    fn sorted(&self, pieces: &[Arc<Piece>]) -> (Vec<Place>, Vec<Labels>) {
        let mut ids: Vec<u32> = pieces.iter().flat_map(|p| p.streams.clone()).collect();
        ids.sort_unstable();
        ids.dedup();
        let mut ranked: Vec<(Labels, u32)> = {
            let state = self.state.read();
            ids.iter()
                .map(|id| (state.registry.labels(*id).clone(), *id))
                .collect()
        };
        ranked.sort();
        let ranks: HashMap<u32, u32> = ranked.iter().map(|(_, id)| *id).zip(0..).collect();
        let rows = pieces.iter().map(|p| p.batch.len()).sum();
        let mut places = Vec::with_capacity(rows);
        for (number, piece) in pieces.iter().enumerate() {
            for (id, stream) in piece.streams.iter().zip(&piece.batch.streams) {
                let rank = ranks[id];
                for row in stream.rows.clone() {
                    let t_ns = piece.batch.times_ns[row as usize];
                    places.push(Place {
                        day: t_ns.div_euclid(DAY_NS),
                        rank,
                        t_ns,
                        piece: number as u32,
                        row,
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

    fn write_day(
        &self,
        pieces: &[Arc<Piece>],
        places: &[Place],
        labels: &[Labels],
        manifest: &mut Manifest,
    ) -> Result<Option<BlockMeta>, Error> {
        let id = manifest.take_block_id();
        let mut part = PartWriter::create(&self.files, &self.dir, id, 0)?;
        let mut numbers: HashMap<u32, u32> = HashMap::new();
        let mut page = PageBuilder::default();
        let mut bytes = Vec::new();
        let mut before: Option<Place> = None;
        for place in places {
            if before.is_some_and(|b| is_same(pieces, &b, place)) {
                self.counters.duplicates.fetch_add(1, Ordering::Relaxed);
                continue;
            }
            before = Some(*place);
            let stream = *numbers
                .entry(place.rank)
                .or_insert_with(|| part.add_stream(&labels[place.rank as usize]));
            let batch = &pieces[place.piece as usize].batch;
            let row = place.row as usize;
            page.push(stream, place.t_ns, batch.line(row), batch.fields(row));
            if page.is_full() {
                bytes.clear();
                let meta = page.finish(LEVEL, &mut bytes);
                part.page(meta, &bytes)?;
            }
        }
        if !page.is_empty() {
            bytes.clear();
            let meta = page.finish(LEVEL, &mut bytes);
            part.page(meta, &bytes)?;
        }
        part.finish()
    }
}

/// Whether two rows, the second right behind the first, are one that was sent twice.
fn is_same(pieces: &[Arc<Piece>], a: &Place, b: &Place) -> bool {
    if (a.rank, a.t_ns) != (b.rank, b.t_ns) {
        return false;
    }
    let (one, two) = (
        &pieces[a.piece as usize].batch,
        &pieces[b.piece as usize].batch,
    );
    let (x, y) = (a.row as usize, b.row as usize);
    one.line(x) == two.line(y) && one.fields(x).eq(two.fields(y))
}

/// Puts what is older than the newest days into one day.
fn limit_days(places: &mut [Place]) {
    let mut days: Vec<i64> = places.iter().map(|p| p.day).collect();
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
