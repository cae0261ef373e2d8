//! `MetricFamily`, without looking into its metrics.

use binnacle_model::metadata::MetricType;

use super::KINDS;
use crate::error::WireError;
use crate::proto::{Reader, malformed};

/// A family; its metrics are messages that are still to be read.
#[derive(Debug)]
pub(super) struct Family<'a> {
    pub(super) name: &'a str,
    pub(super) help: &'a str,
    pub(super) unit: &'a str,
    pub(super) kind: MetricType,
    pub(super) metrics: Vec<&'a [u8]>,
}

impl<'a> Family<'a> {
    pub(super) fn read(message: &'a [u8]) -> Result<Self, WireError> {
        // A counter has number 0, which is left out on the wire.
        let kind = KINDS[0];
        let mut family = Self {
            name: "",
            help: "",
            unit: "",
            kind,
            metrics: Vec::new(),
        };
        let mut reader = Reader(message);
        while let Some((field, value)) = reader.field()? {
            match field {
                1 => family.name = value.text()?,
                2 => family.help = value.text()?,
                3 => {
                    let number = usize::try_from(value.integer()?).ok();
                    family.kind = number
                        .and_then(|n| KINDS.get(n).copied())
                        .ok_or_else(|| malformed("unknown type of a metric family"))?;
                }
                4 => family.metrics.push(value.bytes()?),
                5 => family.unit = value.text()?,
                _ => {}
            }
        }
        Ok(family)
    }
}
