//! Notifications that are held back for a digest, and the digests.
//!
//! A digest is sent in three steps: it is *taken*, which gives it a number and all
//! that is due for its team, and keeps others from taking the same; it is sent; it
//! is *finished*, which drops what was held and stores what was sent; what was not
//! taken goes back and is due again. Taking and
//! finishing are one transaction each. A crash between them leaves a digest that
//! [`State::digests`] shows at the next start: to be sent again under the same
//! number, by which a receiver that knows repetitions can tell. So nothing held is
//! ever lost, and nothing is in two digests.

use std::collections::BTreeMap;

use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};

use crate::error::{Fault, Result};
use crate::notifications::{NewNotification, write};
use crate::writer::Write;
use crate::{State, rows};

/// A notification to be held back.
#[derive(Debug, Clone, PartialEq)]
pub struct NewHeld {
    /// How it stands in the history.
    pub notification: NewNotification,
    /// When its digest is due, milliseconds.
    pub due_ms: i64,
    /// What the caller needs to write the digest.
    pub payload: String,
}

/// A notification that is held back.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Held {
    /// Number of the notification.
    pub notification: i64,
    /// For whom.
    pub team: String,
    /// When its digest is due, milliseconds.
    pub due_ms: i64,
    /// As it was given.
    pub payload: String,
}

/// What is sent together.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Digest {
    /// Its number.
    pub id: i64,
    /// For whom.
    pub team: String,
    /// When it was taken, milliseconds.
    pub taken_ms: i64,
    /// In the order in which they were held.
    pub held: Vec<Held>,
}

impl State {
    /// Holds notifications back: stores them, and queues them for a digest of their
    /// team, all or none. Answers the numbers of the notifications, in order.
    ///
    /// # Errors
    /// Those of the disk.
    pub async fn hold(&self, held: Vec<NewHeld>) -> Result<Vec<i64>> {
        if held.is_empty() {
            return Ok(Vec::new());
        }
        self.write(Hold(held)).await
    }

    /// Teams for which something is due at `due_by_ms` and not taken, with the
    /// earliest time, by team.
    ///
    /// # Errors
    /// Those of the disk.
    pub async fn held_teams(&self, due_by_ms: i64) -> Result<Vec<(String, i64)>> {
        let found = sqlx::query(
            "SELECT team, MIN(due_ms) AS due_ms FROM held \
             WHERE due_ms <= $1 AND digest_id IS NULL GROUP BY team ORDER BY team",
        )
        .bind(due_by_ms)
        .fetch_all(self.readers())
        .await
        .map_err(|e| self.told(e))?;
        found
            .iter()
            .map(|row| {
                let team = row.try_get("team").map_err(|e| self.told(e))?;
                let due_ms = row.try_get("due_ms").map_err(|e| self.told(e))?;
                Ok((team, due_ms))
            })
            .collect()
    }

    /// Takes all that is due for a team at `due_by_ms` into a digest; `None` when
    /// nothing is.
    ///
    /// # Errors
    /// Those of the disk.
    pub async fn take_digest(&self, team: &str, due_by_ms: i64) -> Result<Option<Digest>> {
        self.write(Take {
            team: team.to_owned(),
            due_by_ms,
            taken_ms: self.now_ms(),
        })
        .await
    }

    /// Notes that a digest was sent, and as which notifications; answers their
    /// numbers, in order. What it holds of `due_again` (numbers of held notifications),
    /// because that was not taken, goes back into the queue.
    ///
    /// # Errors
    /// [`crate::StateError::NotFound`] when it was finished before, and then nothing is
    /// stored; those of the disk.
    pub async fn finish_digest(
        &self,
        id: i64,
        sent: Vec<NewNotification>,
        due_again: Vec<i64>,
    ) -> Result<Vec<i64>> {
        self.write(Finish {
            id,
            sent,
            due_again,
        })
        .await
    }

    /// Digests that were taken and not finished, by number.
    ///
    /// # Errors
    /// Those of the disk.
    pub async fn digests(&self) -> Result<Vec<Digest>> {
        let found = sqlx::query(
            "SELECT h.*, d.taken_ms FROM digest d JOIN held h ON h.digest_id = d.id \
             ORDER BY d.id, h.notification_id",
        )
        .fetch_all(self.readers())
        .await
        .map_err(|e| self.told(e))?;
        let mut digests: BTreeMap<i64, Digest> = BTreeMap::new();
        for row in &found {
            let held = held(row).map_err(|fault| self.told(fault))?;
            let id = row.try_get("digest_id").map_err(|e| self.told(e))?;
            let taken_ms = row.try_get("taken_ms").map_err(|e| self.told(e))?;
            let digest = digests.entry(id).or_insert_with(|| Digest {
                id,
                team: held.team.clone(),
                taken_ms,
                held: Vec::new(),
            });
            digest.held.push(held);
        }
        Ok(digests.into_values().collect())
    }
}

fn held(row: &SqliteRow) -> std::result::Result<Held, Fault> {
    Ok(Held {
        notification: row.try_get("notification_id")?,
        team: row.try_get("team")?,
        due_ms: row.try_get("due_ms")?,
        payload: row.try_get("payload")?,
    })
}

struct Hold(Vec<NewHeld>);

impl Write for Hold {
    type Answer = Vec<i64>;

    async fn apply(&self, db: &mut SqliteConnection) -> std::result::Result<Vec<i64>, Fault> {
        let notifications: Vec<&NewNotification> =
            self.0.iter().map(|held| &held.notification).collect();
        let ids = write::append(db, &notifications).await?;
        let numbered: Vec<(i64, &NewHeld)> = ids.iter().copied().zip(&self.0).collect();
        let head = "INSERT INTO held (notification_id, team, due_ms, payload) VALUES";
        rows::for_rows(db, (head, ""), 4, &numbered, |bound, (id, held)| {
            bound
                .add(*id)
                .add(held.notification.team.as_str())
                .add(held.due_ms)
                .add(held.payload.as_str());
        })
        .await?;
        Ok(ids)
    }
}

struct Take {
    team: String,
    due_by_ms: i64,
    taken_ms: i64,
}

impl Write for Take {
    type Answer = Option<Digest>;

    async fn apply(&self, db: &mut SqliteConnection) -> std::result::Result<Option<Digest>, Fault> {
        let found = sqlx::query(
            "SELECT * FROM held WHERE team = $1 AND due_ms <= $2 AND digest_id IS NULL \
             ORDER BY notification_id",
        )
        .bind(self.team.as_str())
        .bind(self.due_by_ms)
        .fetch_all(&mut *db)
        .await?;
        if found.is_empty() {
            return Ok(None);
        }
        let held: Vec<Held> = found
            .iter()
            .map(held)
            .collect::<std::result::Result<_, _>>()?;
        let id = rows::take_ids(db, "digest", 1).await?;
        sqlx::query("INSERT INTO digest (id, team, taken_ms) VALUES ($1, $2, $3)")
            .bind(id)
            .bind(self.team.as_str())
            .bind(self.taken_ms)
            .execute(&mut *db)
            .await?;
        let ids: Vec<i64> = held.iter().map(|held| held.notification).collect();
        let statement = ("UPDATE held SET digest_id = ? WHERE notification_id IN", "");
        rows::for_ids(db, statement, Some(id), &ids).await?;
        Ok(Some(Digest {
            id,
            team: self.team.clone(),
            taken_ms: self.taken_ms,
            held,
        }))
    }
}

struct Finish {
    id: i64,
    sent: Vec<NewNotification>,
    due_again: Vec<i64>,
}

impl Write for Finish {
    type Answer = Vec<i64>;

    async fn apply(&self, db: &mut SqliteConnection) -> std::result::Result<Vec<i64>, Fault> {
        let done = sqlx::query("DELETE FROM digest WHERE id = $1")
            .bind(self.id)
            .execute(&mut *db)
            .await?;
        if done.rows_affected() == 0 {
            return Err(Fault::not_found(format!("digest {}", self.id)));
        }
        let mine = format!("AND digest_id = {}", self.id);
        let statement = (
            "UPDATE held SET digest_id = NULL WHERE notification_id IN",
            mine.as_str(),
        );
        rows::for_ids(db, statement, None, &self.due_again).await?;
        sqlx::query("DELETE FROM held WHERE digest_id = $1")
            .bind(self.id)
            .execute(&mut *db)
            .await?;
        if self.sent.is_empty() {
            return Ok(Vec::new());
        }
        write::append(db, &self.sent.iter().collect::<Vec<_>>()).await
    }
}
