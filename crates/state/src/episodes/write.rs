//! What happens to episodes.

use binnacle_model::alert::{Episode, Judgement};
use sqlx::SqliteConnection;

use super::bits;
use crate::error::Fault;
use crate::marks::{self, MarkEvent};
use crate::rows::{self, Bound};
use crate::writer::Write;

type Outcome<T> = Result<T, Fault>;

/// Judgements as they are stored.
pub(super) const USEFUL: i64 = 1;
/// See [`USEFUL`].
pub(super) const FALSE_POSITIVE: i64 = 2;

fn stored(judgement: Option<Judgement>) -> Option<i64> {
    judgement.map(|judgement| match judgement {
        Judgement::Useful => USEFUL,
        Judgement::FalsePositive => FALSE_POSITIVE,
    })
}

pub(super) struct Begin(pub(super) Vec<Episode>);

impl Write for Begin {
    type Answer = Vec<i64>;

    async fn apply(&self, db: &mut SqliteConnection) -> Outcome<Vec<i64>> {
        let first = rows::take_ids(db, "episode", self.0.len()).await?;
        let numbered: Vec<(i64, &Episode)> = (first..).zip(&self.0).collect();
        // Nearly all have only begun: nine columns less to bind.
        let (fresh, told): (Vec<_>, Vec<_>) = numbered.iter().copied().partition(|e| is_fresh(e.1));
        let head = "INSERT INTO episode (id, fingerprint, alertname, severity, team, label_bits, started_ms, \
                    received_ms) VALUES";
        rows::for_rows(db, (head, ""), 8, &fresh, |bound, (id, episode)| {
            bind_begin(bound, *id, episode);
        })
        .await?;
        let head = "INSERT INTO episode (id, fingerprint, alertname, severity, team, label_bits, started_ms, \
                    received_ms, resolved_ms, notified_ms, ack_at_ms, ack_until_ms, ack_by, \
                    ack_comment, ack_via, assigned_to, judgement) VALUES";
        rows::for_rows(db, (head, ""), 17, &told, |bound, (id, episode)| {
            bind_row(bound, *id, episode);
        })
        .await?;
        let head = "INSERT INTO episode_text (id, labels, labels_json, annotations, \
                    generator_url) VALUES";
        rows::for_rows(db, (head, ""), 5, &numbered, |bound, (id, episode)| {
            bound
                .add(*id)
                .add(episode.labels.as_bytes())
                .add(rows::json(&episode.labels))
                .add(rows::texts_json(&episode.annotations))
                .add(episode.generator_url.as_str());
        })
        .await?;
        Ok(numbered.into_iter().map(|(id, _)| id).collect())
    }
}

/// Whether it has begun and nothing else has happened.
fn is_fresh(episode: &Episode) -> bool {
    episode.resolved_ms.is_none()
        && episode.notified_ms.is_none()
        && episode.acknowledged.is_none()
        && episode.assigned_to.is_none()
        && episode.judgement.is_none()
}

fn bind_begin(bound: &mut Bound, id: i64, episode: &Episode) {
    let label = |name| episode.labels.get(name).unwrap_or("");
    bound
        .add(id)
        .add(rows::signed(episode.fingerprint))
        .add(label("alertname"))
        .add(label("severity"))
        .add(label("team"))
        .add(bits::of_all(&episode.labels))
        .add(episode.started_ms)
        .add(episode.received_ms);
}

fn bind_row(bound: &mut Bound, id: i64, episode: &Episode) {
    let said = episode.acknowledged.as_ref();
    bind_begin(bound, id, episode);
    bound
        .add(episode.resolved_ms)
        .add(episode.notified_ms)
        .add(said.map(|a| a.at_ms))
        .add(said.map(|a| a.until_ms))
        .add(said.map(|a| a.by.as_str()))
        .add(said.map(|a| a.comment.as_str()))
        .add(said.map(|a| a.via.as_str()))
        .add(episode.assigned_to.as_deref())
        .add(stored(episode.judgement));
}

pub(super) struct Tell(pub(super) Vec<Episode>);

impl Write for Tell {
    type Answer = ();

    async fn apply(&self, db: &mut SqliteConnection) -> Outcome<()> {
        let head = "UPDATE episode_text SET annotations = v.column2, \
                    generator_url = v.column3 FROM (VALUES";
        let tail = ") AS v WHERE episode_text.id = v.column1";
        rows::for_rows(db, (head, tail), 3, &self.0, |bound, episode| {
            bound
                .add(episode.id)
                .add(rows::texts_json(&episode.annotations))
                .add(episode.generator_url.as_str());
        })
        .await
    }
}

pub(super) struct Resolve(pub(super) Vec<(i64, i64)>);

impl Write for Resolve {
    type Answer = ();

    async fn apply(&self, db: &mut SqliteConnection) -> Outcome<()> {
        // A sender may name an end before the start that was noted here: an episode does
        // not end before it began.
        let head = "UPDATE episode SET resolved_ms = CASE WHEN v.column2 < started_ms \
                    THEN started_ms ELSE v.column2 END FROM (VALUES";
        let tail = ") AS v WHERE episode.id = v.column1";
        rows::for_rows(db, (head, tail), 2, &self.0, |bound, (id, at_ms)| {
            bound.add(*id).add(*at_ms);
        })
        .await
    }
}

pub(super) struct Reopen(pub(super) Vec<i64>);

impl Write for Reopen {
    type Answer = ();

    async fn apply(&self, db: &mut SqliteConnection) -> Outcome<()> {
        let statement = ("UPDATE episode SET resolved_ms = NULL WHERE id IN", "");
        rows::for_ids(db, statement, None, &self.0).await?;
        Ok(())
    }
}

pub(super) struct Notified {
    pub(super) ids: Vec<i64>,
    pub(super) at_ms: i64,
}

impl Write for Notified {
    type Answer = ();

    async fn apply(&self, db: &mut SqliteConnection) -> Outcome<()> {
        let statement = (
            "UPDATE episode SET notified_ms = ? WHERE id IN",
            "AND notified_ms IS NULL",
        );
        rows::for_ids(db, statement, Some(self.at_ms), &self.ids).await?;
        Ok(())
    }
}

pub(super) struct Judge {
    pub(super) episode: i64,
    pub(super) judgement: Option<Judgement>,
    pub(super) event: MarkEvent,
}

impl Write for Judge {
    type Answer = ();

    async fn apply(&self, db: &mut SqliteConnection) -> Outcome<()> {
        let done = sqlx::query("UPDATE episode SET judgement = $1 WHERE id = $2")
            .bind(stored(self.judgement))
            .bind(self.episode)
            .execute(&mut *db)
            .await?;
        if done.rows_affected() == 0 {
            return Err(Fault::not_found(format!("episode {}", self.episode)));
        }
        marks::append(db, &self.event).await
    }
}
