//! `sort`, `sort_desc`, `sort_by_label`, `sort_by_label_desc`: the order of an
//! instant query's answer.

use std::cmp::Ordering;

use super::super::vector::{Series, Vector};

/// By the value at the first step; NaN comes last either way.
pub(crate) fn by_value(vector: &mut Vector, descending: bool) {
    vector.series.sort_by(|a, b| {
        let (a, b) = (first(a), first(b));
        match (a.is_nan(), b.is_nan()) {
            (true, true) => Ordering::Equal,
            (true, false) => Ordering::Greater,
            (false, true) => Ordering::Less,
            (false, false) => {
                let order = a.partial_cmp(&b).unwrap_or(Ordering::Equal);
                if descending { order.reverse() } else { order }
            }
        }
    });
}

fn first(series: &Series) -> f64 {
    series.values.first().copied().unwrap_or(f64::NAN)
}

/// By the values of `labels`, numbers in them by their worth; then by all labels.
pub(crate) fn by_label(vector: &mut Vector, labels: &[&str], descending: bool) {
    vector.series.sort_by(|a, b| {
        let value =
            |series: &Series, label: &str| series.labels.get(label).unwrap_or_default().to_owned();
        let order = labels
            .iter()
            .map(|label| natural(&value(a, label), &value(b, label)))
            .find(|order| *order != Ordering::Equal)
            .unwrap_or_else(|| a.labels.cmp(&b.labels));
        if descending { order.reverse() } else { order }
    });
}

/// Compares texts run by run, runs of digits as numbers.
fn natural(a: &str, b: &str) -> Ordering {
    let (mut left, mut right) = (a, b);
    while !left.is_empty() && !right.is_empty() {
        let (run_a, rest_a) = run(left);
        let (run_b, rest_b) = run(right);
        let order = match (run_a.parse::<i64>(), run_b.parse::<i64>()) {
            (Ok(x), Ok(y)) => x.cmp(&y),
            _ => run_a.cmp(run_b),
        };
        if order != Ordering::Equal {
            return order;
        }
        (left, right) = (rest_a, rest_b);
    }
    // The longer one last; the same numbers written differently by their text.
    left.len().cmp(&right.len()).then_with(|| a.cmp(b))
}

/// The run of digits or of anything else at the start, and the rest.
fn run(text: &str) -> (&str, &str) {
    let digits = text.starts_with(|c: char| c.is_ascii_digit());
    let end = text
        .find(|c: char| c.is_ascii_digit() != digits)
        .unwrap_or(text.len());
    text.split_at(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_texts_count() {
        let check = |a: &str, b: &str, want: Ordering| assert_eq!(natural(a, b), want, "{a} {b}");
        check("node2", "node10", Ordering::Less);
        check("1.9", "1.10", Ordering::Less);
        check("a", "b", Ordering::Less);
        check("a1", "a", Ordering::Greater);
        check("a", "a", Ordering::Equal);
        check("4m5", "4m1000", Ordering::Less);
        check("", "a", Ordering::Less);
    }
}
