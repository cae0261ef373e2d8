//! What happens to episodes.
//!
//! Episodes that begin together make a run together. Those that begin one by one are
//! added to the last run while it is small, and small runs are merged when there are
//! many: an episode is written a few times more, and a year of quiet has as few runs as a
//! year of storms.

use binnacle_model::Labels;
use binnacle_model::alert::{Episode, Judgement, Texts};
use sqlx::SqliteConnection;

use super::Begun;
use super::fate::Fate;
use super::pack::Packer;
use super::run::{self, Beginning, Summary};
use super::table::{self, Column, Writer};
use crate::error::Fault;
use crate::marks::{self, MarkEvent};
use crate::rows;
use crate::writer::Write;

type Outcome<T> = Result<T, Fault>;

const NS_PER_MS: i64 = 1_000_000;

/// A last run that stays as small takes new episodes.
const TAIL_EPISODES: usize = 64;

/// A run with fewer episodes is worth merging...
const SMALL_EPISODES: i64 = 512;

/// ...when there are that many of them.
const SMALL_RUNS: usize = 32;

/// What an episode is made of.
pub(super) trait Beginner: Send + Sync + 'static {
    /// Under this number.
    fn beginning(&self, id: i64) -> Beginning;
    fn labels(&self) -> &Labels;
    fn annotations(&self) -> &Texts;
    fn generator_url(&self) -> &str;
    fn fate(&self) -> Fate;
}

impl Beginner for Begun {
    fn beginning(&self, id: i64) -> Beginning {
        Beginning {
            id,
            fingerprint: self.fingerprint.0,
            started_ms: self.alert.starts_at_ns.div_euclid(NS_PER_MS),
            received_ms: self.received_ms,
        }
    }
    fn labels(&self) -> &Labels {
        &self.alert.labels
    }
    fn annotations(&self) -> &Texts {
        &self.alert.annotations
    }
    fn generator_url(&self) -> &str {
        &self.alert.generator_url
    }
    fn fate(&self) -> Fate {
        Fate::default()
    }
}

impl Beginner for Episode {
    fn beginning(&self, id: i64) -> Beginning {
        Beginning {
            id,
            fingerprint: self.fingerprint.0,
            started_ms: self.started_ms,
            received_ms: self.received_ms,
        }
    }
    fn labels(&self) -> &Labels {
        &self.labels
    }
    fn annotations(&self) -> &Texts {
        &self.annotations
    }
    fn generator_url(&self) -> &str {
        &self.generator_url
    }
    fn fate(&self) -> Fate {
        super::fate_of(self)
    }
}

pub(super) struct Begin<T>(pub(super) Vec<T>);

impl<T: Beginner> Write for Begin<T> {
    type Answer = Vec<i64>;

    async fn apply(&self, db: &mut SqliteConnection) -> Outcome<Vec<i64>> {
        let first = rows::take_ids(db, "episode", self.0.len()).await?;
        let ids: Vec<i64> = (first..).take(self.0.len()).collect();
        let mut writer = Writer::new()?;
        let before = table::runs_before(db, i64::MAX).await?;
        let tail = before.first();
        let room = TAIL_EPISODES.saturating_sub(self.0.len()) as i64;
        let grows = tail.filter(|run| run.count <= room);
        if let Some(run) = grows {
            writer.move_in(db, run.id, |_| true).await?;
        } else {
            let small = before.iter().take_while(|run| run.count < SMALL_EPISODES);
            let small: Vec<i64> = small.map(|run| run.id).collect();
            if small.len() >= SMALL_RUNS {
                for run in small.into_iter().rev() {
                    writer.move_in(db, run, |_| true).await?;
                }
            }
        }
        let mut texts = Vec::new();
        for (&id, episode) in ids.iter().zip(&self.0) {
            texts.clear();
            run::encode_texts(episode.annotations(), episode.generator_url(), &mut texts);
            let one = episode.beginning(id);
            writer
                .push(db, one, (episode.labels(), &texts), &episode.fate())
                .await?;
        }
        writer.store(db).await?;
        Ok(ids)
    }
}

/// Changes what became of episodes: number, and what `change` needs for it. Numbers of
/// which there is no episode are passed over; answers how many there were.
pub(crate) async fn change<T: Sync>(
    db: &mut SqliteConnection,
    changes: &[(i64, T)],
    change: impl Fn(&Beginning, &mut Fate, &T) -> bool + Send + Sync,
) -> Outcome<usize> {
    let mut order: Vec<usize> = (0..changes.len()).collect();
    // A stable sort: of two changes of one episode the first stays the first.
    order.sort_by_key(|&i| changes[i].0);
    let mut rest = order.as_slice();
    let mut packer = None;
    let mut known = 0;
    while let Some(&first) = rest.first() {
        let Some(run) = table::run_of(db, changes[first].0).await? else {
            rest = &rest[1..];
            continue;
        };
        let count = rest.partition_point(|&i| changes[i].0 <= run.last);
        let (here, later) = rest.split_at(count);
        rest = later;
        let begun = table::begun(db, run.id).await?;
        let fates = table::column(db, run.id, Column::Fates).await?;
        let here: Vec<&(i64, T)> = here.iter().map(|&i| &changes[i]).collect();
        let (changed, count) = change_run(&run, &begun, &fates, &here, &change)?;
        known += count;
        if let Some((summary, fates)) = changed {
            let packer = match &mut packer {
                Some(packer) => packer,
                none => none.insert(Packer::new()?),
            };
            table::set_fates(db, &summary, &packer.pack(&fates)?).await?;
        }
    }
    Ok(known)
}

/// The new summary and fates of a run, if anything has changed.
type Changed = Option<(Summary, Vec<u8>)>;

/// Applies changes, ascending by number, to the fates of a run.
fn change_run<T>(
    run: &Summary,
    begun: &[Beginning],
    fates: &[u8],
    changes: &[&(i64, T)],
    change: &impl Fn(&Beginning, &mut Fate, &T) -> bool,
) -> Outcome<(Changed, usize)> {
    let mut known = 0;
    let mut rest = changes.iter().peekable();
    let changed = run::change_fates(run, begun, fates, |one, fate| {
        while rest.next_if(|(id, _)| *id < one.id).is_some() {}
        let mut is_changed = false;
        while let Some((_, with)) = rest.next_if(|(id, _)| *id == one.id) {
            known += 1;
            is_changed |= change(one, fate, with);
        }
        is_changed
    })?;
    Ok((changed, known))
}

/// Ends: number and milliseconds.
pub(super) struct Resolve(pub(super) Vec<(i64, i64)>);

impl Write for Resolve {
    type Answer = ();

    async fn apply(&self, db: &mut SqliteConnection) -> Outcome<()> {
        // A sender may name an end before the start that was noted here: an episode does
        // not end before it began.
        change(db, &self.0, |one, fate, at_ms| {
            fate.resolved_ms = Some(one.started_ms.max(*at_ms));
            true
        })
        .await?;
        Ok(())
    }
}

/// Delivered notifications: number and milliseconds.
pub(super) struct Notified(pub(super) Vec<(i64, i64)>);

impl Write for Notified {
    type Answer = ();

    async fn apply(&self, db: &mut SqliteConnection) -> Outcome<()> {
        change(db, &self.0, |_, fate, at_ms| {
            let is_first = fate.notified_ms.is_none();
            if is_first {
                fate.notified_ms = Some(*at_ms);
            }
            is_first
        })
        .await?;
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
        let changes = [(self.episode, self.judgement)];
        let known = change(db, &changes, |_, fate, judgement| {
            fate.judgement = *judgement;
            true
        })
        .await?;
        if known == 0 {
            return Err(Fault::not_found(format!("episode {}", self.episode)));
        }
        marks::append(db, &self.event).await
    }
}

/// Forgets the episodes of a run that ended before; answers how many.
pub(super) struct Forget {
    pub(super) run: i64,
    pub(super) before_ms: i64,
}

impl Write for Forget {
    type Answer = u64;

    async fn apply(&self, db: &mut SqliteConnection) -> Outcome<u64> {
        let found = table::run_of(db, self.run).await?;
        if found.is_none_or(|run| run.id != self.run) {
            // It was merged with others in the meantime; the next look finds it there.
            return Ok(0);
        }
        let mut writer = Writer::new()?;
        let keep = |fate: &Fate| fate.resolved_ms.is_none_or(|at| at >= self.before_ms);
        let forgotten = writer.move_in(db, self.run, keep).await?;
        writer.store(db).await?;
        Ok(forgotten)
    }
}
