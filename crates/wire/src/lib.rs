//! Outside formats: bytes to model and back, one folder per format.
//!
//! * [`text`]: the Prometheus text format and OpenMetrics, one scanner for both,
//!   the cache that lets a repeated scrape skip label parsing, and the writer.
//! * [`protobuf`]: the delimited protobuf exposition of `io.prometheus.client`.
//! * [`negotiate`]: which format to ask for, to answer with, and to read.
//! * [`remote_write`]: Prometheus remote write 1.0, both ways.
//! * [`import`]: text bodies with timestamps, streamed into batches.
//! * [`names`]: escaping of UTF-8 names for readers that know only the old ones.
//! * [`float`]: numbers as Go reads and prints them.
//!
//! Decoders write straight into a [`binnacle_model::append::Batch`] or call a
//! visitor with borrowed bytes. They never panic on bad data, and use memory in
//! proportion to the input at most.
//!
//! Architecture invariant: no I/O but from readers handed in, no HTTP, no engine.

pub mod error;
pub mod float;
pub mod import;
pub mod names;
pub mod negotiate;
mod proto;
pub mod protobuf;
pub mod remote_write;
pub mod text;

pub use error::WireError;
