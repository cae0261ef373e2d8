//! Many callers at once: each is told of its own write, and one that fails takes
//! nobody with it.

use binnacle_model::alert::Fingerprint;
use binnacle_state::{LogEntry, LogKey, Settings, StateError};

use super::{open, open_with};

fn entry(caller: u32, i: i64) -> LogEntry {
    LogEntry {
        key: LogKey {
            group_key: "g".to_owned(),
            receiver: "r".to_owned(),
            integration: "slack".to_owned(),
            index: caller,
        },
        at_ms: i,
        expires_ms: i64::MAX,
        ..LogEntry::default()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_failed_write_fails_alone() {
    let dir = tempfile::tempdir().expect("a folder");
    // A short queue: callers wait for room in it too.
    let settings = Settings {
        queue_max: 8,
        ..Settings::default()
    };
    let state = open_with(dir.path(), settings).await;
    let mut tasks = Vec::new();
    for caller in 0..50_u32 {
        let state = state.clone();
        tasks.push(tokio::spawn(async move {
            for i in 0..20 {
                state.put_log(entry(caller, i)).await.expect("stored");
                if caller % 10 == 0 {
                    let nobody = Fingerprint(u64::from(caller));
                    let error = state
                        .unacknowledge(nobody, "me".to_owned())
                        .await
                        .expect_err("there is none");
                    assert!(matches!(error, StateError::NotFound { .. }), "{error:?}");
                }
                let mine = state.log().await.expect("a read");
                let mine = mine.iter().find(|e| e.key.index == caller);
                assert_eq!(mine.map(|e| e.at_ms), Some(i), "what is stored is read");
            }
        }));
    }
    for task in tasks {
        task.await.expect("a task");
    }
    let log = state.log().await.expect("a read");
    assert_eq!(
        log,
        (0..50).map(|caller| entry(caller, 19)).collect::<Vec<_>>()
    );
    assert_eq!(state.mark_events(None, 0, 0, 0).await, Ok(Vec::new()));
    state.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_that_goes_away_takes_nothing_with_it() {
    let dir = tempfile::tempdir().expect("a folder");
    let state = open(dir.path()).await;
    for i in 0..50 {
        let handle = state.clone();
        let task = tokio::spawn(async move { handle.put_log(entry(i, 0)).await });
        tokio::task::yield_now().await;
        task.abort();
    }
    state.put_log(entry(99, 0)).await.expect("stored");
    state.close().await;
    let state = open(dir.path()).await;
    let log = state.log().await.expect("a read");
    assert!(log.iter().any(|e| e.key.index == 99), "{log:?}");
    state.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_one_saves_over_a_version() {
    let dir = tempfile::tempdir().expect("a folder");
    let state = open(dir.path()).await;
    for version in 0..10 {
        let mut tasks = Vec::new();
        for caller in 0..8 {
            let state = state.clone();
            tasks.push(tokio::spawn(async move {
                let (kind, id) = ("dashboard".to_owned(), "one".to_owned());
                let body = format!("{{\"by\":{caller}}}");
                state
                    .save(kind, id, body, "me".to_owned(), Some(version))
                    .await
            }));
        }
        let mut saved = 0;
        for task in tasks {
            match task.await.expect("a task") {
                Ok(new) => {
                    assert_eq!(new, version + 1);
                    saved += 1;
                }
                Err(StateError::Conflict { .. }) => {}
                Err(other) => panic!("{other:?}"),
            }
        }
        assert_eq!(saved, 1, "version {version}");
    }
    let one = state.saved_one("dashboard", "one").await.expect("a read");
    assert_eq!(one.map(|s| s.version), Some(10));
    assert_eq!(
        state.unsave("dashboard".to_owned(), "one".to_owned()).await,
        Ok(true)
    );
    assert_eq!(
        state.unsave("dashboard".to_owned(), "one".to_owned()).await,
        Ok(false)
    );
    assert_eq!(state.saved("dashboard").await, Ok(Vec::new()));
    state.close().await;
}
