//! `deriv`, `predict_linear`, `double_exponential_smoothing`.

use super::super::column::ABSENT;
use super::super::error::EvalError;
use super::super::kahan::Sum;
use super::super::rollup::Frame;
use super::super::scalar::Scalar;

/// Slope per second and value at `origin_ms` of the line of least squares.
fn line(times: &[i64], values: &[f64], origin_ms: i64) -> (f64, f64) {
    let first = values[0];
    if values.iter().skip(1).all(|v| *v == first) {
        return if first.is_infinite() {
            (f64::NAN, f64::NAN)
        } else {
            (0.0, first)
        };
    }
    let (mut x_sum, mut y_sum) = (Sum::default(), Sum::default());
    let (mut xy_sum, mut xx_sum) = (Sum::default(), Sum::default());
    for (t, y) in times.iter().zip(values) {
        let x = (t - origin_ms) as f64 / 1e3;
        x_sum.add_checked(x);
        y_sum.add_checked(*y);
        xy_sum.add_checked(x * y);
        xx_sum.add_checked(x * x);
    }
    let n = values.len() as f64;
    let (x, y, xy, xx) = (x_sum.total(), y_sum.total(), xy_sum.total(), xx_sum.total());
    let slope = (xy - x * y / n) / (xx - x * x / n);
    (slope, y / n - slope * x / n)
}

/// `deriv`.
pub(crate) fn deriv(frame: &Frame<'_>, out: &mut [f64]) {
    let points = frame.points;
    frame.each(out, |_, low, high| {
        if high - low < 2 {
            return ABSENT;
        }
        // An origin near the samples keeps the numbers small and exact.
        line(
            &points.times[low..high],
            &points.values[low..high],
            points.times[low],
        )
        .0
    });
}

/// `predict_linear`: the line's value `ahead` seconds after the step.
pub(crate) fn predict(frame: &Frame<'_>, ahead: &Scalar, out: &mut [f64]) {
    let points = frame.points;
    frame.each(out, |step, low, high| {
        if high - low < 2 {
            return ABSENT;
        }
        let origin = frame.windows.steps.at(step);
        let (slope, at) = line(&points.times[low..high], &points.values[low..high], origin);
        slope * ahead.at(step) + at
    });
}

/// `double_exponential_smoothing` (Holt's linear method).
pub(crate) fn smooth(
    frame: &Frame<'_>,
    smoothing: &Scalar,
    trend: &Scalar,
    out: &mut [f64],
) -> Result<(), EvalError> {
    let mut wrong = None;
    frame.each_value(out, |step, values| {
        let (sf, tf) = (smoothing.at(step), trend.at(step));
        for (factor, what) in [(sf, ("smoothing", "sf")), (tf, ("trend", "tf"))] {
            if factor <= 0.0 || factor >= 1.0 {
                wrong.get_or_insert_with(|| {
                    let (name, short) = what;
                    format!("invalid {name} factor. Expected: 0 < {short} < 1, got: {factor:.6}")
                });
                return ABSENT;
            }
        }
        if values.len() < 2 {
            ABSENT
        } else {
            smoothed(values, sf, tf)
        }
    });
    match wrong {
        Some(message) => Err(EvalError::execution(message)),
        None => Ok(()),
    }
}

fn smoothed(values: &[f64], sf: f64, tf: f64) -> f64 {
    let mut level_before = 0.0;
    let mut level = values[0];
    let mut trend = values[1] - values[0];
    for (i, value) in values.iter().enumerate().skip(1) {
        if i > 1 {
            trend = tf * (level - level_before) + (1.0 - tf) * trend;
        }
        let next = sf * value + (1.0 - sf) * (level + trend);
        level_before = level;
        level = next;
    }
    level
}
