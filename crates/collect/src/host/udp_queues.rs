//! Bytes that wait in the queues of UDP sockets (`/proc/net/udp`, `udp6`).

use binnacle_model::metadata::MetricType;

use super::families::Families;
use super::roots::{Held, Roots};
use super::{Collect, HostError};

pub(super) struct UdpQueues([(&'static str, Held); 2]);

impl UdpQueues {
    pub(super) fn new(roots: &Roots) -> Self {
        Self([
            ("v4", roots.proc_file("net/udp")),
            ("v6", roots.proc_file("net/udp6")),
        ])
    }
}

impl Collect for UdpQueues {
    fn collect(&mut self, out: &mut Families<'_>) -> Result<(), HostError> {
        let mut queues = Vec::new();
        for (version, held) in &mut self.0 {
            match held.read() {
                Ok(text) => queues.push((*version, sums(text))),
                Err(HostError::NoData) => {}
                Err(error) => return Err(error),
            }
        }
        if queues.is_empty() {
            return Err(HostError::NoData);
        }
        let mut family = out.family(
            "node_udp_queues",
            MetricType::Gauge,
            "Bytes in the queues of UDP sockets.",
        );
        for (version, (sending, receiving)) in queues {
            family.sample(&[("ip", version), ("queue", "rx")], receiving as f64);
            family.sample(&[("ip", version), ("queue", "tx")], sending as f64);
        }
        Ok(())
    }
}

/// Bytes to send and bytes received, of all sockets: column `tx_queue:rx_queue`.
fn sums(text: &str) -> (u64, u64) {
    let (mut sending, mut receiving) = (0, 0);
    for line in text.lines().skip(1) {
        let Some((tx, rx)) = line
            .split_ascii_whitespace()
            .nth(4)
            .and_then(|f| f.split_once(':'))
        else {
            continue;
        };
        sending += u64::from_str_radix(tx, 16).unwrap_or(0);
        receiving += u64::from_str_radix(rx, 16).unwrap_or(0);
    }
    (sending, receiving)
}
