//! A range selector on its own: the samples themselves (instant queries only).

use binnacle_model::annotation::Span;
use binnacle_model::query::MatrixSeries;
use binnacle_model::sample::{Sample, Samples};

use super::column::is_absent;
use super::context::{Context, Tally};
use super::duration;
use super::error::EvalError;
use super::functions::extended;
use super::selector::{Shift, select};
use super::steps::Steps;
use super::vector::Held;
use super::window::Windows;
use crate::ast::{MatrixSelector, RangeMode};

/// What the windows of `selector` are at `steps`.
pub(crate) fn windows(
    cx: &Context<'_>,
    selector: &MatrixSelector,
    steps: Steps,
) -> Result<Windows, EvalError> {
    let shift = Shift::of(cx, selector.vector.at, &selector.vector.offset)?;
    let lookback_ms = cx.options.lookback_ms;
    let (before_ms, after_ms) = match selector.vector.mode {
        RangeMode::Plain => (0, 0),
        RangeMode::Anchored => (lookback_ms, 0),
        RangeMode::Smoothed => (lookback_ms, lookback_ms),
    };
    Ok(Windows {
        steps,
        at_ms: shift.at_ms,
        offset_ms: shift.offset_ms,
        range_ms: duration::range_ms(&selector.range, cx.query)?,
        before_ms,
        after_ms,
    })
}

/// The samples of each series at one time.
pub(crate) fn evaluate(
    cx: &Context<'_>,
    selector: &MatrixSelector,
    span: Span,
    steps: Steps,
    tally: &mut Tally,
) -> Result<(Vec<MatrixSeries>, Held), EvalError> {
    let windows = windows(cx, selector, steps)?;
    let hints = cx.hints(steps, windows.range_ms);
    let selected = select(
        cx,
        &selector.vector,
        windows.reach(),
        windows.span(),
        hints,
        span,
    )?;
    let mut held = Held::new(cx.meter);
    let mut series = Vec::new();
    let mut samples = Samples::default();
    for i in 0..selected.set.len() {
        cx.meter.check()?;
        selected.read(i, &mut samples)?;
        if !samples.histograms.is_empty() {
            tally
                .notes
                .histograms_skipped(&selected.metric_name(i), selected.at);
        }
        let mut floats = floats(&samples);
        if selector.vector.mode != RangeMode::Plain {
            floats = extend(&floats, &windows, selector.vector.mode);
        }
        tally.counts.add(0, floats.len() as u64);
        if !floats.is_empty() {
            held.add(floats.len() as u64, floats.len() as u64 * 16)?;
            let labels = selected.labels(i);
            series.push(MatrixSeries {
                labels,
                floats,
                histograms: Vec::new(),
            });
        }
    }
    Ok((series, held))
}

fn floats(samples: &Samples) -> Vec<Sample> {
    let mut histograms = samples
        .histograms
        .iter()
        .map(|(at, _)| *at as usize)
        .peekable();
    let mut floats = Vec::with_capacity(samples.len());
    for (at, (t_ms, value)) in samples.times_ms.iter().zip(&samples.values).enumerate() {
        if histograms.next_if_eq(&at).is_none() && !is_absent(*value) {
            floats.push(Sample {
                t_ms: *t_ms,
                value: *value,
            });
        }
    }
    floats
}

/// Samples at both ends of the window, and those in between.
fn extend(floats: &[Sample], windows: &Windows, mode: RangeMode) -> Vec<Sample> {
    let times: Vec<i64> = floats.iter().map(|s| s.t_ms).collect();
    let values: Vec<f64> = floats.iter().map(|s| s.value).collect();
    let (start, end) = (windows.start(0), windows.end(0));
    let smoothed = mode == RangeMode::Smoothed;
    let Some(ends) = extended::ends(&times, &values, (start, end), smoothed, false) else {
        return Vec::new();
    };
    let mut all = vec![Sample {
        t_ms: start,
        value: ends.left,
    }];
    all.extend_from_slice(&floats[ends.first..ends.end]);
    all.push(Sample {
        t_ms: end,
        value: ends.right,
    });
    all
}
