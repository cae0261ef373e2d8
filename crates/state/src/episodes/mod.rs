//! Episodes: one row per firing of one alert, from its start to its end.

mod bits;
mod search;
mod write;

use binnacle_model::alert::{Episode, Judgement};
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use crate::error::{Fault, Result, StateError};
use crate::marks::MarkEvent;
use crate::{State, rows};

/// Rows of one transaction of a long list. Between two of them other writes, such
/// as the notification log's, have their turn.
const SLICE: usize = 4_000;

/// Every column of an episode, for `episode e` and `episode_text t`.
const COLUMNS: &str = "e.*, t.labels, t.annotations, t.generator_url";

impl State {
    /// Stores new episodes; answers their ids, in order. What `id` says is ignored.
    /// A long list is stored in slices: when it fails, its beginning may be stored.
    ///
    /// # Errors
    /// Those of the disk.
    pub async fn begin_episodes(&self, episodes: Vec<Episode>) -> Result<Vec<i64>> {
        let mut ids = Vec::with_capacity(episodes.len());
        for slice in slices(episodes) {
            ids.extend(self.write(write::Begin(slice)).await?);
        }
        Ok(ids)
    }

    /// Replaces annotations and generator URL of episodes, by id.
    ///
    /// # Errors
    /// Those of the disk.
    pub async fn tell_episodes(&self, episodes: Vec<Episode>) -> Result<()> {
        for slice in slices(episodes) {
            self.write(write::Tell(slice)).await?;
        }
        Ok(())
    }

    /// Ends episodes: id and when, milliseconds.
    ///
    /// # Errors
    /// Those of the disk.
    pub async fn resolve_episodes(&self, ended: Vec<(i64, i64)>) -> Result<()> {
        for slice in slices(ended) {
            self.write(write::Resolve(slice)).await?;
        }
        Ok(())
    }

    /// Takes back that episodes have ended.
    ///
    /// # Errors
    /// Those of the disk.
    pub async fn reopen_episodes(&self, ids: Vec<i64>) -> Result<()> {
        for slice in slices(ids) {
            self.write(write::Reopen(slice)).await?;
        }
        Ok(())
    }

    /// Notes the first delivered notification of episodes; a later one changes nothing.
    ///
    /// # Errors
    /// Those of the disk.
    pub async fn notified_episodes(&self, ids: Vec<i64>, at_ms: i64) -> Result<()> {
        for ids in slices(ids) {
            self.write(write::Notified { ids, at_ms }).await?;
        }
        Ok(())
    }

    /// Notes whether an episode was right, and who said so.
    ///
    /// # Errors
    /// [`StateError::NotFound`] when there is no such episode; those of the disk.
    pub async fn judge(
        &self,
        episode: i64,
        judgement: Option<Judgement>,
        by: String,
    ) -> Result<()> {
        let found = self.episode(episode).await?;
        let Some(found) = found else {
            return Err(StateError::NotFound {
                what: format!("episode {episode}"),
            });
        };
        let event = MarkEvent {
            at_ms: self.now_ms(),
            fingerprint: found.fingerprint,
            what: "judged".to_owned(),
            by,
            text: match judgement {
                Some(Judgement::Useful) => "useful",
                Some(Judgement::FalsePositive) => "false positive",
                None => "",
            }
            .to_owned(),
            ..MarkEvent::default()
        };
        self.write(write::Judge {
            episode,
            judgement,
            event,
        })
        .await
    }

    /// Episodes that have not ended, by id.
    ///
    /// # Errors
    /// Those of the disk.
    pub async fn open_episodes(&self) -> Result<Vec<Episode>> {
        let found = sqlx::query(sqlx::AssertSqlSafe(format!(
            "SELECT {COLUMNS} FROM episode e CROSS JOIN episode_text t \
             WHERE t.id = e.id AND e.resolved_ms IS NULL ORDER BY e.id"
        )))
        .fetch_all(self.readers())
        .await
        .map_err(|e| self.told(e))?;
        found
            .iter()
            .map(|row| episode(row).map_err(|fault| self.told(fault)))
            .collect()
    }

    /// One episode.
    ///
    /// # Errors
    /// Those of the disk.
    pub async fn episode(&self, id: i64) -> Result<Option<Episode>> {
        let found = sqlx::query(sqlx::AssertSqlSafe(format!(
            "SELECT {COLUMNS} FROM episode e CROSS JOIN episode_text t \
             WHERE t.id = e.id AND e.id = $1"
        )))
        .bind(id)
        .fetch_optional(self.readers())
        .await
        .map_err(|e| self.told(e))?;
        found
            .map(|row| episode(&row).map_err(|fault| self.told(fault)))
            .transpose()
    }
}

fn slices<T>(items: Vec<T>) -> impl Iterator<Item = Vec<T>> {
    let mut items = items.into_iter();
    std::iter::from_fn(move || {
        let slice: Vec<T> = items.by_ref().take(SLICE).collect();
        (!slice.is_empty()).then_some(slice)
    })
}

/// An episode of a row with [`COLUMNS`].
fn episode(row: &SqliteRow) -> std::result::Result<Episode, Fault> {
    Ok(Episode {
        id: row.try_get("id")?,
        fingerprint: rows::fingerprint(row, "fingerprint")?,
        labels: rows::labels(row, "labels")?,
        annotations: rows::texts(row, "annotations")?,
        generator_url: row.try_get("generator_url")?,
        started_ms: row.try_get("started_ms")?,
        received_ms: row.try_get("received_ms")?,
        resolved_ms: row.try_get("resolved_ms")?,
        notified_ms: row.try_get("notified_ms")?,
        acknowledged: rows::acknowledgement(row)?,
        assigned_to: row.try_get("assigned_to")?,
        judgement: match row.try_get::<Option<i64>, _>("judgement")? {
            None => None,
            Some(write::USEFUL) => Some(Judgement::Useful),
            Some(write::FALSE_POSITIVE) => Some(Judgement::FalsePositive),
            Some(other) => return Err(Fault::Row(format!("no judgement: {other}"))),
        },
    })
}
