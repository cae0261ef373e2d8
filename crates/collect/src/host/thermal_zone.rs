//! Thermal zones and cooling devices (`/sys/class/thermal`).

use std::path::PathBuf;

use binnacle_model::metadata::MetricType;

use super::families::Families;
use super::roots::{Roots, attribute, names_in, number};
use super::{Collect, HostError};

pub(super) struct ThermalZone(PathBuf);

impl ThermalZone {
    pub(super) fn new(roots: &Roots) -> Self {
        Self(roots.sys_path("class/thermal"))
    }

    /// Number in the directory's name, type, value of `file`.
    fn read(&self, names: &[String], prefix: &str, file: &str) -> Vec<(String, String, f64)> {
        names
            .iter()
            .filter_map(|name| {
                let path = self.0.join(name);
                let index = name.strip_prefix(prefix)?.to_owned();
                Some((
                    index,
                    attribute(&path.join("type"))?,
                    number(&path.join(file))?,
                ))
            })
            .collect()
    }
}

impl Collect for ThermalZone {
    fn collect(&mut self, out: &mut Families<'_>) -> Result<(), HostError> {
        let names = names_in(&self.0);
        for (file, name, help) in [
            (
                "cur_state",
                "node_cooling_device_cur_state",
                "State of a cooling device.",
            ),
            (
                "max_state",
                "node_cooling_device_max_state",
                "Highest state of a cooling device.",
            ),
        ] {
            let found = self.read(&names, "cooling_device", file);
            if found.is_empty() {
                continue;
            }
            let mut family = out.family(name, MetricType::Gauge, help);
            for (index, kind, value) in &found {
                family.sample(&[("name", index), ("type", kind)], *value);
            }
        }
        let zones = self.read(&names, "thermal_zone", "temp");
        if !zones.is_empty() {
            let help = "Temperature of a zone in degrees Celsius.";
            let mut family = out.family("node_thermal_zone_temp", MetricType::Gauge, help);
            for (index, kind, millidegrees) in &zones {
                family.sample(&[("type", kind), ("zone", index)], millidegrees / 1e3);
            }
        }
        Ok(())
    }
}
