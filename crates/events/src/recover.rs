//! Opening a directory.
//!
//! The manifest says which parts count and where the log begins to count; the log gives
//! the rows that are in no part. What a crash left behind (temporary files, parts of a
//! flush or merge that was not finished) is in no manifest and is removed. What is damaged
//! is put aside and told, and the rest is served.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32};

use binnacle_stdx::clock::Clock;
use binnacle_stdx::files::Files;
use binnacle_stdx::hash::HashKey;
use binnacle_store::Error;
use binnacle_store::blockfile::TEMPORARY_SUFFIX;
use binnacle_store::manifest::{BlockMeta, MANIFEST_NAME, Manifest};
use binnacle_store::wal::{Recovery, Wal, WalOptions};
use hashbrown::HashMap;
use parking_lot::{Mutex, RwLock};

use crate::engine::{Inner, State};
use crate::error::EngineError;
use crate::head::Head;
use crate::lock::DirLock;
use crate::maintain::Maintenance;
use crate::options::EngineOptions;
use crate::part::{self, Part, id_of, path_of};
use crate::record;
use crate::registry::Registry;
use crate::stats::Counters;
use crate::tombstones::{self, Tombstone};

/// What opening found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OpenReport {
    /// Parts that are served.
    pub parts: usize,
    /// Records of the log that were read.
    pub records: u64,
    /// Rows that came back from the log.
    pub rows: u64,
    /// Rows in the log whose streams' labels were lost with a damaged record.
    pub rows_lost: u64,
    /// What was left out of the log, a line each, with file and place.
    pub dropped: Vec<String>,
    /// What was moved aside because it is damaged, a line each.
    pub quarantined: Vec<String>,
    /// Unfinished files of an earlier process that were removed.
    pub leftovers: usize,
}

/// What one opening carries along.
struct Opening {
    files: Arc<dyn Files>,
    dir: PathBuf,
    /// Where parts lie.
    folders: Vec<PathBuf>,
    options: EngineOptions,
    registry: RwLock<Registry>,
    report: OpenReport,
}

/// Opens a directory.
pub(crate) fn open(
    files: Arc<dyn Files>,
    dir: &Path,
    options: EngineOptions,
    clock: Arc<dyn Clock>,
) -> Result<(Inner, OpenReport), EngineError> {
    let tiers = options.tiers.iter().map(|t| t.directory.clone());
    let folders: Vec<PathBuf> = std::iter::once(dir.join("parts")).chain(tiers).collect();
    for folder in &folders {
        files
            .create_dir_all(folder)
            .map_err(Error::io("create", folder))?;
    }
    let lock = if options.lock {
        DirLock::take(dir)?
    } else {
        DirLock::none()
    };
    let hash = HashKey::random();
    let mut opening = Opening {
        files: Arc::clone(&files),
        dir: dir.to_owned(),
        folders,
        options,
        registry: RwLock::new(Registry::new(hash)),
        report: OpenReport::default(),
    };
    opening.remove_temporaries()?;
    let (mut manifest, mut dirty) = opening.manifest()?;
    let parts = opening.parts(&mut manifest, &mut dirty)?;
    opening.remove_orphans(&parts)?;
    if dirty {
        manifest.save(&*files, dir)?;
    }
    let tombstones = opening.tombstones()?;
    for tombstone in &tombstones {
        // Numbers that were taken and never saved must not be taken again for rows that
        // came after the deletion.
        manifest.next_block_id = manifest.next_block_id.max(tombstone.before_part);
    }
    let (wal, head) = opening.log(&mut manifest, clock.now_ms())?;
    opening.report.parts = parts.len();
    opening.tell();
    let state = State {
        head,
        frozen: Head::default(),
        parts: Arc::new(parts),
        tombstones: Arc::new(tombstones.into_iter().map(Arc::new).collect()),
    };
    let report = opening.report;
    let inner = Inner {
        files,
        dir: dir.to_owned(),
        folders: opening.folders,
        options: opening.options,
        clock,
        wal,
        // Epochs of another run do not fit by accident.
        epoch: AtomicU32::new((hash.hash64(b"epoch") as u32).max(1)),
        gate: RwLock::new(()),
        registry: opening.registry,
        state: RwLock::new(state),
        maintenance: Mutex::new(Maintenance::new(manifest)),
        stats: Arc::new(Counters::default()),
        bell: Arc::default(),
        stopping: AtomicBool::new(false),
        quarantined: report.quarantined.len() as u64,
        _lock: lock,
    };
    Ok((inner, report))
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
        let mut dirs = self.folders.clone();
        dirs.push(self.dir.clone());
        for dir in dirs {
            for path in self.list(&dir)? {
                let name = path.as_os_str().as_encoded_bytes();
                if name.ends_with(TEMPORARY_SUFFIX.as_bytes()) {
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

    /// A manifest of what is there. Parts that a merge replaced may come back beside the
    /// merged one, and rows of the log beside the part that they were written to: then they
    /// are there twice until a merge finds them side by side.
    fn rebuild_manifest(&mut self) -> Result<(Manifest, bool), Error> {
        let mut manifest = Manifest::default();
        for folder in self.folders.clone() {
            for path in self.list(&folder)? {
                let Some(id) = id_of(&path) else { continue };
                manifest.next_block_id = manifest.next_block_id.max(id + 1);
                match part::describe(&*self.files, &path, id) {
                    Ok(meta) => manifest.replace(&[id], Some(meta)),
                    Err(error @ (Error::Corrupt { .. } | Error::NotFound { .. })) => {
                        self.quarantine(&path, &error)?;
                    }
                    Err(error) => return Err(error),
                }
            }
        }
        let dirty = !manifest.blocks.is_empty();
        Ok((manifest, dirty))
    }

    fn parts(
        &mut self,
        manifest: &mut Manifest,
        dirty: &mut bool,
    ) -> Result<Vec<Arc<Part>>, Error> {
        let mut parts = Vec::new();
        for meta in manifest.blocks.clone() {
            match self.part(meta)? {
                Some(part) => parts.push(Arc::new(part)),
                None => {
                    manifest.replace(&[meta.id], None);
                    *dirty = true;
                }
            }
        }
        Ok(parts)
    }

    /// Opens a part; `None` when it is damaged or not there.
    fn part(&mut self, meta: BlockMeta) -> Result<Option<Part>, Error> {
        // Killed while it was moved, it is in two folders: the one it was moved to counts.
        let tiers = self.folders.iter().enumerate().rev();
        let found = tiers
            .map(|(tier, folder)| (tier, path_of(folder, meta.id)))
            .find(|(_, path)| self.files.exists(path));
        let Some((tier, path)) = found else {
            let what = path_of(Path::new(""), meta.id);
            if self.folders.len() > 1 {
                // A disk that is not there now must not be forgotten.
                return Err(Error::NotFound {
                    what: format!(
                        "the manifest has {}, which is in none of the folders of the tiers: mount \
                         what is missing, or move the manifest away to go on without it: a part",
                        what.display()
                    ),
                    path: self.dir.clone(),
                });
            }
            self.report.quarantined.push(format!(
                "{} is in the manifest of {} and not there",
                what.display(),
                self.dir.display()
            ));
            return Ok(None);
        };
        let opened = Part::open(
            &*self.files,
            &self.folders[tier],
            tier,
            meta,
            &self.registry,
            &self.options,
        );
        match opened {
            Ok(part) => Ok(Some(part)),
            Err(error @ (Error::Corrupt { .. } | Error::NotFound { .. })) => {
                self.quarantine(&path, &error)?;
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Removes parts that do not count.
    fn remove_orphans(&mut self, parts: &[Arc<Part>]) -> Result<(), Error> {
        let alive: HashMap<u64, &Path> = parts.iter().map(|p| (p.meta.id, p.path())).collect();
        for folder in self.folders.clone() {
            for path in self.list(&folder)? {
                if id_of(&path).is_some_and(|id| alive.get(&id) != Some(&path.as_path())) {
                    self.remove(&path)?;
                }
            }
        }
        Ok(())
    }

    fn tombstones(&mut self) -> Result<Vec<Tombstone>, Error> {
        match tombstones::load(&*self.files, &self.dir) {
            Ok(list) => Ok(list),
            Err(error @ Error::Corrupt { .. }) => {
                let path = tombstones::path(&self.dir);
                self.quarantine(&path, &error)?;
                if let Some(last) = self.report.quarantined.last_mut() {
                    last.push_str("; rows that were deleted and not merged yet may be back");
                }
                Ok(Vec::new())
            }
            Err(error) => Err(error),
        }
    }

    /// Moves a damaged file aside.
    fn quarantine(&mut self, path: &Path, why: &Error) -> Result<(), Error> {
        let aside = put_aside(&*self.files, &self.dir, path)?;
        let line = format!("{why}; moved to {}", aside.display());
        self.report.quarantined.push(line);
        Ok(())
    }

    /// Opens the log and reads it back.
    fn log(&mut self, manifest: &mut Manifest, now_ms: i64) -> Result<(Wal, Head), Error> {
        let options = WalOptions {
            sync: self.options.sync,
            reserve_bytes: self.options.reserve_bytes,
            ..WalOptions::default()
        };
        let (wal, mut recovery) =
            Wal::open(Arc::clone(&self.files), &self.dir.join("wal"), options)?;
        let from = manifest.log_from_segment;
        recovery.segments.retain(|s| s.segment >= from);
        if wal.segment() < from {
            // Someone removed the log: what is appended from now on must count.
            manifest.log_from_segment = wal.segment();
            manifest.save(&*self.files, &self.dir)?;
        }
        let head = self.replay(&recovery, now_ms)?;
        wal.truncate_before(manifest.log_from_segment)?;
        Ok((wal, head))
    }

    fn replay(&mut self, recovery: &Recovery, now_ms: i64) -> Result<Head, Error> {
        let mut head = Head::default();
        let mut replay = recovery.replay();
        let mut epoch = 0;
        // Numbers of the log to ours.
        let mut ids: HashMap<u32, u32> = HashMap::new();
        while let Some(found) = replay.next_record()? {
            self.report.records += 1;
            let decoded = (found.kind == record::BATCH)
                .then(|| record::decode(found.payload))
                .flatten();
            let Some(mut read) = decoded else {
                self.report.dropped.push(format!(
                    "log segment {} at {}: a record of {} bytes makes no sense",
                    found.at.segment,
                    found.at.offset,
                    found.payload.len()
                ));
                continue;
            };
            if read.epoch != epoch {
                epoch = read.epoch;
                ids.clear();
            }
            let registry = self.registry.get_mut();
            for (id, labels) in &read.news {
                if let Some(own) = registry.intern(labels) {
                    ids.insert(*id, own);
                }
            }
            let rows = read.batch.len() as u64;
            let known = drop_nameless(&mut read, &ids);
            self.report.rows += read.batch.len() as u64;
            self.report.rows_lost += rows - read.batch.len() as u64;
            head.push(&read.batch, &known, now_ms);
        }
        let dropped = recovery.dropped.iter().chain(replay.dropped());
        self.report.dropped.extend(dropped.map(ToString::to_string));
        Ok(head)
    }

    fn tell(&self) {
        let r = &self.report;
        for line in &r.quarantined {
            tracing::error!("damaged and left out: {line}");
        }
        for line in &r.dropped {
            tracing::warn!("left out of the log: {line}");
        }
        if r.rows_lost > 0 {
            tracing::error!(
                rows = r.rows_lost,
                "rows in the log belong to streams whose labels are lost"
            );
        }
    }
}

/// Our numbers of a record's streams. Rows of streams whose labels a damaged record took
/// with it are taken out.
fn drop_nameless(read: &mut record::Read, ids: &HashMap<u32, u32>) -> Vec<u32> {
    let known: Vec<Option<u32>> = read.ids.iter().map(|id| ids.get(id).copied()).collect();
    if !known.contains(&None) {
        return known.into_iter().flatten().collect();
    }
    let mut kept = binnacle_model::event::EventBatch::default();
    for (stream, _) in read
        .batch
        .streams
        .iter()
        .zip(&known)
        .filter(|(_, id)| id.is_some())
    {
        kept.begin_stream_bytes(&[]);
        for row in stream.rows.clone() {
            let row = row as usize;
            kept.push_row(read.batch.times_ns[row], read.batch.line(row));
            for (name, value) in read.batch.fields(row) {
                kept.push_field(name, value);
            }
        }
    }
    read.batch = kept;
    known.into_iter().flatten().collect()
}

/// Moves a damaged file into the folder `quarantine`; answers where it is then.
fn put_aside(files: &dyn Files, dir: &Path, path: &Path) -> Result<PathBuf, Error> {
    // Beside the file itself: another folder may be on another disk.
    let own = path.parent().unwrap_or(dir);
    let aside = own.join("quarantine");
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
