//! Replays come to what step-by-step evaluation comes to.

use std::collections::BTreeMap;
use std::sync::Arc;

use binnacle_model::alert::{AlertState, ReplayQuery, RuleKind};
use binnacle_model::query::MetricsQuery;
use binnacle_model::{Labels, is_stale};
use binnacle_rules::file::RuleFile;
use binnacle_rules::group::Group;
use binnacle_rules::replay::{Settings, Sources, backfill, replay};
use binnacle_rules::unit_test::query::Simulated;
use binnacle_rules::unit_test::storage::Storage;
use binnacle_stdx::random::Random;

use super::world::{World, rules};

/// Series and no lines.
fn of(metrics: &dyn MetricsQuery) -> Sources<'_> {
    Sources {
        metrics,
        logs: None,
    }
}

const MINUTE_MS: i64 = 60_000;
const STEPS: i64 = 120;

/// Rules of all kinds: alone, reading others, windows over recorded series, filters
/// that come and go, labels with values in them, errors at some steps.
const RULES: &str = r#"
groups:
- name: first
  interval: 1m
  labels: {team: t}
  rules:
  - record: job:x:sum
    expr: sum by (job) (x)
  - record: job:x:high
    expr: job:x:sum > 12
    labels: {level: high}
  - record: job:x:avg10m
    expr: avg_over_time(job:x:sum[10m]) + on (job) group_left () sum by (job) (rate(c_total[5m]))
  - record: mixed
    expr: max_over_time((job:x:sum - x{i="0"})[5m:30s]) or x{i="1"} unless job:x:high
  - record: fails
    expr: x * on (job) y
  - alert: High
    expr: x > 7
    for: 3m
    keep_firing_for: 2m
    labels: {severity: page, name: "{{ $labels.i }}"}
    annotations: {summary: "{{ $labels.job }}/{{ $labels.i }} is {{ $value }}"}
  - alert: HighSum
    expr: job:x:high > 14
    annotations: {description: "{{ $value }}"}
  - alert: Bad
    expr: x > 8
    labels: {value: "{{ $value }}"}
    for: 1m
  - record: alerts
    expr: count by (alertname, alertstate) (ALERTS)
- name: second
  interval: 3m
  limit: 2
  query_offset: 30s
  rules:
  - record: of_first
    expr: sum(job:x:avg10m offset 2m)
  - record: limited
    expr: x > 5
"#;

/// Rules that read themselves and what comes later.
const CIRCLE: &str = r#"
groups:
- name: circle
  interval: 1m
  rules:
  - record: steps
    expr: (steps + 1) or vector(1)
  - record: late
    expr: later * 2
  - record: later
    expr: sum(x) + (steps or vector(0))
  - alert: Many
    expr: steps > 5 and on () (count(ALERTS{alertname="Many"}) or vector(0)) >= 0
    for: 2m
"#;

/// Series that wander, vanish and come back.
fn world(seed: u64) -> World {
    let settings = binnacle_rules::Settings {
        concurrency: 1,
        ..binnacle_rules::Settings::default()
    };
    let world = World::with(settings);
    let mut random = Random::new(seed);
    let mut series: Vec<(Labels, f64, bool)> = Vec::new();
    for (name, count) in [("x", 3), ("c_total", 2), ("y", 2)] {
        for job in ["a", "b"] {
            for i in 0..count {
                let labels = [("__name__", name), ("job", job), ("i", &i.to_string())];
                series.push((Labels::from_pairs(labels), 5.0, true));
            }
        }
    }
    for t in -30..STEPS * 2 {
        for (labels, value, there) in &mut series {
            let was = *there;
            if random.below(20) == 0 {
                *there = !was;
            }
            let counter = labels.metric_name() == Some("c_total");
            let change = random.below(5) as f64 - if counter { 0.0 } else { 2.0 };
            *value = (*value + change).clamp(0.0, if counter { 1e9 } else { 10.0 });
            let written = match (was, *there) {
                (_, true) => *value,
                (true, false) => binnacle_model::STALE_NAN,
                (false, false) => continue,
            };
            // `y` is there twice for each job now and then only, so that joins fail then.
            if labels.metric_name() == Some("y") && labels.get("i") == Some("1") && t % 40 < 30 {
                continue;
            }
            world
                .storage
                .add(labels, t * MINUTE_MS / 2, written)
                .expect("in order");
        }
    }
    world
}

/// Samples of a series, by time; markers of staleness as `None`.
type Samples = BTreeMap<(Labels, i64), Option<u64>>;

/// The samples of the series that the rules of `file` record.
fn recorded(storage: &Storage, file: &RuleFile) -> Samples {
    use binnacle_model::limits::{Meter, QueryLimits};
    use binnacle_model::select::Selection;
    use binnacle_model::{Matcher, Select};
    let meter = Arc::new(Meter::new(QueryLimits::default()));
    let mut all = Samples::new();
    for rule in file.groups.iter().flat_map(|group| &group.rules) {
        let selection = Selection {
            matchers: vec![Matcher::equal("__name__", rule.name.as_str())],
            start_ms: i64::MIN,
            end_ms: i64::MAX,
            ..Selection::default()
        };
        let set = storage.select(&selection, true, &meter).expect("found");
        for i in 0..set.len() {
            let mut samples = binnacle_model::Samples::default();
            set.read(i, i64::MIN, i64::MAX, &mut samples).expect("read");
            for (t_ms, value) in samples.times_ms.iter().zip(&samples.values) {
                let value = (!is_stale(*value)).then(|| value.to_bits());
                all.insert((set.labels(i), *t_ms), value);
            }
        }
    }
    all
}

/// When alerts became pending, fired and ended.
type Episodes = BTreeMap<(String, Labels, i64), (Option<i64>, Option<i64>)>;

/// Evaluates step by step, as the server does.
async fn step_by_step(world: &World, file: &RuleFile) -> (Samples, Episodes) {
    let groups: Vec<Group> = file
        .groups
        .iter()
        .map(|spec| Group::new("r.yml", spec, MINUTE_MS, false))
        .collect();
    let mut episodes = Episodes::new();
    for step in 0..=STEPS {
        let t_ms = step * MINUTE_MS;
        for group in &groups {
            if t_ms % group.interval_ms() != 0 {
                continue;
            }
            world.evaluate(group, t_ms / 1000).await;
            let mut now = Vec::new();
            for rule in group.status().rules {
                let RuleKind::Alerting { alerts, .. } = rule.kind else {
                    continue;
                };
                for alert in alerts {
                    let key = (rule.name.clone(), alert.labels, alert.active_at_ms);
                    let episode = episodes.entry(key.clone()).or_default();
                    if alert.state == AlertState::Firing {
                        episode.0.get_or_insert(t_ms);
                    }
                    now.push(key);
                }
            }
            let names: Vec<String> = group.status().rules.into_iter().map(|r| r.name).collect();
            for (key, episode) in &mut episodes {
                if names.contains(&key.0) && !now.contains(key) {
                    episode.1.get_or_insert(t_ms);
                }
            }
        }
    }
    (recorded(&world.storage, file), episodes)
}

async fn check(seed: u64, text: &str, settings: &Settings) {
    let file = rules(text);
    let query = ReplayQuery {
        rules: text.to_owned(),
        start_ms: 0,
        end_ms: STEPS * MINUTE_MS,
        ..ReplayQuery::default()
    };
    let world_of_replay = world(seed);
    let before = recorded(&world_of_replay.storage, &file);
    let got = replay(&query, of(&*world_of_replay.metrics), settings)
        .await
        .expect("a replay");
    assert_eq!(
        recorded(&world_of_replay.storage, &file),
        before,
        "nothing is written"
    );

    let into = Arc::new(Storage::default());
    let filled = backfill(&query, of(&*world_of_replay.metrics), settings, &*into).await;
    let filled = filled.expect("a back-fill");

    let (samples, episodes) = step_by_step(&world(seed), &file).await;
    let got_samples = recorded(&into, &file);
    for (key, value) in &samples {
        assert_eq!(got_samples.get(key), Some(value), "seed {seed}: {key:?}");
    }
    assert_eq!(got_samples.len(), samples.len(), "seed {seed}");
    let got_episodes: Episodes = got
        .alerts
        .iter()
        .map(|a| {
            (
                (a.rule.clone(), a.labels.clone(), a.pending_ms),
                (a.firing_ms, a.ended_ms),
            )
        })
        .collect();
    for (key, episode) in &episodes {
        assert_eq!(got_episodes.get(key), Some(episode), "seed {seed}: {key:?}");
    }
    assert_eq!(got_episodes.len(), episodes.len(), "seed {seed}");
    assert!(!episodes.is_empty() && !samples.is_empty());
    let written: u64 = got.recorded.iter().map(|(_, _, samples)| samples).sum();
    let taken: u64 = filled.rules.iter().map(|rule| rule.samples).sum();
    assert_eq!(written, taken);
    assert!(filled.errors.iter().all(|error| got.errors.contains(error)));
    let failing = text.contains("record: fails");
    assert_eq!(
        filled.errors.iter().any(|(rule, _)| rule == "fails"),
        failing
    );
}

#[tokio::test]
async fn as_step_by_step() {
    for seed in 0..6 {
        for steps_max in [7, 5_000] {
            let settings = Settings {
                steps_max,
                ..Settings::default()
            };
            check(seed, RULES, &settings).await;
            check(seed, CIRCLE, &settings).await;
        }
    }
}

#[tokio::test]
async fn firings_are_counted_and_told() {
    let world = World::new();
    world.load("load 1m\n  x{a=\"b\"} 0 2 3 2 0 0 0 5 5 5 5\n");
    let text = "groups:\n- name: g\n  interval: 1m\n  rules:\n  - alert: A\n    expr: x > 1\n    for: 2m\n    annotations:\n      summary: '{{ $labels.a }} is {{ $value }}'\n  - record: r\n    expr: x > 1\n";
    let mut query = ReplayQuery {
        rules: text.to_owned(),
        end_ms: 10 * MINUTE_MS,
        ..ReplayQuery::default()
    };
    let done = replay(&query, of(&*world.metrics), &Settings::default())
        .await
        .expect("a replay");
    let told: Vec<_> = done
        .alerts
        .iter()
        .map(|a| {
            (
                a.pending_ms,
                a.firing_ms,
                a.ended_ms,
                a.value_max,
                a.summary.as_str(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            (60_000, Some(180_000), Some(240_000), 3.0, "b is 2"),
            (420_000, Some(540_000), None, 5.0, "b is 5"),
        ]
    );
    assert_eq!(done.firings, [("A".to_owned(), 2, 288.0)]);
    assert_eq!(done.recorded, [("r".to_owned(), 1, 7)]);
    assert_eq!(done.steps, 22);

    query.rule = Some("r".to_owned());
    let done = replay(&query, of(&*world.metrics), &Settings::default())
        .await
        .expect("a replay");
    assert!(done.alerts.is_empty() && done.firings.is_empty());
    query.rule = Some("nobody".to_owned());
    assert!(
        replay(&query, of(&*world.metrics), &Settings::default())
            .await
            .is_err()
    );
}

#[tokio::test]
async fn what_an_engine_refuses_is_told() {
    let world = World::new();
    world.load("load 1m\n  x 1 1 1 1 1\n  r 0 0 0 0 0\n");
    let query = ReplayQuery {
        rules: "groups:\n- name: g\n  interval: 1m\n  rules:\n  - record: r\n    expr: x\n"
            .to_owned(),
        end_ms: 5 * MINUTE_MS,
        ..ReplayQuery::default()
    };
    let appender = world.metrics.appender();
    let done = backfill(
        &query,
        of(&*world.metrics),
        &Settings::default(),
        &*appender,
    )
    .await;
    let rule = done.expect("a back-fill").rules.remove(0);
    assert_eq!((rule.series, rule.samples), (1, 1));
    let refused: u64 = rule.refused.iter().map(|(_, count)| count).sum();
    assert_eq!(refused, 5, "{:?}", rule.refused);
    let metrics: Arc<dyn MetricsQuery> = Arc::new(Simulated::new(Arc::default(), MINUTE_MS));
    let done = backfill(
        &query,
        of(&*metrics),
        &Settings::default(),
        &*metrics.appender(),
    )
    .await;
    assert_eq!(done.expect("a back-fill").rules[0].samples, 0);
}

/// Where there are no lines a rule over lines is told instead of being passed over, and so is
/// who reads it.
#[tokio::test]
async fn rules_over_lines_are_told() {
    const MIXED: &str = "
groups:
- name: mixed
  interval: 1m
  rules:
  - record: lines:count
    expr: count_over_time({app=\"a\"} |= \"x\" [5m])
  - record: twice
    expr: lines:count * 2
  - record: alone
    expr: sum(x)
";
    let world = world(1);
    let ask = |rule: Option<&str>| {
        let query = ReplayQuery {
            rules: MIXED.to_owned(),
            group: None,
            rule: rule.map(str::to_owned),
            start_ms: 0,
            end_ms: 10 * MINUTE_MS,
            step_ms: 0,
        };
        let metrics = world.metrics.clone();
        async move { replay(&query, of(&*metrics), &Settings::default()).await }
    };
    let all = ask(None).await.expect("a replay");
    let told: Vec<String> = all
        .errors
        .iter()
        .map(|(r, e)| format!("{r}: {e}"))
        .collect();
    assert_eq!(
        told,
        [
            "lines:count: it is over lines (LogQL), and there are no lines here: ask a server that runs",
            "twice: reads lines:count, a rule over lines, of which only what is stored is seen",
        ]
    );
    assert_eq!(ask(Some("alone")).await.expect("a replay").errors, []);
    let error = ask(Some("lines:count")).await.expect_err("there is none");
    assert!(error.to_string().contains("over lines"), "{error}");
}
