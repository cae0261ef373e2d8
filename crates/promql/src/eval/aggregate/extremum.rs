//! `min` and `max`: NaN only where there is nothing else.

use super::super::column::{ABSENT, is_absent};
use super::Fold;

/// The least value.
pub(super) struct Least(Cells);

/// The greatest value.
pub(super) struct Greatest(Cells);

struct Cells {
    steps: usize,
    best: Vec<f64>,
}

impl Cells {
    fn new(groups: usize, steps: usize) -> Self {
        Self {
            steps,
            best: vec![ABSENT; groups * steps],
        }
    }

    #[inline(always)]
    fn add(&mut self, group: usize, column: &[f64], better: impl Fn(f64, f64) -> bool) {
        let row = &mut self.best[group * self.steps..(group + 1) * self.steps];
        for (x, best) in column.iter().zip(row) {
            // An absent cell is a NaN too, which anything is better than.
            if !is_absent(*x) && (better(*x, *best) || best.is_nan()) {
                *best = *x;
            }
        }
    }

    fn column(&self, group: usize) -> Vec<f64> {
        self.best[group * self.steps..(group + 1) * self.steps].to_vec()
    }
}

macro_rules! fold {
    ($name:ident, $better:expr) => {
        impl Fold for $name {
            const CELL_BYTES: u64 = 8;

            fn new(groups: usize, steps: usize) -> Self {
                Self(Cells::new(groups, steps))
            }

            fn add(&mut self, group: usize, column: &[f64]) {
                self.0.add(group, column, $better);
            }

            fn merge(&mut self, other: Self) {
                let steps = self.0.steps.max(1);
                for (group, row) in other.0.best.chunks(steps).enumerate() {
                    self.0.add(group, row, $better);
                }
            }

            fn column(&mut self, group: usize) -> Vec<f64> {
                self.0.column(group)
            }
        }
    };
}

fold!(Least, |x: f64, best: f64| x < best);
fold!(Greatest, |x: f64, best: f64| x > best);
