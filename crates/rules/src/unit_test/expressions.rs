//! `promql_expr_test` and `logql_expr_test`: what an expression comes to at a time.

use std::sync::Arc;

use binnacle_model::annotation::{Annotations, Severity};
use binnacle_model::event::logs::{Direction, EvaluateLogs, LogsRequest, LogsTime, LogsValue};
use binnacle_model::histogram::Histogram;
use binnacle_model::query::{InstantQuery, MetricsQuery, QueryOptions, QueryValue, Value};
use binnacle_model::{Labels, duration, number};
use binnacle_promql::parse::SeriesValue;

use super::file::ExpressionTest;
use super::histogram;
use super::report::differences;
use super::run::Test;
use crate::file::Language;

/// A sample to compare.
#[derive(Debug, Clone)]
struct Compared {
    labels: Labels,
    value: f64,
    histogram: Option<Arc<Histogram>>,
}

impl Compared {
    fn number(labels: Labels, value: f64) -> Self {
        Self {
            labels,
            value,
            histogram: None,
        }
    }
}

/// What is not as it should be.
pub(super) async fn check(test: &Test<'_>, diff: bool) -> Vec<String> {
    let mut failures = Vec::new();
    for case in &test.spec.expressions {
        if let Err(why) = check_one(test, case, diff).await {
            failures.push(format!(
                "    expr: {:?}, time: {},{why}",
                case.expr,
                duration::print(case.eval_time_ms)
            ));
        }
    }
    failures
}

async fn check_one(test: &Test<'_>, case: &ExpressionTest, diff: bool) -> Result<(), String> {
    let failed = |why: String| format!(" err: {why}");
    let at_ms = test.spec.start_ms + case.eval_time_ms;
    let (mut got, annotations) = match case.language {
        Language::Promql => of_metrics(test, case, at_ms).await,
        Language::Logql => of_lines(test, case, at_ms).await,
    }
    .map_err(failed)?;
    let mut expected = expected(case).map_err(failed)?;
    got.sort_by(|a, b| a.labels.cmp(&b.labels));
    expected.sort_by(|a, b| a.labels.cmp(&b.labels));
    let fuzzy = test.file.fuzzy_compare;
    if expected.len() == got.len() && expected.iter().zip(&got).all(|(a, b)| same(a, b, fuzzy)) {
        return Ok(());
    }
    let mut why = if diff {
        let (expected, got) = (print(&expected, "\n"), print(&got, "\n"));
        format!("\n{}", differences(&expected, &got, "        "))
    } else {
        let (expected, got) = (print(&expected, ", "), print(&got, ", "));
        format!("\n        exp: {expected}\n        got: {got}")
    };
    for annotation in annotations.iter() {
        if annotation.severity == Severity::Warning {
            why.push_str(&format!("\n        warning: {annotation}"));
        }
    }
    Err(why)
}

const NO_VECTOR: &str = "rule result is not a vector or scalar";

/// What PromQL comes to.
async fn of_metrics(
    test: &Test<'_>,
    case: &ExpressionTest,
    at_ms: i64,
) -> Result<(Vec<Compared>, Annotations), String> {
    let query = InstantQuery {
        text: case.expr.clone(),
        at_ms,
        options: QueryOptions::default(),
    };
    let answer = test.metrics.instant(query).await;
    let answer = answer.map_err(|error| error.to_string())?;
    let got = match answer.value {
        QueryValue::Scalar(sample) => vec![Compared::number(Labels::empty(), sample.value)],
        QueryValue::Vector(vector) => vector
            .into_iter()
            .map(|element| match element.value {
                Value::Float(value) => Compared::number(element.labels, value),
                Value::Histogram(histogram) => Compared {
                    labels: element.labels,
                    value: 0.0,
                    histogram: Some(histogram),
                },
            })
            .collect(),
        QueryValue::String { .. } | QueryValue::Matrix(_) => return Err(NO_VECTOR.to_owned()),
    };
    Ok((got, answer.annotations))
}

/// What LogQL comes to.
async fn of_lines(
    test: &Test<'_>,
    case: &ExpressionTest,
    at_ms: i64,
) -> Result<(Vec<Compared>, Annotations), String> {
    let request = LogsRequest {
        text: case.expr.clone(),
        time: LogsTime::Instant {
            at_ns: at_ms.saturating_mul(1_000_000),
        },
        limit: 0,
        direction: Direction::Backward,
        options: QueryOptions::default(),
    };
    let answer = test.lines.query(request).await;
    let answer = answer.map_err(|error| error.to_string())?;
    let got = match answer.value {
        LogsValue::Scalar((_, value)) => vec![Compared::number(Labels::empty(), value)],
        LogsValue::Vector(vector) => vector
            .into_iter()
            .map(|(labels, (_, value))| Compared::number(Labels::from_pairs(labels.iter()), value))
            .collect(),
        LogsValue::Streams(_) | LogsValue::Matrix(_) => return Err(NO_VECTOR.to_owned()),
    };
    Ok((got, answer.annotations))
}

fn expected(case: &ExpressionTest) -> Result<Vec<Compared>, String> {
    let mut all = Vec::with_capacity(case.expected.len());
    for sample in &case.expected {
        let histogram = match sample.histogram()? {
            Some(SeriesValue::Histogram { histogram, .. }) => Some(histogram),
            _ => None,
        };
        all.push(Compared {
            labels: sample.labels()?,
            value: if histogram.is_some() {
                0.0
            } else {
                sample.value
            },
            histogram,
        });
    }
    Ok(all)
}

fn same(a: &Compared, b: &Compared, fuzzy: bool) -> bool {
    let values = a.value == b.value
        || (a.value.is_nan() && b.value.is_nan())
        || (fuzzy && (a.value.next_down() == b.value || a.value.next_up() == b.value));
    let histograms = match (&a.histogram, &b.histogram) {
        (None, None) => true,
        (Some(a), Some(b)) => histogram::print(a) == histogram::print(b),
        _ => false,
    };
    a.labels == b.labels && values && histograms
}

fn print(samples: &[Compared], between: &str) -> String {
    if samples.is_empty() {
        return "nil".to_owned();
    }
    let texts: Vec<String> = samples
        .iter()
        .map(|sample| {
            let value = match &sample.histogram {
                Some(histogram) => histogram::print(histogram),
                None => number::text(number::write_default, sample.value),
            };
            format!("{} {value}", sample.labels)
        })
        .collect();
    texts.join(between)
}
