//! An open-addressing table from a hash to a number.
//!
//! The table holds 32 bits of each hash beside the number and nothing else, so a
//! slot is eight bytes, a probe that misses touches one cache line, and growing
//! needs no access to the keys. Whoever asks compares the full key. Numbers are
//! never removed: a registry that has too many dead series is rebuilt.

/// Marks a slot that holds nothing; no series or pair gets this number.
const FREE: u32 = u32::MAX;

#[derive(Debug, Clone, Copy)]
struct Slot {
    tag: u32,
    id: u32,
}

/// Linear probing over a power of two of slots, at most five eighths of them taken.
#[derive(Debug)]
pub(crate) struct Table {
    slots: Vec<Slot>,
    taken: usize,
}

impl Default for Table {
    fn default() -> Self {
        Self {
            slots: vec![Slot { tag: 0, id: FREE }; 64],
            taken: 0,
        }
    }
}

impl Table {
    fn at(&self, tag: u32) -> usize {
        tag as usize & (self.slots.len() - 1)
    }

    /// Asks the processor for the slot where `tag` begins to be looked for.
    pub(crate) fn prefetch(&self, tag: u32) {
        prefetch(&self.slots[self.at(tag)]);
    }

    /// The number under `tag` for which `same` says yes.
    pub(crate) fn find(&self, tag: u32, mut same: impl FnMut(u32) -> bool) -> Option<u32> {
        let mut at = self.at(tag);
        loop {
            let slot = self.slots[at];
            if slot.id == FREE {
                return None;
            }
            if slot.tag == tag && same(slot.id) {
                return Some(slot.id);
            }
            at = (at + 1) & (self.slots.len() - 1);
        }
    }

    /// The first number under `tag`, whatever its key: a guess worth prefetching.
    pub(crate) fn guess(&self, tag: u32) -> Option<u32> {
        self.find(tag, |_| true)
    }

    /// Adds a number that is not there yet.
    pub(crate) fn insert(&mut self, tag: u32, id: u32) {
        if (self.taken + 1) * 8 > self.slots.len() * 5 {
            self.grow();
        }
        self.put(tag, id);
        self.taken += 1;
    }

    fn put(&mut self, tag: u32, id: u32) {
        let mut at = self.at(tag);
        while self.slots[at].id != FREE {
            at = (at + 1) & (self.slots.len() - 1);
        }
        self.slots[at] = Slot { tag, id };
    }

    fn grow(&mut self) {
        let doubled = vec![Slot { tag: 0, id: FREE }; self.slots.len() * 2];
        let old = std::mem::replace(&mut self.slots, doubled);
        for slot in old {
            if slot.id != FREE {
                self.put(slot.tag, slot.id);
            }
        }
    }
}

/// Asks the processor to bring `place` into its cache.
#[inline]
pub(crate) fn prefetch<T>(place: &T) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: a prefetch reads nothing and cannot fault, whatever the address; the
    // address here is that of a live reference besides.
    unsafe {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(place).cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = place;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colliding_tags_are_told_apart_through_growth() {
        let mut table = Table::default();
        for id in 0..10_000u32 {
            table.insert(id % 97, id);
        }
        for id in 0..10_000u32 {
            assert_eq!(table.find(id % 97, |i| i == id), Some(id));
        }
        assert_eq!(table.find(98, |_| true), None);
    }
}
