//! Seconds that each CPU spent in each mode (`/proc/stat`), throttling
//! (`thermal_throttle`), and which CPUs are online.

use std::collections::BTreeMap;
use std::path::PathBuf;

use binnacle_model::metadata::MetricType;

use super::families::Families;
use super::roots::{Held, Roots, names_in, number};
use super::{Collect, HostError};

/// Modes in the order of `/proc/stat`, with the two guest columns at the end.
const MODES: [&str; 8] = [
    "user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal",
];
const COLUMNS: usize = 10;
const IDLE: usize = 3;

/// An idle time that goes back by more than this (in seconds) is a CPU that was
/// taken out and came back, and not a rounding of the kernel.
const RESET_SECONDS: f64 = 3.0;

pub(super) struct Cpu {
    stat: Held,
    devices: PathBuf,
    /// The kernel's counters of idle and I/O wait can go back by a little; a
    /// counter in an exposition must not, or a rate sees a reset.
    last: BTreeMap<u32, [f64; COLUMNS]>,
    ticks_per_second: f64,
}

impl Cpu {
    pub(super) fn new(roots: &Roots) -> Self {
        Self {
            stat: roots.proc_file("stat"),
            devices: roots.sys_path("devices/system/cpu"),
            last: BTreeMap::new(),
            ticks_per_second: ticks_per_second(),
        }
    }

    fn update(&mut self) -> Result<(), HostError> {
        let mut seen = Vec::new();
        for line in self.stat.read()?.lines() {
            let mut fields = line.split_ascii_whitespace();
            let Some(cpu) = fields.next().and_then(|f| f.strip_prefix("cpu")) else {
                continue;
            };
            let Ok(cpu) = cpu.parse::<u32>() else {
                continue;
            };
            let mut now = [0f64; COLUMNS];
            for (slot, field) in now.iter_mut().zip(fields) {
                *slot = field.parse::<u64>().unwrap_or(0) as f64 / self.ticks_per_second;
            }
            let last = self.last.entry(cpu).or_insert(now);
            *last = not_backwards(last, &now);
            seen.push(cpu);
        }
        self.last.retain(|cpu, _| seen.contains(cpu));
        if self.last.is_empty() {
            return Err(HostError::bad(self.stat.path(), "no CPU"));
        }
        Ok(())
    }

    fn write_throttles(&self, out: &mut Families<'_>) {
        let cpus: Vec<(String, PathBuf)> = names_in(&self.devices)
            .into_iter()
            .filter_map(|n| {
                let number = n.strip_prefix("cpu")?;
                number
                    .bytes()
                    .all(|b| b.is_ascii_digit())
                    .then(|| number.to_owned())
            })
            .filter(|n| !n.is_empty())
            .map(|n| (n.clone(), self.devices.join(format!("cpu{n}"))))
            .collect();
        self.write_online(&cpus, out);
        let mut cores = BTreeMap::new();
        let mut packages = BTreeMap::new();
        for (_, path) in &cpus {
            let throttle = path.join("thermal_throttle");
            let Some(core_count) = number(&throttle.join("core_throttle_count")) else {
                continue;
            };
            let id = |name: &str| number(&path.join("topology").join(name)).map(|v| v.to_string());
            let (Some(package), Some(core)) = (id("physical_package_id"), id("core_id")) else {
                continue;
            };
            if let Some(count) = number(&throttle.join("package_throttle_count")) {
                packages.entry(package.clone()).or_insert(count);
            }
            cores.entry((package, core)).or_insert(core_count);
        }
        if !cores.is_empty() {
            let mut family = out.family(
                "node_cpu_core_throttles_total",
                MetricType::Counter,
                "How often this core was slowed down to protect it from heat.",
            );
            for ((package, core), count) in &cores {
                family.sample(&[("core", core), ("package", package)], *count);
            }
        }
        if !packages.is_empty() {
            let mut family = out.family(
                "node_cpu_package_throttles_total",
                MetricType::Counter,
                "How often this package was slowed down to protect it from heat.",
            );
            for (package, count) in &packages {
                family.sample(&[("package", package)], *count);
            }
        }
    }

    fn write_online(&self, cpus: &[(String, PathBuf)], out: &mut Families<'_>) {
        // CPU 0 cannot be taken out on most machines and then has no such file.
        let online: Vec<(&str, f64)> = cpus
            .iter()
            .filter_map(|(cpu, path)| {
                let in_use = cpu.parse().is_ok_and(|n: u32| self.last.contains_key(&n));
                let value = number(&path.join("online")).or(in_use.then_some(1.0))?;
                Some((cpu.as_str(), value))
            })
            .collect();
        if online.is_empty() {
            return;
        }
        let mut family = out.family(
            "node_cpu_online",
            MetricType::Gauge,
            "Whether a CPU is online.",
        );
        for (cpu, value) in online {
            family.sample(&[("cpu", cpu)], value);
        }
    }
}

impl Collect for Cpu {
    fn collect(&mut self, out: &mut Families<'_>) -> Result<(), HostError> {
        self.update()?;
        let names: Vec<(String, &[f64; COLUMNS])> = self
            .last
            .iter()
            .map(|(cpu, seconds)| (cpu.to_string(), seconds))
            .collect();
        let mut family = out.family(
            "node_cpu_guest_seconds_total",
            MetricType::Counter,
            "Seconds that the CPUs spent in guests (virtual machines) for each mode.",
        );
        for (cpu, seconds) in &names {
            family.sample(&[("cpu", cpu), ("mode", "nice")], seconds[9]);
            family.sample(&[("cpu", cpu), ("mode", "user")], seconds[8]);
        }
        let mut family = out.family(
            "node_cpu_seconds_total",
            MetricType::Counter,
            "Seconds that the CPUs spent in each mode.",
        );
        for (cpu, seconds) in &names {
            for (mode, value) in MODES.iter().zip(seconds.iter()) {
                family.sample(&[("cpu", cpu), ("mode", mode)], *value);
            }
        }
        self.write_throttles(out);
        Ok(())
    }
}

fn not_backwards(last: &[f64; COLUMNS], now: &[f64; COLUMNS]) -> [f64; COLUMNS] {
    if last[IDLE] - now[IDLE] >= RESET_SECONDS {
        return *now;
    }
    std::array::from_fn(|i| last[i].max(now[i]))
}

/// Ticks per second of the times in `/proc` (`USER_HZ`).
pub(super) fn ticks_per_second() -> f64 {
    // SAFETY: sysconf only reads its argument.
    let ticks = unsafe { libc::sysconf(libc::_SC_CLK_TCK) };
    if ticks > 0 { ticks as f64 } else { 100.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_steps_back_are_held_and_large_ones_are_resets() {
        let mut last = [10.0; COLUMNS];
        let mut now = last;
        now[IDLE] = 9.9;
        now[0] = 11.0;
        assert_eq!(not_backwards(&last, &now)[IDLE], 10.0);
        assert_eq!(not_backwards(&last, &now)[0], 11.0);
        last[IDLE] = 100.0;
        assert_eq!(not_backwards(&last, &now), now);
    }
}
