//! The nouns that every room shares, and the traits where engines and readers
//! meet.
//!
//! Two seams for metrics: [`select::Select`] and [`append::Append`] lie between
//! an engine and a language or a receiver, and are synchronous; [`query::MetricsQuery`]
//! lies between the signal as a whole and everyone else, and is asynchronous,
//! because it may be a network away.
//!
//! Architecture invariant: no I/O, no threads, no serde, no engine, no format of
//! the outside world.

pub mod alert;
pub mod annotation;
pub mod append;
pub mod calendar;
pub mod duration;
pub mod event;
pub mod histogram;
pub mod labels;
pub mod limits;
pub mod matcher;
pub mod metadata;
pub mod number;
pub mod pattern;
pub mod query;
pub mod relabel;
pub mod sample;
pub mod select;

pub use append::{Append, Batch};
pub use labels::{Labels, LabelsBuilder};
pub use matcher::{MatchOp, Matcher};
pub use sample::{STALE_NAN, Sample, Samples, is_stale};
pub use select::{Select, SeriesSet};
