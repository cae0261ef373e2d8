//! `binnacle stages`: what the pipeline stages of a `promtail-config.yaml` do to lines, as
//! `promtail --dry-run --inspect` shows it. Nothing is stored, no server is asked.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use binnacle::config::promtail::{PromtailFile, Variables};
use binnacle_collect::stages::{Entry, Extracted, Pipeline, StageMetrics, StageSettings};
use binnacle_collect::tail::TailJob;
use binnacle_template::value::Time;

use super::time::now_ms;
use crate::cli::Stages;

/// Bytes of a line that are read; what is behind them is read as a line of its own.
const LINE_BYTES_MAX: u64 = 16 << 20;

/// Characters of a value that are shown.
const SHOWN_MAX: usize = 300;

/// Reads, runs and prints.
///
/// # Errors
/// Mistakes of the file, a job that is not in it, lines that cannot be read.
pub fn run(stages: &Stages) -> Result<()> {
    let variable = |name: &str| std::env::var(name).ok();
    let variables: &Variables<'_> = &variable;
    let environment = stages.expand_env.then_some(variables);
    let file = PromtailFile::load(&stages.file, environment)?;
    let job = pick(&file.jobs, stages.job.as_deref())?;
    let labels = labels_of(job, &file.external_labels, &stages.labels)?;
    let mut input: Box<dyn BufRead> = match &stages.input {
        Some(path) => {
            let file = std::fs::File::open(path);
            let file = file.with_context(|| format!("cannot read {}", path.display()))?;
            Box::new(BufReader::new(file))
        }
        None => Box::new(std::io::stdin().lock()),
    };
    let now_ns = now_ms().saturating_mul(1_000_000);
    show(
        job,
        &labels,
        &mut input,
        now_ns,
        &mut std::io::stdout().lock(),
    )
}

/// The job of a name, or the only one.
fn pick<'a>(jobs: &'a [TailJob], name: Option<&str>) -> Result<&'a TailJob> {
    let names = || {
        let names: Vec<&str> = jobs.iter().map(|j| j.name.as_str()).collect();
        names.join(", ")
    };
    match (name, jobs) {
        (Some(name), _) => match jobs.iter().find(|j| j.name == name) {
            Some(job) => Ok(job),
            None => bail!("there is no job {name:?}; the file has: {}", names()),
        },
        (None, [job]) => Ok(job),
        (None, []) => bail!("the file has no scrape_configs"),
        (None, _) => bail!("say which job by --job; the file has: {}", names()),
    }
}

/// Labels of the lines: those of the file, of the job's first target, and those that were
/// asked for; the last win.
fn labels_of(
    job: &TailJob,
    external: &BTreeMap<String, String>,
    asked: &[String],
) -> Result<BTreeMap<String, String>> {
    let mut labels = external.clone();
    if let Some(target) = job.targets.first() {
        labels.extend(target.labels.clone());
    }
    for label in asked {
        let Some((name, value)) = label.split_once('=') else {
            bail!("--label wants NAME=VALUE, found {label:?}");
        };
        labels.insert(name.to_owned(), value.to_owned());
    }
    Ok(labels)
}

/// Runs the lines through the job's stages and prints what each stage did.
fn show(
    job: &TailJob,
    labels: &BTreeMap<String, String>,
    input: &mut dyn BufRead,
    now_ns: i64,
    out: &mut dyn Write,
) -> Result<()> {
    let metrics = Arc::new(StageMetrics::default());
    let mut pipeline = Pipeline::new(&job.stages, &metrics)?;
    let mut number = 0_u64;
    loop {
        let mut line = Vec::new();
        let mut limited = (&mut *input).take(LINE_BYTES_MAX);
        if limited.read_until(b'\n', &mut line)? == 0 {
            break;
        }
        if line.last() == Some(&b'\n') {
            line.pop();
        }
        number += 1;
        let entry = Entry {
            labels: labels.clone(),
            t_ns: now_ns,
            line,
            ..Entry::default()
        };
        writeln!(out, "line {number}: {}", bytes(&entry.line))?;
        let mut text = String::new();
        let after = pipeline.inspect(entry, now_ns, &mut |stage, before, after| {
            step(&mut text, &job.stages, stage, before, after);
        });
        out.write_all(text.as_bytes())?;
        results(out, &after)?;
    }
    let mut text = String::new();
    let after = pipeline.inspect_flush(now_ns, &mut |stage, before, after| {
        step(&mut text, &job.stages, stage, before, after);
    });
    if !text.is_empty() {
        writeln!(out, "at the end:\n{text}")?;
        results(out, &after)?;
    }
    Ok(())
}

/// What would be stored.
fn results(out: &mut dyn Write, entries: &[Entry]) -> Result<()> {
    for entry in entries {
        let visible = entry.labels.iter().filter(|(n, _)| !n.starts_with("__"));
        let labels: Vec<String> = visible.map(|(n, v)| format!("{n}={v:?}")).collect();
        writeln!(
            out,
            "  => {} {{{}}} {}",
            time(entry.t_ns),
            labels.join(", "),
            bytes(&entry.line)
        )?;
    }
    Ok(())
}

/// What one stage did.
fn step(
    out: &mut String,
    stages: &[StageSettings],
    stage: usize,
    before: Option<&Entry>,
    after: &[Entry],
) {
    let kind = stages.get(stage).map_or("", StageSettings::kind);
    // Writing to a text does not fail.
    let _ = writeln!(out, "  [{stage}] {kind}");
    match (before, after) {
        (Some(_), []) => out.push_str("      dropped, or held back until more lines come\n"),
        (Some(before), [after]) => {
            let changes = changes(before, after);
            if changes.is_empty() {
                out.push_str("      no change\n");
            }
            for change in changes {
                let _ = writeln!(out, "      {change}");
            }
        }
        (_, after) => {
            for entry in after {
                let _ = writeln!(out, "      let go: {}", bytes(&entry.line));
            }
        }
    }
}

/// What is different: `+` new, `-` gone, `~` changed.
fn changes(before: &Entry, after: &Entry) -> Vec<String> {
    let mut changes = Vec::new();
    if before.t_ns != after.t_ns {
        let (old, new) = (time(before.t_ns), time(after.t_ns));
        changes.push(format!("~ time: {old} -> {new}"));
    }
    if before.line != after.line {
        let (old, new) = (bytes(&before.line), bytes(&after.line));
        changes.push(format!("~ line: {old} -> {new}"));
    }
    let text = |value: &String| cut(&format!("{value:?}"));
    differences("label", &before.labels, &after.labels, text, &mut changes);
    let fields = |entry: &Entry| entry.fields.iter().cloned().collect::<BTreeMap<_, _>>();
    let (old, new) = (fields(before), fields(after));
    differences("metadata", &old, &new, text, &mut changes);
    let values = |entry: &Entry| entry.extracted.clone().into_iter().collect();
    let (old, new): (BTreeMap<_, _>, BTreeMap<_, _>) = (values(before), values(after));
    differences("extracted", &old, &new, extracted, &mut changes);
    changes
}

fn differences<V: PartialEq>(
    what: &str,
    before: &BTreeMap<String, V>,
    after: &BTreeMap<String, V>,
    shown: impl Fn(&V) -> String,
    changes: &mut Vec<String>,
) {
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    for name in names {
        match (before.get(name), after.get(name)) {
            (None, Some(new)) => changes.push(format!("+ {what} {name}: {}", shown(new))),
            (Some(old), None) => changes.push(format!("- {what} {name}: {}", shown(old))),
            (Some(old), Some(new)) if old != new => {
                changes.push(format!("~ {what} {name}: {} -> {}", shown(old), shown(new)));
            }
            _ => {}
        }
    }
}

fn extracted(value: &Extracted) -> String {
    match value {
        Extracted::Text(text) => cut(&format!("{text:?}")),
        Extracted::Null => "null".to_owned(),
        Extracted::Other => "(no text)".to_owned(),
        Extracted::Number(_) | Extracted::Bool(_) => value.text().unwrap_or_default().into_owned(),
    }
}

/// Bytes of a line, quoted; what is no text shows as U+FFFD.
fn bytes(line: &[u8]) -> String {
    cut(&format!("{:?}", String::from_utf8_lossy(line)))
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(SHOWN_MAX) {
        Some((at, _)) => format!("{}... ({} bytes)", &text[..at], text.len()),
        None => text.to_owned(),
    }
}

fn time(t_ns: i64) -> String {
    binnacle_template::value::layout::format(
        &Time::from_unix_ns(i128::from(t_ns)),
        "2006-01-02T15:04:05.999999999Z07:00",
    )
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    const NOW_NS: i64 = 1_796_000_000_000_000_000;

    /// What is printed for lines through the stages of a file.
    fn shown(stages: &str, lines: &str) -> String {
        let text = format!(
            "scrape_configs:\n- job_name: a\n  static_configs:\n  - labels: {{__path__: /x, app: web}}\n  pipeline_stages:\n{stages}"
        );
        let file = PromtailFile::parse(Path::new("promtail.yaml"), &text);
        let file = file.unwrap_or_else(|errors| panic!("{errors}"));
        let job = pick(&file.jobs, None).expect("there is one");
        let labels = labels_of(job, &file.external_labels, &["host=h".to_owned()]);
        let mut out = Vec::new();
        let mut lines = lines.as_bytes();
        show(job, &labels.expect("labels"), &mut lines, NOW_NS, &mut out).expect("it runs");
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn each_stage_says_what_it_did() {
        let got = shown(
            "  - logfmt: {mapping: {level: , t: ts}}\n  - labels: {level: }\n  - timestamp: {source: t, format: RFC3339}\n  - labeldrop: [app]\n  - drop: {source: level, value: debug}\n",
            "level=info ts=2026-01-02T03:04:05Z\nlevel=debug\n",
        );
        let want = r#"line 1: "level=info ts=2026-01-02T03:04:05Z"
  [0] logfmt
      + extracted level: "info"
      + extracted t: "2026-01-02T03:04:05Z"
  [1] labels
      + label level: "info"
  [2] timestamp
      ~ time: 2026-11-30T00:53:20Z -> 2026-01-02T03:04:05Z
  [3] labeldrop
      - label app: "web"
  [4] drop
      no change
  => 2026-01-02T03:04:05Z {host="h", level="info"} "level=info ts=2026-01-02T03:04:05Z"
line 2: "level=debug"
  [0] logfmt
      + extracted level: "debug"
  [1] labels
      + label level: "debug"
  [2] timestamp
      no change
  [3] labeldrop
      - label app: "web"
  [4] drop
      dropped, or held back until more lines come
"#;
        assert_eq!(got, want);
    }

    #[test]
    fn lines_that_are_held_back_come_at_the_end() {
        let got = shown(
            "  - multiline: {firstline: '^A'}\n  - static_labels: {b: c}\n",
            "A1\n x\n",
        );
        let end = got.split("at the end:\n").nth(1).unwrap_or_default();
        assert!(end.contains("let go: \"A1\\n x\""), "{got}");
        assert!(end.contains("+ label b: \"c\""), "{got}");
        assert!(end.contains("b=\"c\", host=\"h\"} \"A1\\n x\""), "{got}");
    }

    #[test]
    fn jobs_and_labels_that_are_not_there_are_named() {
        let file = "scrape_configs: [{job_name: a}, {job_name: b}]";
        let file = PromtailFile::parse(Path::new("promtail.yaml"), file);
        let jobs = file.unwrap_or_else(|errors| panic!("{errors}")).jobs;
        let error = |name| pick(&jobs, name).expect_err("refused").to_string();
        assert_eq!(error(None), "say which job by --job; the file has: a, b");
        let want = "there is no job \"c\"; the file has: a, b";
        assert_eq!(error(Some("c")), want);
        let labels = labels_of(&jobs[0], &BTreeMap::new(), &["x".to_owned()]);
        let error = labels.expect_err("refused").to_string();
        assert_eq!(error, "--label wants NAME=VALUE, found \"x\"");
    }
}
