//! What is said of mistakes in a `binnacle.yaml`, and what becomes of a valid one.

use std::path::Path;
use std::time::Duration;

use binnacle_metrics::{EngineOptions, SyncPolicy};

use crate::config::file::{Loaded, Overrides, load_with};
use crate::config::{ConfigErrors, LogFormat, LogLevel};

use super::{shown, write};

fn load_text(text: &str, overrides: &Overrides) -> Result<Loaded, ConfigErrors> {
    let dir = tempfile::tempdir().expect("there is a folder for temporary files");
    let path = write(dir.path(), "binnacle.yaml", text);
    load_with(Some(&path), overrides, &|_| None)
}

/// The mistakes, without the folder of the file.
fn mistakes(text: &str) -> String {
    let shown = shown(load_text(text, &Overrides::default()));
    let cut = |line: &str| {
        line.find("binnacle.yaml")
            .map_or(line.to_owned(), |i| line[i..].to_owned())
    };
    shown.lines().map(cut).collect::<Vec<_>>().join("\n")
}

fn loaded(text: &str) -> Loaded {
    load_text(text, &Overrides::default()).unwrap_or_else(|errors| panic!("{errors}"))
}

#[test]
fn no_file_at_all_is_a_configuration() {
    let loaded = load_with(None, &Overrides::default(), &|_| None);
    let settings = loaded.unwrap_or_else(|errors| panic!("{errors}")).settings;
    assert_eq!(settings.listen.address.to_string(), "127.0.0.1:9090");
    assert_eq!(settings.data.directory, Path::new("data"));
    assert_eq!(settings.data.engine, EngineOptions::default());
    assert!(settings.metrics.host.is_some() && settings.metrics.self_scrape.is_some());
    assert!(settings.metrics.collect.scrapes.is_empty());
    assert_eq!(settings.query.lookback_delta, Duration::from_secs(300));
    assert_eq!(settings.log.level, LogLevel::Info);
}

#[test]
fn lines_have_tiers_by_profile_and_by_name() {
    let tiers = |text: &str| {
        let logs = loaded(text).settings.logs;
        let days = |d: Duration| d.as_secs() / 86_400;
        let tiers: Vec<String> = logs
            .tiers
            .iter()
            .map(|t| format!("{} {}", t.name, days(t.after)))
            .collect();
        (days(logs.retention), tiers.join(", "))
    };
    let check = |text: &str, days: u64, want: &str| {
        assert_eq!(tiers(text), (days, want.to_owned()), "{text}");
    };
    check("{}", 30, "");
    check("logs: {retention_profile: 15d}", 15, "");
    check(
        "logs: {retention_profile: hot-warm-cold}",
        365,
        "warm 15, cold 90",
    );
    check(
        "logs: {retention_profile: hot-warm-cold, retention_time: 60d}",
        60,
        "warm 15",
    );
    check(
        "logs: {retention_time: 90d, tiers: [{name: slow, after: 7d, directory: /mnt/slow}]}",
        90,
        "slow 7",
    );
}

#[test]
fn mistakes_are_named_with_their_place() {
    let check = |text: &str, want: &str| assert_eq!(mistakes(text), want, "{text}");
    check(
        "listne: {}\n",
        "binnacle.yaml:1:1: unknown field \"listne\", did you mean \"listen\"?",
    );
    check(
        "metrics:\n  host:\n    proc_pth: /host/proc\n",
        "binnacle.yaml:3:5: unknown field \"proc_pth\", did you mean \"proc_path\"?",
    );
    check(
        "listen: {address: 9090}\n",
        "binnacle.yaml:1:19: \"9090\" is no address with a port, such as 127.0.0.1:9090",
    );
    check(
        "data: {sync: sometimes}\n",
        "binnacle.yaml:1:14: sync must be always, interval or never, got \"sometimes\"",
    );
    check(
        "data: {retention_size: 100}\n",
        "binnacle.yaml:1:24: \"100\" is no size in bytes: it wants a unit, such as 512MB or 1GiB",
    );
    check(
        "data: {retention_size: -1GB}\n",
        "binnacle.yaml:1:24: \"retention_size\" must not be negative",
    );
    check(
        "query: {timeout: 0s, concurrency: 0}\n",
        "binnacle.yaml:1:18: \"timeout\" must not be zero\nbinnacle.yaml:1:35: \"concurrency\" must be at least 1",
    );
    check(
        "logs: {retention_profile: warm}\n",
        "binnacle.yaml:1:27: there is no profile \"warm\": there are 30d, 15d, 7d, hot-warm-cold, archive",
    );
    check(
        "logs:\n  tiers:\n  - {name: a/b, after: 15d}\n  - {name: cold, after: 10d}\n",
        "binnacle.yaml:3:5: \"cold\" must be older than the tier before it\n\
         binnacle.yaml:3:12: \"a/b\" is no name of letters, digits, - and _, other than parts and wal",
    );
    check(
        "logs: {tiers: [{name: cold, after: 90d}]}\n",
        "binnacle.yaml:1:15: nothing gets as old as \"cold\" asks for: \"retention_time\" ends before",
    );
    check(
        "log: {level: loud}\n",
        "binnacle.yaml:1:14: log level must be error, warn, info, debug or trace, got \"loud\"",
    );
    check(
        "metrics:\n  scrape_configs:\n  - job_name: a\n    metric_path: /m\n",
        "binnacle.yaml:4:5: unknown field \"metric_path\", did you mean \"metrics_path\"?",
    );
    check(
        "metrics: {host: {collectors: {exclude: [filesystm]}}}\n",
        "binnacle.yaml:1:41: unknown collector \"filesystm\", did you mean \"filesystem\"?",
    );
}

#[test]
fn listening_beyond_loopback_must_be_meant() {
    let refused = "binnacle.yaml:1:19: listening on 0.0.0.0:9090 without authentication would be open to the network: listen on 127.0.0.1, or name a web.yml with basic_auth_users or required client certificates in listen.web_config_file, or set listen.insecure: true";
    assert_eq!(mistakes("listen: {address: \":9090\"}\n"), refused);
    assert_eq!(
        mistakes("listen: {address: \"0.0.0.0:9090\", insecure: true}\n"),
        "loads"
    );
    assert_eq!(mistakes("listen: {address: \"[::1]:9090\"}\n"), "loads");
    let overrides = Overrides {
        listen: Some(([0, 0, 0, 0], 80).into()),
        ..Overrides::default()
    };
    assert!(
        shown(load_text("", &overrides)).contains("binnacle.yaml: listening on 0.0.0.0:80 without")
    );

    let dir = tempfile::tempdir().expect("there is a folder for temporary files");
    let text = "listen: {address: \"0.0.0.0:9090\", web_config_file: web.yml}\n";
    let path = write(dir.path(), "binnacle.yaml", text);
    let load = || shown(load_with(Some(&path), &Overrides::default(), &|_| None));
    write(dir.path(), "web.yml", "http_server_config: {http2: true}\n");
    assert!(load().contains("without authentication"), "{}", load());
    let users =
        "basic_auth_users:\n  a: $2y$10$mDwo.lAisC94iLAyP81MCesa29IzH37oigHC/42V2pdJlUprsJPze\n";
    write(dir.path(), "web.yml", users);
    assert_eq!(load(), "loads");
    // A web.yml that is wrong is told once.
    write(dir.path(), "web.yml", "basic_auth_users: {a: b}\n");
    assert!(
        !load().contains("without authentication") && load().contains("web.yml:1:23"),
        "{}",
        load()
    );
}

#[test]
fn the_command_line_wins_over_the_file() {
    let overrides = Overrides {
        data_dir: Some("/elsewhere".into()),
        listen: Some(([127, 0, 0, 1], 1).into()),
        log_level: Some(LogLevel::Debug),
        log_format: Some(LogFormat::Json),
        prometheus_file: None,
        alertmanager_file: None,
        promtail_file: None,
        loki_file: None,
    };
    let text = "listen: {address: \"127.0.0.1:2\"}\ndata: {directory: here}\nlog: {level: warn}\n";
    let settings = load_text(text, &overrides)
        .unwrap_or_else(|errors| panic!("{errors}"))
        .settings;
    assert_eq!(settings.data.directory, Path::new("/elsewhere"));
    assert_eq!(settings.listen.address.port(), 1);
    assert_eq!(
        (settings.log.level, settings.log.format),
        (LogLevel::Debug, LogFormat::Json)
    );
}

#[test]
fn a_prometheus_file_and_scrape_configurations_in_place_come_together() {
    let dir = tempfile::tempdir().expect("there is a folder for temporary files");
    let prometheus = "global: {scrape_interval: 1m, external_labels: {a: b}}\nscrape_configs: [{job_name: a}]\nstorage:\n  tsdb:\n    out_of_order_time_window: 1h\n    retention: {time: 30d, size: 1GB}\nrule_files: [r.yml]\n";
    write(dir.path(), "prometheus.yml", prometheus);
    let text = "data: {retention_time: 7d}\nmetrics:\n  prometheus_file: prometheus.yml\n  scrape_configs: [{job_name: b}]\n";
    let path = write(dir.path(), "binnacle.yaml", text);
    let load = || load_with(Some(&path), &Overrides::default(), &|_| None);
    let loaded = load().unwrap_or_else(|errors| panic!("{errors}"));
    let collect = &loaded.settings.metrics.collect;
    let jobs: Vec<_> = collect
        .scrapes
        .iter()
        .map(|s| (s.job_name.as_str(), s.interval.as_secs()))
        .collect();
    assert_eq!(jobs, [("a", 60), ("b", 15)]);
    assert_eq!(collect.global.external_labels.to_string(), "{a=\"b\"}");
    let engine = &loaded.settings.data.engine;
    let day = 86_400_000;
    assert_eq!(
        (engine.retention_ms, engine.retention_bytes),
        (7 * day, 1 << 30)
    );
    assert_eq!(engine.out_of_order_window_ms, 3_600_000);
    assert!(loaded.inactive.is_empty(), "{:?}", loaded.inactive);
    assert_eq!(
        loaded.sources,
        [path.clone(), dir.path().join("prometheus.yml")]
    );
    let printed = &loaded.effective_prometheus;
    assert!(
        printed.contains("- job_name: a\n") && printed.contains("- job_name: b\n"),
        "{printed}"
    );

    write(
        dir.path(),
        "binnacle.yaml",
        &text.replace("job_name: b", "job_name: a"),
    );
    assert!(shown(load()).ends_with("4:31: found multiple scrape configs with job name \"a\", the other is in the prometheus_file"), "{}", shown(load()));
}

#[test]
fn mistakes_of_all_files_are_told_at_once() {
    let dir = tempfile::tempdir().expect("there is a folder for temporary files");
    write(dir.path(), "p.yml", "globl: {}\n");
    write(dir.path(), "web.yml", "rate_limits: {}\n");
    let text = "listen: {web_config_file: web.yml}\nmetrics: {prometheus_file: p.yml}\nqueri: {}\n";
    let path = write(dir.path(), "binnacle.yaml", text);
    let shown = shown(load_with(Some(&path), &Overrides::default(), &|_| None));
    for want in [
        "binnacle.yaml:3:1: unknown",
        "web.yml:1:1: unknown",
        "p.yml:1:1: unknown",
    ] {
        assert!(shown.contains(want), "{shown}");
    }
    let missing = write(
        dir.path(),
        "binnacle.yaml",
        "metrics: {prometheus_file: none.yml}\n",
    );
    let errors = super::shown(load_with(Some(&missing), &Overrides::default(), &|_| None));
    assert!(
        errors.contains("none.yml: cannot read it: No such file"),
        "{errors}"
    );
}

#[test]
fn sections_are_read() {
    let text = "data: {sync: always, disk_reserve: 1GB, retention_size: 0}\nquery: {memory_max: 1GiB, default_step: 30s}\nmetrics:\n  self_scrape: false\n  limits: {series_max: 10, sample_limit: 5}\n  scrape_configs: [{job_name: a}]\n  host: {enabled: false}\n";
    let settings = loaded(text).settings;
    assert_eq!(settings.data.engine.sync, SyncPolicy::Always);
    assert_eq!(
        (
            settings.data.engine.reserve_bytes,
            settings.data.engine.series_max
        ),
        (1 << 30, 10)
    );
    assert_eq!(settings.query.limits.memory_bytes_max, 1 << 30);
    assert_eq!(settings.query.default_step, Duration::from_secs(30));
    assert_eq!(settings.metrics.collect.scrapes[0].limits.samples, 5);
    assert!(settings.metrics.host.is_none() && settings.metrics.self_scrape.is_none());

    let text = "metrics: {host: {collectors: {include: [cpu, time], exclude: [time]}}}\n";
    let host = loaded(text)
        .settings
        .metrics
        .host
        .expect("the host is watched");
    assert!(!host.settings.disabled.iter().any(|c| c == "cpu"));
    assert!(host.settings.disabled.iter().any(|c| c == "time"));
}

#[test]
fn the_effective_form_reads_back() {
    let text = "data: {retention_time: 7d, retention_size: 5GB}\nmetrics:\n  scrape_configs:\n  - job_name: a\n    static_configs: [{targets: [\"b:1\"]}]\n";
    let first = loaded(text);
    let again = loaded(&first.effective);
    assert_eq!(again.effective, first.effective);
    assert_eq!(again.settings.metrics, first.settings.metrics);
}
