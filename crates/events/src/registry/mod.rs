//! Streams by their canonical labels, numbered for as long as the process lives.
//!
//! A stream is found by a keyed 128-bit hash of its canonical labels, so that no sender
//! can make streams collide, and nothing is compared byte by byte. Numbers are never
//! given out twice; a stream of which no row is left is forgotten ([`Registry::retain`])
//! and leaves a hole.
//!
//! What is on the disk never holds these numbers: parts have the labels, and the log
//! says which labels its numbers stand for (`docs/formats/event-wal-records.md`).

mod postings;

use std::hash::{BuildHasherDefault, Hasher};
use std::sync::atomic::{AtomicU32, Ordering};

use binnacle_model::{Labels, MatchOp, Matcher};
use binnacle_stdx::hash::HashKey;
use hashbrown::HashMap;

use postings::Postings;

/// A stream and the epoch of the log that has its labels.
struct Stream {
    labels: Labels,
    key: u128,
    logged: AtomicU32,
}

/// The keys are hashes already.
#[derive(Default)]
struct Folded(u64);

impl Hasher for Folded {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(byte);
        }
    }

    fn write_u128(&mut self, key: u128) {
        self.0 = key as u64;
    }
}

/// All streams.
pub(crate) struct Registry {
    hash: HashKey,
    ids: HashMap<u128, u32, BuildHasherDefault<Folded>>,
    /// By number; `None` where a stream was forgotten.
    streams: Vec<Option<Stream>>,
    postings: Postings,
}

impl Registry {
    pub(crate) fn new(hash: HashKey) -> Self {
        Self {
            hash,
            ids: HashMap::default(),
            streams: Vec::new(),
            postings: Postings::default(),
        }
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.ids.len()
    }

    /// Behind the highest number.
    pub(crate) fn end(&self) -> u32 {
        u32::try_from(self.streams.len()).unwrap_or(u32::MAX)
    }

    /// The number of a stream, by canonical bytes.
    pub(crate) fn find(&self, canonical: &[u8]) -> Option<u32> {
        self.ids.get(&self.hash.hash128(canonical)).copied()
    }

    /// Finds or adds; `None` when there are no numbers left.
    pub(crate) fn intern(&mut self, labels: &Labels) -> Option<u32> {
        let key = self.hash.hash128(labels.as_bytes());
        if let Some(&id) = self.ids.get(&key) {
            return Some(id);
        }
        let id = u32::try_from(self.streams.len())
            .ok()
            .filter(|&id| id < u32::MAX)?;
        self.ids.insert(key, id);
        for (name, value) in labels.iter() {
            self.postings.add(name, value, id);
        }
        self.streams.push(Some(Stream {
            labels: labels.clone(),
            key,
            logged: AtomicU32::new(0),
        }));
        Some(id)
    }

    /// Labels of a stream; none of one that was forgotten.
    pub(crate) fn labels(&self, id: u32) -> Labels {
        self.get(id).map(|s| s.labels.clone()).unwrap_or_default()
    }

    fn get(&self, id: u32) -> Option<&Stream> {
        self.streams.get(id as usize)?.as_ref()
    }

    /// Whether the log has the stream's labels in this epoch.
    pub(crate) fn is_logged(&self, id: u32, epoch: u32) -> bool {
        self.get(id)
            .is_some_and(|s| s.logged.load(Ordering::Acquire) == epoch)
    }

    /// The log has the stream's labels in this epoch.
    pub(crate) fn set_logged(&self, id: u32, epoch: u32) {
        if let Some(stream) = self.get(id) {
            stream.logged.store(epoch, Ordering::Release);
        }
    }

    /// Forgets the streams for which `keep` says no. Takes as long as there are streams.
    pub(crate) fn retain(&mut self, keep: impl Fn(u32) -> bool) -> usize {
        let before = self.ids.len();
        for (id, slot) in self.streams.iter_mut().enumerate() {
            if let Some(stream) = slot
                && !keep(id as u32)
            {
                self.ids.remove(&stream.key);
                *slot = None;
            }
        }
        let streams = &self.streams;
        self.postings
            .retain(|id| streams.get(id as usize).is_some_and(Option::is_some));
        before - self.ids.len()
    }

    /// Streams that match all, ascending.
    pub(crate) fn select(&self, matchers: &[Matcher]) -> Vec<u32> {
        // What does not match an absent label can be answered by the postings; equality
        // first, because it makes the rest short.
        let mut indexed: Vec<&Matcher> = matchers.iter().filter(|m| !m.matches_empty()).collect();
        indexed.sort_by_key(|m| m.op != MatchOp::Equal);
        let mut selected: Option<Vec<u32>> = None;
        for matcher in indexed {
            selected = Some(match selected {
                None => self.postings.having(matcher),
                Some(before) => self.narrow(before, matcher),
            });
        }
        let mut selected = selected.unwrap_or_else(|| self.all());
        for matcher in matchers.iter().filter(|m| m.matches_empty()) {
            if !self.postings.has_name(&matcher.name) {
                continue;
            }
            selected.retain(|&id| self.matches(id, matcher));
        }
        selected
    }

    fn all(&self) -> Vec<u32> {
        let present = self.streams.iter().enumerate();
        present
            .filter(|(_, s)| s.is_some())
            .map(|(id, _)| id as u32)
            .collect()
    }

    fn matches(&self, id: u32, matcher: &Matcher) -> bool {
        let value = self.get(id).and_then(|s| s.labels.get(&matcher.name));
        matcher.matches(value.unwrap_or(""))
    }

    /// Those of `before` that match: one by one, or by the postings, whichever looks at
    /// less.
    fn narrow(&self, mut before: Vec<u32>, matcher: &Matcher) -> Vec<u32> {
        let by_postings =
            matcher.op == MatchOp::Equal || self.postings.values(&matcher.name) < before.len();
        if !by_postings {
            before.retain(|&id| self.matches(id, matcher));
            return before;
        }
        let found = self.postings.having(matcher);
        intersect(&before, &found)
    }
}

/// What is in both; each ascending.
fn intersect(a: &[u32], b: &[u32]) -> Vec<u32> {
    let (short, mut long) = if a.len() < b.len() { (a, b) } else { (b, a) };
    let mut both = Vec::new();
    for &id in short {
        // Gallop: the next is seldom far.
        let mut step = 1;
        while step < long.len() && long[step] < id {
            step *= 2;
        }
        let to = long.len().min(step + 1);
        let at = long[..to].partition_point(|&other| other < id);
        long = &long[at..];
        if long.first() == Some(&id) {
            both.push(id);
        }
    }
    both
}

#[cfg(test)]
mod tests {
    use super::*;

    fn registry() -> Registry {
        let mut registry = Registry::new(HashKey::new(1));
        for (app, env) in [("a", "p"), ("b", "p"), ("a", "t"), ("c", "")] {
            registry.intern(&Labels::from_pairs([("app", app), ("env", env)]));
        }
        registry
    }

    fn matchers(of: &[(&str, MatchOp, &str)]) -> Vec<Matcher> {
        of.iter()
            .map(|(n, op, v)| Matcher::new(*n, *op, *v).expect("a matcher"))
            .collect()
    }

    #[test]
    fn streams_by_matchers() {
        let registry = registry();
        let check = |of: &[(&str, MatchOp, &str)], want: &[u32]| {
            assert_eq!(registry.select(&matchers(of)), want, "{of:?}");
        };
        check(&[("app", MatchOp::Equal, "a")], &[0, 2]);
        check(
            &[
                ("app", MatchOp::Equal, "a"),
                ("env", MatchOp::NotEqual, "t"),
            ],
            &[0],
        );
        check(&[("app", MatchOp::Regex, "b|c")], &[1, 3]);
        check(&[("app", MatchOp::NotRegex, "b|c")], &[0, 2]);
        check(&[("env", MatchOp::Equal, "")], &[3]);
        check(&[("env", MatchOp::Regex, "p|")], &[0, 1, 3]);
        check(
            &[
                ("env", MatchOp::Regex, "p.*"),
                ("app", MatchOp::Regex, "a+"),
            ],
            &[0],
        );
        check(&[], &[0, 1, 2, 3]);
        check(&[("no", MatchOp::Regex, ".+")], &[]);
        check(&[("no", MatchOp::Equal, "")], &[0, 1, 2, 3]);
    }

    #[test]
    fn a_forgotten_stream_leaves_no_trace() {
        let mut registry = registry();
        assert_eq!(registry.retain(|id| id != 2), 1);
        assert_eq!(registry.len(), 3);
        let all = matchers(&[("app", MatchOp::Equal, "a")]);
        assert_eq!(registry.select(&all), [0]);
        assert_eq!(registry.select(&[]), [0, 1, 3]);
        let labels = Labels::from_pairs([("app", "a"), ("env", "t")]);
        assert_eq!(registry.find(labels.as_bytes()), None);
        assert_eq!(registry.intern(&labels), Some(4));
        assert_eq!(registry.select(&all), [0, 4]);
    }

    #[test]
    fn what_is_in_both() {
        let check = |a: &[u32], b: &[u32], want: &[u32]| {
            assert_eq!(intersect(a, b), want);
            assert_eq!(intersect(b, a), want);
        };
        check(&[], &[1, 2], &[]);
        check(&[1, 5, 9], &[0, 1, 2, 3, 4, 6, 7, 8, 9], &[1, 9]);
        check(&[3], &[1, 2, 3], &[3]);
        let even: Vec<u32> = (0..500).map(|n| n * 2).collect();
        let third: Vec<u32> = (0..400).map(|n| n * 3).collect();
        let want: Vec<u32> = (0..167).map(|n| n * 6).collect();
        check(&even, &third, &want);
    }
}
