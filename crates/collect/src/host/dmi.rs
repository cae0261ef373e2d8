//! What the firmware says of the machine (`/sys/class/dmi/id`). Read once: it
//! cannot change while the machine runs.

use std::path::PathBuf;

use binnacle_model::metadata::MetricType;

use super::families::Families;
use super::roots::{Roots, attribute};
use super::{Collect, HostError};

/// Attributes, which are the label names too.
const ATTRIBUTES: [&str; 18] = [
    "bios_date",
    "bios_release",
    "bios_vendor",
    "bios_version",
    "board_asset_tag",
    "board_name",
    "board_serial",
    "board_vendor",
    "board_version",
    "chassis_asset_tag",
    "chassis_serial",
    "chassis_vendor",
    "chassis_version",
    "product_family",
    "product_name",
    "product_serial",
    "product_sku",
    "product_uuid",
];

/// Attributes whose label has another name.
const RENAMED: [(&str, &str); 2] = [
    ("product_version", "product_version"),
    ("sys_vendor", "system_vendor"),
];

pub(super) struct Dmi {
    path: PathBuf,
    labels: Option<Vec<(&'static str, String)>>,
}

impl Dmi {
    pub(super) fn new(roots: &Roots) -> Self {
        Self {
            path: roots.sys_path("class/dmi/id"),
            labels: None,
        }
    }
}

impl Collect for Dmi {
    fn collect(&mut self, out: &mut Families<'_>) -> Result<(), HostError> {
        let path = &self.path;
        let labels = self.labels.get_or_insert_with(|| {
            ATTRIBUTES
                .iter()
                .map(|a| (*a, *a))
                .chain(RENAMED)
                .filter_map(|(file, label)| Some((label, attribute(&path.join(file))?)))
                .collect()
        });
        if labels.is_empty() {
            return Err(HostError::NoData);
        }
        let labels: Vec<(&str, &str)> = labels.iter().map(|(n, v)| (*n, v.as_str())).collect();
        out.family(
            "node_dmi_info",
            MetricType::Gauge,
            "What the firmware says of the machine; the value is always 1.",
        )
        .sample(&labels, 1.0);
        Ok(())
    }
}
