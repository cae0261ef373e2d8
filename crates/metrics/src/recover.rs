//! Opening a data directory.
//!
//! The manifest says which blocks count and where the log begins to count; the
//! checkpoint of that place gives the names and the newest samples; the log gives
//! the rest. What a crash left behind (temporary files, blocks of a flush or merge
//! that was not finished) is in no manifest and is removed. What is damaged is put
//! aside and told, and the rest is served.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Instant;

use binnacle_model::query::ReplayState;
use binnacle_stdx::clock::Clock;
use binnacle_stdx::files::Files;
use binnacle_stdx::hash::HashKey;
use binnacle_store::Error;
use binnacle_store::manifest::{MANIFEST_NAME, Manifest};
use binnacle_store::wal::{Recovery, SyncPolicy, Wal, WalOptions};
use parking_lot::{Mutex, RwLock};

use crate::block::{self, Block, tombstones_number};
use crate::checkpoint::{self, Checkpoint};
use crate::engine::{HeadPart, Inner, State};
use crate::error::EngineError;
use crate::exemplars::Exemplars;
use crate::head::Generation;
use crate::ingest::record::{self, Staged};
use crate::ingest::{RECORD_KIND, Writer, apply};
use crate::lock::DirLock;
use crate::maintain::{Maintenance, entry};
use crate::metadata::Families;
use crate::options::EngineOptions;
use crate::registry::Registry;
use crate::stats::Counters;
use binnacle_store::durable::TEMPORARY_SUFFIX;

/// What opening found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RecoveryReport {
    /// Blocks that are served.
    pub blocks: usize,
    /// Segments of the log that were read.
    pub segments: usize,
    /// Records of the log that were read.
    pub records: u64,
    /// Samples that came back from the log.
    pub samples: u64,
    /// Samples in the log whose series' names were lost with a damaged record.
    pub samples_lost: u64,
    /// What was left out of the log, a line each, with file and place.
    pub dropped: Vec<String>,
    /// What was moved aside because it is damaged, a line each.
    pub quarantined: Vec<String>,
    /// Unfinished files of an earlier process that were removed.
    pub leftovers: usize,
}

/// The folder of the log.
pub(crate) fn wal_dir(dir: &Path) -> PathBuf {
    dir.join("wal")
}

/// The folder of the blocks.
pub(crate) fn blocks_dir(dir: &Path) -> PathBuf {
    dir.join("blocks")
}

/// What one opening carries along.
struct Opening {
    files: Arc<dyn Files>,
    dir: PathBuf,
    report: RecoveryReport,
}

/// Opens a data directory.
pub(crate) fn open(
    files: Arc<dyn Files>,
    dir: &Path,
    options: EngineOptions,
    clock: Arc<dyn Clock>,
) -> Result<(Inner, RecoveryReport), EngineError> {
    let began = Instant::now();
    let blocks_dir = blocks_dir(dir);
    files
        .create_dir_all(&blocks_dir)
        .map_err(Error::io("create", &blocks_dir))?;
    let lock = if options.lock {
        DirLock::take(dir)?
    } else {
        DirLock::none()
    };
    let mut opening = Opening {
        files: Arc::clone(&files),
        dir: dir.into(),
        report: RecoveryReport::default(),
    };
    opening.remove_temporaries()?;
    let (mut manifest, mut dirty) = opening.manifest()?;
    let blocks = opening.blocks(&mut manifest, &mut dirty)?;
    opening.remove_orphans(&manifest)?;
    if dirty {
        manifest.save(&*files, dir)?;
    }

    let hash = HashKey::random();
    // References of another run do not fit by accident.
    let epoch = (hash.hash64(b"epoch") as u32).max(1);
    let mut registry = Registry::new(epoch, hash);
    let checkpoint = opening.checkpoint(&manifest, &mut registry, hash)?;
    let mut families = Families::default();
    for (family, metadata) in &checkpoint.metadata {
        families.set(family, metadata);
    }
    let mut exemplars = Exemplars::new(options.exemplars_max);
    for (labels, exemplar) in &checkpoint.exemplars {
        exemplars.add(registry.key(labels.as_bytes()), || labels.clone(), exemplar);
    }
    let generation = Generation::after(checkpoint.lasts.into_iter(), clock.now_ms());
    let active = HeadPart {
        registry: Arc::new(RwLock::new(registry)),
        generation: Arc::new(RwLock::new(generation)),
    };
    let wal_options = WalOptions {
        // The engine syncs itself, so that appends that wait share a sync.
        sync: if options.sync == SyncPolicy::Always {
            SyncPolicy::Never
        } else {
            options.sync
        },
        reserve_bytes: options.reserve_bytes,
        ..WalOptions::default()
    };
    let (wal, mut recovery) = Wal::open(Arc::clone(&files), &wal_dir(dir), wal_options)?;
    recovery
        .segments
        .retain(|s| s.segment >= manifest.log_from_segment);
    if wal.segment() < manifest.log_from_segment {
        // Someone removed the log: what is appended from now on must count.
        let names = checkpoint::path(dir, manifest.log_from_segment);
        manifest.log_from_segment = wal.segment();
        if files.exists(&names) {
            let to = checkpoint::path(dir, manifest.log_from_segment);
            files
                .rename(&names, &to)
                .map_err(Error::io("rename", &names))?;
        }
        manifest.save(&*files, dir)?;
    }
    let replay = opening.replay(&recovery, &active, &mut families, &mut exemplars)?;
    wal.truncate_before(manifest.log_from_segment)?;
    if let Some((min_ms, _)) = active.generation.read().time_range() {
        // What was read back is as old as it says, within reason.
        let now_ms = clock.now_ms();
        let oldest_ms = now_ms.saturating_sub(options.head_age_ms);
        active
            .generation
            .read()
            .set_since(min_ms.clamp(oldest_ms, now_ms));
    }

    let stats = Arc::new(Counters::default());
    stats
        .replay_nanos
        .store(began.elapsed().as_nanos() as u64, Relaxed);
    stats
        .replayed_samples
        .store(opening.report.samples, Relaxed);
    stats
        .blocks_quarantined
        .store(opening.report.quarantined.len() as u64, Relaxed);
    opening.report.blocks = blocks.len();
    opening.tell(began);
    let inner = Inner {
        files,
        dir: dir.into(),
        options,
        clock,
        hash,
        stats,
        wal,
        writer: Mutex::new(Writer::new(active.clone())),
        state: RwLock::new(Arc::new(State {
            active,
            frozen: None,
            blocks,
        })),
        exemplars: Mutex::new(exemplars),
        families: RwLock::new(families),
        maintenance: Mutex::new(Maintenance::new(manifest)),
        bell: Arc::default(),
        stopping: AtomicBool::new(false),
        replay,
        _lock: lock,
    };
    Ok((inner, opening.report))
}

impl Opening {
    fn list(&self, dir: &Path) -> Result<Vec<PathBuf>, Error> {
        self.files.list(dir).map_err(Error::io("list", dir))
    }

    fn remove(&mut self, path: &Path) -> Result<(), Error> {
        self.report.leftovers += 1;
        self.files.remove(path).map_err(Error::io("remove", path))
    }

    fn remove_temporaries(&mut self) -> Result<(), Error> {
        for dir in [self.dir.clone(), blocks_dir(&self.dir)] {
            for path in self.list(&dir)? {
                if path
                    .as_os_str()
                    .as_encoded_bytes()
                    .ends_with(TEMPORARY_SUFFIX.as_bytes())
                {
                    self.remove(&path)?;
                }
            }
        }
        Ok(())
    }

    /// The manifest, and whether it must be saved.
    fn manifest(&mut self) -> Result<(Manifest, bool), Error> {
        match Manifest::load(&*self.files, &self.dir) {
            Ok(Some(manifest)) => Ok((manifest, false)),
            Ok(None) => self.rebuild_manifest(),
            Err(error @ Error::Corrupt { .. }) => {
                let path = self.dir.join(MANIFEST_NAME);
                self.quarantine(&path, &error)?;
                self.rebuild_manifest()
            }
            Err(error) => Err(error),
        }
    }

    /// A manifest of what is there. Blocks that a merge replaced may come back
    /// beside the merged one, which reading takes apart.
    fn rebuild_manifest(&mut self) -> Result<(Manifest, bool), Error> {
        let mut manifest = Manifest::default();
        for path in self.list(&blocks_dir(&self.dir))? {
            let Some(id) = block::number(&path) else {
                continue;
            };
            manifest.next_block_id = manifest.next_block_id.max(id + 1);
            match Block::open(&*self.files, &blocks_dir(&self.dir), id) {
                Ok(block) => manifest.replace(&[], Some(entry(&block, 0))),
                Err(error @ Error::Corrupt { .. }) => self.quarantine(&path, &error)?,
                Err(error) => return Err(error),
            }
        }
        let checkpoints = self.list(&self.dir)?;
        manifest.log_from_segment = checkpoints
            .iter()
            .filter_map(|p| checkpoint::number(p))
            .max()
            .unwrap_or(0);
        let dirty = !manifest.blocks.is_empty() || manifest.log_from_segment > 0;
        Ok((manifest, dirty))
    }

    fn blocks(
        &mut self,
        manifest: &mut Manifest,
        dirty: &mut bool,
    ) -> Result<Vec<Arc<Block>>, Error> {
        let dir = blocks_dir(&self.dir);
        let mut blocks = Vec::new();
        for meta in manifest.blocks.clone() {
            let path = block::path(&dir, meta.id);
            if !self.files.exists(&path) {
                self.report.quarantined.push(format!(
                    "{} is in the manifest and not there",
                    path.display()
                ));
                manifest.replace(&[meta.id], None);
                *dirty = true;
                continue;
            }
            match Block::open(&*self.files, &dir, meta.id) {
                Ok(block) => blocks.push(Arc::new(block)),
                Err(error @ (Error::Corrupt { .. } | Error::NotFound { .. })) => {
                    self.quarantine(&path, &error)?;
                    manifest.replace(&[meta.id], None);
                    *dirty = true;
                }
                Err(error) => return Err(error),
            }
        }
        blocks.sort_by_key(|b| (b.meta().seq, b.id()));
        Ok(blocks)
    }

    /// Moves a damaged file aside.
    fn quarantine(&mut self, path: &Path, why: &Error) -> Result<(), Error> {
        let aside = quarantine(&*self.files, &self.dir, path)?;
        self.report
            .quarantined
            .push(format!("{why}; moved to {}", aside.display()));
        Ok(())
    }

    fn remove_orphans(&mut self, manifest: &Manifest) -> Result<(), Error> {
        for path in self.list(&blocks_dir(&self.dir))? {
            let id = block::number(&path).or_else(|| tombstones_number(&path));
            if id.is_some_and(|id| manifest.blocks.iter().all(|b| b.id != id)) {
                self.remove(&path)?;
            }
        }
        for path in self.list(&self.dir)? {
            if checkpoint::number(&path).is_some_and(|n| n != manifest.log_from_segment) {
                self.remove(&path)?;
            }
        }
        Ok(())
    }

    fn checkpoint(
        &mut self,
        manifest: &Manifest,
        registry: &mut Registry,
        hash: HashKey,
    ) -> Result<Checkpoint, Error> {
        let path = checkpoint::path(&self.dir, manifest.log_from_segment);
        if !self.files.exists(&path) {
            return Ok(Checkpoint::default());
        }
        match checkpoint::read(&*self.files, &path, registry) {
            Ok(checkpoint) => Ok(checkpoint),
            Err(error @ Error::Corrupt { .. }) => {
                // Reading may have registered a part of it.
                *registry = Registry::new(registry.epoch(), hash);
                self.quarantine(&path, &error)?;
                Ok(Checkpoint::default())
            }
            Err(error) => Err(error),
        }
    }

    fn replay(
        &mut self,
        recovery: &Recovery,
        head: &HeadPart,
        families: &mut Families,
        exemplars: &mut Exemplars,
    ) -> Result<ReplayState, Error> {
        let mut staged = Staged::default();
        let mut replay = recovery.replay();
        while let Some(found) = replay.next_record()? {
            self.report.records += 1;
            let decoded = match found.kind {
                RECORD_KIND => {
                    record::decode(found.payload, &mut head.registry.write(), &mut staged)
                }
                _ => None,
            };
            if decoded.is_none() {
                let at = found.at;
                self.report.dropped.push(format!(
                    "log segment {} at {}: a record of {} bytes makes no sense",
                    at.segment,
                    at.offset,
                    found.payload.len()
                ));
                continue;
            }
            self.drop_nameless(head, &mut staged);
            self.report.samples += staged.ids.len() as u64;
            apply(head, &staged);
            let registry = head.registry.read();
            for (id, exemplar) in &staged.exemplars {
                exemplars.add(registry.key_of(*id), || registry.labels(*id), exemplar);
            }
            for (family, metadata) in &staged.metadata {
                families.set(family, metadata);
            }
        }
        let dropped = recovery.dropped.iter().chain(replay.dropped());
        self.report.dropped.extend(dropped.map(ToString::to_string));
        self.report.segments = recovery.segments.len();
        let number = |s: Option<&binnacle_store::wal::SegmentInfo>| s.map_or(0, |s| s.segment);
        let (min, max) = (
            number(recovery.segments.first()),
            number(recovery.segments.last()),
        );
        Ok(ReplayState {
            min,
            max,
            current: max,
            done: true,
        })
    }

    /// Takes out samples of series whose names a damaged record took with it.
    fn drop_nameless(&mut self, head: &HeadPart, staged: &mut Staged) {
        let registry = head.registry.read();
        if !registry.has_holes() || staged.ids.iter().all(|&id| !registry.is_hole(id)) {
            return;
        }
        let all = std::mem::take(staged);
        for (i, &id) in all.ids.iter().enumerate() {
            if registry.is_hole(id) {
                self.report.samples_lost += 1;
            } else {
                staged.push(id, all.times_ms[i], all.values[i]);
            }
        }
        staged.exemplars = all.exemplars;
        staged.exemplars.retain(|(id, _)| !registry.is_hole(*id));
        staged.metadata = all.metadata;
    }

    fn tell(&self, began: Instant) {
        let r = &self.report;
        for line in &r.quarantined {
            tracing::error!("damaged and left out: {line}");
        }
        for line in &r.dropped {
            tracing::warn!("left out of the log: {line}");
        }
        if r.samples_lost > 0 {
            tracing::error!(
                samples = r.samples_lost,
                "samples in the log belong to series whose names are lost"
            );
        }
        tracing::info!(
            blocks = r.blocks,
            segments = r.segments,
            samples = r.samples,
            seconds = began.elapsed().as_secs_f64(),
            "metrics engine is open"
        );
    }
}

/// Moves a damaged file into the folder `quarantine`; answers where it is then.
pub(crate) fn quarantine(files: &dyn Files, dir: &Path, path: &Path) -> Result<PathBuf, Error> {
    let aside = dir.join("quarantine");
    files
        .create_dir_all(&aside)
        .map_err(Error::io("create", &aside))?;
    let name = path.file_name().unwrap_or(path.as_os_str());
    let mut to = aside.join(name);
    let mut n = 1;
    while files.exists(&to) {
        let mut numbered = name.to_owned();
        numbered.push(format!(".{n}"));
        to = aside.join(numbered);
        n += 1;
    }
    files.rename(path, &to).map_err(Error::io("rename", path))?;
    files.sync_dir(&aside).map_err(Error::io("sync", &aside))?;
    Ok(to)
}
