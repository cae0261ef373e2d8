//! Files behind a trait, so that a test can tear a write, fill the disk, fail a
//! sync or cut the power at any byte.
//!
//! Two implementations: [`RealFiles`] and [`SimulatedFiles`]. The trait is
//! synchronous and names paths in full; an open file is shared (`Arc`), because a
//! log is written by one thread and synced by another.
//!
//! What a power cut may take is modelled as POSIX promises it and no better: bytes
//! written since the last `sync_data` of the file, and names made, renamed or
//! removed since the last `sync_dir` of the folder. What a killed process may take
//! is nothing: everything written is in the kernel.
//!
//! This module deliberately offers no buffering and no seeking: callers batch, and
//! say where they read.

mod real;
mod simulated;

use std::io;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use real::{Hooks, RealFiles};
pub use simulated::{Crash, Fault, SimulatedFiles};

/// A file system. Safe to use from many threads.
pub trait Files: Send + Sync + 'static {
    /// Makes a new, empty file for reading and writing; cuts an existing one to
    /// nothing.
    ///
    /// # Errors
    /// As the system says.
    fn create(&self, path: &Path) -> io::Result<Arc<dyn File>>;

    /// Opens an existing file for reading.
    ///
    /// # Errors
    /// As the system says; `NotFound` when there is none.
    fn open(&self, path: &Path) -> io::Result<Arc<dyn File>>;

    /// Opens a file for appending and makes it when there is none.
    ///
    /// # Errors
    /// As the system says.
    fn append(&self, path: &Path) -> io::Result<Arc<dyn File>>;

    /// The whole of a file as memory: mapped where the implementation can map.
    /// Only for files, or parts of files, that do not change any more.
    ///
    /// # Errors
    /// As the system says.
    fn map(&self, path: &Path) -> io::Result<FileBytes>;

    /// The whole of a file, copied.
    ///
    /// # Errors
    /// As the system says.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;

    /// Makes a folder and those above it.
    ///
    /// # Errors
    /// As the system says.
    fn create_dir_all(&self, path: &Path) -> io::Result<()>;

    /// The names in a folder, full paths, sorted; files and folders alike.
    ///
    /// # Errors
    /// As the system says.
    fn list(&self, dir: &Path) -> io::Result<Vec<PathBuf>>;

    /// The length of a file, bytes.
    ///
    /// # Errors
    /// As the system says; `NotFound` when there is none.
    fn len(&self, path: &Path) -> io::Result<u64>;

    /// Whether there is a file or folder of this name.
    fn exists(&self, path: &Path) -> bool;

    /// Renames a file, replacing what stood there, atomically.
    ///
    /// # Errors
    /// As the system says.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a file.
    ///
    /// # Errors
    /// As the system says.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Removes a folder and all in it.
    ///
    /// # Errors
    /// As the system says.
    fn remove_dir_all(&self, path: &Path) -> io::Result<()>;

    /// Makes the names in a folder survive a power cut.
    ///
    /// # Errors
    /// As the system says.
    fn sync_dir(&self, dir: &Path) -> io::Result<()>;

    /// Gives a file a second name (for snapshots); a copy where the system has no
    /// links.
    ///
    /// # Errors
    /// As the system says.
    fn link(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Bytes that may still be written on the disk of `dir`.
    ///
    /// # Errors
    /// As the system says; `Unsupported` when nobody can tell.
    fn free_space(&self, dir: &Path) -> io::Result<u64>;
}

/// An open file. Safe to use from many threads; writes go to the end.
pub trait File: Send + Sync {
    /// Reads at `offset` until `buf` is full.
    ///
    /// # Errors
    /// As the system says; `UnexpectedEof` when the file is too short.
    fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> io::Result<()>;

    /// Writes all bytes at the end of the file. After an error any prefix of them
    /// may be there: cut the file back with [`Self::set_len`].
    ///
    /// # Errors
    /// As the system says; see [`is_full`].
    fn write_all(&self, bytes: &[u8]) -> io::Result<()>;

    /// Makes what was written survive a power cut. After an error nobody knows
    /// what did; a later success proves nothing.
    ///
    /// # Errors
    /// As the system says.
    fn sync_data(&self) -> io::Result<()>;

    /// Cuts or extends (with zeros) the file; the next write goes to the new end.
    ///
    /// # Errors
    /// As the system says.
    fn set_len(&self, len: u64) -> io::Result<()>;

    /// The length, bytes.
    ///
    /// # Errors
    /// As the system says.
    fn len(&self) -> io::Result<u64>;

    /// Whether the file is empty.
    ///
    /// # Errors
    /// As the system says.
    fn is_empty(&self) -> io::Result<bool> {
        Ok(self.len()? == 0)
    }
}

/// Whether `error` says that the disk, or the owner's share of it, is full.
#[must_use]
pub fn is_full(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
    )
}

/// The bytes of a file, mapped or copied; cheap to clone.
#[derive(Clone)]
pub struct FileBytes(Arc<dyn AsRef<[u8]> + Send + Sync>);

impl FileBytes {
    /// From whatever owns the bytes: a `Vec<u8>`, a memory map.
    pub fn new(owner: impl AsRef<[u8]> + Send + Sync + 'static) -> Self {
        Self(Arc::new(owner))
    }
}

impl Deref for FileBytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        (*self.0).as_ref()
    }
}

impl std::fmt::Debug for FileBytes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "FileBytes({} bytes)", self.len())
    }
}
