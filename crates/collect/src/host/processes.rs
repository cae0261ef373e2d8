//! The groups of processes that use most, under the names of process-exporter.
//!
//! A group is all processes with the same name (`comm`). A scrape reads one file
//! for each process (`/proc/<pid>/stat`), picks the groups that use most CPU or
//! memory, and reads the costly files (I/O, open files, swap) for those alone.
//! Which groups are told changes slowly: one that is told must be passed by a
//! good margin before another takes its place.
//!
//! Counters are sums of what each process added since it was last seen, so they go
//! on when a process ends, and a group that comes back goes on where it was.
//! Kernel threads are not told.

mod group;
mod stat;

use std::collections::HashMap;
use std::fs;
use std::path::PathBuf;

use self::group::{Costly, Group};
use self::stat::{Stat, parse_stat};
use super::cpu::ticks_per_second;
use super::families::Families;
use super::roots::{Held, Roots};
use super::sockstat::page_bytes;
use super::{Collect, HostError, HostSettings};

/// Groups that are remembered, at most; the least used are forgotten first.
const GROUPS_MAX: usize = 2_000;
/// How much more another group must use to take the place of one that is told.
const MARGIN: f64 = 1.5;

pub(super) struct Processes {
    proc: PathBuf,
    boot: Held,
    told_max: usize,
    ticks_per_second: f64,
    page_bytes: f64,
    boot_seconds: f64,
    seen: HashMap<u32, Seen>,
    groups: HashMap<String, Group>,
    round: u64,
    buf: Vec<u8>,
}

/// What a process had when it was last seen.
struct Seen {
    start_ticks: u64,
    group: String,
    stat: Stat,
    costly: Option<Costly>,
    round: u64,
}

impl Processes {
    pub(super) fn new(roots: &Roots, settings: &HostSettings) -> Self {
        Self {
            proc: roots.proc.clone(),
            boot: roots.proc_file("stat"),
            told_max: settings.process_groups_max,
            ticks_per_second: ticks_per_second(),
            page_bytes: page_bytes(),
            boot_seconds: 0.0,
            seen: HashMap::new(),
            groups: HashMap::new(),
            round: 0,
            buf: Vec::new(),
        }
    }

    /// Looks at every process once.
    fn look(&mut self) -> Result<(), HostError> {
        self.round += 1;
        for group in self.groups.values_mut() {
            group.begin_round();
        }
        let entries = fs::read_dir(&self.proc).map_err(|e| HostError::io(&self.proc, e))?;
        for entry in entries.flatten() {
            let name = entry.file_name();
            let Some(pid) = name.to_str().and_then(|n| n.parse::<u32>().ok()) else {
                continue;
            };
            // A process may end at any moment; then it is not told.
            if read_into(&self.proc.join(&name).join("stat"), &mut self.buf).is_err() {
                continue;
            }
            let text = String::from_utf8_lossy(&self.buf);
            let Some((comm, stat)) = parse_stat(&text) else {
                continue;
            };
            // Kernel threads have no memory of their own.
            if stat.virtual_bytes == 0 {
                continue;
            }
            let comm = comm.to_owned();
            self.count(pid, &comm, stat);
        }
        let round = self.round;
        self.seen.retain(|_, seen| seen.round == round);
        Ok(())
    }

    fn count(&mut self, pid: u32, comm: &str, stat: Stat) {
        let round = self.round;
        if !self.groups.contains_key(comm) {
            self.groups.insert(comm.to_owned(), Group::default());
        }
        let Some(group) = self.groups.get_mut(comm) else {
            return;
        };
        let before = self
            .seen
            .get(&pid)
            .filter(|s| s.start_ticks == stat.start_ticks);
        group.add(
            &stat,
            before.map(|s| &s.stat),
            self.ticks_per_second,
            self.page_bytes,
        );
        let costly = before.and_then(|s| s.costly);
        self.seen.insert(
            pid,
            Seen {
                start_ticks: stat.start_ticks,
                group: comm.to_owned(),
                stat,
                costly,
                round,
            },
        );
    }

    /// Marks the groups that are told from now on.
    fn choose(&mut self) {
        let cpu: f64 = self
            .groups
            .values()
            .map(Group::cpu_use)
            .sum::<f64>()
            .max(1e-9);
        let memory: f64 = self
            .groups
            .values()
            .map(|g| g.resident)
            .sum::<f64>()
            .max(1.0);
        let mut scores: Vec<(f64, String)> = self
            .groups
            .iter()
            .filter(|(_, g)| g.processes > 0 || g.told)
            .map(|(name, g)| {
                let use_of = (g.cpu_use() / cpu).max(g.resident / memory);
                (use_of * if g.told { MARGIN } else { 1.0 }, name.clone())
            })
            .collect();
        scores.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
        for group in self.groups.values_mut() {
            group.told = false;
            if self.round == 1 {
                group.forget_past();
            }
        }
        for (_, name) in scores.iter().take(self.told_max) {
            if let Some(group) = self.groups.get_mut(name) {
                group.told = true;
            }
        }
        self.forget();
    }

    /// Keeps the number of remembered groups bounded: names can be anything.
    fn forget(&mut self) {
        if self.groups.len() <= GROUPS_MAX {
            return;
        }
        self.groups.retain(|_, g| g.told || g.processes > 0);
    }

    /// Reads the costly files of the chosen groups' processes.
    fn look_closer(&mut self) {
        for (pid, seen) in &mut self.seen {
            let Some(group) = self.groups.get_mut(&seen.group).filter(|g| g.told) else {
                continue;
            };
            let dir = self.proc.join(pid.to_string());
            let now = Costly::read(&dir, &mut self.buf);
            group.add_costly(&now, seen.costly.as_ref());
            seen.costly = Some(now);
        }
    }
}

impl Collect for Processes {
    fn collect(&mut self, out: &mut Families<'_>) -> Result<(), HostError> {
        if self.boot_seconds == 0.0 {
            let text = self.boot.read()?;
            let line = text.lines().find_map(|l| l.strip_prefix("btime "));
            self.boot_seconds = line.and_then(|l| l.trim().parse().ok()).unwrap_or(0.0);
        }
        self.look()?;
        self.choose();
        self.look_closer();
        let mut told: Vec<(&str, &Group)> = self
            .groups
            .iter()
            .filter(|(_, g)| g.told)
            .map(|(n, g)| (n.as_str(), g))
            .collect();
        told.sort_unstable_by_key(|(name, _)| *name);
        group::write(&told, self.boot_seconds, self.ticks_per_second, out);
        Ok(())
    }
}

/// Reads a small file into a buffer that is used again.
fn read_into(path: &std::path::Path, buf: &mut Vec<u8>) -> std::io::Result<()> {
    use std::io::Read as _;
    buf.clear();
    // Such files tell no size; room for one page saves asking again.
    buf.reserve(4096);
    fs::File::open(path)?.read_to_end(buf)?;
    Ok(())
}
