//! Suites of queries: what parses, what is refused, how it prints, which lines pass.

use std::path::PathBuf;

use binnacle_logql::ast::{Expr, SampleExpr};
use binnacle_logql::parse::{parse, parse_labels, parse_selector, units};
use binnacle_logql::print::{pretty, pretty_within};
use binnacle_logql::stage::{Pipeline, RowLabels};
use binnacle_model::Matcher;
use serde_json::Value;

/// The suite, or `None` where there are no conformance data.
pub fn suite(name: &str) -> Option<Value> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/conformance/extracted/loki")
        .join(format!("{name}.json"));
    let Ok(text) = std::fs::read(path) else {
        println!("skipped: no conformance data");
        return None;
    };
    Some(serde_json::from_slice(&text).expect("JSON"))
}

/// Runs each case and prints how many hold. What is in `deviations` (the end of an id, and
/// why) may deviate; everything else must hold.
pub fn run(
    name: &str,
    deviations: &[(&str, &str)],
    mut check: impl FnMut(&Value) -> Result<(), String>,
) {
    let Some(suite) = suite(name) else { return };
    let cases = suite["cases"].as_array().expect("cases");
    let (mut good, mut known, mut bad) = (0, 0, Vec::new());
    for case in cases {
        let id = text(case, "id");
        let number = id.rsplit('#').next().expect("a number");
        let deviation = deviations.iter().find(|(n, _)| *n == number);
        match (check(case), deviation) {
            (Ok(()), None) => good += 1,
            (Err(_), Some((_, why))) => {
                known += 1;
                println!("   {id} deviates: {why}");
            }
            (Ok(()), Some(_)) => {
                good += 1;
                println!("   {id} holds by now: it can leave the list");
            }
            (Err(why), None) => bad.push(format!("{id}: {why}")),
        }
    }
    println!(
        "{name}: {good} hold, {known} deviate knowingly, {} do not",
        bad.len()
    );
    assert!(!cases.is_empty(), "{name} has no cases");
    assert!(bad.is_empty(), "{name}:\n{}", bad.join("\n"));
}

fn text<'c>(case: &'c Value, key: &str) -> &'c str {
    case[key].as_str().expect(key)
}

fn parses(query: &str) -> Result<Expr, String> {
    parse(query).map_err(|e| format!("{query}\n    {e}"))
}

/// Parses, and so does what it prints to, which prints the same.
fn comes_back(query: &str) -> Result<Expr, String> {
    let expr = parses(query)?;
    for printed in [expr.to_string(), pretty(&expr), pretty_within(&expr, 0)] {
        let again = parses(&printed)?.to_string();
        if again != expr.to_string() {
            return Err(format!("{query}\n    {expr}\n    {again}"));
        }
    }
    Ok(expr)
}

fn is_refused(query: &str) -> Result<String, String> {
    match parse(query) {
        Ok(expr) => Err(format!("{query}\n    is read as {expr}")),
        Err(e) => Ok(e.to_string()),
    }
}

fn same(got: &str, want: &str) -> Result<(), String> {
    (got == want)
        .then_some(())
        .ok_or_else(|| format!("\n    got  {got:?}\n    want {want:?}"))
}

fn same_matchers(got: &[Matcher], want: &Value) -> Result<(), String> {
    let want: Vec<_> = want.as_array().expect("matchers").iter().collect();
    let want: Vec<(&str, &str, &str)> = want
        .iter()
        .map(|m| (text(m, "name"), text(m, "type"), text(m, "value")))
        .collect();
    let got: Vec<(&str, &str, &str)> = got
        .iter()
        .map(|m| (m.name.as_str(), m.op.as_str(), m.value.as_str()))
        .collect();
    (got == want)
        .then_some(())
        .ok_or_else(|| format!("got {got:?}, want {want:?}"))
}

#[test]
fn what_parses() {
    for name in [
        "logql_parse_ok",
        "logql_roundtrip",
        "logql_sample_expr",
        "logql_extractor_queries",
        "query_corpus",
    ] {
        let deviations: &[(&str, &str)] = match name {
            "logql_parse_ok" => &[(
                "0001",
                "an expression that is none is refused when it is read, not when it runs",
            )],
            _ => &[],
        };
        run(name, deviations, |case| {
            comes_back(text(case, "query")).map(drop)
        });
    }
}

#[test]
fn what_is_refused() {
    let deviations = [
        (
            "0019",
            "lines where numbers are needed are told where the lines begin, not where no range follows",
        ),
        (
            "0025",
            "a literal that is no number may have been meant as a duration or a size: the message says so",
        ),
    ];
    run("logql_parse_errors", &deviations, |case| {
        let query = text(case, "query");
        let error = parse(query)
            .err()
            .ok_or_else(|| format!("{query} is read"))?;
        let (want, place) = (text(case, "error"), |key: &str| case[key].as_u64());
        // Where the reference knows no line it knows the column of the text perhaps.
        for (name, got, want) in [
            ("line", error.line, place("line")),
            ("column", error.column, place("col")),
        ] {
            if want.is_some_and(|want| want > 0 && want != got as u64) {
                return Err(format!(
                    "{query}: {name} {got} instead of {want:?}: {error}"
                ));
            }
        }
        // Names of token kinds and of types of the reference's code mean nothing to a user.
        let (_, words) = want.split_once(": ").expect("words");
        let words = words.split(": *").next().unwrap_or(words);
        let words = match words.strip_prefix("syntax error: unexpected ") {
            Some(_) => "syntax error: unexpected ",
            None => words,
        };
        let has_them = error.message.starts_with(words);
        has_them
            .then_some(())
            .ok_or_else(|| format!("{query}\n    {error}\n    {want}"))
    });
    run("logql_sample_expr_fail", &[], |case| {
        is_refused(text(case, "query")).map(drop)
    });
}

#[test]
fn selectors_need_a_matcher() {
    run("logql_equality_matcher", &[], |case| {
        let query = text(case, "query");
        if case["ok"].as_bool().expect("ok") {
            return parses(query).map(drop);
        }
        let message = is_refused(query)?;
        let is_syntax = text(case, "error").contains("syntax error");
        (is_syntax || message.contains("empty-compatible value"))
            .then_some(())
            .ok_or(message)
    });
    run("logql_selector_string", &[], |case| {
        comes_back(text(case, "selector")).map(drop)
    });
    run("logql_parse_matchers", &[], |case| {
        match (parse_selector(text(case, "input")), &case["error"]) {
            (Err(_), Value::Bool(true)) => Ok(()),
            (Ok(got), Value::Bool(false)) => same_matchers(&got, &case["matchers"]),
            (got, _) => Err(format!("{got:?}")),
        }
    });
    run("logql_parse_labels", &[], |case| {
        let got = parse_labels(text(case, "input")).map_err(|e| e.to_string())?;
        let got: Vec<String> = got.iter().map(|(n, v)| format!("{n}={v}")).collect();
        let want = case["output"].as_object().expect("labels");
        let mut want: Vec<String> = want
            .iter()
            .map(|(n, v)| format!("{n}={}", v.as_str().expect("text")))
            .collect();
        want.sort();
        same(&got.join(","), &want.join(","))
    });
}

#[test]
fn durations() {
    run("logql_duration", &[], |case| {
        let got = units::duration(text(case, "input"));
        let want = case["expected"].as_i64();
        (got == want)
            .then_some(())
            .ok_or_else(|| format!("got {got:?}, want {want:?}"))
    });
}

#[test]
fn what_prints() {
    let deviations = [(
        "0037",
        "ip() goes with |= and != alone: another operator is refused when it is read",
    )];
    run("logql_stringer", &deviations, |case| {
        let expr = comes_back(text(case, "in"))?;
        same(&expr.to_string(), text(case, "out"))
    });
    run("logql_format", &[], |case| {
        let expr = comes_back(text(case, "in"))?;
        // These cases were made with short lines.
        let printed = pretty_within(&expr, 20);
        same(&parses(&printed)?.to_string(), &expr.to_string())?;
        same(&printed, text(case, "exp"))
    });
}

#[test]
fn which_lines_pass() {
    run("logql_line_filter_match", &[], |case| {
        let Expr::Log(log) = parses(text(case, "query"))? else {
            return Err("it is no log query".to_owned());
        };
        same_matchers(&log.matchers, &case["matchers"])?;
        let pipeline = Pipeline::new(&log.stages)?;
        for line in case["lines"].as_array().expect("lines") {
            let mut labels = RowLabels::default();
            let passes = pipeline
                .run(0, text(line, "line").as_bytes(), &mut labels)
                .is_some();
            if passes != line["match"].as_bool().expect("match") {
                return Err(format!("{log}: {line} passes: {passes}"));
            }
        }
        Ok(())
    });
}

#[test]
fn numbers_fold() {
    let Ok(Expr::Sample(SampleExpr::Literal(value))) = parse("2 * 3 + 4 % 3 - 2 ^ 3") else {
        panic!("it is no number");
    };
    assert!((value - -1.0).abs() < 1e-12, "{value}");
}
