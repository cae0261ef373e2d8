//! `process_*`: CPU, memory, file descriptors, from `/proc/self`.

use std::fs;
use std::sync::LazyLock;

use super::Families;

/// Facts that do not change while the process lives.
struct Fixed {
    ticks_per_second: f64,
    page_bytes: f64,
    boot_seconds: f64,
}

static FIXED: LazyLock<Fixed> = LazyLock::new(|| {
    // SAFETY: sysconf reads a constant of the system and touches no memory of ours.
    let (ticks, page) = unsafe {
        (
            libc::sysconf(libc::_SC_CLK_TCK),
            libc::sysconf(libc::_SC_PAGESIZE),
        )
    };
    let stat = fs::read_to_string("/proc/stat").unwrap_or_default();
    let boot = stat
        .lines()
        .find_map(|l| l.strip_prefix("btime ")?.trim().parse().ok());
    Fixed {
        ticks_per_second: ticks.max(1) as f64,
        page_bytes: page.max(1) as f64,
        boot_seconds: boot.unwrap_or(0.0),
    }
});

/// `/proc/self/stat` behind the name: field 3 of proc(5) is number 0 here.
struct Stat(Vec<f64>);

impl Stat {
    fn read() -> Option<Self> {
        let text = fs::read_to_string("/proc/self/stat").ok()?;
        let behind = &text[text.rfind(')')? + 1..];
        Some(Self(
            behind
                .split_whitespace()
                .map(|f| f.parse().unwrap_or(0.0))
                .collect(),
        ))
    }

    /// Field `n` as proc(5) counts them.
    fn field(&self, n: usize) -> f64 {
        self.0.get(n - 3).copied().unwrap_or(0.0)
    }
}

/// Bytes of memory in use.
pub(crate) fn resident_bytes() -> u64 {
    Stat::read().map_or(0, |s| (s.field(24) * FIXED.page_bytes) as u64)
}

/// Threads of the process.
pub(crate) fn threads() -> u64 {
    Stat::read().map_or(0, |s| s.field(20) as u64)
}

pub(super) fn write(families: &mut Families) {
    let Some(stat) = Stat::read() else { return };
    let fixed = &*FIXED;
    families.counter(
        "process_cpu_seconds_total",
        "Total user and system CPU time spent in seconds.",
        (stat.field(14) + stat.field(15)) / fixed.ticks_per_second,
    );
    families.gauge(
        "process_resident_memory_bytes",
        "Resident memory size in bytes.",
        stat.field(24) * fixed.page_bytes,
    );
    families.gauge(
        "process_virtual_memory_bytes",
        "Virtual memory size in bytes.",
        stat.field(23),
    );
    families.gauge(
        "process_start_time_seconds",
        "Start time of the process since unix epoch in seconds.",
        fixed.boot_seconds + stat.field(22) / fixed.ticks_per_second,
    );
    families.gauge(
        "process_threads",
        "Number of threads of the process.",
        stat.field(20),
    );
    if let Ok(entries) = fs::read_dir("/proc/self/fd") {
        families.gauge(
            "process_open_fds",
            "Number of open file descriptors.",
            entries.count() as f64,
        );
    }
    let limits = fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let open_files = limits.lines().find_map(|l| {
        l.strip_prefix("Max open files")?
            .split_whitespace()
            .next()?
            .parse::<f64>()
            .ok()
    });
    if let Some(limit) = open_files {
        families.gauge(
            "process_max_fds",
            "Maximum number of open file descriptors.",
            limit,
        );
    }
}
