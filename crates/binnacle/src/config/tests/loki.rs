//! `loki-config.yaml`: what acts, what is named, what is refused.

use std::path::{Path, PathBuf};
use std::time::Duration;

use binnacle_config::reader::{Context, read_file};
use binnacle_config::yaml;
use binnacle_guard::LongLines;
use binnacle_wire::otlp::{AttributeAction, LogMapping};

use crate::config::file::{self, Overrides, Settings};
use crate::config::loki::{LokiFile, otlp};
use crate::config::{Kind, check};

fn shared() -> Option<PathBuf> {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    if !shared.is_dir() {
        println!("skipped: no conformance data");
        return None;
    }
    Some(shared)
}

fn parse(text: &str) -> String {
    super::shown(LokiFile::parse(Path::new("loki.yaml"), text))
}

/// Settings of a `binnacle.yaml` that names a Loki file.
fn settings(binnacle: &str, loki: &str) -> (Settings, Vec<String>) {
    let dir = tempfile::tempdir().expect("there is a folder for temporary files");
    super::write(dir.path(), "loki-config.yaml", loki);
    let path = super::write(dir.path(), "binnacle.yaml", binnacle);
    let loaded = file::load_with(Some(&path), &Overrides::default(), &|_| None);
    let loaded = loaded.unwrap_or_else(|errors| panic!("{errors}"));
    let warnings = loaded.warnings.iter().map(ToString::to_string).collect();
    (loaded.settings, warnings)
}

const NAMED: &str = "logs: {loki_file: loki-config.yaml}\n";

#[test]
fn limits_act() {
    let (settings, warnings) = settings(
        NAMED,
        "auth_enabled: true
server: {http_listen_port: 3101, http_listen_address: 127.0.0.1}
limits_config:
  ingestion_rate_mb: 1.5
  ingestion_burst_size_mb: 6
  per_stream_rate_limit: 3MB
  per_stream_rate_limit_burst: 15MB
  max_label_names_per_series: 7
  max_label_name_length: 10
  max_label_value_length: 20
  max_line_size: 64KB
  max_line_size_truncate: true
  reject_old_samples: true
  creation_grace_period: 3m
  max_global_streams_per_user: 5000
  allow_structured_metadata: false
  max_structured_metadata_size: 32KB
  max_structured_metadata_entries_count: 12
  discover_service_name: []
  discover_log_levels: false
  max_entries_limit_per_query: 5000
  max_query_series: 500
  max_query_length: 721h
  max_query_lookback: 10d
  query_timeout: 7s
  volume_enabled: false
  deletion_mode: disabled
  retention_period: 744h
  retention_stream:
  - {selector: '{app=\"a\"}', priority: 1, period: 24h}
  - {selector: '{app=\"b\"}', priority: 2, period: 48h}
compactor: {retention_enabled: true, working_directory: /x}
ruler:
  alertmanager_url: http://127.0.0.1:9093/am
  storage: {type: local, local: {directory: /rules}}
",
    );
    let limits = &settings.logs.guard.limits;
    assert_eq!(limits.rate_bytes_per_s, 3 << 19);
    assert_eq!(limits.burst_bytes, 6 << 20);
    assert_eq!(limits.stream_rate_bytes_per_s, 3 << 20);
    assert_eq!(limits.stream_burst_bytes, 15 << 20);
    assert_eq!(limits.label_names_max, 7);
    assert_eq!(
        (limits.label_name_bytes_max, limits.label_value_bytes_max),
        (10, 20)
    );
    assert_eq!(limits.line_bytes_max, 64 << 10);
    assert_eq!(limits.long_lines, LongLines::Truncate);
    assert_eq!(limits.age_ms_max, 168 * 3_600_000);
    assert_eq!(limits.future_ms_max, 180_000);
    assert_eq!(limits.streams_max, 5000);
    assert!(!limits.fields_allowed);
    assert_eq!((limits.fields_bytes_max, limits.fields_max), (32 << 10, 12));
    let enrichment = &settings.logs.guard.enrichment;
    assert!(enrichment.service_name_labels.is_empty() && !enrichment.detect_level);
    let query = &settings.logs.query;
    assert_eq!((query.lines_max, query.series_max), (5000, 500));
    assert_eq!(query.length_max, Duration::from_secs(721 * 3600));
    assert_eq!(query.lookback_max, Duration::from_secs(10 * 86_400));
    assert_eq!(query.timeout, Duration::from_secs(7));
    assert!(!query.volume && !query.deletion);
    assert_eq!(settings.logs.retention, Duration::from_secs(744 * 3600));
    let streams: Vec<&str> = settings
        .logs
        .stream_retention
        .iter()
        .map(|(selector, _)| selector.as_str())
        .collect();
    assert_eq!(streams, ["{app=\"b\"}", "{app=\"a\"}"], "by priority");
    let port = settings.logs.sockets.loki.map(|a| a.to_string());
    assert_eq!(port.as_deref(), Some("127.0.0.1:3101"));
    assert!(settings.listen.tenant_required);
    assert!(!settings.listen.logs_volume && !settings.listen.logs_deletion);
    assert_eq!(settings.alertmanagers.len(), 1);
    assert_eq!(settings.logs.ruler.directory, Some(PathBuf::from("/rules")));
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(
        warnings[0].contains("compactor.working_directory"),
        "{warnings:?}"
    );
}

#[test]
fn our_own_keys_win() {
    let (settings, _) = settings(
        "logs: {loki_file: loki-config.yaml, retention_time: 3d, limits: {rate: 7MB}, listen: \
         {loki: \"127.0.0.1:3333\"}}\n",
        "server: {http_listen_port: 3100}
limits_config: {ingestion_rate_mb: 1, max_line_size: 5KB}
table_manager: {retention_deletes_enabled: true, retention_period: 720h}\n",
    );
    assert_eq!(settings.logs.retention, Duration::from_secs(3 * 86_400));
    assert_eq!(settings.logs.guard.limits.rate_bytes_per_s, 7 << 20);
    assert_eq!(settings.logs.guard.limits.line_bytes_max, 5 << 10);
    let port = settings.logs.sockets.loki.map(|a| a.to_string());
    assert_eq!(port.as_deref(), Some("127.0.0.1:3333"));
}

#[test]
fn mistakes_have_their_place() {
    let check = |text: &str, want: &str| {
        let got = parse(text);
        assert!(got.contains(want), "{text}: {got}");
    };
    check(
        "limits_config:\n  ingestion_rate_mbb: 4\n",
        "loki.yaml:2:3: unknown field \"ingestion_rate_mbb\"",
    );
    check("limits_config:\n  ingestion_rate_mb: x\n", "loki.yaml:2:22");
    check("limits_config:\n  max_line_size: 5XB\n", "loki.yaml:2:18");
    check(
        "limits_config:\n  deletion_mode: maybe\n",
        "no deletion mode",
    );
    check("server:\n  http_listen_port: 70000\n", "70000 is no port");
    check("auth_enabled: perhaps\n", "loki.yaml:1:15");
    check("limit_config: {}\n", "did you mean \"limits_config\"");
    check("ruler: {alertmanager_url: nowhere}\n", "no URL");
    check(
        "limits_config: {retention_stream: [{selector: x, period: 1h}]}\n",
        "no stream selector",
    );
    check("", "loads");
}

#[test]
fn a_port_beyond_loopback_is_told() {
    let dir = tempfile::tempdir().expect("there is a folder for temporary files");
    let loki = "server:\n  http_listen_address: 0.0.0.0\n  http_listen_port: 3100\n";
    super::write(dir.path(), "loki-config.yaml", loki);
    let path = super::write(dir.path(), "binnacle.yaml", NAMED);
    let load = |path: &Path| file::load_with(Some(path), &Overrides::default(), &|_| None);
    let text = super::shown(load(&path));
    assert!(
        text.contains("loki-config.yaml:2:24: listening on 0.0.0.0:3100"),
        "{text}"
    );
    let path = super::write(
        dir.path(),
        "binnacle.yaml",
        "logs: {loki_file: loki-config.yaml, listen: {insecure: true}}\n",
    );
    assert_eq!(super::shown(load(&path)), "loads");
}

#[test]
fn files_of_loki_and_the_source_file_load() {
    let Some(shared) = shared() else { return };
    let mut files = vec![shared.join("fixtures/source-configs/b/loki/loki-config.yaml")];
    let loki = shared.join("conformance/loki");
    files.push(loki.join("examples/getting-started/loki-config.yaml"));
    for folder in ["cmd/loki", "docs/sources/configure/examples/yaml"] {
        let entries = std::fs::read_dir(loki.join(folder)).into_iter().flatten();
        files.extend(entries.filter_map(|entry| Some(entry.ok()?.path())));
    }
    files.retain(|f| f.extension().is_some_and(|e| e == "yaml"));
    for file in &files {
        let checked = check(file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        assert_eq!(checked.kind, Kind::Loki, "{}", file.display());
        assert!(checked.warnings.len() <= 2, "{:?}", checked.warnings);
    }
    println!("{} files of Loki load", files.len());
    let source = LokiFile::load(&files[0]).expect("it loads");
    assert_eq!(source.auth_enabled, Some(false));
    assert_eq!(source.retention, Some(Duration::from_secs(720 * 3600)));
    assert_eq!(source.lookback, Some(Duration::from_secs(720 * 3600)));
    let warning = source.warnings[0].to_string();
    for key in [
        "ingester",
        "schema_config",
        "storage_config",
        "limits_config.enforce_metric_name",
    ] {
        assert!(warning.contains(key), "{key}: {warning}");
    }
}

fn read_otlp(text: &str) -> Result<LogMapping, String> {
    let file = Path::new("otlp.yaml");
    let root = yaml::parse(file, text).map_err(|e| e.to_string())?;
    let context = Context::new(file);
    let (mapping, _) = read_file(&context, root.as_deref(), otlp::read);
    match context.take_errors().first() {
        Some(error) => Err(error.to_string()),
        None => Ok(mapping),
    }
}

#[test]
fn attributes_by_configuration() {
    let default = LogMapping::default();
    let only = read_otlp(
        "resource_attributes: {ignore_defaults: true, attributes_config: [{action: index_label, \
         regex: 'foo.*'}]}",
    )
    .expect("it loads");
    assert_eq!(only.resource.len(), 1);
    assert_eq!(only.resource[0].action, AttributeAction::IndexLabel);
    let both = read_otlp(
        "resource_attributes: {attributes_config: [{action: drop, attributes: [a]}]}\n\
         severity_text_as_label: true",
    )
    .expect("it loads");
    assert_eq!(both.resource[0], default.resource[0]);
    assert_eq!(both.resource[1].attributes, ["a"]);
    assert!(both.severity_text_as_label);
    for (bad, want) in [
        (
            "log_attributes: [{action: keep, attributes: [a]}]",
            "unsupported action",
        ),
        ("log_attributes: [{action: drop}]", "must be set"),
        (
            "log_attributes: [{action: drop, regex: a, attributes: [a]}]",
            "only one",
        ),
        (
            "log_attributes: [{attributes: [a]}]",
            "\"action\" is needed",
        ),
        (
            "scope_attributes: [{action: index_label, attributes: [a]}]",
            "cannot be labels",
        ),
        (
            "log_attributes: [{action: drop, regex: '('}]",
            "otlp.yaml:1",
        ),
    ] {
        let error = read_otlp(bad).expect_err(bad);
        assert!(error.contains(want), "{bad}: {error}");
    }
}

#[test]
fn otlp_config_of_loki() {
    let Some(shared) = shared() else { return };
    let path = shared.join("conformance/extracted/loki/otlp_config.json");
    let Ok(text) = std::fs::read_to_string(path) else {
        println!("skipped: no conformance data");
        return;
    };
    let suite: serde_json::Value = serde_json::from_str(&text).expect("a suite is JSON");
    for case in suite["cases"].as_array().into_iter().flatten() {
        let got = read_otlp(case["yamlConfig"].as_str().unwrap_or_default());
        let id = &case["id"];
        let Some(want) = case.get("expectedCfg") else {
            assert!(got.is_err(), "{id}");
            continue;
        };
        let got = got.unwrap_or_else(|e| panic!("{id}: {e}"));
        let resource = &want["ResourceAttributes"]["AttributesConfig"];
        let scope = want["ScopeAttributes"].as_array().map_or(0, Vec::len);
        let log = want["LogAttributes"].as_array().map_or(0, Vec::len);
        let got = (got.resource.len(), got.scope.len(), got.log.len());
        let want = (resource.as_array().map_or(0, Vec::len), scope, log);
        assert_eq!(got, want, "{id}");
    }
}

/// Rules lie in a folder for each tenant, under any name, as Kubernetes mounts them too.
#[test]
fn rules_of_the_rulers_folder_are_over_lines() {
    let dir = tempfile::tempdir().expect("there is a folder for temporary files");
    let rules = |name: &str| {
        let expr = "count_over_time({app=\"a\"}[5m])";
        format!("groups:\n- name: {name}\n  rules:\n  - {{record: r, expr: '{expr}'}}\n")
    };
    super::write(dir.path(), "rules/fake/..2026/shop", &rules("hidden"));
    super::write(dir.path(), "rules/fake/shop", &rules("shop"));
    super::write(dir.path(), "rules/other/host.yml", &rules("host"));
    let folder = dir.path().join("rules");
    let loki = format!(
        "ruler:\n  evaluation_interval: 7s\n  storage: {{type: local, local: {{directory: {}}}}}\n",
        folder.display()
    );
    super::write(dir.path(), "loki.yaml", &loki);
    let path = super::write(
        dir.path(),
        "binnacle.yaml",
        "logs: {loki_file: loki.yaml}\n",
    );
    let loaded = file::load_with(Some(&path), &Overrides::default(), &|_| None);
    let settings = loaded.unwrap_or_else(|errors| panic!("{errors}")).settings;
    let groups = settings.rules.files.iter().flat_map(|f| &f.groups);
    let shown: Vec<String> = groups
        .map(|g| {
            let language = g.rules[0].expr.language.as_str();
            format!("{} {language} {:?}", g.name, g.interval_ms)
        })
        .collect();
    assert_eq!(shown, ["shop logql Some(7000)", "host logql Some(7000)"]);
}
