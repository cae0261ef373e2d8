//! The HTTP API, answer by answer.

use std::collections::BTreeMap;

use binnacle_model::Labels;
use binnacle_wire::remote_write::Encoder;
use serde_json::{Value, json};

use crate::conformance::suite;
use crate::server::{QUIET, Server, client, escape, runtime};

/// The series of the conformance suite: `load 1m` with `0+100x100` and `1+0x100`.
fn load(server: &Server, script: &str) {
    let mut encoder = Encoder::default();
    for line in script
        .lines()
        .skip(1)
        .map(str::trim)
        .filter(|l| !l.is_empty())
    {
        let (metric, values) = line.rsplit_once(' ').expect("a series and its values");
        let labels: Labels = binnacle_promql::parse::parse_metric(metric).expect("a series");
        let (start, rest) = values.split_once('+').expect("start+step");
        let (step, count) = rest.split_once('x').expect("step x count");
        let number = |text: &str| -> f64 { text.parse().expect("a number") };
        let samples: Vec<(i64, f64)> = (0..=number(count) as i64)
            .map(|n| (n * 60_000, number(start) + number(step) * n as f64))
            .collect();
        encoder.push(&labels, &samples);
    }
    assert_eq!(server.push(encoder.finish().expect("encode")), Some(204));
}

/// Exemplars come in as they come from an agent: with remote write.
fn load_exemplars(server: &Server, setup: &Value) {
    use std::fmt::Write;
    let mut text = String::from("# TYPE x unknown\n");
    let mut of_series: BTreeMap<String, Vec<&Value>> = BTreeMap::new();
    for exemplar in setup.as_array().expect("exemplars") {
        let series = exemplar["series"].as_str().expect("a series");
        of_series
            .entry(series.to_owned())
            .or_default()
            .push(exemplar);
    }
    text.clear();
    for (series, exemplars) in of_series {
        for exemplar in exemplars {
            let id = exemplar["labels"]["id"].as_str().expect("an id");
            let t = &exemplar["t_seconds"];
            let value = &exemplar["value"];
            // A sample at the exemplar's own time carries it.
            let _ = writeln!(text, "{series} 1 {t} # {{id=\"{id}\"}} {value} {t}");
        }
    }
    text.push_str("# EOF\n");
    let (status, answer) = post(
        &server.url("/api/v1/import"),
        "application/openmetrics-text; version=1.0.0",
        text.into_bytes(),
    );
    assert_eq!(status, 200, "{answer}");
}

fn post(url: &str, content_type: &str, body: Vec<u8>) -> (u16, String) {
    runtime(async {
        let response = client()
            .post(url)
            .header("content-type", content_type)
            .body(body)
            .send()
            .await
            .expect("an answer");
        let status = response.status().as_u16();
        (status, response.text().await.expect("a text"))
    })
}

fn form(query: &Value) -> String {
    let mut pairs = Vec::new();
    for (name, values) in query.as_object().expect("an object") {
        for value in values.as_array().expect("a list") {
            pairs.push(format!(
                "{}={}",
                escape(name),
                escape(value.as_str().expect("a text"))
            ));
        }
    }
    pairs.join("&")
}

#[test]
fn answers_are_those_of_the_reference() {
    let Some(suite) = suite("prometheus/api_v1.json") else {
        return;
    };
    let server = Server::start(QUIET);
    load(&server, suite["fields"]["load"].as_str().expect("a script"));
    let mut wrong = Vec::new();
    let (mut run, mut elsewhere) = (0, 0);
    for case in suite["cases"].as_array().expect("cases") {
        let mut path = case["endpoint"].as_str().expect("an endpoint").to_owned();
        // Metadata come from a fixture in Go, and so do the rules that are shown.
        let shows_rules = !case["data"]["groups"].as_array().is_some_and(Vec::is_empty);
        if path.ends_with("/metadata")
            || path.ends_with("/alerts")
            || (path.ends_with("/rules") && case["error_type"].is_null() && shows_rules)
        {
            elsewhere += 1;
            continue;
        }
        if path.ends_with("/query_exemplars") {
            continue;
        }
        run += 1;
        if let Some(name) = case["path_params"]["name"].as_str() {
            path = path.replace("{name}", &escape(name));
        }
        let parameters = form(&case["query"]);
        let posts = !["/values", "/metadata", "/rules"]
            .iter()
            .any(|end| path.ends_with(end));
        let get = server.json(&format!("{path}?{parameters}"));
        wrong.extend(differs(case, &get));
        if posts {
            let (status, text) = post(
                &server.url(&path),
                "application/x-www-form-urlencoded",
                parameters.into_bytes(),
            );
            let json = serde_json::from_str(&text).expect("JSON");
            wrong.extend(differs(case, &(status, json)));
        }
    }
    println!("{run} cases run, {elsewhere} belong to fixtures or rooms that are not here");
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn exemplars_are_those_of_the_reference() {
    let Some(suite) = suite("prometheus/api_v1.json") else {
        return;
    };
    let server = Server::start(QUIET);
    load_exemplars(&server, &suite["fields"]["exemplars_setup"]);
    let mut wrong = Vec::new();
    for case in suite["cases"].as_array().expect("cases") {
        if case["endpoint"] == "/api/v1/query_exemplars" {
            let path = format!("/api/v1/query_exemplars?{}", form(&case["query"]));
            wrong.extend(differs(case, &server.json(&path)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What is wrong with an answer, if anything.
fn differs(case: &Value, (status, json): &(u16, Value)) -> Option<String> {
    let complain = |what: &str| {
        Some(format!(
            "{} {what}\n  case {case}\n  got  {json}",
            case["id"]
        ))
    };
    if let Some(kind) = case["error_type"].as_str() {
        if json["errorType"] != kind || json["status"] != "error" || *status == 200 {
            return complain("should be refused");
        }
        return None;
    }
    if *status != 200 || json["status"] != "success" {
        return complain("should succeed");
    }
    let warnings = json["warnings"].as_array().map_or(0, Vec::len);
    if case["warnings"].as_u64() != Some(warnings as u64) {
        return complain("has other warnings");
    }
    if let Some(length) = case["data_length"].as_u64() {
        let data = &json["data"];
        let found = data
            .as_array()
            .map_or(0, Vec::len)
            .max(data.as_object().map_or(0, |o| o.len()));
        return (length != found as u64)
            .then(|| complain("has another length"))
            .flatten();
    }
    if !case["data"].is_null() && !same(&case["data"], &json["data"]) {
        return complain("has other data");
    }
    None
}

/// Equality that takes 0 and 0.0 for the same number.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(k, a)| b.get(k).is_some_and(|b| same(a, b)))
        }
        _ => a == b,
    }
}

#[test]
fn errors_have_prometheus_status_codes() {
    let server = Server::start(QUIET);
    let check = |path: &str, status: u16, kind: &str| {
        let (got, json) = server.json(path);
        assert_eq!(
            (got, json["errorType"].as_str()),
            (status, Some(kind)),
            "{path}: {json}"
        );
    };
    check("/api/v1/query?query=up{", 400, "bad_data");
    check("/api/v1/query?query=1&time=yesterday", 400, "bad_data");
    check(
        "/api/v1/query_range?query=up&start=0&end=100000000&step=1",
        400,
        "bad_data",
    );
    check("/api/v1/series", 400, "bad_data");
    check("/api/v1/query?query=up&timeout=x", 400, "bad_data");
    assert_eq!(crate::server::get(&server.url("/api/v1/nothing")).0, 404);
}

#[test]
fn a_syntax_error_says_where() {
    let server = Server::start(QUIET);
    let (_, json) = server.json(&format!(
        "/api/v1/query?query={}",
        escape("sum(\n  up{job=}\n)")
    ));
    let message = json["error"].as_str().expect("a message");
    assert!(message.contains("2:"), "{message}");
}

#[test]
fn a_query_over_its_limit_names_the_limit() {
    let config = format!("{QUIET}query:\n  samples_max: 50\n");
    let server = Server::start(&config);
    load(&server, "load 1m\n a{x=\"1\"} 0+1x100");
    let (status, json) = server.json("/api/v1/query?query=a[2h]&time=6000");
    assert_eq!(status, 422, "{json}");
    assert!(
        json["error"].as_str().is_some_and(|e| e.contains("50")),
        "{json}"
    );
}

#[test]
fn what_is_deleted_is_gone_and_stays_gone() {
    let mut server = Server::start(QUIET);
    load(&server, "load 1m\n a{x=\"1\"} 0+1x10\n a{x=\"2\"} 0+1x10");
    let delete = |path: &str| {
        let (status, text) = post(
            &server.url(path),
            "application/x-www-form-urlencoded",
            b"match[]=a{x=\"1\"}".to_vec(),
        );
        assert_eq!((status, text.as_str()), (204, ""));
    };
    delete("/api/v1/admin/tsdb/delete_series");
    assert_eq!(server.value("count(a)", 600.0), Some(1.0));
    delete("/api/v1/admin/tsdb/clean_tombstones");
    server.crash_and_restart();
    assert_eq!(server.value("count(a)", 600.0), Some(1.0));
    assert_eq!(server.value("a", 600.0), Some(10.0));
}

#[test]
fn a_snapshot_is_a_data_directory() {
    let server = Server::start(QUIET);
    load(&server, "load 1m\n a{x=\"1\"} 0+1x10");
    let (status, text) = post(
        &server.url("/api/v1/admin/tsdb/snapshot"),
        "text/plain",
        Vec::new(),
    );
    assert_eq!(status, 200, "{text}");
    let json: Value = serde_json::from_str(&text).expect("JSON");
    let name = json["data"]["name"].as_str().expect("a name");
    let from = server.directory().join("data/snapshots").join(name);
    let other = Server::start_from(QUIET, &from);
    assert_eq!(other.value("a", 600.0), Some(10.0));
}

#[test]
fn status_pages_answer() {
    let server = Server::start(QUIET);
    load(&server, "load 1m\n a{x=\"1\"} 0+1x10");
    let tsdb = server.data("/api/v1/status/tsdb");
    assert_eq!(tsdb["headStats"]["numSeries"], 1);
    assert_eq!(
        tsdb["seriesCountByMetricName"][0],
        json!({"name": "a", "value": 1})
    );
    assert_eq!(server.data("/api/v1/status/walreplay")["state"], "done");
    assert!(server.data("/api/v1/status/config")["yaml"].is_string());
    assert!(server.data("/api/v1/status/flags").is_object());
    assert_eq!(
        server.data("/api/v1/status/runtimeinfo")["reloadConfigSuccess"],
        true
    );
    assert!(server.data("/api/v1/status/buildinfo")["version"].is_string());
    assert_eq!(server.data("/api/v1/format_query?query=a%2Bb"), "a + b");
    assert_eq!(
        server.data("/api/v1/parse_query?query=a")["type"],
        "vectorSelector"
    );
}

#[test]
fn a_running_query_is_listed_and_killed() {
    let server = Server::start(&format!("{QUIET}query:\n  timeout: 1m\n"));
    // 40 million steps: longer than it takes to list and kill it.
    let slow = escape("max_over_time((vector(1) + vector(1))[40000000s:1s])");
    let url = server.url(&format!("/api/v1/query?query={slow}"));
    let asked = std::thread::spawn(move || crate::server::get(&url));
    let mut id = String::new();
    crate::server::eventually("the query is listed", || {
        let running = server.data("/api/binnacle/v1/queries")["running"].clone();
        id = running[0]["id"].as_str().unwrap_or_default().to_owned();
        !id.is_empty()
    });
    let kill = server.url(&format!("/api/binnacle/v1/queries/{id}"));
    let status = runtime(async {
        client()
            .delete(&kill)
            .send()
            .await
            .map(|r| r.status().as_u16())
    });
    assert_eq!(status.expect("an answer"), 204);
    let (status, text) = asked.join().expect("the asker");
    assert_eq!(status, 499, "{text}");
    assert!(text.contains("canceled"), "{text}");
    let gone = runtime(async {
        client()
            .delete(&kill)
            .send()
            .await
            .map(|r| r.status().as_u16())
    });
    assert_eq!(gone.expect("an answer"), 404);
}

#[test]
fn statistics_tell_the_cost_of_a_query() {
    let server = Server::start(QUIET);
    load(&server, "load 1m\n a{x=\"1\"} 0+1x10");
    let data = server.data("/api/v1/query?query=sum_over_time(a[5m])&time=600&stats=all");
    let stats = &data["stats"];
    assert_eq!(stats["samples"]["totalQueryableSamples"], 5);
    assert_eq!(
        stats["samples"]["totalQueryableSamplesPerStep"],
        json!([[600, 5]])
    );
    for timing in ["queryPreparationTime", "innerEvalTime", "execTotalTime"] {
        assert!(
            stats["timings"][timing].as_f64().is_some_and(|s| s > 0.0),
            "{timing}: {stats}"
        );
    }
}
