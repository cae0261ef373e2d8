//! History ends, and gives its room back.

use std::sync::Arc;

use binnacle_model::alert::{EpisodeFilter, NotificationFilter, Silence, SilenceEvent};
use binnacle_state::{Settings, State, Swept};
use binnacle_stdx::clock::ManualClock;

use super::{episode, labels, notification};

#[tokio::test]
async fn what_is_old_goes_and_the_rest_stays() {
    let dir = tempfile::tempdir().expect("a folder");
    let clock = Arc::new(ManualClock::new(0));
    let settings = Settings {
        history_ms: 1_000,
        ..Settings::default()
    };
    let state = State::open(dir.path(), settings, clock.clone())
        .await
        .expect("opens");
    let a = labels(&[("alertname", "a")]);
    let mut all: Vec<_> = (0..3_000).map(|i| episode(a.clone(), 0, Some(i))).collect();
    all.push(episode(a.clone(), 0, None));
    let alert = all[0].fingerprint;
    state.begin_episodes(all).await.expect("stored");
    let told = (0..3_000)
        .map(|i| notification(i, vec![alert], "a"))
        .collect();
    state.append_notifications(told).await.expect("stored");
    let event = |at_ms| SilenceEvent {
        at_ms,
        silence: "s".to_owned(),
        what: "created".to_owned(),
        by: "me".to_owned(),
        text: String::new(),
    };
    for at_ms in [1, 2_999] {
        let silence = Silence {
            id: "s".to_owned(),
            ..Silence::default()
        };
        state
            .put_silence(silence, Some(event(at_ms)))
            .await
            .expect("stored");
    }
    assert_eq!(state.sweep().await, Ok(Swept::default()));

    clock.set(3_500);
    let want = Swept {
        episodes: 2_500,
        notifications: 2_500,
        events: 1,
    };
    assert_eq!(state.sweep().await, Ok(want));
    let all = EpisodeFilter {
        limit: 10_000,
        ..EpisodeFilter::default()
    };
    let left = state.episodes(all).await.expect("a read");
    assert_eq!(left.len(), 501);
    assert!(
        left.iter()
            .all(|e| e.resolved_ms.is_none_or(|at| at >= 2_500))
    );
    let of_alert = NotificationFilter {
        fingerprint: Some(alert),
        limit: 10_000,
        ..NotificationFilter::default()
    };
    let left = state.notifications(of_alert).await.expect("a read");
    assert_eq!(left.len(), 500);
    let events = state.silence_events(0, 0, 0).await;
    assert_eq!(events, Ok(vec![event(2_999)]));
    state.close().await;
    let bytes = std::fs::metadata(dir.path().join("state.db"))
        .expect("a file")
        .len();
    assert!(bytes < 500_000, "{bytes}");
}
