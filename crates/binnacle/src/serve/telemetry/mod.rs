//! Binnacle's own metrics, as it shows them at `/metrics` and scrapes them itself.
//!
//! Where Prometheus has a metric for the same thing it has the same name here, so
//! that dashboards and rules for a Prometheus server work; what is ours alone is
//! called `binnacle_`.

mod alerting;
mod logs;
mod process;
mod rooms;
mod rules;
mod tail;

use binnacle_model::metadata::{Metadata, MetricType};
use binnacle_wire::names::Escaping;
use binnacle_wire::text::{Dialect, ExpositionWriter};

pub(super) use process::{resident_bytes, threads};
pub(super) use rooms::{Reloads, Rooms};

/// Writes families one after the other.
struct Families {
    writer: ExpositionWriter,
}

impl Families {
    fn new() -> Self {
        Self {
            writer: ExpositionWriter::new(Dialect::Prometheus, Escaping::Underscores),
        }
    }

    fn start(&mut self, name: &str, kind: MetricType, help: &str) {
        let metadata = Metadata {
            kind,
            help: help.to_owned(),
            unit: String::new(),
        };
        self.writer.family(name, &metadata);
    }

    fn sample(&mut self, labels: &[(&str, &str)], value: f64) {
        self.writer.sample(labels.iter().copied(), value, None);
    }

    /// A histogram: cumulative counts by upper bound, the last one infinite.
    fn histogram(&mut self, labels: &[(&str, &str)], buckets: &[(f64, u64)], sum: f64) {
        let count = buckets.last().map_or(0, |(_, count)| *count);
        self.writer
            .histogram(labels.iter().copied(), buckets, sum, count);
    }

    /// A counter without labels.
    fn counter(&mut self, name: &str, help: &str, value: f64) {
        self.start(name, MetricType::Counter, help);
        self.sample(&[], value);
    }

    /// A gauge without labels.
    fn gauge(&mut self, name: &str, help: &str, value: f64) {
        self.start(name, MetricType::Gauge, help);
        self.sample(&[], value);
    }
}

/// Appends all of them to `out` as text 0.0.4.
pub fn render(rooms: &Rooms, out: &mut Vec<u8>) {
    let mut families = Families::new();
    process::write(&mut families);
    rooms.write(&mut families);
    out.extend_from_slice(families.writer.finish().as_bytes());
}
