//! Batteries and mains (`/sys/class/power_supply`).

use std::path::PathBuf;

use binnacle_model::metadata::MetricType;

use super::families::Families;
use super::roots::{Roots, attribute, names_in, number};
use super::{Collect, HostError};

/// Attribute, divisor, end of the family's name.
const NUMBERS: [(&str, f64, &str); 24] = [
    ("capacity", 1.0, "capacity"),
    ("charge_control_limit", 1.0, "charge_control_limit"),
    ("charge_full", 1e6, "charge_full"),
    ("charge_full_design", 1e6, "charge_full_design"),
    ("charge_now", 1e6, "charge_ampere"),
    ("current_max", 1e6, "current_max"),
    ("current_now", 1e6, "current_ampere"),
    ("cycle_count", 1.0, "cyclecount"),
    ("energy_empty", 1e6, "energy_empty"),
    ("energy_full", 1e6, "energy_full"),
    ("energy_full_design", 1e6, "energy_full_design"),
    ("energy_now", 1e6, "energy_watthour"),
    ("input_current_limit", 1e6, "input_current_limit"),
    ("online", 1.0, "online"),
    ("power_now", 1e6, "power_watt"),
    ("present", 1.0, "present"),
    ("temp", 10.0, "temp_celsius"),
    ("temp_ambient", 10.0, "temp_ambient_celsius"),
    ("time_to_empty_now", 1.0, "time_to_empty_seconds"),
    ("time_to_full_now", 1.0, "time_to_full_seconds"),
    ("voltage_max_design", 1e6, "voltage_max_design"),
    ("voltage_min_design", 1e6, "voltage_min_design"),
    ("voltage_now", 1e6, "voltage_volt"),
    ("voltage_ocv", 1e6, "voltage_ocv"),
];

/// Attributes that are labels of `node_power_supply_info`.
const LABELS: [&str; 10] = [
    "capacity_level",
    "charge_type",
    "health",
    "manufacturer",
    "model_name",
    "serial_number",
    "status",
    "technology",
    "type",
    "usb_type",
];

pub(super) struct PowerSupply(PathBuf);

impl PowerSupply {
    pub(super) fn new(roots: &Roots) -> Self {
        Self(roots.sys_path("class/power_supply"))
    }
}

impl Collect for PowerSupply {
    fn collect(&mut self, out: &mut Families<'_>) -> Result<(), HostError> {
        let supplies = names_in(&self.0);
        if supplies.is_empty() {
            return Ok(());
        }
        for (file, divisor, suffix) in NUMBERS {
            let values: Vec<(&str, f64)> = supplies
                .iter()
                .filter_map(|s| Some((s.as_str(), number(&self.0.join(s).join(file))? / divisor)))
                .collect();
            if values.is_empty() {
                continue;
            }
            let name = format!("node_power_supply_{suffix}");
            let help = format!("Power supply: {}.", file.replace('_', " "));
            let mut family = out.family(&name, MetricType::Gauge, &help);
            for (supply, value) in values {
                family.sample(&[("power_supply", supply)], value);
            }
        }
        let mut family = out.family(
            "node_power_supply_info",
            MetricType::Gauge,
            "What a power supply is; the value is always 1.",
        );
        for supply in &supplies {
            let texts = LABELS.map(|l| attribute(&self.0.join(supply).join(l)).unwrap_or_default());
            let mut labels = vec![("power_supply", supply.as_str())];
            labels.extend(LABELS.iter().zip(&texts).map(|(l, v)| (*l, v.as_str())));
            family.sample(&labels, 1.0);
        }
        Ok(())
    }
}
