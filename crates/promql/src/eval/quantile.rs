//! The quantile of plain values, as Prometheus interpolates it.

use std::cmp::Ordering;

/// The `q` quantile of `values`, which are reordered; NaN counts as less than
/// anything else.
pub(crate) fn quantile(q: f64, values: &mut [f64]) -> f64 {
    if values.is_empty() || q.is_nan() {
        return f64::NAN;
    }
    if q < 0.0 {
        return f64::NEG_INFINITY;
    }
    if q > 1.0 {
        return f64::INFINITY;
    }
    let rank = q * (values.len() - 1) as f64;
    let lower = rank.floor() as usize;
    let weight = rank - rank.floor();
    let (low, high) = two_smallest_from(values, lower);
    low * (1.0 - weight) + high * weight
}

/// The same of values that are in order, NaN first.
pub(crate) fn quantile_of_sorted(q: f64, values: &[f64]) -> f64 {
    if values.is_empty() || !(0.0..=1.0).contains(&q) {
        return quantile(q, &mut values.to_vec());
    }
    let rank = q * (values.len() - 1) as f64;
    let lower = rank.floor() as usize;
    let weight = rank - rank.floor();
    let upper = (lower + 1).min(values.len() - 1);
    values[lower] * (1.0 - weight) + values[upper] * weight
}

/// The values at `at` and right after it, if `values` were sorted.
fn two_smallest_from(values: &mut [f64], at: usize) -> (f64, f64) {
    let mut nans = 0;
    for i in 0..values.len() {
        if values[i].is_nan() {
            values.swap(i, nans);
            nans += 1;
        }
    }
    let (unordered, ordered) = values.split_at_mut(nans);
    if at < nans {
        let next = if at + 1 < nans {
            unordered[at + 1]
        } else {
            smallest(ordered).unwrap_or(f64::NAN)
        };
        return (unordered[at], next);
    }
    let (_, low, right) = ordered.select_nth_unstable_by(at - nans, compare);
    let low = *low;
    (low, smallest(right).unwrap_or(low))
}

fn compare(a: &f64, b: &f64) -> Ordering {
    a.partial_cmp(b).unwrap_or(Ordering::Equal)
}

fn smallest(values: &[f64]) -> Option<f64> {
    values.iter().copied().reduce(f64::min)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_interpolate() {
        let check = |q: f64, values: &[f64], want: f64| {
            let got = quantile(q, &mut values.to_vec());
            assert!(
                got == want || (got.is_nan() && want.is_nan()),
                "{q} {values:?}: {got}"
            );
        };
        check(0.5, &[3.0, 1.0, 2.0], 2.0);
        check(0.75, &[1.0, 2.0], 1.75);
        check(1.0, &[1.0, 2.0], 2.0);
        check(0.0, &[2.0, f64::NAN, 1.0], f64::NAN);
        check(1.0, &[2.0, f64::NAN, 1.0], 2.0);
        check(-0.1, &[1.0], f64::NEG_INFINITY);
        check(1.1, &[1.0], f64::INFINITY);
        check(f64::NAN, &[1.0], f64::NAN);
        check(0.5, &[], f64::NAN);
    }
}
