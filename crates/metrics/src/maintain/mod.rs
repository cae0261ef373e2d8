//! Background work: flushing the head, merging blocks, dropping what is too old,
//! and what operators ask for: deleting, cleaning, copying.
//!
//! One of these runs at a time (`Inner::maintenance`); each changes what is on the
//! disk by writing new files, then replacing the manifest, then removing old files,
//! so that a crash between any two leaves either the old or the new. Only then is
//! what readers see replaced.

mod delete;
mod flush;
mod merge;
mod plan;
mod retire;
mod snapshot;

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use binnacle_store::Error;
use binnacle_store::manifest::{self, Manifest};

use crate::block::{self, Block, tombstones_path};
use crate::engine::{Inner, State};
use crate::error::EngineError;
use crate::recover::blocks_dir;
use flush::Pending;

/// What the one who maintains knows.
pub(crate) struct Maintenance {
    pub(crate) manifest: Manifest,
    /// A generation that was frozen and is not in blocks yet, because that failed.
    pending: Option<Pending>,
}

impl Maintenance {
    pub(crate) fn new(manifest: Manifest) -> Self {
        Self {
            manifest,
            pending: None,
        }
    }
}

/// The manifest's entry of a block.
pub(crate) fn entry(block: &Block, level: u32) -> manifest::BlockMeta {
    let meta = block.meta();
    manifest::BlockMeta {
        id: block.id(),
        level,
        resolution_ms: 0,
        min_ms: meta.min_t_ms,
        max_ms: meta.max_t_ms,
        bytes: meta.bytes,
        series: u64::from(meta.series),
        samples: meta.samples,
    }
}

impl Inner {
    /// Does what is due; tells whether there was anything.
    pub(crate) fn tick(&self) -> Result<bool, EngineError> {
        let mut worked = false;
        if self.flush_is_due() {
            worked |= self.flush()?;
        }
        worked |= self.retire()?;
        while !self.stopping.load(Relaxed) && self.merge_once()? {
            worked = true;
            // A merge takes a while, and samples go on arriving.
            if self.flush_is_due() {
                self.flush()?;
            }
        }
        Ok(worked)
    }

    /// Puts a manifest into force. Answers whether that survives a power cut: when
    /// only the last sync failed, either manifest may come back, so the new one
    /// counts and the files of the old one must stay.
    ///
    /// On an error the old one is in force.
    fn commit(&self, maintenance: &mut Maintenance, mut manifest: Manifest) -> Result<bool, Error> {
        let before = manifest.generation;
        let saved = manifest.save(&*self.files, &self.dir);
        match saved {
            Err(error) if manifest.generation == before => Err(error),
            Err(error) => {
                tracing::error!(%error, "the manifest was replaced and may not survive a power cut");
                maintenance.manifest = manifest;
                Ok(false)
            }
            Ok(()) => {
                maintenance.manifest = manifest;
                Ok(true)
            }
        }
    }

    /// Replaces blocks for readers: takes `old` out and puts `new` in.
    fn swap_blocks(&self, old: &[u64], new: Vec<Arc<Block>>) {
        let mut state = self.state.write();
        let mut next = State::clone(&state);
        next.blocks.retain(|b| !old.contains(&b.id()));
        next.blocks.extend(new);
        next.blocks.sort_by_key(|b| (b.meta().seq, b.id()));
        *state = Arc::new(next);
    }

    /// Removes the files of blocks that are in no manifest any more. Readers that
    /// still have them mapped keep the pages.
    fn remove_blocks(&self, ids: &[u64]) {
        let dir = blocks_dir(&self.dir);
        for &id in ids {
            for path in [block::path(&dir, id), tombstones_path(&dir, id)] {
                if self.files.exists(&path)
                    && let Err(error) = self.files.remove(&path)
                {
                    // It is removed at the next start.
                    tracing::warn!(path = %path.display(), %error, "a replaced file cannot be removed");
                }
            }
        }
    }

    fn open_block(&self, id: u64) -> Result<Arc<Block>, Error> {
        Ok(Arc::new(Block::open(
            &*self.files,
            &blocks_dir(&self.dir),
            id,
        )?))
    }
}
