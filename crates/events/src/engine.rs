//! The engine as its users see it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use binnacle_model::Matcher;
use binnacle_model::event::Condition;
use binnacle_model::event::logs::DeleteRequest;
use binnacle_stdx::clock::Clock;
use binnacle_stdx::files::Files;
use binnacle_store::wal::Wal;
use parking_lot::{Mutex, RwLock};

use crate::background::{Background, Bell};
use crate::error::EngineError;
use crate::head::{Head, Piece};
use crate::lock::DirLock;
use crate::maintain::Maintenance;
use crate::options::EngineOptions;
use crate::part::Part;
use crate::recover::{self, OpenReport};
use crate::registry::Registry;
use crate::stats::{Counters, Stats};
use crate::tombstones::Tombstone;

/// What there is to read.
pub(crate) struct State {
    /// Takes rows.
    pub(crate) head: Head,
    /// Is being written out.
    pub(crate) frozen: Head,
    pub(crate) parts: Arc<Vec<Arc<Part>>>,
    pub(crate) tombstones: Arc<Vec<Arc<Tombstone>>>,
}

/// A consistent state to read.
pub(crate) struct View {
    pub(crate) parts: Arc<Vec<Arc<Part>>>,
    pub(crate) tombstones: Arc<Vec<Arc<Tombstone>>>,
    frozen: Vec<Arc<Piece>>,
    head: Vec<Arc<Piece>>,
}

impl View {
    /// Pieces in memory, the oldest first.
    pub(crate) fn pieces(&self) -> impl Iterator<Item = &Arc<Piece>> {
        self.frozen.iter().chain(&self.head)
    }
}

impl State {
    pub(crate) fn view(&self) -> View {
        View {
            parts: self.parts.clone(),
            tombstones: self.tombstones.clone(),
            frozen: self.frozen.pieces.clone(),
            head: self.head.pieces.clone(),
        }
    }

    /// Takes parts out and puts others in.
    pub(crate) fn replace_parts(&mut self, old: &[u64], new: Vec<Arc<Part>>) {
        let mut parts: Vec<Arc<Part>> = (*self.parts).clone();
        parts.retain(|p| !old.contains(&p.meta.id));
        parts.extend(new);
        parts.sort_by_key(|p| p.meta.id);
        self.parts = Arc::new(parts);
    }

    /// Bytes in memory.
    pub(crate) fn head_bytes(&self) -> usize {
        self.head.bytes + self.frozen.bytes
    }
}

/// Everything behind [`Engine`].
pub(crate) struct Inner {
    pub(crate) files: Arc<dyn Files>,
    pub(crate) dir: PathBuf,
    /// Where parts lie: the engine's own folder, then those of the tiers.
    pub(crate) folders: Vec<PathBuf>,
    pub(crate) options: EngineOptions,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) wal: Wal,
    /// Which epoch of the log it is; changes while the gate is closed.
    pub(crate) epoch: AtomicU32,
    /// Appends hold it for reading from the registry to the log to the head; whoever ends
    /// an epoch of the log holds it for writing, so that what is in older segments is in
    /// the head. Taken before all other locks but that of maintenance.
    pub(crate) gate: RwLock<()>,
    pub(crate) registry: RwLock<Registry>,
    pub(crate) state: RwLock<State>,
    /// Held by whoever flushes, merges, deletes or moves.
    pub(crate) maintenance: Mutex<Maintenance>,
    pub(crate) stats: Arc<Counters>,
    /// Wakes the background thread.
    pub(crate) bell: Arc<Bell>,
    /// Asks long background work to stop.
    pub(crate) stopping: AtomicBool,
    pub(crate) quarantined: u64,
    pub(crate) _lock: DirLock,
}

/// The event engine. Cheap to share behind an `Arc`; safe to use from many threads. See
/// the crate's text.
pub struct Engine {
    pub(crate) inner: Arc<Inner>,
    background: Mutex<Option<Background>>,
}

impl Engine {
    /// Opens the engine in `dir`, makes it when there is none, and reads the log back.
    /// The report says what was found and what had to be left out.
    ///
    /// # Errors
    /// [`EngineError::Locked`] when it is in use; `NewerVersion` when a newer program
    /// wrote it; I/O errors. Damage alone is no error: it is reported, and what is whole
    /// is served.
    pub fn open(
        files: Arc<dyn Files>,
        dir: &Path,
        options: EngineOptions,
        clock: Arc<dyn Clock>,
    ) -> Result<(Self, OpenReport), EngineError> {
        let (inner, report) = recover::open(files, dir, options.sane(), clock)?;
        Ok((
            Self {
                inner: Arc::new(inner),
                background: Mutex::new(None),
            },
            report,
        ))
    }

    /// Starts a thread that calls [`Self::tick`] now and then. A second call does
    /// nothing.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start_background(&self) -> std::io::Result<()> {
        let mut background = self.background.lock();
        if background.is_none() {
            *background = Some(Background::start(
                Arc::downgrade(&self.inner),
                self.inner.bell.clone(),
                self.inner.options.tick,
            )?);
        }
        Ok(())
    }

    /// Does what is due: writes the head out, merges, moves and drops parts. Tells
    /// whether there was anything to do. May take seconds; tests call it instead of
    /// waiting.
    ///
    /// # Errors
    /// When something that was due failed; it is tried again the next time.
    pub fn tick(&self) -> Result<bool, EngineError> {
        self.inner.tick()
    }

    /// Writes the head out as parts now, whatever its size.
    ///
    /// # Errors
    /// When the disk fails or is full; nothing is lost.
    pub fn flush(&self) -> Result<(), EngineError> {
        self.inner.flush(&mut self.inner.maintenance.lock())?;
        Ok(())
    }

    /// Merges all that is due until nothing is.
    ///
    /// # Errors
    /// When a part cannot be read or written; nothing is lost.
    pub fn merge(&self) -> Result<(), EngineError> {
        let mut maintenance = self.inner.maintenance.lock();
        while self.inner.merge_once(&mut maintenance)? {}
        Ok(())
    }

    /// Hides the rows that match for good, at once, and takes them out of the files at the
    /// next merge. Both times are inclusive, nanoseconds. `text` is how it was asked for,
    /// kept for [`Self::deletions`]. Begins with writing the head out.
    ///
    /// # Errors
    /// [`EngineError::NotDeletable`] for conditions on what is extracted from lines;
    /// [`EngineError::TooManyDeletions`]; those of writing. Then nothing is deleted.
    pub fn delete(
        &self,
        text: &str,
        matchers: &[Matcher],
        start_ns: i64,
        end_ns: i64,
        conditions: &[Condition],
    ) -> Result<(), EngineError> {
        self.inner
            .delete(text, matchers, (start_ns, end_ns), conditions)
    }

    /// What was asked to be deleted, the oldest first; of those that are done, the newest
    /// thousand.
    #[must_use]
    pub fn deletions(&self) -> Vec<DeleteRequest> {
        let tombstones = self.inner.state.read().tombstones.clone();
        tombstones
            .iter()
            .map(|t| DeleteRequest {
                id: format!("{:08x}", t.id),
                query: t.text.clone(),
                start_ns: t.start_ns,
                end_ns: t.end_ns,
                status: if t.done { "processed" } else { "received" },
                created_ns: t.created_ms.saturating_mul(1_000_000),
            })
            .collect()
    }

    /// Ends background work, refuses further appends and makes the log safe. The head
    /// stays in the log and is read back at the next start, which is quicker than writing
    /// it out now.
    ///
    /// # Errors
    /// When the log cannot be synced.
    pub fn close(&self) -> Result<(), EngineError> {
        self.stop_background();
        let _maintenance = self.inner.maintenance.lock();
        self.inner.wal.close()?;
        Ok(())
    }

    fn stop_background(&self) {
        self.inner.stopping.store(true, Ordering::Relaxed);
        if let Some(background) = self.background.lock().take() {
            background.stop();
        }
    }

    /// Figures for telemetry.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let inner = &self.inner;
        let mut stats = inner.stats.read();
        let parts = {
            let state = inner.state.read();
            stats.head_rows = state.head.rows + state.frozen.rows;
            stats.head_bytes = state.head_bytes() as u64;
            state.parts.clone()
        };
        stats.streams = inner.registry.read().len() as u64;
        stats.parts = parts.len() as u64;
        stats.blocks = parts.iter().map(|p| p.blocks.len() as u64).sum();
        stats.part_rows = parts.iter().map(|p| p.meta.samples).sum();
        stats.part_bytes = parts.iter().map(|p| p.meta.bytes).sum();
        stats.part_raw_bytes = parts.iter().map(|p| p.raw_bytes()).sum();
        stats.quarantined = inner.quarantined;
        stats.wal = inner.wal.stats();
        stats
    }

    /// Why the engine takes no more writes, if so: an earlier write or sync failed.
    #[must_use]
    pub fn poisoned(&self) -> Option<String> {
        self.inner.wal.stats().poisoned
    }

    /// Where it lies.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.inner.dir
    }

    /// Its settings.
    #[must_use]
    pub fn options(&self) -> &EngineOptions {
        &self.inner.options
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.stop_background();
    }
}
