//! The series that a rule writes: which there were last time, which there are now.
//!
//! One hash lookup for each result of an evaluation does three things at once: it
//! finds the engine's number for the series, so that no labels are sent again; it
//! finds results with the same labels; and what is left over at the end are the
//! series that have vanished and get a staleness marker.
//!
//! An evaluation is an *attempt* that is either committed or forgotten: after an
//! error the rule's series are what they were before.

use binnacle_model::append::{Appended, Refusal, SeriesRef};
use binnacle_model::{Batch, Labels, STALE_NAN};
use binnacle_stdx::hash::HashKey;
use hashbrown::HashTable;

/// See the module's text.
pub(crate) struct SeriesBook {
    key: HashKey,
    index: HashTable<u32>,
    entries: Vec<Entry>,
    /// Number of the attempt that runs, or ran last.
    attempt: u64,
}

struct Entry {
    labels: Labels,
    hash: u64,
    series: Option<SeriesRef>,
    /// The last attempt that gave a value.
    attempt: u64,
    /// Whether it was there after the last committed attempt.
    present: bool,
}

impl SeriesBook {
    pub(crate) fn new() -> Self {
        Self {
            key: HashKey::random(),
            index: HashTable::new(),
            entries: Vec::new(),
            attempt: 0,
        }
    }

    /// Starts an attempt.
    pub(crate) fn begin(&mut self) {
        self.attempt += 1;
    }

    /// Says that the attempt gives a value for the series with these canonical
    /// label bytes. `None`: it has done so before.
    pub(crate) fn note(&mut self, bytes: &[u8], make: impl FnOnce() -> Labels) -> Option<u32> {
        let hash = self.key.hash128(bytes) as u64;
        let entries = &mut self.entries;
        let found = self
            .index
            .find(hash, |i| entries[*i as usize].labels.as_bytes() == bytes);
        if let Some(&i) = found {
            let entry = &mut entries[i as usize];
            if entry.attempt == self.attempt {
                return None;
            }
            entry.attempt = self.attempt;
            return Some(i);
        }
        let i = u32::try_from(entries.len()).ok()?;
        entries.push(Entry {
            labels: make(),
            hash,
            series: None,
            attempt: self.attempt,
            present: false,
        });
        self.index
            .insert_unique(hash, i, |i| entries[*i as usize].hash);
        Some(i)
    }

    /// Adds a value of series `i` to `batch`.
    pub(crate) fn push(&self, i: u32, t_ms: i64, value: f64, batch: &mut Batch) {
        let entry = &self.entries[i as usize];
        match entry.series {
            Some(series) => batch.push_ref(series, &[(t_ms, value)]),
            None => batch.push(&entry.labels, &[(t_ms, value)]),
        }
    }

    /// The series that were there and have no value in this attempt.
    pub(crate) fn vanished(&self) -> impl Iterator<Item = u32> + '_ {
        (0u32..)
            .zip(&self.entries)
            .filter(|(_, e)| e.present && e.attempt != self.attempt)
            .map(|(i, _)| i)
    }

    /// Adds the staleness markers of [`Self::vanished`].
    pub(crate) fn push_stale(&self, t_ms: i64, batch: &mut Batch, of_batch: &mut Vec<u32>) {
        for i in self.vanished() {
            self.push(i, t_ms, STALE_NAN, batch);
            of_batch.push(i);
        }
    }

    /// Takes over what the engine said of a batch whose series are `of_batch`.
    /// Gives the series that it has forgotten and wants labels for, with the index
    /// in the batch.
    pub(crate) fn learn(&mut self, of_batch: &[u32], appended: &Appended) -> Vec<(u32, u32)> {
        for (&i, &series) in of_batch.iter().zip(&appended.refs) {
            if series != SeriesRef(0) {
                self.entries[i as usize].series = Some(series);
            }
        }
        let mut forgotten = Vec::new();
        for &(at, _, why) in &appended.refused {
            if why == Refusal::UnknownSeries
                && let Some(&i) = of_batch.get(at as usize)
                && self.entries[i as usize].series.take().is_some()
            {
                forgotten.push((i, at));
            }
        }
        forgotten
    }

    /// Says that the engine refused the value of series `i`: it is not written.
    pub(crate) fn refuse(&mut self, i: u32) {
        self.entries[i as usize].attempt = 0;
    }

    /// Ends an attempt whose values are written.
    pub(crate) fn commit(&mut self) {
        let attempt = self.attempt;
        for entry in &mut self.entries {
            entry.present = entry.attempt == attempt;
        }
        self.drop_absent();
    }

    /// Ends an attempt of which nothing is written.
    pub(crate) fn forget(&mut self) {
        self.drop_absent();
    }

    fn drop_absent(&mut self) {
        if self.entries.iter().all(|e| e.present) {
            return;
        }
        self.entries.retain(|e| e.present);
        self.index.clear();
        let entries = &self.entries;
        for (i, entry) in (0u32..).zip(entries) {
            self.index
                .insert_unique(entry.hash, i, |i| entries[*i as usize].hash);
        }
    }

    /// The series that were there after the last committed attempt.
    pub(crate) fn present(&self) -> impl Iterator<Item = &Labels> {
        self.entries.iter().filter(|e| e.present).map(|e| &e.labels)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str) -> Labels {
        Labels::from_pairs([("n", name)])
    }

    fn note(book: &mut SeriesBook, name: &str) -> Option<u32> {
        let labels = of(name);
        book.note(labels.as_bytes(), || labels.clone())
    }

    fn vanished(book: &SeriesBook) -> Vec<Labels> {
        book.vanished()
            .map(|i| book.entries[i as usize].labels.clone())
            .collect()
    }

    #[test]
    fn what_vanishes_is_said_once() {
        let mut book = SeriesBook::new();
        book.begin();
        assert_eq!(
            (note(&mut book, "a"), note(&mut book, "b")),
            (Some(0), Some(1))
        );
        assert_eq!(note(&mut book, "a"), None, "the same labels twice");
        book.commit();

        book.begin();
        note(&mut book, "b");
        note(&mut book, "c");
        assert_eq!(vanished(&book), [of("a")]);
        book.commit();

        book.begin();
        note(&mut book, "c");
        note(&mut book, "b");
        assert_eq!(vanished(&book), []);
    }

    #[test]
    fn a_failed_attempt_changes_nothing() {
        let mut book = SeriesBook::new();
        book.begin();
        note(&mut book, "a");
        book.commit();
        book.begin();
        note(&mut book, "b");
        book.forget();
        assert_eq!(book.present().cloned().collect::<Vec<_>>(), [of("a")]);
        book.begin();
        assert_eq!(vanished(&book), [of("a")]);
    }

    #[test]
    fn numbers_are_learnt_and_forgotten() {
        let mut book = SeriesBook::new();
        book.begin();
        let a = note(&mut book, "a").expect("first");
        let appended = Appended {
            refs: vec![SeriesRef(7)],
            ..Appended::default()
        };
        assert_eq!(book.learn(&[a], &appended), []);
        let mut batch = Batch::default();
        book.push(a, 1, 1.0, &mut batch);
        assert!(batch.label_bytes.is_empty(), "known by its number");
        let appended = Appended {
            refused: vec![(0, 0, Refusal::UnknownSeries)],
            ..Appended::default()
        };
        assert_eq!(book.learn(&[a], &appended), [(a, 0)]);
        book.push(a, 1, 1.0, &mut batch);
        assert_eq!(batch.label_bytes, of("a").as_bytes());
    }
}
