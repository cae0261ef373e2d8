//! Storing notifications.

use std::collections::BTreeSet;

use binnacle_model::alert::{NotificationOutcome, NotificationRecord};
use sqlx::SqliteConnection;

use super::{DELIVERED, FAILED, HELD, NewNotification};
use crate::error::Fault;
use crate::rows::{self, Bound};
use crate::writer::Write;

pub(super) struct Append(pub(super) Vec<NewNotification>);

impl Write for Append {
    type Answer = Vec<i64>;

    async fn apply(&self, db: &mut SqliteConnection) -> Result<Vec<i64>, Fault> {
        append(db, &self.0.iter().collect::<Vec<_>>()).await
    }
}

/// Stores notifications within a transaction; answers their ids, in order.
pub(crate) async fn append(
    db: &mut SqliteConnection,
    notifications: &[&NewNotification],
) -> Result<Vec<i64>, Fault> {
    let first = rows::take_ids(db, "notification", notifications.len()).await?;
    let numbered: Vec<(i64, &NewNotification)> =
        (first..).zip(notifications.iter().copied()).collect();
    let head = "INSERT INTO notification (id, at_ms, receiver, integration, place, outcome, \
                outcome_text, attempts, duration_ms, test, team, exempt) VALUES";
    rows::for_rows(db, (head, ""), 12, &numbered, |bound, (id, new)| {
        bind_row(bound, *id, new);
    })
    .await?;
    let head = "INSERT INTO notification_text (id, group_key, group_labels, group_labels_json, \
                reason, title, body, firing, resolved) VALUES";
    rows::for_rows(db, (head, ""), 9, &numbered, |bound, (id, new)| {
        bind_text(bound, *id, &new.record);
    })
    .await?;
    for (id, new) in &numbered {
        link(db, *id, &new.record).await?;
    }
    Ok(numbered.into_iter().map(|(id, _)| id).collect())
}

fn bind_row(bound: &mut Bound, id: i64, new: &NewNotification) {
    let record = &new.record;
    let (outcome, said) = match &record.outcome {
        NotificationOutcome::Delivered => (DELIVERED, ""),
        NotificationOutcome::Failed { error } => (FAILED, error.as_str()),
        NotificationOutcome::Held { reason } => (HELD, reason.as_str()),
    };
    bound
        .add(id)
        .add(record.at_ms)
        .add(record.receiver.as_str())
        .add(record.integration.as_str())
        .add(record.index)
        .add(outcome)
        .add(said)
        .add(record.attempts)
        .add(record.duration_ms)
        .add(i64::from(record.test))
        .add(new.team.as_str())
        .add(i64::from(new.exempt));
}

fn bind_text(bound: &mut Bound, id: i64, record: &NotificationRecord) {
    bound
        .add(id)
        .add(record.group_key.as_str())
        .add(record.group_labels.as_bytes())
        .add(rows::json(&record.group_labels))
        .add(record.reason.as_str())
        .add(record.title.as_str())
        .add(record.text.as_str())
        .add(rows::hashes_blob(record.firing.iter().map(|f| f.0)))
        .add(rows::hashes_blob(record.resolved.iter().map(|f| f.0)));
}

/// Links a notification to the alerts that it is about. Sorted, so that the pages
/// of a big group are written one after the other.
async fn link(
    db: &mut SqliteConnection,
    id: i64,
    record: &NotificationRecord,
) -> Result<(), Fault> {
    let about: BTreeSet<i64> = record
        .firing
        .iter()
        .chain(&record.resolved)
        .map(|&f| rows::signed(f))
        .collect();
    let about: Vec<i64> = about.into_iter().collect();
    let head = "INSERT INTO notification_alert (notification_id, fingerprint) VALUES";
    rows::for_rows(db, (head, ""), 2, &about, |bound, fingerprint| {
        bound.add(id).add(*fingerprint);
    })
    .await
}
