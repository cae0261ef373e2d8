//! Opening the file: refuse what is not ours, bring the schema up to date.

use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::sqlite::{
    SqliteAutoVacuum, SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions,
    SqliteSynchronous,
};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, SqliteConnection};

use crate::error::{Fault, Result, StateError};
use crate::migrations;
use crate::{Settings, Sync};

/// The file in the data directory.
pub(crate) const FILE: &str = "state.db";

/// What the header of our files says (`PRAGMA application_id`): `BNCL`.
const APPLICATION_ID: i64 = 0x424e_434c;

/// Every SQLite file begins with it (https://www.sqlite.org/fileformat.html).
const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// How long a connection waits for a lock: as long as an operator's own tool may
/// hold the file.
const BUSY: Duration = Duration::from_secs(5);

/// Files up to this size are checked page by page when they are opened; it takes
/// some 100 ms. Damage in larger ones is found as they are read.
const CHECK_BYTES_MAX: u64 = 64 << 20;

/// The log of a big transaction is cut back to this size afterwards.
const LOG_BYTES_KEPT: u64 = 64 << 20;

/// Opens the connection that writes.
pub(crate) async fn writer(dir: &Path, settings: &Settings) -> Result<(SqliteConnection, PathBuf)> {
    create_dir(dir).await?;
    let path = dir.join(FILE);
    check(&path).await?;
    let told = |fault: Fault| fault.told("open", &path);
    let mut options = options(&path)
        .create_if_missing(true)
        .auto_vacuum(SqliteAutoVacuum::Incremental)
        .journal_mode(SqliteJournalMode::Wal)
        .pragma("journal_size_limit", LOG_BYTES_KEPT.to_string())
        .synchronous(match settings.sync {
            Sync::Normal => SqliteSynchronous::Normal,
            Sync::Full => SqliteSynchronous::Full,
        });
    if let Some(pages) = settings.pages_max {
        options = options.pragma("max_page_count", pages.to_string());
    }
    let mut db = options.connect().await.map_err(|e| told(e.into()))?;
    // A pragma takes no parameters.
    sqlx::query(AssertSqlSafe(format!(
        "PRAGMA application_id = {APPLICATION_ID}"
    )))
    .execute(&mut db)
    .await
    .map_err(|e| told(e.into()))?;
    migrations::migrate(&mut db, settings.schema.unwrap_or(migrations::VERSION))
        .await
        .map_err(|fault| fault.told(&path))?;
    Ok((db, path))
}

/// Opens the connections that only read.
pub(crate) async fn readers(path: &Path, count: u32) -> Result<SqlitePool> {
    SqlitePoolOptions::new()
        .max_connections(count.max(1))
        .connect_with(options(path).read_only(true))
        .await
        .map_err(|e| Fault::Sql(e).told("open", path))
}

/// Writes a copy of the file, as it stands now, to `to`.
pub(crate) async fn copy(path: &Path, to: &Path) -> Result<()> {
    let told = |e: sqlx::Error| Fault::Sql(e).told("back up", to);
    let Some(target) = to.to_str() else {
        return Err(StateError::BadData {
            what: format!("{}: the name of a backup must be UTF-8", to.display()),
        });
    };
    if tokio::fs::try_exists(to).await.is_ok_and(|there| there) {
        return Err(StateError::Conflict {
            what: format!("{target}: there is such a file already"),
        });
    }
    let mut db = options(path).connect().await.map_err(told)?;
    let outcome = sqlx::query("VACUUM INTO $1")
        .bind(target)
        .execute(&mut db)
        .await;
    let _ = db.close().await;
    outcome.map_err(told)?;
    Ok(())
}

fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .busy_timeout(BUSY)
        .create_if_missing(false)
        // Negative: KiB. Enough for the inner pages of the indexes of a busy year.
        .pragma("cache_size", "-8192")
        // Pages of the log before it is written back: the pages of an index that many rows
        // touch are written back once and not again and again.
        .pragma("wal_autocheckpoint", "4000")
        .disable_statement_logging()
}

async fn create_dir(dir: &Path) -> Result<()> {
    tokio::fs::create_dir_all(dir)
        .await
        .map_err(|e| io("create", dir, &e))
}

/// Refuses a file that is not ours or not whole, before any setting is made that
/// would change it.
async fn check(path: &Path) -> Result<()> {
    let bytes = check_magic(path).await?;
    if bytes == 0 {
        return Ok(());
    }
    let mut db = options(path)
        .connect()
        .await
        .map_err(|e| Fault::Sql(e).told("open", path))?;
    let mut outcome = check_owner(&mut db, path).await;
    if outcome.is_ok() && bytes <= CHECK_BYTES_MAX {
        outcome = check_pages(&mut db, path).await;
    }
    let _ = db.close().await;
    outcome
}

/// Refuses a file that is no SQLite file before SQLite touches it; answers its size,
/// 0 when it is not there.
async fn check_magic(path: &Path) -> Result<u64> {
    use tokio::io::AsyncReadExt as _;

    let file = match tokio::fs::File::open(path).await {
        Ok(file) => file,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(0),
        Err(e) => return Err(io("open", path, &e)),
    };
    let bytes = file
        .metadata()
        .await
        .map_err(|e| io("stat", path, &e))?
        .len();
    if bytes == 0 {
        return Ok(0);
    }
    let mut head = Vec::new();
    file.take(MAGIC.len() as u64)
        .read_to_end(&mut head)
        .await
        .map_err(|e| io("read", path, &e))?;
    if head != MAGIC {
        return Err(foreign(path, "not a SQLite file"));
    }
    Ok(bytes)
}

/// Refuses a SQLite file that something else made.
async fn check_owner(db: &mut SqliteConnection, path: &Path) -> Result<()> {
    let told = |e: sqlx::Error| Fault::Sql(e).told("open", path);
    let id: i64 = sqlx::query_scalar("PRAGMA application_id")
        .fetch_one(&mut *db)
        .await
        .map_err(told)?;
    if id == APPLICATION_ID {
        return Ok(());
    }
    let tables: i64 = sqlx::query_scalar("SELECT count(*) FROM sqlite_master")
        .fetch_one(&mut *db)
        .await
        .map_err(told)?;
    if id == 0 && tables == 0 {
        // A first start that did not get further than creating the file.
        return Ok(());
    }
    Err(foreign(path, "a SQLite file of another program"))
}

async fn check_pages(db: &mut SqliteConnection, path: &Path) -> Result<()> {
    let found: String = sqlx::query_scalar("PRAGMA quick_check(1)")
        .fetch_one(db)
        .await
        .map_err(|e| Fault::Sql(e).told("check", path))?;
    if found == "ok" {
        return Ok(());
    }
    Err(StateError::Corrupt {
        path: path.to_owned(),
        what: found,
    })
}

fn foreign(path: &Path, what: &str) -> StateError {
    StateError::Foreign {
        path: path.to_owned(),
        what: what.to_owned(),
    }
}

pub(crate) fn io(operation: &'static str, path: &Path, error: &std::io::Error) -> StateError {
    match error.kind() {
        std::io::ErrorKind::StorageFull => StateError::Full {
            path: path.to_owned(),
        },
        _ => StateError::Io {
            operation,
            path: path.to_owned(),
            what: error.to_string(),
        },
    }
}
