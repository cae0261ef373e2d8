//! promtool's unit-test files.

use std::path::Path;

use binnacle_rules::unit_test::{FileReport, Options, run_file};
use regex::Regex;
use serde_json::Value;

use super::conformance::{cases, folder, suite};

async fn run(path: &Path, options: &Options) -> FileReport {
    run_file(path, options).await
}

#[tokio::test]
async fn promtools_own_files() {
    let (Some(folder), Some(suite)) = (folder(), suite("prometheus/promtool_unittest")) else {
        return;
    };
    let mut wrong = Vec::new();
    for case in cases(&suite) {
        let patterns: Vec<&str> = case["run"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        let options = Options {
            run: (!patterns.is_empty()).then(|| Regex::new(&patterns.join("|")).expect("a regex")),
            ignore_unknown_fields: case["ignore_unknown_fields"] == true,
            ..Options::default()
        };
        let mut passed = true;
        let mut printed = String::new();
        for file in case["files"].as_array().into_iter().flatten() {
            let file = file.as_str().unwrap_or_default().trim_start_matches("./");
            let report = run(&folder.join("prometheus/cmd/promtool").join(file), &options).await;
            passed &= report.passed();
            printed += &report.to_string();
        }
        if passed != (case["exit_code"] == 0) {
            wrong.push(format!("{}: {}", case["id"], printed));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(cases(&suite).len() >= 10);
}

#[tokio::test]
async fn kubernetes_mixin() {
    let Some(folder) = folder() else {
        return;
    };
    let mut files: Vec<_> = std::fs::read_dir(folder.join("kubernetes-mixin/tests"))
        .expect("a folder that was there")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    files.sort();
    assert!(!files.is_empty());
    for file in files {
        let report = run(&file, &Options::default()).await;
        assert!(report.passed(), "{report}");
        assert!(!report.cases.is_empty(), "{report}");
    }
}

const RULES: &str = r#"
groups:
- name: g
  rules:
  - record: job:up:sum
    expr: sum by (job) (up)
  - alert: Down
    expr: job:up:sum < 2
    for: 2m
    labels:
      severity: page
    annotations:
      summary: "{{ $labels.job }} has {{ $value }} in {{ $externalLabels.region }} ({{ $externalURL }})"
"#;

/// Runs the tests `tests` over [`RULES`].
async fn check(tests: &str, options: &Options) -> FileReport {
    let dir = tempfile::tempdir().expect("a folder");
    let file = |name: &str, text: &str| {
        let path = dir.path().join(name);
        std::fs::write(&path, text).expect("written");
        path
    };
    file("a.rules.yml", RULES);
    let text = format!("rule_files: ['*.rules.yml']\n{tests}");
    run(&file("test.yml", &text), options).await
}

#[tokio::test]
async fn what_is_expected_and_got_is_told() {
    let tests = r#"
tests:
- name: two
  interval: 1m
  external_labels: {region: eu}
  external_url: http://b
  start_timestamp: 2024-01-01T00:00:00Z
  input_series:
  - {series: 'up{job="a",instance="1"}', values: '1x9'}
  - {series: 'up{job="a",instance="2"}', values: '1 1 0x7'}
  alert_rule_test:
  - eval_time: 3m
    alertname: Down
  - eval_time: 4m
    alertname: Down
    exp_alerts:
    - exp_labels: {job: a, severity: page}
      exp_annotations: {summary: 'a has 1 in eu (http://b)'}
  promql_expr_test:
  - expr: job:up:sum
    eval_time: 1m30s
    exp_samples: [{labels: 'job:up:sum{job="a"}', value: 2}]
  - {expr: time(), eval_time: 0, exp_samples: [{value: 1704067200}]}
"#;
    let report = check(tests, &Options::default()).await;
    assert_eq!(
        report.to_string().lines().nth(1),
        Some("  SUCCESS"),
        "{report}"
    );

    let wrong = tests
        .replace("a has 1", "a has 2")
        .replace("value: 2}", "value: 3}");
    let report = check(&wrong, &Options::default()).await;
    assert_eq!(
        report.cases[0].failures,
        [
            "    name: two,\n    alertname: Down, time: 4m, \n        exp:[\n            0:\n              \
             Labels:{alertname=\"Down\", job=\"a\", severity=\"page\"}\n              \
             Annotations:{summary=\"a has 2 in eu (http://b)\"}\n            ], \n        got:[\n            0:\n              \
             Labels:{alertname=\"Down\", job=\"a\", severity=\"page\"}\n              \
             Annotations:{summary=\"a has 1 in eu (http://b)\"}\n            ]",
            "    expr: \"job:up:sum\", time: 1m30s,\n        exp: {__name__=\"job:up:sum\", job=\"a\"} 3\n        \
             got: {__name__=\"job:up:sum\", job=\"a\"} 2",
        ]
    );
    let diff = Options {
        diff: true,
        ..Options::default()
    };
    let report = check(&wrong, &diff).await;
    let lines: Vec<&str> = report.cases[0].failures[0].lines().collect();
    assert_eq!(
        lines[5],
        "        -   Annotations:{summary=\"a has 2 in eu (http://b)\"}"
    );
    assert_eq!(
        lines[6],
        "        +   Annotations:{summary=\"a has 1 in eu (http://b)\"}"
    );
}

#[tokio::test]
async fn mistakes_are_told() {
    let check = async |tests: &str, want: &str| {
        let report = check(tests, &Options::default()).await;
        assert!(!report.passed(), "{tests}");
        assert!(report.to_string().contains(want), "{report}");
    };
    check(
        "tests: [{alert_rule_test: [{eval_time: 1m}]}]",
        "misses required attribute alertname",
    )
    .await;
    check("test: []", "unknown field \"test\"").await;
    check(
        "group_eval_order: [g, g]",
        "group name repeated in evaluation order: g",
    )
    .await;
    check(
        "tests: [{input_series: [{series: 'up{', values: 1}]}]",
        "input series \"up{\"",
    )
    .await;
    check(
        "tests: [{promql_expr_test: [{expr: 'up[5m]', eval_time: 1m}]}]",
        "rule result is not a vector or scalar",
    )
    .await;
    check("tests: [{start_timestamp: soon}]", "\"soon\" is no time").await;
}

#[tokio::test]
async fn only_what_is_asked_for_runs() {
    let tests = "tests: [{name: one}, {name: two}, {name: three}]";
    let options = Options {
        run: Some(Regex::new("^t").expect("a regex")),
        ..Options::default()
    };
    let report = check(tests, &options).await;
    let names: Vec<&str> = report.cases.iter().map(|c| c.name.as_str()).collect();
    assert_eq!(names, ["two", "three"]);
}

/// Rules over lines and over metrics, and a rule over metrics that reads what one over lines
/// recorded, beside tests of both.
const OVER_LINES: &str = r#"
groups:
- name: lines
  language: logql
  rules:
  - record: shop:errors:count5m
    expr: sum by (app) (count_over_time({app="shop"} |= "error" [5m]))
  - alert: PaymentsFail
    expr: sum by (app, region) (count_over_time({app="shop"} | json | status >= 500 [2m])) > 2
    for: 1m
    labels: {severity: page}
    annotations: {summary: '{{ $labels.app }}: {{ $value }} payments failed'}
  - record: ahead
    expr: sum(count_over_time({app="shop"}[1m] offset -1m))
- name: metrics
  rules:
  - alert: ErrorsWhileUp
    expr: shop:errors:count5m > 1 and on (app) up == 1
"#;

const LINES: &str = r#"
rule_files: [a.rules.yml]
tests:
- name: lines
  interval: 1m
  start_timestamp: 2024-01-01T00:00:00Z
  input_series:
  - {series: 'up{app="shop"}', values: '1x10'}
  input_logs:
  - stream: '{app="shop", region="eu"}'
    lines:
    - {at: 30s, line: 'error: refused', structured_metadata: {trace_id: abc}}
    - {at: 2m10s, every: 20s, repeat: 6, line: '{"status": 503}'}
    - {at: 6m, repeat: 2, line: 'error: again'}
  - stream: '{app="other"}'
    lines: [{line: 'error: of another'}]
  alert_rule_test:
  - {eval_time: 2m, alertname: PaymentsFail}
  - {eval_time: 3m, alertname: PaymentsFail}
  - eval_time: 4m
    alertname: PaymentsFail
    exp_alerts:
    - exp_labels: {app: shop, region: eu, severity: page}
      exp_annotations: {summary: 'shop: 6 payments failed'}
  - {eval_time: 6m, alertname: PaymentsFail}
  - {eval_time: 6m, alertname: ErrorsWhileUp}
  - eval_time: 7m
    alertname: ErrorsWhileUp
    exp_alerts: [{exp_labels: {app: shop}}]
  promql_expr_test:
  - expr: shop:errors:count5m
    eval_time: 5m
    exp_samples: [{labels: 'shop:errors:count5m{app="shop"}', value: 1}]
  - {expr: ahead, eval_time: 6m}
  logql_expr_test:
  - expr: sum by (trace_id) (count_over_time({app="shop"} |= "error" [7m]))
    eval_time: 7m
    exp_samples:
    - {labels: '{}', value: 2}
    - {labels: '{trace_id="abc"}', value: 1}
  - expr: sum(count_over_time({app=~".+"}[5m]))
    eval_time: 20s
    exp_samples: [{labels: '{}', value: 1}]
  - {expr: 'vector(2) * 3', eval_time: 0, exp_samples: [{value: 6}]}
"#;

/// Runs `tests` over [`OVER_LINES`].
async fn check_lines(tests: &str) -> FileReport {
    let dir = tempfile::tempdir().expect("a folder");
    std::fs::write(dir.path().join("a.rules.yml"), OVER_LINES).expect("written");
    let path = dir.path().join("test.yml");
    std::fs::write(&path, tests).expect("written");
    run(&path, &Options::default()).await
}

#[tokio::test]
async fn rules_over_lines_are_tested_as_others() {
    let report = check_lines(LINES).await;
    assert!(report.passed(), "{report}");
    assert_eq!(report.cases.len(), 1);

    // Each of the expectations counts.
    let wrong = async |from: &str, to: &str, want: &str| {
        let tests = LINES.replacen(from, to, 1);
        assert_ne!(tests, LINES, "{from}");
        let report = check_lines(&tests).await;
        assert!(report.to_string().contains(want), "{report}");
    };
    let alert = "Labels:{alertname=\"PaymentsFail\", app=\"shop\", region=\"eu\"";
    wrong("{eval_time: 3m,", "{eval_time: 5m,", alert).await;
    wrong("6 payments", "5 payments", "6 payments failed").await;
    wrong("repeat: 6", "repeat: 2", "got:[]").await;
    wrong(
        "{labels: '{trace_id=\"abc\"}', value: 1}",
        "{labels: '{trace_id=\"abd\"}', value: 1}",
        "{trace_id=\"abc\"} 1",
    )
    .await;
}

#[tokio::test]
async fn mistakes_in_lines_are_told() {
    let check = async |input: &str, want: &str| {
        let report = check_lines(&format!("tests: [{{{input}}}]")).await;
        assert!(!report.passed(), "{input}");
        assert!(report.to_string().contains(want), "{report}");
    };
    check(
        "input_logs: [{stream: '{app=', lines: [{line: a}]}]",
        "input stream \"{app=\": ",
    )
    .await;
    check(
        "input_logs: [{stream: '{}', lines: [{line: a}]}]",
        "a stream has at least one label",
    )
    .await;
    check(
        "input_logs: [{stream: '{a=\"b\"}', lines: [{at: 1m}]}]",
        "an input line needs its text",
    )
    .await;
    check(
        "input_logs: [{stream: '{a=\"b\"}', lines: [{line: a, repeat: 0}]}]",
        "a line that never comes",
    )
    .await;
    check(
        "input_logs: [{stream: '{a=\"b\"}', lines: [{at: 1m, line: a, repeat: 2, every: 1m}, {at: 2m, line: a}]}]",
        "the line \"a\" comes twice at 2m",
    )
    .await;
    check(
        "input_logs: [{stream: '{a=\"b\"}', lines: [{line: a, repeat: 99999999}]}]",
        "more than 10000000 lines",
    )
    .await;
    check(
        "logql_expr_test: [{expr: '{a=\"b\"}', eval_time: 0}]",
        "not a vector or scalar",
    )
    .await;
    check(
        "logql_expr_test: [{expr: 'rate({a=\"b\"} [5', eval_time: 0}]",
        "parse error",
    )
    .await;
}
