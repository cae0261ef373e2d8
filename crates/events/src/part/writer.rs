//! Writing a part, block by block.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use binnacle_model::Labels;
use binnacle_stdx::bits::put_varint;
use binnacle_stdx::files::Files;
use binnacle_store::Error;
use binnacle_store::blockfile::BlockWriter;
use binnacle_store::manifest::BlockMeta;

use super::index::{describe, encode_blocks};
use super::{BlockEntry, KIND, PartRun, path_of};
use crate::record::put_bytes;

/// Runs that are encoded before they go to the file.
const RUNS_TOGETHER: usize = 4096;

/// Writes a part. It is there when [`Self::finish`] says so; dropped before that, it is
/// removed.
pub(crate) struct PartWriter {
    writer: BlockWriter,
    files: Arc<dyn Files>,
    path: PathBuf,
    id: u64,
    level: u32,
    /// All streams that may have rows.
    streams: Vec<Labels>,
    runs: Vec<PartRun>,
    blocks: Vec<BlockEntry>,
}

impl PartWriter {
    /// Begins the part `id` in the folder `dir`. Its runs name streams by their place in
    /// `streams`; those without rows are left out in the end.
    pub(crate) fn create(
        files: &Arc<dyn Files>,
        dir: &Path,
        id: u64,
        level: u32,
        streams: Vec<Labels>,
    ) -> Result<Self, Error> {
        let path = path_of(dir, id);
        let mut writer = BlockWriter::create(Arc::clone(files), &path, KIND)?;
        writer.section("blocks");
        Ok(Self {
            writer,
            files: Arc::clone(files),
            path,
            id,
            level,
            streams,
            runs: Vec::new(),
            blocks: Vec::new(),
        })
    }

    /// Adds a block with its runs, whose number of the block is not looked at.
    pub(crate) fn block(&mut self, bytes: &[u8], runs: &[PartRun]) -> Result<(), Error> {
        let block = self.blocks.len() as u32;
        self.blocks.push(BlockEntry {
            offset: self.writer.section_len(),
            len: bytes.len() as u64,
            rows: runs.iter().map(|r| r.rows).sum(),
            bytes: runs.iter().map(|r| r.bytes).sum(),
            min_ns: runs.iter().map(|r| r.min_ns).min().unwrap_or(0),
            max_ns: runs.iter().map(|r| r.max_ns).max().unwrap_or(0),
        });
        self.runs
            .extend(runs.iter().map(|run| PartRun { block, ..*run }));
        self.writer.write(bytes)
    }

    /// Ends the part; `None` when it has no row: then there is no file.
    pub(crate) fn finish(mut self) -> Result<Option<BlockMeta>, Error> {
        if self.blocks.is_empty() {
            return Ok(None);
        }
        self.runs.sort_unstable_by_key(|r| (r.stream, r.block));
        let streams = self.write_runs()?;
        let mut raw = Vec::new();
        put_varint(&mut raw, streams.len() as u64);
        for (labels, runs) in &streams {
            put_bytes(&mut raw, labels.as_bytes());
            put_varint(&mut raw, u64::from(*runs));
        }
        self.writer.section("streams");
        self.writer.write(&raw)?;
        raw.clear();
        encode_blocks(&self.blocks, &mut raw);
        self.writer.section("index");
        self.writer.write(&raw)?;
        let bytes = self.writer.finish().inspect_err(|_| {
            // It may have its name already: then it is not to be taken for a part.
            let _ = self.files.remove(&self.path);
        })?;
        Ok(Some(BlockMeta {
            level: self.level,
            ..describe(&self.blocks, self.id, bytes, streams.len() as u64)
        }))
    }

    /// Writes the runs, and answers the streams that have any with how many.
    fn write_runs(&mut self) -> Result<Vec<(Labels, u32)>, Error> {
        let mut streams: Vec<(Labels, u32)> = Vec::new();
        let mut before = None;
        let mut raw = Vec::new();
        self.writer.section("runs");
        for (n, run) in self.runs.iter().enumerate() {
            if before != Some(run.stream) {
                let labels = self.streams.get(run.stream as usize);
                streams.push((labels.cloned().unwrap_or_default(), 0));
                before = Some(run.stream);
            }
            if let Some(last) = streams.last_mut() {
                last.1 += 1;
            }
            let stream = (streams.len() - 1) as u32;
            PartRun { stream, ..*run }.encode(&mut raw);
            if n % RUNS_TOGETHER == RUNS_TOGETHER - 1 {
                self.writer.write(&raw)?;
                raw.clear();
            }
        }
        self.writer.write(&raw)?;
        Ok(streams)
    }
}
