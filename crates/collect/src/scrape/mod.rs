//! Scraping one target: when, how, and what becomes of the answer.
//!
//! ```text
//! run         when: offset, interval, alignment, end of the target
//!   fetch     bytes: HTTP or a target within this process, decompressed, bounded
//!   digest    bytes -> batch: scanner, cache, labels, limits, staleness
//!   report    up, scrape_* -> the same batch
//!   append    one call of the engine; series it forgot are sent again with labels
//! ```
//!
//! Reading a body and appending it is synchronous and runs on the worker that
//! received the bytes, unless the body is large: handing the usual body (some
//! hundred microseconds of work) to another thread costs more than it saves.
//!
//! A scrape is one batch: it is stored whole or, after an error, not at all.

pub(crate) mod body;
mod digest;
mod error;
pub(crate) mod exposition;
mod families;
mod fetch;
mod labels;
mod metrics;
mod populate;
mod report;
mod run;
mod target;
mod workspace;

pub use error::ScrapeError;
pub use metrics::ScrapeMetrics;
pub(crate) use metrics::bump;
pub use populate::{Populated, discovered_labels, populate};
pub(crate) use run::{LoopMemory, ScrapeLoop, Shared, end_of_run};
pub(crate) use target::stable_hash;
pub use target::{Health, Target, TargetStatus};
pub(crate) use workspace::Workspaces;

#[cfg(test)]
pub(crate) use fetch::fetch_for_test;
