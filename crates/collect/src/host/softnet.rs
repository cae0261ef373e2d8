//! Packets that each CPU took from the network (`/proc/net/softnet_stat`).

use binnacle_model::metadata::MetricType::{self, Counter, Gauge};

use super::families::Families;
use super::roots::{Held, Roots};
use super::{Collect, HostError};

/// Column, type, family, help. Later columns came with later kernels.
const COLUMNS: [(usize, MetricType, &str, &str); 7] = [
    (
        0,
        Counter,
        "node_softnet_processed_total",
        "Packets processed.",
    ),
    (
        1,
        Counter,
        "node_softnet_dropped_total",
        "Packets dropped because the backlog was full.",
    ),
    (
        2,
        Counter,
        "node_softnet_times_squeezed_total",
        "How often processing ran out of its quota.",
    ),
    (
        8,
        Counter,
        "node_softnet_cpu_collision_total",
        "Collisions on a device's lock while sending.",
    ),
    (
        9,
        Counter,
        "node_softnet_received_rps_total",
        "How often the CPU was woken to receive.",
    ),
    (
        10,
        Counter,
        "node_softnet_flow_limit_count_total",
        "How often the flow limit was reached.",
    ),
    (
        11,
        Gauge,
        "node_softnet_backlog_len",
        "Packets in the backlog.",
    ),
];
/// The column that holds the CPU's number, on kernels that tell it.
const CPU: usize = 12;

pub(super) struct SoftNet(Held);

impl SoftNet {
    pub(super) fn new(roots: &Roots) -> Self {
        Self(roots.proc_file("net/softnet_stat"))
    }
}

impl Collect for SoftNet {
    fn collect(&mut self, out: &mut Families<'_>) -> Result<(), HostError> {
        let text = self.0.read()?;
        let rows: Vec<(String, Vec<u32>)> = text
            .lines()
            .enumerate()
            .map(|(i, line)| {
                let row: Vec<u32> = line
                    .split_ascii_whitespace()
                    .map(|f| u32::from_str_radix(f, 16).unwrap_or(0))
                    .collect();
                (row.get(CPU).copied().unwrap_or(i as u32).to_string(), row)
            })
            .collect();
        for (column, kind, name, help) in COLUMNS {
            if !rows.iter().any(|(_, row)| column < row.len()) {
                continue;
            }
            let mut family = out.family(name, kind, help);
            for (cpu, row) in &rows {
                if let Some(value) = row.get(column) {
                    family.sample(&[("cpu", cpu)], f64::from(*value));
                }
            }
        }
        Ok(())
    }
}
