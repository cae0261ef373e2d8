//! A part: an immutable file of pages with their index and the streams that they are of.
//! See `docs/formats/event-part.md`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use binnacle_model::Labels;
use binnacle_stdx::bits::{Bytes, put_varint};
use binnacle_stdx::files::Files;
use binnacle_store::Error;
use binnacle_store::blockfile::{BlockFile, BlockWriter, Verify};
use binnacle_store::manifest::BlockMeta;

use crate::page::PageMeta;

/// The block file's kind: `evt1`.
const KIND: u32 = u32::from_le_bytes(*b"evt1");

/// A part that is open.
pub(crate) struct Part {
    pub(crate) meta: BlockMeta,
    file: BlockFile,
    pub(crate) pages: Vec<PageMeta>,
    pub(crate) labels: Vec<Labels>,
    /// Number in the registry of each of the part's streams.
    pub(crate) streams: Vec<u32>,
}

/// Where a part lies.
pub(crate) fn path_of(dir: &Path, id: u64) -> PathBuf {
    dir.join(format!("{id:016x}.events"))
}

/// The number of a part by its file's name.
pub(crate) fn id_of(path: &Path) -> Option<u64> {
    if path.extension()? != "events" {
        return None;
    }
    u64::from_str_radix(path.file_stem()?.to_str()?, 16).ok()
}

impl Part {
    /// Opens a part; `number` finds or gives out the numbers of streams.
    pub(crate) fn open(
        files: &dyn Files,
        dir: &Path,
        meta: BlockMeta,
        mut number: impl FnMut(&Labels) -> u32,
    ) -> Result<Self, Error> {
        let path = path_of(dir, meta.id);
        let file = BlockFile::open(files, &path, Verify::Lazily)?;
        if file.kind() != KIND {
            return Err(Error::corrupt(
                &path,
                "header",
                0,
                "it is no part of events",
            ));
        }
        let section = file.section("streams")?;
        let labels = decode_streams(section.bytes()?)
            .ok_or_else(|| section.corrupt(0, "the streams make no sense"))?;
        let section = file.section("index")?;
        let pages = decode_index(section.bytes()?, labels.len())
            .ok_or_else(|| section.corrupt(0, "the index makes no sense"))?;
        let streams = labels.iter().map(&mut number).collect();
        Ok(Self {
            meta,
            file,
            pages,
            labels,
            streams,
        })
    }

    /// The bytes of a page, verified.
    pub(crate) fn page(&self, page: &PageMeta) -> Result<&[u8], Error> {
        let section = self.file.section("pages")?;
        let (offset, len) = (page.offset as usize, page.len as usize);
        section.range(offset, len)
    }

    /// For error messages.
    pub(crate) fn corrupt(&self, page: &PageMeta, what: &dyn std::fmt::Display) -> Error {
        match self.file.section("pages") {
            Ok(section) => section.corrupt(page.offset as usize, what.to_string()),
            Err(error) => error,
        }
    }
}

fn decode_streams(raw: &[u8]) -> Option<Vec<Labels>> {
    let mut bytes = Bytes::new(raw);
    let mut streams = Vec::new();
    for _ in 0..bytes.varint()? {
        let len = usize::try_from(bytes.varint()?).ok()?;
        streams.push(Labels::from_canonical(bytes.take(len)?).ok()?);
    }
    Some(streams)
}

fn decode_index(raw: &[u8], streams: usize) -> Option<Vec<PageMeta>> {
    let mut bytes = Bytes::new(raw);
    let mut pages = Vec::new();
    for _ in 0..bytes.varint()? {
        let page = PageMeta::decode(&mut bytes)?;
        if page.runs.iter().any(|r| r.stream as usize >= streams) {
            return None;
        }
        pages.push(page);
    }
    Some(pages)
}

/// Writes a part page by page.
pub(crate) struct PartWriter {
    writer: BlockWriter,
    files: Arc<dyn Files>,
    path: PathBuf,
    id: u64,
    level: u32,
    pages: Vec<PageMeta>,
    labels: Vec<Labels>,
}

impl PartWriter {
    pub(crate) fn create(
        files: &Arc<dyn Files>,
        dir: &Path,
        id: u64,
        level: u32,
    ) -> Result<Self, Error> {
        let path = path_of(dir, id);
        let mut writer = BlockWriter::create(Arc::clone(files), &path, KIND)?;
        writer.section("pages");
        Ok(Self {
            writer,
            files: Arc::clone(files),
            path,
            id,
            level,
            pages: Vec::new(),
            labels: Vec::new(),
        })
    }

    /// The number in this part of a stream; the caller asks once for each.
    pub(crate) fn add_stream(&mut self, labels: &Labels) -> u32 {
        self.labels.push(labels.clone());
        (self.labels.len() - 1) as u32
    }

    /// Adds a page, whose streams have numbers of this part.
    pub(crate) fn page(&mut self, mut meta: PageMeta, bytes: &[u8]) -> Result<(), Error> {
        meta.offset = self.writer.section_len();
        meta.len = bytes.len() as u64;
        self.writer.write(bytes)?;
        self.pages.push(meta);
        Ok(())
    }

    /// Ends the part; `None` when it has no page: then there is no file.
    pub(crate) fn finish(mut self) -> Result<Option<BlockMeta>, Error> {
        let Some(min_ns) = self.pages.iter().map(PageMeta::min_ns).min() else {
            return Ok(None);
        };
        let max_ns = self.pages.iter().map(PageMeta::max_ns).max().unwrap_or(0);
        let samples = self.pages.iter().map(PageMeta::rows).sum();
        let mut raw = Vec::new();
        put_varint(&mut raw, self.labels.len() as u64);
        for labels in &self.labels {
            put_varint(&mut raw, labels.as_bytes().len() as u64);
            raw.extend_from_slice(labels.as_bytes());
        }
        self.writer.section("streams");
        self.writer.write(&raw)?;
        raw.clear();
        put_varint(&mut raw, self.pages.len() as u64);
        for page in &self.pages {
            page.encode(&mut raw);
        }
        self.writer.section("index");
        self.writer.write(&raw)?;
        let bytes = self.writer.finish()?;
        if let Some(dir) = self.path.parent() {
            self.files.sync_dir(dir).map_err(Error::io("sync", dir))?;
        }
        Ok(Some(BlockMeta {
            id: self.id,
            level: self.level,
            resolution_ms: 0,
            min_ms: min_ns.div_euclid(1_000_000),
            max_ms: max_ns.div_euclid(1_000_000),
            bytes,
            series: self.labels.len() as u64,
            samples,
        }))
    }
}
