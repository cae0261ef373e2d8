//! Subqueries: an expression at steps of its own.

use binnacle_model::query::MatrixSeries;
use binnacle_model::sample::Sample;

use super::column::{ABSENT, is_absent, is_empty};
use super::context::{Around, Context, Tally};
use super::duration;
use super::error::EvalError;
use super::node;
use super::rollup::{Rollup, Scratch};
use super::selector::Shift;
use super::steps::{Reach, Steps};
use super::stream::count_windows;
use super::vector::Vector;
use super::window::{Points, Windows};
use crate::ast::Subquery;
use crate::functions::FunctionId;

/// The windows of `subquery` at `steps`, and the steps at which its expression is
/// evaluated: multiples of its step, so that they do not move with the query.
fn windows(
    cx: &Context<'_>,
    subquery: &Subquery,
    steps: Steps,
) -> Result<(Windows, Steps), EvalError> {
    let shift = Shift::of(cx, subquery.at, &subquery.offset)?;
    let range_ms = duration::range_ms(&subquery.range, cx.query)?;
    let step_ms = match &subquery.step {
        Some(step) => match duration::range_ms(step, cx.query)? {
            0 => cx.options.default_step_ms,
            step_ms => step_ms,
        },
        None => cx.options.default_step_ms,
    };
    if step_ms <= 0 {
        return Err(EvalError::execution(
            "the step of a subquery must be greater than 0",
        ));
    }
    let windows = Windows {
        steps,
        at_ms: shift.at_ms,
        offset_ms: shift.offset_ms,
        range_ms,
        before_ms: 0,
        after_ms: 0,
    };
    let after = windows.start(0);
    let end = windows.end(steps.count.saturating_sub(1));
    let start = after
        .div_euclid(step_ms)
        .saturating_mul(step_ms)
        .saturating_add(step_ms);
    let bytes_max = cx.meter.limits().memory_bytes_max;
    let (first, last) = shift
        .at_ms
        .map_or((steps.reach.start_ms, steps.reach.end_ms), |t| (t, t));
    let reach = Reach {
        start_ms: first
            .saturating_sub(shift.offset_ms)
            .saturating_sub(range_ms),
        end_ms: last.saturating_sub(shift.offset_ms),
        step_ms,
    };
    Ok((
        windows,
        Steps {
            reach,
            ..Steps::between(start, end, step_ms, bytes_max)?
        },
    ))
}

/// Evaluates the expression; its samples count only where they are looked at.
fn inner(
    cx: &Context<'_>,
    subquery: &Subquery,
    inner_steps: Steps,
    tally: &mut Tally,
) -> Result<(Vector, u64), EvalError> {
    let mut own = cx.tally(inner_steps);
    let vector = if inner_steps.count == 0 {
        Vector::new(cx)
    } else {
        let around = Around {
            grouping: None,
            ..cx.around
        };
        node::vector(&cx.within(around), &subquery.expr, inner_steps, &mut own)?
    };
    tally.notes.merge(own.notes);
    Ok((vector, own.counts.total))
}

/// A subquery on its own: its points (instant queries only).
pub(crate) fn evaluate(
    cx: &Context<'_>,
    subquery: &Subquery,
    steps: Steps,
    tally: &mut Tally,
) -> Result<(Vec<(MatrixSeries, bool)>, super::vector::Held), EvalError> {
    let (_, inner_steps) = windows(cx, subquery, steps)?;
    let (vector, samples) = inner(cx, subquery, inner_steps, tally)?;
    tally.counts.add(0, samples);
    let series = vector
        .series
        .into_iter()
        .map(|series| {
            let floats = series
                .values
                .iter()
                .enumerate()
                .filter(|(_, value)| !is_absent(**value))
                .map(|(step, value)| Sample {
                    t_ms: inner_steps.at(step),
                    value: *value,
                })
                .collect();
            let matrix = MatrixSeries {
                labels: series.labels,
                floats,
                histograms: Vec::new(),
            };
            (matrix, series.drop_name)
        })
        .collect();
    Ok((series, vector.held))
}

/// Applies a function over ranges to the points of a subquery.
pub(crate) fn rolled_up(
    cx: &Context<'_>,
    subquery: &Subquery,
    rollup: impl FnOnce(Windows) -> Rollup,
    steps: Steps,
    drop_name: bool,
    tally: &mut Tally,
) -> Result<Vector, EvalError> {
    let (windows, inner_steps) = windows(cx, subquery, steps)?;
    let rollup = rollup(windows);
    let (points, _) = inner(cx, subquery, inner_steps, tally)?;
    let mut out = Vector::new(cx);
    let mut scratch = Scratch::default();
    let (mut times, mut values) = (Vec::new(), Vec::new());
    for (done, series) in points.series.iter().enumerate() {
        if done % 32 == 0 {
            cx.meter.check()?;
        }
        times.clear();
        values.clear();
        for (step, value) in series.values.iter().enumerate() {
            if !is_absent(*value) {
                times.push(inner_steps.at(step));
                values.push(*value);
            }
        }
        let points = Points {
            times: &times,
            values: &values,
            starts: &[],
        };
        let metric = || series.labels.metric_name().unwrap_or_default().to_owned();
        let mut column = vec![ABSENT; steps.count];
        rollup.column(points, &mut scratch, &mut column, &mut tally.notes, &metric)?;
        count_windows(tally, &scratch);
        if is_empty(&column) {
            continue;
        }
        if matches!(rollup.function, FunctionId::Rate | FunctionId::Increase) {
            super::stream::check_counter(cx, &series.labels, rollup.range_span, tally);
        }
        out.push(series.labels.clone(), series.drop_name, column)?;
    }
    if drop_name {
        out.drop_names(cx);
    }
    if !cx.delayed() {
        out.check_unique(cx)?;
    }
    Ok(out)
}
