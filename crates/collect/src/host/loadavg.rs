//! Load averages (`/proc/loadavg`).

use super::families::Families;
use super::roots::{Held, Roots};
use super::{Collect, HostError};

pub(super) struct LoadAvg(Held);

impl LoadAvg {
    pub(super) fn new(roots: &Roots) -> Self {
        Self(roots.proc_file("loadavg"))
    }
}

impl Collect for LoadAvg {
    fn collect(&mut self, out: &mut Families<'_>) -> Result<(), HostError> {
        let loads: Vec<f64> = self
            .0
            .read()?
            .split_ascii_whitespace()
            .take(3)
            .filter_map(|f| f.parse().ok())
            .collect();
        let &[one, five, fifteen] = loads.as_slice() else {
            return Err(HostError::bad(self.0.path(), "not three loads"));
        };
        out.gauge("node_load1", "1m load average.", one);
        out.gauge("node_load15", "15m load average.", fifteen);
        out.gauge("node_load5", "5m load average.", five);
        Ok(())
    }
}
