//! `sum`, compensated.

use super::super::column::{ABSENT, is_absent};
use super::super::kahan::Sum;
use super::Fold;

/// Sums, and what rounding took from them; see [`super::super::kahan`].
pub(super) struct Cells {
    steps: usize,
    sums: Vec<f64>,
    lost: Vec<f64>,
    counts: Vec<f64>,
}

impl Fold for Cells {
    const CELL_BYTES: u64 = 24;

    fn new(groups: usize, steps: usize) -> Self {
        let cells = groups * steps;
        Self {
            steps,
            sums: vec![0.0; cells],
            lost: vec![0.0; cells],
            counts: vec![0.0; cells],
        }
    }

    fn add(&mut self, group: usize, column: &[f64]) {
        let row = group * self.steps..(group + 1) * self.steps;
        let (sums, lost) = (&mut self.sums[row.clone()], &mut self.lost[row.clone()]);
        let counts = &mut self.counts[row];
        for (((x, sum), lost), count) in column.iter().zip(sums).zip(lost).zip(counts) {
            let present = !is_absent(*x);
            let x = if present { *x } else { 0.0 };
            let mut cell = Sum {
                sum: *sum,
                lost: *lost,
            };
            cell.add(x);
            (*sum, *lost) = (cell.sum, cell.lost);
            *count += if present { 1.0 } else { 0.0 };
        }
    }

    fn merge(&mut self, other: Self) {
        for (at, sum) in other.sums.iter().enumerate() {
            let mut cell = Sum {
                sum: self.sums[at],
                lost: self.lost[at],
            };
            cell.add(*sum);
            self.sums[at] = cell.sum;
            self.lost[at] = cell.lost + other.lost[at];
            self.counts[at] += other.counts[at];
        }
    }

    fn column(&mut self, group: usize) -> Vec<f64> {
        (group * self.steps..(group + 1) * self.steps)
            .map(|at| {
                if self.counts[at] > 0.0 {
                    Sum {
                        sum: self.sums[at],
                        lost: self.lost[at],
                    }
                    .total()
                } else {
                    ABSENT
                }
            })
            .collect()
    }
}
