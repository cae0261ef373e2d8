//! What people change at run time and is not worth a table of its own: texts by
//! kind and id, with a version that keeps two people from overwriting each other.

use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};

use crate::State;
use crate::error::{Fault, Result, StateError};
use crate::writer::Write;

/// Something saved.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Saved {
    /// What it is, such as `dashboard`.
    pub kind: String,
    /// Unique within its kind.
    pub id: String,
    /// How often it was saved.
    pub version: i64,
    /// When it was saved last, milliseconds.
    pub updated_ms: i64,
    /// By whom.
    pub by: String,
    /// Its text, as given.
    pub body: String,
}

impl State {
    /// Saves `body` under `kind` and `id`; answers the new version. With `expected`
    /// only over that version; 0: only when there is none.
    ///
    /// # Errors
    /// [`StateError::Conflict`] when another version is stored; those of the disk.
    pub async fn save(
        &self,
        kind: String,
        id: String,
        body: String,
        by: String,
        expected: Option<i64>,
    ) -> Result<i64> {
        let saved = Saved {
            kind,
            id,
            version: 0,
            updated_ms: self.now_ms(),
            by,
            body,
        };
        self.write(Save { saved, expected }).await
    }

    /// Everything of a kind, by id.
    ///
    /// # Errors
    /// Those of the disk.
    pub async fn saved(&self, kind: &str) -> Result<Vec<Saved>> {
        let found = sqlx::query("SELECT * FROM saved WHERE kind = $1 ORDER BY id")
            .bind(kind)
            .fetch_all(self.readers())
            .await
            .map_err(|e| self.told(e))?;
        found
            .iter()
            .map(|row| saved(row).map_err(|fault| self.told(fault)))
            .collect()
    }

    /// One thing.
    ///
    /// # Errors
    /// Those of the disk.
    pub async fn saved_one(&self, kind: &str, id: &str) -> Result<Option<Saved>> {
        let found = sqlx::query("SELECT * FROM saved WHERE kind = $1 AND id = $2")
            .bind(kind)
            .bind(id)
            .fetch_optional(self.readers())
            .await
            .map_err(|e| self.told(e))?;
        found
            .map(|row| saved(&row).map_err(|fault| self.told(fault)))
            .transpose()
    }

    /// Deletes one thing; answers whether it was there.
    ///
    /// # Errors
    /// Those of the disk.
    pub async fn unsave(&self, kind: String, id: String) -> Result<bool> {
        self.write(Unsave { kind, id }).await
    }
}

fn saved(row: &SqliteRow) -> std::result::Result<Saved, Fault> {
    Ok(Saved {
        kind: row.try_get("kind")?,
        id: row.try_get("id")?,
        version: row.try_get("version")?,
        updated_ms: row.try_get("updated_ms")?,
        by: row.try_get("author")?,
        body: row.try_get("body")?,
    })
}

struct Save {
    saved: Saved,
    expected: Option<i64>,
}

impl Write for Save {
    type Answer = i64;

    async fn apply(&self, db: &mut SqliteConnection) -> std::result::Result<i64, Fault> {
        let Saved { kind, id, .. } = &self.saved;
        let stored: Option<i64> =
            sqlx::query_scalar("SELECT version FROM saved WHERE kind = $1 AND id = $2")
                .bind(kind.as_str())
                .bind(id.as_str())
                .fetch_optional(&mut *db)
                .await?;
        let stored = stored.unwrap_or(0);
        if let Some(expected) = self.expected
            && expected != stored
        {
            return Err(Fault::Known(StateError::Conflict {
                what: format!("{kind} {id} has version {stored}, not {expected}"),
            }));
        }
        sqlx::query(
            "INSERT INTO saved (kind, id, version, updated_ms, author, body) \
             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (kind, id) DO UPDATE SET \
             version = excluded.version, updated_ms = excluded.updated_ms, \
             author = excluded.author, body = excluded.body",
        )
        .bind(kind.as_str())
        .bind(id.as_str())
        .bind(stored + 1)
        .bind(self.saved.updated_ms)
        .bind(self.saved.by.as_str())
        .bind(self.saved.body.as_str())
        .execute(db)
        .await?;
        Ok(stored + 1)
    }
}

struct Unsave {
    kind: String,
    id: String,
}

impl Write for Unsave {
    type Answer = bool;

    async fn apply(&self, db: &mut SqliteConnection) -> std::result::Result<bool, Fault> {
        let done = sqlx::query("DELETE FROM saved WHERE kind = $1 AND id = $2")
            .bind(self.kind.as_str())
            .bind(self.id.as_str())
            .execute(db)
            .await?;
        Ok(done.rows_affected() > 0)
    }
}
