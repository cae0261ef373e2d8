//! The newest rows, in memory, as they came.
//!
//! A piece is one batch or several small ones, and never changes once a reader has it:
//! then the next batch begins a new piece. So readers take the list of pieces and hold no
//! lock. A piece knows which runs of its rows are of which stream; the list by stream is
//! made when it is first asked for.
//!
//! A frozen head is written out while it is still read.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use binnacle_model::event::EventBatch;
use binnacle_model::event::append::{StoredField, StoredValue};

/// A piece that has grown to this many bytes takes no further batch.
const PIECE_BYTES_MAX: usize = 1 << 20;

/// Rows of one stream that came together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct HeadRun {
    /// Number in the registry.
    pub(crate) stream: u32,
    /// First row.
    pub(crate) from: u32,
    /// Behind the last.
    pub(crate) to: u32,
    pub(crate) min_ns: i64,
    pub(crate) max_ns: i64,
}

impl HeadRun {
    pub(crate) fn rows(&self) -> Range<usize> {
        self.from as usize..self.to as usize
    }
}

/// Rows that are read together.
#[derive(Debug, Default)]
pub(crate) struct Piece {
    /// The rows; which stream they are of is in the runs.
    pub(crate) rows: EventBatch,
    /// In the order of their arrival.
    pub(crate) runs: Vec<HeadRun>,
    /// Streams and numbers of runs, ascending.
    by_stream: OnceLock<Vec<(u32, u32)>>,
}

impl Piece {
    /// Takes over a batch, whose streams have these numbers.
    fn push(&mut self, from: &EventBatch, streams: &[u32]) {
        self.by_stream = OnceLock::new();
        let own = &mut self.rows;
        let bytes_at = own.bytes.len() as u32;
        own.bytes.extend_from_slice(&from.bytes);
        let rows_at = own.times_ns.len() as u32;
        let fields_at = own.fields.len() as u32;
        let moved = |range: &Range<u32>| range.start + bytes_at..range.end + bytes_at;
        own.times_ns.extend_from_slice(&from.times_ns);
        own.lines.extend(from.lines.iter().map(moved));
        own.fields.extend(from.fields.iter().map(|f| StoredField {
            name: moved(&f.name),
            value: match &f.value {
                StoredValue::Text(range) => StoredValue::Text(moved(range)),
                other => other.clone(),
            },
        }));
        own.field_ends
            .extend(from.field_ends.iter().map(|e| e + fields_at));
        for (&stream, of) in streams.iter().zip(&from.streams) {
            let rows = of.rows.start as usize..of.rows.end as usize;
            let times = from.times_ns.get(rows).unwrap_or_default();
            let (Some(&min_ns), Some(&max_ns)) = (times.iter().min(), times.iter().max()) else {
                continue;
            };
            let run = HeadRun {
                stream,
                from: rows_at + of.rows.start,
                to: rows_at + of.rows.end,
                min_ns,
                max_ns,
            };
            match self.runs.last_mut() {
                Some(last) if last.stream == stream && last.to == run.from => {
                    last.to = run.to;
                    last.min_ns = last.min_ns.min(run.min_ns);
                    last.max_ns = last.max_ns.max(run.max_ns);
                }
                _ => self.runs.push(run),
            }
        }
    }

    /// Streams and numbers of runs, ascending.
    pub(crate) fn by_stream(&self) -> &[(u32, u32)] {
        self.by_stream.get_or_init(|| {
            let streams = self.runs.iter().map(|r| r.stream);
            let mut list: Vec<(u32, u32)> = streams.zip(0..).collect();
            list.sort_unstable();
            list
        })
    }
}

/// Bytes that rows take in memory, about.
fn size(rows: &EventBatch) -> usize {
    rows.bytes.len() + 24 * rows.len() + 32 * rows.fields.len()
}

/// The newest rows.
#[derive(Default)]
pub(crate) struct Head {
    pub(crate) pieces: Vec<Arc<Piece>>,
    pub(crate) rows: u64,
    pub(crate) bytes: usize,
    /// When its first row came, milliseconds.
    pub(crate) since_ms: i64,
}

impl Head {
    /// Takes over a batch, whose streams have these numbers.
    pub(crate) fn push(&mut self, batch: &EventBatch, streams: &[u32], now_ms: i64) {
        if batch.is_empty() {
            return;
        }
        if self.rows == 0 {
            self.since_ms = now_ms;
        }
        self.rows += batch.len() as u64;
        let bytes = size(batch) + 32 * streams.len();
        self.bytes += bytes;
        if let Some(last) = self.pieces.last_mut()
            && let Some(own) = Arc::get_mut(last)
            && size(&own.rows) + bytes <= PIECE_BYTES_MAX
        {
            own.push(batch, streams);
            return;
        }
        let mut piece = Piece::default();
        piece.push(batch, streams);
        self.pieces.push(Arc::new(piece));
    }

    /// Puts older rows in front.
    pub(crate) fn prepend(&mut self, older: Self) {
        if older.rows == 0 {
            return;
        }
        self.since_ms = older.since_ms;
        self.rows += older.rows;
        self.bytes += older.bytes;
        let newer = std::mem::replace(&mut self.pieces, older.pieces);
        self.pieces.extend(newer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use binnacle_model::Labels;

    fn batch(rows: &[(&str, i64)]) -> EventBatch {
        let mut batch = EventBatch::default();
        for (app, t_ns) in rows {
            batch.begin_stream(&Labels::from_pairs([("app", *app)]));
            batch.push_row(*t_ns, app.as_bytes());
        }
        batch
    }

    #[test]
    fn a_piece_that_is_read_does_not_change() {
        let mut head = Head::default();
        head.push(&batch(&[("a", 5), ("b", 1)]), &[0, 1], 10);
        head.push(&batch(&[("b", 3)]), &[1], 20);
        assert_eq!(head.pieces.len(), 1);
        let seen = head.pieces[0].clone();
        assert_eq!(seen.runs.len(), 2);
        assert_eq!(seen.by_stream(), [(0, 0), (1, 1)]);
        assert_eq!((seen.runs[1].min_ns, seen.runs[1].max_ns), (1, 3));
        head.push(&batch(&[("a", 9)]), &[0], 30);
        assert_eq!((head.pieces.len(), head.rows, head.since_ms), (2, 4, 10));
        assert_eq!(seen.rows.len(), 3);
        drop(seen);
        head.push(&batch(&[("a", 9)]), &[0], 30);
        assert_eq!(head.pieces.len(), 2);
        assert_eq!(head.pieces[1].by_stream(), [(0, 0)]);
    }
}
