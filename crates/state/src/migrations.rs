//! The schema, as the numbered steps that led to it.
//!
//! A step that was released is never edited; a change of the schema is a new step.
//! Each runs in a transaction of its own together with the note that it ran, so a
//! crash leaves the file at one version or the next. The statements keep to
//! `INTEGER`, `TEXT` and `BLOB`, which become `BIGINT`, `TEXT` and `BYTEA` on
//! PostgreSQL, and to indexes that both have.

use std::borrow::Cow;

use sqlx::SqliteConnection;
use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::{AssertSqlSafe, SqlSafeStr};

use crate::error::{Fault, StateError};

/// Name and text of each step; the first has version 1.
const STEPS: &[(&str, &str)] = &[
    ("silences", include_str!("../migrations/0001_silences.sql")),
    (
        "notification log",
        include_str!("../migrations/0002_notification_log.sql"),
    ),
    ("episodes", include_str!("../migrations/0003_episodes.sql")),
    ("marks", include_str!("../migrations/0004_marks.sql")),
    (
        "notifications",
        include_str!("../migrations/0005_notifications.sql"),
    ),
    ("saved", include_str!("../migrations/0006_saved.sql")),
    (
        "episode runs",
        include_str!("../migrations/0007_episode_runs.sql"),
    ),
    (
        "episode rows go",
        include_str!("../migrations/0008_episode_rows_go.sql"),
    ),
];

/// Behind this step the rows of episodes become runs.
const RUNS: usize = 7;

/// The version of the schema that this release writes.
pub(crate) const VERSION: usize = STEPS.len();

/// Brings the file to `version`, at most [`VERSION`].
pub(crate) async fn migrate(db: &mut SqliteConnection, version: usize) -> Result<(), MigrateFault> {
    if version < RUNS || applied(db).await.map_err(MigrateFault::Other)? > RUNS {
        return steps(db, version).await;
    }
    steps(db, RUNS).await?;
    let converted = crate::episodes::convert(db).await;
    let converted = converted.map_err(MigrateFault::Other)?;
    if converted > 0 {
        tracing::info!(episodes = converted, "the history of alerts was packed");
    }
    steps(db, version).await
}

/// The last step that ran.
async fn applied(db: &mut SqliteConnection) -> Result<usize, Fault> {
    let table = "SELECT count(*) FROM sqlite_master WHERE name = '_sqlx_migrations'";
    let tables: i64 = sqlx::query_scalar(table).fetch_one(&mut *db).await?;
    if tables == 0 {
        return Ok(0);
    }
    let last = "SELECT COALESCE(MAX(version), 0) FROM _sqlx_migrations";
    let last: i64 = sqlx::query_scalar(last).fetch_one(db).await?;
    Ok(usize::try_from(last).unwrap_or(0))
}

async fn steps(db: &mut SqliteConnection, version: usize) -> Result<(), MigrateFault> {
    let migrations = STEPS[..version]
        .iter()
        .zip(1..)
        .map(|(&(name, sql), version)| {
            Migration::new(
                version,
                Cow::Borrowed(name),
                MigrationType::Simple,
                AssertSqlSafe(sql).into_sql_str(),
                false,
            )
        })
        .collect();
    let migrator = Migrator::with_migrations(migrations);
    migrator.run(db).await.map_err(|error| match error {
        MigrateError::VersionMissing(version) | MigrateError::VersionTooNew(version, _) => {
            MigrateFault::Newer(version)
        }
        MigrateError::VersionMismatch(version) | MigrateError::Dirty(version) => {
            MigrateFault::Other(Fault::Row(format!(
                "schema step {version} is not the one that this release knows"
            )))
        }
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => {
            MigrateFault::Other(Fault::Sql(error))
        }
        other => MigrateFault::Other(Fault::Row(other.to_string())),
    })
}

/// Why the schema could not be brought up to date.
#[derive(Debug)]
pub(crate) enum MigrateFault {
    /// The file is ahead of this release.
    Newer(i64),
    /// Anything else.
    Other(Fault),
}

impl MigrateFault {
    pub(crate) fn told(&self, path: &std::path::Path) -> StateError {
        match self {
            Self::Newer(version) => StateError::Newer {
                path: path.to_owned(),
                version: *version,
            },
            Self::Other(fault) => fault.told("migrate", path),
        }
    }
}
