//! Merging: full pages are copied, small ones are written anew together; what was deleted
//! or has outlived its period is left out.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use binnacle_model::Labels;
use binnacle_model::event::select::{Fields, Lines, Wanted};
use binnacle_model::event::{Column, ColumnValues, EventSelection, FieldValue, Rows};
use binnacle_store::Error;
use binnacle_store::manifest::{BlockMeta, Manifest};

use super::DAY_NS;
use crate::engine::Inner;
use crate::error::EngineError;
use crate::page::{BYTES_MAX, Page, PageBuilder, PageMeta, PageRun};
use crate::part::{Part, PartWriter};
use crate::tombstones::Tombstone;

/// Parts of one day and level that are merged together.
const PARTS_MERGED: usize = 8;

/// Bytes of rows that are sorted together at most.
const GATHERED_BYTES_MAX: usize = 64 << 20;

/// Effort of compression of merged data.
const LEVEL: i32 = 3;

/// What decides which rows are left out.
struct Leaving {
    tombstones: Vec<Arc<Tombstone>>,
    now_ms: i64,
}

/// A row that is written anew.
struct Gathered {
    stream: u32,
    t_ns: i64,
    order: u32,
    rows: usize,
    row: usize,
}

impl Inner {
    /// Merges once, if there is something to merge. The caller holds the maintenance lock.
    pub(super) fn merge_once(&self, manifest: &mut Manifest) -> Result<bool, EngineError> {
        let Some(parts) = self.mergeable() else {
            return Ok(false);
        };
        self.replace(&parts, manifest)?;
        self.counters.merges.fetch_add(1, Ordering::Relaxed);
        Ok(true)
    }

    /// Parts that belong together: enough of one day and level, or one with deleted rows.
    fn mergeable(&self) -> Option<Vec<Arc<Part>>> {
        let state = self.state.read();
        let deleted = state.parts.iter().find(|part| {
            state
                .tombstones
                .iter()
                .any(|t| !t.done && part.meta.id < t.before_part)
        });
        if let Some(part) = deleted {
            return Some(vec![part.clone()]);
        }
        let mut groups: HashMap<(i64, u32), Vec<Arc<Part>>> = HashMap::new();
        for part in &state.parts {
            let day_ms = DAY_NS / 1_000_000;
            let day = part.meta.min_ms.div_euclid(day_ms);
            if part.meta.max_ms.div_euclid(day_ms) != day {
                continue;
            }
            let group = groups.entry((day, part.meta.level)).or_default();
            group.push(part.clone());
            if group.len() >= PARTS_MERGED {
                return Some(group.clone());
            }
        }
        None
    }

    /// Writes parts anew as one, and puts it in their place.
    pub(super) fn replace(
        &self,
        parts: &[Arc<Part>],
        manifest: &mut Manifest,
    ) -> Result<(), EngineError> {
        let id = manifest.take_block_id();
        let merged = self.write_merged(parts, id)?;
        let old: Vec<u64> = parts.iter().map(|p| p.meta.id).collect();
        let before = manifest.blocks.clone();
        manifest.replace(&old, merged);
        let metas: Vec<BlockMeta> = merged.into_iter().collect();
        let opened = match manifest
            .save(&*self.files, &self.dir)
            .and_then(|()| self.open_all(&metas))
        {
            Ok(opened) => opened,
            Err(error) => {
                manifest.blocks = before;
                return Err(error.into());
            }
        };
        {
            let mut state = self.state.write();
            state.parts.retain(|p| !old.contains(&p.meta.id));
            state.parts.extend(opened);
        }
        self.remove_files(&old);
        Ok(())
    }

    /// Removes files that the manifest does not name any more; what cannot be removed now
    /// is removed at the next start. Readers have them mapped and read on.
    pub(super) fn remove_files(&self, ids: &[u64]) {
        for id in ids {
            let path = crate::part::path_of(&self.dir, *id);
            if let Err(error) = self.files.remove(&path) {
                tracing::warn!(file = %path.display(), %error, "an old part could not be removed");
            }
        }
    }

    fn write_merged(&self, parts: &[Arc<Part>], id: u64) -> Result<Option<BlockMeta>, Error> {
        let level = parts.iter().map(|p| p.meta.level).max().unwrap_or(0) + 1;
        let mut merge = Merge {
            writer: PartWriter::create(&self.files, &self.dir, id, level)?,
            numbers: HashMap::new(),
            small: Vec::new(),
            small_bytes: 0,
        };
        for part in parts {
            let leaving = Leaving {
                tombstones: self
                    .state
                    .read()
                    .tombstones
                    .iter()
                    .filter(|t| !t.done && part.meta.id < t.before_part)
                    .cloned()
                    .collect(),
                now_ms: self.clock.now_ms(),
            };
            for page in &part.pages {
                let touched = page.runs.iter().any(|run| {
                    let labels = &part.labels[run.stream as usize];
                    leaving.tombstones.iter().any(|t| t.touches(labels))
                        || self.is_expired(labels, run.min_ns, leaving.now_ms)
                });
                let bytes: u64 = page.runs.iter().map(|r| r.bytes).sum();
                if touched || bytes < BYTES_MAX as u64 / 2 {
                    let rows = self.kept_rows(part, page, &leaving)?;
                    merge.gather(part, rows)?;
                } else {
                    merge.copy(part, page)?;
                }
            }
        }
        merge.write_small()?;
        merge.writer.finish()
    }

    /// Whether a row of a stream has outlived its period.
    pub(super) fn is_expired(&self, labels: &Labels, t_ns: i64, now_ms: i64) -> bool {
        let period_ms = self.period_ms(labels);
        period_ms > 0 && t_ns.div_euclid(1_000_000) < now_ms.saturating_sub(period_ms)
    }

    /// How long rows of a stream are kept, milliseconds; 0: for ever.
    pub(super) fn period_ms(&self, labels: &Labels) -> i64 {
        let of_stream = self
            .options
            .stream_retention
            .iter()
            .find(|r| binnacle_model::matcher::all_match(&r.matchers, labels));
        of_stream.map_or(self.options.retention_ms, |r| r.period_ms)
    }

    fn kept_rows(&self, part: &Part, page: &PageMeta, leaving: &Leaving) -> Result<Rows, Error> {
        let selection = EventSelection {
            end_ns: i64::MAX,
            wanted: Wanted {
                lines: Lines::All,
                fields: Fields::All,
                ..Wanted::default()
            },
            ..EventSelection::default()
        };
        let mut rows = Rows::default();
        let bytes = part.page(page)?;
        Page::open(page, bytes)
            .and_then(|reader| reader.read_all(Some, &selection, &mut rows))
            .map_err(|e| part.corrupt(page, &e))?;
        let goes = |row: usize| {
            let labels = &part.labels[rows.streams[row] as usize];
            let t_ns = rows.times_ns[row];
            self.is_expired(labels, t_ns, leaving.now_ms)
                || leaving
                    .tombstones
                    .iter()
                    .any(|t| t.touches(labels) && t.hides(t_ns, rows.lines.get(row)))
        };
        let keep: Vec<bool> = (0..rows.len()).map(|row| !goes(row)).collect();
        if keep.contains(&false) {
            crate::select::keep_rows(&mut rows, &keep);
        }
        Ok(rows)
    }
}

/// A merge that goes on.
struct Merge {
    writer: PartWriter,
    numbers: HashMap<Labels, u32>,
    small: Vec<(Vec<u32>, Rows)>,
    small_bytes: usize,
}

impl Merge {
    fn number(&mut self, labels: &Labels) -> u32 {
        if let Some(&number) = self.numbers.get(labels) {
            return number;
        }
        let number = self.writer.add_stream(labels);
        self.numbers.insert(labels.clone(), number);
        number
    }

    fn copy(&mut self, part: &Part, page: &PageMeta) -> Result<(), Error> {
        let runs = page
            .runs
            .iter()
            .map(|run| PageRun {
                stream: self.number(&part.labels[run.stream as usize]),
                ..*run
            })
            .collect();
        let meta = PageMeta {
            runs,
            ..page.clone()
        };
        self.writer.page(meta, part.page(page)?)
    }

    fn gather(&mut self, part: &Part, rows: Rows) -> Result<(), Error> {
        let numbers = part.labels.iter().map(|l| self.number(l)).collect();
        self.small_bytes += rows.lines.bytes.len();
        self.small.push((numbers, rows));
        if self.small_bytes >= GATHERED_BYTES_MAX {
            self.write_small()?;
        }
        Ok(())
    }

    /// Writes what was gathered, sorted.
    fn write_small(&mut self) -> Result<(), Error> {
        let small = std::mem::take(&mut self.small);
        self.small_bytes = 0;
        let mut places = Vec::new();
        for (at, (numbers, rows)) in small.iter().enumerate() {
            for row in 0..rows.len() {
                places.push(Gathered {
                    stream: numbers[rows.streams[row] as usize],
                    t_ns: rows.times_ns[row],
                    order: places.len() as u32,
                    rows: at,
                    row,
                });
            }
        }
        places.sort_unstable_by_key(|p| (p.stream, p.t_ns, p.order));
        let mut page = PageBuilder::default();
        let mut bytes = Vec::new();
        for place in &places {
            let rows = &small[place.rows].1;
            let fields = rows
                .fields
                .iter()
                .filter_map(|column| field(column, place.row));
            page.push(place.stream, place.t_ns, rows.lines.get(place.row), fields);
            if page.is_full() {
                bytes.clear();
                let meta = page.finish(LEVEL, &mut bytes);
                self.writer.page(meta, &bytes)?;
            }
        }
        if !page.is_empty() {
            bytes.clear();
            let meta = page.finish(LEVEL, &mut bytes);
            self.writer.page(meta, &bytes)?;
        }
        Ok(())
    }
}

fn field(column: &Column, row: usize) -> Option<(&str, FieldValue<'_>)> {
    let value = match &column.values {
        ColumnValues::Text { entries, of_row } => {
            let entry = of_row[row];
            if entry >= binnacle_model::event::column::UNKNOWN {
                return None;
            }
            FieldValue::Text(entries.get(entry as usize))
        }
        ColumnValues::Int(v) => FieldValue::Int(v[row]?),
        ColumnValues::Float(v) => FieldValue::Float(v[row]?),
        ColumnValues::Bool(v) => FieldValue::Bool(v[row]?),
    };
    Some((&column.name, value))
}
