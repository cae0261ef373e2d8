//! What is held comes out once, and budgets count what was delivered.

use binnacle_model::alert::{NotificationFilter, NotificationOutcome, TeamBudget};
use binnacle_state::{Disturbance, NewHeld, StateError};

use super::{notification, open};

fn held(team: &str, due_ms: i64, payload: &str) -> NewHeld {
    let mut notification = notification(1, Vec::new(), team);
    notification.record.outcome = NotificationOutcome::Held {
        reason: "budget".to_owned(),
    };
    NewHeld {
        notification,
        due_ms,
        payload: payload.to_owned(),
    }
}

#[tokio::test]
async fn a_digest_is_taken_once_and_finished_once() {
    let dir = tempfile::tempdir().expect("a folder");
    let state = open(dir.path()).await;
    let ids = state
        .hold(vec![
            held("a", 10, "1"),
            held("b", 5, "2"),
            held("a", 30, "3"),
        ])
        .await
        .expect("stored");
    assert_eq!(ids, [1, 2, 3]);
    assert_eq!(
        state.held_teams(10).await,
        Ok(vec![("a".to_owned(), 10), ("b".to_owned(), 5)])
    );
    assert_eq!(state.take_digest("a", 9).await, Ok(None));
    let digest = state
        .take_digest("a", 10)
        .await
        .expect("taken")
        .expect("due");
    assert_eq!(digest.taken_ms, 1_000_000);
    let payloads: Vec<&str> = digest.held.iter().map(|h| h.payload.as_str()).collect();
    assert_eq!(payloads, ["1"]);
    assert_eq!(state.take_digest("a", 10).await, Ok(None));
    assert_eq!(state.held_teams(10).await, Ok(vec![("b".to_owned(), 5)]));

    // A restart shows it again, under its number.
    state.close().await;
    let state = open(dir.path()).await;
    assert_eq!(state.digests().await, Ok(vec![digest.clone()]));
    let sent = notification(2, Vec::new(), "a");
    let ids = state
        .finish_digest(digest.id, vec![sent.clone()], vec![])
        .await;
    assert_eq!(ids, Ok(vec![4]));
    assert_eq!(state.digests().await, Ok(Vec::new()));
    let again = state.finish_digest(digest.id, vec![sent], vec![]).await;
    assert!(
        matches!(again, Err(StateError::NotFound { .. })),
        "{again:?}"
    );
    let all = state.notifications(NotificationFilter::default()).await;
    assert_eq!(all.map(|n| n.len()), Ok(4));

    // What is put back is due again, and only that; what another digest holds is not.
    state.hold(vec![held("a", 30, "4")]).await.expect("stored");
    let digest = state
        .take_digest("a", 30)
        .await
        .expect("taken")
        .expect("due");
    let numbers: Vec<i64> = digest.held.iter().map(|h| h.notification).collect();
    assert_eq!(numbers, [3, 5]);
    let done = state.finish_digest(digest.id, Vec::new(), vec![5, 2]);
    done.await.expect("finished");
    assert_eq!(state.digests().await, Ok(Vec::new()));
    let again = state
        .take_digest("a", 30)
        .await
        .expect("taken")
        .expect("due");
    assert_eq!(again.held, digest.held[1..]);
    assert_eq!(state.held_teams(10).await, Ok(vec![("b".to_owned(), 5)]));
    assert_ne!(again.id, digest.id);
    state.close().await;
}

#[tokio::test]
async fn budgets_count_the_last_hour_and_day() {
    const HOUR: i64 = 3_600_000;
    let dir = tempfile::tempdir().expect("a folder");
    let state = open(dir.path()).await;
    let now = 100 * HOUR;
    let mut all: Vec<_> = [now, now - HOUR + 1, now - HOUR, now - 24 * HOUR + 1]
        .map(|at_ms| notification(at_ms, Vec::new(), "a"))
        .into();
    all[0].exempt = true;
    // None of these counts: too old, of the future, failed, a test, held.
    all.push(notification(now - 24 * HOUR, Vec::new(), "a"));
    all.push(notification(now + 1, Vec::new(), "a"));
    let mut failed = notification(now, Vec::new(), "a");
    failed.record.outcome = NotificationOutcome::Failed {
        error: "429".to_owned(),
    };
    all.push(failed);
    let mut test = notification(now, Vec::new(), "a");
    test.record.test = true;
    all.push(test);
    state.append_notifications(all).await.expect("stored");
    state.hold(vec![held("b", 1, "")]).await.expect("stored");
    assert_eq!(
        state.budgets(now).await,
        Ok(vec![
            TeamBudget {
                team: "a".to_owned(),
                hour: 2,
                day: 4,
                exempt: 1,
                ..TeamBudget::default()
            },
            TeamBudget {
                team: "b".to_owned(),
                held: 1,
                ..TeamBudget::default()
            },
        ])
    );
    let found = state.disturbances(now).await.expect("a read");
    let of = |at_ms, exempt| Disturbance {
        team: "a".to_owned(),
        at_ms,
        exempt,
    };
    assert_eq!(found, [of(now, true), of(now + 1, false)]);
    state.close().await;
}
