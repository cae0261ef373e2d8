//! A block: up to 65,536 rows of one or more streams in columns.
//!
//! Rows are sorted by stream and time. [`encode`] writes them, [`Block`] reads them back
//! bit for bit, skips what cannot match, and hands out single columns without building
//! the lines. See `docs/formats/event-block.md`.
//!
//! A line is taken apart into its shape (the skeleton of JSON or logfmt, a template) and
//! values; the values of one key are a column of their own, in the form that fits them:
//! constant, numbers, hex, times, a dictionary, shapes again, or compressed text. So what
//! lines share is kept once, and a question to one key touches one column.
//!
//! A block knows no file, no index over blocks and no labels: streams are numbers.

mod bits;
mod column;
mod cursor;
mod extract;
mod fields;
#[cfg(test)]
mod hostile;
mod ids;
mod ints;
mod json;
mod logfmt;
mod number;
mod patterns;
mod piece;
mod quick;
mod read;
mod search;
mod shape;
mod sizes;
mod skeleton;
mod stamp;
mod strings;
mod template;
mod test;
mod tokens;
mod ways;
mod words;
mod write;

pub use read::{Block, applies};
pub use sizes::Size;
pub use words::Probe;
pub use write::encode;

use binnacle_model::event::FieldValue;

/// How a block begins: its kind and the version of its format.
const MAGIC: &[u8] = b"evb2";

/// Rows of a block at most.
pub const ROWS_MAX: usize = 65_536;

/// Bytes of lines and fields of a block, about: whoever gathers rows ends the block when
/// it has that many.
pub const BYTES_MAX: usize = 32 << 20;

/// More bytes of lines and fields than this [`encode`] refuses, and no piece of a block is
/// larger when it is opened.
pub const BYTES_REFUSED: usize = 256 << 20;

/// Rows that are to become a block.
pub trait RowSource {
    /// How many rows there are.
    fn len(&self) -> usize;

    /// Whether there is none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The number of a row's stream.
    fn stream(&self, row: usize) -> u32;

    /// A row's time, nanoseconds since the Unix epoch.
    fn time_ns(&self, row: usize) -> i64;

    /// A row's line.
    fn line(&self, row: usize) -> &[u8];

    /// Calls `see` for each field of a row. Within one row no name comes twice.
    fn fields(&self, row: usize, see: &mut dyn FnMut(&str, FieldValue<'_>));
}

/// How much time may be spent on a smaller block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effort {
    /// For rows that will be merged soon.
    Quick,
    /// For rows that will stay.
    Thorough,
}

/// Rows of one stream in a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// The stream's number.
    pub stream: u32,
    /// Its first row in the block.
    pub first_row: u32,
    /// How many rows.
    pub rows: u32,
    /// Bytes of their lines.
    pub line_bytes: u64,
    /// Bytes of their lines and fields.
    pub bytes: u64,
    /// The oldest, nanoseconds.
    pub min_ns: i64,
    /// The newest, nanoseconds.
    pub max_ns: i64,
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BlockSummary {
    /// Rows.
    pub rows: u32,
    /// The oldest, nanoseconds; 0 when there is none.
    pub min_ns: i64,
    /// The newest, nanoseconds; 0 when there is none.
    pub max_ns: i64,
    /// Bytes of all lines.
    pub line_bytes: u64,
    /// The rows of each stream, ascending by stream.
    pub runs: Vec<Run>,
}

/// The rows are too many or too large for one block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a block holds {ROWS_MAX} rows and {BYTES_REFUSED} bytes at most, not {rows} rows and {bytes} bytes: give it fewer rows"
)]
pub struct TooLarge {
    /// Rows that were given.
    pub rows: usize,
    /// Bytes of their lines and fields, as far as they were counted.
    pub bytes: usize,
}

impl BlockSummary {
    fn of(runs: Vec<Run>) -> Self {
        Self {
            rows: runs.iter().map(|r| r.rows).sum(),
            min_ns: runs.iter().map(|r| r.min_ns).min().unwrap_or(0),
            max_ns: runs.iter().map(|r| r.max_ns).max().unwrap_or(0),
            line_bytes: runs.iter().map(|r| r.line_bytes).sum(),
            runs,
        }
    }
}
