//! What is known of a target's series from its earlier scrapes.
//!
//! A target sends nearly the same series in nearly the same order each time. The
//! cache keeps, for each series, its length and a keyed hash of its raw bytes,
//! and which series came after it. So the next line is checked against one
//! expected entry: one comparison, one hash, no search for the end of the series
//! and no table. Where the order changes, the scanner finds the end and a table
//! finds the entry.
//!
//! Comment lines (`# HELP`, `# TYPE`) are known by their hashes in the same way,
//! in their order, so that metadata is told once and not every scrape.
//!
//! Raw bytes are not kept: 40 bytes a series instead of some 250. Two series of
//! one target that meet in 64 bits would be taken for one; the key of the hash is
//! random for each process, so nobody can make them meet, and by chance it takes
//! some billion series in one target.

use std::sync::LazyLock;

use binnacle_model::append::SeriesRef;
use binnacle_model::metadata::MetricType;
use binnacle_stdx::hash::HashKey;
use hashbrown::HashTable;

/// One key for the process: entries of all targets hash alike.
static KEY: LazyLock<HashKey> = LazyLock::new(HashKey::random);

/// [`Entry::series`] of a series that relabelling dropped.
const DROPPED: u64 = u64::MAX;

/// [`Entry::series`] of a series whose reference is not known yet.
const UNBOUND: u64 = 0;

/// An entry of a [`ScrapeCache`]; good until the next [`ScrapeCache::begin`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct EntryId(u32);

/// What a cache knows of a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lookup {
    /// It goes by this reference.
    Known {
        /// Its entry.
        entry: EntryId,
        /// Its reference.
        series: SeriesRef,
        /// Whether this scrape had it before.
        repeated: bool,
    },
    /// It was inserted, but the engine's reference has not been told (yet, or
    /// any more): send the labels.
    Unbound {
        /// Its entry.
        entry: EntryId,
        /// Whether this scrape had it before.
        repeated: bool,
    },
    /// Relabelling dropped it.
    Dropped,
    /// Nothing: parse its labels, relabel, and insert it.
    New,
}

#[derive(Debug, Clone)]
struct Entry {
    hash: u64,
    series: u64,
    len: u32,
    /// The entry that came after this one, last time.
    next: u32,
    /// The scrape that had it last, and the one that had it before that.
    seen: u32,
    seen_before: u32,
    /// Whether its end is to be marked: not when its samples have times of their own.
    tracked: bool,
}

/// The series of one target, by a hash of their raw bytes, and in their order.
///
/// The order of calls:
///
/// ```text
/// begin                              at the start of a scrape
///   recognise, lookup                for each sample, from the Visitor
///   insert                           when the lookup says New
///   recognise_comment, comment_told  for each comment line, from the Visitor
/// vanished                           at the end: what gets a staleness marker
/// bind                               when the engine told the references
/// ```
///
/// A scrape that fails, or whose samples were not stored: [`Self::abort`]
/// instead, and then an empty scrape, which marks all series as ended. Comment
/// lines that were told before are not told again; where metadata got lost,
/// [`Self::forget_comments`].
///
/// Takes 40 bytes a series, and 16 a comment line.
#[derive(Debug, Default)]
pub struct ScrapeCache {
    entries: Vec<Entry>,
    index: HashTable<u32>,
    scrape: u32,
    /// The entry that the next line is expected to be.
    expected: u32,
    /// The entry of the line before.
    last: Option<u32>,
    /// What [`Self::recognise`] found, for [`Self::lookup`].
    hit: Option<u32>,
    /// Hash of each comment line in order, and the type in force after it.
    comments: Vec<(u64, MetricType)>,
    /// The comment line that is expected next.
    comment: usize,
}

impl ScrapeCache {
    /// Starts a scrape.
    pub fn begin(&mut self) {
        self.drop_old();
        self.scrape += 1;
        self.expected = 0;
        self.last = None;
        self.hit = None;
        self.comments.truncate(self.comment);
        self.comment = 0;
    }

    /// How many bytes at the start of `rest` are the series that is expected
    /// next and that a blank follows; 0 when they are another one. For
    /// [`Visitor::recognise`](super::Visitor::recognise); [`Self::lookup`] must
    /// follow.
    #[inline]
    pub fn recognise(&mut self, rest: &[u8]) -> usize {
        self.hit = None;
        let Some(entry) = self.entries.get(self.expected as usize) else {
            return 0;
        };
        let len = entry.len as usize;
        if !matches!(rest.get(len), Some(b' ' | b'\t')) || KEY.hash64(&rest[..len]) != entry.hash {
            return 0;
        }
        self.hit = Some(self.expected);
        len
    }

    /// What is known of `series`, its raw bytes; marks it as seen.
    #[inline]
    pub fn lookup(&mut self, series: &[u8]) -> Lookup {
        let hit = self
            .hit
            .take()
            .filter(|&i| self.entries[i as usize].len as usize == series.len());
        let Some(found) = hit.or_else(|| self.find(series)) else {
            return Lookup::New;
        };
        self.follow(found);
        let scrape = self.scrape;
        let entry = &mut self.entries[found as usize];
        let repeated = entry.seen == scrape;
        if !repeated {
            entry.seen_before = entry.seen;
            entry.seen = scrape;
        }
        match entry.series {
            DROPPED => Lookup::Dropped,
            UNBOUND => Lookup::Unbound {
                entry: EntryId(found),
                repeated,
            },
            series => Lookup::Known {
                entry: EntryId(found),
                series: SeriesRef(series),
                repeated,
            },
        }
    }

    /// Adds a series that [`Self::lookup`] did not know.
    pub fn insert(&mut self, series: &[u8]) -> EntryId {
        self.push(series, UNBOUND)
    }

    /// Adds a series that relabelling dropped, so that it is not looked at again.
    pub fn insert_dropped(&mut self, series: &[u8]) {
        self.push(series, DROPPED);
    }

    /// Tells the engine's reference of a series; `SeriesRef(0)` takes it back,
    /// when the engine forgot the series.
    pub fn bind(&mut self, entry: EntryId, series: SeriesRef) {
        if let Some(entry) = self.entries.get_mut(entry.0 as usize)
            && entry.series != DROPPED
        {
            entry.series = series.0;
        }
    }

    /// Says whether the end of the series is to be marked. It is unless told
    /// otherwise; samples with times of their own are not, in Prometheus.
    pub fn track(&mut self, entry: EntryId, tracked: bool) {
        if let Some(entry) = self.entries.get_mut(entry.0 as usize) {
            entry.tracked = tracked;
        }
    }

    /// The series that the scrape before had and this one has not: they get a
    /// staleness marker. Ask once all samples have been looked up.
    pub fn vanished(&self) -> impl Iterator<Item = SeriesRef> {
        let before = self.scrape.wrapping_sub(1);
        self.entries
            .iter()
            .filter(move |e| {
                e.seen == before && e.tracked && !matches!(e.series, UNBOUND | DROPPED)
            })
            .map(|e| SeriesRef(e.series))
    }

    /// Takes the scrape back: nothing of it was stored. As if it had not begun.
    pub fn abort(&mut self) {
        for entry in &mut self.entries {
            if entry.seen == self.scrape {
                entry.seen = entry.seen_before;
            }
        }
        self.scrape -= 1;
        self.expected = 0;
        self.last = None;
        self.hit = None;
        self.comment = 0;
    }

    /// The type in force after comment line `line`, when it is the one that is
    /// expected; for
    /// [`Visitor::recognise_comment`](super::Visitor::recognise_comment).
    #[inline]
    pub fn recognise_comment(&mut self, line: &[u8]) -> Option<MetricType> {
        let (hash, kind) = self.comments.get(self.comment).copied()?;
        if KEY.hash64(line) != hash {
            return None;
        }
        self.comment += 1;
        Some(kind)
    }

    /// Learns a comment line that was not the one expected; for
    /// [`Visitor::comment_told`](super::Visitor::comment_told).
    pub fn comment_told(&mut self, line: &[u8], kind: MetricType) {
        let learnt = (KEY.hash64(line), kind);
        match self.comments.get_mut(self.comment) {
            Some(comment) => *comment = learnt,
            None => self.comments.push(learnt),
        }
        self.comment += 1;
    }

    /// Forgets comment lines, so that the next scrape tells all metadata again.
    pub fn forget_comments(&mut self) {
        self.comments.clear();
        self.comment = 0;
    }

    /// How many series are known, dropped ones included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether none is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    #[cold]
    fn find(&self, series: &[u8]) -> Option<u32> {
        let hash = KEY.hash64(series);
        let same = |i: &u32| {
            let entry = &self.entries[*i as usize];
            entry.hash == hash && entry.len as usize == series.len()
        };
        self.index.find(hash, same).copied()
    }

    /// Notes that `entry` came after the one before it.
    #[inline]
    fn follow(&mut self, entry: u32) {
        if entry != self.expected
            && let Some(last) = self.last
        {
            self.entries[last as usize].next = entry;
        }
        self.last = Some(entry);
        self.expected = self.entries[entry as usize].next;
    }

    fn push(&mut self, series: &[u8], of: u64) -> EntryId {
        let id = self.entries.len() as u32;
        let hash = KEY.hash64(series);
        self.entries.push(Entry {
            hash,
            series: of,
            len: series.len() as u32,
            next: id + 1,
            seen: self.scrape,
            seen_before: 0,
            tracked: true,
        });
        let entries = &self.entries;
        self.index
            .insert_unique(hash, id, |i| entries[*i as usize].hash);
        self.follow(id);
        EntryId(id)
    }

    /// Forgets series that two scrapes did not have, once they are many.
    fn drop_old(&mut self) {
        let oldest = self.scrape.saturating_sub(1);
        let old = self.entries.iter().filter(|e| e.seen < oldest).count();
        if old <= 64 + self.entries.len() / 8 {
            return;
        }
        self.entries.retain(|e| e.seen >= oldest);
        self.index.clear();
        for i in 0..self.entries.len() as u32 {
            // Entries stay in their order, mostly that of the target.
            self.entries[i as usize].next = i + 1;
            let entries = &self.entries;
            let hash = entries[i as usize].hash;
            self.index
                .insert_unique(hash, i, |i| entries[*i as usize].hash);
        }
        self.index.shrink_to_fit(|i| self.entries[*i as usize].hash);
        self.entries.shrink_to_fit();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One scrape of these series; answers what was new and what vanished.
    fn scrape(cache: &mut ScrapeCache, series: &[&str]) -> (Vec<String>, Vec<u64>) {
        cache.begin();
        let mut new = Vec::new();
        for text in series {
            let line = format!("{text} 1\n");
            let len = cache.recognise(line.as_bytes());
            assert!(len == 0 || len == text.len(), "{text}");
            match cache.lookup(text.as_bytes()) {
                Lookup::New => {
                    let entry = cache.insert(text.as_bytes());
                    new.push((*text).to_owned());
                    cache.bind(entry, SeriesRef(text.len() as u64));
                }
                Lookup::Known { series, .. } => assert_eq!(series, SeriesRef(text.len() as u64)),
                other => panic!("{text}: {other:?}"),
            }
        }
        let mut vanished: Vec<u64> = cache.vanished().map(|s| s.0).collect();
        vanished.sort_unstable();
        (new, vanished)
    }

    #[test]
    fn series_come_go_and_come_back() {
        let mut cache = ScrapeCache::default();
        assert_eq!(scrape(&mut cache, &["a", "bb", "ccc"]).0.len(), 3);
        assert_eq!(scrape(&mut cache, &["a", "bb", "ccc"]), (vec![], vec![]));
        assert_eq!(scrape(&mut cache, &["ccc", "a"]), (vec![], vec![2]));
        assert_eq!(
            scrape(&mut cache, &["dddd", "a", "bb"]),
            (vec!["dddd".to_owned()], vec![3])
        );
        assert_eq!(scrape(&mut cache, &[]), (vec![], vec![1, 2, 4]));
        assert_eq!(scrape(&mut cache, &[]), (vec![], vec![]));
    }

    #[test]
    fn order_is_learnt() {
        let mut cache = ScrapeCache::default();
        scrape(&mut cache, &["a", "bb", "ccc"]);
        scrape(&mut cache, &["a", "ccc", "bb"]);
        cache.begin();
        for text in ["a", "ccc", "bb"] {
            assert_eq!(
                cache.recognise(format!("{text} 1").as_bytes()),
                text.len(),
                "{text}"
            );
            cache.lookup(text.as_bytes());
        }
    }

    #[test]
    fn repeated_dropped_and_untracked_series_are_told() {
        let mut cache = ScrapeCache::default();
        cache.begin();
        cache.insert_dropped(b"d");
        let entry = cache.insert(b"e");
        assert!(matches!(
            cache.lookup(b"e"),
            Lookup::Unbound { repeated: true, .. }
        ));
        cache.bind(entry, SeriesRef(7));
        cache.track(entry, false);
        cache.begin();
        assert_eq!(cache.lookup(b"d"), Lookup::Dropped);
        assert_eq!(cache.vanished().count(), 0);
    }

    #[test]
    fn an_aborted_scrape_leaves_no_trace() {
        let mut cache = ScrapeCache::default();
        scrape(&mut cache, &["a", "bb"]);
        cache.begin();
        cache.lookup(b"a");
        cache.abort();
        assert_eq!(scrape(&mut cache, &[]), (vec![], vec![1, 2]));
    }

    #[test]
    fn old_series_are_forgotten() {
        let mut cache = ScrapeCache::default();
        let many: Vec<String> = (0..1_000).map(|i| "x".repeat(i + 1)).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        scrape(&mut cache, &many);
        for _ in 0..3 {
            scrape(&mut cache, &many[..10]);
        }
        assert_eq!(cache.len(), 10);
        assert_eq!(scrape(&mut cache, &many[..10]), (vec![], vec![]));
    }
}
