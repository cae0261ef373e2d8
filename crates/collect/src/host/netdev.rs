//! Bytes, packets and errors of network devices (`/proc/net/dev`).

use std::path::PathBuf;

use binnacle_model::metadata::MetricType;

use super::families::Families;
use super::roots::{Held, Roots, number};
use super::{Collect, HostError};

/// Columns in the order of the file, receiving first.
const COLUMNS: [&str; 16] = [
    "receive_bytes",
    "receive_packets",
    "receive_errs",
    "receive_drop",
    "receive_fifo",
    "receive_frame",
    "receive_compressed",
    "receive_multicast",
    "transmit_bytes",
    "transmit_packets",
    "transmit_errs",
    "transmit_drop",
    "transmit_fifo",
    "transmit_colls",
    "transmit_carrier",
    "transmit_compressed",
];

pub(super) struct NetDev {
    file: Held,
    class: PathBuf,
}

impl NetDev {
    pub(super) fn new(roots: &Roots) -> Self {
        Self {
            file: roots.proc_file("net/dev"),
            class: roots.sys_path("class/net"),
        }
    }
}

impl Collect for NetDev {
    fn collect(&mut self, out: &mut Families<'_>) -> Result<(), HostError> {
        let mut devices: Vec<(&str, Vec<f64>)> = Vec::new();
        for line in self.file.read()?.lines().skip(2) {
            // A device's name may hold a colon (aliases); its counters do not.
            let Some((name, counters)) = line.rsplit_once(':') else {
                continue;
            };
            let values: Vec<f64> = counters
                .split_ascii_whitespace()
                .filter_map(|f| f.parse().ok())
                .collect();
            if values.len() >= COLUMNS.len() {
                devices.push((name.trim(), values));
            }
        }
        for (i, column) in COLUMNS.iter().enumerate() {
            let name = format!("node_network_{column}_total");
            let help = format!("Network device: {}.", column.replace('_', " "));
            let mut family = out.family(&name, MetricType::Counter, &help);
            for (device, values) in &devices {
                family.sample(&[("device", device)], values[i]);
            }
        }
        // This one is not in the file.
        let no_handler: Vec<(&str, f64)> = devices
            .iter()
            .filter_map(|(device, _)| {
                Some((
                    *device,
                    number(&self.class.join(device).join("statistics/rx_nohandler"))?,
                ))
            })
            .collect();
        if no_handler.is_empty() {
            return Ok(());
        }
        let mut family = out.family(
            "node_network_receive_nohandler_total",
            MetricType::Counter,
            "Network device: received packets that nothing took.",
        );
        for (device, value) in no_handler {
            family.sample(&[("device", device)], value);
        }
        Ok(())
    }
}
