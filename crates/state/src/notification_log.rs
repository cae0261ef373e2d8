//! The notification log: what each integration of each group was told last, so
//! that it is not told the same again, after a restart either.

use binnacle_model::alert::Texts;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};

use crate::State;
use crate::error::{Fault, Result};
use crate::rows;
use crate::writer::Write;

/// Whom an entry is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct LogKey {
    /// Key of the group.
    pub group_key: String,
    /// Receiver.
    pub receiver: String,
    /// Kind of integration.
    pub integration: String,
    /// Its place among those of its kind in the receiver.
    pub index: u32,
}

/// What an integration was told last about a group.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LogEntry {
    /// Whom it is about.
    pub key: LogKey,
    /// When it was told, milliseconds.
    pub at_ms: i64,
    /// Hashes of the alerts that fired.
    pub firing: Vec<u64>,
    /// Hashes of the alerts that had ended.
    pub resolved: Vec<u64>,
    /// What the integration keeps for itself, such as the number of a thread.
    pub data: Texts,
    /// When it may be forgotten, milliseconds.
    pub expires_ms: i64,
}

impl State {
    /// Stores what was told, in place of what was told before.
    ///
    /// # Errors
    /// Those of the disk.
    pub async fn put_log(&self, entry: LogEntry) -> Result<()> {
        self.write(Put(entry)).await
    }

    /// All entries, by key.
    ///
    /// # Errors
    /// Those of the disk.
    pub async fn log(&self) -> Result<Vec<LogEntry>> {
        let found = sqlx::query(
            "SELECT * FROM notification_log ORDER BY group_key, receiver, integration, place",
        )
        .fetch_all(self.readers())
        .await
        .map_err(|e| self.told(e))?;
        found
            .iter()
            .map(|row| entry(row).map_err(|fault| self.told(fault)))
            .collect()
    }

    /// Forgets the entries that have expired at `now_ms`; answers how many.
    ///
    /// # Errors
    /// Those of the disk.
    pub async fn expire_log(&self, now_ms: i64) -> Result<u64> {
        self.write(Expire(now_ms)).await
    }
}

fn entry(row: &SqliteRow) -> std::result::Result<LogEntry, Fault> {
    Ok(LogEntry {
        key: LogKey {
            group_key: row.try_get("group_key")?,
            receiver: row.try_get("receiver")?,
            integration: row.try_get("integration")?,
            index: row.try_get("place")?,
        },
        at_ms: row.try_get("at_ms")?,
        firing: rows::hashes(row, "firing")?,
        resolved: rows::hashes(row, "resolved")?,
        data: rows::texts(row, "texts")?,
        expires_ms: row.try_get("expires_ms")?,
    })
}

struct Put(LogEntry);

impl Write for Put {
    type Answer = ();

    async fn apply(&self, db: &mut SqliteConnection) -> std::result::Result<(), Fault> {
        let LogEntry { key, .. } = &self.0;
        sqlx::query(
            "INSERT INTO notification_log (group_key, receiver, integration, place, at_ms, \
             firing, resolved, texts, expires_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) \
             ON CONFLICT (group_key, receiver, integration, place) DO UPDATE SET \
             at_ms = excluded.at_ms, firing = excluded.firing, resolved = excluded.resolved, \
             texts = excluded.texts, expires_ms = excluded.expires_ms",
        )
        .bind(key.group_key.as_str())
        .bind(key.receiver.as_str())
        .bind(key.integration.as_str())
        .bind(key.index)
        .bind(self.0.at_ms)
        .bind(rows::hashes_blob(self.0.firing.iter().copied()))
        .bind(rows::hashes_blob(self.0.resolved.iter().copied()))
        .bind(rows::texts_json(&self.0.data))
        .bind(self.0.expires_ms)
        .execute(db)
        .await?;
        Ok(())
    }
}

struct Expire(i64);

impl Write for Expire {
    type Answer = u64;

    async fn apply(&self, db: &mut SqliteConnection) -> std::result::Result<u64, Fault> {
        let done = sqlx::query("DELETE FROM notification_log WHERE expires_ms <= $1")
            .bind(self.0)
            .execute(db)
            .await?;
        Ok(done.rows_affected())
    }
}
