//! Runs test scripts.
//!
//! As upstream does, every instant query is also run with all selectors pinned to
//! its time (`@`) at other times, and as one step of a range query: all must give
//! the same answer.

use std::sync::Arc;
use std::time::Duration;

use binnacle_model::annotation::Severity;
use binnacle_model::limits::{Meter, QueryLimits};
use binnacle_model::query::{QueryValue, Value, VectorElement};
use binnacle_promql::ast::{At, Expr, ExprKind};
use binnacle_promql::eval::{EvalOptions, Evaluation, TimeRange, evaluate};
use binnacle_promql::functions::FunctionId;
use binnacle_promql::parse::{SeriesValue, parse};
use binnacle_promql::script::{Action, Eval, EvalTimes, Script, Steps, TextPattern};

use crate::compare;
use crate::storage::Storage;

/// What became of one query of a script.
pub struct Outcome {
    /// The line of the query.
    pub line: usize,
    /// The query.
    pub query: String,
    /// Why it failed.
    pub result: Result<(), String>,
    /// Whether native histograms were loaded for it or expected of it.
    pub histograms: bool,
}

/// The options of upstream's test engine.
pub fn options() -> EvalOptions {
    EvalOptions {
        enable_delayed_name_removal: true,
        use_start_timestamps: true,
        ..EvalOptions::default()
    }
}

/// A meter with upstream's limit of samples for tests.
pub fn meter() -> Arc<Meter> {
    Arc::new(Meter::new(QueryLimits {
        timeout: Duration::from_secs(100),
        samples_max: 10_000,
        ..QueryLimits::default()
    }))
}

/// Runs a whole script; an error is one of the script.
pub fn run(text: &str) -> Result<Vec<Outcome>, String> {
    let script = Script::parse(text).map_err(|error| error.to_string())?;
    let mut storage = Storage::default();
    let mut outcomes = Vec::new();
    for command in script.commands {
        match command.action {
            Action::Clear => storage.clear(),
            Action::Load(load) => storage.load(&load),
            Action::Eval(eval) => {
                let _ = storage.took_histograms();
                let result = run_eval(&eval, &storage);
                let expected = eval.series.iter().flat_map(|series| &series.values);
                let histograms = storage.took_histograms()
                    | expected
                        .into_iter()
                        .any(|v| matches!(v, SeriesValue::Histogram { .. }));
                outcomes.push(Outcome {
                    line: command.line,
                    query: eval.query,
                    result,
                    histograms,
                });
            }
        }
    }
    Ok(outcomes)
}

fn run_eval(eval: &Eval, storage: &Storage) -> Result<(), String> {
    let at_ms = match eval.times {
        EvalTimes::Range(steps) => {
            let got = query(&eval.query, range(steps), storage);
            return match check(eval, &eval.query, got)? {
                Some(got) => compare::value(eval, &got),
                None => Ok(()),
            };
        }
        EvalTimes::Instant { at_ms } => at_ms,
    };
    // The times that a range vector must have say when it is evaluated.
    let at_ms = eval.range_vector.map_or(at_ms, |steps| steps.end_ms);
    instant(eval, &eval.query, at_ms, storage)?;
    let Some(pinned) = pin(&eval.query, at_ms) else {
        return Ok(());
    };
    let times: &[i64] = &if at_ms == 0 {
        vec![-1000, 0, 1000]
    } else {
        vec![-10 * at_ms, 0, at_ms / 5, at_ms, 10 * at_ms]
    };
    for &time in times {
        instant(eval, &pinned, time, storage)
            .map_err(|why| format!("as {pinned} at {time} ms: {why}"))?;
    }
    Ok(())
}

fn range(steps: Steps) -> TimeRange {
    TimeRange {
        start_ms: steps.start_ms,
        end_ms: steps.end_ms,
        step_ms: steps.step_ms,
    }
}

fn query(text: &str, range: TimeRange, storage: &Storage) -> Result<Evaluation, String> {
    let expr = parse(text).map_err(|errors| errors.to_string())?;
    evaluate(&expr, range, storage, None, &options(), &meter()).map_err(|error| error.to_string())
}

/// Checks everything but the value; `None` when the query had to fail and did.
fn check(
    eval: &Eval,
    text: &str,
    got: Result<Evaluation, String>,
) -> Result<Option<QueryValue>, String> {
    let got = match (got, &eval.fail) {
        (Ok(got), None) => got,
        (Ok(got), Some(_)) => return Err(format!("must fail, and answers {:?}", got.value)),
        (Err(error), None) => return Err(format!("fails: {error}")),
        (Err(error), Some(patterns)) => {
            let other = |pattern: &&TextPattern| !pattern.matches(&error);
            return match patterns.iter().find(other) {
                None => Ok(None),
                Some(pattern) => Err(format!("fails with {error:?} instead of {pattern:?}")),
            };
        }
    };
    for (want, severity) in [
        (&eval.warnings, Severity::Warning),
        (&eval.infos, Severity::Info),
    ] {
        compare::annotations(want, &compare::rendered(&got.annotations, text, severity))?;
    }
    Ok(Some(got.value))
}

fn instant(eval: &Eval, text: &str, at_ms: i64, storage: &Storage) -> Result<(), String> {
    let once = TimeRange {
        start_ms: at_ms,
        end_ms: at_ms,
        step_ms: 0,
    };
    let Some(value) = check(eval, text, query(text, once, storage))? else {
        return Ok(());
    };
    compare::value(eval, &value)?;
    // Answers that have no form as a step of a range, or another one.
    const DEPENDS: [&str; 4] = ["start()", "end()", "range()", "step()"];
    if eval.range_vector.is_some()
        || eval.string.is_some()
        || DEPENDS.iter().any(|function| text.contains(function))
    {
        return Ok(());
    }
    let steps = TimeRange {
        start_ms: at_ms - 60_000,
        end_ms: at_ms + 60_000,
        step_ms: 60_000,
    };
    as_step(eval, text, steps, at_ms, &value, storage).map_err(|why| format!("as a range: {why}"))
}

/// Checks that the middle step of a range query answers the same.
fn as_step(
    eval: &Eval,
    text: &str,
    steps: TimeRange,
    at_ms: i64,
    instant: &QueryValue,
    storage: &Storage,
) -> Result<(), String> {
    let got = query(text, steps, storage).map_err(|error| format!("fails: {error}"))?;
    let QueryValue::Matrix(series) = got.value else {
        return Err(format!("answers {:?}", got.value));
    };
    if eval.ordered {
        return Ok(());
    }
    compare::sorted(&series)?;
    let mut elements = Vec::new();
    for one in series {
        let float = one.floats.iter().find(|sample| sample.t_ms == at_ms);
        let histogram = one.histograms.iter().find(|(t_ms, _)| *t_ms == at_ms);
        let value = match (float, histogram) {
            (Some(sample), _) => Value::Float(sample.value),
            (None, Some((_, histogram))) => Value::Histogram(Arc::clone(histogram)),
            (None, None) => continue,
        };
        elements.push(VectorElement {
            labels: one.labels,
            t_ms: at_ms,
            value,
        });
    }
    match (instant, elements.first().map(|element| &element.value)) {
        (QueryValue::Scalar(_), Some(Value::Float(value))) => compare::scalar(eval, *value),
        (QueryValue::Scalar(_), other) => Err(format!("expected a scalar, got {other:?}")),
        _ => compare::vector(eval, &elements),
    }
}

/// The query with all selectors fixed at `at_ms`, or `None` when its answer depends
/// on the time all the same.
fn pin(text: &str, at_ms: i64) -> Option<String> {
    let mut expr = parse(text).ok()?;
    pin_expr(&mut expr, at_ms).then(|| expr.to_string())
}

fn pin_expr(expr: &mut Expr, at_ms: i64) -> bool {
    let pin = |at: &mut Option<At>| {
        if !matches!(at, Some(At::Time(_))) {
            *at = Some(At::Time(at_ms));
        }
        true
    };
    match &mut expr.kind {
        ExprKind::Number(_) | ExprKind::String(_) => true,
        ExprKind::Paren(inner) | ExprKind::Unary(_, inner) => pin_expr(inner, at_ms),
        ExprKind::Binary(binary) => {
            pin_expr(&mut binary.lhs, at_ms) & pin_expr(&mut binary.rhs, at_ms)
        }
        ExprKind::Aggregate(aggregate) => {
            pin_expr(&mut aggregate.expr, at_ms)
                & aggregate
                    .param
                    .as_mut()
                    .is_none_or(|param| pin_expr(param, at_ms))
        }
        ExprKind::Call(call) => {
            let mut pinned = !depends_on_time(call.function.id);
            for arg in &mut call.args {
                pinned &= pin_expr(arg, at_ms);
            }
            pinned
        }
        ExprKind::Vector(vector) => pin(&mut vector.at),
        ExprKind::Matrix(matrix) => pin(&mut matrix.vector.at),
        ExprKind::Subquery(subquery) => pin(&mut subquery.at),
    }
}

fn depends_on_time(function: FunctionId) -> bool {
    use FunctionId as Id;
    matches!(
        function,
        Id::DaysInMonth
            | Id::DayOfMonth
            | Id::DayOfWeek
            | Id::DayOfYear
            | Id::End
            | Id::Hour
            | Id::Minute
            | Id::Month
            | Id::Year
            | Id::PredictLinear
            | Id::Range
            | Id::Start
            | Id::Step
            | Id::Time
            | Id::Timestamp
    )
}
