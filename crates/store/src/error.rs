//! What can go wrong in a store, by what the caller can do about it.

use std::io;
use std::path::{Path, PathBuf};

use binnacle_model::append::AppendError;
use binnacle_stdx::files;

/// What can go wrong in a store.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Bytes on the disk are not what was written: quarantine the file.
    #[error("corrupt {} {section} at {offset}: {what}", path.display())]
    Corrupt {
        /// Which file.
        path: PathBuf,
        /// Which part of it.
        section: String,
        /// Where in the file, bytes.
        offset: u64,
        /// What is wrong.
        what: String,
    },
    /// The file was written by a newer program: do not touch it.
    #[error(
        "{} has format version {found}, and this program reads versions up to {supported}: \
         start the newer program that wrote it, or move the file away to go on without it",
        path.display()
    )]
    NewerVersion {
        /// Which file.
        path: PathBuf,
        /// Its version.
        found: u32,
        /// The newest version that this program knows.
        supported: u32,
    },
    /// There is no such thing.
    #[error("{what} not found in {}", path.display())]
    NotFound {
        /// What was looked for.
        what: String,
        /// Where.
        path: PathBuf,
    },
    /// Something is larger than a store takes.
    #[error("{what} of {value} is over the limit of {limit}")]
    Limit {
        /// What.
        what: &'static str,
        /// How large it is.
        value: u64,
        /// How large it may be.
        limit: u64,
    },
    /// The disk is full, or nearly so; it gets better when there is space.
    #[error("storage is full: {message}")]
    Full {
        /// Which disk, how full.
        message: String,
    },
    /// An earlier write or sync failed; nothing more is written until a restart.
    #[error("storage takes no writes: {message}")]
    Poisoned {
        /// What failed.
        message: String,
    },
    /// The store is closing.
    #[error("storage is closing")]
    Closed,
    /// The operating system says no.
    #[error("{operation} {}: {source}", path.display())]
    Io {
        /// What was tried.
        operation: &'static str,
        /// On which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl Error {
    /// For `map_err` on a file operation.
    pub fn io(operation: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| {
            if files::is_full(&source) {
                let message = format!("{operation} {}: {source}", path.display());
                return Self::Full { message };
            }
            Self::Io {
                operation,
                path: path.to_path_buf(),
                source,
            }
        }
    }

    /// A corrupt place.
    pub fn corrupt(
        path: &Path,
        section: impl Into<String>,
        offset: u64,
        what: impl Into<String>,
    ) -> Self {
        Self::Corrupt {
            path: path.to_path_buf(),
            section: section.into(),
            offset,
            what: what.into(),
        }
    }
}

impl From<Error> for AppendError {
    fn from(error: Error) -> Self {
        match error {
            Error::Full { message } => Self::Full { message },
            Error::Poisoned { message } => Self::Poisoned { message },
            Error::Closed => Self::Closed,
            other => Self::Poisoned {
                message: other.to_string(),
            },
        }
    }
}

/// Why the bytes of a structure within a section make no sense. Whoever has the
/// section says where: [`crate::blockfile::Section::corrupt`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Malformed(pub &'static str);
