//! `count`, and with it `group`.

use super::super::column::{ABSENT, is_absent};
use super::Fold;

/// How many series have a value.
pub(super) struct Cells {
    steps: usize,
    counts: Vec<f64>,
}

impl Fold for Cells {
    const CELL_BYTES: u64 = 8;

    fn new(groups: usize, steps: usize) -> Self {
        Self {
            steps,
            counts: vec![0.0; groups * steps],
        }
    }

    fn add(&mut self, group: usize, column: &[f64]) {
        let row = &mut self.counts[group * self.steps..(group + 1) * self.steps];
        for (x, count) in column.iter().zip(row) {
            *count += if is_absent(*x) { 0.0 } else { 1.0 };
        }
    }

    fn merge(&mut self, other: Self) {
        for (count, more) in self.counts.iter_mut().zip(&other.counts) {
            *count += more;
        }
    }

    fn column(&mut self, group: usize) -> Vec<f64> {
        self.counts[group * self.steps..(group + 1) * self.steps]
            .iter()
            .map(|count| if *count > 0.0 { *count } else { ABSENT })
            .collect()
    }
}
