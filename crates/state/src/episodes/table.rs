//! Where runs lie: a small row in `episode_run` for each, and its columns as rows of
//! `episode_column`, so that whoever needs one reads one.

use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};

use super::fate::Fate;
use super::pack::{Packer, unpack};
use super::run::{self, Beginning, Builder, Packed, Summary};
use crate::error::Fault;

type Outcome<T> = Result<T, Fault>;

/// Runs that are looked at together.
const PAGE: i64 = 64;

/// A column of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
    Filter,
    Begun,
    Labels,
    Texts,
    Fates,
}

impl Column {
    fn name(self) -> &'static str {
        match self {
            Self::Filter => "filter",
            Self::Begun => "begun",
            Self::Labels => "labels",
            Self::Texts => "texts",
            Self::Fates => "fates",
        }
    }
}

/// Runs whose first number is smaller than `before`, newest first: some of them.
pub(crate) async fn runs_before(db: &mut SqliteConnection, before: i64) -> Outcome<Vec<Summary>> {
    let found = sqlx::query("SELECT * FROM episode_run WHERE id < $1 ORDER BY id DESC LIMIT $2")
        .bind(before)
        .bind(PAGE)
        .fetch_all(db)
        .await?;
    found.iter().map(summary).collect()
}

/// The run that may hold the episode `id`.
pub(super) async fn run_of(db: &mut SqliteConnection, id: i64) -> Outcome<Option<Summary>> {
    let found = sqlx::query("SELECT * FROM episode_run WHERE id <= $1 ORDER BY id DESC LIMIT 1")
        .bind(id)
        .fetch_optional(db)
        .await?;
    let found = found.map(|row| summary(&row)).transpose()?;
    Ok(found.filter(|run| id <= run.last))
}

/// Runs with an episode that ended before `before_ms`, oldest first: some of them.
pub(super) async fn runs_ended(db: &mut SqliteConnection, before_ms: i64) -> Outcome<Vec<Summary>> {
    let found =
        sqlx::query("SELECT * FROM episode_run WHERE ended_min_ms < $1 ORDER BY id LIMIT $2")
            .bind(before_ms)
            .bind(PAGE)
            .fetch_all(db)
            .await?;
    found.iter().map(summary).collect()
}

fn summary(row: &SqliteRow) -> Outcome<Summary> {
    let ended: (Option<i64>, Option<i64>) =
        (row.try_get("ended_min_ms")?, row.try_get("ended_max_ms")?);
    Ok(Summary {
        id: row.try_get("id")?,
        last: row.try_get("last")?,
        count: row.try_get("count")?,
        started_ms: (
            row.try_get("started_min_ms")?,
            row.try_get("started_max_ms")?,
        ),
        ended_ms: ended.0.zip(ended.1),
        open: row.try_get("open")?,
    })
}

/// A column as it is stored.
async fn stored(db: &mut SqliteConnection, run: i64, column: Column) -> Outcome<Vec<u8>> {
    let found: Option<Vec<u8>> =
        sqlx::query_scalar("SELECT body FROM episode_column WHERE run = $1 AND name = $2")
            .bind(run)
            .bind(column.name())
            .fetch_optional(db)
            .await?;
    found.ok_or_else(|| {
        Fault::Row(format!(
            "run {run} of episodes has no column {}",
            column.name()
        ))
    })
}

/// The filter of a run.
pub(super) async fn filter(db: &mut SqliteConnection, run: i64) -> Outcome<Vec<u8>> {
    stored(db, run, Column::Filter).await
}

/// A column, unpacked.
pub(super) async fn column(
    db: &mut SqliteConnection,
    run: i64,
    column: Column,
) -> Outcome<Vec<u8>> {
    unpack(&stored(db, run, column).await?)
}

/// How the episodes of a run began.
pub(super) async fn begun(db: &mut SqliteConnection, run: i64) -> Outcome<Vec<Beginning>> {
    run::decode_begun(&column(db, run, Column::Begun).await?)
}

/// Stores a run.
pub(super) async fn insert(db: &mut SqliteConnection, packed: &Packed) -> Outcome<()> {
    let summary = &packed.summary;
    sqlx::query(
        "INSERT INTO episode_run (id, last, count, started_min_ms, started_max_ms, \
         ended_min_ms, ended_max_ms, open) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(summary.id)
    .bind(summary.last)
    .bind(summary.count)
    .bind(summary.started_ms.0)
    .bind(summary.started_ms.1)
    .bind(summary.ended_ms.map(|e| e.0))
    .bind(summary.ended_ms.map(|e| e.1))
    .bind(summary.open)
    .execute(&mut *db)
    .await?;
    for (column, body) in [
        (Column::Filter, &packed.filter),
        (Column::Begun, &packed.begun),
        (Column::Labels, &packed.labels),
        (Column::Texts, &packed.texts),
        (Column::Fates, &packed.fates),
    ] {
        sqlx::query("INSERT INTO episode_column (run, name, body) VALUES ($1, $2, $3)")
            .bind(summary.id)
            .bind(column.name())
            .bind(body.as_slice())
            .execute(&mut *db)
            .await?;
    }
    Ok(())
}

/// Forgets a run.
pub(super) async fn delete(db: &mut SqliteConnection, run: i64) -> Outcome<()> {
    for statement in [
        "DELETE FROM episode_run WHERE id = $1",
        "DELETE FROM episode_column WHERE run = $1",
    ] {
        sqlx::query(statement).bind(run).execute(&mut *db).await?;
    }
    Ok(())
}

/// Stores what became of the episodes of a run; `summary` is the new one.
pub(super) async fn set_fates(
    db: &mut SqliteConnection,
    summary: &Summary,
    packed: &[u8],
) -> Outcome<()> {
    sqlx::query(
        "UPDATE episode_run SET ended_min_ms = $1, ended_max_ms = $2, open = $3 WHERE id = $4",
    )
    .bind(summary.ended_ms.map(|e| e.0))
    .bind(summary.ended_ms.map(|e| e.1))
    .bind(summary.open)
    .bind(summary.id)
    .execute(&mut *db)
    .await?;
    sqlx::query("UPDATE episode_column SET body = $1 WHERE run = $2 AND name = $3")
        .bind(packed)
        .bind(summary.id)
        .bind(Column::Fates.name())
        .execute(db)
        .await?;
    Ok(())
}

/// Builds runs and stores each as it is full.
pub(super) struct Writer {
    builder: Builder,
    packer: Packer,
}

impl Writer {
    pub(super) fn new() -> Outcome<Self> {
        Ok(Self {
            builder: Builder::default(),
            packer: Packer::new()?,
        })
    }

    /// Adds an episode.
    pub(super) async fn push(
        &mut self,
        db: &mut SqliteConnection,
        one: Beginning,
        (labels, texts): (&binnacle_model::Labels, &[u8]),
        fate: &Fate,
    ) -> Outcome<()> {
        if self.builder.is_full() {
            self.store(db).await?;
        }
        self.builder.push(one, labels, texts, fate);
        Ok(())
    }

    /// Adds the episodes of a run that `keep` wants, and forgets the run. Answers how
    /// many were left out.
    pub(super) async fn move_in(
        &mut self,
        db: &mut SqliteConnection,
        run: i64,
        keep: impl Fn(&Fate) -> bool,
    ) -> Outcome<u64> {
        let begun = begun(db, run).await?;
        let labels = column(db, run, Column::Labels).await?;
        let texts = column(db, run, Column::Texts).await?;
        let fates = column(db, run, Column::Fates).await?;
        delete(db, run).await?;
        let told = run::entries(&labels).zip(run::entries(&texts));
        let (mut moved, mut left_out) = (0, 0);
        for ((one, fate), (labels, texts)) in begun
            .iter()
            .zip(run::decode_fates(&fates, &begun))
            .zip(told)
        {
            let fate = fate?;
            if keep(&fate) {
                let labels = run::decode_labels(labels?)?;
                self.push(db, *one, (&labels, texts?), &fate).await?;
                moved += 1;
            } else {
                left_out += 1;
            }
        }
        if moved + left_out != begun.len() as u64 {
            return Err(Fault::Row(format!("run {run} of episodes is cut short")));
        }
        Ok(left_out)
    }

    /// Stores what was added.
    pub(super) async fn store(&mut self, db: &mut SqliteConnection) -> Outcome<()> {
        if let Some(packed) = self.builder.take(&mut self.packer)? {
            insert(db, &packed).await?;
        }
        Ok(())
    }
}
