//! A year of quiet has as few runs as a year of storms, and what is asked of many runs is
//! answered by all of them.

use std::path::Path;

use binnacle_model::alert::EpisodeFilter;
use sqlx::{Connection as _, SqliteConnection};

use super::{episode, labels, open};

/// How many episodes each run has, oldest first.
async fn runs(dir: &Path) -> Vec<i64> {
    let url = format!("sqlite://{}", dir.join("state.db").display());
    let mut db = SqliteConnection::connect(&url).await.expect("a database");
    let found = sqlx::query_scalar("SELECT count FROM episode_run ORDER BY id")
        .fetch_all(&mut db)
        .await
        .expect("runs");
    db.close().await.expect("closed");
    found
}

#[tokio::test]
async fn small_runs_grow_and_are_merged() {
    let dir = tempfile::tempdir().expect("a folder");
    let state = open(dir.path()).await;
    let one = |i: i64| episode(labels(&[("alertname", &format!("a{i}"))]), i, None);
    let mut begun = 0;
    for _ in 0..40 {
        state
            .begin_episodes(vec![one(begun)])
            .await
            .expect("stored");
        begun += 1;
    }
    assert_eq!(runs(dir.path()).await, [40]);
    for _ in 0..40 {
        let many = (begun..begun + 60).map(one).collect();
        state.begin_episodes(many).await.expect("stored");
        begun += 60;
    }
    let found = runs(dir.path()).await;
    assert_eq!(found.iter().sum::<i64>(), begun);
    assert!(found.len() < 35, "{found:?}");
    assert!(found[0] > 1_000, "{found:?}");
    // A storm.
    let many = (begun..begun + 10_000).map(one).collect();
    state.begin_episodes(many).await.expect("stored");
    begun += 10_000;
    let found = runs(dir.path()).await;
    assert!(found.iter().all(|count| *count <= 4_096), "{found:?}");
    assert!(found.len() < 40, "{found:?}");

    let all = EpisodeFilter {
        limit: usize::MAX,
        ..EpisodeFilter::default()
    };
    let found = state.episodes(all).await.expect("a read");
    let started: Vec<i64> = found.iter().map(|e| e.started_ms).collect();
    let want: Vec<i64> = (0..begun).rev().collect();
    assert!(started == want, "{} of {begun}", started.len());

    // Ends of episodes in many runs at once, and of one that there is not.
    let ended = found
        .iter()
        .filter(|e| e.id % 7 == 0)
        .map(|e| (e.id, 20_000));
    let ended: Vec<(i64, i64)> = ended.chain([(-5, 1), (begun + 9, 1)]).collect();
    state.resolve_episodes(ended).await.expect("stored");
    let open = state.open_episodes().await.expect("a read");
    let want = found.iter().rev().filter(|e| e.id % 7 != 0);
    assert!(open.iter().eq(want), "{}", open.len());
    state.close().await;
}
