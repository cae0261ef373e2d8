//! The Prometheus text format 0.0.4 and OpenMetrics 1.0.
//!
//! Reading has two layers. [`scan`] walks a body and calls a [`Visitor`] with
//! borrowed lines; it checks the grammar but builds nothing. A [`ScrapeCache`]
//! knows the series of one target by a hash of their raw bytes, so that a
//! repeated scrape goes from bytes to series references without looking at a
//! label; only a series that is new is taken apart ([`parse_labels`]).
//!
//! The two formats share one scanner ([`Dialect`]): OpenMetrics is the stricter
//! grammar (single blanks, `# EOF`, timestamps in seconds) with units and
//! exemplars on top. Grammar and leniency follow Prometheus' parsers.
//!
//! Writing is [`ExpositionWriter`], for our own metrics and for federation.

mod cache;
mod labels;
mod quote;
mod scan;
mod series;
mod write;

pub use cache::{EntryId, Lookup, ScrapeCache};
pub use labels::{LabelScratch, parse_exemplar_labels, parse_labels, push_canonical};
pub(crate) use quote::push_escaped;
pub use scan::{Dialect, FamilyLine, RawExemplar, Sample, Visitor, line_at, scan};
pub(crate) use scan::{PartState, scan_part};
pub use write::ExpositionWriter;
