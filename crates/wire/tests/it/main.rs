//! Conformance of the formats with Prometheus' own test data, and damage to
//! their bytes.

mod create;
mod damage;
mod exposition;
mod headers;
mod logs;
mod names;
mod prototext;
mod remote_write;
mod scrape;
mod suite;
