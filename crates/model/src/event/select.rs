//! The reading seam: a language asks an engine for rows.
//!
//! The engine answers in *units* (a piece of a block, or of what is still in memory),
//! which may be read in any order and from several threads. Conditions let it skip rows;
//! it may apply them or not, and says so by [`EventSet::applies`]. What it did not apply
//! the language applies, so an engine can start simple and stay right.

use std::sync::Arc;

use super::column::{Column, ColumnValues, Texts};
use super::line::LineTest;
use crate::labels::Labels;
use crate::limits::Meter;
use crate::matcher::Matcher;
use crate::select::SelectError;

/// What a language asks an engine for.
#[derive(Debug, Clone, Default)]
pub struct EventSelection {
    /// Matchers of the stream's labels; all must hold.
    pub matchers: Vec<Matcher>,
    /// First nanosecond wanted, inclusive.
    pub start_ns: i64,
    /// Behind the last nanosecond wanted, exclusive.
    pub end_ns: i64,
    /// All must hold. Rows that fail may be left out.
    pub conditions: Vec<Condition>,
    /// Which columns are wanted.
    pub wanted: Wanted,
}

/// A condition on one row.
#[derive(Debug, Clone)]
pub enum Condition {
    /// On the line.
    Line(LineTest),
    /// On a field (structured metadata); a row without it is tested as the empty text.
    Field {
        /// The field's name.
        name: String,
        /// The test.
        test: ValueTest,
    },
    /// On a value extracted from the line: an index into [`Wanted::extracts`]. Rows whose
    /// value the engine does not know always pass, and so do rows that have a field of
    /// the extract's label, since the language knows which of the two counts.
    Extracted {
        /// Which extract.
        extract: usize,
        /// The test.
        test: ValueTest,
    },
}

/// A test of a value.
#[derive(Debug, Clone)]
pub enum ValueTest {
    /// As a label matcher tests it (the matcher's own name is not looked at); no value is
    /// the empty text.
    Text(Matcher),
    /// As a number. A row without a value fails; a value that is no finite number passes,
    /// because the language may have an error to report for it.
    Number {
        /// How it is compared.
        op: NumberOp,
        /// With what.
        value: f64,
    },
}

/// Comparisons of numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum NumberOp {
    Equal,
    NotEqual,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

impl NumberOp {
    /// Whether `a` stands in this relation to `b`.
    #[must_use]
    #[allow(clippy::float_cmp)] // the operator of the language
    pub fn holds(self, a: f64, b: f64) -> bool {
        match self {
            Self::Equal => a == b,
            Self::NotEqual => a != b,
            Self::Greater => a > b,
            Self::GreaterOrEqual => a >= b,
            Self::Less => a < b,
            Self::LessOrEqual => a <= b,
        }
    }
}

/// Which columns are wanted. Times and streams always come.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Whether and when lines are wanted.
    pub lines: Lines,
    /// Fields (structured metadata).
    pub fields: Fields,
    /// Values that are inside the line. An engine that keeps lines taken apart can hand
    /// them out without building the line.
    pub extracts: Vec<Extract>,
    /// Whether [`Rows::line_bytes`] is wanted.
    pub line_bytes: bool,
    /// Whether [`Rows::patterns`] are wanted.
    pub patterns: bool,
}

/// Whether lines are wanted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Lines {
    /// No.
    #[default]
    None,
    /// Only of rows for which an extract, or the pattern if it is wanted, is
    /// [`super::column::UNKNOWN`]; others are empty.
    WhereUnknown,
    /// Yes.
    All,
}

/// Which fields are wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Fields {
    /// None.
    #[default]
    None,
    /// These, where they are there.
    Named(Vec<String>),
    /// All.
    All,
}

/// How a value is found in a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Parser {
    /// The line is a JSON object. Names of nested keys are joined by `_`, every byte that
    /// cannot be in a label's name is `_`, arrays are left out; strings unescaped, numbers
    /// and words as they stand, null as nothing.
    Json,
    /// The line is a JSON object and the value is that of its own key of just this name:
    /// strings unescaped, numbers and words as they stand. An object, an array or null
    /// there is unknown.
    JsonKey,
    /// The line is logfmt.
    Logfmt,
}

/// One value wanted from the line. An engine answers it only for rows where it is certain
/// that the parser, with its rules for errors and for keys that come twice, would find
/// just that; else the row is unknown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extract {
    /// By which parser.
    pub parser: Parser,
    /// The label that it would become, before renaming for collisions; for
    /// [`Parser::JsonKey`] the key.
    pub label: String,
}

/// What is known of a unit before it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unit {
    /// No row is older, nanoseconds.
    pub min_ns: i64,
    /// No row is newer, nanoseconds.
    pub max_ns: i64,
    /// At most that many rows match.
    pub rows: u64,
}

/// Rows of one stream in a unit that are known without reading them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// Number of the stream in the set.
    pub stream: u32,
    /// How many.
    pub rows: u64,
    /// Bytes of their lines.
    pub line_bytes: u64,
    /// Oldest, nanoseconds.
    pub min_ns: i64,
    /// Newest, nanoseconds.
    pub max_ns: i64,
}

/// Rows that were read, in columns: of one stream one behind the other, ascending in time
/// and, for equal times, in the order of their arrival.
#[derive(Debug, Clone, Default)]
pub struct Rows {
    /// Times, nanoseconds.
    pub times_ns: Vec<i64>,
    /// Number of each row's stream in the set.
    pub streams: Vec<u32>,
    /// Lines when wanted, else empty.
    pub lines: Texts,
    /// Bytes of each line when wanted, else empty.
    pub line_bytes: Vec<u32>,
    /// Fields when wanted. A name may have several columns, one for each type that its
    /// values have; a row has a value in one of them at most.
    pub fields: Vec<Column>,
    /// One text column for each of [`Wanted::extracts`].
    pub extracted: Vec<Column>,
    /// When wanted, the pattern of each line as text: what it shares with many others, with
    /// `<_>` where they vary. An engine tells what it has learnt when it stored the lines;
    /// of others it is [`super::column::UNKNOWN`]. Lines of one kind may have patterns
    /// that differ a little in another unit.
    pub patterns: Option<ColumnValues>,
}

impl Rows {
    /// Rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.times_ns.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.times_ns.is_empty()
    }

    /// Forgets everything and keeps what memory it can.
    pub fn clear(&mut self) {
        self.times_ns.clear();
        self.streams.clear();
        self.lines.clear();
        self.line_bytes.clear();
        self.fields.clear();
        self.extracted.clear();
        self.patterns = None;
    }
}

/// What a selection found: a consistent state as of [`SelectEvents::select`].
pub trait EventSet: Send + Sync {
    /// The units, in any order; their ranges of time may overlap.
    fn units(&self) -> &[Unit];

    /// How many streams matched.
    fn streams(&self) -> usize;

    /// Labels of a stream.
    fn labels(&self, stream: u32) -> Labels;

    /// Whether the engine itself leaves out all rows that fail condition `i` (rows with an
    /// unknown extracted value and values that are no number excepted, see there).
    fn applies(&self, condition: usize) -> bool;

    /// The runs of a unit, when they say exactly what reading it would give: all rows of
    /// the unit lie in the range and there are no conditions.
    fn runs(&self, unit: usize) -> Option<Vec<Run>>;

    /// Reads the rows of a unit with `start_ns <= t < end_ns` (within the selection's
    /// range) into `out`, which is cleared first.
    ///
    /// # Errors
    /// See [`SelectError`].
    fn read(
        &self,
        unit: usize,
        start_ns: i64,
        end_ns: i64,
        out: &mut Rows,
    ) -> Result<(), SelectError>;
}

/// Rows and bytes of a stream (`index/stats`, `index/volume`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamVolume {
    /// The stream.
    pub labels: Labels,
    /// Rows.
    pub rows: u64,
    /// Bytes of lines and fields.
    pub bytes: u64,
    /// Pieces that they lie in.
    pub chunks: u64,
}

/// An engine that can be read. Synchronous; callers run it on threads of their own.
pub trait SelectEvents: Send + Sync {
    /// The rows that match.
    ///
    /// # Errors
    /// See [`SelectError`].
    fn select(
        &self,
        selection: &EventSelection,
        meter: &Arc<Meter>,
    ) -> Result<Box<dyn EventSet>, SelectError>;

    /// Streams that match and have rows in the range (`start_ns <= t < end_ns`; to the
    /// precision of blocks), with their volume there, ascending by labels.
    ///
    /// # Errors
    /// See [`SelectError`].
    fn volumes(
        &self,
        matchers: &[Matcher],
        start_ns: i64,
        end_ns: i64,
        meter: &Meter,
    ) -> Result<Vec<StreamVolume>, SelectError>;
}
