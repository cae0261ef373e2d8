//! Groups of rows: keys get numbers, and numbers gather.
//!
//! A query over a field with hundreds of thousands of values has as many groups. Keys lie
//! one behind the other in one buffer, and no label is built before the answer. Each
//! thread has groups of its own, divided by their hash into shards, so that the threads can
//! bring one shard each together.

use hashbrown::{DefaultHashBuilder, HashTable};
use std::hash::BuildHasher;

use super::gather::{Gathers, Point};

/// Keys and their numbers.
#[derive(Default)]
pub(super) struct Keys {
    bytes: Vec<u8>,
    ends: Vec<usize>,
    /// Hashes and numbers, so that other keys are told apart without looking at them.
    table: HashTable<(u64, u32)>,
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

    /// The number of a key, a new one if it has none yet.
    fn number(&mut self, hash: u64, key: &[u8]) -> usize {
        let is_it = |(own, n): &(u64, u32)| *own == hash && self.get(*n as usize) == key;
        if let Some((_, n)) = self.table.find(hash, is_it) {
            return *n as usize;
        }
        let number = self.ends.len();
        self.bytes.extend_from_slice(key);
        self.ends.push(self.bytes.len());
        self.table
            .insert_unique(hash, (hash, number as u32), |(own, _)| *own);
        number
    }

    fn held_bytes(&self) -> usize {
        self.bytes.capacity() + self.ends.capacity() * 8 + self.table.capacity() * 17
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

    fn at(&mut self, hash: u64, key: &[u8]) -> usize {
        let number = self.keys.number(hash, key);
        if number == self.gathered.len() {
            self.gathered.push(G::default());
        }
        number
    }

    /// Takes over what another thread has gathered, with the hasher of both.
    pub(super) fn merge(&mut self, other: Self, hasher: &DefaultHashBuilder) {
        let Shard { keys, gathered } = other;
        for (number, own) in gathered.into_iter().enumerate() {
            let key = keys.get(number);
            let at = self.at(hasher.hash_one(key), key);
            self.gathered[at].merge(own);
        }
    }

    pub(super) fn held_bytes(&self) -> usize {
        self.keys.held_bytes() + self.gathered.capacity() * size_of::<G>()
    }
}

/// The groups of one thread.
pub(super) struct Groups<G> {
    hasher: DefaultHashBuilder,
    pub(super) shards: Vec<Shard<G>>,
    /// Bytes that groups hold beside their own size.
    beside: usize,
}

/// A group: the number of its shard and its number there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct GroupId(u32);

impl<G: Gathers> Groups<G> {
    /// Threads whose groups are to be brought together have the same hasher and as many
    /// shards.
    pub(super) fn new(hasher: DefaultHashBuilder, shards: usize) -> Self {
        Self {
            hasher,
            shards: (0..shards.max(1)).map(|_| Shard::new()).collect(),
            beside: 0,
        }
    }

    /// The group of a key. `None` when there are more than can be numbered.
    pub(super) fn of(&mut self, key: &[u8]) -> Option<GroupId> {
        let hash = self.hasher.hash_one(key);
        let shards = self.shards.len();
        // The table takes the ends of the hash.
        let shard = (hash >> 24) as usize % shards;
        let number = self.shards[shard].at(hash, key);
        u32::try_from(number * shards + shard).ok().map(GroupId)
    }

    pub(super) fn add(&mut self, group: GroupId, point: &Point) {
        let (number, shards) = (group.0 as usize, self.shards.len());
        self.beside += self.shards[number % shards].gathered[number / shards].add(point);
    }

    pub(super) fn len(&self) -> usize {
        self.shards.iter().map(|s| s.keys.len()).sum()
    }

    pub(super) fn held_bytes(&self) -> u64 {
        let own: usize = self.shards.iter().map(Shard::held_bytes).sum();
        (own + self.beside) as u64
    }
}
