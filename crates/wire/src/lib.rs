//! Outside formats: bytes to model and back, one folder per format.
//!
//! * [`text`]: the Prometheus text format and OpenMetrics, one scanner for both,
//!   the cache that lets a repeated scrape skip label parsing, and the writer.
//! * [`protobuf`]: the delimited protobuf exposition of `io.prometheus.client`.
//! * [`negotiate`]: which format to ask for, to answer with, and to read.
//! * [`remote_write`]: Prometheus remote write 1.0, both ways.
//! * [`import`]: text bodies with timestamps, streamed into batches.
//! * [`loki`]: Loki's push format, protobuf and JSON.
//! * [`otlp`]: logs of OpenTelemetry, protobuf and JSON, and frames of gRPC.
//! * [`elastic`]: Elasticsearch's bulk bodies.
//! * [`json_lines`]: JSON objects, one a line.
//! * [`syslog`]: messages as of RFC 3164 and RFC 5424, and their framing.
//! * [`fluent`]: Fluentd's forward protocol.
//! * [`journald`]: exports of systemd's journal.
//! * [`compress`]: bodies that come compressed.
//! * [`names`]: escaping of UTF-8 names for readers that know only the old ones.
//! * [`float`]: numbers as Go reads and prints them.
//!
//! Decoders write straight into a [`binnacle_model::append::Batch`] or a
//! [`binnacle_model::event::EventBatch`], or call a visitor with borrowed bytes. They never panic on bad data, and use memory in
//! proportion to the input at most.
//!
//! Architecture invariant: no I/O but from readers handed in, no HTTP, no engine.

pub mod compress;
mod document;
pub mod elastic;
pub mod error;
pub mod float;
pub mod fluent;
pub mod import;
pub mod journald;
mod json;
pub mod json_lines;
pub mod loki;
mod moment;
pub mod names;
pub mod negotiate;
pub mod otlp;
mod proto;
pub mod protobuf;
pub mod remote_write;
pub mod syslog;
pub mod text;

pub use error::WireError;
