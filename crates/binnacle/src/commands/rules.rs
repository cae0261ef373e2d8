//! `binnacle rules`: unit tests of rules, what is doubtful in them, and what they
//! would have done.

mod over_http;
mod stored;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use binnacle_model::alert::{Replay, ReplayQuery};
use binnacle_model::duration;
use binnacle_rules::file::{self, FileOptions};
use binnacle_rules::lint::{self, Finding, Severity};
use binnacle_rules::replay::{self, Backfill, Sources};
use binnacle_rules::unit_test::{self, FileReport};
use binnacle_server::http::time::parse_time;
use serde_json::{Value, json};

use super::remote::Client;
use super::time::{now_ms, stamp};
use crate::cli::{Rules, RulesAction};
use over_http::OverHttp;
use stored::Stored;

/// The work failed: a test, a file that cannot be read.
const FAILED: u8 = 1;
/// There are findings, and they were said to matter.
const FINDINGS: u8 = 3;

/// Does it and prints. Answers the exit code.
///
/// # Errors
/// Those of files, of the server and the way to it, and arguments that are wrong.
pub async fn run(rules: &Rules) -> Result<u8> {
    match &rules.action {
        RulesAction::Test {
            files,
            run,
            diff,
            junit,
            json,
        } => {
            let options = unit_test::Options {
                diff: *diff,
                ..unit_test::Options::default()
            };
            let options = options.only(run).map_err(|why| anyhow!("--run: {why}"))?;
            test(files, &options, junit.as_deref(), *json).await
        }
        RulesAction::Check {
            files,
            fatal,
            scrape_interval,
            retention,
            data_dir,
            json,
        } => {
            let settings = lint::Settings {
                scrape_interval_ms: millis("--scrape-interval", scrape_interval)?,
                retention_ms: retention
                    .as_deref()
                    .map(|text| millis("--retention", text))
                    .transpose()?,
                ..lint::Settings::default()
            };
            check(files, &settings, data_dir.as_deref(), *fatal, *json).await
        }
        RulesAction::Replay { .. } => replay(&rules.action).await,
    }
}

fn millis(argument: &str, text: &str) -> Result<i64> {
    duration::parse(text).map_err(|why| anyhow!("{argument}: {why}"))
}

/// A time given as `-1h`, in seconds or as RFC 3339.
fn moment(argument: &str, text: &str) -> Result<i64> {
    if let Some(back) = text.strip_prefix('-') {
        return Ok(now_ms() - millis(argument, back)?);
    }
    parse_time(text).map_err(|why| anyhow!("{argument}: {why}"))
}

async fn test(
    files: &[PathBuf],
    options: &unit_test::Options,
    junit: Option<&Path>,
    json: bool,
) -> Result<u8> {
    let mut reports = Vec::with_capacity(files.len());
    for file in files {
        let report = unit_test::run_file(file, options).await;
        if !json {
            print!("{report}");
        }
        reports.push(report);
    }
    if json {
        let all: Vec<Value> = reports.iter().map(report_json).collect();
        println!("{:#}", Value::Array(all));
    }
    if let Some(path) = junit {
        std::fs::write(path, unit_test::junit(&reports, now_ms()))
            .with_context(|| format!("write {}", path.display()))?;
    }
    let passed = reports.iter().all(FileReport::passed);
    Ok(if passed { 0 } else { FAILED })
}

fn report_json(report: &FileReport) -> Value {
    let case = |case: &unit_test::CaseReport| {
        json!({
            "name": case.name,
            "passed": case.failures.is_empty(),
            "failures": case.failures,
        })
    };
    json!({
        "file": report.file,
        "passed": report.passed(),
        "error": report.error,
        "warnings": report.warnings,
        "tests": report.cases.iter().map(case).collect::<Vec<_>>(),
    })
}

async fn check(
    paths: &[PathBuf],
    settings: &lint::Settings,
    data_dir: Option<&Path>,
    fatal: bool,
    json: bool,
) -> Result<u8> {
    let mut files = Vec::with_capacity(paths.len());
    let mut texts = Vec::with_capacity(paths.len());
    let mut errors = Vec::new();
    for path in paths {
        let text = match binnacle_config::source::read(path) {
            Ok(text) => text,
            Err(error) => {
                errors.push(error);
                continue;
            }
        };
        match file::parse(path, &text, FileOptions::default()) {
            Ok(file) => {
                files.push(file);
                texts.push(text);
            }
            Err(found) => errors.extend(found.iter().cloned()),
        }
    }
    let mut findings = match data_dir {
        None => lint::lint(&files, settings),
        Some(dir) => {
            let stored = Stored::open(dir, now_ms())?;
            let findings = lint::lint_with(&files, settings, stored.metrics(), now_ms()).await;
            stored.close()?;
            findings
        }
    };
    for (file, text) in files.iter().zip(&texts) {
        findings = lint::without_ignored(findings, file, text);
    }
    if json {
        let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
        let findings: Vec<Value> = findings.iter().map(finding_json).collect();
        println!("{:#}", json!({ "errors": errors, "findings": findings }));
    } else {
        for error in &errors {
            eprintln!("{error}");
        }
        for finding in &findings {
            println!("{finding}");
        }
        let count = |severity| findings.iter().filter(|f| f.severity == severity).count();
        println!(
            "{} files, {} rules: {} errors, {} bugs, {} warnings, {} infos",
            paths.len(),
            files
                .iter()
                .flat_map(|f| &f.groups)
                .map(|g| g.rules.len())
                .sum::<usize>(),
            errors.len(),
            count(Severity::Bug),
            count(Severity::Warning),
            count(Severity::Info),
        );
    }
    let doubtful = findings.iter().any(|f| f.severity > Severity::Info);
    Ok(match (errors.is_empty(), fatal && doubtful) {
        (false, _) => FAILED,
        (true, true) => FINDINGS,
        (true, false) => 0,
    })
}

fn finding_json(finding: &Finding) -> Value {
    json!({
        "file": finding.file,
        "line": finding.line,
        "group": finding.group,
        "rule": finding.rule,
        "check": finding.check,
        "severity": finding.severity.as_str(),
        "problem": finding.problem,
        "advice": finding.advice,
    })
}

async fn replay(action: &RulesAction) -> Result<u8> {
    let RulesAction::Replay {
        file,
        start,
        end,
        step,
        group,
        rule,
        data_dir,
        backfill,
        remote,
    } = action
    else {
        bail!("not a replay");
    };
    let query = ReplayQuery {
        rules: binnacle_config::source::read(file)?,
        start_ms: moment("--start", start)?,
        end_ms: moment("--end", end)?,
        step_ms: step
            .as_deref()
            .map_or(Ok(0), |text| millis("--step", text))?,
        group: group.clone(),
        rule: rule.clone(),
    };
    let settings = replay::Settings::default();
    let Some(dir) = data_dir else {
        let metrics = OverHttp::new(Client::new(remote)?);
        let sources = Sources {
            metrics: &metrics,
            logs: Some(&metrics),
        };
        let done = replay::replay(&query, sources, &settings).await?;
        return Ok(told(&done, remote.json));
    };
    let stored = Stored::open(dir, query.start_ms)?;
    let sources = Sources {
        metrics: stored.metrics(),
        logs: None,
    };
    if *backfill {
        let appender = stored.metrics().appender();
        let done = replay::backfill(&query, sources, &settings, &*appender).await;
        stored.close()?;
        return Ok(filled(&done?, remote.json));
    }
    let done = replay::replay(&query, sources, &settings).await;
    stored.close()?;
    Ok(told(&done?, remote.json))
}

/// Prints what rules would have done.
fn told(replay: &Replay, json: bool) -> u8 {
    if json {
        println!("{:#}", replay_json(replay));
    } else {
        print!("{}", replay_text(replay));
    }
    if replay.errors.is_empty() { 0 } else { FAILED }
}

fn replay_text(replay: &Replay) -> String {
    let mut lines = Vec::new();
    for (rule, firings, a_day) in &replay.firings {
        lines.push(format!("{rule}: fired {firings} times, {a_day:.1} a day"));
    }
    for (rule, series, samples) in &replay.recorded {
        lines.push(format!("{rule}: {series} series, {samples} samples"));
    }
    for alert in &replay.alerts {
        let span = match (alert.firing_ms, alert.ended_ms) {
            (Some(fired), Some(ended)) => format!(
                "fired {} for {}",
                stamp(fired),
                duration::print(ended - fired)
            ),
            (Some(fired), None) => format!("fired {}, to the end", stamp(fired)),
            (None, _) => format!("pending {}, did not fire", stamp(alert.pending_ms)),
        };
        lines.push(format!(
            "{span}: {} (at most {}) {}",
            alert.labels, alert.value_max, alert.summary
        ));
    }
    for (rule, error) in &replay.errors {
        lines.push(format!("error: {rule}: {error}"));
    }
    lines.push(format!(
        "{} evaluations in {:.2} s",
        replay.steps, replay.seconds
    ));
    lines.join("\n") + "\n"
}

fn replay_json(replay: &Replay) -> Value {
    let labels = |labels: &binnacle_model::Labels| {
        let pairs = labels.iter().map(|(n, v)| (n.to_owned(), Value::from(v)));
        Value::Object(pairs.collect())
    };
    let alert = |alert: &binnacle_model::alert::ReplayedAlert| {
        json!({
            "rule": alert.rule,
            "labels": labels(&alert.labels),
            "pendingAt": stamp(alert.pending_ms),
            "firingAt": alert.firing_ms.map(stamp),
            "endedAt": alert.ended_ms.map(stamp),
            "valueMax": alert.value_max,
            "summary": alert.summary,
        })
    };
    let firing = |(rule, firings, a_day): &(String, u64, f64)| json!({ "rule": rule, "firings": firings, "perDay": a_day });
    let record = |(rule, series, samples): &(String, u64, u64)| json!({ "rule": rule, "series": series, "samples": samples });
    json!({
        "alerts": replay.alerts.iter().map(alert).collect::<Vec<_>>(),
        "firings": replay.firings.iter().map(firing).collect::<Vec<_>>(),
        "recorded": replay.recorded.iter().map(record).collect::<Vec<_>>(),
        "steps": replay.steps,
        "seconds": replay.seconds,
        "errors": errors_json(&replay.errors),
    })
}

fn errors_json(errors: &[(String, String)]) -> Value {
    let error = |(rule, error): &(String, String)| json!({ "rule": rule, "error": error });
    errors.iter().map(error).collect()
}

/// Prints what was written.
fn filled(backfill: &Backfill, json: bool) -> u8 {
    let refused = |rule: &replay::BackfilledRule| -> Vec<String> {
        let one = |(why, count): &(binnacle_model::append::Refusal, u64)| {
            format!("{count} samples refused: {}", why.as_str())
        };
        rule.refused.iter().map(one).collect()
    };
    if json {
        let rule = |rule: &replay::BackfilledRule| {
            json!({
                "rule": rule.rule,
                "series": rule.series,
                "samples": rule.samples,
                "refused": refused(rule),
            })
        };
        let rules: Vec<Value> = backfill.rules.iter().map(rule).collect();
        let errors = errors_json(&backfill.errors);
        println!("{:#}", json!({ "rules": rules, "errors": errors }));
    } else {
        for rule in &backfill.rules {
            println!(
                "{}: {} series, {} samples written",
                rule.rule, rule.series, rule.samples
            );
            for line in refused(rule) {
                println!("  {line}");
            }
        }
        for (rule, error) in &backfill.errors {
            println!("error: {rule}: {error}");
        }
    }
    let whole = backfill.errors.is_empty() && backfill.rules.iter().all(|r| r.refused.is_empty());
    if whole { 0 } else { FAILED }
}
