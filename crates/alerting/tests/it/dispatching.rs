//! Groups and their times.

use binnacle_model::alert::{Acknowledgement, AlertFilter, Alerting, Silence};
use binnacle_model::matcher::Matcher;

use crate::support::{Reply, World, firing};

const CONFIG: &str = "
route:
  receiver: default
  group_by: [alertname]
  group_wait: 30s
  group_interval: 5m
  repeat_interval: 4h
receivers:
- name: default
  webhook_configs:
  - url: http://127.0.0.1:1/a
    send_resolved: true
";

#[tokio::test(start_paused = true)]
async fn a_group_waits_is_told_again_and_ends() {
    let world = World::begin(CONFIG).await;
    let keep = async |until: f64| {
        // Somebody posts the alert each minute.
        let mut at = (world.clock_seconds() / 60.0).ceil() * 60.0;
        while at < until {
            world.until(at).await;
            world.fire(&["A"]).await;
            at += 60.0;
        }
        world.until(until).await;
    };
    world.fire(&["A"]).await;
    keep(31.0).await;
    assert_eq!(world.heard(), ["30.0 default/webhook/0: A"]);
    world.fire(&["A,x=2"]).await;
    keep(331.0).await;
    assert_eq!(world.heard(), ["330.0 default/webhook/0: A A"]);
    // x=2 ends by its timeout of five minutes, at 331 s.
    keep(631.0).await;
    assert_eq!(world.heard(), ["630.0 default/webhook/0: A A(resolved)"]);
    // Four hours have to be over when the group is flushed, not just reached.
    keep(15_400.0).await;
    assert_eq!(world.heard(), ["15330.0 default/webhook/0: A"]);
    world.resolve(&["A"]).await;
    world.until(15_631.0).await;
    assert_eq!(world.heard(), ["15630.0 default/webhook/0: A(resolved)"]);
    world.until(40_000.0).await;
    assert_eq!(world.heard(), Vec::<String>::new());
    assert!(world.service.groups(&AlertFilter::default()).is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_old_alert_does_not_wait() {
    let world = World::begin(CONFIG).await;
    world.until(100.0).await;
    let mut alert = firing("A");
    alert.starts_at_ns = (crate::support::T0_MS + 10_000) * 1_000_000;
    world.post(vec![alert]).await;
    world.until(100.5).await;
    assert_eq!(world.heard(), ["100.0 default/webhook/0: A"]);
}

#[tokio::test(start_paused = true)]
async fn a_receiver_that_hangs_delays_itself_alone() {
    let config = CONFIG.replace(
        "    send_resolved: true",
        "    send_resolved: true\n  - url: http://127.0.0.1:1/b",
    );
    let world = World::begin(&config).await;
    world.behave(|to, at_ms| {
        if to.ends_with("/1") && at_ms < 1_000_000 {
            Reply::Hang
        } else {
            Reply::Take
        }
    });
    for minute in 0..22 {
        world.until(f64::from(minute) * 60.0).await;
        world.fire(&["A"]).await;
        if minute == 4 {
            world.fire(&["A,x=2"]).await;
        }
    }
    let heard = world.heard();
    assert_eq!(heard[0], "30.0 default/webhook/0: A");
    assert_eq!(heard[1], "330.0 default/webhook/0: A A");
    let late: Vec<&String> = heard.iter().filter(|h| h.contains("webhook/1")).collect();
    assert_eq!(late.len(), 1, "{heard:?}");
    assert!(
        late[0].ends_with("A A(resolved)") || late[0].ends_with(": A"),
        "{late:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn who_was_seen_is_not_repeated_and_its_end_is_told() {
    let world = World::begin(CONFIG).await;
    let alert = firing("A");
    let keep = async |from: u32, to: u32| {
        for minute in from..to {
            world.until(f64::from(minute) * 60.0).await;
            world.fire(&["A"]).await;
        }
    };
    keep(0, 10).await;
    assert_eq!(world.heard().len(), 1);
    let acknowledgement = Acknowledgement {
        by: "ada".into(),
        ..Acknowledgement::default()
    };
    let acknowledged = world
        .service
        .acknowledge(alert.fingerprint(), acknowledgement)
        .await;
    acknowledged.expect("it fires");
    keep(10, 600).await;
    assert_eq!(world.heard(), Vec::<String>::new());
    let views = world.service.alerts(&AlertFilter::default());
    assert_eq!(
        views[0].acknowledged.as_ref().map(|a| a.by.as_str()),
        Some("ada")
    );
    world.resolve(&["A"]).await;
    world.until(36_400.0).await;
    let heard = world.heard();
    assert_eq!(heard.len(), 1, "{heard:?}");
    assert!(heard[0].ends_with("A(resolved)"), "{heard:?}");
    // The next time nobody has seen it.
    world.fire(&["A"]).await;
    world.until(36_440.0).await;
    assert_eq!(world.heard().len(), 1);
    assert!(
        world.service.alerts(&AlertFilter::default())[0]
            .acknowledged
            .is_none()
    );
}

#[tokio::test(start_paused = true)]
async fn a_silence_until_resolved_ends_with_its_alert() {
    let world = World::begin(CONFIG).await;
    world.fire(&["A"]).await;
    world.until(1.0).await;
    let silence = Silence {
        matcher_sets: vec![vec![Matcher::equal("alertname", "A")]],
        ends_at_ns: i64::MAX,
        until_resolved: true,
        ..Silence::default()
    };
    world.service.set_silence(silence).await.expect("a silence");
    world.until(60.0).await;
    assert_eq!(world.heard(), Vec::<String>::new());
    world.resolve(&["A"]).await;
    world.until(120.0).await;
    let ended = world
        .ledger
        .0
        .lock()
        .silences
        .values()
        .all(|s| s.ends_at_ns < i64::MAX);
    assert!(ended, "the silence has ended");
    world.fire(&["A"]).await;
    world.until(400.0).await;
    assert_eq!(world.heard().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn after_a_kill_nothing_is_lost_and_nothing_is_told_twice() {
    let mut world = World::begin(CONFIG).await;
    world.fire(&["A", "B"]).await;
    world.until(31.0).await;
    assert_eq!(world.heard().len(), 2);
    world.fire(&["C"]).await;
    world.until(40.0).await;
    world.kill().await;
    world.until(62.0).await;
    let heard = world.heard();
    assert_eq!(heard.len(), 1, "{heard:?}");
    assert!(heard[0].ends_with(": C"), "{heard:?}");
    world.resolve(&["A"]).await;
    world.until(70.0).await;
    world.kill().await;
    world.until(300.0).await;
    assert_eq!(world.heard(), ["70.0 default/webhook/0: A(resolved)"]);
    let episodes = world.ledger.0.lock().episodes.clone();
    let ended = episodes.iter().filter(|e| e.resolved_ms.is_some()).count();
    assert_eq!((episodes.len(), ended), (3, 1), "{episodes:?}");
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn killed_between_telling_and_the_log_it_is_told_once_more_and_never_again() {
    let mut world = World::begin(CONFIG).await;
    for round in 0..100 {
        let name = format!("A{round}");
        let at = f64::from(round) * 200.0;
        world.until(at).await;
        world.ledger.0.lock().log_hangs = true;
        world.fire(&[&name]).await;
        world.until(at + 31.0).await;
        world.kill().await;
        world.ledger.0.lock().log_hangs = false;
        world.until(at + 100.0).await;
        world.kill().await;
        world.until(at + 150.0).await;
        let heard = world.heard();
        let of = |h: &&String| h.ends_with(&format!(": {name}"));
        assert_eq!(
            heard.iter().filter(of).count(),
            2,
            "round {round}: {heard:?}"
        );
        world.resolve(&[&name]).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_journal_that_grows_is_written_anew_and_reads_the_same() {
    let mut world = World::begin(CONFIG).await;
    let note = "x".repeat(4_000);
    let mut keep = Vec::new();
    for i in 0..3_000 {
        let mut alert = firing(&format!("A{},n={i}", i % 7));
        alert.annotations = vec![("note".into(), note.clone())];
        alert.ends_at_ns = (crate::support::T0_MS + 10_000_000) * 1_000_000;
        keep.push(alert);
    }
    for round in 0..6 {
        for alert in &mut keep {
            alert.annotations[0].1.push(char::from(b'a' + round));
        }
        world.post(keep.clone()).await;
        world.until(f64::from(round) * 20.0 + 20.0).await;
    }
    let bytes = world.service.counters().journal_bytes;
    assert!(bytes < 45 << 20, "{bytes}");
    world.kill().await;
    let alerts = world.service.alerts(&AlertFilter::default());
    assert_eq!(alerts.len(), 3_000);
    assert!(
        alerts
            .iter()
            .all(|v| v.alert.annotations[0].1.ends_with("xabcdef"))
    );
    world.until(200.0).await;
    let heard = world.heard();
    assert_eq!(heard.len(), 7, "{}", heard.len());
}
