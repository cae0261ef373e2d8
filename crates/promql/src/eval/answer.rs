//! From an expression and times to an answer.

use std::sync::Arc;

use binnacle_model::Labels;
use binnacle_model::limits::Meter;
use binnacle_model::query::{MatrixSeries, QueryValue, Value as SampleValue, VectorElement};
use binnacle_model::sample::Sample;
use binnacle_model::select::{MetadataSource, Select};
use binnacle_stdx::hash::HashKey;

use super::column::is_absent;
use super::context::{Around, Context, Tally};
use super::error::EvalError;
use super::invariant::unparen;
use super::node::{self, Value};
use super::scalar::Scalar;
use super::steps::Steps;
use super::vector::{Vector, without_metadata};
use super::{EvalOptions, Evaluation, TimeRange, duration, matrix, subquery};
use crate::ast::{Expr, ExprKind, ValueType};

/// See [`super::evaluate`].
pub(super) fn evaluate(
    expr: &Expr,
    range: TimeRange,
    source: &dyn Select,
    metadata: Option<&dyn MetadataSource>,
    options: &EvalOptions,
    meter: &Arc<Meter>,
) -> Result<Evaluation, EvalError> {
    let is_instant = range.start_ms == range.end_ms && range.step_ms == 0;
    check_times(expr, range, is_instant)?;
    duration::check(expr, range)?;
    let steps = if is_instant {
        Steps::one(range.start_ms)
    } else {
        let bytes_max = meter.limits().memory_bytes_max;
        Steps::between(range.start_ms, range.end_ms, range.step_ms, bytes_max)?
    };
    let cx = Context {
        source,
        metadata,
        options,
        meter,
        query: range,
        hash_key: HashKey::random(),
        around: Around::default(),
    };
    let mut tally = cx.tally(steps);
    let value = if steps.count == 0 {
        QueryValue::Matrix(Vec::new())
    } else if is_instant {
        instant(&cx, expr, steps, &mut tally)?
    } else {
        ranged(&cx, expr, steps, &mut tally)?
    };
    Ok(Evaluation {
        value,
        annotations: tally.notes.into_annotations(),
        samples_total: tally.counts.total,
        samples_per_step: tally.counts.into_steps(steps),
        samples_peak: meter.samples_peak(),
    })
}

fn check_times(expr: &Expr, range: TimeRange, is_instant: bool) -> Result<(), EvalError> {
    if is_instant {
        return Ok(());
    }
    let bad = |message: String| {
        Err(EvalError::BadData {
            message,
            span: None,
        })
    };
    if range.step_ms <= 0 {
        return bad(
            "zero or negative query resolution step widths are not accepted. Try a positive integer"
                .to_owned(),
        );
    }
    if range.end_ms.checked_sub(range.start_ms).is_none()
        || range.end_ms.checked_add(range.step_ms).is_none()
    {
        return bad("the time range is out of bounds".to_owned());
    }
    match expr.value_type() {
        ValueType::Scalar | ValueType::Vector => Ok(()),
        other => bad(format!(
            "invalid expression type \"{}\" for range query, must be Scalar or instant Vector",
            other.documented()
        )),
    }
}

fn instant(
    cx: &Context<'_>,
    expr: &Expr,
    steps: Steps,
    tally: &mut Tally,
) -> Result<QueryValue, EvalError> {
    let t_ms = steps.at(0);
    let expr = unparen(expr);
    match &expr.kind {
        ExprKind::String(text) => Ok(QueryValue::String {
            t_ms,
            value: text.clone(),
        }),
        ExprKind::Matrix(selector) => {
            let (mut series, _held) = matrix::evaluate(cx, selector, expr.span, steps, tally)?;
            sort_by_labels(&mut series);
            Ok(QueryValue::Matrix(series))
        }
        ExprKind::Subquery(inner) => {
            let (series, _held) = subquery::evaluate(cx, inner, steps, tally)?;
            points(series).map(QueryValue::Matrix)
        }
        _ => Ok(match node::evaluate(cx, expr, steps, tally)? {
            Value::Scalar(scalar) => QueryValue::Scalar(Sample {
                t_ms,
                value: scalar.at(0),
            }),
            Value::Vector(stream) => {
                let vector = named(cx, stream.collect(cx, tally)?)?;
                let element = |labels: Labels, value: f64| VectorElement {
                    labels,
                    t_ms,
                    value: SampleValue::Float(value),
                };
                let series = vector.series.into_iter();
                QueryValue::Vector(series.map(|s| element(s.labels, s.values[0])).collect())
            }
        }),
    }
}

/// The points of a subquery, with the names removed that were to be.
fn points(series: Vec<(MatrixSeries, bool)>) -> Result<Vec<MatrixSeries>, EvalError> {
    let mut all: Vec<MatrixSeries> = series
        .into_iter()
        .map(|(mut series, drop_name)| {
            if drop_name {
                series.labels = without_metadata(&series.labels);
            }
            series
        })
        .collect();
    all.sort_by(|a, b| a.labels.cmp(&b.labels));
    let mut merged: Vec<MatrixSeries> = Vec::with_capacity(all.len());
    for series in all {
        match merged.last_mut() {
            Some(last) if last.labels == series.labels => {
                last.floats.extend(series.floats);
                last.floats.sort_by_key(|sample| sample.t_ms);
                if last
                    .floats
                    .windows(2)
                    .any(|pair| pair[0].t_ms == pair[1].t_ms)
                {
                    return Err(EvalError::same_labels());
                }
            }
            _ => merged.push(series),
        }
    }
    Ok(merged)
}

fn ranged(
    cx: &Context<'_>,
    expr: &Expr,
    steps: Steps,
    tally: &mut Tally,
) -> Result<QueryValue, EvalError> {
    let mut series = match node::evaluate(cx, expr, steps, tally)? {
        Value::Scalar(scalar) => vec![of_scalar(&scalar, steps)],
        Value::Vector(stream) => {
            let vector = named(cx, stream.collect(cx, tally)?)?;
            let Vector {
                series,
                held: _held,
            } = vector;
            series
                .into_iter()
                .map(|series| MatrixSeries {
                    labels: series.labels,
                    floats: samples(&series.values, steps),
                    histograms: Vec::new(),
                })
                .collect()
        }
    };
    sort_by_labels(&mut series);
    Ok(QueryValue::Matrix(series))
}

/// Sorts by labels.
///
/// Series of one answer mostly differ late in their labels, so comparing label by
/// label is slow. Names and values with a zero byte after each are in the same
/// order as bytes, unless a value holds a zero byte itself.
fn sort_by_labels(series: &mut Vec<MatrixSeries>) {
    if series.len() < 2 {
        return;
    }
    if series
        .iter()
        .any(|one| one.labels.iter().any(|(_, value)| value.contains('\0')))
    {
        series.sort_by(|a, b| a.labels.cmp(&b.labels));
        return;
    }
    let mut keys = Vec::with_capacity(series.iter().map(|s| s.labels.as_bytes().len()).sum());
    let mut ends = Vec::with_capacity(series.len());
    for one in series.iter() {
        for text in one.labels.iter().flat_map(|(name, value)| [name, value]) {
            keys.extend_from_slice(text.as_bytes());
            keys.push(0);
        }
        ends.push(keys.len());
    }
    let key = |i: usize| &keys[if i == 0 { 0 } else { ends[i - 1] }..ends[i]];
    if (1..series.len()).all(|i| key(i - 1) <= key(i)) {
        return;
    }
    let mut order: Vec<usize> = (0..series.len()).collect();
    order.sort_by_key(|i| key(*i));
    let mut taken: Vec<Option<MatrixSeries>> = series.drain(..).map(Some).collect();
    series.extend(order.into_iter().filter_map(|i| taken[i].take()));
}

fn of_scalar(scalar: &Scalar, steps: Steps) -> MatrixSeries {
    let sample = |(step, value)| Sample {
        t_ms: steps.at(step),
        value,
    };
    MatrixSeries {
        labels: Labels::empty(),
        floats: scalar.iter(steps.count).enumerate().map(sample).collect(),
        histograms: Vec::new(),
    }
}

fn samples(column: &[f64], steps: Steps) -> Vec<Sample> {
    let mut samples = Vec::with_capacity(super::column::count_present(column));
    let present = column
        .iter()
        .enumerate()
        .filter(|(_, value)| !is_absent(**value));
    samples.extend(present.map(|(step, value)| Sample {
        t_ms: steps.at(step),
        value: *value,
    }));
    samples
}

/// Removes the names that were marked for removal.
fn named(cx: &Context<'_>, mut vector: Vector) -> Result<Vector, EvalError> {
    if !cx.delayed() {
        return Ok(vector);
    }
    for series in vector.series.iter_mut().filter(|series| series.drop_name) {
        series.labels = without_metadata(&series.labels);
    }
    vector.merge_same_labels(cx)
}
