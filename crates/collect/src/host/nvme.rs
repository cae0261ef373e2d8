//! What NVMe controllers are (`/sys/class/nvme`).

use std::path::PathBuf;

use binnacle_model::metadata::MetricType;

use super::families::Families;
use super::roots::{Roots, attribute, names_in};
use super::{Collect, HostError};

/// Attributes, which are the label names too.
const ATTRIBUTES: [(&str, &str); 5] = [
    ("cntlid", "cntlid"),
    ("firmware_rev", "firmware_revision"),
    ("model", "model"),
    ("serial", "serial"),
    ("state", "state"),
];

pub(super) struct Nvme(PathBuf);

impl Nvme {
    pub(super) fn new(roots: &Roots) -> Self {
        Self(roots.sys_path("class/nvme"))
    }
}

impl Collect for Nvme {
    fn collect(&mut self, out: &mut Families<'_>) -> Result<(), HostError> {
        let devices = names_in(&self.0);
        if devices.is_empty() {
            return Err(HostError::NoData);
        }
        let mut family = out.family(
            "node_nvme_info",
            MetricType::Gauge,
            "What an NVMe controller is; the value is always 1.",
        );
        for device in &devices {
            let path = self.0.join(device);
            let texts = ATTRIBUTES.map(|(file, _)| attribute(&path.join(file)).unwrap_or_default());
            let mut labels = vec![("device", device.as_str())];
            labels.extend(
                ATTRIBUTES
                    .iter()
                    .zip(&texts)
                    .map(|((_, label), v)| (*label, v.as_str())),
            );
            family.sample(&labels, 1.0);
        }
        Ok(())
    }
}
