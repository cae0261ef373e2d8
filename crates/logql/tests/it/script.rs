//! The scripts of Loki's own tests of metric queries (`*.logqltest`): load lines, evaluate,
//! compare.

use std::path::PathBuf;
use std::sync::Arc;

use binnacle_logql::ast::Expr;
use binnacle_logql::eval::{EvalOptions, evaluate};
use binnacle_logql::parse::{parse, parse_labels, units};
use binnacle_model::event::LogLabels;
use binnacle_model::event::logs::{Direction, LogsTime, LogsValue};
use binnacle_model::limits::{Meter, QueryLimits};

use crate::memory::{Event, Memory};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/conformance/loki/pkg/logql/internal/logqltest/testdata")
}

fn duration(text: &str) -> i64 {
    let text = text.trim();
    if text == "0" {
        return 0;
    }
    units::duration(text).unwrap_or_else(|| panic!("{text:?} is no duration"))
}

/// `"…"` or `` `…` `` at the beginning; neither unescapes. Answers it and the rest.
fn quoted(text: &str) -> (&str, &str) {
    let quote = text.chars().next().expect("a quote");
    let end = text[1..].find(quote).expect("its end") + 1;
    (&text[1..end], &text[end + 1..])
}

fn load(line: &str, memory: &mut Memory) {
    let end = line.find('}').expect("a selector") + 1;
    let labels = parse_labels(&line[..end]).expect("labels");
    let (text, rest) = quoted(line[end..].trim_start());
    let rest = rest.trim().strip_prefix('@').expect("a time").trim();
    let (start, rest) = rest.split_once([' ', '[']).unwrap_or((rest, ""));
    let (mut step, mut count) = (0, 1);
    let mut metadata = LogLabels::default();
    for part in rest.split(']') {
        let part = part.trim().trim_start_matches('[');
        if let Some(repeat) = part.strip_prefix("repeat every ") {
            let (every, times) = repeat.split_once(" for ").expect("a count");
            step = duration(every.trim());
            count = times.trim().parse().expect("a number");
        } else if let Some(pairs) = part.strip_prefix("metadata ") {
            let mut rest = pairs.trim();
            while !rest.is_empty() {
                let (name, behind) = if rest.starts_with('"') {
                    let (name, behind) = quoted(rest);
                    (name, behind.strip_prefix('=').expect("="))
                } else {
                    rest.split_once('=').expect("a pair")
                };
                let (value, behind) = quoted(behind);
                metadata.set(name, value);
                rest = behind.trim();
            }
        }
    }
    for i in 0..count {
        memory.0.push(Event {
            labels: labels.clone(),
            t_ns: duration(start) + i * step,
            line: text.replace("{{.i}}", &i.to_string()).into_bytes(),
            metadata: metadata.clone(),
        });
    }
}

fn point(text: &str) -> Vec<Option<f64>> {
    if text == "_" {
        return vec![None];
    }
    if let Some((base, times)) = text.rsplit_once('x') {
        let times: usize = times.parse().expect("a count");
        if base == "_" {
            return vec![None; times];
        }
        let sign = base[1..].find(['+', '-']).map(|at| at + 1);
        let (first, step) = match sign {
            Some(at) => (number(&base[..at]), number(&base[at..])),
            None => (number(base), 0.0),
        };
        return (0..=times).map(|i| Some(first + step * i as f64)).collect();
    }
    vec![Some(number(text))]
}

fn number(text: &str) -> f64 {
    match text.trim_start_matches('+') {
        "Inf" => f64::INFINITY,
        "-Inf" => f64::NEG_INFINITY,
        other => other
            .parse()
            .unwrap_or_else(|_| panic!("{text:?} is no number")),
    }
}

fn same(a: f64, b: f64) -> bool {
    (a.is_nan() && b.is_nan()) || a == b || (a - b).abs() <= 1e-9 * a.abs().max(b.abs()).max(1e-300)
}

/// `{labels} values…` with empty values kept.
fn series(line: &str) -> (LogLabels, Vec<Option<f64>>) {
    let end = closing(line);
    let inner = line[1..end].trim();
    let mut labels = LogLabels::default();
    let mut rest = inner;
    while !rest.is_empty() {
        let (name, behind) = if rest.starts_with('"') {
            let (name, behind) = quoted(rest);
            (name, behind.trim_start().strip_prefix('=').expect("="))
        } else {
            rest.split_once('=').expect("a pair")
        };
        let behind = behind.trim_start();
        let (value, behind) = value(behind);
        labels.set(name.trim(), value);
        rest = behind.trim_start().trim_start_matches(',').trim_start();
    }
    let values = line[end + 1..].split_whitespace().flat_map(point).collect();
    (labels, values)
}

/// A quoted value, unescaped, and the rest.
fn value(text: &str) -> (String, &str) {
    if text.starts_with('`') {
        let (value, rest) = quoted(text);
        return (value.to_owned(), rest);
    }
    let mut escaped = false;
    for (i, c) in text[1..].char_indices() {
        if !escaped && c == '"' {
            let raw = &text[..i + 2];
            let value =
                serde_json::from_str(raw).unwrap_or_else(|_| raw[1..raw.len() - 1].to_owned());
            return (value, &text[i + 2..]);
        }
        escaped = c == '\\' && !escaped;
    }
    panic!("no end: {text}");
}

fn closing(line: &str) -> usize {
    let (mut quote, mut escaped) = (None, false);
    for (i, c) in line.char_indices() {
        match quote {
            Some(_) if escaped => escaped = false,
            Some('"') if c == '\\' => escaped = true,
            Some(q) if c == q => quote = None,
            Some(_) => {}
            None if c == '"' || c == '`' => quote = Some(c),
            None if c == '}' => return i,
            None => {}
        }
    }
    panic!("no end of the labels: {line}")
}

fn run(memory: &Memory, time: LogsTime, query: &str) -> Result<LogsValue, String> {
    let expr = parse(query).map_err(|e| e.to_string())?;
    assert!(matches!(expr, Expr::Sample(_)), "{query}");
    let meter = Arc::new(Meter::new(QueryLimits::default()));
    let options = EvalOptions::default();
    evaluate(
        &expr,
        time,
        1000,
        Direction::Backward,
        memory,
        &options,
        &meter,
    )
    .map(|(value, ..)| value)
    .map_err(|e| e.to_string())
}

fn check(memory: &Memory, header: &str, expected: &[String]) -> Result<(), String> {
    let rest = header.strip_prefix("eval ").expect("eval");
    let (time, query) = if let Some(rest) = rest.strip_prefix("instant at ") {
        let (at, query) = rest.split_once(' ').expect("a query");
        (
            LogsTime::Instant {
                at_ns: duration(at),
            },
            query,
        )
    } else {
        let words: Vec<&str> = rest.splitn(8, ' ').collect();
        let [_, _, from, _, to, _, step, query] = words[..] else {
            panic!("{header}");
        };
        let time = LogsTime::Range {
            start_ns: duration(from),
            end_ns: duration(to),
            step_ns: duration(step),
            interval_ns: 0,
        };
        (time, query)
    };
    let result = run(memory, time, query);
    let wants_failure = expected.iter().any(|l| l.starts_with("expect fail"));
    let value = match (result, wants_failure) {
        (Err(_), true) => return Ok(()),
        (Ok(_), true) => return Err("it should fail".to_owned()),
        (Err(error), false) => return Err(error),
        (Ok(value), false) => value,
    };
    let ordered = expected.iter().any(|l| l.starts_with("expect ordered"));
    let lines: Vec<&String> = expected
        .iter()
        .filter(|l| !l.starts_with("expect") && !l.starts_with("skip"))
        .collect();
    let got: Vec<(LogLabels, Vec<Option<f64>>)> = match (value, time) {
        (LogsValue::Scalar((_, v)), _) => {
            let want = number(lines.first().expect("a number"));
            return same(v, want)
                .then_some(())
                .ok_or_else(|| format!("{v} instead of {want}"));
        }
        (LogsValue::Vector(elements), _) => elements
            .into_iter()
            .map(|(l, (_, v))| (l, vec![Some(v)]))
            .collect(),
        (
            LogsValue::Matrix(series),
            LogsTime::Range {
                start_ns,
                end_ns,
                step_ns,
                ..
            },
        ) => series
            .into_iter()
            .map(|(l, points)| {
                let count = ((end_ns - start_ns) / step_ns + 1) as usize;
                let mut values = vec![None; count];
                for (t_ms, v) in points {
                    values[((t_ms * 1_000_000 - start_ns) / step_ns) as usize] = Some(v);
                }
                (l, values)
            })
            .collect(),
        _ => return Err("another kind of value".to_owned()),
    };
    let mut want: Vec<_> = lines.iter().map(|l| series(l)).collect();
    let mut got = got;
    if !ordered {
        got.sort_by(|a, b| a.0.cmp(&b.0));
        want.sort_by(|a, b| a.0.cmp(&b.0));
    }
    let equal = got.len() == want.len()
        && got.iter().zip(&want).all(|(g, w)| {
            g.0 == w.0
                && g.1.len() == w.1.len()
                && g.1.iter().zip(&w.1).all(|(a, b)| match (a, b) {
                    (Some(a), Some(b)) => same(*a, *b),
                    (a, b) => a.is_none() == b.is_none(),
                })
        });
    if equal {
        return Ok(());
    }
    Err(format!("got  {got:?}\n     want {want:?}"))
}

/// A comment goes to the end of the line, but not within quotes.
fn without_comment(line: &str) -> &str {
    let (mut quote, mut escaped) = (None, false);
    for (i, c) in line.char_indices() {
        match quote {
            Some(_) if escaped => escaped = false,
            Some('"') if c == '\\' => escaped = true,
            Some(q) if c == q => quote = None,
            Some(_) => {}
            None if c == '"' || c == '`' => quote = Some(c),
            None if c == '#' => return &line[..i],
            None => {}
        }
    }
    line
}

/// Runs a script; answers how many hold and what does not.
fn run_script(text: &str) -> (usize, Vec<String>) {
    let mut memory = Memory::default();
    let (mut good, mut bad) = (0, Vec::new());
    let lines: Vec<&str> = text.lines().collect();
    let mut at = 0;
    while at < lines.len() {
        let line = without_comment(lines[at]).trim_end();
        at += 1;
        if line.is_empty() || line.trim_start().starts_with('#') {
            continue;
        }
        let mut block = Vec::new();
        while at < lines.len() && lines[at].starts_with([' ', '\t']) {
            let inner = without_comment(lines[at]).trim();
            if !inner.starts_with('#') && !inner.is_empty() {
                block.push(inner.to_owned());
            }
            at += 1;
        }
        match line.split_whitespace().next() {
            Some("clear") => memory.0.clear(),
            Some("load") => block.iter().for_each(|l| load(l, &mut memory)),
            Some("eval") => match check(&memory, line, &block) {
                Ok(()) => good += 1,
                Err(why) => bad.push(format!("{line}\n     {why}")),
            },
            _ => panic!("{line}"),
        }
    }
    (good, bad)
}

#[test]
fn scripts() {
    let Ok(files) = std::fs::read_dir(folder()) else {
        println!("skipped: no conformance data");
        return;
    };
    let mut paths: Vec<PathBuf> = files.filter_map(|f| Some(f.ok()?.path())).collect();
    paths.sort();
    let mut failed = 0;
    for path in paths {
        let text = std::fs::read_to_string(&path).expect("read");
        let (good, bad) = run_script(&text);
        let name = path
            .file_name()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        println!("{name}: {good} hold, {} do not", bad.len());
        for why in &bad {
            println!("   {why}");
        }
        failed += bad.len();
    }
    assert_eq!(failed, 0);
}
