//! Pools: reloads, targets that come and go, what the API sees.

use binnacle_model::labels::Labels;
use binnacle_model::relabel::{NameScheme, RelabelConfig};
use std::time::Duration;
use tokio::time::sleep;

use super::rig::Rig;
use crate::collector::CollectError;
use crate::settings::{DiscoverySettings, TargetGroup};

fn group(addresses: &[&str]) -> DiscoverySettings {
    DiscoverySettings::Static(vec![TargetGroup {
        source: "0".into(),
        targets: addresses
            .iter()
            .map(|a| Labels::from_pairs([("__address__", a)]))
            .collect(),
        labels: Labels::from_pairs([("__meta_x", "m"), ("team", "t")]),
    }])
}

#[tokio::test(start_paused = true)]
async fn a_reload_of_other_settings_keeps_what_is_known() {
    let mut rig = Rig::usual("a 1\nb 1\n").await;
    rig.reload(|s| s.scrapes[0].limits.samples = 100).await;
    // The loop starts anew at once; `b` has vanished, and that is still noticed.
    rig.next("a 2\n").await;
    assert!(rig.shown()[1].ends_with("=stale"), "{:?}", rig.shown());
    assert_eq!(rig.engine.values("scrape_series_added").last(), Some(&0.0));
}

#[tokio::test(start_paused = true)]
async fn a_reload_of_the_same_settings_touches_nothing() {
    let mut rig = Rig::usual("a 1\n").await;
    let before = rig.target();
    rig.reload(|_| {}).await;
    rig.next("a 2\n").await;
    assert!(std::sync::Arc::ptr_eq(&before, &rig.target()));
    assert_eq!(rig.shown(), [r#"{__name__="a"} 1000000=1 1010000=2"#]);
}

#[tokio::test(start_paused = true)]
async fn a_removed_pool_ends_its_series_in_time() {
    let mut rig = Rig::usual("a 1\n").await;
    rig.reload(|s| s.scrapes.clear()).await;
    assert!(rig.collector.pool_names().is_empty());
    sleep(Duration::from_secs(20)).await;
    assert_eq!(rig.shown(), [r#"{__name__="a"} 1000000=1"#]);
    sleep(Duration::from_secs(2)).await;
    // At the time of the removal, not of the writing.
    assert_eq!(rig.shown(), [r#"{__name__="a"} 1000000=1 1005000=stale"#]);
    assert_eq!(
        rig.metric("up"),
        [r#"{__name__="up"} 1000000=1 1005000=stale"#]
    );
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_ends_no_series() {
    let rig = Rig::usual("a 1\n").await;
    rig.collector.stop().await;
    sleep(Duration::from_secs(60)).await;
    assert_eq!(rig.shown(), [r#"{__name__="a"} 1000000=1"#]);
}

#[tokio::test(start_paused = true)]
async fn bad_settings_leave_everything_as_it_was() {
    let mut rig = Rig::usual("a 1\n").await;
    let good = rig.collector.pool_names();
    let mut settings = crate::settings::CollectSettings::default();
    settings.scrapes = vec![Rig::settings(), Rig::settings()];
    let twice = rig.collector.reload(&settings).await;
    assert!(
        matches!(twice, Err(CollectError::Twice { .. })),
        "{twice:?}"
    );
    settings.scrapes.pop();
    settings.scrapes[0].http.tls.ca = Some(crate::settings::Source::File("/nowhere/ca.pem".into()));
    let missing = rig.collector.reload(&settings).await;
    assert!(
        matches!(missing, Err(CollectError::Pool { .. })),
        "{missing:?}"
    );
    assert_eq!(rig.collector.pool_names(), good);
    rig.next("a 2\n").await;
    assert_eq!(rig.shown(), [r#"{__name__="a"} 1000000=1 1010000=2"#]);
    rig.reload(|_| {}).await;
}

#[tokio::test(start_paused = true)]
async fn active_and_dropped_targets() {
    let mut rig = Rig::usual("a 1\n").await;
    let drop_b = RelabelConfig {
        action: "drop".into(),
        source_labels: vec!["__address__".into()],
        regex: Some("b.*".into()),
        ..RelabelConfig::default()
    };
    let mut settings = Rig::settings();
    settings.job_name = "k".into();
    settings.relabel = vec![drop_b.resolve(NameScheme::Utf8).unwrap()];
    settings.params = vec![("m".into(), vec!["x y".into(), "z".into()])];
    settings.limits.keep_dropped_targets = 2;
    settings.discovery = vec![
        group(&["127.0.0.1:9", "b:1", "b:2", "b:3", "http://bad/"]),
        group(&["127.0.0.1:9"]),
    ];
    rig.reload(|s| s.scrapes.push(settings)).await;
    sleep(Duration::from_millis(1)).await;
    let pools = rig.collector.pools(Some("k"));
    assert_eq!(pools.len(), 1);
    let pool = &pools[0];
    assert_eq!(
        (pool.active.len(), pool.dropped.len(), pool.dropped_count),
        (1, 2, 4)
    );
    let target = &pool.active[0];
    assert_eq!(
        target.labels().to_string(),
        r#"{instance="127.0.0.1:9", job="k", team="t"}"#
    );
    assert_eq!(target.url(), "http://127.0.0.1:9/metrics?m=x+y&m=z");
    assert_eq!(target.global_url("host"), "http://host:9/metrics?m=x+y&m=z");
    let discovered = target.discovered_labels();
    assert_eq!(discovered.get("__meta_x"), Some("m"));
    assert_eq!(discovered.get("__param_m"), Some("x y"));
    assert_eq!(rig.collector.pools(None).len(), 2);
}

#[tokio::test(start_paused = true)]
async fn too_many_targets_fail_all_scrapes() {
    let mut rig = Rig::usual("a 1\n").await;
    rig.reload(|s| {
        s.scrapes[0].limits.targets = 1;
        s.scrapes[0].discovery.push(group(&["127.0.0.1:9"]));
    })
    .await;
    rig.next("a 2\n").await;
    let pools = rig.collector.pools(None);
    for target in &pools[0].active {
        let error = target.status().last_error;
        assert!(
            error.starts_with("target_limit exceeded (number of targets: 2, limit: 1)"),
            "{error}"
        );
    }
}
