//! A part: an immutable file of blocks with their index and the streams that they are of.
//! See `docs/formats/event-part.md`.
//!
//! In memory a part has its streams' numbers and a line for each block. The runs (which
//! rows of which stream lie in which block) stay in the mapped file and are looked at
//! stream by stream, so that a part of many streams costs a question for one of them no
//! more than one of few.

mod index;
mod writer;

use std::path::{Path, PathBuf};

use binnacle_model::Labels;
use binnacle_stdx::bits::Bytes;
use binnacle_stdx::files::Files;
use binnacle_store::Error;
use binnacle_store::blockfile::{BlockFile, Section, Verify};
use binnacle_store::manifest::BlockMeta;
use parking_lot::RwLock;

use crate::options::EngineOptions;
use crate::record::take_bytes;
use crate::registry::Registry;

use index::RUN_BYTES;
pub(crate) use index::{BlockEntry, PartRun};
pub(crate) use writer::PartWriter;

/// The block file's kind: `evt2`.
const KIND: u32 = u32::from_le_bytes(*b"evt2");

/// A part that is open.
pub(crate) struct Part {
    pub(crate) meta: BlockMeta,
    /// Which of the engine's folders it is in: 0 is the engine's own.
    pub(crate) tier: usize,
    file: BlockFile,
    pub(crate) blocks: Vec<BlockEntry>,
    /// Number in the registry and number in the part of each stream, ascending.
    pub(crate) streams: Vec<(u32, u32)>,
    /// For each of the part's streams, the end of its runs.
    run_ends: Vec<u32>,
    /// Oldest row.
    pub(crate) min_ns: i64,
    /// Newest row.
    pub(crate) max_ns: i64,
    /// How long the rows of the stream that is kept the shortest are kept.
    pub(crate) shortest_ms: i64,
    /// How long the rows of the stream that is kept the longest are kept.
    pub(crate) longest_ms: i64,
}

/// Where a part lies in a folder of parts.
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

/// What the manifest says of a part, from the part itself.
pub(crate) fn describe(files: &dyn Files, path: &Path, id: u64) -> Result<BlockMeta, Error> {
    let file = open_file(files, path)?;
    let blocks = read_blocks(&file)?;
    let section = file.section("streams")?;
    let streams = Bytes::new(section.bytes()?).varint().unwrap_or(0);
    Ok(index::describe(&blocks, id, file.len(), streams))
}

fn open_file(files: &dyn Files, path: &Path) -> Result<BlockFile, Error> {
    let file = BlockFile::open(files, path, Verify::Lazily)?;
    if file.kind() == KIND {
        return Ok(file);
    }
    let what = "it is no part of events, or one of an older format";
    Err(Error::corrupt(path, "header", 0, what))
}

fn read_blocks(file: &BlockFile) -> Result<Vec<BlockEntry>, Error> {
    let section = file.section("index")?;
    let data = file.section("blocks")?.len() as u64;
    index::decode_blocks(section.bytes()?, data)
        .ok_or_else(|| section.corrupt(0, "the index makes no sense"))
}

impl Part {
    /// Opens a part. Streams that the registry does not know are added to it.
    pub(crate) fn open(
        files: &dyn Files,
        dir: &Path,
        tier: usize,
        meta: BlockMeta,
        registry: &RwLock<Registry>,
        options: &EngineOptions,
    ) -> Result<Self, Error> {
        let path = path_of(dir, meta.id);
        let file = open_file(files, &path)?;
        let blocks = read_blocks(&file)?;
        let (min_ns, max_ns) = blocks.iter().fold((i64::MAX, i64::MIN), |range, b| {
            (range.0.min(b.min_ns), range.1.max(b.max_ns))
        });
        let section = file.section("streams")?;
        // The index is compared with its checksums here, so that a damaged one is put aside
        // at the start; blocks are compared when they are read.
        let runs = file.section("runs")?.bytes()?.len();
        let found = Streams::read(section.bytes()?, registry)
            .filter(|s| s.run_ends.last().copied().unwrap_or(0) as usize * RUN_BYTES == runs)
            .ok_or_else(|| section.corrupt(0, "the streams make no sense"))?;
        let (shortest_ms, longest_ms) = found.periods(registry, options);
        let mut streams: Vec<(u32, u32)> = found.ids.into_iter().zip(0..).collect();
        streams.sort_unstable();
        Ok(Self {
            meta,
            tier,
            blocks,
            streams,
            run_ends: found.run_ends,
            min_ns,
            max_ns,
            shortest_ms,
            longest_ms,
            file,
        })
    }

    /// Where it lies.
    pub(crate) fn path(&self) -> &Path {
        self.file.path()
    }

    /// The bytes of a block, verified.
    pub(crate) fn block(&self, block: &BlockEntry) -> Result<&[u8], Error> {
        let section = self.file.section("blocks")?;
        section.range(block.offset as usize, block.len as usize)
    }

    /// For error messages.
    pub(crate) fn corrupt(&self, block: &BlockEntry, what: &dyn std::fmt::Display) -> Error {
        match self.file.section("blocks") {
            Ok(section) => section.corrupt(block.offset as usize, what.to_string()),
            Err(error) => error,
        }
    }

    /// The runs.
    pub(crate) fn runs(&self) -> Result<Runs<'_>, Error> {
        Ok(Runs {
            part: self,
            section: self.file.section("runs")?,
        })
    }

    /// Labels of all streams, by number in the part.
    pub(crate) fn labels(&self, registry: &Registry) -> Vec<Labels> {
        let mut labels = vec![Labels::empty(); self.streams.len()];
        for &(id, local) in &self.streams {
            if let Some(slot) = labels.get_mut(local as usize) {
                *slot = registry.labels(id);
            }
        }
        labels
    }

    /// Bytes of lines and fields, before compression.
    pub(crate) fn raw_bytes(&self) -> u64 {
        self.blocks.iter().map(|b| b.bytes).sum()
    }
}

/// Runs by number; those of one stream follow each other, by block.
pub(crate) struct Runs<'a> {
    part: &'a Part,
    section: Section<'a>,
}

impl Runs<'_> {
    /// Numbers of the runs of a stream.
    pub(crate) fn of_stream(&self, local: u32) -> std::ops::Range<u32> {
        let ends = &self.part.run_ends;
        let local = local as usize;
        let from = local.checked_sub(1).and_then(|p| ends.get(p)).copied();
        from.unwrap_or(0)..ends.get(local).copied().unwrap_or(0)
    }

    /// A run.
    pub(crate) fn get(&self, run: u32) -> Result<PartRun, Error> {
        let offset = run as usize * RUN_BYTES;
        let bytes = self.section.range(offset, RUN_BYTES)?;
        PartRun::decode(bytes)
            .filter(|run| (run.block as usize) < self.part.blocks.len())
            .ok_or_else(|| self.section.corrupt(offset, "a run makes no sense"))
    }

    /// All runs, by block.
    pub(crate) fn by_block(&self) -> Result<Vec<Vec<PartRun>>, Error> {
        let mut blocks = vec![Vec::new(); self.part.blocks.len()];
        for run in 0..self.part.run_ends.last().copied().unwrap_or(0) {
            let run = self.get(run)?;
            blocks[run.block as usize].push(run);
        }
        Ok(blocks)
    }
}

/// The section `streams`.
struct Streams {
    ids: Vec<u32>,
    run_ends: Vec<u32>,
}

impl Streams {
    fn read(raw: &[u8], registry: &RwLock<Registry>) -> Option<Self> {
        let mut all = Vec::new();
        let mut run_ends = Vec::new();
        let mut end = 0_u32;
        let mut bytes = Bytes::new(raw);
        for _ in 0..bytes.varint()? {
            all.push(take_bytes(&mut bytes)?);
            end = end.checked_add(u32::try_from(bytes.varint()?).ok()?)?;
            run_ends.push(end);
        }
        if !bytes.rest().is_empty() {
            return None;
        }
        let known: Vec<Option<u32>> = {
            let registry = registry.read();
            all.iter().map(|c| registry.find(c)).collect()
        };
        let mut ids = Vec::with_capacity(all.len());
        for (canonical, id) in all.into_iter().zip(known) {
            ids.push(match id {
                Some(id) => id,
                None => {
                    let labels = Labels::from_canonical(canonical).ok()?;
                    registry.write().intern(&labels)?
                }
            });
        }
        Some(Self { ids, run_ends })
    }

    /// The shortest and the longest time that rows of the streams are kept.
    fn periods(&self, registry: &RwLock<Registry>, options: &EngineOptions) -> (i64, i64) {
        if options.stream_retention.is_empty() {
            let period_ms = options.period_ms(&Labels::empty());
            return (period_ms, period_ms);
        }
        let registry = registry.read();
        let periods = self
            .ids
            .iter()
            .map(|&id| options.period_ms(&registry.labels(id)));
        periods.fold((i64::MAX, 0), |(shortest, longest), period_ms| {
            (shortest.min(period_ms), longest.max(period_ms))
        })
    }
}
