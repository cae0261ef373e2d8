//! What can go wrong when an engine is opened or worked on.

use std::path::PathBuf;

/// Name of the lock file in the directory of an engine.
pub(crate) const LOCK_NAME: &str = "lock";

/// What can go wrong.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// Another process has the directory open.
    #[error(
        "{} is in use by another process: stop it, or name another data directory",
        dir.display()
    )]
    Locked {
        /// Which directory.
        dir: PathBuf,
    },
    /// Rows cannot be deleted by such a condition.
    #[error(
        "rows cannot be deleted by what is extracted from their lines: use tests of the line or of its fields"
    )]
    NotDeletable,
    /// There are too many deletions that are not done yet.
    #[error("{waiting} deletions wait to be done, and {limit} may: ask again when some are done")]
    TooManyDeletions {
        /// How many wait.
        waiting: usize,
        /// How many may.
        limit: usize,
    },
    /// The store below.
    #[error(transparent)]
    Store(#[from] binnacle_store::Error),
}
