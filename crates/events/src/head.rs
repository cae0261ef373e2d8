//! The newest rows, in memory, as they came.
//!
//! A piece is one batch or several small ones, and never changes once a reader has it:
//! then the next batch begins a new piece. A frozen head is written out while it is still
//! read.

use std::sync::Arc;

use binnacle_model::event::EventBatch;
use binnacle_model::event::append::{BatchStream, StoredField, StoredValue};

/// A piece that has grown to this many bytes takes no further batch.
const PIECE_BYTES_MAX: usize = 1 << 20;

/// Rows that are read together.
#[derive(Debug, Clone, Default)]
pub(crate) struct Piece {
    pub(crate) batch: EventBatch,
    /// Number in the registry of each of the batch's streams.
    pub(crate) streams: Vec<u32>,
    pub(crate) min_ns: i64,
    pub(crate) max_ns: i64,
}

impl Piece {
    fn new() -> Self {
        Self {
            min_ns: i64::MAX,
            max_ns: i64::MIN,
            ..Self::default()
        }
    }

    /// Takes over a batch.
    fn push(&mut self, from: &EventBatch, streams: &[u32]) {
        let own = &mut self.batch;
        let labels_at = own.label_bytes.len() as u32;
        own.label_bytes.extend_from_slice(&from.label_bytes);
        let bytes_at = own.bytes.len() as u32;
        own.bytes.extend_from_slice(&from.bytes);
        let rows_at = own.times_ns.len() as u32;
        let fields_at = own.fields.len() as u32;
        let moved = |range: &std::ops::Range<u32>, by: u32| range.start + by..range.end + by;
        own.streams.extend(from.streams.iter().map(|s| BatchStream {
            labels: moved(&s.labels, labels_at),
            rows: moved(&s.rows, rows_at),
        }));
        own.times_ns.extend_from_slice(&from.times_ns);
        own.lines
            .extend(from.lines.iter().map(|l| moved(l, bytes_at)));
        own.fields.extend(from.fields.iter().map(|f| StoredField {
            name: moved(&f.name, bytes_at),
            value: match &f.value {
                StoredValue::Text(range) => StoredValue::Text(moved(range, bytes_at)),
                other => other.clone(),
            },
        }));
        own.field_ends
            .extend(from.field_ends.iter().map(|e| e + fields_at));
        self.streams.extend_from_slice(streams);
        for &t in &from.times_ns {
            self.min_ns = self.min_ns.min(t);
            self.max_ns = self.max_ns.max(t);
        }
    }

    /// Bytes in memory, about.
    fn size(&self) -> usize {
        self.batch.content_bytes() + 32 * self.batch.len() + 24 * self.batch.fields.len()
    }
}

/// The newest rows.
#[derive(Default)]
pub(crate) struct Head {
    pub(crate) pieces: Vec<Arc<Piece>>,
    pub(crate) rows: u64,
    pub(crate) bytes: usize,
    /// When its first row came, milliseconds; 0: never.
    pub(crate) since_ms: i64,
}

impl Head {
    /// Takes over a batch.
    pub(crate) fn push(&mut self, batch: &EventBatch, streams: &[u32], now_ms: i64) {
        if batch.is_empty() {
            return;
        }
        if self.rows == 0 {
            self.since_ms = now_ms;
        }
        self.rows += batch.len() as u64;
        self.bytes += batch.content_bytes() + 32 * batch.len() + 24 * batch.fields.len();
        if let Some(last) = self.pieces.last_mut()
            && last.size() + batch.content_bytes() <= PIECE_BYTES_MAX
            && let Some(own) = Arc::get_mut(last)
        {
            own.push(batch, streams);
            return;
        }
        let mut piece = Piece::new();
        piece.push(batch, streams);
        self.pieces.push(Arc::new(piece));
    }
}
