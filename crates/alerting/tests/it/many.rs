//! A hundred thousand alerts at once.

use std::time::Duration;

use binnacle_model::alert::AlertFilter;
use binnacle_model::alert::Alerting as _;

use crate::support::{Reply, World, firing};

const CONFIG: &str = "
route:
  receiver: default
  group_by: [alertname, shard]
  group_wait: 5s
  group_interval: 5m
  repeat_interval: 4h
receivers:
- name: default
  webhook_configs:
  - url: http://127.0.0.1:1/a
";

const ALERTS: usize = 100_000;
const GROUPS: usize = 5_000;

#[tokio::test(start_paused = true)]
async fn a_hundred_thousand_alerts_are_told_with_a_bounded_number_of_deliveries() {
    let world = World::begin(CONFIG).await;
    world.behave(|_, _| Reply::TakeAfter(Duration::from_millis(20)));
    let labels = |i: usize| format!("A{},shard={},pod=pod-{i}", i % 50, i % GROUPS);
    for batch in 0..ALERTS / 2_000 {
        let from = batch * 2_000;
        let alerts = (from..from + 2_000).map(|i| firing(&labels(i)));
        world.post(alerts.collect()).await;
    }
    let counters = world.service.counters();
    assert_eq!(counters.alerts_active, ALERTS as u64);
    assert_eq!(counters.groups, GROUPS as u64);
    world.until(6.0).await;
    let counters = world.service.counters();
    let in_flight = counters.deliveries_running + counters.deliveries_waiting;
    assert!(counters.deliveries_running <= 32, "{counters:?}");
    assert!(in_flight <= GROUPS as u64, "{counters:?}");
    world.until(120.0).await;
    let told = world.recorder.told.lock().clone();
    assert_eq!(told.len(), GROUPS);
    assert_eq!(told.iter().map(|t| t.alerts.len()).sum::<usize>(), ALERTS);
    assert!(world.recorder.busy.lock().1 <= 32);
    assert_eq!(world.service.groups(&AlertFilter::default()).len(), GROUPS);
}
