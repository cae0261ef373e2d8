//! A file of any older version of the schema opens, and then has the schema and the
//! data that it should have.

use std::path::Path;

use binnacle_state::{Settings, State, StateError};
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

/// Rows that each version could hold, as that version wrote them.
const ROWS: [&str; State::SCHEMA] = [
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
        for rows in &ROWS[..version] {
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
        assert_eq!(episodes.len(), has(3), "version {version}");
        let marks = state.marks().await.expect("marks");
        assert_eq!(marks.len(), has(4), "version {version}");
        let all = binnacle_model::alert::NotificationFilter::default();
        let notifications = state.notifications(all).await.expect("notifications");
        assert_eq!(notifications.len(), has(5), "version {version}");
        let saved = state.saved("k").await.expect("saved");
        assert_eq!(saved.len(), has(6), "version {version}");
        let again = super::episode(super::labels(&[("alertname", "y")]), 1, None);
        let ids = state.begin_episodes(vec![again]).await.expect("stored");
        assert_eq!(ids, [1 + has(3) as i64], "version {version}");
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
