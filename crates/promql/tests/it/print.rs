//! Trees back to text and to JSON.

use binnacle_promql::parse::{parse, unquote};
use binnacle_promql::print::{pretty, pretty_within};
use binnacle_promql::syntax_tree::syntax_tree;
use serde_json::{Value, json};

use crate::conformance::{bytes, same, suite};

#[test]
fn upstream_normal_form() {
    let Some(suite) = suite("prometheus/promql_string") else {
        return;
    };
    suite.run(|case| {
        let text = case["in"].as_str().unwrap_or_default();
        let expr = parse(text).map_err(|errors| format!("{text:?}: {errors}"))?;
        let want = case["out"]
            .as_str()
            .filter(|out| !out.is_empty())
            .unwrap_or(text);
        same(&expr.to_string(), &want.to_owned())?;
        let again = parse(want).map_err(|errors| format!("{want:?}: {errors}"))?;
        same(&again.to_string(), &want.to_owned())
    });
}

#[test]
fn upstream_pretty() {
    let Some(suite) = suite("prometheus/promql_prettify") else {
        return;
    };
    suite.run(|case| {
        let text = case["in"].as_str().unwrap_or_default();
        let expr = parse(text).map_err(|errors| format!("{text:?}: {errors}"))?;
        // Upstream sets this width for its tests.
        let got = pretty_within(&expr, 10);
        same(&got, &case["out"].as_str().unwrap_or_default().to_owned())?;
        let again = parse(&got).map_err(|errors| format!("{got:?}: {errors}"))?;
        same(&again.to_string(), &expr.to_string())
    });
}

#[test]
fn upstream_strings() {
    let Some(suite) = suite("prometheus/promql_string_unquote") else {
        return;
    };
    suite.run(|case| {
        if case["group"] == "quotetests" {
            // The other way round: what Go quotes.
            return Ok(());
        }
        let misquoted = case["fail"] == true;
        let quoted = bytes(&case[if misquoted { "input" } else { "in" }]);
        let got = String::from_utf8(quoted)
            .map_err(|error| error.to_string())
            .and_then(|text| unquote(&text));
        match got {
            Err(_) if misquoted => Ok(()),
            Ok(got) if misquoted => Err(format!("{case} is accepted as {got:?}")),
            Ok(got) => same(&format!("{got:?}"), &format!("{:?}", bytes(&case["out"]))),
            Err(why) => Err(why),
        }
    });
}

#[test]
fn lines_of_a_hundred() {
    let check = |text: &str, want: &str| {
        let expr = parse(text).expect(text);
        assert_eq!(pretty(&expr), want);
    };
    let a = "a".repeat(45);
    check(&format!("{a}+{a}"), &format!("{a} + {a}"));
    let a = "a".repeat(49);
    check(&format!("{a}+{a}"), &format!("  {a}\n+\n  {a}"));
    check(
        &format!("sum(rate({a}[5m]) + {a}) by (x)"),
        &format!("sum by (x) (\n    rate({a}[5m])\n  +\n    {a}\n)"),
    );
}

#[test]
fn json_of_a_tree() {
    let check = |text: &str, want: Value| {
        let expr = parse(text).expect(text);
        let got: Value = serde_json::from_str(&syntax_tree(&expr)).expect("JSON");
        assert_eq!(got, want, "{text}");
    };
    check("-1.5", json!({"type": "numberLiteral", "val": "-1.5"}));
    check(
        "\"a\\\"\\n\"",
        json!({"type": "stringLiteral", "val": "a\"\n"}),
    );
    check("Inf", json!({"type": "numberLiteral", "val": "+Inf"}));
    let up = json!({
        "type": "vectorSelector", "name": "up", "offset": 0, "offsetExpr": null,
        "matchers": [
            {"name": "job", "value": "x.*", "type": "=~"},
            {"name": "__name__", "value": "up", "type": "="},
        ],
        "timestamp": null, "startOrEnd": null, "anchored": false, "smoothed": false,
    });
    check("up{job=~\"x.*\"}", up.clone());
    check(
        "sum by (job) (-up{job=~\"x.*\"})",
        json!({
            "type": "aggregation", "op": "sum", "param": null, "grouping": ["job"],
            "without": false, "expr": {"type": "unaryExpr", "op": "-", "expr": up},
        }),
    );
    check(
        "rate(up[step()+5m] @ end() offset -1m) > bool on (a) group_left () fill_left (3) b",
        json!({
            "type": "binaryExpr", "op": ">", "bool": true,
            "matching": {
                "card": "many-to-one", "labels": ["a"], "on": true, "include": [],
                "fillValues": {"lhs": 3, "rhs": null},
            },
            "lhs": {
                "type": "call",
                "func": {
                    "name": "rate", "argTypes": ["matrix"], "variadic": 0, "returnType": "vector",
                },
                "args": [{
                    "type": "matrixSelector", "name": "up", "range": 0,
                    "rangeExpr": {
                        "type": "durationExpr", "op": "+", "wrapped": false,
                        "lhs": {
                            "type": "durationExpr", "op": "step", "lhs": null, "rhs": null,
                            "wrapped": false,
                        },
                        "rhs": {"type": "numberLiteral", "val": "300", "duration": true},
                    },
                    "offset": -60_000, "offsetExpr": null,
                    "matchers": [{"name": "__name__", "value": "up", "type": "="}],
                    "timestamp": null, "startOrEnd": "end", "anchored": false, "smoothed": false,
                }],
            },
            "rhs": {
                "type": "vectorSelector", "name": "b", "offset": 0, "offsetExpr": null,
                "matchers": [{"name": "__name__", "value": "b", "type": "="}],
                "timestamp": null, "startOrEnd": null, "anchored": false, "smoothed": false,
            },
        }),
    );
    check(
        "(vector(1))[1h:5m] @ 1.5",
        json!({
            "type": "subquery", "range": 3_600_000, "rangeExpr": null, "offset": 0,
            "offsetExpr": null, "step": 300_000, "stepExpr": null, "timestamp": 1500,
            "startOrEnd": null,
            "expr": {"type": "parenExpr", "expr": {
                "type": "call", "args": [{"type": "numberLiteral", "val": "1"}],
                "func": {
                    "name": "vector", "argTypes": ["scalar"], "variadic": 0, "returnType": "vector",
                },
            }},
        }),
    );
}
