//! The engine as its users see it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use binnacle_model::Matcher;
use binnacle_model::metadata::Metadata;
use binnacle_model::query::{ReplayState, SeriesExemplars};
use binnacle_model::select::MetadataSource;
use binnacle_stdx::clock::Clock;
use binnacle_stdx::files::Files;
use binnacle_stdx::hash::HashKey;
use binnacle_store::wal::Wal;
use parking_lot::{Mutex, RwLock};

use crate::background::{Background, Bell};
use crate::block::Block;
use crate::error::EngineError;
use crate::exemplars::Exemplars;
use crate::head::Generation;
use crate::ingest::Writer;
use crate::lock::DirLock;
use crate::maintain::Maintenance;
use crate::metadata::Families;
use crate::options::EngineOptions;
use crate::recover::{self, RecoveryReport};
use crate::registry::Registry;
use crate::stats::{Counters, EngineStats};

/// A generation and the registry that its series numbers belong to.
#[derive(Debug, Clone)]
pub(crate) struct HeadPart {
    pub(crate) registry: Arc<RwLock<Registry>>,
    pub(crate) generation: Arc<RwLock<Generation>>,
}

/// What there is to read. Replaced as a whole, never changed.
#[derive(Clone)]
pub(crate) struct State {
    /// Takes samples.
    pub(crate) active: HeadPart,
    /// Is being written out as blocks.
    pub(crate) frozen: Option<HeadPart>,
    /// In ascending order of their sequence: where two have the same time of the
    /// same series, the later wins.
    pub(crate) blocks: Vec<Arc<Block>>,
}

/// Everything behind [`Engine`].
pub(crate) struct Inner {
    pub(crate) files: Arc<dyn Files>,
    pub(crate) dir: PathBuf,
    pub(crate) options: EngineOptions,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) hash: HashKey,
    pub(crate) stats: Arc<Counters>,
    pub(crate) wal: Wal,
    pub(crate) writer: Mutex<Writer>,
    pub(crate) state: RwLock<Arc<State>>,
    pub(crate) exemplars: Mutex<Exemplars>,
    pub(crate) families: RwLock<Families>,
    /// Held by whoever flushes, merges, deletes or copies. Taken before
    /// [`Self::writer`], never the other way round.
    pub(crate) maintenance: Mutex<Maintenance>,
    /// Wakes the background thread.
    pub(crate) bell: Arc<Bell>,
    /// Asks long background work to stop.
    pub(crate) stopping: AtomicBool,
    pub(crate) replay: ReplayState,
    pub(crate) _lock: DirLock,
}

impl Inner {
    /// What there is to read now.
    pub(crate) fn state(&self) -> Arc<State> {
        Arc::clone(&self.state.read())
    }
}

/// The time-series engine. Cheap to share behind an `Arc`; safe to use from many
/// threads. See the crate's text.
pub struct Engine {
    pub(crate) inner: Arc<Inner>,
    background: Mutex<Option<Background>>,
}

impl Engine {
    /// Opens the data directory `dir`, makes it when there is none, and reads the
    /// log back. The report says what was found and what had to be left out.
    ///
    /// # Errors
    /// [`EngineError::Locked`] when it is in use; `NewerVersion` when a newer program
    /// wrote it; I/O errors. Damage alone is no error: it is reported, and what is
    /// whole is served.
    pub fn open(
        files: Arc<dyn Files>,
        dir: &Path,
        options: EngineOptions,
        clock: Arc<dyn Clock>,
    ) -> Result<(Self, RecoveryReport), EngineError> {
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
                Arc::clone(&self.inner.bell),
                self.inner.options.tick,
            )?);
        }
        Ok(())
    }

    /// Does what is due: flushes the head, merges blocks, removes what passed the
    /// retention. Tells whether there was anything to do. May take seconds; tests
    /// call it instead of waiting.
    ///
    /// # Errors
    /// When something that was due failed; it is tried again the next time.
    pub fn tick(&self) -> Result<bool, EngineError> {
        self.inner.tick()
    }

    /// Writes the head out as blocks now, whatever its size.
    ///
    /// # Errors
    /// When the disk fails or is full; nothing is lost.
    pub fn flush(&self) -> Result<(), EngineError> {
        self.inner.flush()?;
        Ok(())
    }

    /// Merges all that is due until nothing is.
    ///
    /// # Errors
    /// When a block cannot be read or written; nothing is lost.
    pub fn merge(&self) -> Result<(), EngineError> {
        while self.inner.merge_once()? {}
        Ok(())
    }

    /// Merges the blocks of each of the widest windows into one, however little it
    /// saves: for a data set that will not grow, and for measuring.
    ///
    /// # Errors
    /// When a block cannot be read or written; nothing is lost.
    pub fn merge_all(&self) -> Result<(), EngineError> {
        self.inner.merge_all()
    }

    /// Ends background work, refuses further appends and makes the log safe. The
    /// head stays in the log and is read back at the next start, which is quicker
    /// than flushing it now.
    ///
    /// # Errors
    /// When the log cannot be synced.
    pub fn close(&self) -> Result<(), EngineError> {
        self.inner.stopping.store(true, Ordering::Relaxed);
        if let Some(background) = self.background.lock().take() {
            background.stop();
        }
        let _maintenance = self.inner.maintenance.lock();
        self.inner.writer.lock().closed = true;
        self.inner.wal.close()?;
        Ok(())
    }

    /// Figures for telemetry.
    #[must_use]
    pub fn stats(&self) -> EngineStats {
        let inner = &self.inner;
        let state = inner.state();
        let mut stats = inner.stats.read();
        {
            let registry = state.active.registry.read();
            stats.series = registry.len() as u64;
            stats.label_pairs = registry.pairs().len() as u64;
        }
        stats.head_samples = state.active.generation.read().samples()
            + state
                .frozen
                .as_ref()
                .map_or(0, |f| f.generation.read().samples());
        stats.blocks = state.blocks.len() as u64;
        stats.block_bytes = state.blocks.iter().map(|b| b.meta().bytes).sum();
        stats.exemplars = inner.exemplars.lock().len() as u64;
        stats.wal = inner.wal.stats();
        stats
    }

    /// How far reading the log at the start has come: opening returns when it is
    /// done.
    #[must_use]
    pub fn replay(&self) -> ReplayState {
        self.inner.replay
    }

    /// Why the engine takes no more writes, if so: an earlier write or sync failed.
    #[must_use]
    pub fn poisoned(&self) -> Option<String> {
        self.inner.wal.stats().poisoned
    }

    /// Exemplars of series that match any of the selectors, within the range, by
    /// series.
    #[must_use]
    pub fn exemplars(
        &self,
        selectors: &[Vec<Matcher>],
        start_ms: i64,
        end_ms: i64,
    ) -> Vec<SeriesExemplars> {
        self.inner
            .exemplars
            .lock()
            .query(selectors, start_ms, end_ms)
    }

    /// The data directory.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.inner.dir
    }

    /// The settings.
    #[must_use]
    pub fn options(&self) -> &EngineOptions {
        &self.inner.options
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.inner.stopping.store(true, Ordering::Relaxed);
        if let Some(background) = self.background.lock().take() {
            background.stop();
        }
    }
}

impl MetadataSource for Engine {
    fn metadata(&self, metric: Option<&str>, limit: usize) -> Vec<(String, Vec<Metadata>)> {
        self.inner.families.read().query(metric, limit)
    }
}
