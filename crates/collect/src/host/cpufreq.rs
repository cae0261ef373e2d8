//! Frequencies and governors of the CPUs (`cpufreq`).

use std::path::PathBuf;

use binnacle_model::metadata::MetricType;

use super::families::Families;
use super::roots::{Roots, attribute, names_in, number};
use super::{Collect, HostError};

/// Attribute (in kHz), family, help.
const FREQUENCIES: [(&str, &str, &str); 6] = [
    (
        "cpuinfo_cur_freq",
        "node_cpu_frequency_hertz",
        "Current frequency of the CPU.",
    ),
    (
        "cpuinfo_max_freq",
        "node_cpu_frequency_max_hertz",
        "Highest frequency of the CPU.",
    ),
    (
        "cpuinfo_min_freq",
        "node_cpu_frequency_min_hertz",
        "Lowest frequency of the CPU.",
    ),
    (
        "scaling_cur_freq",
        "node_cpu_scaling_frequency_hertz",
        "Current scaled frequency of the CPU.",
    ),
    (
        "scaling_max_freq",
        "node_cpu_scaling_frequency_max_hertz",
        "Highest scaled frequency of the CPU.",
    ),
    (
        "scaling_min_freq",
        "node_cpu_scaling_frequency_min_hertz",
        "Lowest scaled frequency of the CPU.",
    ),
];

pub(super) struct CpuFreq(PathBuf);

impl CpuFreq {
    pub(super) fn new(roots: &Roots) -> Self {
        Self(roots.sys_path("devices/system/cpu"))
    }
}

impl Collect for CpuFreq {
    fn collect(&mut self, out: &mut Families<'_>) -> Result<(), HostError> {
        let cpus: Vec<(String, PathBuf)> = names_in(&self.0)
            .into_iter()
            .filter_map(|n| {
                Some((
                    n.strip_prefix("cpu")?.to_owned(),
                    self.0.join(&n).join("cpufreq"),
                ))
            })
            .filter(|(n, path)| n.parse::<u32>().is_ok() && path.is_dir())
            .collect();
        for (file, name, help) in FREQUENCIES {
            let values: Vec<(&str, f64)> = cpus
                .iter()
                .filter_map(|(cpu, path)| Some((cpu.as_str(), number(&path.join(file))?)))
                .collect();
            if values.is_empty() {
                continue;
            }
            let mut family = out.family(name, MetricType::Gauge, help);
            for (cpu, kilohertz) in values {
                family.sample(&[("cpu", cpu)], kilohertz * 1000.0);
            }
        }
        write_governors(&cpus, out);
        Ok(())
    }
}

fn write_governors(cpus: &[(String, PathBuf)], out: &mut Families<'_>) {
    let governors: Vec<(&str, String, String)> = cpus
        .iter()
        .filter_map(|(cpu, path)| {
            let current = attribute(&path.join("scaling_governor"))?;
            let all = attribute(&path.join("scaling_available_governors"))?;
            Some((cpu.as_str(), current, all))
        })
        .collect();
    if governors.is_empty() {
        return;
    }
    let mut family = out.family(
        "node_cpu_scaling_governor",
        MetricType::Gauge,
        "Which governor scales the CPU's frequency: 1 for the one in use.",
    );
    for (cpu, current, all) in &governors {
        for governor in all.split_ascii_whitespace() {
            let value = f64::from(u8::from(governor == current));
            family.sample(&[("cpu", cpu), ("governor", governor)], value);
        }
    }
}
