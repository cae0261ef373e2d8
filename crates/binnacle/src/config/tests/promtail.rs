//! Promtail's stages against the tables of its own tests.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use binnacle_collect::stages::{Entry, Extracted, Pipeline, StageMetrics, StageSettings, TENANT};
use binnacle_config::reader::{Context, read_file};
use binnacle_config::yaml;
use serde_json::{Map, Value, json};

use crate::config::promtail::stages;

/// A time that is long after all that is given.
const NOW_NS: i64 = 1_796_000_000_000_000_000;

fn suite(name: &str) -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/conformance/extracted/loki")
        .join(format!("promtail_{name}.json"));
    let Ok(text) = std::fs::read_to_string(path) else {
        println!("skipped: no conformance data");
        return Vec::new();
    };
    let mut file: Value = serde_json::from_str(&text).expect("JSON");
    file["cases"]
        .as_array_mut()
        .map(std::mem::take)
        .expect("cases")
}

/// The stages of a text, or what is wrong with it.
fn read(text: &str) -> Result<Vec<StageSettings>, String> {
    let file = Path::new("promtail.yaml");
    let root = yaml::parse(file, text).map_err(|e| e.to_string())?;
    let context = Context::new(file);
    let (stages, _) = read_file(&context, root.as_deref(), |r| {
        stages::read(r, "pipeline_stages")
    });
    let errors = context.take_errors();
    if errors.is_empty() {
        return Ok(stages);
    }
    Err(errors.iter().map(|e| format!("{e}\n")).collect())
}

fn snake(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

/// Settings whose names are those of Go's fields, as they stand in a file.
fn as_in_file(config: &Value) -> Value {
    match config {
        Value::Object(map) => {
            let named = map.iter().filter(|(_, v)| !v.is_null());
            let named = named.map(|(k, v)| (snake(k).replace("metric_type", "type"), v.clone()));
            Value::Object(named.collect())
        }
        other => other.clone(),
    }
}

/// A pipeline of one stage.
fn one(kind: &str, config: &Value) -> Result<Vec<StageSettings>, String> {
    read(&json!({"pipeline_stages": [{kind: config}]}).to_string())
}

fn pipeline(stages: &[StageSettings]) -> Pipeline {
    Pipeline::new(stages, &Arc::new(StageMetrics::default())).expect("they were checked")
}

fn labels(value: &Value) -> BTreeMap<String, String> {
    let map = value.as_object().cloned().unwrap_or_default();
    let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
    let name = |k: String| match k.as_str() {
        "util.ReservedLabelTenantID" => TENANT.to_owned(),
        _ => k,
    };
    map.into_iter().map(|(k, v)| (name(k), text(&v))).collect()
}

fn extracted(value: &Value) -> Vec<(String, Extracted)> {
    let map = value.as_object().cloned().unwrap_or_default();
    let of = |v: Value| match v {
        Value::Null => Extracted::Null,
        Value::Bool(v) => Extracted::Bool(v),
        Value::Number(v) => Extracted::Number(v.as_f64().unwrap_or(f64::NAN)),
        Value::String(text) => Extracted::Text(text),
        Value::Array(_) | Value::Object(_) => Extracted::Other,
    };
    map.into_iter().map(|(k, v)| (k, of(v))).collect()
}

fn time(value: &Value) -> Option<i64> {
    let offset = |v: &Value| Some(NOW_NS + v["now_offset_ns"].as_i64()?);
    value["$unix_ns"].as_i64().or_else(|| offset(value))
}

fn entry(line: &Value, labels_of: &Value, extracted_of: &Value, t: &Value) -> Entry {
    Entry {
        labels: labels(labels_of),
        t_ns: time(t).unwrap_or(NOW_NS),
        line: line.as_str().unwrap_or_default().as_bytes().to_vec(),
        extracted: extracted(extracted_of).into_iter().collect(),
        ..Entry::default()
    }
}

fn run(stages: &[StageSettings], entry: Entry) -> Vec<Entry> {
    let (mut pipeline, mut out) = (pipeline(stages), Vec::new());
    pipeline.run(entry, NOW_NS, &mut out);
    pipeline.flush(NOW_NS, &mut out);
    out
}

/// Runs a suite and prints how many of it pass; all must.
fn check(name: &str, mut passes: impl FnMut(&Value) -> Result<(), String>) {
    let cases = suite(name);
    let mut failures = Vec::new();
    for case in &cases {
        if let Err(why) = passes(case) {
            failures.push(format!("{} {}: {why}", case["id"], case["name"]));
        }
    }
    let passed = cases.len() - failures.len();
    println!("promtail_{name}: {passed} of {}", cases.len());
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[allow(clippy::needless_pass_by_value)] // reads better where it is called
fn same<T: PartialEq + std::fmt::Debug>(got: T, want: T) -> Result<(), String> {
    if got == want {
        return Ok(());
    }
    Err(format!("got {got:?}, want {want:?}"))
}

fn only(mut out: Vec<Entry>) -> Result<Entry, String> {
    match (out.pop(), out.len()) {
        (Some(entry), 0) => Ok(entry),
        (_, n) => Err(format!("{n} entries")),
    }
}

/// The extracted values but those that came from labels, by name.
fn shown(entry: &Entry) -> Vec<(String, Extracted)> {
    let mut all: Vec<_> = entry.extracted.clone().into_iter().collect();
    all.sort_by(|a, b| a.0.cmp(&b.0));
    all
}

fn want_extracted(value: &Value) -> Vec<(String, Extracted)> {
    let mut all = extracted(value);
    all.sort_by(|a, b| a.0.cmp(&b.0));
    all
}

/// Settings of one stage and what it extracts.
fn check_extract(name: &str, kind: &str) {
    check(name, |case| {
        let stages = one(kind, &case["config"])?;
        let out = run(
            &stages,
            entry(
                &case["entry"],
                &Value::Null,
                &case["extracted"],
                &Value::Null,
            ),
        );
        same(shown(&only(out)?), want_extracted(&case["expectedExtract"]))
    });
}

/// A text of stages and what they extract.
fn check_pipeline_extract(name: &str) {
    check(name, |case| {
        let stages = read(case["config"].as_str().unwrap_or_default())?;
        let out = run(
            &stages,
            entry(&case["entry"], &Value::Null, &Value::Null, &Value::Null),
        );
        same(shown(&only(out)?), want_extracted(&case["expectedExtract"]))
    });
}

#[test]
fn values_are_extracted() {
    check_extract("json", "json");
    check_extract("logfmt", "logfmt");
    check_extract("regex", "regex");
    check_pipeline_extract("json_pipeline");
    check_pipeline_extract("logfmt_pipeline");
    check_pipeline_extract("regex_pipeline");
    check("template", |case| {
        let stages = one("template", &as_in_file(&case["config"]))?;
        let given = entry(&Value::Null, &Value::Null, &case["extracted"], &Value::Null);
        same(
            shown(&only(run(&stages, given))?),
            want_extracted(&case["expectedExtracted"]),
        )
    });
    check("eventlogmessage", |case| {
        let stages = read(case["config"].as_str().unwrap_or_default())?;
        let key = case["sourcekey"].as_str().unwrap_or_default();
        let given = json!({key: case["msgdata"], "test": "existing value"});
        let given = entry(&Value::Null, &Value::Null, &given, &Value::Null);
        let mut got = shown(&only(run(&stages, given))?);
        got.retain(|(name, _)| name != key);
        same(got, want_extracted(&case["extractedValues"]))
    });
}

#[test]
fn lines_are_written_anew() {
    let config = |case: &Value| read(case["config"].as_str().unwrap_or_default());
    check("decolorize", |case| {
        let given = entry(&case["entry"], &Value::Null, &Value::Null, &Value::Null);
        let out = only(run(&config(case)?, given))?;
        same(
            String::from_utf8_lossy(&out.line).as_ref(),
            case["expectedEntry"].as_str().unwrap_or_default(),
        )
    });
    check("replace", |case| {
        let given = entry(&case["entry"], &Value::Null, &Value::Null, &Value::Null);
        let out = only(run(&config(case)?, given))?;
        same(
            String::from_utf8_lossy(&out.line).as_ref(),
            case["expectedEntry"].as_str().unwrap_or_default(),
        )?;
        same(shown(&out), want_extracted(&case["extracted"]))
    });
    check("output", |case| {
        let given = entry(&json!("x"), &Value::Null, &case["extracted"], &Value::Null);
        let out = only(run(&one("output", &as_in_file(&case["config"]))?, given))?;
        same(
            String::from_utf8_lossy(&out.line).as_ref(),
            case["expectedOutput"].as_str().unwrap_or_default(),
        )
    });
    check("pack", |case| {
        let given = &case["inputEntry"];
        let inner = &given["Entry"];
        let given = entry(
            &inner["Entry"]["Line"],
            &inner["Labels"],
            &given["Extracted"],
            &inner["Entry"]["Timestamp"],
        );
        let out = only(run(&one("pack", &as_in_file(&case["config"]))?, given))?;
        let want = &case["expectedEntry"]["Entry"];
        same(
            String::from_utf8_lossy(&out.line).as_ref(),
            want["Entry"]["Line"].as_str().unwrap_or_default(),
        )?;
        same(out.labels, labels(&want["Labels"]))?;
        match case["config"]["IngestTimestamp"].as_bool() {
            Some(true) => same(out.t_ns, NOW_NS),
            _ => same(Some(out.t_ns), time(&want["Entry"]["Timestamp"])),
        }
    });
}

#[test]
fn containers_lines_are_taken_apart() {
    for kind in ["docker", "cri"] {
        check(kind, |case| {
            let given = entry(&case["entry"], &case["labels"], &Value::Null, &case["t"]);
            let out = only(run(&one(kind, &Value::Null)?, given))?;
            same(
                String::from_utf8_lossy(&out.line).as_ref(),
                case["expectedEntry"].as_str().unwrap_or_default(),
            )?;
            same(Some(out.t_ns), time(&case["expectedT"]))?;
            same(out.labels, labels(&case["expectedLabels"]))
        });
    }
}

#[test]
fn labels_and_metadata_are_set() {
    let by_labels = |kind: &'static str| {
        move |case: &Value| {
            let given = entry(
                &Value::Null,
                &case["inputLabels"],
                &case["extractedData"],
                &Value::Null,
            );
            let out = only(run(&one(kind, &case["config"])?, given))?;
            same(out.labels, labels(&case["expectedLabels"]))
        }
    };
    check("labels", by_labels("labels"));
    check("labelallow", by_labels("labelallow"));
    check("labeldrop", by_labels("labeldrop"));
    check("static_labels", by_labels("static_labels"));
    check("structured_metadata", |case| {
        let stages = read(case["pipelineStagesYaml"].as_str().unwrap_or_default())?;
        let given = entry(
            &case["logLine"],
            &case["streamLabels"],
            &Value::Null,
            &Value::Null,
        );
        let out = only(run(&stages, given))?;
        let want = case["expectedStructuredMetadata"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
        let mut want: Vec<_> = want
            .iter()
            .map(|f| (text(&f["Name"]), text(&f["Value"])))
            .collect();
        let mut got = out.fields;
        got.sort();
        want.sort();
        same(got, want)?;
        same(out.labels, labels(&case["expectedLabels"]))
    });
    check("tenant", |case| {
        let given = entry(
            &Value::Null,
            &case["inputLabels"],
            &case["inputExtracted"],
            &Value::Null,
        );
        let out = only(run(&one("tenant", &as_in_file(&case["config"]))?, given))?;
        same(
            out.labels.get(TENANT).map(String::as_str),
            case["expectedTenant"].as_str(),
        )
    });
}

#[test]
fn lines_are_dropped() {
    check("drop", |case| {
        let stages = one("drop", &as_in_file(&case["config"]))?;
        let given = entry(
            &case["entry"],
            &case["labels"],
            &case["extracted"],
            &case["t"],
        );
        same(run(&stages, given).is_empty(), case["shouldDrop"] == true)
    });
    check("match", |case| {
        let action = case["action"].as_str().unwrap_or_default();
        let mut config = json!({"selector": case["selector"], "action": action});
        if action == "keep" {
            config["stages"] = json!([{"static_labels": {"ran": "yes"}}]);
        }
        let wants_error = case["wantErr"] == true;
        let stages = match one("match", &config) {
            Err(error) if !wants_error => return Err(error),
            Err(_) => return Ok(()),
            Ok(_) if wants_error => return Err("it was read".into()),
            Ok(stages) => stages,
        };
        let given = entry(&json!("foo"), &case["labels"], &Value::Null, &Value::Null);
        let out = run(&stages, given);
        same(out.is_empty(), case["shouldDrop"] == true)?;
        let ran = out.first().is_some_and(|e| e.labels.contains_key("ran"));
        same(ran, case["shouldRun"] == true)
    });
}

#[test]
fn times_are_read() {
    let of_text = |layout: &str, location: &Value, text: &str, now_ns: i64| {
        let mut config = json!({"source": "ts", "format": layout, "action_on_failure": "skip"});
        if let Some(name) = location["$tz"].as_str() {
            config["location"] = json!(name);
        }
        let stages = one("timestamp", &config)?;
        let given = entry(
            &Value::Null,
            &Value::Null,
            &json!({"ts": text}),
            &json!({"$unix_ns": 7}),
        );
        let mut out = Vec::new();
        pipeline(&stages).run(given, now_ns, &mut out);
        Ok::<_, String>(only(out)?.t_ns)
    };
    check("timestamp", |case| {
        let stages = one("timestamp", &as_in_file(&case["config"]))?;
        let given = entry(&Value::Null, &Value::Null, &case["extracted"], &Value::Null);
        let t_ns = only(run(&stages, given))?.t_ns;
        match case["expected"].get("$unresolved") {
            Some(_) => same(t_ns != NOW_NS, true),
            None => same(Some(t_ns), time(&case["expected"])),
        }
    });
    check("date_layouts", |case| {
        let text = case["timestamp"].as_str().unwrap_or_default();
        let layout = case["layout"].as_str().unwrap_or_default();
        let t_ns = of_text(layout, &case["location"], text, NOW_NS)?;
        match case["expected"].get("$unresolved") {
            Some(_) => same(t_ns > 7, true),
            None => same(Some(t_ns), time(&case["expected"])),
        }
    });
    check("date_without_year", |case| {
        let text = case["timestamp"].as_str().unwrap_or_default();
        let layout = case["layout"].as_str().unwrap_or_default();
        let now_ns = time(&case["now"]).unwrap_or(NOW_NS);
        let t_ns = of_text(layout, &case["location"], text, now_ns)?;
        match case["err"].is_null() {
            true => same(Some(t_ns), time(&case["expected"])),
            false => same(t_ns, 7),
        }
    });
    check("timestamp_failure", |case| {
        let stages = one("timestamp", &as_in_file(&case["config"]))?;
        let mut pipeline = pipeline(&stages);
        let mut out = Vec::new();
        for given in case["inputEntries"].as_array().into_iter().flatten() {
            let given = entry(
                &Value::Null,
                &given["labels"],
                &given["extracted"],
                &given["timestamp"],
            );
            pipeline.run(given, NOW_NS, &mut out);
        }
        let fudges = case["config"]["ActionOnFailure"] == "fudge";
        let mut last: BTreeMap<BTreeMap<String, String>, i64> = BTreeMap::new();
        let wants = case["expectedTimestamps"].as_array().into_iter().flatten();
        for (got, want) in out.iter().zip(wants) {
            if let Some(t_ns) = time(want) {
                same(got.t_ns, t_ns)?;
            }
            // A line without a time is a nanosecond behind the one before it.
            if !got.extracted.contains_key("time") && fudges {
                let before = last.get(&got.labels).copied().unwrap_or(0);
                same(got.t_ns, before + 1)?;
            }
            last.insert(got.labels.clone(), got.t_ns);
        }
        Ok(())
    });
}

#[test]
fn whole_pipelines_run() {
    check("pipeline", |case| {
        let stages = read(case["config"].as_str().unwrap_or_default())?;
        let given = entry(
            &case["entry"],
            &case["initialLabels"],
            &Value::Null,
            &case["t"],
        );
        let out = only(run(&stages, given))?;
        same(
            String::from_utf8_lossy(&out.line).as_ref(),
            case["expectedEntry"].as_str().unwrap_or_default(),
        )?;
        same(Some(out.t_ns), time(&case["expectedT"]))?;
        same(out.labels, labels(&case["expectedLabels"]))
    });
}

/// Settings that are wrong are refused with Promtail's words.
fn check_validate(name: &str, kind: &str) {
    check(name, |case| {
        let config = case
            .get("config")
            .or(case.get("cfg"))
            .unwrap_or(&Value::Null);
        let config = match config {
            Value::Object(map) if kind == "metrics" => Value::Object(
                map.iter()
                    .map(|(k, v)| (k.clone(), as_in_file(v)))
                    .collect::<Map<_, _>>(),
            ),
            other => as_in_file(other),
        };
        let config = Value::String(
            config
                .to_string()
                .replace("idle_duration", "max_idle_duration"),
        );
        let config: Value =
            serde_json::from_str(config.as_str().unwrap_or_default()).expect("JSON");
        let err = ["err", "wantErr", "expectedErr"]
            .iter()
            .find_map(|k| case.get(*k))
            .unwrap_or(&Value::Null);
        let want = err["$error"].as_str().or(err.as_str());
        let wants_any = *err == true;
        match (one(kind, &config), want) {
            (Ok(_), None) if !wants_any => Ok(()),
            (Err(_), None) if wants_any => Ok(()),
            (Ok(_), _) => Err("it was read".into()),
            (Err(got), Some(want)) if got.contains(want) => Ok(()),
            (Err(got), want) => Err(format!("got {got}, want {want:?}")),
        }
    });
}

#[test]
fn wrong_settings_are_refused_in_the_same_words() {
    check_validate("drop_validate", "drop");
    check_validate("json_validate", "json");
    check_validate("labels_validate", "labels");
    check_validate("logfmt_validate", "logfmt");
    check_validate("match_validate", "match");
    check_validate("metrics_validate", "metrics");
    check_validate("output_validate", "output");
    check_validate("regex_validate", "regex");
    check_validate("replace_validate", "replace");
    check_validate("template_validate", "template");
    check_validate("tenant_validate", "tenant");
    check_validate("timestamp_validate", "timestamp");
}

#[test]
fn the_example_of_the_docker_driver_is_read() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/conformance/loki/clients/cmd/docker-driver/pipeline-example.yaml");
    let Ok(text) = std::fs::read_to_string(path) else {
        println!("skipped: no conformance data");
        return;
    };
    let stages = read(&text).unwrap_or_else(|errors| panic!("{errors}"));
    let given = entry(&json!("lvl=warn x"), &json!({}), &json!({}), &Value::Null);
    let out = run(&stages, given);
    assert_eq!(out[0].labels.get("level").map(String::as_str), Some("warn"));
}

#[test]
fn every_stage_is_documented() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/user/promtail.md");
    let text = std::fs::read_to_string(path).expect("the documentation");
    for kind in stages::KINDS {
        assert!(text.contains(&format!("`{kind}`")), "{kind}");
    }
}

#[test]
fn databases_of_addresses_are_named_where_they_stand() {
    let check = |geoip: &str, want: &str| {
        let errors = read(&format!("pipeline_stages:\n- geoip: {geoip}\n")).expect_err("refused");
        assert!(errors.contains(want), "{errors}");
    };
    check("{source: ip, db_type: asn}", "db path cannot be empty");
    check("{db: /none.mmdb, db_type: asn}", "source cannot be empty");
    check(
        "{db: /none.mmdb, source: ip, db_type: moon}",
        "2:48: db type should be either city, country or asn",
    );
    check(
        "{db: /none.mmdb, source: ip, db_type: city}",
        "2:15: the database /none.mmdb cannot be read:",
    );
}
