//! How things stand: alerts, groups, explanations, silences.

use binnacle_model::Labels;
use binnacle_model::alert::{
    AlertFilter, AlertSink, AlertStatus, Alerting, AlertingError, Recurrence, Silence, WeeklyWindow,
};
use binnacle_model::matcher::Matcher;

use crate::support::{World, firing};

const CONFIG: &str = "
route:
  receiver: default
  group_by: [job]
  group_wait: 10s
  group_interval: 1m
  repeat_interval: 4h
  routes:
  - receiver: night
    matchers: [job=night]
    mute_time_intervals: [always]
receivers:
- name: default
  labels: { owner: ops }
  webhook_configs:
  - url: http://127.0.0.1:1/a
- name: night
  webhook_configs:
  - url: http://127.0.0.1:1/b
inhibit_rules:
- source_matchers: [severity=critical]
  target_matchers: [severity=warning]
  equal: [job]
time_intervals:
- name: always
  time_intervals:
  - weekdays: ['sunday:saturday']
";

fn silence(matchers: Vec<Matcher>) -> Silence {
    Silence {
        matcher_sets: vec![matchers],
        ends_at_ns: i64::MAX,
        ..Silence::default()
    }
}

#[tokio::test(start_paused = true)]
async fn alerts_and_groups_are_shown_with_what_keeps_them_back() {
    let world = World::begin(CONFIG).await;
    world
        .fire(&[
            "A,job=x,severity=critical",
            "B,job=x,severity=warning",
            "C,job=y,severity=warning",
            "D,job=night",
        ])
        .await;
    let set = silence(vec![Matcher::equal("alertname", "C")]);
    let id = world.service.set_silence(set).await.expect("a silence");
    world.until(11.0).await;
    assert_eq!(world.heard(), ["10.0 default/webhook/0: A"]);
    let all = world.service.alerts(&AlertFilter::default());
    let of = |name: &str| all.iter().find(|v| v.alert.name() == name).expect("shown");
    assert_eq!(of("A").status, AlertStatus::Active);
    assert_eq!(of("B").suppression.inhibited_by, [of("A").fingerprint]);
    assert_eq!(of("C").suppression.silenced_by, std::slice::from_ref(&id));
    assert_eq!(of("D").receivers, ["night"]);
    assert!(all.is_sorted_by_key(|v| v.fingerprint));
    let count = |filter: AlertFilter| world.service.alerts(&filter).len();
    assert_eq!(
        count(AlertFilter {
            active: false,
            ..AlertFilter::default()
        }),
        2
    );
    assert_eq!(
        count(AlertFilter {
            silenced: false,
            ..AlertFilter::default()
        }),
        3
    );
    assert_eq!(
        count(AlertFilter {
            inhibited: false,
            ..AlertFilter::default()
        }),
        3
    );
    let of_ops = AlertFilter {
        receiver_matchers: vec![Matcher::equal("owner", "ops")],
        ..AlertFilter::default()
    };
    assert_eq!(count(of_ops), 3);
    let groups = world.service.groups(&AlertFilter::default());
    let keys: Vec<&str> = groups.iter().map(|g| g.key.as_str()).collect();
    assert_eq!(
        keys,
        [
            "{}/{job=\"night\"}:{job=\"night\"}",
            "{}:{job=\"x\"}",
            "{}:{job=\"y\"}"
        ]
    );
    assert_eq!(groups[0].alerts[0].suppression.muted_by, ["always"]);
    let unmuted = AlertFilter {
        muted: false,
        ..AlertFilter::default()
    };
    assert_eq!(world.service.groups(&unmuted).len(), 2);

    let ended = world.service.expire_silence(id.clone(), "ops".into());
    ended.await.expect("known");
    let events = world.service.silence_events(0, i64::MAX, 10).await;
    let events = events.expect("a read");
    let expired = events.iter().find(|e| e.what == "expired");
    let expired = expired.map(|e| (e.silence.as_str(), e.by.as_str()));
    assert_eq!(expired, Some((id.as_str(), "ops")));
    world.until(80.0).await;
    assert_eq!(world.heard(), ["70.0 default/webhook/0: C"]);
    let counters = world.service.counters();
    assert_eq!(counters.integrations["webhook"].notifications, 2);
    assert_eq!((counters.alerts_active, counters.alerts_suppressed), (3, 1));
    assert!(counters.suppressed.silence >= 1 && counters.suppressed.mute_time_interval >= 1);
}

#[tokio::test(start_paused = true)]
async fn an_alert_is_explained_before_it_exists() {
    let world = World::begin(CONFIG).await;
    world.fire(&["A,job=x,severity=critical"]).await;
    let labels = firing("N,job=x,severity=warning").labels;
    let explained = world.service.explain(&labels, &Vec::new());
    assert_eq!(explained.suppression.inhibited_by.len(), 1);
    assert_eq!(explained.routes.len(), 1);
    let route = &explained.routes[0];
    assert_eq!((route.receiver.as_str(), route.group_size), ("default", 1));
    assert_eq!(route.group_labels, Labels::from_pairs([("job", "x")]));
    assert_eq!(route.texts[0].0, "webhook");
    let night = world
        .service
        .explain(&firing("N,job=night").labels, &Vec::new());
    assert_eq!(night.routes[0].muted_by, ["always"]);
}

#[tokio::test(start_paused = true)]
async fn a_silence_recurs_is_changed_in_place_and_looked_at_before() {
    let world = World::begin(CONFIG).await;
    world.fire(&["A,job=x"]).await;
    let mut set = silence(vec![Matcher::equal("job", "x")]);
    let preview = world.service.preview_silence(set.clone(), 1_000_000).await;
    assert_eq!(preview.expect("a preview").now.len(), 1);
    // Time begins on a Monday at midnight: one minute, from 00:01 on.
    set.recurrence = Some(Recurrence {
        windows: vec![WeeklyWindow {
            days: 1 << 1,
            start_minute: 1,
            duration_minutes: 1,
        }],
        ..Recurrence::default()
    });
    let id = world
        .service
        .set_silence(set.clone())
        .await
        .expect("a silence");
    // It hides nothing before its window, and has hidden nothing since the alert came.
    let preview = world.service.preview_silence(set.clone(), 3_600_000).await;
    let preview = preview.expect("a preview");
    assert_eq!((preview.now.len(), preview.past.len()), (0, 0));
    world.until(30.0).await;
    assert_eq!(world.heard(), ["10.0 default/webhook/0: A"]);
    world.fire(&["B,job=x"]).await;
    world.until(70.0).await;
    let preview = world.service.preview_silence(set.clone(), 3_600_000).await;
    let preview = preview.expect("a preview");
    assert_eq!((preview.now.len(), preview.past.len()), (2, 2));
    // What was told at 10.0 was told before the window.
    assert_eq!(preview.past_notifications, 0);
    world.until(119.0).await;
    assert_eq!(world.heard(), Vec::<String>::new(), "within the window");
    world.until(140.0).await;
    assert_eq!(world.heard(), ["130.0 default/webhook/0: A B"]);

    let stored = world.service.silences()[0].clone();
    let longer = Silence {
        comment: "more".into(),
        ..stored.clone()
    };
    assert_eq!(world.service.set_silence(longer).await, Ok(id.clone()));
    let other = Silence {
        matcher_sets: vec![vec![Matcher::equal("job", "y")]],
        ..stored
    };
    let new = world.service.set_silence(other).await.expect("a new one");
    assert_ne!(new, id);
    let ended = world.service.silences().into_iter().find(|s| s.id == id);
    assert!(ended.expect("kept").ends_at_ns < i64::MAX);
    let unknown = Silence {
        id: "no".into(),
        ..set
    };
    let refused = world.service.set_silence(unknown).await;
    assert!(
        matches!(refused, Err(AlertingError::NotFound(_))),
        "{refused:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn bad_alerts_are_refused_and_the_others_taken() {
    let world = World::begin(CONFIG).await;
    let mut bad = firing("A");
    (bad.starts_at_ns, bad.ends_at_ns) = (20, 10);
    let accepted = world
        .service
        .post(vec![bad, firing("B")])
        .await
        .expect("taken");
    assert_eq!(accepted.taken, 1);
    let why = "start time must be before end time".to_owned();
    assert_eq!(accepted.refused, [(0, why)]);
    assert_eq!(world.service.counters().invalid, 1);
}

#[tokio::test(start_paused = true)]
async fn a_full_disk_refuses_and_tells_all_the_same() {
    let world = World::begin(CONFIG).await;
    world.files.set_capacity(Some(world.files.bytes_written()));
    let refused = world.service.post(vec![firing("A")]).await;
    assert!(
        matches!(refused, Err(AlertingError::Unavailable(_))),
        "{refused:?}"
    );
    world.until(15.0).await;
    assert_eq!(world.heard(), ["10.0 default/webhook/0: A"]);
    world.files.set_capacity(None);
    world.post(vec![firing("A")]).await;
}

#[tokio::test(start_paused = true)]
async fn a_log_that_cannot_be_stored_keeps_nothing_back() {
    let world = World::begin(CONFIG).await;
    world.ledger.0.lock().log_fails = true;
    world.fire(&["A"]).await;
    world.until(200.0).await;
    assert_eq!(world.heard(), ["10.0 default/webhook/0: A"]);
    assert_eq!(world.service.counters().ledger_failed, 1);
}
