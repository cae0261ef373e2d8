//! A keyed 128-bit hash of byte strings, for tables and identities inside one
//! process or one file; not cryptographic.
//!
//! Shape: the input is read in stripes of 32 bytes, each as two halves of two
//! 64-bit words. Each half is absorbed twice: as a keyed full 64 x 64 -> 128 bit
//! product into one 128-bit sum (after the NH construction of UMAC, Black et al. 1999),
//! and as it is into the other one by exclusive or. Two inputs that differ in one half
//! thus always differ in the 256 bits before the finish; for others to meet, the
//! products must meet under keys that an outsider does not know. The keys move
//! with the position, so stripes cannot trade places. The last stripe overlaps
//! the one before instead of being padded; the length goes into the finish, which
//! folds 256 bits into 128 with four products and an avalanche.
//!
//! No product waits for another one, which is where the speed comes from: see
//! `examples/hash_speed.rs`. The result must not be stored unless the key is stored
//! with it, and it may change from one format version to the next.

use crate::random::splitmix64;

/// A key; whoever does not know it cannot make collisions cheaply.
#[derive(Debug, Clone, Copy)]
pub struct HashKey([u64; 8]);

/// An odd number far from simple fractions: the keys' step from stripe to stripe.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

impl HashKey {
    /// The key of this seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        // The body of splitmix64, written out because a const fn cannot borrow.
        let mut keys = [0; 8];
        let mut i = 0;
        while i < 8 {
            let mut z = seed.wrapping_add(STEP.wrapping_mul(i as u64 + 1));
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            keys[i] = z ^ (z >> 31);
            i += 1;
        }
        Self(keys)
    }

    /// A key that no outsider knows: from the process's own random state.
    #[must_use]
    pub fn random() -> Self {
        use std::hash::{BuildHasher as _, RandomState};
        let mut seed = RandomState::new().hash_one(0x6269_6e6e_u64);
        Self(std::array::from_fn(|_| {
            seed ^= RandomState::new().hash_one(seed);
            splitmix64(&mut seed)
        }))
    }

    /// The hash of `bytes`.
    #[must_use]
    #[inline]
    pub fn hash128(&self, bytes: &[u8]) -> u128 {
        let k = &self.0;
        let mut state = Accumulators {
            x: u128::from(k[4]),
            y: u128::from(k[5]),
            moving: [k[0], k[1], k[2], k[3]],
        };
        let len = bytes.len();
        if len >= 32 {
            let (stripes, rest) = bytes.as_chunks::<32>();
            for stripe in stripes {
                state.absorb(stripe);
            }
            if !rest.is_empty()
                && let Some(last) = bytes.last_chunk::<32>()
            {
                state.absorb(last);
            }
        } else {
            state.absorb(&short(bytes));
        }
        state.finish(k, len as u64)
    }

    /// The lower half of [`Self::hash128`].
    #[must_use]
    #[inline]
    pub fn hash64(&self, bytes: &[u8]) -> u64 {
        self.hash128(bytes) as u64
    }
}

struct Accumulators {
    x: u128,
    y: u128,
    /// The keys of the factors. All must differ from stripe to stripe: a bit flipped
    /// in one factor adds a power of two times the other one's key, and that must
    /// not be the same in another stripe.
    moving: [u64; 4],
}

impl Accumulators {
    #[inline(always)]
    fn absorb(&mut self, stripe: &[u8; 32]) {
        let (a, b, c, d) = (
            word(stripe, 0),
            word(stripe, 8),
            word(stripe, 16),
            word(stripe, 24),
        );
        let keys = self.moving;
        let p = product(a ^ keys[0], b ^ keys[1]);
        let q = product(c ^ keys[2], d ^ keys[3]);
        self.x = self.x.wrapping_add(p) ^ join(c, d);
        self.y = self.y.wrapping_add(q) ^ join(a, b);
        self.moving = keys.map(|key| key.wrapping_add(STEP));
    }

    #[inline(always)]
    fn finish(self, k: &[u64; 8], len: u64) -> u128 {
        let (x0, x1) = (self.x as u64 ^ k[6], (self.x >> 64) as u64 ^ k[7]);
        let (y0, y1) = (self.y as u64 ^ len, (self.y >> 64) as u64 ^ k[4]);
        let low = fold(x0, y1).wrapping_add(fold(x1, y0));
        let high = fold(x0 ^ k[1], y0 ^ k[0]).wrapping_add(fold(x1 ^ k[3], y1 ^ k[2]));
        join(
            avalanche(low ^ len.wrapping_mul(STEP)),
            avalanche(high.wrapping_add(len.wrapping_add(k[5]).wrapping_mul(STEP))),
        )
    }
}

/// Fewer than 32 bytes as a stripe, each length in its own way; the length itself
/// tells the ways apart.
#[inline]
fn short(bytes: &[u8]) -> [u8; 32] {
    let mut stripe = [0; 32];
    let len = bytes.len();
    if len >= 16 {
        stripe[..16].copy_from_slice(&bytes[..16]);
        stripe[16..].copy_from_slice(&bytes[len - 16..]);
    } else if len >= 8 {
        stripe[..8].copy_from_slice(&bytes[..8]);
        stripe[8..16].copy_from_slice(&bytes[len - 8..]);
    } else if len >= 4 {
        stripe[..4].copy_from_slice(&bytes[..4]);
        stripe[4..8].copy_from_slice(&bytes[len - 4..]);
    } else if let [first, .., last] = bytes {
        stripe[0] = *first;
        stripe[1] = bytes[len / 2];
        stripe[2] = *last;
    } else if let [only] = bytes {
        stripe[0] = *only;
    }
    stripe
}

#[inline(always)]
fn word(stripe: &[u8; 32], at: usize) -> u64 {
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&stripe[at..at + 8]);
    u64::from_le_bytes(bytes)
}

#[inline(always)]
fn join(low: u64, high: u64) -> u128 {
    u128::from(low) | u128::from(high) << 64
}

#[inline(always)]
fn product(a: u64, b: u64) -> u128 {
    u128::from(a) * u128::from(b)
}

#[inline(always)]
fn fold(a: u64, b: u64) -> u64 {
    let p = product(a, b);
    p as u64 ^ (p >> 64) as u64
}

#[inline(always)]
fn avalanche(mut h: u64) -> u64 {
    h ^= h >> 37;
    h = h.wrapping_mul(0x1656_6791_9e37_79f9);
    h ^ (h >> 32)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::random::Random;

    #[test]
    fn no_two_of_many_similar_strings_meet_in_any_half() {
        let key = HashKey::new(7);
        let mut low = HashSet::new();
        let mut high = HashSet::new();
        let mut count = 0;
        let mut bytes = [0u8; 97];
        for len in 0..=97 {
            // All zeros, and each single bit: the classic ways to fool a weak hash.
            for bit in 0..=len * 8 {
                bytes.fill(0);
                if bit < len * 8 {
                    bytes[bit / 8] = 1 << (bit % 8);
                }
                let hash = key.hash128(&bytes[..len]);
                low.insert(hash as u64);
                high.insert((hash >> 64) as u64);
                count += 1;
            }
        }
        assert_eq!((low.len(), high.len()), (count, count));
    }

    #[test]
    fn no_two_pairs_of_flipped_bits_meet() {
        // A bit in one stripe must not undo one in another, nor in the overlap.
        let key = HashKey::new(7);
        let mut seen = HashSet::new();
        let mut bytes = [0u8; 70];
        let bits = bytes.len() * 8;
        for i in 0..bits {
            for j in 0..i {
                bytes[i / 8] ^= 1 << (i % 8);
                bytes[j / 8] ^= 1 << (j % 8);
                seen.insert(key.hash64(&bytes));
                bytes[i / 8] ^= 1 << (i % 8);
                bytes[j / 8] ^= 1 << (j % 8);
            }
        }
        assert_eq!(seen.len(), bits * (bits - 1) / 2);
    }

    #[test]
    fn each_input_bit_flips_half_of_the_output_bits() {
        let key = HashKey::new(1);
        let mut random = Random::new(1);
        for len in [1, 3, 5, 9, 16, 20, 31, 32, 33, 64, 190] {
            let mut flips = [0u32; 128];
            let rounds = 400;
            for _ in 0..rounds {
                let mut bytes = vec![0; len];
                random.fill(&mut bytes);
                let before = key.hash128(&bytes);
                let bit = random.below(len as u64 * 8) as usize;
                bytes[bit / 8] ^= 1 << (bit % 8);
                let changed = before ^ key.hash128(&bytes);
                for (i, n) in flips.iter_mut().enumerate() {
                    *n += (changed >> i) as u32 & 1;
                }
            }
            // Six standard deviations around the half.
            for (i, n) in flips.iter().enumerate() {
                assert!(
                    (140..=260).contains(n),
                    "length {len}, bit {i}: {n} of {rounds}"
                );
            }
        }
    }

    #[test]
    fn stripes_cannot_trade_places_and_keys_matter() {
        let key = HashKey::new(3);
        let mut bytes = [0u8; 96];
        Random::new(5).fill(&mut bytes);
        let mut traded = bytes;
        traded.rotate_left(32);
        assert_ne!(key.hash128(&bytes), key.hash128(&traded));
        assert_ne!(key.hash128(&bytes), HashKey::new(4).hash128(&bytes));
        assert_eq!(key.hash128(&bytes), HashKey::new(3).hash128(&bytes));
    }
}
