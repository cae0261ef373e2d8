//! Groups of rows: keys get numbers, and numbers gather.
//!
//! A query over a field with hundreds of thousands of values has as many groups. Keys lie
//! one behind the other in one buffer, and no label is built before the answer. Each
//! thread has groups of its own, divided by their hash into shards, so that the threads can
//! bring one shard each together.
//!
//! Looking up a key of a large table waits for memory three times. Whoever has many keys to
//! look up touches some in a row first, so that the waits happen at the same time; that is
//! why the table is our own.

use std::hash::BuildHasher;

use hashbrown::DefaultHashBuilder;

use super::gather::{Gathers, Point};

/// Slots of the smallest table.
const SLOTS_MIN: usize = 16;

/// Keys and their numbers.
#[derive(Default)]
pub(super) struct Keys {
    bytes: Vec<u8>,
    ends: Vec<usize>,
    /// By open addressing: half a hash above, a number plus one below; 0 where there is
    /// none. Their number is a power of two, and half of them are free at least.
    slots: Vec<u64>,
}

impl Keys {
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(super) fn get(&self, number: usize) -> &[u8] {
        let from = number.checked_sub(1).map_or(0, |p| self.ends[p]);
        &self.bytes[from..self.ends[number]]
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.len()).map(|number| self.get(number))
    }

    /// Where half a hash would be.
    fn place(&self, half: u32) -> usize {
        half as usize & (self.slots.len() - 1)
    }

    /// The number of a key, a new one if it has none yet; `None` when there are no more
    /// numbers.
    fn number(&mut self, hash: u64, key: &[u8]) -> Option<usize> {
        if (self.ends.len() + 1) * 2 > self.slots.len() {
            self.grow();
        }
        let half = hash as u32;
        let mut at = self.place(half);
        while self.slots[at] != 0 {
            let slot = self.slots[at];
            let number = (slot as u32 - 1) as usize;
            if (slot >> 32) as u32 == half && self.get(number) == key {
                return Some(number);
            }
            at = (at + 1) & (self.slots.len() - 1);
        }
        let number = self.ends.len();
        let next = u32::try_from(number).ok()?.checked_add(1)?;
        self.slots[at] = u64::from(half) << 32 | u64::from(next);
        self.bytes.extend_from_slice(key);
        self.ends.push(self.bytes.len());
        Some(number)
    }

    fn grow(&mut self) {
        let slots = vec![0; (self.slots.len() * 2).max(SLOTS_MIN)];
        for slot in std::mem::replace(&mut self.slots, slots) {
            if slot == 0 {
                continue;
            }
            let mut at = self.place((slot >> 32) as u32);
            while self.slots[at] != 0 {
                at = (at + 1) & (self.slots.len() - 1);
            }
            self.slots[at] = slot;
        }
    }

    /// Has the processor fetch where a hash would be.
    fn touch(&self, hash: u64) -> u64 {
        if self.slots.is_empty() {
            return 0;
        }
        self.slots[self.place(hash as u32)]
    }

    /// Has the processor fetch the key that is where a hash would be.
    fn touch_key(&self, hash: u64) -> u64 {
        let number = self.touch(hash) as u32;
        match number.checked_sub(2) {
            Some(before) => u64::from(self.bytes[self.ends[before as usize]]),
            None => 0,
        }
    }

    fn held_bytes(&self) -> usize {
        self.bytes.capacity() + (self.ends.capacity() + self.slots.capacity()) * 8
    }
}

/// Keys with what each gathers.
pub(super) struct Shard<G> {
    pub(super) keys: Keys,
    pub(super) gathered: Vec<G>,
}

impl<G: Gathers> Shard<G> {
    fn new() -> Self {
        Self {
            keys: Keys::default(),
            gathered: Vec::new(),
        }
    }

    fn at(&mut self, hash: u64, key: &[u8]) -> Option<usize> {
        let number = self.keys.number(hash, key)?;
        if number == self.gathered.len() {
            self.gathered.push(G::default());
        }
        Some(number)
    }

    /// Takes over what another thread has gathered, with the hasher of both; false when
    /// there are more groups than can be numbered.
    pub(super) fn merge(&mut self, other: Self, hasher: &DefaultHashBuilder) -> bool {
        let Shard { keys, gathered } = other;
        let mut gathered = gathered.into_iter();
        for first in (0..keys.len()).step_by(AHEAD) {
            let some = first..(first + AHEAD).min(keys.len());
            let mut hashes = [0; AHEAD];
            for (hash, number) in hashes.iter_mut().zip(some.clone()) {
                *hash = hasher.hash_one(keys.get(number));
            }
            touch(&hashes[..some.len()], |_| &self.keys);
            for (hash, number) in hashes.iter().zip(some) {
                let Some(at) = self.at(*hash, keys.get(number)) else {
                    return false;
                };
                if let Some(own) = gathered.next() {
                    self.gathered[at].merge(own);
                }
            }
        }
        true
    }

    pub(super) fn held_bytes(&self) -> usize {
        self.keys.held_bytes() + self.gathered.capacity() * size_of::<G>()
    }
}

/// How many keys are touched in a row.
pub(super) const AHEAD: usize = 32;

/// Has the processor fetch what looking up these hashes will need.
fn touch<'k>(hashes: &[u64], keys: impl Fn(u64) -> &'k Keys) {
    let slots = hashes.iter().map(|hash| keys(*hash).touch(*hash));
    std::hint::black_box(slots.fold(0, |all, one| all ^ one));
    let keys = hashes.iter().map(|hash| keys(*hash).touch_key(*hash));
    std::hint::black_box(keys.fold(0, |all, one| all ^ one));
}

/// The groups of one thread.
pub(super) struct Groups<G> {
    hasher: DefaultHashBuilder,
    /// Their number is a power of two.
    pub(super) shards: Vec<Shard<G>>,
    /// Bytes that groups hold beside their own size.
    beside: usize,
}

/// A group: its number in its shard above, the shard below.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct GroupId(u32);

impl<G: Gathers> Groups<G> {
    /// Threads whose groups are to be brought together have the same hasher and as many
    /// shards: at least that many.
    pub(super) fn new(hasher: DefaultHashBuilder, shards: usize) -> Self {
        let shards = shards.clamp(1, 1 << 16).next_power_of_two();
        Self {
            hasher,
            shards: (0..shards).map(|_| Shard::new()).collect(),
            beside: 0,
        }
    }

    pub(super) fn hash(&self, key: &[u8]) -> u64 {
        self.hasher.hash_one(key)
    }

    /// The shard of a hash; the table takes the other half of it.
    fn shard(&self, hash: u64) -> usize {
        (hash >> 32) as usize & (self.shards.len() - 1)
    }

    /// The group of a key. `None` when there are more than can be numbered.
    pub(super) fn of(&mut self, key: &[u8]) -> Option<GroupId> {
        self.of_hashed(self.hash(key), key)
    }

    /// The group of a key whose hash is known.
    pub(super) fn of_hashed(&mut self, hash: u64, key: &[u8]) -> Option<GroupId> {
        let shard = self.shard(hash);
        let number = self.shards[shard].at(hash, key)?;
        let bits = self.shards.len().trailing_zeros();
        let id = u32::try_from(number).ok()?.checked_mul(1 << bits)?;
        Some(GroupId(id | shard as u32))
    }

    /// Has the processor fetch what looking up these hashes will need.
    pub(super) fn touch(&self, hashes: &[u64]) {
        touch(hashes, |hash| &self.shards[self.shard(hash)].keys);
    }

    pub(super) fn add(&mut self, group: GroupId, point: &Point) {
        let bits = self.shards.len().trailing_zeros();
        let shard = group.0 as usize & (self.shards.len() - 1);
        let own = &mut self.shards[shard].gathered[(group.0 >> bits) as usize];
        self.beside += own.add(point);
    }

    pub(super) fn len(&self) -> usize {
        self.shards.iter().map(|s| s.keys.len()).sum()
    }

    pub(super) fn held_bytes(&self) -> u64 {
        let own: usize = self.shards.iter().map(Shard::held_bytes).sum();
        (own + self.beside) as u64
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::super::gather::Tally;
    use super::*;

    #[test]
    fn numbers_are_those_of_a_map() {
        let hasher = DefaultHashBuilder::default();
        let mut keys = Keys::default();
        let mut map: HashMap<Vec<u8>, usize> = HashMap::new();
        for i in 0..20_000_u32 {
            let key = (i.wrapping_mul(2_654_435_761) % 7_000).to_le_bytes()[..3].to_vec();
            let hash = hasher.hash_one(key.as_slice());
            let next = map.len();
            let want = *map.entry(key.clone()).or_insert(next);
            assert!(keys.touch(hash) | keys.touch_key(hash) < u64::MAX);
            assert_eq!(keys.number(hash, &key), Some(want));
            assert_eq!(keys.get(want), key);
        }
        assert_eq!(keys.len(), map.len());
        // Keys of one hash are told apart.
        let mut same = Keys::default();
        for (number, key) in [b"a", b"b", b"c"].iter().enumerate() {
            assert_eq!(same.number(7, *key), Some(number));
            assert_eq!(same.number(7, *key), Some(number));
        }
    }

    #[test]
    fn threads_come_together() {
        let hasher = DefaultHashBuilder::default();
        let point = Point {
            t_ns: 0,
            cell: 0,
            unit: 0,
            count: 1,
            value: 1.0,
        };
        let threads = [0..700_u32, 300..1_000].map(|range| {
            let mut groups = Groups::<Tally>::new(hasher.clone(), 3);
            for i in range {
                let group = groups.of(&i.to_le_bytes()).expect("a group");
                groups.add(group, &point);
            }
            groups
        });
        let [mut one, other] = threads;
        for (shard, other) in one.shards.iter_mut().zip(other.shards) {
            assert!(shard.merge(other, &hasher));
        }
        assert_eq!((one.shards.len(), one.len()), (4, 1_000));
    }
}
