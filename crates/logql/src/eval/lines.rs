//! Log queries: the newest or the oldest lines.
//!
//! Units are walked in the order of their times by several threads, each of which keeps
//! the best lines that it has met. As soon as one of them has as many as are asked for, the
//! worst of these is the bar for all, and units behind the bar are not read.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BinaryHeap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering as Memory};

use binnacle_model::event::logs::{Direction, LogEntry, LogStream, LogsTime};
use binnacle_model::event::select::Unit;
use binnacle_model::event::{EventSelection, EventSet, LogLabels, Rows, SelectEvents};
use binnacle_model::limits::Meter;

use super::rows::{Purpose, Scan, Scanned};
use super::{EvalError, EvalOptions, workers};
use crate::ast::LogExpr;
use crate::stage::RowLabels;

/// Rows between two looks at the meter.
const ROWS_UNCHECKED: usize = 4_096;

/// What a line takes beside its bytes, roughly.
const LINE_BYTES: u64 = 256;

/// A line that may be among those asked for. The greatest is the first to go.
struct Kept {
    /// Time, negative when the newest come first.
    rank: i64,
    /// The place of its unit and its row there.
    order: (u32, u32),
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

/// A log query.
pub(super) struct Asked<'a> {
    pub(super) log: &'a LogExpr,
    pub(super) time: LogsTime,
    pub(super) limit: usize,
    pub(super) direction: Direction,
}

impl Asked<'_> {
    pub(super) fn answer(
        &self,
        events: &dyn SelectEvents,
        options: &EvalOptions,
        meter: &Arc<Meter>,
        scanned: &Scanned,
    ) -> Result<Vec<LogStream>, EvalError> {
        let (start_ns, end_ns, interval_ns) = match self.time {
            LogsTime::Range {
                start_ns,
                end_ns,
                interval_ns,
                ..
            } => (start_ns, end_ns, interval_ns),
            LogsTime::Instant { at_ns } => (i64::MIN, at_ns.saturating_add(1), 0),
        };
        let within = (start_ns, end_ns);
        let scan = Scan::new(self.log, Purpose::Lines, within, events, options, meter)?;
        let mut walk = Walk {
            backward: self.direction == Direction::Backward,
            // With an interval it shows only at the end which lines are left.
            room: if interval_ns > 0 {
                usize::MAX
            } else {
                self.limit
            },
            within,
            scan: &scan,
            meter,
            scanned,
            bar: AtomicI64::new(i64::MAX),
            next: AtomicUsize::new(0),
        };
        let mut found = Vec::new();
        if let Some(cut) = walk.cut(self.log, events)? {
            walk.within = cut;
            found = walk.lines(options)?;
        }
        // Rows that the cut was made by may be gone since.
        if found.len() < walk.room {
            walk.within = within;
            walk.bar = AtomicI64::new(i64::MAX);
            walk.next = AtomicUsize::new(0);
            found = walk.lines(options)?;
        }
        found.truncate(walk.room);
        if interval_ns > 0 {
            thin_out(&mut found, interval_ns);
            found.truncate(self.limit);
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
}

/// A walk over units.
struct Walk<'w> {
    scan: &'w Scan,
    within: (i64, i64),
    backward: bool,
    room: usize,
    meter: &'w Arc<Meter>,
    scanned: &'w Scanned,
    /// No line of a greater rank is among those asked for.
    bar: AtomicI64,
    next: AtomicUsize,
}

impl Walk<'_> {
    /// The rank of the best row that a unit may have, and the unit; best first.
    fn in_order(&self, set: &dyn EventSet) -> Vec<(i64, usize)> {
        let best = |unit: &Unit| {
            if self.backward {
                !unit.max_ns
            } else {
                unit.min_ns
            }
        };
        let units = set.units().iter().enumerate();
        let mut units: Vec<(i64, usize)> = units.map(|(at, unit)| (best(unit), at)).collect();
        units.sort_by_key(|(best, _)| *best);
        units
    }

    /// The part of the range that has as many rows as are asked for, by their times alone,
    /// when every row is a line of the answer and there are many more. Then only those
    /// lines are built.
    fn cut(
        &self,
        log: &LogExpr,
        events: &dyn SelectEvents,
    ) -> Result<Option<(i64, i64)>, EvalError> {
        let rows: u64 = self.scan.set.units().iter().map(|u| u.rows).sum();
        let is_whole = !self.scan.has_conditions && self.scan.pipeline.keeps_all();
        if !is_whole || self.room == 0 || (self.room as u64).saturating_mul(4) > rows {
            return Ok(None);
        }
        let (start_ns, end_ns) = self.within;
        let selection = EventSelection {
            matchers: log.matchers.clone(),
            start_ns,
            end_ns,
            ..EventSelection::default()
        };
        let set = events.select(&selection, self.meter)?;
        let mut ranks: BinaryHeap<i64> = BinaryHeap::new();
        let mut rows = Rows::default();
        for (best, unit) in self.in_order(&*set) {
            if ranks.len() >= self.room && ranks.peek().is_some_and(|worst| best > *worst) {
                break;
            }
            self.meter.check()?;
            set.read(unit, start_ns, end_ns, &mut rows)?;
            for t_ns in &rows.times_ns {
                let rank = if self.backward { !t_ns } else { *t_ns };
                if ranks.len() < self.room {
                    ranks.push(rank);
                } else if let Some(mut worst) = ranks.peek_mut()
                    && rank < *worst
                {
                    *worst = rank;
                }
            }
        }
        Ok(ranks.peek().map(|worst| {
            if self.backward {
                (!worst, end_ns)
            } else {
                (start_ns, worst.saturating_add(1))
            }
        }))
    }

    /// The lines, best first; there may be more than there is room for.
    fn lines(&self, options: &EvalOptions) -> Result<Vec<Kept>, EvalError> {
        if self.room == 0 {
            return Ok(Vec::new());
        }
        let units = self.in_order(&*self.scan.set);
        let known = self.scan.set.units();
        // Where every row is a line of the answer, few units are read.
        let mut rows: u64 = known.iter().map(|u| u.rows).sum();
        if !self.scan.has_conditions && self.scan.pipeline.keeps_all() {
            rows = rows.min(self.room as u64);
        }
        let threads = options.threads_for(rows, units.len());
        let found = workers(threads, |_| self.walk(&units))?;
        let mut all: Vec<Kept> = found.into_iter().flatten().collect();
        all.sort_unstable();
        Ok(all)
    }

    fn walk(&self, units: &[(i64, usize)]) -> Result<BinaryHeap<Kept>, EvalError> {
        let mut kept = BinaryHeap::new();
        let mut rows = Rows::default();
        let mut labels = RowLabels::default();
        loop {
            let place = self.next.fetch_add(1, Memory::Relaxed);
            let Some((best, unit)) = units.get(place) else {
                return Ok(kept);
            };
            if *best > self.bar.load(Memory::Relaxed) {
                return Ok(kept);
            }
            self.meter.check()?;
            let (start_ns, end_ns) = self.within;
            self.scan.set.read(*unit, start_ns, end_ns, &mut rows)?;
            self.scanned.add(&rows);
            for row in 0..rows.len() {
                if row % ROWS_UNCHECKED == ROWS_UNCHECKED - 1 {
                    self.meter.check()?;
                }
                self.row(&rows, (place as u32, row as u32), &mut labels, &mut kept)?;
            }
        }
    }

    fn row(
        &self,
        rows: &Rows,
        order: (u32, u32),
        labels: &mut RowLabels,
        kept: &mut BinaryHeap<Kept>,
    ) -> Result<(), EvalError> {
        let row = order.1 as usize;
        let t_ns = rows.times_ns[row];
        let rank = if self.backward { !t_ns } else { t_ns };
        let is_full = kept.len() >= self.room;
        let is_behind = |worst: &Kept| (rank, order) > (worst.rank, worst.order);
        if rank > self.bar.load(Memory::Relaxed) || is_full && kept.peek().is_some_and(is_behind) {
            return Ok(());
        }
        self.scan.begin(rows, row, labels);
        let Some(line) = self.scan.pipeline.run(t_ns, rows.lines.get(row), labels) else {
            return Ok(());
        };
        self.meter.hold_bytes(line.len() as u64 + LINE_BYTES)?;
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
        if is_full && let Some(gone) = kept.pop() {
            self.meter
                .release_bytes(gone.entry.line.len() as u64 + LINE_BYTES);
        }
        if kept.len() >= self.room
            && let Some(worst) = kept.peek()
        {
            self.bar.fetch_min(worst.rank, Memory::Relaxed);
        }
        Ok(())
    }
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
