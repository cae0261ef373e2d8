//! Episodes: one per firing of one alert, from its start to its end. They lie in runs of
//! columns (see `run`), which are found through small rows and filters.

mod convert;
mod fate;
mod filter;
mod pack;
mod run;
mod search;
mod table;
mod write;

use std::sync::Arc;

use binnacle_model::Labels;
use binnacle_model::alert::{Alert, Episode, Fingerprint, Judgement};
use sqlx::{Sqlite, Transaction};

use crate::State;
use crate::error::{Fault, Result, StateError};
use crate::marks::MarkEvent;

pub(crate) use convert::convert;
pub(crate) use fate::Fate;
pub(crate) use run::{Summary, decode_labels};
pub(crate) use search::Columns;
pub(crate) use table::runs_before;
pub(crate) use write::change;

use run::Beginning;
use table::Column;

/// Episodes of one transaction of a long list. Between two of them other writes, such
/// as the notification log's, have their turn.
const SLICE: usize = run::EPISODES_MAX;

/// An alert that has begun to fire.
#[derive(Debug, Clone)]
pub struct Begun {
    /// The alert.
    pub alert: Arc<Alert>,
    /// Its number.
    pub fingerprint: Fingerprint,
    /// When it was first told to this server, milliseconds.
    pub received_ms: i64,
}

impl State {
    /// Stores the episodes of alerts that have begun to fire; answers their ids, in
    /// order. A long list is stored in slices: when it fails, its beginning may be
    /// stored.
    ///
    /// # Errors
    /// Those of the disk.
    pub async fn begin_alerts(&self, begun: Vec<Begun>) -> Result<Vec<i64>> {
        let mut ids = Vec::with_capacity(begun.len());
        for slice in slices(begun) {
            ids.extend(self.write(write::Begin(slice)).await?);
        }
        Ok(ids)
    }

    /// The same for episodes of which more is known, such as those of another history.
    /// What `id` says is ignored.
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

    /// Notes the first delivered notification of episodes: id and when, milliseconds; a
    /// later one changes nothing.
    ///
    /// # Errors
    /// Those of the disk.
    pub async fn notified_episodes(&self, told: Vec<(i64, i64)>) -> Result<()> {
        for slice in slices(told) {
            self.write(write::Notified(slice)).await?;
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
        let read = || async {
            let mut db = snapshot(self).await?;
            let mut runs = Vec::new();
            let mut before = i64::MAX;
            loop {
                let page = table::runs_before(&mut db, before).await?;
                let Some(oldest) = page.last() else { break };
                before = oldest.id;
                runs.extend(page.into_iter().filter(|run| run.open > 0));
            }
            let mut open = Vec::new();
            for run in runs.into_iter().rev() {
                let still = |_: &Beginning, fate: &Fate| fate.resolved_ms.is_none();
                some_of(&mut db, run.id, still, &mut open).await?;
            }
            Ok(open)
        };
        read().await.map_err(|fault: Fault| self.told(fault))
    }

    /// One episode.
    ///
    /// # Errors
    /// Those of the disk.
    pub async fn episode(&self, id: i64) -> Result<Option<Episode>> {
        let read = || async {
            let mut db = snapshot(self).await?;
            let mut found = Vec::new();
            if let Some(run) = table::run_of(&mut db, id).await? {
                let is_it = |one: &Beginning, _: &Fate| one.id == id;
                some_of(&mut db, run.id, is_it, &mut found).await?;
            }
            Ok(found.pop())
        };
        read().await.map_err(|fault: Fault| self.told(fault))
    }

    /// Forgets episodes that ended before; answers how many.
    pub(crate) async fn forget_episodes(&self, before_ms: i64) -> Result<u64> {
        let mut forgotten = 0;
        loop {
            let runs = async {
                let mut db = snapshot(self).await?;
                table::runs_ended(&mut db, before_ms).await
            };
            let runs = runs.await.map_err(|fault| self.told(fault))?;
            if runs.is_empty() {
                return Ok(forgotten);
            }
            for run in runs {
                let run = run.id;
                forgotten += self.write(write::Forget { run, before_ms }).await?;
            }
        }
    }
}

/// A connection that reads, and sees all that it reads at one moment.
pub(crate) async fn snapshot(
    state: &State,
) -> std::result::Result<Transaction<'static, Sqlite>, Fault> {
    Ok(state.readers().begin().await?)
}

/// Adds those episodes of a run that `keep` wants, in order.
async fn some_of(
    db: &mut sqlx::SqliteConnection,
    run: i64,
    keep: impl Fn(&Beginning, &Fate) -> bool,
    into: &mut Vec<Episode>,
) -> std::result::Result<(), Fault> {
    let columns = Columns::load(db, run).await?;
    let texts = table::column(db, run, Column::Texts).await?;
    for (told, texts) in columns.episodes().zip(run::entries(&texts)) {
        let (one, fate, labels) = told?;
        if keep(one, &fate) {
            let labels = run::decode_labels(labels)?;
            into.push(episode(one, labels, texts?, fate)?);
        }
    }
    Ok(())
}

fn episode(
    one: &Beginning,
    labels: Labels,
    texts: &[u8],
    fate: Fate,
) -> std::result::Result<Episode, Fault> {
    let (annotations, generator_url) = run::decode_texts(texts)?;
    Ok(Episode {
        id: one.id,
        fingerprint: Fingerprint(one.fingerprint),
        labels,
        annotations,
        generator_url,
        started_ms: one.started_ms,
        received_ms: one.received_ms,
        resolved_ms: fate.resolved_ms,
        notified_ms: fate.notified_ms,
        acknowledged: fate.acknowledged,
        assigned_to: fate.assigned_to,
        judgement: fate.judgement,
    })
}

fn fate_of(episode: &Episode) -> Fate {
    Fate {
        resolved_ms: episode.resolved_ms,
        notified_ms: episode.notified_ms,
        acknowledged: episode.acknowledged.clone(),
        assigned_to: episode.assigned_to.clone(),
        judgement: episode.judgement,
    }
}

fn slices<T>(items: Vec<T>) -> impl Iterator<Item = Vec<T>> {
    let mut items = items.into_iter();
    std::iter::from_fn(move || {
        let slice: Vec<T> = items.by_ref().take(SLICE).collect();
        (!slice.is_empty()).then_some(slice)
    })
}
