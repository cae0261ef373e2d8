//! Collecting: service discovery, scrape loops, and this host's own metrics.
//!
//! * [`settings`]: what to collect, fully resolved.
//! * [`collector`]: all pools of the process; start, reload, stop, look.
//! * [`scrape`]: one target: when it is scraped, and what becomes of the answer.
//! * [`host`]: metrics of this host, under node_exporter's names.
//! * [`finder`]: servers that are found like targets and not scraped.
//! * [`internal`]: targets within this process.
//! * [`stages`]: what is done to a line before it is handed in.
//! * [`tail`]: following files and the journal.
//!
//! Discovery is private: it is reached through settings.
//!
//! Architecture invariant: this crate reads no configuration file and knows no
//! engine; samples leave it through [`binnacle_model::append::Append`] alone, lines through
//! [`binnacle_model::event::LogSink`].

pub mod collector;
mod discovery;
pub mod finder;
pub mod host;
pub mod internal;
pub mod pool;
pub mod scrape;
pub mod settings;
pub mod stages;
pub mod tail;

pub use binnacle_client::HttpError;
pub use collector::{CollectError, Collector, hostname};
pub use internal::InternalTarget;
pub use settings::{CollectSettings, ScrapeSettings};

#[cfg(test)]
mod tests;
