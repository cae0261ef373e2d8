//! Rules over lines: evaluated in the same groups as those over metrics, with their alerts
//! and series where all others are.

use serde_json::{Value, json};

use crate::logs::{now_ns, push};
use crate::server::{QUIET, Server, binnacle, client, escape, eventually, get, runtime};

const RULES: &str = r#"
groups:
- name: shop
  interval: 200ms
  rules:
  - record: shop:errors:count5m
    expr: sum by (app) (count_over_time({app="shop"} |= "error" [5m]))
    labels: {team: checkout}
  - alert: ManyErrors
    expr: sum by (app) (count_over_time({app="shop"} |= "error" [5m])) > 2
    for: 200ms
    labels: {severity: critical}
    annotations:
      summary: '{{ $labels.app }} logged {{ $value }} errors'
"#;

/// One group in the configuration itself: what can only be LogQL is known as such, and
/// reads beside PromQL.
const MIXED: &str = r#"rules:
  builtin: false
  groups:
  - name: mixed
    interval: 200ms
    rules:
    - record: lines:rate
      expr: sum(rate({app="shop"} |~ "err.*" [5m]))
    - record: lines:rate:doubled
      expr: lines:rate * 2
"#;

fn ask(server: &Server, path: &str) -> (u16, String) {
    get(&format!("http://{}{path}", server.address()))
}

fn vector(server: &Server, query: &str) -> Vec<Value> {
    let (status, answer) = server.json(&format!("/api/v1/query?query={}", escape(query)));
    assert_eq!(status, 200, "{answer}");
    answer["data"]["result"]
        .as_array()
        .expect("a vector")
        .clone()
}

#[test]
fn rules_over_lines_record_and_alert() {
    let config = format!("{QUIET}{MIXED}logs:\n  rule_files: [logs.yml]\n");
    let server = Server::start_with(&config, &[("logs.yml", RULES)]);
    let t = now_ns();
    let lines: Vec<Value> = (0..4)
        .map(|n| json!([(t - n * 1_000_000_000).to_string(), format!("error {n}")]))
        .collect();
    push(&server, &json!({"app": "shop"}), &json!(lines));

    eventually("the series is recorded", || {
        let found = vector(&server, "shop:errors:count5m");
        found.first().is_some_and(|s| {
            s["metric"]["app"] == "shop"
                && s["metric"]["team"] == "checkout"
                && s["value"][1] == "4"
        })
    });
    eventually(
        "a rule over metrics reads what one over lines recorded",
        || !vector(&server, "lines:rate:doubled > 0").is_empty(),
    );
    eventually("the alert fires", || {
        let alerts = vector(
            &server,
            "ALERTS{alertname=\"ManyErrors\",alertstate=\"firing\"}",
        );
        alerts.len() == 1
    });
    let (_, told) = server.json("/api/v2/alerts");
    let told = &told.as_array().expect("alerts")[0];
    assert_eq!(told["annotations"]["summary"], "shop logged 4 errors");
    // As the language prints it, comparisons in brackets.
    let url = told["generatorURL"].as_str().expect("a URL");
    let expr = r#"(sum by (app) (count_over_time({app="shop"} |= "error"[5m])) > 2)"#;
    let want = format!("/logs?q={}", escape(expr));
    assert!(url.ends_with(&want), "{url}\n{want}");

    // Loki's own addresses show these and no others.
    let (status, rules) = server.json("/prometheus/api/v1/rules");
    assert_eq!(status, 200);
    let names: Vec<&str> = rules["data"]["groups"]
        .as_array()
        .expect("groups")
        .iter()
        .flat_map(|g| g["rules"].as_array().expect("rules"))
        .map(|r| r["name"].as_str().expect("a name"))
        .collect();
    assert_eq!(names, ["lines:rate", "shop:errors:count5m", "ManyErrors"]);
    let (status, yaml) = ask(&server, "/loki/api/v1/rules/logs.yml/shop");
    assert_eq!(status, 200);
    for want in [
        "name: \"shop\"",
        "alert: \"ManyErrors\"",
        "record: \"shop:errors:count5m\"",
    ] {
        assert!(yaml.contains(want), "{yaml}");
    }
    let (status, _) = ask(&server, "/loki/api/v1/rules/none");
    assert_eq!(status, 404);
}

#[test]
fn a_rule_over_lines_that_is_none_is_told_with_its_place() {
    let check = |expr: &str, want: &str| {
        let rules = format!(
            "groups:\n- name: a\n  language: logql\n  rules:\n  - record: b\n    expr: '{expr}'\n"
        );
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("rules.yml");
        std::fs::write(&path, rules).expect("write");
        let out = std::process::Command::new(env!("CARGO_BIN_EXE_binnacle"))
            .args(["check", path.to_str().expect("UTF-8")])
            .output()
            .expect("run");
        let text = String::from_utf8_lossy(&[out.stdout, out.stderr].concat()).into_owned();
        assert_eq!(out.status.success(), want.is_empty(), "{text}");
        assert!(text.contains(want), "{text}");
    };
    check("sum(rate({app=\"a\"} | json | status >= 500 [5m]))", "");
    check(
        "{app=\"a\"} |= \"x\"",
        "rules.yml:6:12: group \"a\", rule 1, \"b\": could not parse expression: a rule needs numbers",
    );
    check("sum(rate({app=\"a\"} |= [5m]))", "rules.yml:6:");
    check("up == 0", "rules.yml:6:");
}

/// What rules over lines would have done is found in the lines that are stored, by the API
/// and by the command line, and a rule over metrics reads what they would have recorded.
#[test]
fn rules_over_lines_are_replayed() {
    const NEW: &str = r#"
groups:
- name: new
  interval: 1m
  rules:
  - record: shop:errors:count5m
    expr: sum by (app) (count_over_time({app="shop"} |= "error" [5m]))
  - alert: ManyErrors
    expr: sum by (app) (count_over_time({app="shop"} |= "error" [5m])) > 20
    for: 5m
    annotations: {summary: '{{ $labels.app }}: {{ $value }}'}
  - alert: Reader
    expr: shop:errors:count5m >= 30
"#;
    let server = Server::start(QUIET);
    let minute_ns = 60_000_000_000_i64;
    let start_ns = (now_ns() / minute_ns - 60) * minute_ns;
    // One each ten seconds, from the tenth to the twentieth minute.
    let lines: Vec<Value> = (0..61)
        .map(|n| start_ns + 10 * minute_ns + n * 10_000_000_000)
        .map(|t_ns| json!([t_ns.to_string(), "error"]))
        .collect();
    let (status, told) = push(&server, &json!({"app": "shop"}), &json!(lines));
    assert_eq!(status, 204, "{told}");

    let second = |minute: i64| (start_ns + minute * minute_ns) / 1_000_000_000;
    let (start, end) = (second(0).to_string(), second(60).to_string());
    let by_api = runtime(async {
        let answer = client()
            .post(server.url("/api/binnacle/v1/rules/replay"))
            .header("content-type", "application/json")
            .body(json!({"rules": NEW, "start": start, "end": end}).to_string())
            .send()
            .await
            .expect("an answer");
        assert_eq!(answer.status(), 200);
        let text = answer.text().await.expect("a body");
        serde_json::from_str::<Value>(&text).expect("JSON")["data"].clone()
    });
    std::fs::write(server.directory().join("new.yml"), NEW).expect("write");
    let out = binnacle()
        .args(["rules", "replay"])
        .arg(server.directory().join("new.yml"))
        .args(["--start", &start, "--end", &end, "--json", "--url"])
        .arg(server.url(""))
        .output()
        .expect("run");
    let by_command: Value = serde_json::from_slice(&out.stdout)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&out.stderr)));
    for replay in [by_api, by_command] {
        assert_eq!(replay["errors"], json!([]), "{replay:#}");
        assert_eq!(
            replay["recorded"],
            json!([{"rule": "shop:errors:count5m", "series": 1, "samples": 15}])
        );
        let alerts: Vec<String> = replay["alerts"]
            .as_array()
            .expect("alerts")
            .iter()
            .map(|a| {
                // Minutes since the start, of 2026-12-01T09:15:00Z.
                let minute = |key: &str| {
                    let time = a[key].as_str().expect("a time");
                    let number = |at: usize| time[at..at + 2].parse::<i64>().expect("a number");
                    (number(11) * 60 + number(14) - second(0) / 60).rem_euclid(24 * 60)
                };
                format!(
                    "{} {} {} {} {} {}",
                    a["rule"],
                    minute("pendingAt"),
                    minute("firingAt"),
                    minute("endedAt"),
                    a["valueMax"],
                    a["summary"]
                )
            })
            .collect();
        assert_eq!(
            alerts,
            [
                "\"ManyErrors\" 14 19 22 30.0 \"shop: 30\"",
                "\"Reader\" 15 15 21 30.0 \"\"",
            ]
        );
    }
}
