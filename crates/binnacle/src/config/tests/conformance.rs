//! The configuration files that Prometheus is tested with, and those of real
//! projects. The data stays outside: where it is not there, nothing is tested.

use std::path::{Path, PathBuf};

use crate::config::prometheus::PrometheusFile;
use binnacle_config::error::ConfigErrors;
use binnacle_config::reader::{Context, read_file};
use binnacle_config::{source, yaml};

use crate::config::{check, prometheus, web};

/// The folder with the data, or `None` after saying that it is not there.
fn data() -> Option<PathBuf> {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/conformance");
    let folder = std::env::var_os("BINNACLE_CONFORMANCE").map_or(shared, PathBuf::from);
    if !folder.is_dir() {
        println!("skipped: no conformance data");
        return None;
    }
    Some(folder)
}

fn cases(folder: &Path, suite: &str) -> Vec<serde_json::Value> {
    let path = folder.join("extracted").join(suite).with_extension("json");
    let Ok(text) = std::fs::read_to_string(&path) else {
        return Vec::new();
    };
    let suite: serde_json::Value = serde_json::from_str(&text).expect("a suite is JSON");
    suite["cases"].as_array().cloned().unwrap_or_default()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut files: Vec<PathBuf> = entries.filter_map(|e| Some(e.ok()?.path())).collect();
    files.retain(|f| f.is_file());
    files.sort();
    files
}

fn load(file: &Path) -> Result<PrometheusFile, ConfigErrors> {
    PrometheusFile::load(file, &|name| std::env::var(name).ok())
}

fn name(file: &Path) -> String {
    file.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

/// Names of the same thing, in Prometheus' words and in ours.
fn means_the_same(got: &str, want: &str) -> bool {
    if let Some(field) = want
        .strip_prefix("field ")
        .and_then(|w| w.split_once(" not found"))
    {
        return got.contains(&format!("unknown field {:?}", field.0));
    }
    if let Some(field) = want
        .strip_prefix("field ")
        .and_then(|w| w.split_once(" already set"))
    {
        return got.contains(&format!("field {:?} already set", field.0));
    }
    if want == "unmarshal errors" {
        return got.contains(" wants ");
    }
    let want = want.split_once(".yml: ").map_or(want, |(_, reason)| reason);
    got.contains(want)
}

#[test]
fn good_files_load_and_bad_ones_do_not() {
    let Some(folder) = data() else { return };
    let (mut good, mut bad) = (0, 0);
    for file in files(&folder.join("prometheus/config/testdata")) {
        let name = name(&file);
        if name.contains(".bad.") || name.contains(".incompatible.") {
            let errors = match load(&file) {
                Err(errors) => errors,
                // The fault lies in a file that is included and is not here.
                Ok(loaded) if !loaded.warnings.is_empty() => continue,
                Ok(_) => panic!("{name} loads"),
            };
            assert!(errors.iter().all(|e| e.line > 0), "{name}: {errors}");
            bad += 1;
        } else if name.ends_with("yml") {
            let loaded = load(&file).unwrap_or_else(|e| panic!("{name}: {e}"));
            check_printed(&loaded, &name);
            good += 1;
        }
    }
    println!("{good} good files load, {bad} bad ones are refused");
    assert!(good > 0 && bad > 0);
}

/// What is printed loads again, and prints the same.
fn check_printed(loaded: &PrometheusFile, name: &str) {
    let printed = loaded.print();
    let again = PrometheusFile::parse(&loaded.sources[0], &printed, &|_| None);
    let again = again.unwrap_or_else(|e| panic!("{name} printed: {e}\n{printed}"));
    // A dollar in an expanded label is expanded once more.
    if !loaded
        .global
        .external_labels
        .iter()
        .any(|(_, value)| value.contains('$'))
    {
        assert_eq!(again.print(), printed, "{name}");
    }
    assert_eq!(again.scrapes.len(), loaded.scrapes.len(), "{name}");
}

#[test]
fn errors_say_what_prometheus_says() {
    let Some(folder) = data() else { return };
    let cases = cases(&folder, "prometheus/config_errors");
    let mut same = 0;
    for case in &cases {
        let file = folder
            .join("prometheus")
            .join(case["file"].as_str().unwrap_or_default());
        let want = case["error"].as_str().unwrap_or_default();
        let errors = load(&file).expect_err(&name(&file)).to_string();
        if means_the_same(&errors, want) {
            same += 1;
        } else {
            println!("{}: wanted {want:?}, got:\n  {errors}", name(&file));
        }
    }
    println!("{same} of {} errors say the same", cases.len());
    assert_eq!(same, cases.len());
}

#[test]
fn real_configurations_load() {
    let Some(folder) = data() else { return };
    let mut count = 0;
    let sources = folder.join("../fixtures/source-configs");
    for file in [
        sources.join("b/prometheus/prometheus.yml"),
        sources.join("c/prometheus.yml"),
    ] {
        if file.is_file() {
            check_printed(&load(&file).unwrap_or_else(|e| panic!("{e}")), &name(&file));
            count += 1;
        }
    }
    for file in files(&folder.join("prometheus/documentation/examples")) {
        if name(&file).starts_with("prometheus-") && name(&file).ends_with("yml") {
            check_printed(&load(&file).unwrap_or_else(|e| panic!("{e}")), &name(&file));
            count += 1;
        }
    }
    println!("{count} real configurations load");
}

#[test]
fn http_client_sections() {
    let Some(folder) = data() else { return };
    let testdata = folder.join("prometheus-common/config/testdata");
    let read = |file: &Path, tls: bool| -> Vec<String> {
        let text = source::read(file).expect("the file is text");
        let context = Context::new(file);
        match yaml::parse(file, &text) {
            Err(e) => return vec![e.to_string()],
            Ok(root) if tls => {
                read_file(&context, root.as_deref(), prometheus::tls::read);
            }
            Ok(root) => {
                read_file(&context, root.as_deref(), prometheus::http_client::read);
            }
        }
        context
            .take_errors()
            .iter()
            .map(ToString::to_string)
            .collect()
    };
    let mut count = 0;
    for file in files(&testdata) {
        let name = name(&file);
        let errors = read(&file, name.starts_with("tls_config"));
        // A token file that is not there is found out when it is used.
        let bad = name.contains(".bad.") && !name.contains("invalid-bearer-token-file")
            || name.contains("bad-username");
        assert_eq!(errors.is_empty(), !bad, "{name}: {errors:?}");
        count += 1;
    }
    for suite in [
        "prometheus-common/http_config_errors",
        "prometheus-common/tls_config_errors",
    ] {
        for case in cases(&folder, suite) {
            let file = case["file"]
                .as_str()
                .or(case["filename"].as_str())
                .unwrap_or_default();
            let want = case["error"]
                .as_str()
                .or(case["errMsg"].as_str())
                .unwrap_or_default();
            let file = testdata.join(file.rsplit('/').next().unwrap_or_default());
            if !file.is_file() {
                continue;
            }
            let errors = read(&file, suite.contains("tls"));
            assert!(
                errors.iter().any(|e| e.contains(want)),
                "{file:?}: wanted {want}, got {errors:?}"
            );
            count += 1;
        }
    }
    println!("{count} client sections are read as they should be");
}

#[test]
fn relabel_rules() {
    let Some(folder) = data() else { return };
    let mut count = 0;
    for case in cases(&folder, "prometheus/relabel_yaml_roundtrip") {
        let text = case["yaml"].as_str().unwrap_or_default();
        let file = Path::new("rule.yml");
        let context = Context::new(file);
        let root = yaml::parse(file, text).expect("the case is YAML");
        let (rule, out) = read_file(&context, root.as_deref(), |r| {
            prometheus::relabel::rule(r, binnacle_model::relabel::NameScheme::Utf8)
        });
        assert_eq!(context.take_errors(), [], "{text}");
        assert!(rule.is_some(), "{text}");
        let again = yaml::parse(file, &yaml::print(&out)).expect("what is printed is YAML");
        let (rule_again, _) = read_file(&context, again.as_deref(), |r| {
            prometheus::relabel::rule(r, binnacle_model::relabel::NameScheme::Utf8)
        });
        assert_eq!(rule, rule_again, "{text}");
        count += 1;
    }
    for case in cases(&folder, "prometheus/relabel_target_label_legacy") {
        let target = case["target_label"].as_str().unwrap_or_default();
        let text = format!("target_label: '{target}'\n");
        let file = Path::new("rule.yml");
        let context = Context::new(file);
        let root = yaml::parse(file, &text).expect("the case is YAML");
        read_file(&context, root.as_deref(), |r| {
            prometheus::relabel::rule(r, binnacle_model::relabel::NameScheme::Legacy)
        });
        let valid = context.take_errors().is_empty();
        assert_eq!(Some(valid), case["valid"].as_bool(), "{target}");
        count += 1;
    }
    println!("{count} relabelling rules are read as they should be");
}

#[test]
fn web_configurations_load() {
    let Some(folder) = data() else { return };
    let file = folder.join("prometheus/documentation/examples/web-config.yml");
    if file.is_file() {
        let loaded = web::load(&file).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(loaded.settings.basic_auth_users.len(), 2);
        assert!(loaded.settings.tls.is_some());
    }
}

/// What `promtool check config` says of files and of those that they name. It is run
/// in its own folder, so that the paths in its messages differ from ours.
#[test]
fn check_agrees_with_promtool() {
    let Some(folder) = data() else { return };
    let testdata = folder.join("prometheus/cmd/promtool/testdata");
    let mut count = 0;
    for case in cases(&folder, "prometheus/promtool_check") {
        let file = testdata.join(case["file"].as_str().unwrap_or_default());
        if case["check"].as_str() != Some("config") || !file.is_file() {
            continue;
        }
        let got = check(&file);
        match case["error"].as_str() {
            None => assert!(got.is_ok(), "{file:?}: {got:?}"),
            Some(want) => {
                let got = got.expect_err(&name(&file)).to_string();
                // Without the quoted paths.
                let reason = want
                    .split('"')
                    .max_by_key(|part| part.len())
                    .unwrap_or(want);
                assert!(
                    got.contains(reason.split(": stat ").next().unwrap_or(reason)),
                    "{file:?}: wanted {reason}, got {got}"
                );
            }
        }
        count += 1;
    }
    for case in cases(&folder, "prometheus/promtool_exit_codes") {
        // Lint issues are not looked for.
        if case["lintIssue"].as_bool() != Some(true) {
            let file = testdata.join(case["file"].as_str().unwrap_or_default());
            assert_eq!(
                check(&file).is_err(),
                case["exitCode"].as_i64() == Some(1),
                "{file:?}"
            );
            count += 1;
        }
    }
    println!("{count} files are checked as promtool checks them");
}
