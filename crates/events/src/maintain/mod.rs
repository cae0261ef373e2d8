//! Work in the background: writing the head out, merging, retention, deletion, tiers.
//!
//! One thing at a time, under one lock. A change of the parts has happened when the
//! manifest that says so has its name; files that it does not name are removed behind it,
//! or at the next start.

mod delete;
mod flush;
mod merge;
mod pack;
mod plan;
mod retire;
mod tiers;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use binnacle_store::Error;
use binnacle_store::manifest::{BlockMeta, Manifest};

use crate::engine::Inner;
use crate::error::EngineError;
use crate::part::{Part, path_of};

/// Nanoseconds of a day: the window of a part.
pub(crate) const DAY_NS: i64 = 86_400_000_000_000;

/// How long a flush that failed is not tried again in the background, milliseconds.
const RETRY_MS: i64 = 10_000;

/// How long after a failure the background does not merge, milliseconds.
const MERGE_RETRY_MS: i64 = 60_000;

/// How often it is looked for streams to forget, milliseconds: appends wait meanwhile.
const FORGET_MS: i64 = 60_000;

/// What whoever maintains has to himself.
pub(crate) struct Maintenance {
    pub(crate) manifest: Manifest,
    /// Before this time the background does not try to flush.
    flush_after_ms: i64,
    /// Before this time the background does not try to merge.
    merge_after_ms: i64,
    /// Parts that cannot be read: they are served as far as they can be, and not merged.
    damaged: Vec<u64>,
    /// Parts went, and perhaps the last rows of some streams with them.
    may_forget: bool,
    /// Before this time it is not looked again for streams to forget.
    forget_after_ms: i64,
}

impl Maintenance {
    pub(crate) fn new(manifest: Manifest) -> Self {
        Self {
            manifest,
            flush_after_ms: i64::MIN,
            merge_after_ms: i64::MIN,
            damaged: Vec::new(),
            may_forget: false,
            forget_after_ms: i64::MIN,
        }
    }
}

impl Inner {
    /// One round. What fails does not keep the rest from being done: retention makes the
    /// room that a flush needs.
    pub(crate) fn tick(&self) -> Result<bool, EngineError> {
        let mut maintenance = self.maintenance.lock();
        let flushed = self.flush_if_due(&mut maintenance);
        let dropped = self.drop_parts(&mut maintenance);
        let rewritten = self.rewrite_due(&mut maintenance);
        let settled = self.settle_tombstones();
        let forgotten = self.forget_streams(&mut maintenance);
        Ok(flushed? | dropped? | rewritten? | settled? | forgotten)
    }

    /// Writes parts anew until there is no reason to.
    fn rewrite_due(&self, maintenance: &mut Maintenance) -> Result<bool, EngineError> {
        if self.clock.now_ms() < maintenance.merge_after_ms {
            return Ok(false);
        }
        let mut any = false;
        while !self.is_stopping() {
            match self.rewrite_once(maintenance) {
                Ok(true) => any = true,
                Ok(false) => break,
                Err(_) if self.is_stopping() => break,
                Err(error) => {
                    let now_ms = self.clock.now_ms();
                    maintenance.merge_after_ms = now_ms.saturating_add(MERGE_RETRY_MS);
                    return Err(error);
                }
            }
            self.flush_if_due(maintenance)?;
        }
        Ok(any)
    }

    fn rewrite_once(&self, maintenance: &mut Maintenance) -> Result<bool, EngineError> {
        Ok(self.rewrite_expired(maintenance)?
            || self.move_to_tier(maintenance)?
            || self.merge_once(maintenance)?)
    }

    fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    fn is_flush_due(&self) -> bool {
        let state = self.state.read();
        if state.head.rows == 0 {
            return false;
        }
        let age_ms = self.clock.now_ms().saturating_sub(state.head.since_ms);
        state.head.bytes >= self.options.head_bytes_max || age_ms >= self.options.head_age_ms_max
    }

    /// Writes the head out if it is due and did not fail a moment ago.
    pub(crate) fn flush_if_due(&self, maintenance: &mut Maintenance) -> Result<bool, EngineError> {
        if !self.is_flush_due() || self.clock.now_ms() < maintenance.flush_after_ms {
            return Ok(false);
        }
        self.flush(maintenance)
    }

    /// Puts parts in the place of others, in the manifest and for readers. When it fails,
    /// nothing has changed and the files of the new ones are removed.
    fn swap(
        &self,
        maintenance: &mut Maintenance,
        old: &[Arc<Part>],
        new: &[(BlockMeta, usize)],
    ) -> Result<(), EngineError> {
        let opened = match self.open_all(new) {
            Ok(opened) => opened,
            Err(error) => {
                self.remove_new(new);
                return Err(error.into());
            }
        };
        let ids: Vec<u64> = old.iter().map(|p| p.meta.id).collect();
        let before = maintenance.manifest.clone();
        maintenance.manifest.replace(&ids, None);
        for (meta, _) in new {
            maintenance.manifest.replace(&[], Some(*meta));
        }
        if let Err(error) = maintenance.manifest.save(&*self.files, &self.dir) {
            self.not_saved(maintenance, before, new);
            return Err(error.into());
        }
        self.state.write().replace_parts(&ids, opened);
        self.remove_old(old);
        Ok(())
    }

    /// The manifest could not be saved: the one before counts again.
    fn not_saved(
        &self,
        maintenance: &mut Maintenance,
        before: Manifest,
        new: &[(BlockMeta, usize)],
    ) {
        let manifest = &mut maintenance.manifest;
        if manifest.generation == before.generation {
            self.remove_new(new);
        }
        // Else it has its name, but perhaps not on the disk: the files of both stay, and
        // the next manifest says which count.
        manifest.blocks = before.blocks;
        manifest.log_from_segment = before.log_from_segment;
    }

    fn open_all(&self, metas: &[(BlockMeta, usize)]) -> Result<Vec<Arc<Part>>, Error> {
        metas
            .iter()
            .map(|&(meta, tier)| {
                let part = Part::open(
                    &*self.files,
                    self.folder(tier),
                    tier,
                    meta,
                    &self.registry,
                    &self.options,
                );
                part.map(Arc::new)
            })
            .collect()
    }

    /// The folder of a tier.
    fn folder(&self, tier: usize) -> &Path {
        self.folders.get(tier).unwrap_or(&self.dir)
    }

    /// Removes parts that are in no manifest.
    fn remove_new(&self, metas: &[(BlockMeta, usize)]) {
        for (meta, tier) in metas {
            self.remove(&path_of(self.folder(*tier), meta.id));
        }
    }

    /// Removes parts that are in the manifest no more. Readers have them mapped and read
    /// on.
    fn remove_old(&self, parts: &[Arc<Part>]) {
        for part in parts {
            self.remove(part.path());
        }
    }

    fn remove(&self, path: &Path) {
        if let Err(error) = self.files.remove(path) {
            tracing::warn!(
                file = %path.display(), %error,
                "an old part could not be removed; it is tried again at the next start"
            );
        }
    }
}
