//! What people decide and the product remembers: silences, the notification log,
//! episodes of alerts, notifications, acknowledgements, digests, and whatever is
//! saved at run time. One SQLite file, `state.db`, in the data directory.
//!
//! One connection writes and a few read. Every write goes through the writer's
//! queue and is told to its caller when it is committed; what was told survives
//! `kill -9`, and with [`Sync::Full`] a power loss too. Reads go to SQLite's
//! snapshots and never wait for writes. SQLite's own threads do the work; the
//! async runtime is never blocked.
//!
//! One module per noun holds its rows, its reads and its writes. Rows that are
//! searched are small, and the texts that belong to them lie in a table beside
//! them, so that a search reads little.
//!
//! Architecture invariant: this room knows nothing of how alerts are routed or
//! notifications sent, and holds no state in memory but the queue.

mod budgets;
mod digests;
mod episodes;
mod error;
mod marks;
mod migrations;
mod notification_log;
mod notifications;
mod open;
mod quality;
mod retention;
mod rows;
mod saved;
mod silences;
mod writer;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use binnacle_stdx::clock::Clock;
use sqlx::SqlitePool;

pub use budgets::Disturbance;
pub use digests::{Digest, Held, NewHeld};
pub use episodes::Begun;
pub use error::{Result, StateError};
pub use marks::{Mark, MarkEvent};
pub use notification_log::{LogEntry, LogKey};
pub use notifications::NewNotification;
pub use retention::Swept;
pub use saved::Saved;

use error::Fault;
use writer::{Queue, Write};

/// What a commit waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sync {
    /// The operating system has it: survives the death of this process. After a
    /// power loss the file is whole, but the last moments may be missing.
    #[default]
    Normal,
    /// The disk has it: survives a power loss, at one sync per transaction.
    Full,
}

/// How state is kept.
#[derive(Debug, Clone)]
pub struct Settings {
    /// What a commit waits for.
    pub sync: Sync,
    /// How long history is kept, milliseconds.
    pub history_ms: i64,
    /// How many writes may wait; more make their callers wait.
    pub queue_max: usize,
    /// Connections that read at the same time.
    pub readers: u32,
    /// Size limit of the file in pages of 4 KiB; `None`: the disk.
    pub pages_max: Option<u32>,
    /// Stop at this version of the schema: for tests of migrations.
    #[doc(hidden)]
    pub schema: Option<usize>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            sync: Sync::Normal,
            history_ms: 365 * 24 * 3_600_000,
            queue_max: 1_024,
            readers: 3,
            pages_max: None,
            schema: None,
        }
    }
}

/// How much room state takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Size {
    /// Bytes of the file.
    pub file_bytes: u64,
    /// Bytes of the log beside it.
    pub log_bytes: u64,
}

/// State, open. A clone is another handle on the same.
#[derive(Clone)]
pub struct State(Arc<Inner>);

struct Inner {
    queue: Queue,
    readers: SqlitePool,
    path: PathBuf,
    settings: Settings,
    clock: Arc<dyn Clock>,
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("State").field(&self.0.path).finish()
    }
}

impl State {
    /// The version of the schema that this release writes.
    pub const SCHEMA: usize = migrations::VERSION;

    /// Opens `state.db` in `dir`; creates both when they are not there. Must be
    /// called within a Tokio runtime, which then carries the writer.
    ///
    /// # Errors
    /// A file of something else, of a newer release, or a damaged one is refused
    /// and left as it is.
    pub async fn open(dir: &Path, settings: Settings, clock: Arc<dyn Clock>) -> Result<Self> {
        let (db, path) = open::writer(dir, &settings).await?;
        let readers = open::readers(&path, settings.readers).await?;
        Ok(Self(Arc::new(Inner {
            queue: Queue::start(db, path.clone(), settings.queue_max),
            readers,
            path,
            settings,
            clock,
        })))
    }

    /// Waits for the writes that were begun, and closes the file. Later writes
    /// answer [`StateError::Stopped`].
    pub async fn close(&self) {
        self.0.readers.close().await;
        self.0.queue.close().await;
    }

    /// How much room it takes on disk.
    ///
    /// # Errors
    /// When the files cannot be looked at.
    pub async fn size(&self) -> Result<Size> {
        let mut log = self.0.path.clone().into_os_string();
        log.push("-wal");
        Ok(Size {
            file_bytes: bytes_of(&self.0.path).await?,
            log_bytes: bytes_of(Path::new(&log)).await?,
        })
    }

    /// Writes a whole and compact copy to the file `to`, while work goes on.
    ///
    /// # Errors
    /// [`StateError::Conflict`] when there is such a file; those of the disk.
    pub async fn backup(&self, to: &Path) -> Result<()> {
        open::copy(&self.0.path, to).await
    }

    async fn write<W: Write>(&self, write: W) -> Result<W::Answer> {
        self.0.queue.write(write).await
    }

    fn now_ms(&self) -> i64 {
        self.0.clock.now_ms()
    }

    /// Where reads go.
    fn readers(&self) -> &SqlitePool {
        &self.0.readers
    }

    /// What a failed read is told as.
    fn told(&self, fault: impl Into<Fault>) -> StateError {
        fault.into().told("read", &self.0.path)
    }
}

async fn bytes_of(path: &Path) -> Result<u64> {
    match tokio::fs::metadata(path).await {
        Ok(found) => Ok(found.len()),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(0),
        Err(e) => Err(open::io("stat", path, &e)),
    }
}
