//! The writing seam: events as they arrive together.

use std::ops::Range;

use crate::append::AppendError;
use crate::labels::Labels;

/// A value of a field.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum FieldValue<'a> {
    /// Text, or bytes that are not text.
    Text(&'a [u8]),
    /// A whole number.
    Int(i64),
    /// A float.
    Float(f64),
    /// True or false.
    Bool(bool),
}

/// A field's value as it lies in a batch.
#[derive(Debug, Clone, PartialEq)]
pub enum StoredValue {
    /// Bytes of [`EventBatch::bytes`].
    Text(Range<u32>),
    /// A whole number.
    Int(i64),
    /// A float.
    Float(f64),
    /// True or false.
    Bool(bool),
}

/// One field of one event: structured metadata of a log line, an attribute of a span.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredField {
    /// Name: UTF-8 bytes of [`EventBatch::bytes`].
    pub name: Range<u32>,
    /// Value.
    pub value: StoredValue,
}

/// The events of one stream in a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchStream {
    /// Its canonical labels ([`crate::labels`]): bytes of [`EventBatch::label_bytes`].
    pub labels: Range<u32>,
    /// Its rows.
    pub rows: Range<u32>,
}

/// Events by stream, in columns over one arena of bytes. A stream may come more than
/// once; rows of one stream may be in any order of time.
///
/// The arena is addressed with 32 bits: a batch holds less than 4 GiB. Receivers limit
/// bodies far below that.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct EventBatch {
    /// Canonical labels of all streams.
    pub label_bytes: Vec<u8>,
    /// Streams; their row ranges follow each other without gaps from row 0.
    pub streams: Vec<BatchStream>,
    /// Time of each row, nanoseconds since the Unix epoch.
    pub times_ns: Vec<i64>,
    /// Lines, names and values of fields.
    pub bytes: Vec<u8>,
    /// The line of each row: a range of [`Self::bytes`].
    pub lines: Vec<Range<u32>>,
    /// Fields of all rows, one row behind the other. Within one row no name comes twice.
    pub fields: Vec<StoredField>,
    /// For each row, the end of its fields in [`Self::fields`].
    pub field_ends: Vec<u32>,
}

impl EventBatch {
    /// Rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.times_ns.len()
    }

    /// Whether there is no row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.times_ns.is_empty()
    }

    /// Forgets everything and keeps the memory.
    pub fn clear(&mut self) {
        self.label_bytes.clear();
        self.streams.clear();
        self.times_ns.clear();
        self.bytes.clear();
        self.lines.clear();
        self.fields.clear();
        self.field_ends.clear();
    }

    /// Bytes that the batch's contents take: what limits and rates count.
    #[must_use]
    pub fn content_bytes(&self) -> usize {
        self.bytes.len() + self.label_bytes.len()
    }

    /// Begins a stream; the rows pushed next are its rows.
    pub fn begin_stream(&mut self, labels: &Labels) {
        self.begin_stream_bytes(labels.as_bytes());
    }

    /// Begins a stream by its canonical label bytes.
    pub fn begin_stream_bytes(&mut self, canonical: &[u8]) {
        let from = end(&self.label_bytes);
        self.label_bytes.extend_from_slice(canonical);
        let row = end(&self.times_ns);
        self.streams.push(BatchStream {
            labels: from..end(&self.label_bytes),
            rows: row..row,
        });
    }

    /// Adds a row to the stream that was begun last. Fields follow by
    /// [`Self::push_field`].
    pub fn push_row(&mut self, t_ns: i64, line: &[u8]) {
        let from = end(&self.bytes);
        self.bytes.extend_from_slice(line);
        self.lines.push(from..end(&self.bytes));
        self.times_ns.push(t_ns);
        self.field_ends.push(end(&self.fields));
        if let Some(stream) = self.streams.last_mut() {
            stream.rows.end = end(&self.times_ns);
        }
    }

    /// Adds a field to the row that was pushed last, unless it has that name already.
    pub fn push_field(&mut self, name: &str, value: FieldValue<'_>) {
        let Some(row) = self.times_ns.len().checked_sub(1) else {
            return;
        };
        let own = self.field_range(row);
        let is_there = self.fields[own]
            .iter()
            .any(|f| self.bytes[f.name.start as usize..f.name.end as usize] == *name.as_bytes());
        if is_there {
            return;
        }
        let from = end(&self.bytes);
        self.bytes.extend_from_slice(name.as_bytes());
        let name = from..end(&self.bytes);
        let value = match value {
            FieldValue::Text(text) => {
                let from = end(&self.bytes);
                self.bytes.extend_from_slice(text);
                StoredValue::Text(from..end(&self.bytes))
            }
            FieldValue::Int(v) => StoredValue::Int(v),
            FieldValue::Float(v) => StoredValue::Float(v),
            FieldValue::Bool(v) => StoredValue::Bool(v),
        };
        self.fields.push(StoredField { name, value });
        if let Some(last) = self.field_ends.last_mut() {
            *last = end(&self.fields);
        }
    }

    /// The canonical labels of a stream.
    #[must_use]
    pub fn stream_labels(&self, stream: usize) -> &[u8] {
        let r = &self.streams[stream].labels;
        &self.label_bytes[r.start as usize..r.end as usize]
    }

    /// The line of a row.
    #[must_use]
    pub fn line(&self, row: usize) -> &[u8] {
        let r = &self.lines[row];
        &self.bytes[r.start as usize..r.end as usize]
    }

    /// Where a row's fields lie in [`Self::fields`].
    #[must_use]
    pub fn field_range(&self, row: usize) -> Range<usize> {
        let from = row.checked_sub(1).map_or(0, |r| self.field_ends[r]);
        from as usize..self.field_ends[row] as usize
    }

    /// Fields of a row: names and values.
    pub fn fields(&self, row: usize) -> impl Iterator<Item = (&str, FieldValue<'_>)> {
        self.fields[self.field_range(row)].iter().map(|field| {
            let name = &self.bytes[field.name.start as usize..field.name.end as usize];
            let value = match &field.value {
                StoredValue::Text(r) => {
                    FieldValue::Text(&self.bytes[r.start as usize..r.end as usize])
                }
                StoredValue::Int(v) => FieldValue::Int(*v),
                StoredValue::Float(v) => FieldValue::Float(*v),
                StoredValue::Bool(v) => FieldValue::Bool(*v),
            };
            (std::str::from_utf8(name).unwrap_or_default(), value)
        })
    }
}

/// The length as an address of the arena; see [`EventBatch`] for why it fits.
fn end<T>(of: &[T]) -> u32 {
    u32::try_from(of.len()).unwrap_or(u32::MAX)
}

/// Why one row was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EventRefusal {
    /// Older than what is accepted.
    TooOld,
    /// Too far in the future.
    TooFarInFuture,
    /// The line is longer than the limit.
    LineTooLong,
    /// More fields, or longer ones, than the limit.
    TooManyFields,
    /// The stream's labels break a limit (number, length, or none at all).
    BadLabels,
    /// There are as many streams as the limit allows.
    TooManyStreams,
    /// The source sends more than its rate.
    RateLimited,
    /// The stream gets more than its rate.
    StreamRateLimited,
    /// It came with fields where none are allowed.
    FieldsDisallowed,
    /// A privacy rule dropped it.
    Dropped,
}

impl EventRefusal {
    /// Whether the same row may be taken later: the sender is over a rate or has too many
    /// streams at the moment.
    #[must_use]
    pub fn is_temporary(self) -> bool {
        matches!(
            self,
            Self::RateLimited | Self::StreamRateLimited | Self::TooManyStreams
        )
    }
}

impl EventRefusal {
    /// The word that metrics carry as `reason`; Loki's where Loki has one.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TooOld => "greater_than_max_sample_age",
            Self::TooFarInFuture => "too_far_in_future",
            Self::LineTooLong => "line_too_long",
            Self::TooManyFields => "structured_metadata_too_many",
            Self::BadLabels => "invalid_labels",
            Self::TooManyStreams => "stream_limit",
            Self::RateLimited => "rate_limited",
            Self::StreamRateLimited => "per_stream_rate_limit",
            Self::FieldsDisallowed => "disallowed_structured_metadata",
            Self::Dropped => "privacy",
        }
    }
}

/// What became of a batch that was taken.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventsAppended {
    /// Rows now stored (and in the log).
    pub rows: u64,
    /// Streams that were new.
    pub streams_created: u64,
    /// Rows that were refused, and why.
    pub refused: Vec<(u32, EventRefusal)>,
}

/// An engine that can be written. Safe to call from many threads.
pub trait AppendEvents: Send + Sync {
    /// Stores a batch. When it returns `Ok`, everything that is not in
    /// [`EventsAppended::refused`] is in the write-ahead log under the engine's sync
    /// policy, and visible to readers as a whole.
    ///
    /// # Errors
    /// When nothing was stored.
    fn append(&self, batch: &EventBatch) -> Result<EventsAppended, AppendError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_and_fields_come_back() {
        let mut batch = EventBatch::default();
        batch.begin_stream(&Labels::from_pairs([("app", "a")]));
        batch.push_row(1, b"one");
        batch.push_field("k", FieldValue::Text(b"v"));
        batch.push_field("k", FieldValue::Int(2));
        batch.push_row(2, b"");
        batch.begin_stream(&Labels::from_pairs([("app", "b")]));
        batch.push_row(3, b"three");
        batch.push_field("n", FieldValue::Int(7));
        assert_eq!(batch.streams[0].rows, 0..2);
        assert_eq!(batch.streams[1].rows, 2..3);
        assert_eq!(batch.line(2), b"three");
        let fields: Vec<_> = batch.fields(0).collect();
        assert_eq!(fields, vec![("k", FieldValue::Text(b"v"))]);
        assert_eq!(batch.fields(1).count(), 0);
        assert_eq!(batch.fields(2).next(), Some(("n", FieldValue::Int(7))));
    }
}
