//! Levels, services and further fields, against Loki's cases and our own.

use std::path::PathBuf;

use binnacle_guard::{
    EnrichmentSettings, GenericField, GuardSettings, Level, LevelDetector, detect_generic,
};
use binnacle_model::event::FieldValue;
use serde_json::Value;

use crate::support::{NOW_NS, batch, stand};

fn suite(name: &str) -> Option<Vec<Value>> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/conformance/extracted/loki")
        .join(name);
    let Ok(text) = std::fs::read_to_string(path) else {
        println!("skipped: no conformance data");
        return None;
    };
    let mut suite: Value = serde_json::from_str(&text).expect("JSON");
    let Value::Array(cases) = suite["cases"].take() else {
        panic!("{name} has no cases");
    };
    assert!(!cases.is_empty());
    Some(cases)
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|&n| n.to_owned()).collect()
}

/// The level of a row through the whole guard.
fn level_of(fields: Vec<String>, line: &str, metadata: &[(&str, &str)]) -> String {
    let enrichment = EnrichmentSettings {
        level_fields: fields,
        ..EnrichmentSettings::default()
    };
    let stand = stand(GuardSettings {
        enrichment,
        ..GuardSettings::default()
    });
    let mut batch = batch(&[("env", "prod")], &[line.as_bytes()]);
    for (name, value) in metadata {
        batch.push_field(name, FieldValue::Text(value.as_bytes()));
    }
    stand.push(batch);
    let fields = stand.rows().remove(0).2;
    let at = fields.find("detected_level=").expect("it is always there");
    fields[at + "detected_level=".len()..].to_owned()
}

fn run_levels(name: &str, fields: &[String]) {
    for case in suite(name).unwrap_or_default() {
        let metadata: Vec<(&str, &str)> = case["structured_metadata"]
            .as_object()
            .expect("an object")
            .iter()
            .map(|(n, v)| (n.as_str(), v.as_str().expect("text")))
            .collect();
        let line = case["line"].as_str().expect("text");
        let got = level_of(fields.to_vec(), line, &metadata);
        assert_eq!(got, case["level"].as_str().expect("text"), "{}", case["id"]);
    }
}

#[test]
fn levels_of_loki() {
    run_levels(
        "detect_level.json",
        &EnrichmentSettings::default().level_fields,
    );
    let custom = owned(&["log_level", "logging_level", "LOGGINGLVL", "lvl"]);
    run_levels("detect_level_custom_fields.json", &custom);
}

#[test]
fn generic_fields_of_loki() {
    let fields = [
        GenericField {
            name: "trace_id".to_owned(),
            hints: owned(&["trace_id"]),
        },
        GenericField {
            name: "org_id".to_owned(),
            hints: owned(&["org_id", "user_id", "tenant_id"]),
        },
    ];
    for case in suite("detect_generic_fields.json").unwrap_or_default() {
        let pair = |v: &Value| {
            let text = |k: &str| v[k].as_str().expect("text").to_owned();
            (text("Name"), text("Value"))
        };
        let pairs = |v: &Value| v.as_array().map(|a| a.iter().map(pair).collect::<Vec<_>>());
        let metadata = pairs(&case["entry"]["StructuredMetadata"]).unwrap_or_default();
        let labels: Vec<(String, String)> = case["labels"]
            .as_object()
            .expect("an object")
            .iter()
            .map(|(n, v)| (n.clone(), v.as_str().expect("text").to_owned()))
            .collect();
        let got: Vec<(String, String)> = fields
            .iter()
            .filter_map(|field| {
                let value = detect_generic(
                    field,
                    &labels.iter().map(|(n, v)| (n.as_str(), v.as_str())),
                    &metadata
                        .iter()
                        .map(|(n, v)| (n.as_str(), FieldValue::Text(v.as_bytes()))),
                    case["entry"]["Line"].as_str().expect("text").as_bytes(),
                )?;
                Some((field.name.clone(), String::from_utf8(value).expect("UTF-8")))
            })
            .collect();
        let want = pairs(&case["expected"]).unwrap_or_default();
        assert_eq!(got, want, "{}", case["id"]);
    }
}

#[test]
fn levels_of_lines() {
    let settings = EnrichmentSettings::default();
    let detector = LevelDetector::new(settings.level_fields, settings.level_json_depth_max);
    let check = |line: &str, want: Level| {
        assert_eq!(detector.of_line(line.as_bytes()), want, "{line:?}");
    };
    check("", Level::Unknown);
    check("an error, for your info", Level::Info);
    check("WARN and ERROR", Level::Error);
    check("Warning", Level::Unknown);
    check("FATAL: it is over", Level::Fatal);
    check(r#"  {"a":{"level":"warn"}}  "#, Level::Warn);
    check(r#"{"a":{"b":{"level":"fatal","x":"warn"}}}"#, Level::Warn);
    check(r#"{"a":{"b":{"level":"fatal"}},"x":"debug"}"#, Level::Debug);
    check(
        r#"{"a":"\"level\":\"fatal\"","level":"trace"}"#,
        Level::Trace,
    );
    check(r#"{"level":30,"msg":"info"}"#, Level::Info);
    check(r#"{"a":[{"level":"fatal"}],"level":"err"}"#, Level::Error);
    check(r#"{"level":"fatal"#, Level::Fatal);
    check("ts=1 lvl=dbg level=err", Level::Error);
    check("ts=1 lvl=dbg", Level::Debug);
    check("a=\"x level=fatal\" severity=wrn", Level::Warn);
    check("a=b level=\"critical\"", Level::Critical);
    check("a=b level=", Level::Unknown);
    check("lvl=warn a=\"unended", Level::Warn);
    check("sublevel=error", Level::Error);
    check("sublevel=xx", Level::Unknown);
}

#[test]
fn labels_and_fields_come_before_lines() {
    let stand = stand(GuardSettings::default());
    stand.push(batch(&[("level", "WARNING")], &[b"an error"]));
    stand.push(batch(&[("level", "notice")], &[b"an error"]));
    let mut rows = batch(&[("app", "a")], &[b"an error"]);
    rows.push_field("severity_number", FieldValue::Int(9));
    rows.push_row(NOW_NS, b"an error");
    rows.push_field("severity", FieldValue::Text(b"Dbg"));
    rows.push_field("severity_number", FieldValue::Int(9));
    rows.push_row(NOW_NS, b"an error");
    rows.push_field("detected_level", FieldValue::Text(b"WRN"));
    rows.push_row(NOW_NS, b"an error");
    rows.push_field("severity_number", FieldValue::Text(b"x"));
    stand.push(rows);
    let fields: Vec<String> = stand.rows().into_iter().map(|r| r.2).collect();
    assert_eq!(
        fields,
        [
            "detected_level=warn",
            "detected_level=notice",
            "severity_number=9 detected_level=info",
            "severity=Dbg severity_number=9 detected_level=debug",
            "detected_level=warn",
            "severity_number=x detected_level=info",
        ]
    );
}

#[test]
fn services() {
    let stand = stand(GuardSettings::default());
    stand.push(batch(&[("job", "j"), ("container", "c")], &[b"x"]));
    stand.push(batch(&[("env", "e")], &[b"x"]));
    stand.push(batch(&[("service_name", "own"), ("app", "a")], &[b"x"]));
    stand.push(batch(&[], &[b"x"]));
    let labels: Vec<String> = stand.rows().into_iter().map(|r| r.0).collect();
    assert_eq!(
        labels,
        [
            r#"{container="c", job="j", service_name="c"}"#,
            r#"{env="e", service_name="unknown_service"}"#,
            r#"{app="a", service_name="own"}"#,
            r#"{service_name="unknown_service"}"#,
        ]
    );
}

#[test]
fn further_fields_are_added_once() {
    let enrichment = EnrichmentSettings {
        generic_fields: vec![
            GenericField {
                name: "none".to_owned(),
                hints: owned(&["nowhere"]),
            },
            GenericField {
                name: "trace".to_owned(),
                hints: owned(&["trace_id", "ctx.trace"]),
            },
        ],
        detect_level: false,
        ..EnrichmentSettings::default()
    };
    let stand = stand(GuardSettings {
        enrichment,
        ..GuardSettings::default()
    });
    let mut rows = batch(
        &[("app", "a")],
        &[b"trace_id=7", br#"{"ctx":{"trace":"8"}}"#, b"x"],
    );
    rows.push_row(NOW_NS, b"trace_id=9");
    rows.push_field("trace", FieldValue::Int(1));
    stand.push(rows);
    let fields: Vec<String> = stand.rows().into_iter().map(|r| r.2).collect();
    assert_eq!(fields, ["trace=7", "trace=8", "", "trace=1"]);
}
