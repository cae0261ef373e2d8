//! What can go wrong, by what the caller can do about it.

use std::path::{Path, PathBuf};

/// Why state could not be read or written. Cheap enough to be handed to every
/// write of a batch.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StateError {
    /// The file belongs to something else. Nothing was changed.
    #[error("{}: {what}; move the file away, or name another data directory", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What was found.
        what: String,
    },
    /// The file is damaged. Nothing was changed.
    #[error(
        "{}: damaged ({what}); restore a backup in its place, or move it and its -wal and -shm files away to start with empty state",
        path.display()
    )]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What was found.
        what: String,
    },
    /// The file was written by a newer release. Nothing was changed.
    #[error(
        "{}: schema version {version} is newer than this release knows; run the newer release, or restore a backup of before the upgrade",
        path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its schema's version.
        version: i64,
    },
    /// There is no room for this write. What was stored before is still there, and
    /// the same write may be tried again when there is room.
    #[error("{}: no space left for the write; what was stored is kept", path.display())]
    Full {
        /// The file.
        path: PathBuf,
    },
    /// Somebody else holds the file too long. May be tried again.
    #[error("{}: busy; is another process using this data directory?", path.display())]
    Busy {
        /// The file.
        path: PathBuf,
    },
    /// The operating system refused.
    #[error("{operation} {}: {what}", path.display())]
    Io {
        /// What was tried.
        operation: &'static str,
        /// The file.
        path: PathBuf,
        /// What it said.
        what: String,
    },
    /// No more writes: state was closed, or the disk failed to keep what it had
    /// been given. Reads may go on.
    #[error("{}: no more writes: {why}", path.display())]
    Stopped {
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// There is no such thing.
    #[error("{what} not found")]
    NotFound {
        /// What was looked for.
        what: String,
    },
    /// Somebody else changed it in the meantime.
    #[error("{what}")]
    Conflict {
        /// What, and how.
        what: String,
    },
    /// The caller's values cannot be stored.
    #[error("{what}")]
    BadData {
        /// Which, and why.
        what: String,
    },
    /// A statement of this crate is wrong: a bug, to be reported.
    #[error("{}: {what}", path.display())]
    Internal {
        /// The file.
        path: PathBuf,
        /// What the database said.
        what: String,
    },
}

/// What this crate's calls answer.
pub type Result<T> = std::result::Result<T, StateError>;

/// A failure within a statement or a transaction, before it is known of which file.
#[derive(Debug)]
pub(crate) enum Fault {
    /// Of the database.
    Sql(sqlx::Error),
    /// A row that this crate cannot have written.
    Row(String),
    /// Of the caller's making.
    Known(StateError),
}

impl From<sqlx::Error> for Fault {
    fn from(error: sqlx::Error) -> Self {
        Self::Sql(error)
    }
}

impl Fault {
    pub(crate) fn not_found(what: impl Into<String>) -> Self {
        Self::Known(StateError::NotFound { what: what.into() })
    }

    /// What the caller is told.
    pub(crate) fn told(&self, operation: &'static str, path: &Path) -> StateError {
        let path = path.to_owned();
        match self {
            Self::Known(error) => error.clone(),
            Self::Row(what) => StateError::Corrupt {
                path,
                what: what.clone(),
            },
            Self::Sql(error) => told_sql(error, operation, path),
        }
    }

    /// Whether the disk may have lost what it said it had: nothing may be written
    /// any more, because a later success would hide the loss.
    pub(crate) fn poisons(&self) -> bool {
        let Self::Sql(error) = self else { return false };
        matches!(
            code(error),
            Some(IOERR_FSYNC | IOERR_DIR_FSYNC | IOERR_CORRUPTFS)
        )
    }
}

// Result codes of https://www.sqlite.org/rescode.html.
const BUSY: i32 = 5;
const LOCKED: i32 = 6;
const READONLY: i32 = 8;
const IOERR: i32 = 10;
const CORRUPT: i32 = 11;
const FULL: i32 = 13;
const CANTOPEN: i32 = 14;
const PERM: i32 = 3;
const AUTH: i32 = 23;
const NOTADB: i32 = 26;
const IOERR_FSYNC: i32 = IOERR | (4 << 8);
const IOERR_DIR_FSYNC: i32 = IOERR | (5 << 8);
const IOERR_CORRUPTFS: i32 = IOERR | (33 << 8);

/// The extended result code, when the database has one.
fn code(error: &sqlx::Error) -> Option<i32> {
    error.as_database_error()?.code()?.parse().ok()
}

fn told_sql(error: &sqlx::Error, operation: &'static str, path: PathBuf) -> StateError {
    let what = match error.as_database_error() {
        Some(database) => database.message().to_owned(),
        None => error.to_string(),
    };
    match error {
        sqlx::Error::PoolTimedOut => return StateError::Busy { path },
        sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => {
            return StateError::Stopped { path, why: what };
        }
        sqlx::Error::Decode(_) | sqlx::Error::ColumnDecode { .. } => {
            return StateError::Corrupt { path, what };
        }
        sqlx::Error::Io(_) => {
            return StateError::Io {
                operation,
                path,
                what,
            };
        }
        _ => {}
    }
    match code(error).map(|code| code & 0xff) {
        Some(FULL) => StateError::Full { path },
        Some(CORRUPT | NOTADB) => StateError::Corrupt { path, what },
        Some(BUSY | LOCKED) => StateError::Busy { path },
        Some(IOERR | READONLY | CANTOPEN | PERM | AUTH) => StateError::Io {
            operation,
            path,
            what,
        },
        _ => StateError::Internal { path, what },
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;
    use std::error::Error;
    use std::fmt;

    use sqlx::error::{DatabaseError, ErrorKind};

    use super::*;

    /// What SQLite answers, by its extended result code.
    #[derive(Debug)]
    struct Answer(i32);

    impl fmt::Display for Answer {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("said")
        }
    }

    impl Error for Answer {}

    impl DatabaseError for Answer {
        fn message(&self) -> &str {
            "said"
        }

        fn code(&self) -> Option<Cow<'_, str>> {
            Some(self.0.to_string().into())
        }

        fn as_error(&self) -> &(dyn Error + Send + Sync + 'static) {
            self
        }

        fn as_error_mut(&mut self) -> &mut (dyn Error + Send + Sync + 'static) {
            self
        }

        fn into_error(self: Box<Self>) -> Box<dyn Error + Send + Sync + 'static> {
            self
        }

        fn kind(&self) -> ErrorKind {
            ErrorKind::Other
        }
    }

    fn fault(code: i32) -> Fault {
        Fault::Sql(sqlx::Error::Database(Box::new(Answer(code))))
    }

    #[test]
    fn answers_are_told_by_what_the_caller_can_do() {
        let path = || PathBuf::from("state.db");
        let what = || "said".to_owned();
        let check = |code: i32, want: StateError| {
            assert_eq!(fault(code).told("write", &path()), want, "{code}");
        };
        let refused = || StateError::Io {
            operation: "write",
            path: path(),
            what: what(),
        };
        let corrupt = || StateError::Corrupt {
            path: path(),
            what: what(),
        };
        check(13, StateError::Full { path: path() });
        check(5, StateError::Busy { path: path() });
        check(5 | (2 << 8), StateError::Busy { path: path() });
        check(11, corrupt());
        check(11 | (1 << 8), corrupt());
        check(26, corrupt());
        check(10 | (3 << 8), refused());
        check(8, refused());
        check(14, refused());
        let internal = StateError::Internal {
            path: path(),
            what: what(),
        };
        check(1, internal.clone());
        check(19, internal);
    }

    #[test]
    fn only_a_failed_sync_ends_all_writing() {
        for (code, want) in [
            (1034, true),
            (1290, true),
            (10, false),
            (13, false),
            (5, false),
        ] {
            assert_eq!(fault(code).poisons(), want, "{code}");
        }
        assert!(!Fault::Row(String::new()).poisons());
    }
}
