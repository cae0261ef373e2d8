//! Tests of the store, on simulated files.

mod blockfile;
mod dictionary;
mod disk;
mod manifest;
mod policies;
mod postings;
mod wal;
mod wal_faults;
