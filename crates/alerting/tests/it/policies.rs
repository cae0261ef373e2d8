//! What there is beyond Alertmanager: budgets, digests, escalation, the dead-man's switch.

use std::sync::Arc;
use std::time::Duration;

use binnacle_alerting::policy::{
    Budget, DailyDigest, Escalation, Heartbeat, Policy, Profile, Watchdog,
};
use binnacle_model::alert::{
    Acknowledgement, AlertSink as _, Alerting, NotificationOutcome, ReceiverTest,
};
use binnacle_model::matcher::Matcher;
use binnacle_stdx::files::Fault;

use crate::support::{Reply, World, firing, policy};

const CONFIG: &str = "
global: { resolve_timeout: 24h }
route:
  receiver: default
  group_by: [alertname]
  group_wait: 10s
  group_interval: 1m
  repeat_interval: 12h
receivers:
- name: default
  webhook_configs:
  - url: http://127.0.0.1:1/a
- name: second
  webhook_configs:
  - url: http://127.0.0.1:1/b
- name: third
  webhook_configs:
  - url: http://127.0.0.1:1/c
";

async fn world(change: impl FnOnce(&mut Policy)) -> World {
    let mut policy = policy();
    change(&mut policy);
    World::with(CONFIG, policy).await
}

#[tokio::test(start_paused = true)]
async fn past_its_budget_a_team_gets_a_digest_and_loses_nothing() {
    let mut world = world(|policy| {
        policy.budgets.hold = true;
        policy.budgets.default = Budget { hour: 3, day: 0 };
    })
    .await;
    for i in 0..6 {
        world
            .fire(&[&format!("W{i},team=db,severity=warning")])
            .await;
        world
            .fire(&[&format!("O{i},team=web,severity=critical")])
            .await;
        world.until(f64::from(i + 1) * 20.0).await;
    }
    world.until(300.0).await;
    let heard = world.heard();
    let of = |what: &str| heard.iter().filter(|h| h.contains(what)).count();
    assert_eq!(of(": W"), 3, "{heard:?}");
    assert_eq!(of(": O"), 6, "criticals are exempt: {heard:?}");
    let held = world.ledger.0.lock().held.len();
    assert_eq!(held, 3);
    let is_held = |n: &binnacle_state::NewNotification| match &n.record.outcome {
        NotificationOutcome::Held { reason } => reason.contains("db"),
        _ => false,
    };
    let noted = world
        .ledger
        .0
        .lock()
        .notifications
        .iter()
        .filter(|n| is_held(n))
        .count();
    assert_eq!(noted, 3);
    // What is kept survives.
    world.kill().await;
    world.resolve(&["W4,team=db,severity=warning"]).await;
    world.until(4_000.0).await;
    let heard = world.heard();
    let digest = heard.iter().find(|h| h.contains("W3"));
    let digest = digest.expect("a digest");
    assert!(digest.contains("W3 W4(resolved) W5"), "{heard:?}");
    assert!(world.ledger.0.lock().held.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_digest_that_is_not_taken_is_due_again() {
    let world = world(|policy| {
        policy.daily_digest = Some(DailyDigest {
            severities: vec!["info".into()],
            minute_of_day: 60,
            time_zone: String::new(),
        });
    })
    .await;
    world.behave(|_, at_ms| {
        if at_ms < 4_200_000 {
            Reply::Refuse
        } else {
            Reply::Take
        }
    });
    world.fire(&["I1,severity=info", "I2,severity=info"]).await;
    world.until(3_590.0).await;
    assert_eq!(world.heard(), Vec::<String>::new());
    assert_eq!(world.ledger.0.lock().held.len(), 2);
    world.until(5_000.0).await;
    let heard = world.heard();
    assert_eq!(heard.len(), 1, "{heard:?}");
    assert!(heard[0].ends_with("webhook/0: I1 I2"), "{heard:?}");
}

#[tokio::test(start_paused = true)]
async fn a_digest_that_is_taken_in_part_is_due_again_for_the_rest_alone() {
    let config = CONFIG.replace("/a\n", "/a\n  - url: http://127.0.0.1:1/aa\n");
    let mut policy = policy();
    policy.daily_digest = Some(DailyDigest {
        severities: vec!["info".into()],
        minute_of_day: 60,
        time_zone: String::new(),
    });
    let world = World::with(&config, policy).await;
    world.behave(|to, at_ms| {
        if at_ms < 4_200_000 && to.ends_with("/1") {
            Reply::Refuse
        } else {
            Reply::Take
        }
    });
    world.fire(&["I1,severity=info"]).await;
    world.until(4_190.0).await;
    let heard = world.heard();
    assert_eq!(heard.len(), 1, "{heard:?}");
    assert!(heard[0].ends_with("default/webhook/0: I1"), "{heard:?}");
    world.until(6_000.0).await;
    let heard = world.heard();
    assert_eq!(heard.len(), 1, "{heard:?}");
    assert!(heard[0].ends_with("default/webhook/1: I1"), "{heard:?}");
    let table = world.ledger.0.lock();
    assert!(table.held.is_empty() && table.digests.is_empty());
    let failed = |n: &&binnacle_state::NewNotification| {
        n.record.reason == "digest"
            && matches!(n.record.outcome, NotificationOutcome::Failed { .. })
    };
    assert!(table.notifications.iter().filter(failed).count() > 0);
}

#[tokio::test(start_paused = true)]
async fn who_cannot_be_reached_is_stood_in_for() {
    let world = world(|policy| {
        policy.alert_on_failure = true;
        policy.escalations = vec![Escalation {
            receiver: "default".into(),
            then: vec!["second".into(), "third".into()],
        }];
    })
    .await;
    world.behave(|to, at_ms| {
        if at_ms < 600_000 && !to.starts_with("third") {
            Reply::Fail
        } else {
            Reply::Take
        }
    });
    world.fire(&["A"]).await;
    world.until(590.0).await;
    let heard = world.heard();
    let third: Vec<&String> = heard
        .iter()
        .filter(|h| h.contains("third/webhook/0: A"))
        .collect();
    assert_eq!(third.len(), 1, "once, and not each minute: {heard:?}");
    let own = heard
        .iter()
        .any(|h| h.contains("third/webhook/0: BinnacleNotificationFailing"));
    assert!(own, "{heard:?}");
    world.until(1_200.0).await;
    let heard = world.heard();
    let default = |what: &str| {
        heard
            .iter()
            .any(|h| h.contains("default/") && h.ends_with(what))
    };
    assert!(default(": A"), "{heard:?}");
    assert!(
        default("BinnacleNotificationFailing(resolved)"),
        "{heard:?}"
    );
    world.resolve(&["A"]).await;
    world.until(1_400.0).await;
    let heard = world.heard();
    let stood_in = heard
        .iter()
        .any(|h| h.contains("third/") && h.ends_with(": A(resolved)"));
    assert!(stood_in, "{heard:?}");
}

#[tokio::test(start_paused = true)]
async fn a_watchdog_that_is_silent_is_an_alert() {
    let world = world(|policy| {
        policy.dead_man.watchdogs = vec![Watchdog {
            name: "cluster-a".into(),
            matchers: vec![Matcher::equal("alertname", "Watchdog")],
            within: Duration::from_mins(5),
            labels: vec![("team".into(), "ops".into())],
        }];
    })
    .await;
    for minute in 0..10 {
        world.until(f64::from(minute) * 60.0).await;
        world.fire(&["Watchdog"]).await;
    }
    assert!(!world.heard().iter().any(|h| h.contains("Missing")));
    world.until(1_000.0).await;
    let heard = world.heard();
    assert!(
        heard
            .iter()
            .any(|h| h.ends_with(": BinnacleWatchdogMissing")),
        "{heard:?}"
    );
    world.fire(&["Watchdog"]).await;
    world.until(1_100.0).await;
    let heard = world.heard();
    assert!(
        heard
            .iter()
            .any(|h| h.ends_with(": BinnacleWatchdogMissing(resolved)")),
        "{heard:?}"
    );
}

/// Answers requests and tells of each, until nobody listens any more.
fn heart_monitor() -> (String, tokio::sync::mpsc::UnboundedReceiver<String>) {
    use std::io::{BufRead as _, BufReader, Write as _};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}/alive", listener.local_addr().expect("bound"));
    let (tell, beats) = tokio::sync::mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut lines = BufReader::new(stream.try_clone().expect("a socket")).lines();
            let first = lines.next().and_then(Result::ok).unwrap_or_default();
            let _ = lines.find(|line| line.as_ref().is_ok_and(String::is_empty));
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
            let _ = stream.write_all(answer);
            if tell.send(first).is_err() {
                return;
            }
        }
    });
    (url, beats)
}

#[tokio::test]
async fn the_heartbeat_beats_while_alerts_can_be_taken_and_then_stops() {
    let (url, mut beats) = heart_monitor();
    let mut world = world(|policy| {
        policy.dead_man.heartbeat = Some(Heartbeat {
            url,
            every: Duration::from_millis(20),
        });
    })
    .await;
    const LONG: Duration = Duration::from_secs(30);
    for _ in 0..3 {
        let beat = tokio::time::timeout(LONG, beats.recv()).await;
        let beat = beat.expect("in time").expect("a monitor");
        assert_eq!(beat, "GET /alive HTTP/1.1");
    }
    // The disk fails: alerts are refused, and whoever is outside gets to know.
    world.files.inject(Fault::TornWrite { after_bytes: 0 });
    let refused = world.service.post(vec![firing("A")]).await;
    assert!(refused.is_err(), "{refused:?}");
    // One may be on its way.
    let mut late = 0;
    let silence = Duration::from_millis(500);
    while tokio::time::timeout(silence, beats.recv()).await.is_ok() {
        late += 1;
    }
    assert!(late <= 1, "{late} beats behind the failure");
    // With a disk that works it beats again.
    world.kill().await;
    let beat = tokio::time::timeout(LONG, beats.recv()).await;
    assert!(beat.is_ok_and(|beat| beat.is_some()));
    world.stop().await;
    while tokio::time::timeout(silence, beats.recv()).await.is_ok() {
        late += 1;
    }
    assert!(late < 10, "{late} beats of a process that has ended");
}

#[tokio::test(start_paused = true)]
async fn what_nobody_answers_reaches_the_receivers_of_its_profile() {
    let world = world(|policy| {
        policy.profiles = vec![Profile {
            name: "P0".into(),
            severities: vec!["critical".into()],
            respond_within: Duration::from_mins(5),
            receivers: vec!["second".into()],
        }];
    })
    .await;
    world
        .fire(&[
            "A,severity=critical",
            "B,severity=critical",
            "C,severity=info",
        ])
        .await;
    world.until(60.0).await;
    let seen = firing("B,severity=critical").fingerprint();
    let acknowledged = world.service.acknowledge(seen, Acknowledgement::default());
    acknowledged.await.expect("it fires");
    world.until(1_000.0).await;
    let heard = world.heard();
    let second: Vec<&String> = heard.iter().filter(|h| h.contains("second/")).collect();
    assert_eq!(second.len(), 1, "{heard:?}");
    assert!(second[0].ends_with(": A"), "{heard:?}");
}

#[tokio::test(start_paused = true)]
async fn a_drill_reaches_every_receiver_and_touches_nothing() {
    let world = world(|_| {}).await;
    world.behave(|to, _| match to {
        "second/webhook/0" => Reply::Refuse,
        "third/webhook/0" => Reply::Hang,
        _ => Reply::Take,
    });
    let service = Arc::clone(&world.service);
    let outcomes = service
        .test(ReceiverTest::default())
        .await
        .expect("a drill");
    let errors: Vec<Option<&str>> = outcomes.iter().map(|o| o.error.as_deref()).collect();
    assert_eq!(
        errors,
        [None, Some("no"), Some("context deadline exceeded")]
    );
    assert!(world.ledger.0.lock().log.is_empty());
    world.until(20.0).await;
    let tests = world
        .ledger
        .0
        .lock()
        .notifications
        .iter()
        .filter(|n| n.record.test)
        .count();
    assert_eq!(tests, 3);
    let unknown = ReceiverTest {
        receivers: vec!["nobody".into()],
        ..ReceiverTest::default()
    };
    assert!(service.test(unknown).await.is_err());
}
