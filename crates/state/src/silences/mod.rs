//! Silences and what happened to them.

mod body;

use binnacle_model::alert::{Silence, SilenceEvent, SilenceId};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};

use crate::State;
use crate::error::{Fault, Result, StateError};
use crate::rows;
use crate::writer::Write;

impl State {
    /// All silences, by id.
    ///
    /// # Errors
    /// Those of the disk; [`StateError::Corrupt`] when one cannot be read.
    pub async fn silences(&self) -> Result<Vec<Silence>> {
        let found = sqlx::query("SELECT * FROM silence ORDER BY id")
            .fetch_all(self.readers())
            .await
            .map_err(|e| self.told(e))?;
        found
            .iter()
            .map(|row| silence(row).map_err(|fault| self.told(fault)))
            .collect()
    }

    /// Stores a silence, in place of the one with its id, and what happened to it.
    ///
    /// # Errors
    /// [`StateError::BadData`] when it has no id; those of the disk.
    pub async fn put_silence(&self, silence: Silence, event: Option<SilenceEvent>) -> Result<()> {
        self.put_silences(vec![(silence, event)]).await
    }

    /// Stores several silences, all or none.
    ///
    /// # Errors
    /// As [`State::put_silence`].
    pub async fn put_silences(&self, silences: Vec<(Silence, Option<SilenceEvent>)>) -> Result<()> {
        if silences.iter().any(|(silence, _)| silence.id.is_empty()) {
            return Err(StateError::BadData {
                what: "a silence without an id cannot be stored".to_owned(),
            });
        }
        self.write(Put(silences)).await
    }

    /// Deletes silences whose end lies before `ended_before_ns`; answers which. What
    /// happened to them stays in the history.
    ///
    /// # Errors
    /// Those of the disk.
    pub async fn delete_silences(&self, ended_before_ns: i64) -> Result<Vec<SilenceId>> {
        self.write(Delete(ended_before_ns)).await
    }

    /// What happened to silences between `from_ms` and `to_ms` (both included; 0: no
    /// end), newest first, at most `limit` (0: 1,000).
    ///
    /// # Errors
    /// Those of the disk.
    pub async fn silence_events(
        &self,
        from_ms: i64,
        to_ms: i64,
        limit: usize,
    ) -> Result<Vec<SilenceEvent>> {
        let found = sqlx::query(
            "SELECT * FROM silence_event WHERE at_ms >= $1 AND at_ms <= $2 \
             ORDER BY at_ms DESC, id DESC LIMIT $3",
        )
        .bind(from_ms)
        .bind(rows::end_ms(to_ms))
        .bind(rows::limit_i64(limit))
        .fetch_all(self.readers())
        .await
        .map_err(|e| self.told(e))?;
        found
            .iter()
            .map(|row| event(row).map_err(|fault| self.told(fault)))
            .collect()
    }
}

fn silence(row: &SqliteRow) -> std::result::Result<Silence, Fault> {
    let id: String = row.try_get("id")?;
    let body: &str = row.try_get("body")?;
    let said = body::parse(body).map_err(|what| Fault::Row(format!("silence {id}: {what}")))?;
    Ok(Silence {
        id,
        matcher_sets: said.matcher_sets,
        starts_at_ns: row.try_get("starts_ns")?,
        ends_at_ns: row.try_get("ends_ns")?,
        updated_at_ns: row.try_get("updated_ns")?,
        created_by: row.try_get("created_by")?,
        comment: row.try_get("comment")?,
        annotations: said.annotations,
        recurrence: said.recurrence,
        until_resolved: row.try_get::<i64, _>("until_resolved")? != 0,
    })
}

fn event(row: &SqliteRow) -> std::result::Result<SilenceEvent, Fault> {
    Ok(SilenceEvent {
        at_ms: row.try_get("at_ms")?,
        silence: row.try_get("silence_id")?,
        what: row.try_get("what")?,
        by: row.try_get("author")?,
        text: row.try_get("body")?,
    })
}

struct Put(Vec<(Silence, Option<SilenceEvent>)>);

impl Write for Put {
    type Answer = ();

    async fn apply(&self, db: &mut SqliteConnection) -> std::result::Result<(), Fault> {
        for (silence, _) in &self.0 {
            put(db, silence).await?;
        }
        let events: Vec<&SilenceEvent> = self.0.iter().filter_map(|(_, e)| e.as_ref()).collect();
        if events.is_empty() {
            return Ok(());
        }
        let first = rows::take_ids(db, "silence_event", events.len()).await?;
        let numbered: Vec<(i64, &SilenceEvent)> = (first..).zip(events).collect();
        let head = "INSERT INTO silence_event (id, at_ms, silence_id, what, author, body) VALUES";
        rows::for_rows(db, (head, ""), 6, &numbered, |bound, (id, event)| {
            bound
                .add(*id)
                .add(event.at_ms)
                .add(event.silence.as_str())
                .add(event.what.as_str())
                .add(event.by.as_str())
                .add(event.text.as_str());
        })
        .await
    }
}

async fn put(db: &mut SqliteConnection, silence: &Silence) -> std::result::Result<(), Fault> {
    sqlx::query(
        "INSERT INTO silence (id, starts_ns, ends_ns, updated_ns, created_by, comment, \
         until_resolved, body) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) \
         ON CONFLICT (id) DO UPDATE SET starts_ns = excluded.starts_ns, \
         ends_ns = excluded.ends_ns, updated_ns = excluded.updated_ns, \
         created_by = excluded.created_by, comment = excluded.comment, \
         until_resolved = excluded.until_resolved, body = excluded.body",
    )
    .bind(silence.id.as_str())
    .bind(silence.starts_at_ns)
    .bind(silence.ends_at_ns)
    .bind(silence.updated_at_ns)
    .bind(silence.created_by.as_str())
    .bind(silence.comment.as_str())
    .bind(i64::from(silence.until_resolved))
    .bind(body::print(silence))
    .execute(db)
    .await?;
    Ok(())
}

struct Delete(i64);

impl Write for Delete {
    type Answer = Vec<SilenceId>;

    async fn apply(&self, db: &mut SqliteConnection) -> std::result::Result<Vec<String>, Fault> {
        let mut ids: Vec<String> =
            sqlx::query_scalar("DELETE FROM silence WHERE ends_ns < $1 RETURNING id")
                .bind(self.0)
                .fetch_all(db)
                .await?;
        ids.sort_unstable();
        Ok(ids)
    }
}
