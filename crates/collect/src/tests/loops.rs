//! What scrape loops store.

use std::sync::atomic::Ordering;

use binnacle_model::labels::Labels;
use binnacle_model::relabel::{NameScheme, RelabelConfig, RelabelRule};

use super::rig::Rig;
use crate::scrape::Health;

fn rule(action: &str, source: &str, regex: &str) -> RelabelRule {
    let sources = source
        .split(' ')
        .filter(|s| !s.is_empty())
        .map(str::to_owned)
        .collect();
    RelabelConfig {
        action: action.into(),
        source_labels: sources,
        regex: Some(regex.into()),
        ..RelabelConfig::default()
    }
    .resolve(NameScheme::Utf8)
    .unwrap()
}

#[tokio::test(start_paused = true)]
async fn samples_reports_and_metadata() {
    let text = "# HELP a What a is.\n# TYPE a counter\na{x=\"1\"} 1\na{x=\"2\"} 2\n";
    let rig = Rig::usual(text).await;
    rig.next(text).await;
    assert_eq!(
        rig.shown(),
        [
            r#"{__name__="a", x="1"} 1000000=1 1010000=1"#,
            r#"{__name__="a", x="2"} 1000000=2 1010000=2"#,
        ]
    );
    assert_eq!(rig.metric("up"), [r#"{__name__="up"} 1000000=1 1010000=1"#]);
    assert_eq!(rig.engine.values("scrape_samples_scraped"), [2.0, 2.0]);
    assert_eq!(
        rig.engine.values("scrape_samples_post_metric_relabeling"),
        [2.0, 2.0]
    );
    assert_eq!(rig.engine.values("scrape_series_added"), [2.0, 0.0]);
    assert_eq!(rig.engine.values("scrape_duration_seconds").len(), 2);
    assert!(rig.engine.values("scrape_timeout_seconds").is_empty());
    assert_eq!(rig.engine.metadata(), ["a counter What a is."]);
    assert_eq!(rig.target().metadata().len(), 1);
    let status = rig.target().status();
    assert_eq!(
        (status.health, status.last_scrape_ms),
        (Health::Up, 1_010_000)
    );
    assert_eq!(
        rig.engine.batches.load(Ordering::Relaxed),
        2,
        "one batch a scrape"
    );
}

#[tokio::test(start_paused = true)]
async fn vanished_series_end() {
    let rig = Rig::usual("a 1\nb 1\n").await;
    rig.next("a 2\n").await;
    rig.next("a 3\nb 3\n").await;
    assert_eq!(
        rig.shown(),
        [
            r#"{__name__="a"} 1000000=1 1010000=2 1020000=3"#,
            r#"{__name__="b"} 1000000=1 1010000=stale 1020000=3"#,
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_failed_scrape_ends_everything_and_stores_nothing_of_itself() {
    let rig = Rig::usual("a 1\n").await;
    rig.next("a 2\nb 2\nthis is {garbage\n").await;
    assert!(rig.error().contains("line 3"), "{}", rig.error());
    assert_eq!(rig.target().status().health, Health::Down);
    rig.next("a 3\n").await;
    assert_eq!(
        rig.shown(),
        [r#"{__name__="a"} 1000000=1 1010000=stale 1020000=3"#]
    );
    assert_eq!(rig.engine.values("up"), [1.0, 0.0, 1.0]);
    assert_eq!(rig.engine.values("scrape_series_added"), [1.0, 1.0, 0.0]);
    assert_eq!(rig.error(), "");
}

#[tokio::test(start_paused = true)]
async fn own_timestamps() {
    let text = "a 1 999000\nb 1\n";
    let rig = Rig::usual(text).await;
    rig.next("b 2\n").await;
    // A series with times of its own is not ended.
    assert_eq!(
        rig.shown(),
        [
            r#"{__name__="a"} 999000=1"#,
            r#"{__name__="b"} 1000000=1 1010000=2"#
        ]
    );
    let mut settings = Rig::settings();
    settings.track_timestamps_staleness = true;
    let rig = Rig::start(settings, Labels::empty(), text).await;
    rig.next("b 2\n").await;
    assert_eq!(rig.shown()[0], r#"{__name__="a"} 999000=1 1010000=stale"#);

    let mut settings = Rig::settings();
    settings.honor_timestamps = false;
    let rig = Rig::start(settings, Labels::empty(), text).await;
    assert_eq!(rig.shown()[0], r#"{__name__="a"} 1000000=1"#);

    let rig = Rig::usual("a 1 1600001\nb 1 1600000\n").await;
    assert_eq!(rig.shown(), [r#"{__name__="b"} 1600000=1"#]);
    assert_eq!(
        rig.collector
            .metrics()
            .sample_out_of_bounds
            .load(Ordering::Relaxed),
        1
    );
}

#[tokio::test(start_paused = true)]
async fn duplicates_are_counted_and_left_out() {
    let rig = Rig::usual("a 1\na 2\na 3 1000001\n").await;
    assert_eq!(rig.shown(), [r#"{__name__="a"} 1000000=1 1000001=3"#]);
    assert_eq!(
        rig.collector
            .metrics()
            .sample_duplicate_timestamp
            .load(Ordering::Relaxed),
        1
    );
    assert_eq!(
        rig.engine.values("scrape_samples_post_metric_relabeling"),
        [3.0]
    );
}

#[tokio::test(start_paused = true)]
async fn metric_relabelling_drops_and_is_remembered() {
    let mut settings = Rig::settings();
    settings.metric_relabel = vec![rule("drop", "__name__", "b.*"), rule("labeldrop", "", "x")];
    let rig = Rig::start(settings, Labels::empty(), "a{x=\"1\"} 1\nb 1\nbb 1\n").await;
    rig.next("a{x=\"1\"} 2\nb 2\n").await;
    assert_eq!(rig.shown(), [r#"{__name__="a"} 1000000=1 1010000=2"#]);
    assert_eq!(rig.engine.values("scrape_samples_scraped"), [3.0, 2.0]);
    assert_eq!(
        rig.engine.values("scrape_samples_post_metric_relabeling"),
        [1.0, 1.0]
    );
}

#[tokio::test(start_paused = true)]
async fn a_series_without_a_name_fails_the_scrape() {
    let mut settings = Rig::settings();
    settings.metric_relabel = vec![rule("labeldrop", "", "__name__")];
    let rig = Rig::start(settings, Labels::empty(), "a 1\n").await;
    assert!(
        rig.error().contains("missing metric name"),
        "{}",
        rig.error()
    );
    let mut settings = Rig::settings();
    settings.name_validation = NameScheme::Legacy;
    let rig = Rig::start(settings, Labels::empty(), "{\"a.b\"} 1\n").await;
    assert!(
        rig.error().contains("invalid metric name"),
        "{}",
        rig.error()
    );
}

#[tokio::test(start_paused = true)]
async fn the_sample_limit_counts_what_relabelling_keeps() {
    let mut settings = Rig::settings();
    settings.limits.samples = 2;
    settings.metric_relabel = vec![rule("drop", "__name__", "d")];
    let rig = Rig::start(settings, Labels::empty(), "a 1\nb 1\nd 1\n").await;
    assert_eq!(rig.error(), "");
    rig.next("a 2\nb 2\nc 2\nd 2\n").await;
    assert!(
        rig.error().starts_with("sample limit exceeded"),
        "{}",
        rig.error()
    );
    assert_eq!(
        rig.shown(),
        [
            r#"{__name__="a"} 1000000=1 1010000=stale"#,
            r#"{__name__="b"} 1000000=1 1010000=stale"#
        ]
    );
    assert_eq!(rig.engine.values("scrape_samples_scraped"), [3.0, 4.0]);
    assert_eq!(
        rig.engine.values("scrape_samples_post_metric_relabeling"),
        [2.0, 3.0]
    );
    assert_eq!(
        rig.collector
            .metrics()
            .exceeded_sample_limit
            .load(Ordering::Relaxed),
        1
    );
}

#[tokio::test(start_paused = true)]
async fn a_forgetful_engine_is_told_the_labels_again() {
    let rig = Rig::usual("a 1\nb 1\n").await;
    rig.engine.forget();
    rig.next("a 2\nb 2\n").await;
    rig.next("a 3\nb 3\n").await;
    assert_eq!(
        rig.shown(),
        [
            r#"{__name__="a"} 1000000=1 1010000=2 1020000=3"#,
            r#"{__name__="b"} 1000000=1 1010000=2 1020000=3"#,
        ]
    );
    assert_eq!(rig.engine.values("up"), [1.0, 1.0, 1.0]);
    assert_eq!(rig.engine.batches.load(Ordering::Relaxed), 4);
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_the_engine_refuses_changes_nothing() {
    let rig = Rig::usual("a 1\nb 1\n").await;
    rig.engine.close(true);
    rig.next("a 2\nc 2\n").await;
    rig.engine.close(false);
    rig.next("a 3\nc 3\n").await;
    assert_eq!(
        rig.shown(),
        [
            r#"{__name__="a"} 1000000=1 1020000=3"#,
            r#"{__name__="b"} 1000000=1 1020000=stale"#,
            r#"{__name__="c"} 1020000=3"#,
        ]
    );
    assert_eq!(
        rig.collector
            .metrics()
            .appends_failed
            .load(Ordering::Relaxed),
        1
    );
}

#[tokio::test(start_paused = true)]
async fn extra_metrics_and_body_limit() {
    let mut settings = Rig::settings();
    settings.extra_scrape_metrics = true;
    settings.limits.body_bytes = 8;
    settings.limits.samples = 7;
    let rig = Rig::start(settings, Labels::empty(), "a 1\nb 1\n").await;
    rig.next("a 1\nb 1\nc").await;
    assert!(
        rig.error().starts_with("body size limit exceeded"),
        "{}",
        rig.error()
    );
    assert_eq!(rig.engine.values("scrape_body_size_bytes"), [8.0, -1.0]);
    assert_eq!(rig.engine.values("scrape_sample_limit"), [7.0, 7.0]);
    assert_eq!(rig.engine.values("scrape_timeout_seconds"), [10.0, 10.0]);
}

#[tokio::test(start_paused = true)]
async fn a_target_may_be_disabled_after_failures() {
    let mut settings = Rig::settings();
    settings.disable_after_failures = 2;
    let mut rig = Rig::start(settings, Labels::empty(), "{").await;
    assert!(!rig.target().status().disabled);
    rig.next("{").await;
    assert!(rig.target().status().disabled);
    // It would answer now, and is not asked; `up` still tells.
    rig.next("a 1\n").await;
    assert_eq!(rig.error(), "disabled after 2 failed scrapes in a row");
    assert_eq!(rig.engine.values("up"), [0.0, 0.0, 0.0]);
    assert!(rig.shown().is_empty());
    // A reload gives it another try, even one of the same settings.
    rig.reload(|_| {}).await;
    rig.next("a 1\n").await;
    assert_eq!(rig.error(), "");
}
