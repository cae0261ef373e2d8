//! Episodes of releases that kept each as rows of its own become runs, once, when the
//! file is opened. Some thousand at a time and oldest first, each time whole or not at
//! all: a crash in the midst of it goes on where it was.

use binnacle_model::alert::{Episode, Judgement};
use sqlx::sqlite::SqliteRow;
use sqlx::{Connection as _, Row as _, SqliteConnection};

use super::run::{self, Beginning};
use super::table::Writer;
use crate::error::Fault;
use crate::rows;

type Outcome<T> = Result<T, Fault>;

/// Rows of one transaction.
const STEP: i64 = 16_384;

/// Moves all rows of `episode` and `episode_text` into runs. Answers how many there were.
pub(crate) async fn convert(db: &mut SqliteConnection) -> Outcome<u64> {
    let mut converted = 0;
    loop {
        let mut step = db.begin().await?;
        let count = some(&mut step).await?;
        step.commit().await?;
        if count == 0 {
            return Ok(converted);
        }
        converted += count;
    }
}

async fn some(db: &mut SqliteConnection) -> Outcome<u64> {
    let found = sqlx::query(
        "SELECT e.*, t.labels, t.annotations, t.generator_url FROM episode e \
         CROSS JOIN episode_text t WHERE t.id = e.id ORDER BY e.id LIMIT $1",
    )
    .bind(STEP)
    .fetch_all(&mut *db)
    .await?;
    let Some(last) = found.last() else {
        return Ok(0);
    };
    let last: i64 = last.try_get("id")?;
    let mut writer = Writer::new()?;
    let mut texts = Vec::new();
    for row in &found {
        let episode = episode(row)?;
        texts.clear();
        run::encode_texts(&episode.annotations, &episode.generator_url, &mut texts);
        let one = Beginning {
            id: episode.id,
            fingerprint: episode.fingerprint.0,
            started_ms: episode.started_ms,
            received_ms: episode.received_ms,
        };
        let fate = super::fate_of(&episode);
        writer
            .push(db, one, (&episode.labels, &texts), &fate)
            .await?;
    }
    writer.store(db).await?;
    for statement in [
        "DELETE FROM episode WHERE id <= $1",
        "DELETE FROM episode_text WHERE id <= $1",
    ] {
        sqlx::query(statement).bind(last).execute(&mut *db).await?;
    }
    Ok(found.len() as u64)
}

fn episode(row: &SqliteRow) -> Outcome<Episode> {
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
        // As they were stored then.
        judgement: match row.try_get::<Option<i64>, _>("judgement")? {
            None => None,
            Some(1) => Some(Judgement::Useful),
            Some(2) => Some(Judgement::FalsePositive),
            Some(other) => return Err(Fault::Row(format!("no judgement: {other}"))),
        },
    })
}
