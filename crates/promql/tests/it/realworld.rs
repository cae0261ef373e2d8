//! Queries that people run.

use binnacle_model::{MatchOp, Matcher};
use binnacle_promql::parse::parse;
use serde_json::Value;

use crate::conformance::{same, suite};

fn check(text: &str, parses: bool) -> Result<(), String> {
    match parse(text) {
        Err(errors) if parses => Err(format!("{text:?}: {errors}")),
        Err(_) => Ok(()),
        Ok(expr) if !parses => Err(format!("{text:?} is accepted as {expr}")),
        Ok(expr) => {
            let printed = expr.to_string();
            let again = parse(&printed).map_err(|errors| format!("{printed:?}: {errors}"))?;
            same(&again.to_string(), &printed)
        }
    }
}

#[test]
fn dashboards() {
    let Some(suite) = suite("realworld/dashboard_queries") else {
        return;
    };
    suite.run(|case| {
        if case["lang"] != "promql" {
            return Ok(());
        }
        check(
            case["substituted"].as_str().unwrap_or_default(),
            case["parses"] == true,
        )
    });
}

#[test]
fn rules() {
    let Some(suite) = suite("realworld/rule_exprs") else {
        return;
    };
    suite.run(|case| {
        check(
            case["expr"].as_str().unwrap_or_default(),
            case["parses"] == true,
        )
    });
}

#[test]
fn benchmarks() {
    let Some(suite) = suite("prometheus/promql_bench_queries") else {
        return;
    };
    suite.run(|case| {
        check(
            &case["expr"]
                .as_str()
                .unwrap_or_default()
                .replace("_X", "_1"),
            true,
        )
    });
}

#[test]
fn matchers() {
    let Some(suite) = suite("prometheus/label_matcher") else {
        return;
    };
    suite.run(|case| {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let matcher = &case["matcher"];
        let op = match matcher["type"].as_str() {
            Some("=") => MatchOp::Equal,
            Some("!=") => MatchOp::NotEqual,
            Some("=~") => MatchOp::Regex,
            _ => MatchOp::NotRegex,
        };
        let matcher = Matcher::new("x", op, text(&matcher["pattern"]))
            .map_err(|error| format!("{}: {error}", matcher["pattern"]))?;
        let got = matcher.matches(case["value"].as_str().unwrap_or_default());
        same(&got, &(case["match"] == true)).map_err(|why| format!("{case}: {why}"))
    });
}
