//! What the linter says of rules that people have.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use binnacle_model::Labels;
use binnacle_rules::file::{self, FileOptions, RuleFile};
use binnacle_rules::lint::{
    Finding, Settings, Severity, lint, lint_text, lint_with, without_ignored,
};

use super::conformance::{cases, folder, suite, text};
use super::world::World;

const DAY_MS: i64 = 86_400_000;

/// The findings about rules of one group as lines: line, severity, rule, check.
fn lines(findings: &[Finding]) -> Vec<String> {
    findings
        .iter()
        .map(|f| format!("{} {} {} {}", f.line, f.severity.as_str(), f.rule, f.check))
        .collect()
}

fn read(path: &Path) -> RuleFile {
    match file::read(path, FileOptions::default()) {
        Ok(file) => file,
        Err(errors) => panic!("{errors}"),
    }
}

fn fixture(name: &str) -> Option<PathBuf> {
    let folder =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/fixtures/source-configs");
    if folder.is_dir() {
        return Some(folder.join(name));
    }
    println!("skipped: no source configurations");
    None
}

/// What a careful human lists, with samples that are kept for 15 days.
#[test]
fn source_configurations() {
    let settings = Settings {
        retention_ms: Some(15 * DAY_MS),
        external_labels: Some(Labels::from_pairs([("cluster", "production")])),
        ..Settings::default()
    };
    let check = |name: &str, want: &[&str]| {
        let Some(path) = fixture(name) else {
            return;
        };
        let findings = lint(&[read(&path)], &settings);
        assert_eq!(lines(&findings), want, "{name}: {findings:#?}");
    };
    check(
        "b/prometheus/rules/alerts.yml",
        &[
            "40 info HighLatencyP95 alerts/humanize",
            "55 info LowRequestRate alerts/runbook",
            "66 info LowRequestRate alerts/humanize",
            "75 info HighCPUUsage alerts/runbook",
            "89 info HighMemoryUsage alerts/runbook",
            "105 info DiskSpaceLow alerts/runbook",
            "121 info PodCrashLooping alerts/runbook",
            "129 warning PodCrashLooping alerts/count",
            "138 info ErrorBudgetBurnRateFast alerts/runbook",
            "146 warning ErrorBudgetBurnRateFast slo/burn_rate",
            "157 info ErrorBudgetBurnRateSlow alerts/runbook",
            "165 warning ErrorBudgetBurnRateSlow slo/burn_rate",
            "176 info ErrorBudgetExhausted alerts/runbook",
            "180 warning ErrorBudgetExhausted promql/range_query",
            "182 warning ErrorBudgetExhausted promql/range_query",
        ],
    );
    check(
        "b/prometheus/rules/recording-rules.yml",
        &[
            "40 warning slo:error_budget_remaining:ratio promql/range_query",
            "42 warning slo:error_budget_remaining:ratio promql/range_query",
        ],
    );
    check(
        "c/alerts/application.yml",
        &[
            "22 info HighLatency alerts/runbook",
            "33 info HighLatency alerts/humanize",
            "35 info PodCrashLooping alerts/runbook",
            "44 bug PodCrashLooping alerts/count",
        ],
    );
    check(
        "d/slo-alerts.yml",
        &[
            "7 info HighErrorRate alerts/runbook",
            "21 info HighLatency alerts/runbook",
            "24 warning HighLatency promql/histogram_quantile",
            "31 info HighLatency alerts/humanize",
            "34 info HighMemoryUsage alerts/runbook",
        ],
    );
}

/// `service` is given by no target of the first source, so all falls into one series.
#[test]
fn labels_that_no_target_gives() {
    let Some(path) = fixture("c/alerts/application.yml") else {
        return;
    };
    let settings = Settings {
        target_labels: Some(["method", "endpoint", "status"].map(str::to_owned).into()),
        ..Settings::default()
    };
    let findings = lint(&[read(&path)], &settings);
    let found: Vec<_> = findings
        .iter()
        .filter(|f| f.check == "promql/aggregate")
        .collect();
    assert_eq!(
        found.iter().map(|f| f.line).collect::<Vec<_>>(),
        [9, 11, 25]
    );
    assert!(found[0].problem.contains("label service"), "{}", found[0]);
}

/// How many findings each check has over all rule files of other projects.
#[test]
fn rules_of_others() {
    let (Some(folder), Some(suite)) = (folder(), suite("realworld/rule_files")) else {
        return;
    };
    let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    let mut mixin = Vec::new();
    let mut files = 0;
    for case in cases(&suite) {
        let name = text(case, "file");
        let Ok(file) = file::read(&folder.join(name), FileOptions::default()) else {
            continue;
        };
        files += 1;
        for finding in lint(&[file], &Settings::default()) {
            *counts
                .entry((finding.check, finding.severity.as_str()))
                .or_default() += 1;
            if std::env::var_os("BINNACLE_LINT_SHOW").is_some() && finding.severity > Severity::Info
            {
                println!("{finding}");
            }
            if name.starts_with("kubernetes-mixin") && finding.severity > Severity::Info {
                mixin.push(finding.to_string());
            }
        }
    }
    println!("{files} files: {counts:#?}");
    let whole = ["prometheus_alerts.yaml", "prometheus_rules.yaml"]
        .map(|name| read(&folder.join("kubernetes-mixin").join(name)));
    let findings = lint(&whole, &Settings::default());
    mixin.extend(
        findings
            .iter()
            .filter(|f| f.severity > Severity::Info)
            .map(ToString::to_string),
    );
    println!("kubernetes-mixin: {mixin:#?}");
    assert!(files > 0);
    assert!(mixin.len() <= 2, "{}", mixin.join("\n"));
}

/// A group with these rules, named `r.yml`.
fn rules(text: &str) -> RuleFile {
    super::world::rules(&format!(
        "groups:\n- name: g\n  interval: 1m\n  rules:\n{text}"
    ))
}

/// The checks that have something to say of an alert with this expression.
fn of_expr(expr: &str) -> Vec<String> {
    let text = format!(
        "  - alert: A\n    expr: {}\n    annotations: {{runbook_url: x}}\n",
        serde_json::Value::from(expr)
    );
    let findings = lint(&[rules(&text)], &Settings::default());
    findings
        .iter()
        .map(|f| format!("{} {}", f.severity.as_str(), f.check))
        .collect()
}

#[test]
fn expressions() {
    let check = |expr: &str, want: &[&str]| assert_eq!(of_expr(expr), want, "{expr}");
    check("up == 0", &[]);
    check("vector(1)", &[]);
    check("up", &["warning alerts/comparison"]);
    check("up == bool 0", &["bug alerts/comparison"]);
    check("count(up == 0) or sum(up)", &["warning alerts/comparison"]);
    check("absent(up)", &["warning alerts/absent"]);
    check("rate(x_total[20s]) > 1", &["bug promql/rate"]);
    check("rate(sum(x_total)[5m:]) > 1", &["bug promql/rate"]);
    check("sum(rate(x_total[5m])) > 1", &[]);
    check("x_total > 10", &["warning promql/counter"]);
    check("x_total > 0", &[]);
    check("increase(x_total[5m]) > 10", &[]);
    check("up{job=~\"a\"} == 0", &["info promql/regexp"]);
    check("up{job=~\"^a.*\"} == 0", &["info promql/regexp"]);
    check("up{job=~\"a|b\"} == 0", &[]);
    check("up{job!~\".*\"} == 0", &["bug promql/regexp"]);
    check(
        "sum by (a) (sum by (b) (x)) > 1",
        &["warning promql/impossible"],
    );
    check(
        "sum(x) / on (a) sum by (a) (x) > 1",
        &["bug promql/impossible"],
    );
    check("x / sum(y) > 1", &["bug promql/vector_matching"]);
    check("x / ignoring (job, instance) y > 1", &[]);
    check("x and on () y > 1", &[]);
    check("vector(1) and absent(x) > 0", &["warning alerts/absent"]);
    check("x{a=\"b\"} unless sum(y)", &["bug promql/vector_matching"]);
    check("topk(3, x) > 1", &["warning promql/fragile"]);
    check("sum(topk(3, x)) > 1", &[]);
    check("x * on (job) group_left () topk by (job) (1, y) > 1", &[]);
    check(
        "sum(x{job=\"a\"}) / sum(y{job=\"b\"}) > 1",
        &["info promql/fragile"],
    );
    check("sum(x{job=\"a\"}) / sum(x{job=\"b\"}) > 1", &[]);
    check("prometheus_target_up == 0", &["bug promql/series"]);
    check("count by (job) (up) > 10000", &["warning promql/series"]);
    let quantile = |buckets: &str| format!("histogram_quantile(0.9, {buckets}) > 1");
    check(&quantile("sum by (le) (rate(x_bucket[5m]))"), &[]);
    check(
        &quantile("rate(x_bucket[5m])"),
        &["warning promql/histogram_quantile"],
    );
    check(
        &quantile("sum by (job) (rate(x_bucket[5m]))"),
        &["bug promql/histogram_quantile"],
    );
    check(
        &quantile("avg by (le) (rate(x_bucket[5m]))"),
        &["bug promql/histogram_quantile"],
    );
    check(
        &quantile("sum by (le) (x_bucket)"),
        &["warning promql/histogram_quantile"],
    );
    check(&quantile("sum(rate(x[5m]))"), &[]);
    let pair = "e:burnrate1h > 14.4 * 0.001 and e:burnrate5m > 14.4 * 0.001";
    check(pair, &[]);
    check("e:burnrate1h > 14.4 * 0.001", &["warning slo/burn_rate"]);
}

/// The checks that have something to say of rules, at which lines.
fn of_rules(text: &str, settings: &Settings) -> Vec<String> {
    let findings = lint(&[rules(text)], settings);
    let kept = findings.into_iter().filter(|f| f.check != "alerts/runbook");
    kept.map(|f| format!("{} {}", f.line, f.check)).collect()
}

#[test]
fn fields_and_neighbours() {
    let check = |text: &str, want: &[&str]| {
        assert_eq!(of_rules(text, &Settings::default()), want, "{text}");
    };
    check(
        "  - alert: A\n    expr: sum by (a) (x) > 1\n    annotations:\n      s: '{{ $labels.a }}'\n      t: '{{ $labels.b }}'\n",
        &["9 alerts/template"],
    );
    check(
        "  - alert: A\n    expr: x > 1\n    labels:\n      v: '{{ $value }}'\n    annotations:\n      t: '{{ .GroupLabels.x }}'\n",
        &["8 alerts/template", "10 alerts/template"],
    );
    check(
        "  - alert: A\n    expr: x > 1\n    for: 10s\n",
        &["5 alerts/for"],
    );
    check(
        "  - record: a:b\n    expr: sum(x)\n  - record: a:b\n    expr: sum(x)\n  - record: a:b\n    expr: sum(y)\n",
        &["7 rule/duplicate", "9 rule/duplicate"],
    );
    check(
        "  - record: a:b\n    expr: sum(c:d)\n  - record: c:d\n    expr: sum(x)\n",
        &["5 rule/dependency"],
    );
    let settings = Settings {
        external_labels: Some(Labels::from_pairs([("cluster", "c")])),
        retention_ms: Some(DAY_MS),
        ..Settings::default()
    };
    let text = "  - alert: A\n    expr: x offset 2d > 1\n    labels: {cluster: d}\n    annotations: {s: '{{ $externalLabels.region }}'}\n";
    assert_eq!(
        of_rules(text, &settings),
        [
            "6 promql/range_query",
            "7 labels/conflict",
            "8 alerts/external_labels"
        ]
    );
    let seven = "  - alert: A\n    expr: e:ratio_rate1h > 14.4 * 0.01 and e:ratio_rate5m > 14.4 * 0.01\n    annotations: {s: 'budget of the 7d window'}\n";
    check(seven, &["6 slo/burn_rate", "6 slo/burn_rate"]);
}

#[test]
fn groups_that_are_evaluated_too_rarely() {
    let file = super::world::rules(
        "groups:\n- name: g\n  interval: 10m\n  rules:\n  - record: a\n    expr: sum(x)\n",
    );
    assert_eq!(
        lines(&lint(&[file], &Settings::default())),
        ["2 warning  group/interval"]
    );
}

#[test]
fn comments_keep_findings_quiet() {
    let text = "groups:\n- name: g\n  rules:\n  # pint disable alerts/comparison\n  - alert: A\n    expr: up\n  - alert: B\n    # binnacle disable alerts/runbook\n    expr: up\n";
    let said = lint_text(text, &Settings::default()).expect("a rule file");
    let lines: Vec<u32> = said.iter().map(|(line, _)| *line).collect();
    assert_eq!(lines, [5, 9], "{said:#?}");
    let quiet = format!("# pint file/disable alerts/runbook\n{text}");
    let file = super::world::rules(&quiet);
    let kept = without_ignored(
        lint(std::slice::from_ref(&file), &Settings::default()),
        &file,
        &quiet,
    );
    assert_eq!(kept.len(), 1, "{kept:#?}");
    assert!(lint_text("groups: 1", &Settings::default()).is_err());
}

#[tokio::test]
async fn data_tell_what_is_missing() {
    let world = World::new();
    world.load("load 1m\n  x{job=\"a\",code=\"200\"} 1 1 1\n");
    let file = rules(
        "  - alert: A\n    expr: sum by (service) (x) > 1\n    annotations: {runbook: r}\n  - alert: B\n    expr: x{code=\"500\"} > 1 and y > 1\n    annotations: {runbook: r}\n  - alert: C\n    expr: absent(z) or (x unless y) > 1 or (q or vector(0)) > 1\n    for: 5m\n    annotations: {runbook: r}\n",
    );
    let findings = lint_with(&[file], &Settings::default(), &*world.metrics, 120_000).await;
    assert_eq!(
        lines(&findings),
        [
            "6 warning A promql/aggregate",
            "9 bug B promql/series",
            "9 warning B promql/series",
        ],
        "{findings:#?}"
    );
}

/// Rules over lines have the checks that look at no series, and no others.
#[test]
fn rules_over_lines_are_looked_at() {
    let text = "
groups:
- name: a
  language: logql
  interval: 1m
  rules:
  - alert: Many
    expr: sum by (app) (count_over_time({app=\"a\"}   |= \"x\" | json [5m])) > 2
    for: 7s
    labels: {value: '{{ $value }}'}
    annotations: {summary: '{{ $labels.app }} {{ .Nothing }}'}
";
    let file = file::parse(Path::new("r.yml"), text, FileOptions::default()).expect("rules");
    assert_eq!(
        file.groups[0].rules[0].expr.text,
        "(sum by (app) (count_over_time({app=\"a\"} |= \"x\" | json[5m])) > 2)"
    );
    assert_eq!(
        lines(&lint(&[file], &Settings::default())),
        [
            "7 info Many alerts/for",
            "7 info Many alerts/runbook",
            "10 bug Many alerts/template",
            "11 bug Many alerts/template",
        ]
    );
}
