//! Compensated summation.
//!
//! Knuth's error-free transformation instead of Neumaier's branch: both give the
//! exact rounding error of each addition, so the sums are Prometheus' own, and
//! this one has no branch, so that a loop over many sums becomes vector code.

/// A running sum and what rounding took away from it.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Sum {
    pub(crate) sum: f64,
    pub(crate) lost: f64,
}

impl Sum {
    #[inline(always)]
    pub(crate) fn add(&mut self, x: f64) {
        let total = self.sum + x;
        let from_x = total - self.sum;
        self.lost += (self.sum - (total - from_x)) + (x - from_x);
        self.sum = total;
    }

    /// As [`Self::add`], for sums that go on after an overflow.
    #[inline]
    pub(crate) fn add_checked(&mut self, x: f64) {
        self.add(x);
        if self.sum.is_infinite() {
            self.lost = 0.0;
        }
    }

    /// The sum. After an overflow the correction is meaningless and left out.
    #[inline(always)]
    pub(crate) fn total(self) -> f64 {
        if self.sum.is_infinite() {
            self.sum
        } else {
            self.sum + self.lost
        }
    }
}
