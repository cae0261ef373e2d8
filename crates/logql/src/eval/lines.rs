//! Log queries: the newest or the oldest lines.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BinaryHeap, HashMap};
use std::sync::Arc;

use binnacle_model::event::logs::{Direction, LogEntry, LogStream, LogsTime};
use binnacle_model::event::select::{Fields, Lines, Wanted};
use binnacle_model::event::{LogLabels, Rows, SelectEvents};
use binnacle_model::limits::Meter;

use super::EvalError;
use super::rows::{Scan, Scanned};
use crate::ast::LogExpr;
use crate::stage::RowLabels;

/// A line that may be among those asked for. The greatest is the first to go.
struct Kept {
    /// Time, negative when the newest come first.
    rank: i64,
    order: u64,
    labels: LogLabels,
    entry: LogEntry,
}

impl PartialEq for Kept {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Kept {}

impl PartialOrd for Kept {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Kept {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.rank, self.order).cmp(&(other.rank, other.order))
    }
}

pub(super) fn evaluate(
    log: &LogExpr,
    time: LogsTime,
    limit: usize,
    direction: Direction,
    events: &dyn SelectEvents,
    meter: &Arc<Meter>,
    scanned: &Scanned,
) -> Result<Vec<LogStream>, EvalError> {
    let (start_ns, end_ns, interval_ns) = match time {
        LogsTime::Range {
            start_ns,
            end_ns,
            interval_ns,
            ..
        } => (start_ns, end_ns, interval_ns),
        LogsTime::Instant { at_ns } => (i64::MIN, at_ns.saturating_add(1), 0),
    };
    let wanted = Wanted {
        lines: Lines::All,
        fields: Fields::All,
        ..Wanted::default()
    };
    let scan = Scan::new(log, start_ns, end_ns, wanted, events, meter)?;
    let backward = direction == Direction::Backward;
    let mut units: Vec<usize> = (0..scan.set.units().len()).collect();
    let known = scan.set.units();
    if backward {
        units.sort_by_key(|u| std::cmp::Reverse(known[*u].max_ns));
    } else {
        units.sort_by_key(|u| known[*u].min_ns);
    }
    // With an interval it shows only at the end which lines are left.
    let room = if interval_ns > 0 { usize::MAX } else { limit };
    let mut kept: BinaryHeap<Kept> = BinaryHeap::new();
    let mut rows = Rows::default();
    let mut labels = RowLabels::default();
    let mut order = 0;
    for unit in units {
        let best = if backward {
            !known[unit].max_ns
        } else {
            known[unit].min_ns
        };
        if kept.len() >= room && kept.peek().is_some_and(|worst| best > worst.rank) {
            break;
        }
        meter.check()?;
        scan.set.read(unit, start_ns, end_ns, &mut rows)?;
        scanned.add(&rows);
        for row in 0..rows.len() {
            let t_ns = rows.times_ns[row];
            let rank = if backward { !t_ns } else { t_ns };
            order += 1;
            if kept.len() >= room && kept.peek().is_some_and(|worst| rank >= worst.rank) {
                continue;
            }
            scan.begin(&rows, row, &mut labels);
            let line = rows.lines.get(row);
            let Some(line) = scan.pipeline.run(t_ns, line, &mut labels) else {
                continue;
            };
            meter.hold_bytes(line.len() as u64 + 256)?;
            kept.push(Kept {
                rank,
                order,
                labels: labels.merged(),
                entry: LogEntry {
                    t_ns,
                    line: line.into_owned(),
                    structured_metadata: labels.metadata(),
                    parsed: labels.parsed(),
                },
            });
            if kept.len() > room {
                kept.pop();
            }
        }
    }
    let mut found = kept.into_sorted_vec();
    if interval_ns > 0 {
        thin_out(&mut found, interval_ns);
        found.truncate(limit);
    }
    let mut streams: BTreeMap<LogLabels, Vec<LogEntry>> = BTreeMap::new();
    for one in found {
        streams.entry(one.labels).or_default().push(one.entry);
    }
    Ok(streams
        .into_iter()
        .map(|(labels, entries)| LogStream { labels, entries })
        .collect())
}

/// Keeps at most one line of a stream in each interval.
fn thin_out(found: &mut Vec<Kept>, interval_ns: i64) {
    let mut last: HashMap<LogLabels, i64> = HashMap::new();
    found.retain(|one| {
        let is_due = last
            .get(&one.labels)
            .is_none_or(|before| one.rank.saturating_sub(*before) >= interval_ns);
        if is_due {
            last.insert(one.labels.clone(), one.rank);
        }
        is_due
    });
}
