//! The figures of rules, against figures counted by hand.

use binnacle_model::alert::{Acknowledgement, Judgement, RuleQuality};

use super::{episode, labels, notification, open};

#[tokio::test]
async fn figures_are_those_counted_by_hand() {
    const MINUTE: i64 = 60_000;
    let dir = tempfile::tempdir().expect("a folder");
    let state = open(dir.path()).await;
    let noisy = labels(&[
        ("alertname", "noisy"),
        ("severity", "warning"),
        ("team", "a"),
    ]);
    let quiet = labels(&[("alertname", "quiet")]);
    let mut all = vec![
        episode(noisy.clone(), 1_000, Some(1_000 + 2 * MINUTE)),
        episode(noisy.clone(), 2_000, Some(2_000 + 10 * MINUTE)),
        episode(noisy.clone(), 3_000, None),
        episode(quiet.clone(), 4_000, Some(4_000 + 5 * MINUTE)),
        // Outside.
        episode(noisy.clone(), 999, Some(1_001)),
        episode(noisy.clone(), 5_001, None),
    ];
    all[0].notified_ms = Some(1_000 + 30_000);
    all[3].notified_ms = Some(4_000 + 10_000);
    let noisy_alert = all[0].fingerprint;
    let quiet_alert = all[3].fingerprint;
    let ids = state.begin_episodes(all).await.expect("stored");
    let acknowledgement = Acknowledgement {
        by: "me".to_owned(),
        at_ms: 2_000 + 4 * MINUTE,
        ..Acknowledgement::default()
    };
    state
        .acknowledge(noisy_alert, acknowledgement, Some(ids[1]))
        .await
        .expect("stored");
    for (id, judgement) in [
        (ids[0], Judgement::FalsePositive),
        (ids[1], Judgement::Useful),
        (ids[3], Judgement::FalsePositive),
    ] {
        let by = "me".to_owned();
        state.judge(id, Some(judgement), by).await.expect("stored");
    }
    let mut told = vec![
        notification(1_500, vec![noisy_alert, quiet_alert], "a"),
        notification(2_500, vec![noisy_alert], "a"),
        // Outside, and a test.
        notification(5_500, vec![noisy_alert], "a"),
        notification(2_500, vec![quiet_alert], "a"),
    ];
    told[3].record.test = true;
    state.append_notifications(told).await.expect("stored");

    let report = state.quality(1_000, 5_000).await.expect("a report");
    let want = [
        RuleQuality {
            name: "noisy".to_owned(),
            severity: "warning".to_owned(),
            team: "a".to_owned(),
            episodes: 3,
            notifications: 2,
            judged: 2,
            false_positives: 1,
            acknowledged: 1,
            flaps: 1,
            acknowledge_ms: Some(4 * MINUTE),
            resolve_ms: Some(6 * MINUTE),
        },
        RuleQuality {
            name: "quiet".to_owned(),
            episodes: 1,
            notifications: 1,
            judged: 1,
            false_positives: 1,
            resolve_ms: Some(5 * MINUTE),
            ..RuleQuality::default()
        },
    ];
    assert_eq!(report.rules, want);
    assert_eq!(report.false_positive_ratio, Some(2.0 / 3.0));
    assert_eq!(report.detect_ms, Some(20_000));
    assert_eq!(report.acknowledge_ms, Some(4 * MINUTE));
    assert_eq!(report.resolve_ms, Some((2 + 10 + 5) * MINUTE / 3));
    let nothing = state.quality(9_000, 9_001).await.expect("a report");
    assert_eq!(nothing.rules, []);
    assert_eq!(nothing.false_positive_ratio, None);
    state.close().await;
}
