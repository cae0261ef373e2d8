//! A set of rows, or of places in a column: one bit each.

/// Bits of `len` places.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Bits {
    words: Vec<u64>,
    len: usize,
}

impl Bits {
    /// No place.
    pub(super) fn none(len: usize) -> Self {
        Self {
            words: vec![0; len.div_ceil(64)],
            len,
        }
    }

    /// The places of those for which `has` holds, asked in order.
    #[inline]
    pub(super) fn of<T>(all: &[T], mut has: impl FnMut(&T) -> bool) -> Self {
        let word = |chunk: &[T]| {
            let bits = chunk.iter().enumerate();
            bits.fold(0, |word, (bit, one)| word | u64::from(has(one)) << bit)
        };
        Self {
            words: all.chunks(64).map(word).collect(),
            len: all.len(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Adds a place; one beyond the end is no place.
    #[inline]
    pub(super) fn add(&mut self, at: usize) {
        if at < self.len {
            self.words[at / 64] |= 1 << (at % 64);
        }
    }

    /// Drops a place.
    pub(super) fn remove(&mut self, at: usize) {
        if at < self.len {
            self.words[at / 64] &= !(1 << (at % 64));
        }
    }

    #[inline]
    pub(super) fn has(&self, at: usize) -> bool {
        at < self.len && self.words[at / 64] >> (at % 64) & 1 == 1
    }

    /// Adds the places from `from` to before `to`.
    pub(super) fn add_range(&mut self, from: usize, to: usize) {
        let to = to.min(self.len);
        if from >= to {
            return;
        }
        let (first, last) = (from / 64, (to - 1) / 64);
        let head = u64::MAX << (from % 64);
        let tail = u64::MAX >> (63 - (to - 1) % 64);
        if first == last {
            self.words[first] |= head & tail;
            return;
        }
        self.words[first] |= head;
        self.words[first + 1..last].fill(u64::MAX);
        self.words[last] |= tail;
    }

    /// Adds the other's places.
    pub(super) fn or(&mut self, other: &Self) {
        for (own, other) in self.words.iter_mut().zip(&other.words) {
            *own |= other;
        }
    }

    /// Keeps the other's places.
    pub(super) fn and(&mut self, other: &Self) {
        for (own, other) in self.words.iter_mut().zip(&other.words) {
            *own &= other;
        }
    }

    /// Drops the other's places.
    pub(super) fn and_not(&mut self, other: &Self) {
        for (own, other) in self.words.iter_mut().zip(&other.words) {
            *own &= !other;
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.words.iter().all(|w| *w == 0)
    }

    pub(super) fn count(&self) -> usize {
        self.words.iter().map(|w| w.count_ones() as usize).sum()
    }

    /// The places, rising.
    pub(super) fn iter(&self) -> impl Iterator<Item = usize> {
        self.words.iter().enumerate().flat_map(|(at, &word)| {
            let mut rest = word;
            std::iter::from_fn(move || {
                if rest == 0 {
                    return None;
                }
                let bit = rest.trailing_zeros() as usize;
                rest &= rest - 1;
                Some(at * 64 + bit)
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        for len in [0, 1, 63, 64, 65, 200] {
            for from in 0..=len {
                for to in from..=len + 3 {
                    let mut bits = Bits::none(len);
                    bits.add_range(from, to);
                    let want: Vec<usize> = (from..to.min(len)).collect();
                    assert_eq!(bits.iter().collect::<Vec<_>>(), want);
                    assert_eq!(bits.count(), want.len());
                }
            }
        }
    }
}
