//! The `*_over_time` functions.
//!
//! Where windows overlap much, each step costs a constant: sums are differences of
//! running sums kept in twice the precision, extrema come from a queue of
//! candidates. Where they do not, each window is worked out by itself.

use super::super::kahan::Sum;
use super::super::quantile::{quantile, quantile_of_sorted};
use super::super::rollup::Frame;
use super::super::scalar::Scalar;
use super::ranks::Ranks;
use crate::functions::FunctionId;

/// All but `quantile_over_time`.
pub(crate) fn column(
    function: FunctionId,
    frame: &Frame<'_>,
    floats: &mut Vec<f64>,
    out: &mut [f64],
) {
    use FunctionId as F;
    let points = frame.points;
    let seconds = |t: i64| t as f64 / 1000.0;
    match function {
        F::SumOverTime => sums(frame, out, |total, _| total, sum),
        F::AvgOverTime => sums(frame, out, |total, n| total / n as f64, average),
        F::CountOverTime => frame.each(out, |_, low, high| (high - low) as f64),
        F::PresentOverTime | F::AbsentOverTime => frame.each(out, |_, _, _| 1.0),
        F::FirstOverTime => frame.each(out, |_, low, _| points.values[low]),
        F::LastOverTime => frame.each(out, |_, _, high| points.values[high - 1]),
        F::TsOfFirstOverTime => frame.each(out, |_, low, _| seconds(points.times[low])),
        F::TsOfLastOverTime => frame.each(out, |_, _, high| seconds(points.times[high - 1])),
        F::MaxOverTime => extrema(frame, out, |a, b| a > b),
        F::MinOverTime => extrema(frame, out, |a, b| a < b),
        F::TsOfMaxOverTime => frame.each(out, |_, low, high| {
            seconds(points.times[low + last_extremum(&points.values[low..high], |a, b| a >= b)])
        }),
        F::TsOfMinOverTime => frame.each(out, |_, low, high| {
            seconds(points.times[low + last_extremum(&points.values[low..high], |a, b| a <= b)])
        }),
        F::StdvarOverTime => frame.each_value(out, |_, values| variance(values)),
        F::StddevOverTime => frame.each_value(out, |_, values| variance(values).sqrt()),
        F::MadOverTime => frame.each_value(out, |_, values| deviation(values, floats)),
        // The table of functions and the caller send no other here.
        other => debug_assert!(false, "{other:?} is no function over ranges"),
    }
}

fn sum(values: &[f64]) -> f64 {
    let mut sum = Sum::default();
    for value in values {
        sum.add_checked(*value);
    }
    sum.total()
}

/// The mean; from running means once the sum overflows.
fn average(values: &[f64]) -> f64 {
    let mut sum = Sum {
        sum: values[0],
        lost: 0.0,
    };
    for (i, value) in values.iter().enumerate().skip(1) {
        let mut next = sum;
        next.add(*value);
        if next.sum.is_infinite() {
            return running_mean(&values[i..], sum, i as f64);
        }
        sum = next;
    }
    let n = values.len() as f64;
    sum.sum / n + sum.lost / n
}

/// Goes on from the sum of `count` values with `values`.
fn running_mean(values: &[f64], sum: Sum, mut count: f64) -> f64 {
    let mut mean = Sum {
        sum: sum.sum / count,
        lost: sum.lost / count,
    };
    for value in values {
        count += 1.0;
        let keep = (count - 1.0) / count;
        mean = Sum {
            sum: keep * mean.sum,
            lost: keep * mean.lost,
        };
        mean.add_checked(value / count);
    }
    mean.sum + mean.lost
}

/// Fills `out` with `finish(sum of the window, its length)` where windows overlap
/// and the difference of running sums is exact enough, else with `direct(window)`.
fn sums(
    frame: &Frame<'_>,
    out: &mut [f64],
    finish: impl Fn(f64, usize) -> f64,
    direct: impl Fn(&[f64]) -> f64,
) {
    let running = if frame.overlaps() {
        Running::new(frame.points.values)
    } else {
        None
    };
    let Some(running) = running else {
        frame.each_value(out, |_, values| direct(values));
        return;
    };
    frame.each(out, |_, low, high| match running.between(low, high) {
        Some(total) => finish(total, high - low),
        None => direct(&frame.points.values[low..high]),
    });
}

/// Sums of the first n values for each n, with twice the precision of an `f64`.
struct Running {
    sums: Vec<Sum>,
    /// Bound of the absolute error of any of them.
    error: f64,
}

impl Running {
    /// `None` when a value or a sum is not finite.
    fn new(values: &[f64]) -> Option<Self> {
        let mut sums = Vec::with_capacity(values.len() + 1);
        let (mut sum, mut largest) = (Sum::default(), 0.0f64);
        sums.push(sum);
        for value in values {
            sum.add(*value);
            largest = largest.max(sum.sum.abs());
            sums.push(sum);
        }
        // What rounding loses is at most a rounding of the largest sum each time, and
        // adding that up loses a rounding of it each time.
        let steps = values.len() as f64 + 1.0;
        let error = largest * (f64::EPSILON * steps) * (f64::EPSILON * steps);
        // A NaN anywhere makes the last sum one.
        (largest.is_finite() && sum.sum.is_finite()).then_some(Self { sums, error })
    }

    /// The sum of a window; `None` when it is too small beside what was summed up.
    fn between(&self, low: usize, high: usize) -> Option<f64> {
        let (from, to) = (self.sums[low], self.sums[high]);
        let mut difference = Sum {
            sum: to.sum,
            lost: to.lost - from.lost,
        };
        difference.add(-from.sum);
        let total = difference.sum + difference.lost;
        (self.error <= total.abs() * (f64::EPSILON / 4.0)).then_some(total)
    }
}

/// Fills `out` with the extremum by `better`; NaN only where there is nothing else.
fn extrema(frame: &Frame<'_>, out: &mut [f64], better: impl Fn(f64, f64) -> bool + Copy) {
    let values = frame.points.values;
    if !frame.overlaps() {
        frame.each_value(out, |_, values| extremum(values, better));
        return;
    }
    let pick = |a: f64, b: f64| if better(b, a) || a.is_nan() { b } else { a };
    // The window is a back part, whose extrema up to its end are known for each
    // start, and a front part, whose extremum grows with it. When the window has
    // left the back part, all of it becomes the back part.
    let mut back = vec![0.0; values.len()];
    let (mut middle, mut taken, mut front) = (0, 0, f64::NAN);
    frame.each(out, |_, low, high| {
        if low >= middle {
            let mut best = f64::NAN;
            for at in (low..high).rev() {
                best = pick(best, values[at]);
                back[at] = best;
            }
            (middle, taken, front) = (high, high, f64::NAN);
        } else {
            for value in &values[taken..high] {
                front = pick(front, *value);
            }
            taken = high;
        }
        pick(back[low], front)
    });
}

#[inline(always)]
fn extremum(values: &[f64], better: impl Fn(f64, f64) -> bool) -> f64 {
    // Four at a time, so that the comparisons do not wait for each other.
    let mut best = [values[0]; 4];
    let (chunks, rest) = values.as_chunks::<4>();
    for chunk in chunks {
        for (best, value) in best.iter_mut().zip(chunk) {
            if better(*value, *best) || best.is_nan() {
                *best = *value;
            }
        }
    }
    let mut result = best[0];
    for value in best[1..].iter().chain(rest) {
        if better(*value, result) || result.is_nan() {
            result = *value;
        }
    }
    result
}

/// Where the last of equal extrema stands.
fn last_extremum(values: &[f64], as_good: impl Fn(f64, f64) -> bool) -> usize {
    let mut best = 0;
    for (at, value) in values.iter().enumerate() {
        if as_good(*value, values[best]) || values[best].is_nan() {
            best = at;
        }
    }
    best
}

/// Welford's variance, compensated.
fn variance(values: &[f64]) -> f64 {
    let (mut mean, mut squares) = (Sum::default(), Sum::default());
    let mut count = 0.0;
    for value in values {
        count += 1.0;
        let delta = value - (mean.sum + mean.lost);
        mean.add_checked(delta / count);
        squares.add_checked(delta * (value - (mean.sum + mean.lost)));
    }
    (squares.sum + squares.lost) / count
}

/// The median of the distances to the median.
fn deviation(values: &[f64], floats: &mut Vec<f64>) -> f64 {
    if values.iter().any(|v| v.is_nan()) {
        return f64::NAN;
    }
    floats.clear();
    floats.extend_from_slice(values);
    let median = quantile(0.5, floats);
    for value in floats.iter_mut() {
        *value = (*value - median).abs();
    }
    quantile(0.5, floats)
}

/// `quantile_over_time`.
pub(crate) fn quantiles(frame: &Frame<'_>, q: &Scalar, floats: &mut Vec<f64>, out: &mut [f64]) {
    // Rough costs in nanoseconds, from the example `eval_speed`.
    let (samples, steps) = (frame.points.values.len(), frame.bounds.len().max(1));
    let (window, change) = (frame.total as usize / steps, 2 * samples / steps + 1);
    let selecting = steps * window * 2;
    let inserting = steps * change * (8 + window / 64);
    let ranking = samples * 25 + steps * (4 * change + 150);
    if selecting <= inserting.min(ranking) {
        frame.each_value(out, |step, values| {
            floats.clear();
            floats.extend_from_slice(values);
            quantile(q.at(step), floats)
        });
    } else if inserting <= ranking {
        by_insertion(frame, q, floats, out);
    } else {
        by_rank(frame, q, out);
    }
}

/// Keeps the window's values as a set of ranks.
fn by_rank(frame: &Frame<'_>, q: &Scalar, out: &mut [f64]) {
    let mut ranks = Ranks::new(frame.points.values);
    let (mut from, mut to) = (0, 0);
    frame.each(out, |step, low, high| {
        (from..low.min(to)).for_each(|at| ranks.remove(at));
        (to.max(low)..high).for_each(|at| ranks.add(at));
        (from, to) = (low, high);
        let q = q.at(step);
        if (0.0..=1.0).contains(&q) {
            ranks.quantile(q)
        } else {
            quantile(q, &mut [0.0])
        }
    });
}

/// Keeps the window's values in order.
fn by_insertion(frame: &Frame<'_>, q: &Scalar, floats: &mut Vec<f64>, out: &mut [f64]) {
    let values = frame.points.values;
    floats.clear();
    let (mut from, mut to) = (0, 0);
    frame.each(out, |step, low, high| {
        if low >= to {
            floats.clear();
            (from, to) = (low, low);
        }
        for value in &values[from..low] {
            let at = place(floats, *value);
            floats.remove(at.min(floats.len() - 1));
        }
        for value in &values[to..high] {
            floats.insert(place(floats, *value), *value);
        }
        (from, to) = (low, high);
        quantile_of_sorted(q.at(step), floats)
    });
}

/// Where `value` belongs among ordered ones; NaN before anything else.
fn place(ordered: &[f64], value: f64) -> usize {
    ordered.partition_point(|other| (other.is_nan() && !value.is_nan()) || *other < value)
}

#[cfg(test)]
mod tests {
    use super::super::super::steps::Steps;
    use super::super::super::window::{Points, Windows};
    use super::*;
    use binnacle_stdx::random::splitmix64;

    /// Sliding must agree with working out each window by itself.
    #[test]
    fn sliding_agrees_with_direct() {
        let mut seed = 7u64;
        let mut random = || splitmix64(&mut seed);
        for case in 0..40 {
            let times: Vec<i64> = (0..300)
                .map(|i| i * 1000 + (random() % 500) as i64)
                .collect();
            let values: Vec<f64> = (0..300)
                .map(|_| match (case % 4, random() % 50) {
                    (1, 0) => f64::NAN,
                    (2, 0) => f64::INFINITY,
                    (3, 0) => 1e200,
                    _ => (random() % 2_000_000) as f64 / 7.0 - 100_000.0,
                })
                .collect();
            let windows = Windows {
                steps: Steps::between(0, 339 * 900, 900, 10_000).unwrap(),
                at_ms: None,
                offset_ms: 0,
                range_ms: 60_000,
                before_ms: 0,
                after_ms: 0,
            };
            let mut bounds = Vec::new();
            windows.bounds(&times, &mut bounds);
            let total = bounds.iter().map(|(a, b)| u64::from(b - a)).sum();
            let points = Points {
                times: &times,
                values: &values,
                starts: &[],
            };
            let frame = Frame {
                points,
                bounds: &bounds,
                total,
                windows: &windows,
            };
            let (mut direct, mut other) = (vec![0.0; 340], vec![0.0; 340]);
            let q = Scalar::Constant(0.9);
            frame.each_value(&mut direct, |_, values| quantile(0.9, &mut values.to_vec()));
            let mut check = |run: &dyn Fn(&mut [f64])| {
                run(&mut other);
                let same = |(a, b): (&f64, &f64)| a == b || (a.is_nan() && b.is_nan());
                assert!(other.iter().zip(&direct).all(same));
            };
            check(&|out| by_insertion(&frame, &q, &mut Vec::new(), out));
            check(&|out| by_rank(&frame, &q, out));
            check(&|out| quantiles(&frame, &q, &mut Vec::new(), out));
            for function in [
                FunctionId::SumOverTime,
                FunctionId::AvgOverTime,
                FunctionId::MaxOverTime,
                FunctionId::MinOverTime,
            ] {
                let of = |total| {
                    let mut out = vec![0.0; 340];
                    let frame = Frame {
                        points,
                        bounds: &bounds,
                        total,
                        windows: &windows,
                    };
                    column(function, &frame, &mut Vec::new(), &mut out);
                    out
                };
                for (step, (a, b)) in of(total).iter().zip(of(0)).enumerate() {
                    let close = (a - b).abs() <= b.abs() * 1e-14;
                    assert!(
                        close || a == &b || (a.is_nan() && b.is_nan()),
                        "{function:?} {step}: {a} {b}"
                    );
                }
            }
        }
    }
}
