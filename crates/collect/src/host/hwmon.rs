//! Temperatures, fans, voltages, currents and power (`/sys/class/hwmon`).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use binnacle_model::metadata::MetricType::{self, Counter, Gauge};

use super::families::Families;
use super::roots::{Roots, attribute, names_in, parse_number};
use super::{Collect, HostError};

/// Kind of sensor, unit at the end of the family's name, divisor.
const KINDS: [(&str, &str, f64); 7] = [
    ("curr", "_amps", 1e3),
    ("energy", "_joule", 1e6),
    ("fan", "_rpm", 1.0),
    ("humidity", "", 1e3),
    ("in", "_volts", 1e3),
    ("power", "_watt", 1e6),
    ("temp", "_celsius", 1e3),
];

/// Properties that are states rather than quantities: they keep the raw number.
const STATES: [&str; 8] = [
    "alarm",
    "crit_alarm",
    "max_alarm",
    "min_alarm",
    "fault",
    "beep",
    "type",
    "enable",
];

pub(super) struct Hwmon(PathBuf);

/// Families: name to type and samples (chip, sensor, value).
type Found = BTreeMap<String, (MetricType, Vec<(String, String, f64)>)>;

impl Hwmon {
    pub(super) fn new(roots: &Roots) -> Self {
        Self(roots.sys_path("class/hwmon"))
    }
}

impl Collect for Hwmon {
    fn collect(&mut self, out: &mut Families<'_>) -> Result<(), HostError> {
        if !self.0.is_dir() {
            return Err(HostError::NoData);
        }
        let mut found = Found::new();
        let (mut chips, mut labels) = (Vec::new(), Vec::new());
        for name in names_in(&self.0) {
            let path = self.0.join(&name);
            let chip = chip_id(&path, &name);
            if let Some(name) = attribute(&path.join("name")) {
                chips.push((chip.clone(), name));
            }
            // Old drivers keep their sensors with the device.
            for dir in [path.clone(), path.join("device")] {
                read_sensors(&dir, &chip, &mut found, &mut labels);
            }
        }
        write(&found, &chips, &labels, out);
        Ok(())
    }
}

/// What tells a chip from others for good: its device's bus and address, else its
/// name, else the directory's name.
fn chip_id(path: &Path, name: &str) -> String {
    if let Ok(device) = path.join("device").canonicalize() {
        let base = |p: &Path| p.file_name().map(|n| clean(&n.to_string_lossy()));
        let own = base(&device).unwrap_or_default();
        let bus = device.parent().and_then(base).unwrap_or_default();
        return if bus.is_empty() {
            own
        } else {
            format!("{bus}_{own}")
        };
    }
    match attribute(&path.join("name")) {
        Some(name) if !name.is_empty() => clean(&name),
        _ => clean(name),
    }
}

/// Lower case, with everything but letters and digits as `_`.
fn clean(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let mapped: String = lower
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || c == ':' {
                c
            } else {
                '_'
            }
        })
        .collect();
    mapped.replace(':', "_").trim_matches('_').to_owned()
}

fn read_sensors(
    dir: &Path,
    chip: &str,
    found: &mut Found,
    labels: &mut Vec<(String, String, String)>,
) {
    for file in names_in(dir) {
        let Some((kind, number, property)) = split(&file) else {
            continue;
        };
        let sensor = format!("{kind}{number}");
        let Some(text) = attribute(&dir.join(&file)) else {
            continue;
        };
        if property == "label" {
            labels.push((chip.to_owned(), sensor, text));
            continue;
        }
        let Some(value) = parse_number(&text) else {
            continue;
        };
        let Some((name, value)) = family(kind, property, value) else {
            continue;
        };
        let metric_type = if name.ends_with("_total") {
            Counter
        } else {
            Gauge
        };
        let samples = &mut found
            .entry(name)
            .or_insert_with(|| (metric_type, Vec::new()))
            .1;
        if !samples.iter().any(|(c, s, _)| c == chip && *s == sensor) {
            samples.push((chip.to_owned(), sensor, value));
        }
    }
}

/// `temp1_crit` is (`temp`, `1`, `crit`); `pwm1` is (`pwm`, `1`, empty).
fn split(file: &str) -> Option<(&str, &str, &str)> {
    let (sensor, property) = file.split_once('_').unwrap_or((file, ""));
    let digits = sensor.find(|c: char| c.is_ascii_digit())?;
    let (kind, number) = sensor.split_at(digits);
    let known = kind == "pwm" || KINDS.iter().any(|k| k.0 == kind);
    (known && number.bytes().all(|b| b.is_ascii_digit())).then_some((kind, number, property))
}

/// The family of a sensor's property, and the value in its unit.
fn family(kind: &str, property: &str, value: f64) -> Option<(String, f64)> {
    if kind == "pwm" {
        return property
            .is_empty()
            .then(|| ("node_hwmon_pwm".to_owned(), value));
    }
    let &(_, unit, divisor) = KINDS.iter().find(|k| k.0 == kind)?;
    if STATES.contains(&property) || property.ends_with("_alarm") {
        return Some((format!("node_hwmon_{kind}_{property}"), value));
    }
    let value = value / divisor;
    Some(match (kind, property) {
        ("energy", "input") => ("node_hwmon_energy_joule_total".into(), value),
        (_, "input" | "") => (format!("node_hwmon_{kind}{unit}"), value),
        (_, property) => (format!("node_hwmon_{kind}_{property}{unit}"), value),
    })
}

fn write(
    found: &Found,
    chips: &[(String, String)],
    labels: &[(String, String, String)],
    out: &mut Families<'_>,
) {
    for (name, (kind, samples)) in found {
        let help = format!(
            "Hardware monitor: {}.",
            name["node_hwmon_".len()..].replace('_', " ")
        );
        let mut family = out.family(name, *kind, &help);
        for (chip, sensor, value) in samples {
            family.sample(&[("chip", chip), ("sensor", sensor)], *value);
        }
    }
    if !chips.is_empty() {
        let help = "Name of a monitoring chip; the value is always 1.";
        let mut family = out.family("node_hwmon_chip_names", Gauge, help);
        for (chip, name) in chips {
            family.sample(&[("chip", chip), ("chip_name", name)], 1.0);
        }
    }
    if !labels.is_empty() {
        let help = "Label of a sensor; the value is always 1.";
        let mut family = out.family("node_hwmon_sensor_label", Gauge, help);
        for (chip, sensor, label) in labels {
            family.sample(&[("chip", chip), ("label", label), ("sensor", sensor)], 1.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_of_sensors() {
        let check = |file: &str, raw: f64, want: Option<(&str, f64)>| {
            let got = split(file).and_then(|(kind, _, property)| family(kind, property, raw));
            assert_eq!(got.as_ref().map(|(n, v)| (n.as_str(), *v)), want, "{file}");
        };
        check(
            "temp1_input",
            45_500.0,
            Some(("node_hwmon_temp_celsius", 45.5)),
        );
        check(
            "temp12_crit",
            100_000.0,
            Some(("node_hwmon_temp_crit_celsius", 100.0)),
        );
        check(
            "temp1_crit_alarm",
            1.0,
            Some(("node_hwmon_temp_crit_alarm", 1.0)),
        );
        check("fan2_input", 900.0, Some(("node_hwmon_fan_rpm", 900.0)));
        check("in0_min", 1_200.0, Some(("node_hwmon_in_min_volts", 1.2)));
        check("pwm1", 128.0, Some(("node_hwmon_pwm", 128.0)));
        check("uevent", 0.0, None);
        check("name", 0.0, None);
    }
}
