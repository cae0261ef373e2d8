//! The order of alerts in notifications and of groups in the API: Alertmanager's.

use std::cmp::Ordering;

use binnacle_model::Labels;
use binnacle_model::alert::Alert;

/// By `job`, then `instance` (those without come last), then [`labels_before`].
#[must_use]
pub fn compare(a: &Alert, b: &Alert) -> Ordering {
    for name in ["job", "instance"] {
        let order = match (a.labels.get(name), b.labels.get(name)) {
            (None, None) => Ordering::Equal,
            (None, Some(_)) => Ordering::Greater,
            (Some(_), None) => Ordering::Less,
            (Some(x), Some(y)) => x.cmp(y),
        };
        if order != Ordering::Equal {
            return order;
        }
    }
    labels_before(&a.labels, &b.labels)
}

/// Fewer labels first; then name by name: who has the first name that the other lacks
/// comes second, and equal names are ordered by value.
#[must_use]
pub fn labels_before(a: &Labels, b: &Labels) -> Ordering {
    a.len().cmp(&b.len()).then_with(|| {
        for ((an, av), (bn, bv)) in a.iter().zip(b.iter()) {
            let order = bn.cmp(an).then_with(|| av.cmp(bv));
            if order != Ordering::Equal {
                return order;
            }
        }
        Ordering::Equal
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_is_alertmanagers() {
        let of = |pairs: &[(&str, &str)]| Labels::from_pairs(pairs.iter().copied());
        let check = |a: &[(&str, &str)], b: &[(&str, &str)], want: Ordering| {
            assert_eq!(labels_before(&of(a), &of(b)), want, "{a:?} {b:?}");
        };
        check(&[("a", "2")], &[("a", "1"), ("b", "1")], Ordering::Less);
        check(&[("a", "1")], &[("a", "2")], Ordering::Less);
        check(&[("b", "1")], &[("a", "2")], Ordering::Less);
        let alert = |pairs| Alert {
            labels: of(pairs),
            ..Alert::default()
        };
        let a = alert(&[("job", "j1"), ("z", "1"), ("y", "1")]);
        let b = alert(&[("alertname", "a")]);
        assert_eq!(compare(&a, &b), Ordering::Less);
    }
}
