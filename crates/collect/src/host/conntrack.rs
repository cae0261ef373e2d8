//! Connection tracking: entries, their limit, and what was dropped
//! (`/proc/sys/net/netfilter`, `/proc/net/stat/nf_conntrack`).

use super::families::Families;
use super::roots::{Held, Roots};
use super::{Collect, HostError};

/// Column of `/proc/net/stat/nf_conntrack`, name of the family, its help.
const STATS: [(&str, &str, &str); 8] = [
    (
        "drop",
        "node_nf_conntrack_stat_drop",
        "Packets dropped because tracking failed.",
    ),
    (
        "early_drop",
        "node_nf_conntrack_stat_early_drop",
        "Entries dropped to make room for new ones.",
    ),
    (
        "found",
        "node_nf_conntrack_stat_found",
        "Searches that found an entry.",
    ),
    (
        "ignore",
        "node_nf_conntrack_stat_ignore",
        "Packets that belong to a tracked connection already.",
    ),
    (
        "insert",
        "node_nf_conntrack_stat_insert",
        "Entries inserted into the list.",
    ),
    (
        "insert_failed",
        "node_nf_conntrack_stat_insert_failed",
        "Entries that could not be inserted.",
    ),
    (
        "invalid",
        "node_nf_conntrack_stat_invalid",
        "Packets that cannot be tracked.",
    ),
    (
        "search_restart",
        "node_nf_conntrack_stat_search_restart",
        "Searches that began anew because the table was resized.",
    ),
];

pub(super) struct Conntrack {
    count: Held,
    max: Held,
    stat: Held,
}

impl Conntrack {
    pub(super) fn new(roots: &Roots) -> Self {
        Self {
            count: roots.proc_file("sys/net/netfilter/nf_conntrack_count"),
            max: roots.proc_file("sys/net/netfilter/nf_conntrack_max"),
            stat: roots.proc_file("net/stat/nf_conntrack"),
        }
    }
}

impl Collect for Conntrack {
    fn collect(&mut self, out: &mut Families<'_>) -> Result<(), HostError> {
        let count = single(&mut self.count)?;
        let max = single(&mut self.max)?;
        out.gauge(
            "node_nf_conntrack_entries",
            "Entries of connection tracking.",
            count,
        );
        out.gauge(
            "node_nf_conntrack_entries_limit",
            "Most entries of connection tracking.",
            max,
        );
        let mut lines = self.stat.read()?.lines();
        // One column per counter, one row per CPU, hexadecimal. Newer kernels write
        // `clashres` where older ones wrote `searched`; only names are relied on.
        let header: Vec<&str> = lines
            .next()
            .unwrap_or_default()
            .split_ascii_whitespace()
            .collect();
        let mut sums = [0u64; STATS.len()];
        for line in lines {
            for (name, field) in header.iter().zip(line.split_ascii_whitespace()) {
                if let Some(i) = STATS.iter().position(|(column, ..)| column == name) {
                    sums[i] += u64::from_str_radix(field, 16).unwrap_or(0);
                }
            }
        }
        for ((_, name, help), sum) in STATS.iter().zip(sums) {
            out.gauge(name, help, sum as f64);
        }
        Ok(())
    }
}

/// The one number in a file.
pub(super) fn single(file: &mut Held) -> Result<f64, HostError> {
    let value = file.read()?.trim().parse();
    value.map_err(|_| HostError::bad(file.path(), "something that is not a number"))
}
