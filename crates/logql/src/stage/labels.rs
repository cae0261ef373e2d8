//! The labels of one row while it runs through a pipeline.
//!
//! Names and values lie in one buffer that is kept from row to row, so a row allocates
//! nothing once the buffer has its size. Few labels are searched one by one; with many
//! there is an index, because a line may have ten thousand keys.

use std::hash::BuildHasher;
use std::ops::Range;
use std::sync::Arc;

use binnacle_model::event::LogLabels;
use hashbrown::{DefaultHashBuilder, HashTable};

use super::{ERROR, ERROR_DETAILS, PRESERVE_ERROR};

/// What is put behind a name that the stream or the metadata have already.
pub(crate) const TAKEN_SUFFIX: &str = "_extracted";

/// From that many on there is an index.
const INDEXED_FROM: usize = 24;

/// Where a label comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Category {
    /// The stream.
    Stream,
    /// Sent with the line.
    Metadata,
    /// Made by a parser or formatter.
    Parsed,
}

/// A label that is not the stream's.
#[derive(Debug, Clone)]
struct Entry {
    name: Range<u32>,
    value: Range<u32>,
    is_parsed: bool,
    /// False when it was dropped. A parsed label stays as a mark that its key was seen.
    is_live: bool,
}

/// Labels by where they come from. Of one name, what a parser made wins over what was
/// sent with the line, and that over the stream's.
#[derive(Debug, Clone, Default)]
pub struct RowLabels {
    stream: Arc<LogLabels>,
    /// Names and values, one behind the other.
    text: String,
    entries: Vec<Entry>,
    /// How many of the entries are metadata.
    metadata_count: usize,
    index: HashTable<u32>,
    hasher: DefaultHashBuilder,
    /// Names of labels of the stream that were dropped.
    hidden: Vec<Range<u32>>,
    error: Option<Range<u32>>,
    details: Option<Range<u32>>,
    /// For names that a parser puts together.
    pub(super) scratch: String,
}

impl RowLabels {
    /// Begins a row.
    pub fn reset(&mut self, stream: &Arc<LogLabels>) {
        if !Arc::ptr_eq(&self.stream, stream) {
            self.stream = stream.clone();
        }
        self.text.clear();
        self.entries.clear();
        self.metadata_count = 0;
        self.index.clear();
        self.hidden.clear();
        self.error = None;
        self.details = None;
    }

    /// Adds what was sent with the line. A name that the stream has gets `_extracted`.
    pub fn add_metadata(&mut self, name: &str, value: &str) {
        if self.stream.get(name).is_some() {
            let name = [name, TAKEN_SUFFIX].concat();
            self.put(false, &name, value);
            return;
        }
        match name {
            ERROR => self.error = self.push_present(value),
            ERROR_DETAILS => self.details = self.push_present(value),
            _ => self.put(false, name, value),
        }
    }

    /// The value of a label.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.get_with_category(name).map(|(_, v)| v)
    }

    /// The value of a label and where it comes from.
    #[must_use]
    pub fn get_with_category(&self, name: &str) -> Option<(Category, &str)> {
        match name {
            ERROR => return self.error().map(|e| (Category::Parsed, e)),
            ERROR_DETAILS => return self.error_details().map(|e| (Category::Parsed, e)),
            _ => {}
        }
        for (is_parsed, category) in [(true, Category::Parsed), (false, Category::Metadata)] {
            if let Some(entry) = self.live(is_parsed, name) {
                return Some((category, self.slice(&entry.value)));
            }
        }
        let value = self.stream.get(name)?;
        (!self.is_hidden(name)).then_some((Category::Stream, value))
    }

    /// Whether the stream, dropped or not, or the metadata have that name: what a parser
    /// finds under it gets `_extracted`.
    #[must_use]
    pub fn is_taken(&self, name: &str) -> bool {
        self.stream.get(name).is_some() || self.live(false, name).is_some()
    }

    /// Whether a parser or formatter has set that name in this row, even if it was dropped
    /// since.
    #[must_use]
    pub fn was_parsed(&self, name: &str) -> bool {
        self.position(true, name).is_some()
    }

    /// Sets what a parser found; a name that is taken gets `_extracted`.
    pub fn set_parsed(&mut self, name: &str, value: &str) {
        if self.is_taken(name) {
            let name = [name, TAKEN_SUFFIX].concat();
            self.set(&name, value);
        } else {
            self.set(name, value);
        }
    }

    /// Sets a label, whatever was there: it is a parsed one from now on.
    pub fn set(&mut self, name: &str, value: &str) {
        match name {
            ERROR => self.error = self.push_present(value),
            ERROR_DETAILS => self.details = self.push_present(value),
            _ => {
                if let Some(at) = self.position(false, name) {
                    self.entries[at].is_live = false;
                }
                self.put(true, name, value);
            }
        }
    }

    /// Takes a label away, wherever it is from.
    pub fn delete(&mut self, name: &str) {
        for is_parsed in [false, true] {
            if let Some(at) = self.position(is_parsed, name) {
                self.entries[at].is_live = false;
            }
        }
        if self.stream.get(name).is_some() && !self.is_hidden(name) {
            let name = self.push(name);
            self.hidden.push(name);
        }
    }

    /// Says that a stage failed. No details: those of an earlier error stay.
    pub fn set_error(&mut self, error: &str, details: &str) {
        self.error = self.push_present(error);
        if !details.is_empty() {
            self.details = self.push_present(details);
        }
    }

    /// Forgets an error.
    pub fn clear_error(&mut self) {
        self.error = None;
    }

    /// Forgets the details of an error.
    pub fn clear_error_details(&mut self) {
        self.details = None;
    }

    /// The error.
    #[must_use]
    pub fn error(&self) -> Option<&str> {
        self.error.as_ref().map(|r| self.slice(r))
    }

    /// The details of the error.
    #[must_use]
    pub fn error_details(&self) -> Option<&str> {
        self.details.as_ref().map(|r| self.slice(r))
    }

    /// Whether an error is to be kept instead of failing a metric query.
    #[must_use]
    pub fn preserves_error(&self) -> bool {
        self.get(PRESERVE_ERROR) == Some("true")
    }

    /// All labels, each name once, in no order.
    pub fn all(&self) -> impl Iterator<Item = (&str, &str)> {
        let is_plain = self.entries.is_empty() && self.hidden.is_empty();
        self.stream
            .iter()
            .filter(move |(name, _)| is_plain || !self.is_hidden(name) && !self.is_covered(name))
            .chain(self.of(false))
            .chain(self.of(true))
            .chain(self.error().map(|e| (ERROR, e)))
            .chain(self.error_details().map(|e| (ERROR_DETAILS, e)))
    }

    /// All labels as one set.
    #[must_use]
    pub fn merged(&self) -> LogLabels {
        sorted(self.all())
    }

    /// What was sent with the line and is still there.
    #[must_use]
    pub fn metadata(&self) -> LogLabels {
        sorted(self.of(false))
    }

    /// What parsers and formatters made, errors included.
    #[must_use]
    pub fn parsed(&self) -> LogLabels {
        sorted(
            self.of(true)
                .chain(self.error().map(|e| (ERROR, e)))
                .chain(self.error_details().map(|e| (ERROR_DETAILS, e))),
        )
    }

    fn of(&self, is_parsed: bool) -> impl Iterator<Item = (&str, &str)> {
        self.entries
            .iter()
            .filter(move |e| e.is_live && e.is_parsed == is_parsed)
            .map(|e| (self.slice(&e.name), self.slice(&e.value)))
    }

    fn slice(&self, range: &Range<u32>) -> &str {
        self.text
            .get(range.start as usize..range.end as usize)
            .unwrap_or_default()
    }

    fn bytes(&self, range: &Range<u32>) -> &[u8] {
        let range = range.start as usize..range.end as usize;
        self.text.as_bytes().get(range).unwrap_or_default()
    }

    fn is_hidden(&self, name: &str) -> bool {
        self.hidden.iter().any(|h| self.slice(h) == name)
    }

    /// Whether a label of that name stands before the stream's.
    fn is_covered(&self, name: &str) -> bool {
        self.live(true, name).is_some() || self.live(false, name).is_some()
    }

    fn live(&self, is_parsed: bool, name: &str) -> Option<&Entry> {
        let at = self.position(is_parsed, name)?;
        self.entries.get(at).filter(|e| e.is_live)
    }

    fn position(&self, is_parsed: bool, name: &str) -> Option<usize> {
        if !is_parsed && self.metadata_count == 0 {
            return None;
        }
        let is_it = |e: &Entry| {
            e.is_parsed == is_parsed
                && e.name.len() == name.len()
                && self.bytes(&e.name) == name.as_bytes()
        };
        if self.index.is_empty() {
            return self.entries.iter().position(is_it);
        }
        let hash = self.hasher.hash_one(name);
        let found = self
            .index
            .find(hash, |at| self.entries.get(*at as usize).is_some_and(is_it));
        found.map(|at| *at as usize)
    }

    fn put(&mut self, is_parsed: bool, name: &str, value: &str) {
        let value = self.push(value);
        if let Some(at) = self.position(is_parsed, name) {
            self.entries[at].value = value;
            self.entries[at].is_live = true;
            return;
        }
        self.add(is_parsed, name, value);
    }

    /// Adds what a parser found under a name that no parser has used in this row.
    pub(super) fn add_parsed(&mut self, name: &str, value: &str) {
        if name.starts_with("__") || self.metadata_count > 0 {
            self.set(name, value);
            return;
        }
        let value = self.push(value);
        self.add(true, name, value);
    }

    fn add(&mut self, is_parsed: bool, name: &str, value: Range<u32>) {
        let name = self.push(name);
        self.metadata_count += usize::from(!is_parsed);
        self.entries.push(Entry {
            name,
            value,
            is_parsed,
            is_live: true,
        });
        if self.entries.len() == INDEXED_FROM {
            for at in 0..self.entries.len() {
                self.add_to_index(at);
            }
        } else if self.entries.len() > INDEXED_FROM {
            self.add_to_index(self.entries.len() - 1);
        }
    }

    fn add_to_index(&mut self, at: usize) {
        let Self {
            text,
            entries,
            index,
            hasher,
            ..
        } = self;
        let hash = |at: &u32| {
            let name = entries.get(*at as usize).map_or(0..0, |e| e.name.clone());
            hasher.hash_one(
                text.get(name.start as usize..name.end as usize)
                    .unwrap_or(""),
            )
        };
        let at = at as u32;
        index.insert_unique(hash(&at), at, hash);
    }

    fn push_present(&mut self, text: &str) -> Option<Range<u32>> {
        (!text.is_empty()).then(|| self.push(text))
    }

    /// Adds to the buffer. What would not be addressable in it is cut off; lines are limited
    /// far below that.
    fn push(&mut self, text: &str) -> Range<u32> {
        let from = self.text.len() as u32;
        if self.text.len() + text.len() <= u32::MAX as usize {
            self.text.push_str(text);
        }
        from..self.text.len() as u32
    }
}

/// A set of pairs whose names differ. Many are handed over in order, because inserting them
/// one by one would move the others again and again.
fn sorted<'p>(pairs: impl Iterator<Item = (&'p str, &'p str)>) -> LogLabels {
    let mut pairs: Vec<(&str, &str)> = pairs.collect();
    if pairs.len() > INDEXED_FROM {
        pairs.sort_unstable();
    }
    LogLabels::from_pairs(pairs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(stream: &[(&str, &str)]) -> RowLabels {
        let mut labels = RowLabels::default();
        labels.reset(&Arc::new(LogLabels::from_pairs(stream.iter().copied())));
        labels
    }

    #[test]
    fn later_sources_win() {
        let mut labels = row(&[("a", "stream"), ("b", "stream")]);
        labels.add_metadata("a", "sent");
        labels.add_metadata("c", "sent");
        labels.set_parsed("b", "found");
        labels.set_parsed("c", "found");
        labels.set("a", "made");
        let want = r#"{a="made", a_extracted="sent", b="stream", b_extracted="found", c="sent", c_extracted="found"}"#;
        assert_eq!(labels.merged().to_string(), want);
        assert_eq!(
            labels.metadata().to_string(),
            r#"{a_extracted="sent", c="sent"}"#
        );
        labels.delete("a");
        labels.delete("c");
        assert_eq!(labels.get("a"), None);
        assert!(labels.was_parsed("a") && !labels.was_parsed("c"));
        labels.set("a", "again");
        assert_eq!(
            labels.get_with_category("a"),
            Some((Category::Parsed, "again"))
        );
    }

    #[test]
    fn many_labels_are_as_few() {
        let mut labels = row(&[("n7", "stream")]);
        for round in 0..2 {
            for i in 0..500 {
                labels.set_parsed(&format!("n{i}"), &format!("{}", i + round));
            }
        }
        labels.delete("n300");
        assert_eq!(labels.get("n299"), Some("300"));
        assert_eq!(labels.get("n300"), None);
        assert_eq!(labels.get("n7"), Some("stream"));
        assert_eq!(labels.get("n7_extracted"), Some("8"));
        assert_eq!(labels.merged().len(), 500);
        labels.reset(&Arc::default());
        assert_eq!(labels.get("n299"), None);
        assert!(labels.merged().is_empty());
    }
}
