//! What all engines share: a write-ahead log, block files, dictionaries, postings,
//! a manifest, and the pure function that decides what passed the retention.
//!
//! Each structure has a writer and a reader and a page in `docs/formats/`; every
//! byte on the disk is under a checksum, and every format has a version.
//!
//! Architecture invariant: this crate knows no signal: a record, a section and a
//! chunk are bytes. It is synchronous and starts one thread per log at most.

pub mod blockfile;
pub mod dictionary;
pub mod disk;
pub mod durable;
mod error;
pub mod manifest;
pub mod postings;
pub mod retention;
pub mod wal;

pub use error::{Error, Malformed};
