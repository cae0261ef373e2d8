//! The event engine: log lines, spans and deployment markers.
//!
//! ```text
//! append ─► log (store::wal) ─► head (batches as they came)
//!                                 │ flush: by size or age, sorted by stream and time
//!                                 ▼
//!                               parts (files of pages) ─► merged parts ─► retention
//! ```
//!
//! A batch is in the log before it is in the head, and in the head before the append
//! returns. A part holds the rows of one day of UTC, so that retention drops files. Its
//! pages are compressed on their own, with a filter of their words in front, so that a
//! search opens only pages that may have what it looks for.
//!
//! Architecture invariant: this crate knows no language and no format of the outside
//! world; it is synchronous and owns its threads.

mod background;
pub mod block;
mod engine;
mod error;
mod head;
mod ingest;
mod lock;
mod maintain;
mod options;
mod part;
mod record;
mod recover;
mod registry;
mod select;
mod stats;
mod tombstones;
mod twins;

pub use binnacle_store::wal::SyncPolicy;
pub use engine::Engine;
pub use error::EngineError;
pub use options::{EngineOptions, StreamRetention, Tier};
pub use recover::OpenReport;
pub use stats::Stats;
