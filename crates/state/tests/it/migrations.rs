//! A file of any older version of the schema opens, and then has the schema and the
//! data that it should have.

use std::path::Path;

use binnacle_model::alert::{Acknowledgement, Episode, EpisodeFilter, Judgement};
use binnacle_state::{Settings, State, StateError};
use binnacle_stdx::random::Random;
use sqlx::{Connection as _, SqliteConnection};

use super::{open, open_with};

async fn connect(dir: &Path) -> SqliteConnection {
    let url = format!("sqlite://{}", dir.join("state.db").display());
    SqliteConnection::connect(&url).await.expect("a database")
}

async fn schema(dir: &Path) -> Vec<(String, Option<String>)> {
    let mut db = connect(dir).await;
    let found = sqlx::query_as("SELECT name, sql FROM sqlite_master ORDER BY name")
        .fetch_all(&mut db)
        .await
        .expect("a schema");
    db.close().await.expect("closed");
    found
}

/// Rows that each version could hold, as that version wrote them. Versions behind the
/// last of them brought no tables that anybody writes by hand.
const ROWS: [&str; 6] = [
    "INSERT INTO silence VALUES ('s', 1, 2, 3, 'me', 'why', 0, \
     '{\"sets\":[[[\"a\",\"=\",\"b\"]]]}')",
    "INSERT INTO notification_log VALUES ('g', 'r', 'slack', 0, 5, \
     x'0100000000000000', x'', '{\"a\":\"b\"}', 9)",
    "INSERT INTO episode (id, fingerprint, alertname, severity, team, label_bits, \
     started_ms, received_ms) VALUES (1, -7, 'x', '', '', 0, 3, 4); \
     INSERT INTO episode_text VALUES (1, x'09616c6572746e616d650178', \
     '{\"alertname\":\"x\"}', '{}', ''); \
     UPDATE sequence SET last = 1 WHERE name = 'episode'",
    "INSERT INTO mark (fingerprint, assigned_to) VALUES (-7, 'me')",
    "INSERT INTO notification VALUES (1, 5, 'r', 'slack', 0, 1, '429', 3, 10, 0, 'a', 0); \
     INSERT INTO notification_text VALUES (1, 'g', x'', '{}', 'why', 't', 'b', \
     x'f9ffffffffffffff', x''); INSERT INTO notification_alert VALUES (1, -7); \
     UPDATE sequence SET last = 1 WHERE name = 'notification'",
    "INSERT INTO saved VALUES ('k', 'i', 4, 5, 'me', '{}')",
];

#[tokio::test]
async fn every_older_version_is_brought_up_to_date() {
    let fresh = tempfile::tempdir().expect("a folder");
    open(fresh.path()).await.close().await;
    let want = schema(fresh.path()).await;
    for version in 0..=State::SCHEMA {
        let dir = tempfile::tempdir().expect("a folder");
        let settings = Settings {
            schema: Some(version),
            ..Settings::default()
        };
        open_with(dir.path(), settings).await.close().await;
        let mut db = connect(dir.path()).await;
        // Rows of episodes are in versions 3 to 6; later ones have runs.
        let known = ROWS[..version.min(ROWS.len())].iter().enumerate();
        for (_, rows) in known.filter(|(step, _)| *step != 2 || version < 7) {
            sqlx::raw_sql(*rows).execute(&mut db).await.expect("rows");
        }
        db.close().await.expect("closed");

        let state = open(dir.path()).await;
        let has = |from: usize| usize::from(version >= from);
        let silences = state.silences().await.expect("silences");
        assert_eq!(silences.len(), has(1), "version {version}");
        let log = state.log().await.expect("a log");
        assert_eq!(log.len(), has(2), "version {version}");
        assert!(log.iter().all(|entry| entry.firing == [1]), "{log:?}");
        let episodes = state.open_episodes().await.expect("episodes");
        let old = usize::from((3..7).contains(&version));
        assert_eq!(episodes.len(), old, "version {version}");
        let marks = state.marks().await.expect("marks");
        assert_eq!(marks.len(), has(4), "version {version}");
        let all = binnacle_model::alert::NotificationFilter::default();
        let notifications = state.notifications(all).await.expect("notifications");
        assert_eq!(notifications.len(), has(5), "version {version}");
        let saved = state.saved("k").await.expect("saved");
        assert_eq!(saved.len(), has(6), "version {version}");
        let again = super::episode(super::labels(&[("alertname", "y")]), 1, None);
        let ids = state.begin_episodes(vec![again]).await.expect("stored");
        assert_eq!(ids, [1 + old as i64], "version {version}");
        state.close().await;
        assert_eq!(schema(dir.path()).await, want, "version {version}");
    }
}

#[tokio::test]
async fn a_newer_file_is_refused() {
    let dir = tempfile::tempdir().expect("a folder");
    open(dir.path()).await.close().await;
    let older = Settings {
        schema: Some(State::SCHEMA - 1),
        ..Settings::default()
    };
    let clock = std::sync::Arc::new(binnacle_stdx::clock::ManualClock::new(0));
    let error = State::open(dir.path(), older, clock)
        .await
        .expect_err("newer");
    assert!(
        matches!(error, StateError::Newer { version, .. } if version == State::SCHEMA as i64),
        "{error:?}"
    );
}

/// Stores an episode as releases with version 6 did.
async fn insert_row(db: &mut SqliteConnection, one: &Episode) {
    let json = |pairs: &mut dyn Iterator<Item = (&str, &str)>| {
        let pairs = pairs.map(|(n, v)| (n.to_owned(), serde_json::Value::from(v)));
        serde_json::Value::Object(pairs.collect()).to_string()
    };
    let said = one.acknowledged.as_ref();
    let judgement = one.judgement.map(|judgement| match judgement {
        Judgement::Useful => 1,
        Judgement::FalsePositive => 2,
    });
    sqlx::query(
        "INSERT INTO episode VALUES ($1, $2, $3, '', '', 0, $4, $5, $6, $7, $8, $9, $10, \
         $11, $12, $13, $14)",
    )
    .bind(one.id)
    .bind(one.fingerprint.0.cast_signed())
    .bind(one.labels.get("alertname").unwrap_or_default())
    .bind(one.started_ms)
    .bind(one.received_ms)
    .bind(one.resolved_ms)
    .bind(one.notified_ms)
    .bind(said.map(|a| a.at_ms))
    .bind(said.map(|a| a.until_ms))
    .bind(said.map(|a| a.by.as_str()))
    .bind(said.map(|a| a.comment.as_str()))
    .bind(said.map(|a| a.via.as_str()))
    .bind(one.assigned_to.as_deref())
    .bind(judgement)
    .execute(&mut *db)
    .await
    .expect("a row");
    let annotations = one
        .annotations
        .iter()
        .map(|(n, v)| (n.as_str(), v.as_str()));
    sqlx::query("INSERT INTO episode_text VALUES ($1, $2, $3, $4, $5)")
        .bind(one.id)
        .bind(one.labels.as_bytes())
        .bind(json(&mut one.labels.iter()))
        .bind(json(&mut annotations.into_iter()))
        .bind(one.generator_url.as_str())
        .execute(db)
        .await
        .expect("a row");
}

/// An episode with anything that may have become of it.
fn some_episode(random: &mut Random, id: i64) -> Episode {
    let labels = super::labels(&[
        ("alertname", &format!("a{}", random.below(9))),
        ("pod", &format!("ü{id}")),
    ]);
    let started = random.between(0, 1_000);
    let resolved = (!random.one_in(4)).then(|| started + random.between(0, 99));
    Episode {
        id,
        annotations: vec![("summary".to_owned(), format!("{id} \"x\"\n"))],
        generator_url: format!("http://p/{}", id % 3),
        received_ms: started + 7,
        notified_ms: random.one_in(2).then_some(started + 3),
        acknowledged: random.one_in(5).then(|| Acknowledgement {
            by: "me".to_owned(),
            at_ms: started + 5,
            comment: "seen".to_owned(),
            until_ms: random.between(0, 1) * 5_000,
            via: "ui".to_owned(),
        }),
        assigned_to: random.one_in(6).then(|| "you".to_owned()),
        judgement: *random.pick(&[
            None,
            Some(Judgement::Useful),
            Some(Judgement::FalsePositive),
        ]),
        ..super::episode(labels, started, resolved)
    }
}

#[tokio::test]
async fn rows_of_older_releases_become_runs_and_say_the_same() {
    let dir = tempfile::tempdir().expect("a folder");
    let old = || Settings {
        schema: Some(6),
        ..Settings::default()
    };
    open_with(dir.path(), old()).await.close().await;
    let mut random = Random::new(3);
    let mut all = Vec::new();
    let mut id = 0;
    let mut db = connect(dir.path()).await;
    sqlx::raw_sql("BEGIN")
        .execute(&mut db)
        .await
        .expect("begun");
    for _ in 0..5_000 {
        // Retention has left gaps.
        id += 1 + i64::from(random.one_in(10)) * 3;
        all.push(some_episode(&mut random, id));
        insert_row(&mut db, &all[all.len() - 1]).await;
    }
    let sequence = format!("UPDATE sequence SET last = {id} WHERE name = 'episode'; COMMIT");
    let done = sqlx::raw_sql(sqlx::AssertSqlSafe(sequence)).execute(&mut db);
    done.await.expect("stored");
    db.close().await.expect("closed");

    let state = open(dir.path()).await;
    let new = state
        .begin_episodes(vec![some_episode(&mut random, 0)])
        .await;
    assert_eq!(new, Ok(vec![id + 1]));
    let filter = EpisodeFilter {
        before_id: Some(id + 1),
        limit: usize::MAX,
        ..EpisodeFilter::default()
    };
    all.reverse();
    let found = state.episodes(filter).await.expect("a read");
    assert!(found == all, "{} of {}", found.len(), all.len());
    state.close().await;
}
