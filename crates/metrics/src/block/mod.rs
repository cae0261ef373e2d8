//! Blocks: immutable files of samples with their index.
//!
//! A block holds every series that has samples in its time range, with labels,
//! postings and chunks; it needs nothing but itself. It is mapped; what is decoded
//! from it (the table of columns, pages of series) is decoded when first needed and
//! kept. `docs/formats/metrics-block.md` has the boxes.
//!
//! Not here: which blocks there are (the manifest), when they are merged.

mod columns;
mod names;
mod page;
mod tombstones;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use binnacle_model::labels::{Labels, push_label};
use binnacle_model::sample::Samples;
use binnacle_stdx::bits::Bytes;
use binnacle_stdx::files::Files;
use binnacle_stdx::hash::HashKey;
use binnacle_store::Error;
use binnacle_store::blockfile::{BlockFile, Section, Verify};
use binnacle_store::dictionary::Dictionary;
use parking_lot::RwLock;
use roaring::RoaringBitmap;

use crate::chunk;
use crate::error::EngineError;
use crate::query::index::LabelIndex;
use columns::Column;
use page::{ChunkRef, PAGE_SERIES, Page};
pub(crate) use tombstones::{Tombstones, number as tombstones_number, path as tombstones_path};
pub(crate) use writer::{BlockMeta, Builder, order};

/// The kind of block file: samples of series.
const KIND: u32 = 1;

/// The version of what is in the sections.
const VERSION: u32 = 1;

/// The names of the sections.
mod section {
    pub(super) const DATA: &str = "data";
    pub(super) const TIMES: &str = "times";
    pub(super) const COLUMNS: &str = "columns";
    pub(super) const PAGES: &str = "pages";
    pub(super) const NAMES: &str = "names";
    pub(super) const PAIRS: &str = "pairs";
    pub(super) const POSTINGS: &str = "postings";
    pub(super) const POSTING_GROUPS: &str = "posting-groups";
    pub(super) const META: &str = "meta";
}

/// The file of a block.
pub(crate) fn path(dir: &Path, id: u64) -> PathBuf {
    dir.join(format!("{id:010}.block"))
}

/// The number in a block file's name.
pub(crate) fn number(path: &Path) -> Option<u64> {
    path.file_name()?
        .to_str()?
        .strip_suffix(".block")?
        .parse()
        .ok()
}

/// An open block.
pub(crate) struct Block {
    id: u64,
    file: BlockFile,
    meta: BlockMeta,
    pairs: u32,
    columns: Vec<Column>,
    page_ends: Vec<u64>,
    pages: Vec<OnceLock<Page>>,
    names: Vec<(Box<str>, u32)>,
    /// Keys of all series under the hash that first asked; there is one per process.
    keys: OnceLock<Box<[u128]>>,
    tombstones: RwLock<Arc<Tombstones>>,
}

impl Block {
    /// Opens block `id` of the folder with its tombstones.
    pub(crate) fn open(files: &dyn Files, dir: &Path, id: u64) -> Result<Self, Error> {
        let path = path(dir, id);
        let file = BlockFile::open(files, &path, Verify::Lazily)?;
        let section = file.section(section::META)?;
        let bad = |what: &str| section.corrupt(0, what);
        if file.kind() != KIND {
            return Err(bad("the file holds something else"));
        }
        let head = Header::decode(section.bytes()?, file.len())
            .ok_or_else(|| bad("fields make no sense"))?;
        if head.version > VERSION {
            return Err(Error::NewerVersion {
                path,
                found: head.version,
                supported: VERSION,
            });
        }
        let table = file.section(section::COLUMNS)?;
        let times = file.section(section::TIMES)?.len() as u64;
        let columns = columns::decode_table(table.bytes()?, head.columns, times)
            .ok_or_else(|| table.corrupt(0, "the table of columns makes no sense"))?;
        let names = file.section(section::NAMES)?;
        let names = names::decode_names(names.bytes()?, head.pairs)
            .ok_or_else(|| names.corrupt(0, "names make no sense"))?;
        let pages = head.page_ends.iter().map(|_| OnceLock::new()).collect();
        let tombstones = RwLock::new(Arc::new(Tombstones::load(files, dir, id)?));
        let (meta, pairs, page_ends) = (head.meta, head.pairs, head.page_ends);
        Ok(Self {
            id,
            file,
            meta,
            pairs,
            columns,
            page_ends,
            pages,
            names,
            keys: OnceLock::new(),
            tombstones,
        })
    }

    /// Its number.
    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    /// What it holds.
    pub(crate) fn meta(&self) -> &BlockMeta {
        &self.meta
    }

    /// Whether anything is deleted.
    pub(crate) fn has_tombstones(&self) -> bool {
        !self.tombstones.read().is_empty()
    }

    /// What is deleted.
    pub(crate) fn tombstones(&self) -> Arc<Tombstones> {
        Arc::clone(&self.tombstones.read())
    }

    /// Deletes more, from now on.
    pub(crate) fn set_tombstones(&self, tombstones: Tombstones) {
        *self.tombstones.write() = Arc::new(tombstones);
    }

    fn page(&self, series: u32) -> Result<(&Page, usize), Error> {
        let (number, place) = (series as usize / PAGE_SERIES, series as usize % PAGE_SERIES);
        if let Some(page) = self.pages[number].get() {
            return Ok((page, place));
        }
        let section = self.file.section(section::PAGES)?;
        let start = if number == 0 {
            0
        } else {
            self.page_ends[number - 1] as usize
        };
        let bytes = section.range(start, self.page_ends[number] as usize - start)?;
        let len = PAGE_SERIES.min(self.meta.series as usize - number * PAGE_SERIES);
        let data = self.file.section(section::DATA)?.len() as u64;
        let page = Page::decode(bytes, len, self.pairs, self.columns.len() as u32, data)
            .ok_or_else(|| section.corrupt(start, "a page of series makes no sense"))?;
        Ok((self.pages[number].get_or_init(|| page), place))
    }

    /// The pairs of a series, in order of the names.
    pub(crate) fn row(&self, series: u32) -> Result<&[u32], Error> {
        let (page, place) = self.page(series)?;
        Ok(page.row(place))
    }

    fn chunks(&self, series: u32) -> Result<&[ChunkRef], Error> {
        let (page, place) = self.page(series)?;
        Ok(page.chunks(place))
    }

    fn dictionary(&self) -> Result<(Section<'_>, Dictionary<'_>), Error> {
        let section = self.file.section(section::PAIRS)?;
        let dictionary = Dictionary::open(section.bytes()?).map_err(|e| section.corrupt(0, e.0))?;
        Ok((section, dictionary))
    }

    fn pair_text(&self, pair: u32, text: &mut Vec<u8>) -> Result<(), Error> {
        let (section, dictionary) = self.dictionary()?;
        match dictionary.get(pair, text) {
            Ok(true) => Ok(()),
            Ok(false) => Err(section.corrupt(0, "a label pair is missing")),
            Err(e) => Err(section.corrupt(0, e.0)),
        }
    }

    /// Appends the canonical label bytes of a series.
    pub(crate) fn canonical_into(&self, series: u32, out: &mut Vec<u8>) -> Result<(), Error> {
        let (section, dictionary) = self.dictionary()?;
        let mut text = Vec::new();
        for &pair in self.row(series)? {
            let found = dictionary
                .get(pair, &mut text)
                .map_err(|e| section.corrupt(0, e.0))?;
            let (name, value) = names::split(&text)
                .filter(|_| found)
                .ok_or_else(|| section.corrupt(0, "a label pair is missing or is none"))?;
            push_label(out, name, value);
        }
        Ok(())
    }

    /// The labels of a series.
    pub(crate) fn labels(&self, series: u32) -> Result<Labels, EngineError> {
        let mut canonical = Vec::with_capacity(256);
        self.canonical_into(series, &mut canonical)?;
        Labels::from_canonical(&canonical).map_err(|_| self.bad_labels(series))
    }

    fn corrupt(&self, section: &str, what: &str) -> Error {
        Error::corrupt(self.file.path(), section, 0, what)
    }

    /// The key of a series, as `registry` makes them. All are made at the first call.
    pub(crate) fn key_of(&self, series: u32, hash: HashKey) -> Result<u128, EngineError> {
        if let Some(keys) = self.keys.get() {
            return Ok(keys[series as usize]);
        }
        let mut keys = Vec::with_capacity(self.meta.series as usize);
        self.visit_canonical(|_, canonical| {
            keys.push(hash.hash128(canonical));
            Ok(())
        })?;
        Ok(self.keys.get_or_init(|| keys.into())[series as usize])
    }

    /// Calls `visit` with each series and its canonical label bytes.
    pub(crate) fn visit_canonical(
        &self,
        mut visit: impl FnMut(u32, &[u8]) -> Result<(), EngineError>,
    ) -> Result<(), EngineError> {
        let encoded = self.encoded_pairs()?;
        let mut canonical = Vec::with_capacity(256);
        for series in 0..self.meta.series {
            canonical.clear();
            for &pair in self.row(series)? {
                canonical.extend_from_slice(encoded.get(pair));
            }
            visit(series, &canonical)?;
        }
        Ok(())
    }

    /// The error for a series whose labels are no label set.
    pub(crate) fn bad_labels(&self, series: u32) -> EngineError {
        self.corrupt(
            section::PAGES,
            &format!("labels of series {series} are no label set"),
        )
        .into()
    }

    /// The canonical encoding of every pair.
    fn encoded_pairs(&self) -> Result<Encoded, Error> {
        let (section, dictionary) = self.dictionary()?;
        let mut encoded = Encoded::default();
        let mut walk = dictionary.walk(0..self.pairs);
        while let Some((_, text)) = walk.next_string().map_err(|e| section.corrupt(0, e.0))? {
            let (name, value) = names::split(text)
                .ok_or_else(|| section.corrupt(0, "a label pair has no value"))?;
            push_label(&mut encoded.bytes, name, value);
            encoded.ends.push(encoded.bytes.len());
        }
        if encoded.ends.len() != self.pairs as usize {
            return Err(section.corrupt(0, "label pairs are missing"));
        }
        Ok(encoded)
    }

    /// Whether a series has samples in the range that are not deleted.
    pub(crate) fn series_overlaps(
        &self,
        series: u32,
        start_ms: i64,
        end_ms: i64,
    ) -> Result<bool, EngineError> {
        if self.tombstones.read().of(series).is_some() {
            let mut samples = Samples::default();
            self.read(series, start_ms, end_ms, &mut samples)?;
            return Ok(!samples.is_empty());
        }
        // A query of all that the block spans needs no page.
        if start_ms <= self.meta.min_t_ms && end_ms >= self.meta.max_t_ms {
            return Ok(true);
        }
        let overlaps = |c: &ChunkRef| {
            let column = &self.columns[c.column as usize];
            column.first_ms <= end_ms && column.last_ms >= start_ms
        };
        Ok(self.chunks(series)?.iter().any(overlaps))
    }

    /// Appends the samples of a series within the range.
    pub(crate) fn read(
        &self,
        series: u32,
        start_ms: i64,
        end_ms: i64,
        out: &mut Samples,
    ) -> Result<(), EngineError> {
        let from = out.len();
        for chunk in self.chunks(series)? {
            let column = &self.columns[chunk.column as usize];
            if column.last_ms < start_ms {
                continue;
            }
            if column.first_ms > end_ms {
                break;
            }
            let before = out.len();
            self.decode(chunk, column, out)?;
            if column.last_ms > end_ms {
                let keep = before + out.times_ms[before..].partition_point(|&t| t <= end_ms);
                out.times_ms.truncate(keep);
                out.values.truncate(keep);
            }
            if column.first_ms < start_ms {
                let drop = before + out.times_ms[before..].partition_point(|&t| t < start_ms);
                out.times_ms.drain(before..drop);
                out.values.drain(before..drop);
            }
        }
        if let Some(intervals) = self.tombstones.read().of(series) {
            intervals.apply(out, from);
        }
        if !out.starts_ms.is_empty() {
            out.starts_ms.resize(out.times_ms.len(), 0);
        }
        Ok(())
    }

    fn decode(&self, chunk: &ChunkRef, column: &Column, out: &mut Samples) -> Result<(), Error> {
        let times = self.file.section(section::TIMES)?;
        let bytes = times.range(column.at as usize, column.len as usize)?;
        let count = column.count as usize;
        chunk::decode_times(bytes, count, &mut out.times_ms)
            .map_err(|e| times.corrupt(column.at as usize, e.to_string()))?;
        let data = self.file.section(section::DATA)?;
        let bytes = data.range(chunk.at as usize, chunk.len as usize)?;
        chunk::decode_values(bytes, count, &mut out.values).map_err(|e| {
            out.times_ms.truncate(out.values.len());
            data.corrupt(chunk.at as usize, e.to_string())
        })
    }

    /// The latest sample of a series with `after_ms < t <= at_ms`.
    pub(crate) fn latest(
        &self,
        series: u32,
        after_ms: i64,
        at_ms: i64,
    ) -> Result<Option<(i64, f64)>, EngineError> {
        let Some(start_ms) = after_ms.checked_add(1).filter(|&s| s <= at_ms) else {
            return Ok(None);
        };
        let mut samples = Samples::default();
        if self.tombstones.read().of(series).is_some() {
            self.read(series, start_ms, at_ms, &mut samples)?;
            return Ok(samples
                .times_ms
                .last()
                .copied()
                .zip(samples.values.last().copied()));
        }
        for chunk in self.chunks(series)?.iter().rev() {
            let column = &self.columns[chunk.column as usize];
            if column.first_ms > at_ms {
                continue;
            }
            if column.last_ms < start_ms {
                break;
            }
            samples.clear();
            self.decode(chunk, column, &mut samples)?;
            let end = samples.times_ms.partition_point(|&t| t <= at_ms);
            let found = end
                .checked_sub(1)
                .map(|i| (samples.times_ms[i], samples.values[i]));
            if let Some(found) = found.filter(|f| f.0 > after_ms) {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }
}

/// Canonical encodings of pairs, one behind the other.
#[derive(Default)]
struct Encoded {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Encoded {
    fn get(&self, pair: u32) -> &[u8] {
        let i = pair as usize;
        let start = if i == 0 { 0 } else { self.ends[i - 1] };
        &self.bytes[start..self.ends[i]]
    }
}

/// The section of a block that says how to read the others.
struct Header {
    version: u32,
    meta: BlockMeta,
    pairs: u32,
    columns: usize,
    page_ends: Vec<u64>,
}

impl Header {
    fn decode(bytes: &[u8], file_len: u64) -> Option<Self> {
        let mut bytes = Bytes::new(bytes);
        let version = u32::try_from(bytes.varint()?).ok()?;
        let seq = bytes.varint()?;
        let min_t_ms = bytes.varint_signed()?;
        let max_t_ms = bytes.varint_signed()?;
        let samples = bytes.varint()?;
        let series = u32::try_from(bytes.varint()?).ok()?;
        let pairs = u32::try_from(bytes.varint()?).ok()?;
        let columns = usize::try_from(bytes.varint()?).ok()?;
        let mut page_ends = Vec::new();
        let mut end = 0u64;
        for _ in 0..(series as usize).div_ceil(PAGE_SERIES) {
            end = end.checked_add(bytes.varint()?)?;
            page_ends.push(end);
        }
        let meta = BlockMeta {
            seq,
            min_t_ms,
            max_t_ms,
            samples,
            series,
            bytes: file_len,
        };
        Some(Self {
            version,
            meta,
            pairs,
            columns,
            page_ends,
        })
    }
}

impl LabelIndex for Block {
    fn all(&self) -> RoaringBitmap {
        let mut all = RoaringBitmap::new();
        all.insert_range(0..self.meta.series);
        all
    }

    fn pair(&self, name: &str, value: &str) -> Result<Option<u32>, EngineError> {
        let (section, dictionary) = self.dictionary()?;
        Ok(dictionary
            .find(&names::join(name, value))
            .map_err(|e| section.corrupt(0, e.0))?)
    }

    fn values_len(&self, name: &str) -> usize {
        self.names
            .iter()
            .find(|n| &*n.0 == name)
            .map_or(0, |n| n.1 as usize)
    }

    fn visit_values(
        &self,
        name: &str,
        prefix: &str,
        visit: &mut dyn FnMut(u32, &str) -> Result<(), EngineError>,
    ) -> Result<(), EngineError> {
        let (section, dictionary) = self.dictionary()?;
        let range = dictionary
            .prefix_range(&names::join(name, prefix))
            .map_err(|e| section.corrupt(0, e.0))?;
        let mut walk = dictionary.walk(range);
        while let Some((pair, text)) = walk.next_string().map_err(|e| section.corrupt(0, e.0))? {
            let (_, value) = names::split(text)
                .ok_or_else(|| section.corrupt(0, "a label pair has no value"))?;
            visit(pair, value)?;
        }
        Ok(())
    }

    fn visit_names(&self, visit: &mut dyn FnMut(&str)) -> Result<(), EngineError> {
        for (name, _) in &self.names {
            visit(name);
        }
        Ok(())
    }

    fn union_into(&self, pair: u32, out: &mut RoaringBitmap) -> Result<(), EngineError> {
        let groups = self.file.section(section::POSTING_GROUPS)?;
        let postings = self.file.section(section::POSTINGS)?;
        let bad = || postings.corrupt(0, "postings make no sense");
        let range = names::group_of(pair, groups.bytes()?, postings.len()).ok_or_else(bad)?;
        let group = postings.range(range.start, range.len())?;
        *out |= names::postings_in(group, pair, self.meta.series).ok_or_else(bad)?;
        Ok(())
    }

    fn visit_row(&self, series: u32, visit: &mut dyn FnMut(u32)) -> Result<(), EngineError> {
        for &pair in self.row(series)? {
            visit(pair);
        }
        Ok(())
    }

    fn visit_text(&self, pair: u32, visit: &mut dyn FnMut(&str, &str)) -> Result<(), EngineError> {
        let mut text = Vec::new();
        self.pair_text(pair, &mut text)?;
        let (name, value) = names::split(&text)
            .ok_or_else(|| self.corrupt(section::PAIRS, "a label pair has no value"))?;
        visit(name, value);
        Ok(())
    }
}
