//! `rate`, `increase`, `delta` of `anchored` and `smoothed` ranges, and `resets`
//! and `changes`, which know `anchored` ranges too.

use super::super::column::ABSENT;
use super::super::rollup::{Frame, Rollup};
use super::rate::is_start_reset;
use crate::ast::RangeMode;
use crate::functions::FunctionId;

/// The value between two samples, on the straight line. A counter that was reset
/// in between starts from zero.
fn between(times: &[i64], values: &[f64], at: usize, time: i64, is_counter: bool) -> f64 {
    let (mut v1, v2) = (values[at], values[at + 1]);
    if is_counter && v2 < v1 {
        v1 = 0.0;
    }
    v1 + (v2 - v1) * (time - times[at]) as f64 / (times[at + 1] - times[at]) as f64
}

/// The samples that matter for a window with its ends, and the values at the ends.
pub(crate) struct Ends {
    /// First sample within the window.
    pub(crate) first: usize,
    /// One past the last sample within the window.
    pub(crate) end: usize,
    pub(crate) left: f64,
    pub(crate) right: f64,
}

/// Works out the ends of the window `(start, end]` of samples that reach beyond it;
/// `None` when none lies within or it has nothing to say.
pub(crate) fn ends(
    times: &[i64],
    values: &[f64],
    (start, end): (i64, i64),
    smoothed: bool,
    is_counter: bool,
) -> Option<Ends> {
    let mut last = times.len().checked_sub(1)?;
    let mut first = times[..last]
        .partition_point(|t| *t <= start)
        .saturating_sub(1);
    if smoothed {
        last = times[..last].partition_point(|t| *t < end);
    }
    if times[last] <= start || (smoothed && times[first] > end) {
        return None;
    }
    let left = if smoothed && times[first] < start {
        between(times, values, first, start, is_counter)
    } else {
        values[first]
    };
    let right = if smoothed && last > 0 && times[last] > end {
        between(times, values, last - 1, end, is_counter)
    } else {
        values[last]
    };
    if times[first] <= start {
        first += 1;
    }
    let past = if times[last] >= end { last } else { last + 1 };
    Some(Ends {
        first,
        end: past.max(first),
        left,
        right,
    })
}

/// `rate`, `increase`, `delta`.
pub(crate) fn column(rollup: &Rollup, frame: &Frame<'_>, out: &mut [f64]) {
    let is_counter = rollup.function != FunctionId::Delta;
    let smoothed = rollup.mode == RangeMode::Smoothed;
    frame.each(out, |step, low, high| {
        let (times, values) = (
            &frame.points.times[low..high],
            &frame.points.values[low..high],
        );
        let window = (frame.windows.start(step), frame.windows.end(step));
        let Some(ends) = ends(times, values, window, smoothed, is_counter) else {
            return ABSENT;
        };
        let mut result = ends.right - ends.left;
        if is_counter {
            let mut before = ends.left;
            for value in values[ends.first..ends.end]
                .iter()
                .copied()
                .chain([ends.right])
            {
                if value < before {
                    result += before;
                }
                before = value;
            }
        }
        if rollup.function == FunctionId::Rate {
            result /= rollup.windows.range_ms as f64 / 1000.0;
        }
        result
    });
}

/// The first sample that counts; `None` when an anchored window has none of its own.
fn anchor(
    rollup: &Rollup,
    frame: &Frame<'_>,
    step: usize,
    low: usize,
    high: usize,
) -> Option<usize> {
    if rollup.mode != RangeMode::Anchored {
        return Some(low);
    }
    let start = frame.windows.start(step);
    let within = low + frame.points.times[low..high].partition_point(|t| *t <= start);
    (within < high).then(|| within.saturating_sub(1).max(low))
}

/// Fills `out` with how many neighbours in the window `differ(index of the later)`.
fn count(rollup: &Rollup, frame: &Frame<'_>, out: &mut [f64], differ: impl Fn(usize) -> bool) {
    // How many up to each sample: a window's count is a difference.
    let mut up_to = Vec::with_capacity(frame.points.times.len());
    let mut seen = 0u32;
    for at in 0..frame.points.times.len() {
        seen += u32::from(at > 0 && differ(at));
        up_to.push(seen);
    }
    frame.each(out, |step, low, high| {
        match anchor(rollup, frame, step, low, high) {
            Some(first) => f64::from(up_to[high - 1] - up_to[first]),
            None => ABSENT,
        }
    });
}

/// `resets`.
pub(crate) fn resets(rollup: &Rollup, frame: &Frame<'_>, out: &mut [f64]) {
    let points = frame.points;
    let by_start = rollup.use_starts && !points.starts.is_empty();
    count(rollup, frame, out, |at| {
        points.values[at] < points.values[at - 1]
            || by_start
                && is_start_reset(
                    points.starts[at - 1],
                    points.times[at - 1],
                    points.starts[at],
                    points.times[at],
                )
    });
}

/// `changes`.
pub(crate) fn changes(rollup: &Rollup, frame: &Frame<'_>, out: &mut [f64]) {
    let values = frame.points.values;
    count(rollup, frame, out, |at| {
        let (before, now) = (values[at - 1], values[at]);
        now != before && !(now.is_nan() && before.is_nan())
    });
}
