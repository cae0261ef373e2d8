//! One process for each data directory.
//!
//! The lock is the kernel's, on an open file: it goes with the process however that
//! ends, so there is no stale lock to clean up.

use std::fs::{File, TryLockError};
use std::path::Path;

use binnacle_store::Error;

use crate::error::{EngineError, LOCK_NAME};

/// Held while the engine is open.
#[derive(Debug)]
pub(crate) struct DirLock(#[expect(dead_code, reason = "held for its lock alone")] Option<File>);

impl DirLock {
    /// Takes the lock of a directory of the real file system.
    pub(crate) fn take(dir: &Path) -> Result<Self, EngineError> {
        let path = dir.join(LOCK_NAME);
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(Error::io("open", &path))?;
        match file.try_lock() {
            Ok(()) => Ok(Self(Some(file))),
            Err(TryLockError::WouldBlock) => Err(EngineError::Locked { dir: dir.into() }),
            Err(TryLockError::Error(e)) => Err(Error::io("lock", &path)(e).into()),
        }
    }

    /// No lock: for files that no other process can reach.
    pub(crate) fn none() -> Self {
        Self(None)
    }
}
