//! Following files: what is written to them is handed in, line by line, exactly as it is.
//!
//! ```text
//! globs ─► finder ─► files (identity, offset) ─► lines ─► stages ─► batch ─► LogSink
//!                        ▲                                            │
//!                        └──────────── checkpoint ◄── accepted ───────┘
//! ```
//!
//! A file is known by its device and number *and* by its content: the first bytes of it,
//! and those in front of the place that was read to. So a file that was renamed is not
//! read again, nor is the copy that `copytruncate` made or that was compressed; a number
//! that the system gives to another file is not mistaken for the old one; and a file that
//! was cut off and grew again is read from its beginning.
//!
//! The place in a file moves when the sink has accepted the lines before it, and lines
//! that stages hold back are not before it. After a crash lines come again from the last
//! checkpoint on (a second, unless the disk was busy); none is lost. When the sink refuses,
//! nothing is read on, and files that are gone meanwhile stay open until they are read.
//!
//! One thread follows all files; each is given its turn of [`TURN_BYTES`].

mod checkpoint;
mod file;
mod finder;
mod follow;
mod follower;
pub mod journal;
mod known;
mod kubernetes;
mod labels;
mod names;
mod settings;
#[cfg(test)]
mod tests;

pub use checkpoint::Checkpoint;
pub use follow::{Followed, TailCounters, Tailer};
pub use settings::{FileTarget, JournalSettings, StartAt, TailError, TailJob, TailSettings};

/// Bytes of one file that are read before the next has its turn.
const TURN_BYTES: usize = 1 << 20;
