//! The value of a window.

use crate::ast::{RangeAggregation, RangeOp};

/// The value of the samples with `start < t <= end`; `None` when there is none.
pub(super) fn window(
    aggregation: &RangeAggregation,
    samples: &[(i64, f64)],
    start_ns: i64,
    end_ns: i64,
) -> Option<f64> {
    let (first, last) = (samples.first()?, samples.last()?);
    let seconds = aggregation.range.range_ns as f64 / 1e9;
    let values = || samples.iter().map(|s| s.1);
    Some(match aggregation.op {
        RangeOp::Rate => values().sum::<f64>() / seconds,
        RangeOp::RateCounter => return counter_rate(samples, start_ns, end_ns),
        RangeOp::CountOverTime | RangeOp::BytesOverTime | RangeOp::SumOverTime => values().sum(),
        RangeOp::BytesRate => values().sum::<f64>() / seconds,
        RangeOp::AvgOverTime => mean(samples),
        RangeOp::MinOverTime => {
            values().fold(f64::NAN, |m, v| if v < m || m.is_nan() { v } else { m })
        }
        RangeOp::MaxOverTime => {
            values().fold(f64::NAN, |m, v| if v > m || m.is_nan() { v } else { m })
        }
        RangeOp::StdvarOverTime => variance(samples),
        RangeOp::StddevOverTime => variance(samples).sqrt(),
        RangeOp::QuantileOverTime => quantile(
            aggregation.parameter.unwrap_or(f64::NAN),
            values().collect(),
        ),
        RangeOp::FirstOverTime => first.1,
        RangeOp::LastOverTime => last.1,
        RangeOp::AbsentOverTime => return None,
    })
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

/// The mean of samples.
fn mean(samples: &[(i64, f64)]) -> f64 {
    mean_of(samples.iter().map(|s| s.1))
}

/// The variance of the whole population, by Welford's method.
fn variance(samples: &[(i64, f64)]) -> f64 {
    let (mut mean, mut sum) = (0.0, 0.0);
    for (count, (_, value)) in (1_u64..).zip(samples) {
        let delta = value - mean;
        mean += delta / count as f64;
        sum += delta * (value - mean);
    }
    sum / samples.len() as f64
}

/// The quantile with linear interpolation, as Prometheus has it.
pub(super) fn quantile(q: f64, mut values: Vec<f64>) -> f64 {
    if values.is_empty() || q.is_nan() {
        return f64::NAN;
    }
    if q < 0.0 {
        return f64::NEG_INFINITY;
    }
    if q > 1.0 {
        return f64::INFINITY;
    }
    values.sort_by(f64::total_cmp);
    let rank = q * (values.len() - 1) as f64;
    let lower = rank.floor() as usize;
    let upper = (lower + 1).min(values.len() - 1);
    let weight = rank - rank.floor();
    values[lower] * (1.0 - weight) + values[upper] * weight
}

/// The rate of a counter with resets, extrapolated to the ends of the window as in
/// Prometheus' `rate`.
fn counter_rate(samples: &[(i64, f64)], start_ns: i64, end_ns: i64) -> Option<f64> {
    let (first, last) = (samples.first()?, samples.last()?);
    if samples.len() < 2 || first.0 == last.0 {
        // Loki answers 0 where Prometheus has nothing.
        return Some(0.0);
    }
    let mut increase = last.1 - first.1;
    for pair in samples.windows(2) {
        if pair[1].1 < pair[0].1 {
            increase += pair[0].1;
        }
    }
    let seconds = |ns: i64| ns as f64 / 1e9;
    let mut to_start = seconds(first.0 - start_ns);
    let to_end = seconds(end_ns - last.0);
    let sampled = seconds(last.0 - first.0);
    let between = sampled / (samples.len() - 1) as f64;
    if increase > 0.0 && first.1 >= 0.0 {
        // A counter cannot have been below zero.
        to_start = to_start.min(sampled * (first.1 / increase));
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
    Some(increase * (covered / sampled) / seconds(end_ns - start_ns))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles() {
        assert_eq!(quantile(0.5, vec![1.0, 3.0]), 2.0);
        assert_eq!(quantile(1.0, vec![1.0, 3.0, 2.0]), 3.0);
        assert_eq!(quantile(2.0, vec![1.0]), f64::INFINITY);
        assert!(quantile(0.5, Vec::new()).is_nan());
    }

    #[test]
    fn variances() {
        let samples = [
            (0, 2.0),
            (1, 4.0),
            (2, 4.0),
            (3, 4.0),
            (4, 5.0),
            (5, 5.0),
            (6, 7.0),
            (7, 9.0),
        ];
        assert!((variance(&samples) - 4.0).abs() < 1e-12);
        assert!((mean(&samples) - 5.0).abs() < 1e-12);
    }
}
