//! The values of windows.
//!
//! Where windows overlap, a value is not computed again from all its samples if that can
//! be had without a change in its last bit: sums of whole numbers, the least and the
//! greatest, quantiles, resets of counters. What depends on the order of its samples is
//! computed from them, oldest first.

use std::collections::VecDeque;

use super::cells::{Cells, Window};
use super::ranks::Ranks;
use crate::ast::{RangeAggregation, RangeOp};

/// A row with a number.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sample {
    pub(super) t_ns: i64,
    /// See [`super::gather::Point::unit`].
    pub(super) unit: u32,
    pub(super) value: f64,
}

impl Sample {
    pub(super) fn order(&self) -> (i64, u32) {
        (self.t_ns, self.unit)
    }
}

/// The value of a window of counts whose sum is that.
pub(super) fn of_count(aggregation: &RangeAggregation, sum: u64) -> f64 {
    match aggregation.op {
        RangeOp::Rate | RangeOp::BytesRate => sum as f64 / seconds(aggregation),
        _ => sum as f64,
    }
}

fn seconds(aggregation: &RangeAggregation) -> f64 {
    aggregation.range.range_ns as f64 / 1e9
}

/// A window of samples.
#[derive(Clone, Copy)]
struct Span {
    from: usize,
    to: usize,
    window: Window,
}

/// Adds the value of each window to `out`; `None` where it has no samples. Samples are in
/// the order of their time.
pub(super) fn windows(
    aggregation: &RangeAggregation,
    samples: &[Sample],
    cells: &Cells,
    out: &mut Vec<Option<f64>>,
) {
    let spans = spans(samples, cells);
    let looked_at: usize = spans.iter().map(|s| s.to - s.from).sum();
    let overlaps = looked_at > samples.len();
    let mut each = |value: &mut dyn FnMut(&Span) -> f64| {
        out.extend(spans.iter().map(|s| (s.from < s.to).then(|| value(s))));
    };
    let of = |span: &Span| &samples[span.from..span.to];
    let sums = if overlaps { whole_sums(samples) } else { None };
    let sum = |span: &Span| match &sums {
        Some(sums) => sums[span.to] - sums[span.from],
        None => of(span).iter().map(|s| s.value).sum(),
    };
    match aggregation.op {
        RangeOp::Rate | RangeOp::BytesRate => {
            let seconds = seconds(aggregation);
            each(&mut |span| sum(span) / seconds);
        }
        RangeOp::CountOverTime | RangeOp::BytesOverTime | RangeOp::SumOverTime => {
            each(&mut |span| sum(span));
        }
        RangeOp::AvgOverTime => each(&mut |span| mean_of(of(span).iter().map(|s| s.value))),
        RangeOp::StdvarOverTime => each(&mut |span| variance(of(span))),
        RangeOp::StddevOverTime => each(&mut |span| variance(of(span)).sqrt()),
        RangeOp::MinOverTime => extremes(samples, &spans, |a, b| a < b, out),
        RangeOp::MaxOverTime => extremes(samples, &spans, |a, b| a > b, out),
        RangeOp::QuantileOverTime => {
            let q = aggregation.parameter.unwrap_or(f64::NAN);
            quantiles(q, samples, &spans, overlaps, out);
        }
        RangeOp::FirstOverTime => each(&mut |span| samples[span.from].value),
        RangeOp::LastOverTime => each(&mut |span| samples[span.to - 1].value),
        RangeOp::RateCounter => {
            let resets = resets(samples);
            each(&mut |span| counter_rate(of(span), span, samples, &resets));
        }
        RangeOp::AbsentOverTime => each(&mut |_| 1.0),
    }
}

/// The samples of each window.
fn spans(samples: &[Sample], cells: &Cells) -> Vec<Span> {
    let (mut from, mut to) = (0, 0);
    let span = |window: &Window| {
        while to < samples.len() && samples[to].t_ns <= window.until_ns {
            to += 1;
        }
        while from < to && samples[from].t_ns <= window.after_ns {
            from += 1;
        }
        Span {
            from,
            to,
            window: *window,
        }
    };
    cells.windows.iter().map(span).collect()
}

/// Whether all are whole numbers and no sum of them is rounded: then their order does not
/// count. A zero below zero is seen in a sum of such zeros, so it is none of them.
pub(super) fn are_whole(mut values: impl Iterator<Item = f64>) -> bool {
    const WHOLE_MAX: f64 = 9_007_199_254_740_992.0;
    let mut size = 0.0;
    values.all(|value| {
        size += value.abs();
        let is_whole = value.fract() == 0.0 && (value != 0.0 || value.is_sign_positive());
        is_whole && size <= WHOLE_MAX
    })
}

/// Sums of the first 0, 1, 2, … samples, when none of them is rounded.
fn whole_sums(samples: &[Sample]) -> Option<Vec<f64>> {
    if !are_whole(samples.iter().map(|s| s.value)) {
        return None;
    }
    let mut sums = Vec::with_capacity(samples.len() + 1);
    let mut sum = 0.0;
    sums.push(sum);
    for sample in samples {
        sum += sample.value;
        sums.push(sum);
    }
    Some(sums)
}

/// The first of the samples that no other is before; what is no number comes last.
fn extremes(
    samples: &[Sample],
    spans: &[Span],
    is_before: impl Fn(f64, f64) -> bool,
    out: &mut Vec<Option<f64>>,
) {
    // Places whose values are before none behind them.
    let mut kept: VecDeque<usize> = VecDeque::new();
    let mut next = 0;
    for span in spans {
        next = next.max(span.from);
        for (at, sample) in samples.iter().enumerate().take(span.to).skip(next) {
            let value = sample.value;
            if value.is_nan() {
                continue;
            }
            while kept
                .back()
                .is_some_and(|b| is_before(value, samples[*b].value))
            {
                kept.pop_back();
            }
            kept.push_back(at);
        }
        next = next.max(span.to);
        while kept.front().is_some_and(|f| *f < span.from) {
            kept.pop_front();
        }
        out.push((span.from < span.to).then(|| {
            // Without a number, the last that is none.
            let last = samples[span.to - 1].value;
            kept.front().map_or(last, |f| samples[*f].value)
        }));
    }
}

fn quantiles(
    q: f64,
    samples: &[Sample],
    spans: &[Span],
    overlaps: bool,
    out: &mut Vec<Option<f64>>,
) {
    if !overlaps {
        let mut values = Vec::new();
        for span in spans {
            values.clear();
            values.extend(samples[span.from..span.to].iter().map(|s| s.value));
            out.push((span.from < span.to).then(|| quantile(q, &mut values)));
        }
        return;
    }
    let mut ranks = Ranks::new(samples.iter().map(|s| s.value));
    let (mut from, mut to) = (0, 0);
    for span in spans {
        while to < span.to {
            ranks.add(to);
            to += 1;
        }
        while from < span.from {
            ranks.remove(from);
            from += 1;
        }
        let count = span.to - span.from;
        out.push((count > 0).then(|| {
            quantile_by(q, count, |lower, upper| {
                (ranks.nth(lower), ranks.nth(upper))
            })
        }));
    }
}

/// The mean, without the overflow of a sum. What is infinite stays so.
pub(super) fn mean_of(values: impl Iterator<Item = f64>) -> f64 {
    let mut mean = 0.0_f64;
    for (count, value) in (1_u64..).zip(values) {
        if mean.is_infinite() && (value.is_finite() || value == mean) {
            continue;
        }
        if value.is_infinite() && mean.is_finite() {
            mean = value;
            continue;
        }
        mean += (value - mean) / count as f64;
    }
    mean
}

/// The variance of the whole population, by Welford's method.
fn variance(samples: &[Sample]) -> f64 {
    let (mut mean, mut sum) = (0.0, 0.0);
    for (count, Sample { value, .. }) in (1_u64..).zip(samples) {
        let delta = value - mean;
        mean += delta / count as f64;
        sum += delta * (value - mean);
    }
    sum / samples.len() as f64
}

/// The quantile with linear interpolation, as Prometheus has it. The values' order changes.
pub(super) fn quantile(q: f64, values: &mut [f64]) -> f64 {
    quantile_by(q, values.len(), |lower, upper| {
        let (_, low, above) = values.select_nth_unstable_by(lower, f64::total_cmp);
        let low = *low;
        if upper == lower {
            return (low, low);
        }
        let high = above.iter().copied().min_by(f64::total_cmp);
        (low, high.unwrap_or(low))
    })
}

/// The quantile of `count` values; `at` gives the values at two places of their order, of
/// which the second is the first or the one behind it.
fn quantile_by(q: f64, count: usize, at: impl FnOnce(usize, usize) -> (f64, f64)) -> f64 {
    if count == 0 || q.is_nan() {
        return f64::NAN;
    }
    if q < 0.0 {
        return f64::NEG_INFINITY;
    }
    if q > 1.0 {
        return f64::INFINITY;
    }
    let rank = q * (count - 1) as f64;
    let lower = rank.floor() as usize;
    let upper = (lower + 1).min(count - 1);
    let weight = rank - rank.floor();
    let (low, high) = at(lower, upper);
    low * (1.0 - weight) + high * weight
}

/// Places of samples that are less than the one before them.
fn resets(samples: &[Sample]) -> Vec<usize> {
    (1..samples.len())
        .filter(|i| samples[*i].value < samples[*i - 1].value)
        .collect()
}

/// The rate of a counter with resets, extrapolated to the ends of the window as in
/// Prometheus' `rate`.
fn counter_rate(own: &[Sample], span: &Span, samples: &[Sample], resets: &[usize]) -> f64 {
    let (Some(first), Some(last)) = (own.first(), own.last()) else {
        return 0.0;
    };
    if own.len() < 2 || first.t_ns == last.t_ns {
        // Loki answers 0 where Prometheus has nothing.
        return 0.0;
    }
    let mut increase = last.value - first.value;
    let before = resets.partition_point(|at| *at <= span.from);
    for at in resets[before..].iter().take_while(|at| **at < span.to) {
        increase += samples[*at - 1].value;
    }
    let (start_ns, end_ns) = (span.window.after_ns, span.window.until_ns);
    let seconds = |ns: i64| ns as f64 / 1e9;
    let mut to_start = seconds(first.t_ns - start_ns);
    let to_end = seconds(end_ns - last.t_ns);
    let sampled = seconds(last.t_ns - first.t_ns);
    let between = sampled / (own.len() - 1) as f64;
    if increase > 0.0 && first.value >= 0.0 {
        // A counter cannot have been below zero.
        to_start = to_start.min(sampled * (first.value / increase));
    }
    let threshold = between * 1.1;
    let mut covered = sampled;
    covered += if to_start < threshold {
        to_start
    } else {
        between / 2.0
    };
    covered += if to_end < threshold {
        to_end
    } else {
        between / 2.0
    };
    increase * (covered / sampled) / seconds(end_ns - start_ns)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_of_values() {
        assert_eq!(quantile(0.5, &mut [1.0, 3.0]), 2.0);
        assert_eq!(quantile(1.0, &mut [1.0, 3.0, 2.0]), 3.0);
        assert_eq!(quantile(0.25, &mut [4.0, 1.0, 3.0, 2.0, 5.0]), 2.0);
        assert_eq!(quantile(2.0, &mut [1.0]), f64::INFINITY);
        assert!(quantile(0.5, &mut []).is_nan());
    }

    fn samples(values: &[f64]) -> Vec<Sample> {
        (0..)
            .zip(values)
            .map(|(t_ns, value)| Sample {
                t_ns,
                unit: 0,
                value: *value,
            })
            .collect()
    }

    #[test]
    fn variances() {
        let own = samples(&[2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0]);
        assert!((variance(&own) - 4.0).abs() < 1e-12);
        assert!((mean_of(own.iter().map(|s| s.value)) - 5.0).abs() < 1e-12);
    }

    #[test]
    fn sums_slide_only_where_nothing_is_rounded() {
        assert_eq!(
            whole_sums(&samples(&[1.0, -3.0, 0.0])),
            Some(vec![0.0, 1.0, -2.0, -2.0])
        );
        for values in [
            [1.0, 0.5],
            [9e15, 9e15],
            [f64::NAN, 1.0],
            [f64::INFINITY, 1.0],
            [-0.0, 1.0],
        ] {
            assert_eq!(whole_sums(&samples(&values)), None, "{values:?}");
        }
    }
}
