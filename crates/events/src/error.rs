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
    /// The store below.
    #[error(transparent)]
    Store(#[from] binnacle_store::Error),
}
