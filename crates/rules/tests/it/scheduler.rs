//! The scheduler: times, reloads, where alerts go.

use std::sync::Arc;
use std::time::Duration;

use binnacle_model::Labels;
use binnacle_model::alert::{
    Accepted, Alert, AlertSink, AlertingError, BoxFuture, RuleGroup, RuleHealth,
};
use binnacle_model::relabel::{NameScheme, RelabelConfig};
use binnacle_rules::scheduler::Scheduler;
use binnacle_rules::settings::Settings;
use binnacle_stdx::clock::Clock;
use tokio_util::sync::CancellationToken;

use crate::world::{World, rules};

const FILE: &str = "groups:
- name: a
  interval: 10s
  rules:
  - record: r
    expr: m
  - alert: A
    expr: m > 0
    for: 25s
- name: b
  interval: 20s
  rules:
  - record: s
    expr: m
";

struct Ship {
    world: World,
    scheduler: Arc<Scheduler>,
}

impl Ship {
    async fn with(settings: Settings) -> Self {
        let world = World::new();
        world.load("load 5s\n  m 1x400\n");
        let sinks: Vec<(String, Arc<dyn AlertSink>)> =
            vec![("inbox".to_owned(), world.inbox.clone())];
        let scheduler = Scheduler::new(world.metrics.clone(), world.clock.clone(), sinks);
        scheduler.reload(vec![rules(FILE)], settings).await;
        Self { world, scheduler }
    }

    async fn reload(&self, text: &str) {
        self.scheduler
            .reload(vec![rules(text)], Settings::default())
            .await;
    }

    /// Lets time go by, second by second.
    async fn sail(&self, seconds: i64) {
        for _ in 0..seconds {
            self.world.clock.advance(1000);
            let now_ms = self.world.clock.now_ms();
            self.scheduler.step(now_ms).await;
        }
    }

    fn group(&self, name: &str) -> Arc<RuleGroup> {
        let mut groups = self.scheduler.groups().into_iter();
        groups.find(|g| g.name == name).expect("the group is there")
    }
}

/// Values and ends in a line of [`World::series`].
fn values(line: &str) -> (usize, usize) {
    (line.matches(" 1@").count(), line.matches(" stale@").count())
}

#[tokio::test]
async fn groups_are_evaluated_at_their_interval() {
    let ship = Ship::with(Settings::default()).await;
    ship.sail(100).await;
    let (a, b) = (ship.group("a"), ship.group("b"));
    assert_eq!((a.iterations, b.iterations), (10, 5));
    assert_eq!((a.missed, b.missed), (0, 0));
    assert_eq!(a.rules[0].health, RuleHealth::Ok);
    let times: Vec<i64> = ship.world.series("r")[0]
        .split(" 1@")
        .skip(1)
        .map(|s| s.parse().expect("seconds"))
        .collect();
    assert!(times.windows(2).all(|t| t[1] - t[0] == 10), "{times:?}");
    let counters = ship.scheduler.counters();
    assert_eq!(counters.groups[0].key, "r.yml;a");
    assert_eq!(counters.groups[0].evaluations, 20);
    assert_eq!(counters.evaluation.count(), 25);
    assert_eq!(counters.iteration.count(), 15);
}

#[tokio::test]
async fn slots_that_pass_are_missed() {
    let ship = Ship::with(Settings::default()).await;
    ship.sail(40).await;
    let before = ship.group("a");
    ship.world.clock.advance(34_000);
    ship.sail(1).await;
    let after = ship.group("a");
    assert_eq!(after.iterations, before.iterations + 1);
    assert!((2..=3).contains(&after.missed), "{}", after.missed);
    // Turned back: evaluations go on within an interval.
    ship.world.clock.advance(-3_600_000);
    ship.sail(25).await;
    assert!(ship.group("a").iterations > after.iterations);
}

#[tokio::test]
async fn alerts_wait_for_the_state_of_an_earlier_run() {
    let ship = Ship::with(Settings::default()).await;
    ship.sail(25).await;
    assert!(ship.world.series("ALERTS").is_empty(), "two evaluations");
    ship.sail(35).await;
    assert_eq!(ship.world.series("ALERTS").len(), 2);
    assert!(!ship.world.inbox.take().is_empty());
    let inbox = &ship.scheduler.counters().sinks[0];
    assert_eq!((inbox.name.as_str(), inbox.queued), ("inbox", 0));
    assert!(inbox.sent > 0);
}

#[tokio::test]
async fn reloads_keep_what_stays() {
    let ship = Ship::with(Settings::default()).await;
    ship.sail(60).await;
    let before = ship.group("a");
    // The same, further down.
    ship.reload(&format!("# moved\n{FILE}")).await;
    let moved = ship.group("a");
    assert_eq!(moved.iterations, before.iterations);
    assert_eq!(moved.rules[0].line, before.rules[0].line + 1);
    // Another expression and no rule `r`: the alert goes on, `r` is ended.
    let changed = FILE.replace("expr: m > 0", "expr: m >= 0");
    let changed = changed.replace("  - record: r\n    expr: m\n", "");
    ship.reload(&changed).await;
    ship.sail(20).await;
    let (_, ends) = values(&ship.world.series("r")[0]);
    assert_eq!(ends, 1, "{:?}", ship.world.series("r"));
    let since: Vec<String> = ship.world.series("ALERTS_FOR_STATE");
    assert_eq!(since.len(), 1);
    let first = since[0]
        .split(' ')
        .find(|w| w.contains('@'))
        .expect("a value");
    let active = first.split('@').next().expect("a value");
    assert!(
        since[0]
            .split(' ')
            .filter(|w| w.contains('@'))
            .all(|w| w.starts_with(active)),
        "pending since then, before and after: {since:?}"
    );
    assert_eq!(values(&ship.world.series("s")[0]).1, 0);
}

#[tokio::test]
async fn groups_that_go_are_ended_two_intervals_later() {
    let ship = Ship::with(Settings::default()).await;
    ship.sail(60).await;
    let without_b = FILE.split("- name: b").next().expect("text");
    ship.reload(without_b).await;
    ship.sail(39).await;
    assert_eq!(values(&ship.world.series("s")[0]).1, 0);
    ship.sail(2).await;
    let line = &ship.world.series("s")[0];
    assert!(line.ends_with(" stale@60"), "as of when it went: {line}");
}

#[tokio::test]
async fn groups_that_are_renamed_go_on() {
    let ship = Ship::with(Settings::default()).await;
    ship.sail(60).await;
    ship.reload(&FILE.replace("- name: b", "- name: c")).await;
    ship.sail(60).await;
    let (count, ends) = values(&ship.world.series("s")[0]);
    assert_eq!(ends, 0, "the new group has written since");
    assert!(count >= 5, "{count}");
}

#[tokio::test]
async fn alerts_get_external_labels_and_are_relabelled() {
    let drop = RelabelConfig {
        source_labels: vec!["alertname".to_owned()],
        regex: Some("B".to_owned()),
        action: "drop".to_owned(),
        ..RelabelConfig::default()
    };
    let ship = Ship::with(Settings::default()).await;
    let settings = Settings {
        external_labels: Labels::from_pairs([("region", "x"), ("severity", "no")]),
        alert_relabel: vec![drop.resolve(NameScheme::Utf8).expect("a rule")],
        ..Settings::default()
    };
    let text = "groups:\n- name: a\n  interval: 10s\n  rules:\n  - {alert: A, expr: m, labels: {severity: p}}\n  - {alert: B, expr: m}\n";
    ship.scheduler.reload(vec![rules(text)], settings).await;
    ship.sail(10).await;
    let sent: Vec<String> = ship
        .world
        .inbox
        .take()
        .iter()
        .map(|a| a.labels.to_string())
        .collect();
    assert_eq!(sent, [r#"{alertname="A", region="x", severity="p"}"#]);
}

/// A sink that never answers.
struct Hangs;

impl AlertSink for Hangs {
    fn post(&self, _: Vec<Alert>) -> BoxFuture<'_, Result<Accepted, AlertingError>> {
        Box::pin(std::future::pending())
    }
}

/// The clock of a runtime whose time is virtual.
struct Virtual(tokio::time::Instant);

impl Clock for Virtual {
    fn now_ms(&self) -> i64 {
        i64::try_from(self.0.elapsed().as_millis()).unwrap_or(i64::MAX)
    }
}

#[tokio::test(start_paused = true)]
async fn a_sink_that_hangs_delays_only_itself() {
    let world = World::new();
    world.load("load 5s\n  m 1x400\n");
    let sinks: Vec<(String, Arc<dyn AlertSink>)> = vec![
        ("hangs".to_owned(), Arc::new(Hangs)),
        ("inbox".to_owned(), world.inbox.clone()),
    ];
    let clock = Arc::new(Virtual(tokio::time::Instant::now()));
    let scheduler = Scheduler::new(world.metrics.clone(), clock, sinks);
    let settings = Settings {
        queue_alerts_max: 2,
        resend_delay_ms: 1000,
        ..Settings::default()
    };
    let text = "groups:\n- name: a\n  interval: 5s\n  rules:\n  - {alert: A, expr: m}\n";
    scheduler.reload(vec![rules(text)], settings).await;
    let stop = CancellationToken::new();
    let running = tokio::spawn(Arc::clone(&scheduler).run(stop.clone()));
    tokio::time::sleep(Duration::from_secs(62)).await;
    stop.cancel();
    running.await.expect("it ends");
    let group = &scheduler.groups()[0];
    assert_eq!((group.iterations, group.missed), (13, 0));
    assert_eq!(world.inbox.take().len(), 13);
    let hangs = &scheduler.counters().sinks[0];
    assert_eq!((hangs.sent, hangs.queued), (0, 0));
    assert_eq!(hangs.dropped, 13, "told at the end");
}

#[tokio::test]
async fn what_the_linter_says_stands_beside_the_rule() {
    use binnacle_model::alert::Rules;
    let ship = Ship::with(Settings::default()).await;
    ship.reload("groups:\n- name: a\n  rules:\n  - {record: fine, expr: sum(m)}\n  - record: odd\n    expr: histogram_quantile(0.9, sum(rate(m_bucket[5m])))\n")
        .await;
    let group = ship.group("a");
    assert!(
        group.rules[1].findings.iter().any(|f| f.contains("le")),
        "{:?}",
        group.rules[1].findings
    );
    let rules: &dyn Rules = &*ship.scheduler;
    assert!(rules.lint("groups: 5").is_err());
    let replay = rules
        .replay(binnacle_model::alert::ReplayQuery {
            rules: FILE.to_owned(),
            start_ms: 0,
            end_ms: 60_000,
            ..Default::default()
        })
        .await
        .expect("it can be asked");
    assert_eq!(replay.firings, [("A".to_owned(), 1, 1440.0)]);
}
