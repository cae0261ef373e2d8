//! Prometheus' own timeline of an alerting rule.

use std::collections::BTreeMap;

use crate::conformance::{cases, suite, text};
use crate::world::{World, group};

#[tokio::test]
async fn alerts_as_prometheus_writes_them() {
    let Some(suite) = suite("prometheus/rules_alerting_timeline") else {
        return;
    };
    let fields = &suite["fields"];
    let rule = text(fields, "rule").trim_end().replace('\n', "\n  ");
    // The suite's steps between the given ones are those of the whole of it.
    let last_s = 35 * 60;
    let world = World::new();
    world.load(text(fields, "load"));
    let group = group("limit: 0", &format!("- {rule}"));
    let mut wanted = BTreeMap::new();
    for case in cases(&suite) {
        let s = case["time"].as_i64().unwrap_or_default() / 1_000_000_000;
        let mut lines: Vec<String> = case["result"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|sample| {
                let labels = sample["Metric"].as_object().into_iter().flatten();
                let labels = binnacle_model::Labels::from_pairs(
                    labels.map(|(n, v)| (n.as_str(), v.as_str().unwrap_or_default())),
                );
                labels.without_name().to_string()
            })
            .collect();
        lines.sort();
        wanted.insert(s, lines);
    }
    let mut checked = 0;
    for s in (0..=last_s).step_by(300) {
        world.evaluate(&group, s).await;
        let Some(want) = wanted.get(&s) else {
            continue;
        };
        let now = format!(" 1@{s}");
        let mut got: Vec<String> = world
            .series("ALERTS")
            .iter()
            .filter(|line| line.ends_with(&now))
            .map(|line| line.split(" 1@").next().unwrap_or_default())
            .map(|line| line.split(" stale@").next().unwrap_or_default().to_owned())
            .collect();
        got.sort();
        assert_eq!(&got, want, "at {s} s");
        checked += 1;
    }
    assert_eq!(checked, wanted.len());
}
