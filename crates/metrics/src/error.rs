//! What can go wrong in the engine, by what the caller can do about it.

use std::path::PathBuf;

use binnacle_model::append::AppendError;
use binnacle_model::limits::Stopped;
use binnacle_model::select::SelectError;

/// Why the engine could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// Another process has the data directory open, or this one does already.
    #[error("data directory {} is in use by another process (lock file {LOCK_NAME})", dir.display())]
    Locked {
        /// The data directory.
        dir: PathBuf,
    },
    /// The store below failed; the message names file and place.
    #[error(transparent)]
    Store(#[from] binnacle_store::Error),
    /// A limit or the cancellation of the caller.
    #[error(transparent)]
    Stopped(#[from] Stopped),
    /// The engine is closed.
    #[error("the metrics engine is closed")]
    Closed,
}

/// The name of the lock file in the data directory.
pub(crate) const LOCK_NAME: &str = "lock";

impl From<EngineError> for SelectError {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Stopped(stopped) => Self::Stopped(stopped),
            other => Self::Storage {
                message: other.to_string(),
            },
        }
    }
}

impl From<EngineError> for AppendError {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Store(error) => error.into(),
            EngineError::Closed => Self::Closed,
            other => Self::Poisoned {
                message: other.to_string(),
            },
        }
    }
}
