//! What people said of alerts that fire: acknowledgements, snoozes, assignments.
//! A mark is what holds now, one per alert; events are what was said, and stay.

use binnacle_model::alert::{Acknowledgement, Fingerprint};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};

use crate::State;
use crate::error::{Fault, Result};
use crate::rows;
use crate::writer::Write;

/// What holds of an alert.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Mark {
    /// Which alert.
    pub fingerprint: Fingerprint,
    /// Who has seen it.
    pub acknowledged: Option<Acknowledgement>,
    /// To whom it is assigned.
    pub assigned_to: Option<String>,
}

/// Something that people said of an alert.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MarkEvent {
    /// Milliseconds.
    pub at_ms: i64,
    /// Which alert.
    pub fingerprint: Fingerprint,
    /// `acknowledged`, `snoozed`, `unacknowledged`, `assigned` or `judged`.
    pub what: String,
    /// Who.
    pub by: String,
    /// The comment, to whom, or how it was judged.
    pub text: String,
    /// Until when a snooze lasts, milliseconds; else 0.
    pub until_ms: i64,
    /// Through what.
    pub via: String,
}

impl State {
    /// All that holds now, by fingerprint as a signed number.
    ///
    /// # Errors
    /// Those of the disk.
    pub async fn marks(&self) -> Result<Vec<Mark>> {
        let found = sqlx::query("SELECT * FROM mark ORDER BY fingerprint")
            .fetch_all(self.readers())
            .await
            .map_err(|e| self.told(e))?;
        found
            .iter()
            .map(|row| mark(row).map_err(|fault| self.told(fault)))
            .collect()
    }

    /// Notes that somebody has seen an alert: what holds, what was said, and, when
    /// it is the first, the acknowledgement of `episode`. All or nothing.
    ///
    /// # Errors
    /// Those of the disk.
    pub async fn acknowledge(
        &self,
        alert: Fingerprint,
        acknowledgement: Acknowledgement,
        episode: Option<i64>,
    ) -> Result<()> {
        let snooze = acknowledgement.until_ms != 0;
        let event = MarkEvent {
            at_ms: acknowledgement.at_ms,
            fingerprint: alert,
            what: if snooze { "snoozed" } else { "acknowledged" }.to_owned(),
            by: acknowledgement.by.clone(),
            text: acknowledgement.comment.clone(),
            until_ms: acknowledgement.until_ms,
            via: acknowledgement.via.clone(),
        };
        self.write(Acknowledge {
            acknowledgement,
            event,
            episode,
        })
        .await
    }

    /// Takes an acknowledgement back. That of the episode stays: it did happen.
    ///
    /// # Errors
    /// [`crate::StateError::NotFound`] when there is none; those of the disk.
    pub async fn unacknowledge(&self, alert: Fingerprint, by: String) -> Result<()> {
        let event = MarkEvent {
            at_ms: self.now_ms(),
            fingerprint: alert,
            what: "unacknowledged".to_owned(),
            by,
            ..MarkEvent::default()
        };
        self.write(Unacknowledge(event)).await
    }

    /// Gives an alert, and `episode`, to somebody or to nobody.
    ///
    /// # Errors
    /// Those of the disk.
    pub async fn assign(
        &self,
        alert: Fingerprint,
        to: Option<String>,
        by: String,
        episode: Option<i64>,
    ) -> Result<()> {
        let event = MarkEvent {
            at_ms: self.now_ms(),
            fingerprint: alert,
            what: "assigned".to_owned(),
            by,
            text: to.clone().unwrap_or_default(),
            ..MarkEvent::default()
        };
        self.write(Assign { to, event, episode }).await
    }

    /// Drops what holds of alerts, because they have ended.
    ///
    /// # Errors
    /// Those of the disk.
    pub async fn clear_marks(&self, alerts: Vec<Fingerprint>) -> Result<()> {
        self.write(Clear(alerts.into_iter().map(rows::signed).collect()))
            .await
    }

    /// What people said of one alert, or of all, between `from_ms` and `to_ms` (both
    /// included; 0: no end), newest first, at most `limit` (0: 1,000).
    ///
    /// # Errors
    /// Those of the disk.
    pub async fn mark_events(
        &self,
        alert: Option<Fingerprint>,
        from_ms: i64,
        to_ms: i64,
        limit: usize,
    ) -> Result<Vec<MarkEvent>> {
        let query = match alert {
            Some(alert) => sqlx::query(
                "SELECT * FROM mark_event WHERE at_ms >= $1 AND at_ms <= $2 \
                 AND fingerprint = $4 ORDER BY at_ms DESC, id DESC LIMIT $3",
            )
            .bind(from_ms)
            .bind(rows::end_ms(to_ms))
            .bind(rows::limit_i64(limit))
            .bind(rows::signed(alert)),
            None => sqlx::query(
                "SELECT * FROM mark_event WHERE at_ms >= $1 AND at_ms <= $2 \
                 ORDER BY at_ms DESC, id DESC LIMIT $3",
            )
            .bind(from_ms)
            .bind(rows::end_ms(to_ms))
            .bind(rows::limit_i64(limit)),
        };
        let found = query
            .fetch_all(self.readers())
            .await
            .map_err(|e| self.told(e))?;
        found
            .iter()
            .map(|row| event(row).map_err(|fault| self.told(fault)))
            .collect()
    }
}

fn mark(row: &SqliteRow) -> std::result::Result<Mark, Fault> {
    Ok(Mark {
        fingerprint: rows::fingerprint(row, "fingerprint")?,
        acknowledged: rows::acknowledgement(row)?,
        assigned_to: row.try_get("assigned_to")?,
    })
}

fn event(row: &SqliteRow) -> std::result::Result<MarkEvent, Fault> {
    Ok(MarkEvent {
        at_ms: row.try_get("at_ms")?,
        fingerprint: rows::fingerprint(row, "fingerprint")?,
        what: row.try_get("what")?,
        by: row.try_get("author")?,
        text: row.try_get("body")?,
        until_ms: row.try_get("until_ms")?,
        via: row.try_get("via")?,
    })
}

/// Appends to what was said.
pub(crate) async fn append(
    db: &mut SqliteConnection,
    event: &MarkEvent,
) -> std::result::Result<(), Fault> {
    let id = rows::take_ids(db, "mark_event", 1).await?;
    sqlx::query(
        "INSERT INTO mark_event (id, at_ms, fingerprint, what, author, body, until_ms, via) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(id)
    .bind(event.at_ms)
    .bind(rows::signed(event.fingerprint))
    .bind(event.what.as_str())
    .bind(event.by.as_str())
    .bind(event.text.as_str())
    .bind(event.until_ms)
    .bind(event.via.as_str())
    .execute(db)
    .await?;
    Ok(())
}

struct Acknowledge {
    acknowledgement: Acknowledgement,
    event: MarkEvent,
    episode: Option<i64>,
}

impl Write for Acknowledge {
    type Answer = ();

    async fn apply(&self, db: &mut SqliteConnection) -> std::result::Result<(), Fault> {
        let said = &self.acknowledgement;
        sqlx::query(
            "INSERT INTO mark (ack_at_ms, ack_until_ms, ack_by, ack_comment, ack_via, \
             fingerprint) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (fingerprint) DO UPDATE \
             SET ack_at_ms = excluded.ack_at_ms, ack_until_ms = excluded.ack_until_ms, \
             ack_by = excluded.ack_by, ack_comment = excluded.ack_comment, \
             ack_via = excluded.ack_via",
        )
        .bind(said.at_ms)
        .bind(said.until_ms)
        .bind(said.by.as_str())
        .bind(said.comment.as_str())
        .bind(said.via.as_str())
        .bind(rows::signed(self.event.fingerprint))
        .execute(&mut *db)
        .await?;
        if let Some(episode) = self.episode {
            // The first one counts.
            crate::episodes::change(db, &[(episode, ())], |_, fate, ()| {
                let is_first = fate.acknowledged.is_none();
                if is_first {
                    fate.acknowledged = Some(said.clone());
                }
                is_first
            })
            .await?;
        }
        append(db, &self.event).await
    }
}

struct Unacknowledge(MarkEvent);

impl Write for Unacknowledge {
    type Answer = ();

    async fn apply(&self, db: &mut SqliteConnection) -> std::result::Result<(), Fault> {
        let done = sqlx::query(
            "UPDATE mark SET ack_at_ms = NULL, ack_until_ms = NULL, ack_by = NULL, \
             ack_comment = NULL, ack_via = NULL \
             WHERE fingerprint = $1 AND ack_at_ms IS NOT NULL",
        )
        .bind(rows::signed(self.0.fingerprint))
        .execute(&mut *db)
        .await?;
        if done.rows_affected() == 0 {
            return Err(Fault::not_found(format!(
                "acknowledgement of alert {}",
                self.0.fingerprint
            )));
        }
        drop_empty(db, self.0.fingerprint).await?;
        append(db, &self.0).await
    }
}

struct Assign {
    to: Option<String>,
    event: MarkEvent,
    episode: Option<i64>,
}

impl Write for Assign {
    type Answer = ();

    async fn apply(&self, db: &mut SqliteConnection) -> std::result::Result<(), Fault> {
        sqlx::query(
            "INSERT INTO mark (fingerprint, assigned_to) VALUES ($1, $2) \
             ON CONFLICT (fingerprint) DO UPDATE SET assigned_to = excluded.assigned_to",
        )
        .bind(rows::signed(self.event.fingerprint))
        .bind(self.to.as_deref())
        .execute(&mut *db)
        .await?;
        drop_empty(db, self.event.fingerprint).await?;
        if let Some(episode) = self.episode {
            crate::episodes::change(db, &[(episode, ())], |_, fate, ()| {
                fate.assigned_to.clone_from(&self.to);
                true
            })
            .await?;
        }
        append(db, &self.event).await
    }
}

/// A mark that says nothing is no mark.
async fn drop_empty(
    db: &mut SqliteConnection,
    alert: Fingerprint,
) -> std::result::Result<(), Fault> {
    sqlx::query(
        "DELETE FROM mark WHERE fingerprint = $1 AND ack_at_ms IS NULL AND assigned_to IS NULL",
    )
    .bind(rows::signed(alert))
    .execute(db)
    .await?;
    Ok(())
}

struct Clear(Vec<i64>);

impl Write for Clear {
    type Answer = ();

    async fn apply(&self, db: &mut SqliteConnection) -> std::result::Result<(), Fault> {
        let statement = ("DELETE FROM mark WHERE fingerprint IN", "");
        rows::for_ids(db, statement, None, &self.0).await?;
        Ok(())
    }
}
