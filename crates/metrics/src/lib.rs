//! The time-series engine.
//!
//! A sample's way: `ingest` finds the series of a batch in the `registry` (label
//! bytes to a number, by hash), writes one record of numbers to the write-ahead log
//! and pushes into the `head`; `maintain` flushes the head into `block`s of two
//! hours, merges those into larger ones, and drops what is too old; `query` reads
//! head and blocks together. `recover` opens what a crash left.
//!
//! Shape: a log-structured merge tree that knows time. The newest samples are raw in
//! memory and in the log; everything else is in immutable, mapped blocks of chunks
//! ([`chunk`]) whose times are shared between series. Labels are numbers everywhere
//! but at the edges. Decision 0002 says why.
//!
//! Architecture invariant: the engine knows no query language, no protocol and no
//! configuration file; it is synchronous, owns one thread at most
//! ([`Engine::start_background`]), and takes time from a clock that it is given.
//! Native histograms are not stored yet: appends carry floats only.

mod background;
mod block;
mod checkpoint;
pub mod chunk;
mod engine;
mod error;
mod exemplars;
mod head;
mod ingest;
mod lock;
mod maintain;
mod metadata;
mod options;
mod query;
mod recover;
mod registry;
mod samples;
mod stats;

pub use engine::Engine;
pub use error::EngineError;
pub use options::{EngineOptions, SyncPolicy};
pub use recover::RecoveryReport;
pub use stats::{EngineStats, REFUSALS};
