//! Recording rules.

use binnacle_model::alert::RuleHealth;
use binnacle_rules::settings::Settings;

use crate::world::{World, group, rule};

const LOAD: &str = "load 1m
  m{a=\"1\", b=\"x\"} 1 2 3 _ _ _
  m{a=\"2\", b=\"y\"} 4 5 stale
";

#[tokio::test]
async fn results_get_name_and_labels() {
    let world = World::new();
    world.load(LOAD);
    let group = group(
        "labels: {team: t, c: group}",
        "- record: r\n  expr: m\n  labels: {b: '', c: rule, d: '{{ $value }}'}",
    );
    world.evaluate(&group, 0).await;
    assert_eq!(
        world.series("r"),
        [
            r#"{a="1", c="rule", d="{{ $value }}", team="t"} 1@0"#,
            r#"{a="2", c="rule", d="{{ $value }}", team="t"} 4@0"#,
        ]
    );
    let status = rule(&group, 0);
    assert_eq!((status.health, status.series), (RuleHealth::Ok, 2));
}

#[tokio::test]
async fn vanished_series_are_ended() {
    let world = World::new();
    world.load(LOAD);
    let group = group("limit: 0", "- record: r\n  expr: m > 1");
    for minute in 0..4 {
        world.evaluate(&group, minute * 60).await;
    }
    assert_eq!(
        world.series("r"),
        [
            r#"{a="1", b="x"} 2@60 3@120 3@180"#,
            r#"{a="2", b="y"} 4@0 5@60 stale@120"#,
        ]
    );
}

#[tokio::test]
async fn scalars_are_results_and_texts_are_not() {
    let world = World::new();
    let group = group(
        "limit: 0",
        "- record: r\n  expr: '1'\n- record: s\n  expr: '\"x\"'",
    );
    world.evaluate(&group, 60).await;
    assert_eq!(world.series("r"), ["{} 1@60"]);
    let bad = rule(&group, 1);
    assert_eq!(bad.health, RuleHealth::Error);
    assert_eq!(bad.last_error, "rule result is not a vector or scalar");
}

#[tokio::test]
async fn failures_leave_the_series_as_they_were() {
    let world = World::new();
    world.load(LOAD);
    let check = async |fields: &str, rule_text: &str, want: &str| {
        let group = group(fields, rule_text);
        world.evaluate(&group, 60).await;
        assert_eq!(rule(&group, 0).last_error, want);
        assert_eq!(world.series("r"), Vec::<String>::new());
        assert_eq!(world.series("ALERTS"), Vec::<String>::new());
    };
    check(
        "limit: 0",
        "- record: r\n  expr: m\n  labels: {a: '', b: ''}",
        "vector contains metrics with the same labelset after applying rule labels",
    )
    .await;
    check(
        "limit: 1",
        "- record: r\n  expr: m",
        "exceeded limit of 1 with 2 series",
    )
    .await;
    check(
        "limit: 0",
        "- alert: r\n  expr: m\n  labels: {a: '', b: ''}",
        "vector contains metrics with the same labelset after applying alert labels",
    )
    .await;
    check(
        "limit: 1",
        "- alert: r\n  expr: m",
        "exceeded limit of 1 with 2 alerts",
    )
    .await;
}

#[tokio::test]
async fn offsets_move_data_and_results() {
    let world = World::with(Settings {
        query_offset_ms: 60_000,
        ..Settings::default()
    });
    world.load(LOAD);
    let of_server = group("limit: 0", "- record: r\n  expr: m{a=\"1\"}");
    world.evaluate(&of_server, 120).await;
    assert_eq!(world.series("r"), [r#"{a="1", b="x"} 2@60"#]);
    let own = group("query_offset: 0s", "- record: s\n  expr: m{a=\"1\"}");
    world.evaluate(&own, 120).await;
    assert_eq!(world.series("s"), [r#"{a="1", b="x"} 3@120"#]);
}

#[tokio::test]
async fn results_that_storage_refuses_are_an_error() {
    let world = World::new();
    world.load(LOAD);
    let group = group("limit: 0", "- record: r\n  expr: m{a=\"1\"}");
    world.evaluate(&group, 120).await;
    world.evaluate(&group, 60).await;
    assert_eq!(rule(&group, 0).last_error, "out of order sample");
    assert_eq!(world.series("r"), [r#"{a="1", b="x"} 3@120"#]);
}

#[tokio::test]
async fn rules_see_what_earlier_ones_wrote() {
    let world = World::new();
    world.load(LOAD);
    let group = group(
        "limit: 0",
        "- record: a\n  expr: sum(m)\n- record: b\n  expr: a + 1\n- record: c\n  expr: '{__name__=~\"b|ALERTS\"} * 2'\n- alert: d\n  expr: c > 1\n- record: e\n  expr: ALERTS{alertname=\"d\"}",
    );
    world.evaluate(&group, 0).await;
    assert_eq!(world.series("c"), ["{} 12@0"]);
    assert_eq!(
        world.series("e"),
        [r#"{alertname="d", alertstate="firing"} 1@0"#]
    );
}
