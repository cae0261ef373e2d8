//! Pressure stall information (`/proc/pressure`): how long work waited for CPU,
//! memory, I/O and interrupts.

use super::families::Families;
use super::roots::{Held, Roots};
use super::{Collect, HostError};

/// File, line, family, help.
const STALLS: [(&str, &str, &str, &str); 6] = [
    (
        "cpu",
        "some",
        "node_pressure_cpu_waiting_seconds_total",
        "Seconds that some process waited for a CPU.",
    ),
    (
        "io",
        "some",
        "node_pressure_io_waiting_seconds_total",
        "Seconds that some process waited for I/O.",
    ),
    (
        "io",
        "full",
        "node_pressure_io_stalled_seconds_total",
        "Seconds that no process went on because of I/O.",
    ),
    (
        "irq",
        "full",
        "node_pressure_irq_stalled_seconds_total",
        "Seconds that no process went on because of interrupts.",
    ),
    (
        "memory",
        "some",
        "node_pressure_memory_waiting_seconds_total",
        "Seconds that some process waited for memory.",
    ),
    (
        "memory",
        "full",
        "node_pressure_memory_stalled_seconds_total",
        "Seconds that no process went on because of memory.",
    ),
];

pub(super) struct Pressure(Vec<(&'static str, Held)>);

impl Pressure {
    pub(super) fn new(roots: &Roots) -> Self {
        let open = |name| (name, roots.proc_file(&format!("pressure/{name}")));
        Self(
            ["cpu", "io", "irq", "memory"]
                .into_iter()
                .map(open)
                .collect(),
        )
    }
}

impl Collect for Pressure {
    fn collect(&mut self, out: &mut Families<'_>) -> Result<(), HostError> {
        let mut told = false;
        for (file, held) in &mut self.0 {
            let text = match held.read() {
                Ok(text) => text,
                // Kernels without pressure accounting, or without that of interrupts.
                Err(HostError::NoData) => continue,
                // Accounting that is compiled in but off answers "not supported".
                Err(HostError::Io { source, .. })
                    if source.raw_os_error() == Some(libc::EOPNOTSUPP) =>
                {
                    continue;
                }
                Err(error) => return Err(error),
            };
            for (_, line, name, help) in STALLS.iter().filter(|s| s.0 == *file) {
                let Some(total) = total_of(text, line) else {
                    continue;
                };
                out.counter(name, help, total / 1e6);
                told = true;
            }
        }
        if told { Ok(()) } else { Err(HostError::NoData) }
    }
}

/// Microseconds of `total=` in the line that starts with `kind`.
fn total_of(text: &str, kind: &str) -> Option<f64> {
    let line = text.lines().find(|l| l.starts_with(kind))?;
    line.rsplit_once("total=")?.1.trim().parse().ok()
}
