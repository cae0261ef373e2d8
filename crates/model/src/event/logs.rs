//! The seam between the logs signal and everyone else: whole queries in, answers out.

use std::sync::Arc;

use super::labels::LogLabels;
use super::sink::LogSink;
use crate::annotation::Annotations;
use crate::labels::Labels;
use crate::matcher::Matcher;
use crate::query::{Answer, QueryError, QueryOptions, RunningQuery};

/// Which rows of a limited answer come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Direction {
    /// The newest first.
    #[default]
    Backward,
    /// The oldest first.
    Forward,
}

/// When a query is evaluated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogsTime {
    /// At one time, nanoseconds.
    Instant {
        /// When.
        at_ns: i64,
    },
    /// Over a range: log lines with `start_ns <= t < end_ns`, metrics at each step with
    /// both ends.
    Range {
        /// From.
        start_ns: i64,
        /// To.
        end_ns: i64,
        /// Step of metric queries, more than 0.
        step_ns: i64,
        /// Of log queries: at most one line of a stream in each interval; 0: all.
        interval_ns: i64,
    },
}

/// A LogQL query.
#[derive(Debug, Clone, PartialEq)]
pub struct LogsRequest {
    /// LogQL.
    pub text: String,
    /// When.
    pub time: LogsTime,
    /// At most that many lines; 0: the server's limit.
    pub limit: usize,
    /// Which end of the range comes first.
    pub direction: Direction,
    /// Settings.
    pub options: QueryOptions,
}

/// A line of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEntry {
    /// Nanoseconds.
    pub t_ns: i64,
    /// The line, as stored or as formatted.
    pub line: Vec<u8>,
    /// Labels that were sent with the line.
    pub structured_metadata: LogLabels,
    /// Labels that parsers and formatters made.
    pub parsed: LogLabels,
}

/// Lines that share all their labels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogStream {
    /// Labels of the stream, of the metadata and of the parsers together.
    pub labels: LogLabels,
    /// Lines in the order asked for.
    pub entries: Vec<LogEntry>,
}

/// A point of a metric query: milliseconds and value.
pub type LogPoint = (i64, f64);

/// The value of a LogQL query.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)]
pub enum LogsValue {
    Streams(Vec<LogStream>),
    Vector(Vec<(LogLabels, LogPoint)>),
    Matrix(Vec<(LogLabels, Vec<LogPoint>)>),
    Scalar(LogPoint),
}

/// What a query cost.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct LogsStatistics {
    /// Seconds in all.
    pub total_seconds: f64,
    /// Seconds waiting for a slot.
    pub queue_seconds: f64,
    /// Rows that were looked at.
    pub rows: u64,
    /// Bytes of lines and columns that were looked at.
    pub bytes: u64,
    /// Lines or points of the answer.
    pub returned: u64,
}

/// A query's answer.
#[derive(Debug, Clone, PartialEq)]
pub struct LogsAnswer {
    /// The value.
    pub value: LogsValue,
    /// What else there is to say.
    pub annotations: Annotations,
    /// The cost.
    pub statistics: LogsStatistics,
}

/// Streams and a range of time, for questions about labels, volume and fields.
#[derive(Debug, Clone, Default)]
pub struct StreamsQuery {
    /// Each is a conjunction; a stream matches when any does. Empty: all streams.
    pub selectors: Vec<Vec<Matcher>>,
    /// Nanoseconds, inclusive.
    pub start_ns: i64,
    /// Nanoseconds, exclusive.
    pub end_ns: i64,
}

/// Figures of what matches (`index/stats`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct IndexStats {
    pub streams: u64,
    pub chunks: u64,
    pub bytes: u64,
    pub entries: u64,
}

/// A question of volume.
#[derive(Debug, Clone, Default)]
pub struct VolumeQuery {
    /// Which streams, when.
    pub streams: StreamsQuery,
    /// A log query whose lines are counted as they leave its stages; empty: all lines of
    /// [`Self::streams`]. Its selector takes the place of theirs.
    pub log: String,
    /// Sum by these labels; empty: by those that the matchers name. A name that is no label
    /// of a stream is a field of its lines.
    pub target_labels: Vec<String>,
    /// Sum by the label's name instead of by series.
    pub by_label_name: bool,
    /// For `volume_range`: the step in nanoseconds; 0: one value.
    pub step_ns: i64,
    /// At most that many, the largest.
    pub limit: usize,
}

/// A pattern and how often it came.
#[derive(Debug, Clone, PartialEq)]
pub struct PatternSeries {
    /// The text with `<_>` where it varies.
    pub pattern: String,
    /// Level of its lines, when known.
    pub level: String,
    /// Seconds and counts, ascending.
    pub samples: Vec<(i64, u64)>,
}

/// What is known of a pattern of a service, over all time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownPattern {
    /// The value of `service_name` of its streams.
    pub service: String,
    /// The text with `<_>` where it varies.
    pub pattern: String,
    /// Level of the lines it was first seen with; empty when there was none.
    pub level: String,
    /// `known`, `new` or `vanished`.
    pub state: &'static str,
    /// When it was first seen, milliseconds.
    pub first_ms: i64,
    /// When it was last seen, milliseconds.
    pub last_ms: i64,
    /// Lines since it was first seen.
    pub lines: u64,
}

/// A field that was found in lines or metadata (`detected_fields`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DetectedField {
    /// The label that it would become.
    pub label: String,
    /// `string`, `int`, `float`, `boolean`, `duration`, `bytes`.
    pub kind: &'static str,
    /// Distinct values in the sample.
    pub cardinality: u64,
    /// Which parsers find it: `json`, `logfmt`; none for metadata.
    pub parsers: Vec<&'static str>,
    /// The JSON path, when the parser is JSON.
    pub json_path: Vec<String>,
}

/// A request to delete lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeleteRequest {
    /// Its number.
    pub id: String,
    /// LogQL: a selector, perhaps with line filters.
    pub query: String,
    /// Nanoseconds, inclusive.
    pub start_ns: i64,
    /// Nanoseconds, inclusive.
    pub end_ns: i64,
    /// `received` or `processed`.
    pub status: &'static str,
    /// When it was made, nanoseconds.
    pub created_ns: i64,
}

/// A live tail: each item is what came since the last, at most some thousand lines.
pub trait Tail: Send {
    /// Waits for lines. `None` when the store closes. The second value counts lines that
    /// were dropped because the reader is too slow.
    fn next(&mut self) -> crate::alert::BoxFuture<'_, Option<(Vec<LogStream>, u64)>>;
}

/// Answers LogQL. It is all that rules over lines need.
pub trait EvaluateLogs: Send + Sync {
    /// Evaluates.
    fn query(&self, request: LogsRequest) -> Answer<'_, LogsAnswer>;
}

/// The logs signal as a whole.
pub trait LogsQuery: EvaluateLogs {
    /// Label names of matching streams, ascending.
    fn label_names(&self, query: StreamsQuery) -> Answer<'_, Vec<String>>;

    /// Values of a label of matching streams, ascending.
    fn label_values(&self, name: String, query: StreamsQuery) -> Answer<'_, Vec<String>>;

    /// Matching streams, ascending.
    fn series(&self, query: StreamsQuery) -> Answer<'_, Vec<Labels>>;

    /// How much there is.
    fn stats(&self, query: StreamsQuery) -> Answer<'_, IndexStats>;

    /// Bytes by label or series: a value at the end, or one for each step.
    fn volume(&self, query: VolumeQuery) -> Answer<'_, Vec<(LogLabels, Vec<LogPoint>)>>;

    /// Patterns of the lines that a log query selects, most frequent first, counted in
    /// steps of `step_ns`.
    fn patterns(
        &self,
        text: String,
        start_ns: i64,
        end_ns: i64,
        step_ns: i64,
    ) -> Answer<'_, Vec<PatternSeries>>;

    /// The patterns that are remembered of all services, by service.
    fn known_patterns(&self) -> Vec<KnownPattern>;

    /// Fields found in the newest `lines` lines that a log query selects.
    fn detected_fields(
        &self,
        text: String,
        start_ns: i64,
        end_ns: i64,
        lines: usize,
        limit: usize,
    ) -> Answer<'_, Vec<DetectedField>>;

    /// Values of one detected field, most frequent first, with counts.
    fn detected_field_values(
        &self,
        text: String,
        field: String,
        start_ns: i64,
        end_ns: i64,
        lines: usize,
        limit: usize,
    ) -> Answer<'_, Vec<(String, u64)>>;

    /// Follows a log query from now on.
    ///
    /// # Errors
    /// [`QueryError::BadData`], or that there are too many tails.
    fn tail(&self, text: &str, limit: usize) -> Result<Box<dyn Tail>, QueryError>;

    /// Asks to delete lines for good.
    fn delete(&self, query: String, start_ns: i64, end_ns: i64) -> Answer<'_, ()>;

    /// The deletions asked for.
    fn deletions(&self) -> Answer<'_, Vec<DeleteRequest>>;

    /// The query, prettily printed.
    ///
    /// # Errors
    /// [`QueryError::BadData`] with a position.
    fn format(&self, text: &str) -> Result<String, QueryError>;

    /// Reads a stream selector such as `{app="x"}`.
    ///
    /// # Errors
    /// [`QueryError::BadData`] with a position.
    fn selector(&self, text: &str) -> Result<Vec<Matcher>, QueryError>;

    /// The queries that run now.
    fn running(&self) -> Vec<RunningQuery>;

    /// Stops a running query; false when there is none with that number.
    fn kill(&self, id: u64) -> bool;

    /// Where lines are handed in.
    fn sink(&self) -> Arc<dyn LogSink>;
}
