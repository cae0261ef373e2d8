//! Who is who: canonical label bytes to a small series number and back.
//!
//! A series is found by a 128-bit hash of its canonical label bytes; the hash is
//! keyed with a random key of this process, so nobody outside can construct two
//! label sets that collide, and equal hashes are taken for equal series. Labels are
//! held as rows of pair numbers ([`pairs`]), four bytes a label. Series numbers are
//! dense and ascending, so everything the engine knows of a series lies in plain
//! arrays under its number.
//!
//! A registry only grows. Series that took no samples for long are left out when
//! the registry is rebuilt ([`Registry::rebuild`]), which begins a new *epoch*;
//! references that were handed out carry their epoch, so an old one is noticed.
//!
//! Not here: samples, files, time.

mod pairs;
mod postings;
mod table;

use binnacle_model::append::SeriesRef;
use binnacle_model::labels::{Labels, iter_canonical, push_label};
use binnacle_stdx::hash::HashKey;
use roaring::RoaringBitmap;

use pairs::Pairs;
use postings::Postings;
use table::Table;
pub(crate) use table::prefetch;

/// The series' number within its epoch.
pub(crate) type SeriesId = u32;

/// Why a series was not registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RegisterError {
    BadLabels,
    Full,
}

/// All series of one epoch.
#[derive(Debug)]
pub(crate) struct Registry {
    epoch: u32,
    hash: HashKey,
    pairs: Pairs,
    postings: Vec<Postings>,
    rows: Vec<u32>,
    row_ends: Vec<u32>,
    keys: Vec<u128>,
    table: Table,
    holes: usize,
}

impl Registry {
    /// An empty registry. `epoch` is at least 1, so that no reference is 0.
    pub(crate) fn new(epoch: u32, hash: HashKey) -> Self {
        Self {
            epoch,
            hash,
            pairs: Pairs::new(hash),
            postings: Vec::new(),
            rows: Vec::new(),
            row_ends: Vec::new(),
            keys: Vec::new(),
            table: Table::default(),
            holes: 0,
        }
    }

    /// Which epoch this is.
    pub(crate) fn epoch(&self) -> u32 {
        self.epoch
    }

    /// How many series there are.
    pub(crate) fn len(&self) -> usize {
        self.keys.len()
    }

    /// The pairs.
    pub(crate) fn pairs(&self) -> &Pairs {
        &self.pairs
    }

    /// The key of canonical label bytes.
    pub(crate) fn key(&self, canonical: &[u8]) -> u128 {
        self.hash.hash128(canonical)
    }

    /// The key of a series.
    pub(crate) fn key_of(&self, id: SeriesId) -> u128 {
        self.keys[id as usize]
    }

    /// Begins to fetch what [`Self::find`] will touch first.
    pub(crate) fn prefetch_slot(&self, key: u128) {
        self.table.prefetch(tag(key));
    }

    /// Fetches further, once the slot is there; answers the likely series.
    pub(crate) fn prefetch_key(&self, key: u128) -> Option<SeriesId> {
        let id = self.table.guess(tag(key))?;
        prefetch(&self.keys[id as usize]);
        Some(id)
    }

    /// The series with this key.
    pub(crate) fn find(&self, key: u128) -> Option<SeriesId> {
        self.table
            .find(tag(key), |id| self.keys[id as usize] == key)
    }

    /// The reference that is handed out for a series.
    pub(crate) fn reference(&self, id: SeriesId) -> SeriesRef {
        SeriesRef(u64::from(self.epoch) << 32 | u64::from(id))
    }

    /// The series of a reference of this epoch.
    pub(crate) fn resolve(&self, reference: SeriesRef) -> Option<SeriesId> {
        let id = reference.0 as u32;
        ((reference.0 >> 32) as u32 == self.epoch && (id as usize) < self.len()).then_some(id)
    }

    /// Registers a series that [`Self::find`] did not find.
    pub(crate) fn insert(
        &mut self,
        canonical: &[u8],
        key: u128,
    ) -> Result<SeriesId, RegisterError> {
        let labels = iter_canonical(canonical).map_err(|_| RegisterError::BadLabels)?;
        if canonical.is_empty() {
            return Err(RegisterError::BadLabels);
        }
        let start = self.rows.len();
        let before = self
            .row_ends
            .len()
            .checked_sub(1)
            .map_or(0..0, |last| self.row_range(last));
        let mut at = 0;
        for (i, (name, value)) in labels.enumerate() {
            let end =
                at + len_bytes(name.len()) + name.len() + len_bytes(value.len()) + value.len();
            let encoded = &canonical[at..end];
            at = end;
            // Neighbours in a scrape or a request share most pairs: look at the
            // same place of the series before this one first.
            let guess = self
                .rows
                .get(before.start + i)
                .copied()
                .filter(|_| before.start + i < before.end);
            let pair = match guess {
                Some(p) if self.pairs.encoded(p) == encoded => p,
                _ => match self.pairs.intern(name, encoded) {
                    Some(p) => p,
                    None => {
                        self.rows.truncate(start);
                        return Err(RegisterError::Full);
                    }
                },
            };
            self.rows.push(pair);
        }
        self.finish_row(start, key)
    }

    /// Registers a series by its pairs, as a checkpoint or the log names them. A
    /// row that names a hole, or nothing, becomes a hole.
    pub(crate) fn insert_row(&mut self, row: &[u32]) -> Result<SeriesId, RegisterError> {
        let mut canonical = Vec::with_capacity(256);
        for &pair in row {
            if pair as usize >= self.pairs.len() {
                return Err(RegisterError::BadLabels);
            }
            if self.pairs.is_hole(pair) {
                canonical.clear();
                break;
            }
            canonical.extend_from_slice(self.pairs.encoded(pair));
        }
        if canonical.is_empty() {
            return self.push_hole();
        }
        let key = self.key(&canonical);
        let start = self.rows.len();
        self.rows.extend_from_slice(row);
        self.finish_row(start, key)
    }

    /// Takes up numbers for pairs and series that were lost with a damaged record of
    /// the log, so that those behind it keep theirs.
    pub(crate) fn pad(&mut self, pairs: usize, series: usize) -> Result<(), RegisterError> {
        while self.pairs.len() < pairs {
            self.pairs.push_hole();
        }
        while self.len() < series {
            self.push_hole()?;
        }
        Ok(())
    }

    fn push_hole(&mut self) -> Result<SeriesId, RegisterError> {
        // No label set hashes to it on purpose, and a hole is never looked for.
        self.holes += 1;
        let key = self.hash.hash128(&(self.len() as u64).to_le_bytes());
        self.finish_row(self.rows.len(), key)
    }

    /// Whether any series' labels were lost.
    pub(crate) fn has_holes(&self) -> bool {
        self.holes > 0
    }

    /// Whether the series' labels were lost.
    pub(crate) fn is_hole(&self, id: SeriesId) -> bool {
        self.row(id).is_empty()
    }

    /// Adds a pair by its canonical encoding, as a checkpoint or the log names it.
    pub(crate) fn insert_pair(&mut self, encoded: &[u8]) -> Result<u32, RegisterError> {
        let mut labels = iter_canonical(encoded).map_err(|_| RegisterError::BadLabels)?;
        let (Some((name, _)), None) = (labels.next(), labels.next()) else {
            return Err(RegisterError::BadLabels);
        };
        self.pairs.intern(name, encoded).ok_or(RegisterError::Full)
    }

    fn finish_row(&mut self, start: usize, key: u128) -> Result<SeriesId, RegisterError> {
        let id = self.keys.len() as u32;
        let Ok(end) = u32::try_from(self.rows.len()) else {
            self.rows.truncate(start);
            return Err(RegisterError::Full);
        };
        for &pair in &self.rows[start..] {
            match self.postings.get_mut(pair as usize) {
                Some(postings) => postings.push(id),
                // A pair that a failed registration or a log left without series
                // still gets a place, so that places stay in step with numbers.
                None => {
                    self.postings
                        .resize_with(pair as usize, || Postings::List(Vec::new()));
                    self.postings.push(Postings::One(id));
                }
            }
        }
        self.row_ends.push(end);
        self.keys.push(key);
        self.table.insert(tag(key), id);
        Ok(id)
    }

    fn row_range(&self, at: usize) -> std::ops::Range<usize> {
        let start = if at == 0 {
            0
        } else {
            self.row_ends[at - 1] as usize
        };
        start..self.row_ends[at] as usize
    }

    /// The pairs of a series, in ascending order of the names.
    pub(crate) fn row(&self, id: SeriesId) -> &[u32] {
        &self.rows[self.row_range(id as usize)]
    }

    /// Appends the canonical label bytes of a series.
    pub(crate) fn canonical_into(&self, id: SeriesId, out: &mut Vec<u8>) {
        for &pair in self.row(id) {
            out.extend_from_slice(self.pairs.encoded(pair));
        }
    }

    /// The labels of a series.
    pub(crate) fn labels(&self, id: SeriesId) -> Labels {
        let mut bytes = Vec::with_capacity(256);
        self.canonical_into(id, &mut bytes);
        Labels::from_canonical(&bytes).unwrap_or_default()
    }

    /// How many series carry a pair.
    pub(crate) fn count(&self, pair: u32) -> u64 {
        self.postings.get(pair as usize).map_or(0, Postings::len)
    }

    /// Adds the series that carry a pair.
    pub(crate) fn union_into(&self, pair: u32, out: &mut RoaringBitmap) {
        if let Some(postings) = self.postings.get(pair as usize) {
            postings.union_into(out);
        }
    }

    /// The number of a pair by its text.
    pub(crate) fn find_pair(&self, name: &str, value: &str) -> Option<u32> {
        let mut encoded = Vec::with_capacity(name.len() + value.len() + 4);
        push_label(&mut encoded, name, value);
        self.pairs.find(&encoded)
    }

    /// A registry of the next epoch with only the series for which `keep` says so,
    /// and for each series its new number.
    pub(crate) fn rebuild(
        &self,
        mut keep: impl FnMut(SeriesId) -> bool,
    ) -> (Self, Vec<Option<SeriesId>>) {
        let mut next = Self::new(self.epoch.wrapping_add(1).max(1), self.hash);
        let mut canonical = Vec::new();
        let renumbered = (0..self.len() as u32)
            .map(|id| {
                if self.is_hole(id) || !keep(id) {
                    return None;
                }
                canonical.clear();
                self.canonical_into(id, &mut canonical);
                next.insert(&canonical, self.key_of(id)).ok()
            })
            .collect();
        (next, renumbered)
    }
}

fn tag(key: u128) -> u32 {
    key as u32
}

/// Bytes of the LEB128 of a length.
pub(crate) fn len_bytes(len: usize) -> usize {
    match len {
        0..0x80 => 1,
        0x80..0x4000 => 2,
        0x4000..0x20_0000 => 3,
        0x20_0000..0x1000_0000 => 4,
        _ => 5,
    }
}

/// Bytes of the LEB128 at the start of `bytes`.
fn len_bytes_at(bytes: &[u8]) -> usize {
    bytes
        .iter()
        .position(|b| b & 0x80 == 0)
        .map_or(0, |last| last + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(i: u32) -> Labels {
        Labels::from_pairs([
            ("__name__", format!("metric_{}", i % 20)),
            ("instance", format!("host-{}", i / 100)),
            ("id", format!("{i}")),
            ("long", "x".repeat((i % 300) as usize)),
        ])
    }

    #[test]
    fn series_are_found_again_and_keep_their_labels() {
        let mut registry = Registry::new(1, HashKey::new(7));
        for i in 0..5_000 {
            let l = labels(i);
            let key = registry.key(l.as_bytes());
            assert_eq!(registry.find(key), None);
            assert_eq!(registry.insert(l.as_bytes(), key), Ok(i));
        }
        for i in 0..5_000 {
            assert_eq!(registry.find(registry.key(labels(i).as_bytes())), Some(i));
            assert_eq!(registry.labels(i), labels(i));
        }
        let pair = registry.find_pair("instance", "host-3").expect("there");
        let mut found = RoaringBitmap::new();
        registry.union_into(pair, &mut found);
        assert_eq!(
            found.iter().collect::<Vec<_>>(),
            (300..400).collect::<Vec<_>>()
        );
        assert_eq!(registry.pairs().text(pair), ("instance", "host-3"));
    }

    #[test]
    fn rebuilding_renumbers_and_ends_old_references() {
        let mut registry = Registry::new(1, HashKey::new(7));
        for i in 0..100 {
            let l = labels(i);
            registry
                .insert(l.as_bytes(), registry.key(l.as_bytes()))
                .expect("new");
        }
        let old = registry.reference(40);
        let (next, renumbered) = registry.rebuild(|id| id % 2 == 0);
        assert_eq!(next.len(), 50);
        assert_eq!(renumbered[40], Some(20));
        assert_eq!(renumbered[41], None);
        assert_eq!(next.labels(20), labels(40));
        assert_eq!(next.resolve(old), None);
        assert_eq!(next.resolve(next.reference(20)), Some(20));
    }

    #[test]
    fn bytes_that_are_not_canonical_are_refused_and_leave_no_trace() {
        let mut registry = Registry::new(1, HashKey::new(7));
        assert_eq!(
            registry.insert(b"\x01b\x011\x01a\x011", 1),
            Err(RegisterError::BadLabels)
        );
        assert_eq!(registry.len(), 0);
    }
}
