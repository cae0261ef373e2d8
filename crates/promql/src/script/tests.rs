//! Scripts that are read, and scripts that are refused.

use binnacle_model::is_stale;

use super::*;
use crate::parse::SeriesValue;

const SCRIPT: &str = r#"
# Comments and empty lines end a command.
load 30s
  up{job="a"} 1 2+3x2 _ stale
  http_total@st -1m _ -30s+10sx1
  http_total 1 2 3 4

CLEAR

eval instant at 1m up
  expect warn msg: PromQL warning: a b
  expect no_info
  expect ordered
  up{job="a"} -1.5

eval_fail range from 0 to 1h step 5m up{
  expected_fail_regexp parse.*error

eval instant at 1h up[1m]
  expect range vector from 59m to 1h step 30s
  up 1 2 3

eval instant at 0 "x\n"
  expect string "x\n"

eval instant at 0 -Inf
  -inf
"#;

#[test]
fn a_script() {
    let script = Script::parse(SCRIPT).expect("a script");
    let lines: Vec<usize> = script.commands.iter().map(|command| command.line).collect();
    assert_eq!(lines, [3, 8, 10, 16, 19, 23, 26]);
    let Action::Load(load) = &script.commands[0].action else {
        panic!("a load")
    };
    assert_eq!(
        (load.interval_ms, load.with_nhcb, load.series.len()),
        (30_000, false, 2)
    );
    let values: Vec<f64> = load.series[0]
        .description
        .values
        .iter()
        .filter_map(|value| match value {
            SeriesValue::Float(float) => Some(*float),
            _ => None,
        })
        .collect();
    assert_eq!(values[..4], [1.0, 2.0, 5.0, 8.0]);
    assert!(is_stale(values[4]));
    assert_eq!(
        load.series[1].starts_ms,
        [Some(-60_000), None, Some(-30_000), Some(-20_000)]
    );
    let eval = |at: usize| match &script.commands[at].action {
        Action::Eval(eval) => eval,
        other => panic!("{other:?}"),
    };
    let first = eval(2);
    assert_eq!(first.times, EvalTimes::Instant { at_ms: 60_000 });
    assert!(first.ordered && first.infos.none && first.warnings.some);
    assert!(first.warnings.patterns[0].matches("PromQL warning: a b"));
    assert!(!first.warnings.patterns[0].matches("PromQL warning: a"));
    assert_eq!(first.series[0].values, [SeriesValue::Float(-1.5)]);
    let fails = eval(3);
    let steps = Steps {
        start_ms: 0,
        end_ms: 3_600_000,
        step_ms: 300_000,
    };
    assert_eq!(fails.times, EvalTimes::Range(steps));
    assert!(
        fails
            .fail
            .as_ref()
            .is_some_and(|patterns| patterns[0].matches("parse an error"))
    );
    assert_eq!(
        eval(4).range_vector.map(|steps| steps.start_ms),
        Some(3_540_000)
    );
    assert_eq!(eval(5).string.as_deref(), Some("x\n"));
    assert_eq!(eval(6).scalar, Some(f64::NEG_INFINITY));
}

#[test]
fn refused() {
    let check = |text: &str, line: usize, part: &str| {
        let error = Script::parse(text).expect_err(text);
        assert_eq!(error.line, line, "{text:?}: {error}");
        assert!(error.message.contains(part), "{text:?}: {error}");
    };
    check("\nlaod 1m", 2, "invalid command");
    check("load 1x\n", 1, "invalid step definition");
    check("load", 1, "invalid step definition");
    check("load 1m\n  a{ 1", 2, "unexpected character inside braces");
    check("load 1m\n  a@st 0s\n", 2, "no following sample line");
    check("load 1m\n  a@st 0s\n  b 1", 3, "does not match");
    check(
        "load 1m\n  a@st 0sx1\n  a 1",
        3,
        "@st line has 2 values but sample line has 1",
    );
    check("load 1m\n  a@st _x0\n  a 1", 2, "invalid repeat count");
    check("eval instant at 5m", 1, "invalid evaluation command");
    check("eval instant at x up", 1, "invalid timestamp definition");
    check("eval instant at 5m up +", 1, "unexpected end of input");
    check("eval range from 5m to 1m step 1m up", 1, "before start");
    check("eval instant at 5m up\n  up 1 2", 2, "multiple values");
    check(
        "eval instant at 5m up\n  expect warnings",
        2,
        "invalid expect statement",
    );
    check(
        "eval instant at 5m up\n  expect fail\n  expect fail",
        3,
        "multiple expect fail",
    );
    check(
        "eval instant at 5m up\n  expect info\n  expect no_info",
        3,
        "cannot be used together",
    );
    check(
        "eval instant at 5m up\n  expect fail regex: [",
        2,
        "invalid regexp",
    );
    check(
        "eval instant at 5m up\n  expect string up",
        2,
        "correctly quoted",
    );
}
