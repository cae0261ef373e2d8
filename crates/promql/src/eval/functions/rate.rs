//! `rate`, `increase`, `delta`, `irate`, `idelta`.
//!
//! All that depends on times alone (how far to extrapolate, by what factor) is
//! worked out once for series with the same times: what is left for each series
//! and step is a subtraction, two comparisons and a multiplication.

use super::super::annotations::Notes;
use super::super::column::ABSENT;
use super::super::rollup::{Frame, Rollup};
use crate::functions::FunctionId;

/// What one step's rate owes to the times of its samples.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    first: u32,
    /// The same as `first` when there are fewer than two samples.
    last: u32,
    /// Seconds from the first to the last sample.
    sampled: f64,
    /// Seconds to extrapolate to the left.
    to_start: f64,
    /// Seconds to extrapolate to the right.
    to_end: f64,
    /// What the difference is multiplied with.
    factor: f64,
}

fn is_counter(rollup: &Rollup) -> bool {
    rollup.function != FunctionId::Delta
}

/// Divisor that makes it a rate.
fn per(rollup: &Rollup) -> f64 {
    if rollup.function == FunctionId::Rate {
        seconds(rollup.windows.range_ms)
    } else {
        1.0
    }
}

fn seconds(ms: i64) -> f64 {
    ms as f64 / 1000.0
}

/// Works out the shapes of all steps.
pub(crate) fn shapes(rollup: &Rollup, frame: &Frame<'_>, shapes: &mut Vec<Shape>) {
    let times = frame.points.times;
    let per = per(rollup);
    shapes.clear();
    shapes.extend(frame.bounds.iter().enumerate().map(|(step, (low, high))| {
        if high.saturating_sub(*low) < 2 {
            return Shape {
                first: 0,
                last: 0,
                sampled: 0.0,
                to_start: 0.0,
                to_end: 0.0,
                factor: 0.0,
            };
        }
        let (first, last) = (*low as usize, *high as usize - 1);
        let sampled = seconds(times[last] - times[first]);
        let average = sampled / (last - first) as f64;
        let to_start = reach(seconds(times[first] - frame.windows.start(step)), average);
        let to_end = reach(seconds(frame.windows.end(step) - times[last]), average);
        let factor = (sampled + to_start + to_end) / sampled / per;
        Shape {
            first: first as u32,
            last: last as u32,
            sampled,
            to_start,
            to_end,
            factor,
        }
    }));
}

/// How far to extrapolate: to the window's edge when a sample more would not be
/// expected before it, else by half of the average distance.
fn reach(distance: f64, average: f64) -> f64 {
    if distance >= average * 1.1 {
        average / 2.0
    } else {
        distance
    }
}

/// The column, from shapes.
pub(crate) fn column(rollup: &Rollup, frame: &Frame<'_>, shapes: &[Shape], out: &mut [f64]) {
    let values = frame.points.values;
    if values.is_empty() {
        out.fill(ABSENT);
        return;
    }
    if !is_counter(rollup) {
        for (shape, out) in shapes.iter().zip(out) {
            let delta = values[shape.last as usize] - values[shape.first as usize];
            *out = if shape.first == shape.last {
                ABSENT
            } else {
                delta * shape.factor
            };
        }
        return;
    }
    let per = per(rollup);
    let seen_from = frame
        .bounds
        .iter()
        .find(|(low, high)| low < high)
        .map_or(0, |b| b.0 as usize);
    let seen_to = frame.bounds.iter().map(|b| b.1 as usize).max().unwrap_or(0);
    if !has_reset(&values[seen_from.min(seen_to)..seen_to]) {
        for (shape, out) in shapes.iter().zip(out) {
            let first = values[shape.first as usize];
            let increase = values[shape.last as usize] - first;
            *out = counter(shape, first, increase, per);
        }
        return;
    }
    // Where the resets are, and what the counter had come to. They are few.
    let resets: Vec<(u32, f64)> = values
        .windows(2)
        .enumerate()
        .filter(|(_, pair)| pair[1] < pair[0])
        .map(|(before, pair)| (before as u32 + 1, pair[0]))
        .collect();
    let mut passed = 0;
    for (shape, out) in shapes.iter().zip(out) {
        let first = values[shape.first as usize];
        let mut increase = values[shape.last as usize] - first;
        if shape.last > shape.first {
            passed += resets[passed..].partition_point(|(at, _)| *at <= shape.first);
            for (_, lost) in resets[passed..]
                .iter()
                .take_while(|(at, _)| *at <= shape.last)
            {
                increase += lost;
            }
        }
        *out = counter(shape, first, increase, per);
    }
}

/// A counter is never negative: where its line would reach zero within the stretch
/// to extrapolate, the series starts there.
#[inline(always)]
fn counter(shape: &Shape, first: f64, increase: f64, per: f64) -> f64 {
    if shape.first == shape.last {
        return ABSENT;
    }
    let mut factor = shape.factor;
    // One branch that is hardly ever taken, instead of three.
    if (increase > 0.0) & (first >= 0.0) & (shape.sampled * first < shape.to_start * increase) {
        let to_zero = shape.sampled * (first / increase);
        if to_zero < shape.to_start {
            factor = (shape.sampled + to_zero + shape.to_end) / shape.sampled / per;
        }
    }
    increase * factor
}

fn has_reset(values: &[f64]) -> bool {
    // Without a way out of the loop it is vector code.
    let later = values.get(1..).unwrap_or_default();
    values
        .iter()
        .zip(later)
        .fold(false, |seen, (a, b)| seen | (b < a))
}

/// Whether a counter was reset between two samples, by their start timestamps.
pub(crate) fn is_start_reset(start_before: i64, before: i64, start: i64, at: i64) -> bool {
    if start == 0 || start >= at || start < before {
        return false;
    }
    if start > before {
        return true;
    }
    // It starts at the sample before: a delta, unless the start before is unknown
    // or impossible.
    start_before <= before && start_before != 0 && start_before != before
}

/// Whether a start timestamp contradicts the sample before.
fn overlaps(start_before: i64, before: i64, start: i64) -> bool {
    start != 0 && start < before && start != start_before
}

/// `rate`, `increase`, `delta` of samples with start timestamps.
pub(crate) fn with_starts(
    rollup: &Rollup,
    frame: &Frame<'_>,
    out: &mut [f64],
    notes: &mut Notes,
    metric: &dyn Fn() -> String,
) {
    let counter = is_counter(rollup);
    let per = per(rollup);
    let points = frame.points;
    frame.each(out, |step, low, high| {
        let (times, values, starts) = (
            &points.times[low..high],
            &points.values[low..high],
            &points.starts[low..high],
        );
        let last = times.len() - 1;
        let (range_start, range_end) = (frame.windows.start(step), frame.windows.end(step));
        let mut result = values[last] - values[0];
        if counter {
            let mut overlap = false;
            for i in 1..times.len() {
                overlap |= overlaps(starts[i - 1], times[i - 1], starts[i]);
                let reset = is_start_reset(starts[i - 1], times[i - 1], starts[i], times[i]);
                if values[i] < values[i - 1] || reset {
                    result += values[i - 1];
                }
            }
            if overlap {
                notes.start_overlap(&metric(), rollup.range_span);
            }
        }
        let mut sampled = seconds(times[last] - times[0]);
        let average = if last > 0 { sampled / last as f64 } else { 0.0 };
        let mut to_start = seconds(times[0] - range_start);
        if counter && starts[0] != 0 && starts[0] > range_start && starts[0] < times[0] {
            // The counter was zero at its start, which lies within the window.
            to_start = 0.0;
            sampled = seconds(times[last] - starts[0]);
            result += values[0];
        } else if last == 0 {
            return ABSENT;
        } else {
            to_start = reach(to_start, average);
            if counter {
                let mut to_zero = to_start;
                if result > 0.0 && values[0] >= 0.0 {
                    to_zero = sampled * (values[0] / result);
                }
                to_start = to_start.min(to_zero);
            }
        }
        let to_end = reach(seconds(range_end - times[last]), average);
        let factor = if sampled == 0.0 {
            1.0
        } else {
            (sampled + to_start + to_end) / sampled
        };
        result * (factor / per)
    });
}

/// `irate` and `idelta`: the last two samples of the window.
pub(crate) fn instant(rollup: &Rollup, frame: &Frame<'_>, is_rate: bool, out: &mut [f64]) {
    let points = frame.points;
    let start = |i: usize| {
        if rollup.use_starts {
            points.starts.get(i).copied().unwrap_or(0)
        } else {
            0
        }
    };
    frame.each(out, |_, low, high| {
        if high - low < 2 {
            return ABSENT;
        }
        let (before, last) = (high - 2, high - 1);
        let (v0, v1) = (points.values[before], points.values[last]);
        let (t0, t1) = (points.times[before], points.times[last]);
        let reset = is_rate && (v1 < v0 || is_start_reset(start(before), t0, start(last), t1));
        let difference = if reset { v1 } else { v1 - v0 };
        if is_rate {
            difference / seconds(t1 - t0)
        } else {
            difference
        }
    });
}
