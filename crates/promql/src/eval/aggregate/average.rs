//! `avg`: the compensated sum by the count; a running mean where the sum would
//! overflow.

use super::super::column::{ABSENT, is_absent};
use super::super::kahan::Sum;
use super::Fold;

/// Sums and counts. Where `running` says so the sum is a mean.
pub(super) struct Cells {
    steps: usize,
    cells: Vec<Sum>,
    counts: Vec<f64>,
    running: Vec<bool>,
}

impl Cells {
    /// Takes `x`, for which the sum overflows or did before.
    #[cold]
    fn run(&mut self, at: usize, x: f64) {
        if !self.running[at] {
            self.running[at] = true;
            self.cells[at].sum /= self.counts[at];
            self.cells[at].lost /= self.counts[at];
        }
        self.counts[at] += 1.0;
        let n = self.counts[at];
        self.blend(at, (n - 1.0) / n, x / n);
    }

    /// The mean so far by `keep`, and `more`.
    fn blend(&mut self, at: usize, keep: f64, more: f64) {
        let mean = &mut self.cells[at];
        *mean = Sum {
            sum: keep * mean.sum,
            lost: keep * mean.lost,
        };
        mean.add_checked(more);
    }
}

impl Fold for Cells {
    const CELL_BYTES: u64 = 25;

    fn new(groups: usize, steps: usize) -> Self {
        let cells = groups * steps;
        Self {
            steps,
            cells: vec![Sum::default(); cells],
            counts: vec![0.0; cells],
            running: vec![false; cells],
        }
    }

    fn add(&mut self, group: usize, column: &[f64]) {
        let from = group * self.steps;
        for (step, x) in column.iter().enumerate() {
            if is_absent(*x) {
                continue;
            }
            let at = from + step;
            let overflows = self.counts[at] > 0.0 && (self.cells[at].sum + x).is_infinite();
            if overflows || self.running[at] {
                self.run(at, *x);
            } else {
                self.cells[at].add(*x);
                self.counts[at] += 1.0;
            }
        }
    }

    fn merge(&mut self, other: Self) {
        for at in 0..self.counts.len() {
            let (n, more) = (self.counts[at], other.counts[at]);
            if more == 0.0 {
                continue;
            }
            let theirs = other.cells[at];
            if n == 0.0 {
                (self.cells[at], self.running[at]) = (theirs, other.running[at]);
            } else if !self.running[at]
                && !other.running[at]
                && !(self.cells[at].sum + theirs.sum).is_infinite()
            {
                self.cells[at].add(theirs.sum);
                self.cells[at].lost += theirs.lost;
            } else {
                if !self.running[at] {
                    self.running[at] = true;
                    self.cells[at] = Sum {
                        sum: self.cells[at].sum / n,
                        lost: self.cells[at].lost / n,
                    };
                }
                let scale = if other.running[at] { 1.0 } else { more };
                let mean = theirs.sum / scale + theirs.lost / scale;
                self.blend(at, n / (n + more), mean * (more / (n + more)));
            }
            self.counts[at] = n + more;
        }
    }

    fn column(&mut self, group: usize) -> Vec<f64> {
        (group * self.steps..(group + 1) * self.steps)
            .map(|at| {
                let (cell, n) = (self.cells[at], self.counts[at]);
                if n == 0.0 {
                    ABSENT
                } else if self.running[at] {
                    cell.sum + cell.lost
                } else if cell.sum.is_infinite() {
                    cell.sum
                } else {
                    cell.sum / n + cell.lost / n
                }
            })
            .collect()
    }
}
