//! What a group of processes uses, and its families.

use std::path::Path;

use binnacle_model::metadata::MetricType::{self, Counter, Gauge};

use super::read_into;
use super::stat::Stat;
use crate::host::families::Families;

/// Weight of the newest round in a group's recent use of CPU.
const RECENT: f64 = 0.2;

/// One group. Counters go on for as long as the group is remembered.
#[derive(Debug, Default)]
pub(super) struct Group {
    pub(super) told: bool,
    pub(super) processes: u32,
    pub(super) resident: f64,
    /// CPU seconds a round, smoothed, without this round.
    cpu_recent: f64,
    cpu_round: f64,
    virtual_bytes: f64,
    threads: u64,
    start_ticks_min: u64,
    cpu_user: f64,
    cpu_system: f64,
    minor_faults: u64,
    major_faults: u64,
    swapped: f64,
    files: u64,
    read_bytes: u64,
    write_bytes: u64,
}

/// What costs a file each to know.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Costly {
    read_bytes: u64,
    write_bytes: u64,
    files: u64,
    swapped_bytes: u64,
}

impl Group {
    /// Forgets what is counted anew in each round.
    pub(super) fn begin_round(&mut self) {
        self.cpu_recent += (self.cpu_round - self.cpu_recent) * RECENT;
        self.cpu_round = 0.0;
        self.processes = 0;
        self.resident = 0.0;
        self.virtual_bytes = 0.0;
        self.threads = 0;
        self.start_ticks_min = 0;
        self.swapped = 0.0;
        self.files = 0;
    }

    /// How much CPU the group uses, for comparing it with others.
    pub(super) fn cpu_use(&self) -> f64 {
        self.cpu_recent + self.cpu_round
    }

    /// In the first round all that processes used since they started is counted:
    /// good enough for choosing once, but it is not recent.
    pub(super) fn forget_past(&mut self) {
        self.cpu_round = 0.0;
    }

    /// Counts one process; `before` is what it had in an earlier round.
    pub(super) fn add(
        &mut self,
        now: &Stat,
        before: Option<&Stat>,
        ticks_per_second: f64,
        page_bytes: f64,
    ) {
        let added = |of: fn(&Stat) -> u64| of(now).saturating_sub(before.map_or(0, of));
        let user = added(|s| s.user_ticks) as f64 / ticks_per_second;
        let system = added(|s| s.system_ticks) as f64 / ticks_per_second;
        self.cpu_user += user;
        self.cpu_system += system;
        self.cpu_round += user + system;
        self.minor_faults += added(|s| s.minor_faults);
        self.major_faults += added(|s| s.major_faults);
        self.processes += 1;
        self.threads += now.threads;
        self.resident += now.resident_pages as f64 * page_bytes;
        self.virtual_bytes += now.virtual_bytes as f64;
        self.start_ticks_min = match self.start_ticks_min {
            0 => now.start_ticks,
            oldest => oldest.min(now.start_ticks),
        };
    }

    /// Counts what was read of one process at a cost.
    pub(super) fn add_costly(&mut self, now: &Costly, before: Option<&Costly>) {
        let added = |of: fn(&Costly) -> u64| of(now).saturating_sub(before.map_or(0, of));
        self.read_bytes += added(|c| c.read_bytes);
        self.write_bytes += added(|c| c.write_bytes);
        self.files += now.files;
        self.swapped += now.swapped_bytes as f64;
    }
}

impl Costly {
    /// Reads what this process lets us read; the rest is 0.
    pub(super) fn read(dir: &Path, buf: &mut Vec<u8>) -> Self {
        let mut costly = Self::default();
        if read_into(&dir.join("io"), buf).is_ok() {
            let text = String::from_utf8_lossy(buf);
            costly.read_bytes = value_after(&text, "read_bytes:");
            costly.write_bytes = value_after(&text, "write_bytes:");
        }
        if read_into(&dir.join("status"), buf).is_ok() {
            costly.swapped_bytes = value_after(&String::from_utf8_lossy(buf), "VmSwap:") * 1024;
        }
        costly.files = count_files(&dir.join("fd"));
        costly
    }
}

fn count_files(dir: &Path) -> u64 {
    // Kernels since 6.2 tell the number of open files as the directory's size.
    match std::fs::metadata(dir) {
        Ok(metadata) if metadata.len() > 0 => metadata.len(),
        Ok(_) => std::fs::read_dir(dir).map_or(0, |entries| entries.count() as u64),
        Err(_) => 0,
    }
}

/// The number behind a line's key, or 0.
fn value_after(text: &str, key: &str) -> u64 {
    text.lines()
        .find_map(|l| l.strip_prefix(key))
        .and_then(|rest| rest.split_ascii_whitespace().next()?.parse().ok())
        .unwrap_or(0)
}

/// Labels besides `groupname`, and the value.
type Told = (&'static [(&'static str, &'static str)], fn(&Group) -> f64);

/// Family without its prefix, type, help, samples.
const FAMILIES: [(&str, MetricType, &str, &[Told]); 10] = [
    (
        "cpu_seconds_total",
        Counter,
        "CPU seconds that the group used.",
        &[
            (&[("mode", "system")], |g| g.cpu_system),
            (&[("mode", "user")], |g| g.cpu_user),
        ],
    ),
    (
        "major_page_faults_total",
        Counter,
        "Major page faults.",
        &[(&[], |g| g.major_faults as f64)],
    ),
    (
        "memory_bytes",
        Gauge,
        "Memory in use.",
        &[
            (&[("memtype", "resident")], |g| g.resident),
            (&[("memtype", "swapped")], |g| g.swapped),
            (&[("memtype", "virtual")], |g| g.virtual_bytes),
        ],
    ),
    (
        "minor_page_faults_total",
        Counter,
        "Minor page faults.",
        &[(&[], |g| g.minor_faults as f64)],
    ),
    (
        "num_procs",
        Gauge,
        "Processes in the group.",
        &[(&[], |g| f64::from(g.processes))],
    ),
    (
        "num_threads",
        Gauge,
        "Threads in the group.",
        &[(&[], |g| g.threads as f64)],
    ),
    (
        "open_filedesc",
        Gauge,
        "Open files.",
        &[(&[], |g| g.files as f64)],
    ),
    (
        "read_bytes_total",
        Counter,
        "Bytes read from storage.",
        &[(&[], |g| g.read_bytes as f64)],
    ),
    (
        "write_bytes_total",
        Counter,
        "Bytes written to storage.",
        &[(&[], |g| g.write_bytes as f64)],
    ),
    (
        "oldest_start_time_seconds",
        Gauge,
        "When the oldest process of the group started, in seconds since the Unix epoch.",
        &[],
    ),
];

/// Writes the families of the groups that are told.
pub(super) fn write(
    groups: &[(&str, &Group)],
    boot_seconds: f64,
    ticks_per_second: f64,
    out: &mut Families<'_>,
) {
    for (suffix, kind, help, samples) in FAMILIES {
        let name = format!("namedprocess_namegroup_{suffix}");
        let mut family = out.family(&name, kind, help);
        for &(group, g) in groups {
            for (labels, value) in samples {
                match labels {
                    [extra] => family.sample(&[("groupname", group), *extra], value(g)),
                    _ => family.sample(&[("groupname", group)], value(g)),
                }
            }
            if samples.is_empty() && g.processes > 0 {
                let start = boot_seconds + g.start_ticks_min as f64 / ticks_per_second;
                family.sample(&[("groupname", group)], start);
            }
        }
    }
}
