//! Numbers label sets and match groups in order of first sight.
//!
//! Byte strings are told apart by a 128-bit hash under a key that is drawn for
//! each query; their bytes are not kept.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{BuildHasherDefault, Hasher};

use binnacle_model::Labels;
use binnacle_stdx::hash::HashKey;

/// The keys are hashes already: half of one is as good as a hash of it.
#[derive(Default)]
pub(crate) struct Half(u64);

impl Hasher for Half {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.0 = self.0.rotate_left(32) ^ u64::from_le_bytes(word);
        }
    }
    fn write_u128(&mut self, hash: u128) {
        self.0 = hash as u64;
    }
}

/// See the module's text.
pub(crate) struct LabelIndex {
    key: HashKey,
    numbers: HashMap<u128, u32, BuildHasherDefault<Half>>,
}

impl LabelIndex {
    pub(crate) fn new(key: HashKey, capacity: usize) -> Self {
        Self {
            key,
            numbers: HashMap::with_capacity_and_hasher(capacity, BuildHasherDefault::default()),
        }
    }

    /// The number of `bytes`, and whether it is new.
    pub(crate) fn number(&mut self, bytes: &[u8]) -> (usize, bool) {
        let next = self.numbers.len() as u32;
        match self.numbers.entry(self.key.hash128(bytes)) {
            Entry::Occupied(seen) => (*seen.get() as usize, false),
            Entry::Vacant(place) => (*place.insert(next) as usize, true),
        }
    }

    /// The number of `labels`, and whether it is new.
    pub(crate) fn of(&mut self, labels: &Labels) -> (usize, bool) {
        self.number(labels.as_bytes())
    }
}
