//! The delimited protobuf exposition (`io.prometheus.client.MetricFamily`).
//!
//! Read only, and through the same [`Visitor`] as text: a metric is written out
//! as the series that a text exposition would have had (`name_bucket{...,le="1.0"}`),
//! so that caches and label parsing know one form. That costs a copy, which is
//! fine: targets are asked for text first. Native histograms are counted, and
//! told by their count, their sum and the classic buckets that they have.

mod family;
mod metric;

use binnacle_model::metadata::MetricType;

use crate::error::WireError;
use crate::proto::{Reader, malformed};
use crate::text::{FamilyLine, Visitor};
use family::Family;

/// What a body held beside what the visitor was told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Scanned {
    /// Histograms with native buckets, which were left out.
    pub native_histograms: u64,
}

/// Walks a body of length-delimited metric families and tells `visitor` what is
/// in it.
///
/// # Errors
/// [`WireError::Malformed`], or [`WireError::Stopped`].
pub fn scan(body: &[u8], visitor: &mut impl Visitor) -> Result<Scanned, WireError> {
    let mut scanned = Scanned::default();
    let mut reader = Reader(body);
    let mut series = Vec::new();
    while !reader.0.is_empty() {
        let len = reader.varint()?;
        let family = Family::read(reader.take(len)?)?;
        if family.name.is_empty() {
            return Err(malformed("a metric family has no name"));
        }
        tell_family(&family, visitor);
        for message in &family.metrics {
            metric::tell(&family, message, &mut series, visitor, &mut scanned)?;
        }
    }
    Ok(scanned)
}

fn tell_family(family: &Family<'_>, visitor: &mut impl Visitor) {
    if !family.help.is_empty() {
        visitor.family(family.name, FamilyLine::Help(family.help.into()));
    }
    visitor.family(family.name, FamilyLine::Type(family.kind));
    if !family.unit.is_empty() {
        visitor.family(family.name, FamilyLine::Unit(family.unit));
    }
}

/// The types of `MetricFamily` by their number.
const KINDS: [MetricType; 6] = [
    MetricType::Counter,
    MetricType::Gauge,
    MetricType::Summary,
    MetricType::Unknown,
    MetricType::Histogram,
    MetricType::GaugeHistogram,
];
