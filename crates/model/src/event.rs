//! Events: a time, a stream and typed fields. A log line, a span and a deployment
//! marker are each one.
//!
//! Two seams as for metrics. [`append::EventBatch`] with [`append::AppendEvents`] and
//! [`select::SelectEvents`] lie between an engine and receivers or languages, and are
//! synchronous; [`logs::LogsQuery`] lies between the logs signal as a whole and everyone
//! else, and is asynchronous. [`sink::LogSink`] is where whoever receives or reads lines
//! hands them in: privacy, limits and enrichment lie behind it, and then the engine.
//!
//! Times are nanoseconds since the Unix epoch. A line is bytes, bit for bit as it came,
//! without the line feed that ended it.

pub mod append;
pub mod column;
pub mod labels;
pub mod line;
pub mod logs;
pub mod select;
pub mod sink;

pub use append::{AppendEvents, EventBatch, FieldValue};
pub use column::{Column, ColumnValues, Texts};
pub use labels::LogLabels;
pub use line::{LineMatch, LineRegex, LineTest};
pub use logs::{EvaluateLogs, LogsQuery};
pub use select::{Condition, EventSelection, EventSet, Rows, SelectEvents};
pub use sink::{LogSink, Source};
