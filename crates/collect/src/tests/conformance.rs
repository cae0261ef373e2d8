//! Cases from Prometheus' own tests, read in place.

use std::path::PathBuf;

use binnacle_model::labels::{Labels, LabelsBuilder};
use binnacle_model::relabel::{NameScheme, RelabelConfig};
use serde_json::Value;

use super::rig::Rig;
use crate::scrape::{Populated, discovered_labels, populate};
use crate::settings::{Scheme, ScrapeSettings};

/// The cases of a suite, or `None` when the data are not here.
fn cases(suite: &str) -> Option<Vec<Value>> {
    let root = match std::env::var_os("BINNACLE_CONFORMANCE") {
        Some(path) => PathBuf::from(path),
        None => PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/conformance"),
    };
    let Ok(text) = std::fs::read_to_string(root.join("extracted/prometheus").join(suite)) else {
        println!("skipped: no conformance data");
        return None;
    };
    let json: Value = serde_json::from_str(&text).expect("a suite is JSON");
    Some(json["cases"].as_array().expect("a suite has cases").clone())
}

fn labels(json: &Value) -> Labels {
    let pairs = json.as_object().expect("labels").iter();
    Labels::from_pairs(pairs.map(|(n, v)| (n.as_str(), v.as_str().unwrap_or_default())))
}

/// `job` and `instance`, which a target always has here and not in the cases.
const OWN_LABELS: u64 = 2;

#[tokio::test(start_paused = true)]
async fn honor_labels() {
    let Some(cases) = cases("scrape_honor_labels.json") else {
        return;
    };
    for case in &cases {
        let mut settings = Rig::settings();
        settings.honor_labels = case["honor_labels"].as_bool().unwrap();
        let text = format!("{}\n", case["scrape"].as_str().unwrap());
        let rig = Rig::start(settings, labels(&case["target_labels"]), &text).await;
        let want = labels(&case["stored"]).to_string();
        let got = rig.shown();
        assert!(
            got.len() == 1 && got[0].starts_with(&want),
            "{}: {got:?}, not {want}",
            case["id"]
        );
    }
    assert!(!cases.is_empty());
}

#[tokio::test(start_paused = true)]
async fn label_limits() {
    let Some(cases) = cases("scrape_label_limits.json") else {
        return;
    };
    for case in &cases {
        let mut settings = Rig::settings();
        let limit = |name: &str| case["limits"][name].as_u64().unwrap_or(0);
        settings.limits.labels = match limit("label_limit") {
            0 => 0,
            limit => limit + OWN_LABELS,
        };
        settings.limits.label_name_bytes = limit("label_name_length_limit");
        settings.limits.label_value_bytes = limit("label_value_length_limit");
        let text = format!("{}\n", case["scrape"].as_str().unwrap());
        let rig = Rig::start(settings, labels(&case["target_labels"]), &text).await;
        let refused = case["refused"].as_bool().unwrap();
        assert_eq!(
            rig.error().is_empty(),
            !refused,
            "{}: {}",
            case["id"],
            rig.error()
        );
    }
    assert!(!cases.is_empty());
}

#[test]
fn populate_labels() {
    let Some(cases) = cases("scrape_populate_labels.json") else {
        return;
    };
    let mut run = 0;
    for case in &cases {
        // Labels that are not UTF-8 cannot come in here: every source is text.
        if case["discovered"].to_string().contains("$b64") {
            continue;
        }
        run += 1;
        let settings = settings_of(&case["scrape_config"]);
        let discovered =
            discovered_labels(&settings, &labels(&case["discovered"]), &Labels::empty());
        let before = discovered.clone().build();
        match (populate(&settings, discovered), case["error"].as_str()) {
            (Populated::Active(got), None) => {
                assert_eq!(got, labels(&case["labels"]), "{}", case["id"]);
                assert_eq!(
                    before,
                    labels(&case["labels_before_relabeling"]),
                    "{}",
                    case["id"]
                );
            }
            (Populated::Dropped, None) => {
                assert!(labels(&case["labels"]).is_empty(), "{}", case["id"]);
            }
            (Populated::Refused(_), Some(_)) => {}
            (got, want) => panic!("{}: {got:?}, not {want:?}", case["id"]),
        }
    }
    assert!(run > 0);
}

fn settings_of(json: &Value) -> ScrapeSettings {
    let mut settings = ScrapeSettings::new(json["job_name"].as_str().unwrap_or_default());
    let nanos = |name: &str| std::time::Duration::from_nanos(json[name].as_u64().unwrap());
    settings.interval = nanos("scrape_interval_ns");
    settings.timeout = nanos("scrape_timeout_ns");
    settings.path = json["metrics_path"].as_str().unwrap().to_owned();
    settings.scheme = if json["scheme"] == "https" {
        Scheme::Https
    } else {
        Scheme::Http
    };
    if let Some(params) = json["params"].as_object() {
        for (name, values) in params {
            let values = values.as_array().unwrap().iter();
            let values = values.map(|v| v.as_str().unwrap().to_owned()).collect();
            settings.params.push((name.clone(), values));
        }
    }
    for rule in json["relabel_configs"].as_array().into_iter().flatten() {
        settings.relabel.push(rule_of(rule));
    }
    settings
}

fn rule_of(json: &Value) -> binnacle_model::relabel::RelabelRule {
    let text = |name: &str| json[name].as_str().map(str::to_owned);
    let defaults = RelabelConfig::default();
    let sources = json["SourceLabels"].as_array().into_iter().flatten();
    RelabelConfig {
        action: text("Action").unwrap_or(defaults.action.clone()),
        regex: text("Regex"),
        source_labels: sources.map(|v| v.as_str().unwrap().to_owned()).collect(),
        replacement: text("Replacement").unwrap_or(defaults.replacement.clone()),
        target_label: text("TargetLabel").unwrap_or(defaults.target_label.clone()),
        ..defaults
    }
    .resolve(NameScheme::Utf8)
    .unwrap()
}

#[test]
fn targets_without_an_address_are_refused() {
    let Some(cases) = cases("scrape_labelkeep_targets.json") else {
        return;
    };
    for case in &cases {
        let mut settings = ScrapeSettings::new("job1");
        let text = case["config"].as_str().unwrap();
        if let Some((_, action)) = text.split_once("action: ") {
            let regex = text
                .split_once("regex: '")
                .unwrap()
                .1
                .split_once('\'')
                .unwrap()
                .0;
            let config = RelabelConfig {
                action: action.lines().next().unwrap().trim().to_owned(),
                regex: Some(regex.to_owned()),
                ..RelabelConfig::default()
            };
            settings
                .relabel
                .push(config.resolve(NameScheme::Utf8).unwrap());
        }
        let discovered: LabelsBuilder =
            discovered_labels(&settings, &labels(&case["targets"][0]), &Labels::empty());
        let dropped = !matches!(populate(&settings, discovered), Populated::Active(_));
        assert_eq!(
            dropped,
            case["dropped"].as_bool().unwrap(),
            "{}",
            case["id"]
        );
    }
}
