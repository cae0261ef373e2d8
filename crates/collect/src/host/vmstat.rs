//! Paging, swapping, page faults, and kills for want of memory (`/proc/vmstat`).

use binnacle_model::metadata::MetricType;

use super::families::Families;
use super::roots::{Held, Roots};
use super::{Collect, HostError};

pub(super) struct VmStat(Held);

impl VmStat {
    pub(super) fn new(roots: &Roots) -> Self {
        Self(roots.proc_file("vmstat"))
    }
}

impl Collect for VmStat {
    fn collect(&mut self, out: &mut Families<'_>) -> Result<(), HostError> {
        let mut name = String::from("node_vmstat_");
        let prefix = name.len();
        for line in self.0.read()?.lines() {
            let Some((field, value)) = line.split_once(' ') else {
                continue;
            };
            if !is_told(field) {
                continue;
            }
            let Ok(value) = value.trim().parse() else {
                continue;
            };
            name.truncate(prefix);
            name.push_str(field);
            let help = format!("Field {field} of vmstat.");
            out.family(&name, MetricType::Unknown, &help)
                .sample(&[], value);
        }
        Ok(())
    }
}

/// `^(oom_kill|pgpg|pswp|pg.*fault).*`, node_exporter's default.
fn is_told(field: &str) -> bool {
    field.starts_with("oom_kill")
        || field.starts_with("pgpg")
        || field.starts_with("pswp")
        || (field.starts_with("pg") && field[2..].contains("fault"))
}
