//! Which series a batch has touched: a set that is emptied in no time.

use crate::registry::SeriesId;

/// A set of series numbers. Slots of an earlier batch carry an older stamp and
/// count as free, so nothing is cleared between batches.
#[derive(Debug)]
pub(crate) struct Seen {
    slots: Vec<(u32, SeriesId)>,
    stamp: u32,
    taken: usize,
}

impl Default for Seen {
    fn default() -> Self {
        Self {
            slots: vec![(0, 0); 1024],
            stamp: 1,
            taken: 0,
        }
    }
}

impl Seen {
    /// Begins a batch of up to `series` series.
    pub(crate) fn begin(&mut self, series: usize) {
        let slots = (series * 2).next_power_of_two();
        self.stamp = self.stamp.wrapping_add(1);
        if slots > self.slots.len() || self.stamp == 0 {
            self.slots = vec![(0, 0); slots.max(self.slots.len())];
            self.stamp = 1;
        }
        self.taken = 0;
    }

    /// Adds a series; false when the batch had it before.
    pub(crate) fn insert(&mut self, id: SeriesId) -> bool {
        debug_assert!(
            self.taken * 2 <= self.slots.len(),
            "begin was told fewer series"
        );
        let mask = self.slots.len() - 1;
        let mut at = id.wrapping_mul(0x9e37_79b1) as usize & mask;
        while self.slots[at].0 == self.stamp {
            if self.slots[at].1 == id {
                return false;
            }
            at = (at + 1) & mask;
        }
        self.slots[at] = (self.stamp, id);
        self.taken += 1;
        true
    }
}
