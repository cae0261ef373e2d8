//! Forgetting: history older than the setting is deleted, a few rows at a time, so
//! that other writes never wait long, and the room is given back to the disk.
//!
//! Silences and the notification log have ends of their own and are not history.

use sqlx::SqliteConnection;

use crate::error::{Fault, Result};
use crate::writer::Write;
use crate::{State, rows};

/// Rows of one transaction.
const STEP: i64 = 500;

/// Pages that one transaction gives back.
const PAGES: u64 = 256;

/// What was forgotten.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Swept {
    /// Episodes.
    pub episodes: u64,
    /// Notifications.
    pub notifications: u64,
    /// Events of silences and of alerts.
    pub events: u64,
}

impl State {
    /// Deletes history that is older than [`crate::Settings::history_ms`]. Episodes
    /// count from their end; open ones stay.
    ///
    /// # Errors
    /// Those of the disk. What was deleted until then is deleted.
    pub async fn sweep(&self) -> Result<Swept> {
        let before_ms = self.now_ms().saturating_sub(self.0.settings.history_ms);
        let mut swept = Swept {
            episodes: self.forget_episodes(before_ms).await?,
            ..Swept::default()
        };
        loop {
            let ids = self.old(OLD_NOTIFICATIONS, before_ms).await?;
            if ids.is_empty() {
                break;
            }
            let tables = &[
                ("notification", "id"),
                ("notification_text", "id"),
                ("notification_alert", "notification_id"),
            ];
            swept.notifications += self.write(Delete { ids, tables }).await?;
        }
        for (old, tables) in OLD_EVENTS {
            loop {
                let ids = self.old(old, before_ms).await?;
                if ids.is_empty() {
                    break;
                }
                swept.events += self.write(Delete { ids, tables }).await?;
            }
        }
        while self.write(GiveBack).await? {}
        Ok(swept)
    }

    async fn old(&self, statement: &'static str, before_ms: i64) -> Result<Vec<i64>> {
        sqlx::query_scalar(statement)
            .bind(before_ms)
            .bind(STEP)
            .fetch_all(self.readers())
            .await
            .map_err(|e| self.told(e))
    }
}

const OLD_NOTIFICATIONS: &str =
    "SELECT id FROM notification WHERE at_ms < $1 ORDER BY at_ms LIMIT $2";

/// A table and its column of ids.
type Table = (&'static str, &'static str);

const OLD_EVENTS: [(&str, &[Table]); 2] = [
    (
        "SELECT id FROM silence_event WHERE at_ms < $1 ORDER BY at_ms LIMIT $2",
        &[("silence_event", "id")],
    ),
    (
        "SELECT id FROM mark_event WHERE at_ms < $1 ORDER BY at_ms LIMIT $2",
        &[("mark_event", "id")],
    ),
];

/// Deletes rows by id; answers how many of the first table.
struct Delete {
    ids: Vec<i64>,
    tables: &'static [Table],
}

impl Write for Delete {
    type Answer = u64;

    async fn apply(&self, db: &mut SqliteConnection) -> std::result::Result<u64, Fault> {
        let mut deleted = None;
        for (table, column) in self.tables {
            let head = format!("DELETE FROM {table} WHERE {column} IN");
            let count = rows::for_ids(db, (&head, ""), None, &self.ids).await?;
            deleted.get_or_insert(count);
        }
        Ok(deleted.unwrap_or(0))
    }
}

/// Gives some free pages back to the disk; answers whether there are more. Only
/// SQLite needs it.
struct GiveBack;

impl Write for GiveBack {
    type Answer = bool;

    async fn apply(&self, db: &mut SqliteConnection) -> std::result::Result<bool, Fault> {
        let free: i64 = sqlx::query_scalar("PRAGMA freelist_count")
            .fetch_one(&mut *db)
            .await?;
        sqlx::query(sqlx::AssertSqlSafe(format!(
            "PRAGMA incremental_vacuum({PAGES})"
        )))
        .fetch_all(db)
        .await?;
        Ok(free.cast_unsigned() > PAGES)
    }
}
