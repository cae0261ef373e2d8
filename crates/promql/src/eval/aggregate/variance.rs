//! `stdvar`, and with it `stddev`: Welford's method, merged by Chan's.

use super::super::column::{ABSENT, is_absent};
use super::Fold;

/// Count, mean, and sum of the squared distances to it.
pub(super) struct Cells {
    steps: usize,
    cells: Vec<(f64, f64, f64)>,
}

impl Fold for Cells {
    const CELL_BYTES: u64 = 24;

    fn new(groups: usize, steps: usize) -> Self {
        Self {
            steps,
            cells: vec![(0.0, 0.0, 0.0); groups * steps],
        }
    }

    fn add(&mut self, group: usize, column: &[f64]) {
        let row = &mut self.cells[group * self.steps..(group + 1) * self.steps];
        for (x, (count, mean, squares)) in column.iter().zip(row) {
            if is_absent(*x) {
                continue;
            }
            *count += 1.0;
            if *count == 1.0 {
                *mean = *x;
                // Infinity and NaN have no variance, nor has what they are part of.
                *squares = if x.is_finite() { 0.0 } else { f64::NAN };
            } else {
                let delta = x - *mean;
                *mean += delta / *count;
                *squares += delta * (x - *mean);
            }
        }
    }

    fn merge(&mut self, other: Self) {
        for (cell, more) in self.cells.iter_mut().zip(other.cells) {
            if more.0 == 0.0 {
                continue;
            }
            if cell.0 == 0.0 {
                *cell = more;
                continue;
            }
            let count = cell.0 + more.0;
            let delta = more.1 - cell.1;
            cell.2 += more.2 + delta * delta * cell.0 * more.0 / count;
            cell.1 += delta * more.0 / count;
            cell.0 = count;
        }
    }

    fn column(&mut self, group: usize) -> Vec<f64> {
        self.cells[group * self.steps..(group + 1) * self.steps]
            .iter()
            .map(|(count, _, squares)| {
                if *count > 0.0 {
                    squares / count
                } else {
                    ABSENT
                }
            })
            .collect()
    }
}
