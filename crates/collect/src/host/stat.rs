//! Boot time, interrupts, forks, context switches, running and blocked processes
//! (`/proc/stat`).

use binnacle_model::metadata::MetricType::{self, Counter, Gauge};

use super::families::Families;
use super::roots::{Held, Roots};
use super::{Collect, HostError};

/// First word of the line, family, type, help.
const LINES: [(&str, &str, MetricType, &str); 6] = [
    ("intr", "node_intr_total", Counter, "Interrupts serviced."),
    (
        "ctxt",
        "node_context_switches_total",
        Counter,
        "Context switches.",
    ),
    (
        "btime",
        "node_boot_time_seconds",
        Gauge,
        "When the host was started, in seconds since the Unix epoch.",
    ),
    ("processes", "node_forks_total", Counter, "Forks."),
    (
        "procs_running",
        "node_procs_running",
        Gauge,
        "Processes that could run.",
    ),
    (
        "procs_blocked",
        "node_procs_blocked",
        Gauge,
        "Processes that wait for I/O.",
    ),
];

pub(super) struct Stat(Held);

impl Stat {
    pub(super) fn new(roots: &Roots) -> Self {
        Self(roots.proc_file("stat"))
    }
}

impl Collect for Stat {
    fn collect(&mut self, out: &mut Families<'_>) -> Result<(), HostError> {
        for line in self.0.read()?.lines() {
            let mut fields = line.split_ascii_whitespace();
            let Some(word) = fields.next() else { continue };
            let Some((_, name, kind, help)) = LINES.iter().find(|l| l.0 == word) else {
                continue;
            };
            let Some(Ok(value)) = fields.next().map(str::parse) else {
                continue;
            };
            out.family(name, *kind, help).sample(&[], value);
        }
        Ok(())
    }
}
