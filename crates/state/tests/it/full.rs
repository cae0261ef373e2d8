//! No room left: the write fails and says so, and nothing that was stored is lost.

use std::path::Path;
use std::process::Command;

use binnacle_state::{Settings, State, StateError};

use super::{labels, open, open_with};

/// Stores until there is no room, from several callers at once; answers how many
/// episodes each stored.
async fn fill(state: &State) -> usize {
    let mut tasks = Vec::new();
    for caller in 0..4 {
        let state = state.clone();
        tasks.push(tokio::spawn(async move {
            let mut stored = 0;
            loop {
                let name = format!("alert-{caller}-{stored}");
                let one = super::episode(labels(&[("alertname", &name)]), 1, None);
                match state.begin_episodes(vec![one; 10]).await {
                    Ok(ids) => stored += ids.len(),
                    Err(StateError::Full { .. }) => return stored,
                    Err(other) => panic!("{other:?}"),
                }
            }
        }));
    }
    let mut stored = 0;
    for task in tasks {
        stored += task.await.expect("a task");
    }
    stored
}

#[tokio::test]
async fn a_limit_of_pages_is_a_full_disk() {
    let dir = tempfile::tempdir().expect("a folder");
    let settings = Settings {
        pages_max: Some(150),
        ..Settings::default()
    };
    let state = open_with(dir.path(), settings).await;
    let stored = fill(&state).await;
    assert!(stored > 100, "{stored}");
    let count = |state: State| async move { state.open_episodes().await.map(|e| e.len()) };
    assert_eq!(count(state.clone()).await, Ok(stored));
    // What needs no room still works.
    state.expire_log(i64::MAX).await.expect("nothing to expire");
    state.close().await;

    let state = open(dir.path()).await;
    assert_eq!(count(state.clone()).await, Ok(stored));
    let one = super::episode(labels(&[("alertname", "later")]), 1, None);
    state.begin_episodes(vec![one]).await.expect("room again");
    assert_eq!(count(state.clone()).await, Ok(stored + 1));
    state.close().await;
}

/// A file system of its own, unmounted at the end.
struct Mounted<'a>(&'a Path);

impl<'a> Mounted<'a> {
    fn new(at: &'a Path) -> Option<Self> {
        let mut mount = Command::new("mount");
        mount
            .args(["-t", "tmpfs", "-o", "size=2m", "tmpfs"])
            .arg(at);
        let done = mount.output().ok()?;
        done.status.success().then_some(Self(at))
    }
}

impl Drop for Mounted<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0).output();
    }
}

#[tokio::test]
async fn a_full_file_system_loses_nothing() {
    let dir = tempfile::tempdir().expect("a folder");
    let Some(_mounted) = Mounted::new(dir.path()) else {
        println!("skipped: no file system can be mounted here");
        return;
    };
    let ballast = dir.path().join("ballast");
    std::fs::write(&ballast, vec![1; 512 << 10]).expect("ballast");
    let state = open(&dir.path().join("data")).await;
    let stored = fill(&state).await;
    assert!(stored > 100, "{stored}");
    let count = |state: State| async move { state.open_episodes().await.map(|e| e.len()) };
    assert_eq!(count(state.clone()).await, Ok(stored));

    // With room again the same handle works on.
    std::fs::remove_file(&ballast).expect("room");
    let one = super::episode(labels(&[("alertname", "later")]), 1, None);
    state.begin_episodes(vec![one]).await.expect("room again");
    state.close().await;
    let state = open(&dir.path().join("data")).await;
    assert_eq!(count(state.clone()).await, Ok(stored + 1));
    state.close().await;
}
