//! Time that tasks ran and waited on each CPU (`/proc/schedstat`).

use binnacle_model::metadata::MetricType;

use super::families::Families;
use super::roots::{Held, Roots};
use super::{Collect, HostError};

/// Column after the CPU's name, divisor, family, help.
const COLUMNS: [(usize, f64, &str, &str); 3] = [
    (
        6,
        1e9,
        "node_schedstat_running_seconds_total",
        "Seconds that tasks ran on the CPU.",
    ),
    (
        7,
        1e9,
        "node_schedstat_waiting_seconds_total",
        "Seconds that tasks waited for the CPU.",
    ),
    (
        8,
        1.0,
        "node_schedstat_timeslices_total",
        "Time slices that the CPU gave out.",
    ),
];

pub(super) struct SchedStat(Held);

impl SchedStat {
    pub(super) fn new(roots: &Roots) -> Self {
        Self(roots.proc_file("schedstat"))
    }
}

impl Collect for SchedStat {
    fn collect(&mut self, out: &mut Families<'_>) -> Result<(), HostError> {
        let text = self.0.read()?;
        for (column, divisor, name, help) in COLUMNS {
            let mut family = out.family(name, MetricType::Counter, help);
            for line in text.lines() {
                let mut fields = line.split_ascii_whitespace();
                let Some(cpu) = fields.next().and_then(|f| f.strip_prefix("cpu")) else {
                    continue;
                };
                let Some(Ok(value)) = fields.nth(column).map(str::parse::<f64>) else {
                    continue;
                };
                family.sample(&[("cpu", cpu)], value / divisor);
            }
        }
        Ok(())
    }
}
