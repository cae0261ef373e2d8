//! Copying everything stored, consistently, in no time: blocks never change, so a
//! copy is a second name for each file, a manifest and a checkpoint.
//!
//! A copy is a data directory of its own: the engine opens it as any other.

use std::path::Path;

use binnacle_store::Error;

use crate::block::{self, tombstones_path};
use crate::checkpoint;
use crate::engine::Inner;
use crate::error::EngineError;
use crate::recover::blocks_dir;

/// The folder of copies in the data directory.
const SNAPSHOTS: &str = "snapshots";

impl Inner {
    fn snapshot(&self, skip_head: bool) -> Result<String, EngineError> {
        let mut maintenance = self.maintenance.lock();
        if !skip_head {
            self.flush_locked(&mut maintenance)?;
        }
        let all = self.dir.join(SNAPSHOTS);
        let name = self.free_name(&all);
        let target = all.join(&name);
        let result = self.copy_to(&maintenance.manifest, &target);
        if result.is_err() {
            let _ = self.files.remove_dir_all(&target);
        }
        result?;
        Ok(name)
    }

    /// A name that sorts by time and is not taken.
    fn free_name(&self, all: &Path) -> String {
        let now_ms = self.clock.now_ms();
        let free = |n: u32| {
            let name = if n == 0 {
                format!("{now_ms}")
            } else {
                format!("{now_ms}-{n}")
            };
            (!self.files.exists(&all.join(&name))).then_some(name)
        };
        (0..).find_map(free).unwrap_or_default()
    }

    fn copy_to(
        &self,
        manifest: &binnacle_store::manifest::Manifest,
        target: &Path,
    ) -> Result<(), Error> {
        let (from, to) = (blocks_dir(&self.dir), blocks_dir(target));
        self.files
            .create_dir_all(&to)
            .map_err(Error::io("create", &to))?;
        for meta in &manifest.blocks {
            self.link(&block::path(&from, meta.id), &block::path(&to, meta.id))?;
            let marks = tombstones_path(&from, meta.id);
            if self.files.exists(&marks) {
                self.link(&marks, &tombstones_path(&to, meta.id))?;
            }
        }
        self.files.sync_dir(&to).map_err(Error::io("sync", &to))?;
        // The copy has no log: its first segment is where it begins to count.
        let names = checkpoint::path(&self.dir, manifest.log_from_segment);
        if self.files.exists(&names) {
            self.link(&names, &checkpoint::path(target, 0))?;
        }
        let mut manifest = manifest.clone();
        manifest.log_from_segment = 0;
        manifest.save(&*self.files, target)
    }

    fn link(&self, from: &Path, to: &Path) -> Result<(), Error> {
        self.files.link(from, to).map_err(Error::io("link", to))
    }
}

impl crate::Engine {
    /// Makes a consistent copy of everything stored, or of the blocks alone when
    /// `skip_head`, and answers its name below `snapshots/` in the data directory.
    ///
    /// # Errors
    /// When the head cannot be flushed or a file cannot be copied; then there is no
    /// copy.
    pub fn snapshot(&self, skip_head: bool) -> Result<String, EngineError> {
        self.inner.snapshot(skip_head)
    }
}
