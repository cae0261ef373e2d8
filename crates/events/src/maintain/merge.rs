//! Merging: full blocks are copied byte for byte, small ones are taken apart and written
//! anew together; what was deleted or has outlived its period is left out.
//!
//! So a row is compressed twice at most: once in a small block, once in one that is large
//! enough to stay.

use std::sync::Arc;

use binnacle_model::Labels;
use binnacle_model::event::select::{Fields, Lines, Wanted};
use binnacle_model::event::{EventSelection, FieldValue, Rows};
use binnacle_store::Error;
use binnacle_store::manifest::BlockMeta;

use super::Maintenance;
use super::pack::{SortedRows, is_large, pack};
use super::plan::Job;
use crate::block::Block;
use crate::engine::Inner;
use crate::error::EngineError;
use crate::part::{BlockEntry, Part, PartRun, PartWriter};
use crate::select::columns::value_of;
use crate::select::{keep_rows, width};
use crate::stats::count;
use crate::tombstones::Tombstone;

/// Bytes of lines that are sorted together at most.
const GATHERED_BYTES_MAX: usize = 64 << 20;

impl Inner {
    /// Merges once, if there is something to merge.
    pub(crate) fn merge_once(&self, maintenance: &mut Maintenance) -> Result<bool, EngineError> {
        let Some(job) = self.next_merge(maintenance) else {
            return Ok(false);
        };
        self.run(&job, maintenance)?;
        Ok(true)
    }

    /// Writes parts anew as one and puts it in their place.
    pub(super) fn run(&self, job: &Job, maintenance: &mut Maintenance) -> Result<(), EngineError> {
        let id = maintenance.manifest.take_block_id();
        let merged = Merge::begin(self, job, id)?.write(maintenance)?;
        let new: Vec<(BlockMeta, usize)> = merged.into_iter().map(|m| (m, job.tier)).collect();
        self.swap(maintenance, &job.parts, &new)?;
        maintenance.may_forget |= new.is_empty();
        count(&self.stats.merges, 1);
        Ok(())
    }
}

/// A merge that goes on.
struct Merge<'m> {
    inner: &'m Inner,
    job: &'m Job,
    writer: PartWriter,
    /// Streams of all parts, ascending.
    labels: Vec<Labels>,
    /// What is older than this is left out, nanoseconds, for each stream.
    oldest_ns: Vec<i64>,
    tombstones: Vec<Arc<Tombstone>>,
    gathered: Vec<Rows>,
    gathered_bytes: usize,
}

impl<'m> Merge<'m> {
    fn begin(inner: &'m Inner, job: &'m Job, id: u64) -> Result<Self, EngineError> {
        let bytes: u64 = job.parts.iter().map(|p| p.meta.bytes).sum();
        let folder = inner.folder(job.tier);
        inner.has_room(folder, bytes)?;
        let mut labels: Vec<Labels> = {
            let registry = inner.registry.read();
            job.parts.iter().flat_map(|p| p.labels(&registry)).collect()
        };
        labels.sort_unstable();
        labels.dedup();
        let now_ms = inner.clock.now_ms();
        let oldest_ns = labels
            .iter()
            .map(|l| now_ms.saturating_sub(inner.options.period_ms(l)))
            .map(|oldest_ms| oldest_ms.saturating_mul(1_000_000))
            .collect();
        let applies = |t: &Tombstone| {
            let of_part = |p: &Arc<Part>| t.applies(p.meta.id, p.min_ns, p.max_ns);
            job.parts.iter().any(of_part)
        };
        let tombstones = inner.state.read().tombstones.clone();
        let tombstones = tombstones.iter().filter(|t| applies(t)).cloned().collect();
        Ok(Self {
            writer: PartWriter::create(&inner.files, folder, id, job.level, labels.clone())?,
            inner,
            job,
            labels,
            oldest_ns,
            tombstones,
            gathered: Vec::new(),
            gathered_bytes: 0,
        })
    }

    fn write(mut self, maintenance: &mut Maintenance) -> Result<Option<BlockMeta>, EngineError> {
        for part in &self.job.parts {
            if let Err(error) = self.add_part(part, maintenance) {
                if let EngineError::Store(Error::Corrupt { .. }) = error {
                    maintenance.damaged.push(part.meta.id);
                }
                return Err(error);
            }
        }
        self.write_gathered(maintenance)?;
        Ok(self.writer.finish()?)
    }

    fn add_part(
        &mut self,
        part: &Arc<Part>,
        maintenance: &mut Maintenance,
    ) -> Result<(), EngineError> {
        let labels = part.labels(&self.inner.registry.read());
        // The part's number of each stream to ours.
        let ours: Vec<u32> = labels
            .iter()
            .map(|l| self.labels.partition_point(|other| other < l) as u32)
            .collect();
        let runs = part.runs()?.by_block()?;
        for (block, mut runs) in part.blocks.iter().zip(runs) {
            if self.inner.is_stopping() {
                return Err(Error::Closed.into());
            }
            for run in &mut runs {
                run.stream = ours.get(run.stream as usize).copied().unwrap_or(0);
            }
            let rows_max = self.inner.options.block_rows;
            let is_full = is_large(block.rows as usize, block.bytes as usize, rows_max);
            if is_full && !self.job.is_thorough && !runs.iter().any(|r| self.loses_rows(part, r)) {
                self.writer.block(part.block(block)?, &runs)?;
                count(&self.inner.stats.blocks_copied, 1);
            } else {
                self.gather(part, block, &runs)?;
                count(&self.inner.stats.blocks_rewritten, 1);
            }
            if self.gathered_bytes >= GATHERED_BYTES_MAX {
                self.write_gathered(maintenance)?;
            }
            self.inner.flush_if_due(maintenance)?;
        }
        Ok(())
    }

    /// Whether rows of a run may be deleted or too old.
    fn loses_rows(&self, part: &Part, run: &PartRun) -> bool {
        let stream = run.stream as usize;
        self.oldest_ns.get(stream).is_some_and(|t| run.min_ns < *t)
            || self.tombstones.iter().any(|t| {
                t.applies(part.meta.id, run.min_ns, run.max_ns)
                    && self.labels.get(stream).is_some_and(|l| t.touches(l))
            })
    }

    /// Takes a block apart and keeps the rows that stay.
    fn gather(&mut self, part: &Part, block: &BlockEntry, runs: &[PartRun]) -> Result<(), Error> {
        let mut streams = vec![None; runs.len()];
        for run in runs {
            if let Some(slot) = streams.get_mut(run.in_block as usize) {
                *slot = Some(run.stream);
            }
        }
        let selection = EventSelection {
            wanted: Wanted {
                lines: Lines::All,
                fields: Fields::All,
                ..Wanted::default()
            },
            ..EventSelection::default()
        };
        let mut rows = Rows::default();
        let stream_of = |stream: u32| streams.get(stream as usize).copied().flatten();
        let corrupt = |e: binnacle_store::Malformed| part.corrupt(block, &e);
        Block::open(part.block(block)?)
            .and_then(|block| block.read_all(&stream_of, &selection, &mut rows))
            .map_err(corrupt)?;
        if rows.len() != block.rows as usize {
            // Nothing that was there may be lost on the way.
            let what = format!(
                "the block has {} rows and the index says {}",
                rows.len(),
                block.rows
            );
            return Err(part.corrupt(block, &what));
        }
        let keep: Vec<bool> = (0..rows.len())
            .map(|row| !self.is_lost(part, &rows, row))
            .collect();
        if keep.contains(&false) {
            keep_rows(&mut rows, &keep);
        }
        self.gathered_bytes += rows.lines.bytes.len();
        self.gathered.push(rows);
        Ok(())
    }

    fn is_lost(&self, part: &Part, rows: &Rows, row: usize) -> bool {
        let (stream, t_ns) = (rows.streams[row] as usize, rows.times_ns[row]);
        self.oldest_ns.get(stream).is_some_and(|t| t_ns < *t)
            || self.tombstones.iter().any(|t| {
                t.applies(part.meta.id, t_ns, t_ns)
                    && self.labels.get(stream).is_some_and(|l| t.touches(l))
                    && t.hides(rows, row)
            })
    }

    /// Writes what was gathered, sorted.
    fn write_gathered(&mut self, maintenance: &mut Maintenance) -> Result<(), EngineError> {
        let gathered = std::mem::take(&mut self.gathered);
        self.gathered_bytes = 0;
        let rows = Gathered::new(&gathered);
        let inner = self.inner;
        let mut between = || inner.flush_if_due(maintenance).map(|_| ());
        let again = pack(
            &rows,
            inner.options.block_rows,
            &mut self.writer,
            &mut between,
        )?;
        count(&inner.stats.duplicates, again);
        Ok(())
    }
}

/// Where a gathered row lies.
struct Place {
    stream: u32,
    t_ns: i64,
    block: u32,
    row: u32,
}

/// Rows of several blocks in the order of a part.
struct Gathered<'g> {
    blocks: &'g [Rows],
    places: Vec<Place>,
}

impl<'g> Gathered<'g> {
    fn new(blocks: &'g [Rows]) -> Self {
        let mut places = Vec::with_capacity(blocks.iter().map(Rows::len).sum());
        for (block, rows) in blocks.iter().enumerate() {
            let both = rows.streams.iter().zip(&rows.times_ns);
            places.extend(both.enumerate().map(|(row, (&stream, &t_ns))| Place {
                stream,
                t_ns,
                block: block as u32,
                row: row as u32,
            }));
        }
        // What came first lies in an older part, and there in front.
        places.sort_unstable_by_key(|p| (p.stream, p.t_ns, p.block, p.row));
        Self { blocks, places }
    }

    fn at(&self, row: usize) -> (&'g Rows, usize) {
        let place = &self.places[row];
        (&self.blocks[place.block as usize], place.row as usize)
    }
}

fn fields(rows: &Rows, row: usize) -> impl Iterator<Item = (&str, FieldValue<'_>)> {
    rows.fields
        .iter()
        .filter_map(move |column| Some((column.name.as_str(), value_of(column, row)?)))
}

impl SortedRows for Gathered<'_> {
    fn len(&self) -> usize {
        self.places.len()
    }

    fn stream(&self, row: usize) -> u32 {
        self.places[row].stream
    }

    fn time_ns(&self, row: usize) -> i64 {
        self.places[row].t_ns
    }

    fn line(&self, row: usize) -> &[u8] {
        let (rows, row) = self.at(row);
        rows.lines.get(row)
    }

    fn fields(&self, row: usize, see: &mut dyn FnMut(&str, FieldValue<'_>)) {
        let (rows, row) = self.at(row);
        for (name, value) in fields(rows, row) {
            see(name, value);
        }
    }

    fn bytes(&self, row: usize) -> usize {
        let (rows, row) = self.at(row);
        let of_fields: usize = fields(rows, row)
            .map(|(name, value)| name.len() + width(value))
            .sum();
        rows.lines.get(row).len() + of_fields
    }

    fn is_same(&self, a: usize, b: usize) -> bool {
        let ((one, a), (two, b)) = (self.at(a), self.at(b));
        one.lines.get(a) == two.lines.get(b) && fields(one, a).eq(fields(two, b))
    }
}
