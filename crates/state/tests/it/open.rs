//! Files that are not ours, not whole, or not yet known.

use std::path::Path;
use std::sync::Arc;

use binnacle_state::{Settings, State, StateError};
use binnacle_stdx::clock::ManualClock;
use sqlx::{Connection as _, SqliteConnection};

use super::{labels, open, open_with};

async fn refused(dir: &Path) -> StateError {
    let before = std::fs::read(dir.join("state.db")).expect("a file");
    let error = State::open(dir, Settings::default(), Arc::new(ManualClock::new(0)))
        .await
        .expect_err("a file that is refused");
    let after = std::fs::read(dir.join("state.db")).expect("a file");
    assert!(before == after, "the file was changed: {error}");
    let text = error.to_string();
    assert!(text.contains("state.db"), "{text}");
    error
}

#[tokio::test]
async fn strange_files_are_refused_and_left_alone() {
    let dir = tempfile::tempdir().expect("a folder");
    for bytes in [
        &b"x"[..],
        b"SQLite format 2\0",
        &[0; 4096],
        b"just some text",
    ] {
        std::fs::write(dir.path().join("state.db"), bytes).expect("written");
        let error = refused(dir.path()).await;
        assert!(matches!(error, StateError::Foreign { .. }), "{error:?}");
    }
    // The right beginning, and nothing else.
    let mut bytes = b"SQLite format 3\0".to_vec();
    bytes.resize(8192, 0x55);
    std::fs::write(dir.path().join("state.db"), bytes).expect("written");
    let error = refused(dir.path()).await;
    assert!(matches!(error, StateError::Corrupt { .. }), "{error:?}");
}

#[tokio::test]
async fn another_programs_database_is_refused() {
    let dir = tempfile::tempdir().expect("a folder");
    let url = format!(
        "sqlite://{}?mode=rwc",
        dir.path().join("state.db").display()
    );
    let mut db = SqliteConnection::connect(&url).await.expect("a database");
    sqlx::query("CREATE TABLE theirs (id INTEGER)")
        .execute(&mut db)
        .await
        .expect("a table");
    db.close().await.expect("closed");
    let error = refused(dir.path()).await;
    assert!(matches!(error, StateError::Foreign { .. }), "{error:?}");
}

#[tokio::test]
async fn a_damaged_file_is_refused() {
    let dir = tempfile::tempdir().expect("a folder");
    let state = open(dir.path()).await;
    let many = (0..2_000)
        .map(|i| super::episode(labels(&[("alertname", &format!("a{i}"))]), i, None))
        .collect();
    state.begin_episodes(many).await.expect("stored");
    state.close().await;
    let path = dir.path().join("state.db");
    let mut bytes = std::fs::read(&path).expect("a file");
    let middle = bytes.len() / 2;
    bytes[middle..middle + 8192].fill(0xa5);
    std::fs::write(&path, bytes).expect("written");
    let error = refused(dir.path()).await;
    assert!(matches!(error, StateError::Corrupt { .. }), "{error:?}");
}

#[tokio::test]
async fn an_empty_file_is_a_new_one() {
    let dir = tempfile::tempdir().expect("a folder");
    std::fs::write(dir.path().join("state.db"), b"").expect("written");
    let state = open(&dir.path().join("")).await;
    assert_eq!(state.silences().await, Ok(Vec::new()));
    state.close().await;
}

#[tokio::test]
async fn a_folder_that_cannot_be_made_is_said() {
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("file");
    std::fs::write(&file, b"").expect("written");
    let clock = Arc::new(ManualClock::new(0));
    let error = State::open(&file.join("below"), Settings::default(), clock)
        .await
        .expect_err("no folder");
    assert!(matches!(error, StateError::Io { .. }), "{error:?}");
}

#[tokio::test]
async fn closed_state_takes_no_writes() {
    let dir = tempfile::tempdir().expect("a folder");
    let state = open(dir.path()).await;
    state.close().await;
    let error = state.expire_log(0).await.expect_err("closed");
    assert!(matches!(error, StateError::Stopped { .. }), "{error:?}");
    let error = state.log().await.expect_err("closed");
    assert!(matches!(error, StateError::Stopped { .. }), "{error:?}");
    state.close().await;
}

#[tokio::test]
async fn full_sync_works_too() {
    let dir = tempfile::tempdir().expect("a folder");
    let settings = Settings {
        sync: binnacle_state::Sync::Full,
        ..Settings::default()
    };
    let state = open_with(dir.path(), settings).await;
    let saved = |state: State| async move {
        state
            .save(
                "k".to_owned(),
                "i".to_owned(),
                "{}".to_owned(),
                "me".to_owned(),
                None,
            )
            .await
    };
    assert_eq!(saved(state.clone()).await, Ok(1));
    assert_eq!(saved(state.clone()).await, Ok(2));
    state.close().await;
}

#[tokio::test]
async fn a_backup_is_whole_and_never_overwrites() {
    let dir = tempfile::tempdir().expect("a folder");
    let state = open(&dir.path().join("a")).await;
    let first = super::episode(labels(&[("alertname", "x")]), 1, None);
    state.begin_episodes(vec![first]).await.expect("stored");
    std::fs::create_dir(dir.path().join("b")).expect("a folder");
    let to = dir.path().join("b").join("state.db");
    state.backup(&to).await.expect("a backup");
    let error = state.backup(&to).await.expect_err("there already");
    assert!(matches!(error, StateError::Conflict { .. }), "{error:?}");
    let copy = open(&dir.path().join("b")).await;
    assert_eq!(copy.open_episodes().await, state.open_episodes().await);
    assert_eq!(copy.open_episodes().await.map(|e| e.len()), Ok(1));
    assert!(state.size().await.expect("a size").file_bytes > 0);
    copy.close().await;
    state.close().await;
}
