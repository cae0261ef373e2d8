//! Entries of the ARP table, by device (`/proc/net/arp`).

use std::collections::BTreeMap;

use binnacle_model::metadata::MetricType;

use super::families::Families;
use super::roots::{Held, Roots};
use super::{Collect, HostError};

pub(super) struct Arp(Held);

impl Arp {
    pub(super) fn new(roots: &Roots) -> Self {
        Self(roots.proc_file("net/arp"))
    }
}

impl Collect for Arp {
    fn collect(&mut self, out: &mut Families<'_>) -> Result<(), HostError> {
        let mut entries: BTreeMap<&str, u32> = BTreeMap::new();
        for line in self.0.read()?.lines().skip(1) {
            let Some(device) = line.split_ascii_whitespace().nth(5) else {
                continue;
            };
            *entries.entry(device).or_default() += 1;
        }
        let mut family = out.family(
            "node_arp_entries",
            MetricType::Gauge,
            "ARP entries by device.",
        );
        for (device, count) in entries {
            family.sample(&[("device", device)], f64::from(count));
        }
        Ok(())
    }
}
