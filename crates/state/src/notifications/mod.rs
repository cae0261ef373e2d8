//! Notifications: what was said to whom, and what became of it.

mod search;
pub(crate) mod write;

use binnacle_model::alert::{Fingerprint, NotificationOutcome, NotificationRecord};
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use crate::error::{Fault, Result};
use crate::{State, rows};

/// A notification to be stored.
#[derive(Debug, Clone, PartialEq)]
pub struct NewNotification {
    /// What is known of it; `id` is ignored.
    pub record: NotificationRecord,
    /// Whom it disturbed; empty: nobody in particular.
    pub team: String,
    /// Whether it was sent although the team's budget was spent.
    pub exempt: bool,
}

/// Outcomes as they are stored.
pub(crate) const DELIVERED: i64 = 0;
/// See [`DELIVERED`].
pub(crate) const FAILED: i64 = 1;
/// See [`DELIVERED`].
pub(crate) const HELD: i64 = 2;

impl State {
    /// Stores notifications, all or none; answers their ids, in order.
    ///
    /// # Errors
    /// Those of the disk.
    pub async fn append_notifications(
        &self,
        notifications: Vec<NewNotification>,
    ) -> Result<Vec<i64>> {
        if notifications.is_empty() {
            return Ok(Vec::new());
        }
        self.write(write::Append(notifications)).await
    }
}

/// A record of a row of `notification` and `notification_text`.
fn record(row: &SqliteRow) -> std::result::Result<NotificationRecord, Fault> {
    let said: String = row.try_get("outcome_text")?;
    let fingerprints = |column| -> std::result::Result<Vec<Fingerprint>, Fault> {
        let hashes = rows::hashes(row, column)?;
        Ok(hashes.into_iter().map(Fingerprint).collect())
    };
    Ok(NotificationRecord {
        id: row.try_get("id")?,
        at_ms: row.try_get("at_ms")?,
        receiver: row.try_get("receiver")?,
        integration: row.try_get("integration")?,
        index: row.try_get("place")?,
        group_key: row.try_get("group_key")?,
        group_labels: rows::labels(row, "group_labels")?,
        reason: row.try_get("reason")?,
        firing: fingerprints("firing")?,
        resolved: fingerprints("resolved")?,
        title: row.try_get("title")?,
        text: row.try_get("body")?,
        outcome: match row.try_get("outcome")? {
            DELIVERED => NotificationOutcome::Delivered,
            FAILED => NotificationOutcome::Failed { error: said },
            HELD => NotificationOutcome::Held { reason: said },
            other => return Err(Fault::Row(format!("no outcome: {other}"))),
        },
        attempts: row.try_get("attempts")?,
        duration_ms: row.try_get("duration_ms")?,
        test: row.try_get::<i64, _>("test")? != 0,
    })
}
