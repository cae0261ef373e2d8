//! Comparing and hashing of short texts, which writing a block does more than all else.

use std::hash::BuildHasher;

use hashbrown::DefaultHashBuilder;

/// Whether two texts are the same. Calling out costs more than comparing a few bytes.
#[inline]
pub(super) fn is_same(a: &[u8], b: &[u8]) -> bool {
    let len = a.len();
    if len != b.len() {
        return false;
    }
    if len > 32 {
        return a == b;
    }
    // Both ends, which overlap in the middle.
    if let (Some(a0), Some(b0)) = (a.first_chunk::<8>(), b.first_chunk::<8>()) {
        let mut differ = u64::from_ne_bytes(*a0) ^ u64::from_ne_bytes(*b0);
        if let (Some(a1), Some(b1)) = (a.last_chunk::<8>(), b.last_chunk::<8>()) {
            differ |= u64::from_ne_bytes(*a1) ^ u64::from_ne_bytes(*b1);
        }
        return differ == 0 && (len <= 16 || a[8..len - 8] == b[8..len - 8]);
    }
    if let (Some(a0), Some(b0)) = (a.first_chunk::<4>(), b.first_chunk::<4>()) {
        return a0 == b0 && a.last_chunk::<4>() == b.last_chunk::<4>();
    }
    a.iter().zip(b).all(|(a, b)| a == b)
}

/// Hashes texts for tables that live as long as one block is written. Seeded anew, so that
/// no sender of lines can make them collide.
#[derive(Default)]
pub(super) struct Hasher(DefaultHashBuilder);

impl Hasher {
    #[inline]
    pub(super) fn hash(&self, text: &[u8]) -> u64 {
        self.0.hash_one(text)
    }
}

/// For tables of what is a hash already.
#[derive(Default)]
pub(super) struct Same(u64);

impl std::hash::Hasher for Same {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, _: &[u8]) {}

    fn write_u64(&mut self, value: u64) {
        self.0 = value;
    }
}

/// See [`Same`].
pub(super) type BuildSame = std::hash::BuildHasherDefault<Same>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_the_same_when_all_bytes_are() {
        for len in 0..70 {
            let a = vec![7_u8; len];
            assert!(is_same(&a, &a.clone()), "{len}");
            assert!(!is_same(&a, &[a.as_slice(), &[7]].concat()), "{len}");
            for at in 0..len {
                let mut b = a.clone();
                b[at] = 8;
                assert!(!is_same(&a, &b), "{len} {at}");
            }
        }
    }
}
