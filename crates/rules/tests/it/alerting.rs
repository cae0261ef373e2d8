//! Alerting rules: states, series, what is sent.

use binnacle_model::alert::{AlertState, RuleKind};
use binnacle_rules::group::Group;
use binnacle_rules::settings::Settings;

use crate::world::{World, group, rule};

/// State and value of the alerts of the first rule.
fn shown(group: &Group) -> Vec<(AlertState, f64)> {
    match rule(group, 0).kind {
        RuleKind::Alerting { alerts, .. } => alerts.iter().map(|a| (a.state, a.value)).collect(),
        RuleKind::Recording => panic!("an alerting rule"),
    }
}

fn state(group: &Group) -> AlertState {
    match rule(group, 0).kind {
        RuleKind::Alerting { state, .. } => state,
        RuleKind::Recording => panic!("an alerting rule"),
    }
}

#[tokio::test]
async fn pending_firing_resolved() {
    let world = World::new();
    world.load("load 1m\n  m 0 1 2 3 0x30\n");
    let group = group(
        "limit: 0",
        "- alert: A\n  expr: m > 0\n  for: 2m\n  labels: {severity: page}\n  annotations: {now: 'is {{ $value }}'}",
    );
    assert_eq!(state(&group), AlertState::Unknown);
    world.evaluate(&group, 0).await;
    assert_eq!(state(&group), AlertState::Inactive);
    world.evaluate(&group, 60).await;
    assert_eq!(shown(&group), [(AlertState::Pending, 1.0)]);
    world.evaluate(&group, 120).await;
    assert_eq!(world.sent(), Vec::<String>::new(), "pending is not told");
    world.evaluate(&group, 180).await;
    assert_eq!(shown(&group), [(AlertState::Firing, 3.0)]);
    let fired = world.inbox.take();
    assert_eq!(fired[0].annotation("now"), Some("is 3"));
    assert_eq!(fired[0].generator_url, "/graph?g0.expr=m+%3E+0&g0.tab=1");
    assert_eq!(
        crate::world::told(&fired),
        [r#"{alertname="A", severity="page"} 180-420"#]
    );
    world.evaluate(&group, 240).await;
    assert_eq!(
        world.sent(),
        [r#"{alertname="A", severity="page"} 180-240"#],
        "the end is told at once"
    );
    assert_eq!(shown(&group), []);
    assert_eq!(
        world.series("ALERTS"),
        [
            r#"{alertname="A", alertstate="firing", severity="page"} 1@180 stale@240"#,
            r#"{alertname="A", alertstate="pending", severity="page"} 1@60 1@120 stale@180"#,
        ]
    );
    assert_eq!(
        world.series("ALERTS_FOR_STATE"),
        [r#"{alertname="A", severity="page"} 60@60 60@120 60@180 stale@240"#]
    );
}

#[tokio::test]
async fn alerts_are_told_again_and_ends_for_a_quarter_of_an_hour() {
    let world = World::with(Settings {
        resend_delay_ms: 90_000,
        ..Settings::default()
    });
    world.load("load 1m\n  m 1x4 0x40\n");
    let group = group("limit: 0", "- alert: A\n  expr: m > 0");
    let mut told = Vec::new();
    for minute in 0..30 {
        world.evaluate(&group, minute * 60).await;
        for line in world.sent() {
            told.push(format!("{minute}: {line}"));
        }
    }
    let firing = [0, 2, 4].map(|m| format!("{m}: {{alertname=\"A\"}} 0-{}", m * 60 + 360));
    let ended = (5..=19)
        .step_by(2)
        .map(|m| format!("{m}: {{alertname=\"A\"}} 0-300"));
    let want: Vec<String> = firing.into_iter().chain(ended).collect();
    assert_eq!(told, want);
}

#[tokio::test]
async fn keep_firing_for_bridges_gaps() {
    let world = World::new();
    world.load("load 1m\n  m 1 0 1 0 0 0 0\n");
    let group = group(
        "limit: 0",
        "- alert: A\n  expr: m > 0\n  keep_firing_for: 2m",
    );
    let mut states = Vec::new();
    for minute in 0..7 {
        world.evaluate(&group, minute * 60).await;
        states.push(shown(&group).first().map(|s| s.0));
    }
    let firing = Some(AlertState::Firing);
    assert_eq!(
        states,
        [firing, firing, firing, firing, firing, None, None],
        "two minutes after it stopped to hold at minute 3"
    );
}

#[tokio::test]
async fn an_alert_that_comes_back_is_a_new_one() {
    let world = World::new();
    world.load("load 1m\n  m 1 0 1\n");
    let group = group("limit: 0", "- alert: A\n  expr: m > 0");
    let mut told = Vec::new();
    for minute in 0..3 {
        world.evaluate(&group, minute * 60).await;
        told.extend(world.sent());
    }
    assert_eq!(
        told,
        [
            r#"{alertname="A"} 0-240"#,
            r#"{alertname="A"} 0-60"#,
            r#"{alertname="A"} 120-360"#,
        ]
    );
}

#[tokio::test]
async fn labels_are_templates_and_win() {
    let world = World::new();
    world.load("load 1m\n  m{a=\"1\", alertname=\"x\", b=\"2\"} 7\n");
    let group = group(
        "labels: {team: ops}",
        "- alert: A\n  expr: m > 0\n  labels: {b: '', c: 'v{{ $value }}', alertname: y}",
    );
    world.evaluate(&group, 0).await;
    assert_eq!(
        world.sent(),
        [r#"{a="1", alertname="A", c="v7", team="ops"} 0-240"#]
    );
    assert_eq!(
        world.series("ALERTS_FOR_STATE"),
        [r#"{a="1", alertname="A", c="v7", team="ops"} 0@0"#]
    );
}

#[tokio::test]
async fn templates_query() {
    let world = World::new();
    world.load("load 1m\n  m{a=\"1\"} 7\n  m{a=\"2\"} 7\n");
    let group = group(
        "limit: 0",
        "- alert: A\n  expr: m{a=\"1\"}\n  annotations: {n: '{{ query \"count(m)\" | first | value }} of {{ len (query \"m\") }}', bad: '{{ query \"(\" }}'}",
    );
    world.evaluate(&group, 0).await;
    let sent = world.inbox.take();
    assert_eq!(sent[0].annotation("n"), Some("2 of 2"));
    let bad = sent[0].annotation("bad").unwrap_or_default();
    assert!(bad.starts_with("<error expanding template: "), "{bad}");
}

/// Evaluates at the minutes `from..to`, as a server that starts at `from`; gives the
/// minute at which the alert fires.
async fn run(world: &World, group: &Group, from: i64, to: i64) -> Option<i64> {
    for minute in from..to {
        world.evaluate(group, minute * 60).await;
        if minute == from + 1 {
            group
                .restore_for_state(minute * 60_000, &world.around)
                .await;
        }
        if shown(group)
            .first()
            .is_some_and(|s| s.0 == AlertState::Firing)
        {
            return Some(minute);
        }
    }
    None
}

/// As [`group`], of a server that has just started.
fn started(hold: &str) -> Group {
    let text = format!(
        "groups:\n- name: g\n  rules:\n  - alert: A\n    expr: m > 0\n    for: {hold}\n    labels: {{v: '{{{{ $value }}}}'}}\n"
    );
    Group::new("r.yml", &crate::world::rules(&text).groups[0], 60_000, true)
}

#[tokio::test]
async fn for_states_outlive_the_server() {
    let check = async |hold: &str, down: std::ops::Range<i64>, want: i64| {
        let world = World::new();
        world.load("load 1m\n  m 1x200\n");
        // Two evaluations go by before anything is written.
        run(&world, &started(hold), 0, down.start).await;
        let fires = run(&world, &started(hold), down.end, 200).await;
        assert_eq!(fires, Some(want), "for {hold}, down {down:?}");
    };
    // Pending since 0, without a value from minute 14 to 26: fires 12 minutes later.
    check("30m", 15..25, 42).await;
    // Nearly over when it went down: the grace period.
    check("30m", 28..40, 51).await;
    // Shorter than the grace period: anew.
    check("5m", 4..20, 25).await;
    // Longer away than is tolerated: anew.
    check("30m", 15..90, 120).await;
}

#[tokio::test]
async fn alerts_that_fired_fire_again_after_the_start() {
    let world = World::new();
    world.load("load 1m\n  m 1x200\n");
    assert_eq!(run(&world, &started("30m"), 0, 60).await, Some(30));
    let before = started("30m");
    run(&world, &before, 31, 34).await;
    let fires = run(&world, &started("30m"), 40, 60).await;
    assert_eq!(fires, Some(42), "the evaluation after the state was read");
}

#[tokio::test]
async fn ended_for_states_are_not_taken_over() {
    let world = World::new();
    world.load("load 1m\n  m 1x9 0x9 1x100\n");
    run(&world, &started("30m"), 0, 15).await;
    let fires = run(&world, &started("30m"), 20, 100).await;
    assert_eq!(fires, Some(50));
}
