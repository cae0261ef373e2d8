//! Reading units with several threads, row by row into groups.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use binnacle_model::event::Rows;
use hashbrown::DefaultHashBuilder;

use super::cells::{Cell, Cells};
use super::columns::{Columnar, Outcome, Remembered, UnitColumns};
use super::gather::{Gathers, Point};
use super::grouped::{Grouped, Part};
use super::groups::{AHEAD, GroupId, Groups, Shard};
use super::memo::Memo;
use super::rows::{Scan, has_unknown};
use super::{Context, EvalError, workers};
use crate::ast::RangeAggregation;
use crate::stage::{ERROR, KeyShape, RowLabels, Value};

/// Rows that the pipeline runs between two looks at the meter.
const ROWS_UNCHECKED: usize = 4_096;

/// What the threads share.
pub(super) struct Reading<'r> {
    context: &'r Context<'r>,
    scan: &'r Scan,
    shape: &'r KeyShape,
    value: Option<&'r Value>,
    columnar: Option<Columnar<'r>>,
    /// Whether rows with the same columns share their fate.
    is_by_columns: bool,
    takes_bytes: bool,
    /// Whether the length is that of the line that comes out of the pipeline.
    takes_line: bool,
    cells: &'r Cells,
    within: (i64, i64),
    next: AtomicUsize,
    has_failed: AtomicBool,
}

impl<'r> Reading<'r> {
    pub(super) fn new(
        context: &'r Context<'r>,
        scan: &'r Scan,
        shape: &'r KeyShape,
        value: Option<&'r Value>,
        takes_bytes: bool,
        cells: &'r Cells,
        within: (i64, i64),
    ) -> Self {
        let columnar = Columnar::new(scan, shape, value);
        // Templates may look at the time.
        let is_by_columns =
            columnar.is_none() && scan.extracts.is_some() && !scan.pipeline.has_templates();
        Self {
            context,
            scan,
            shape,
            value,
            columnar,
            is_by_columns,
            takes_bytes,
            takes_line: takes_bytes && scan.pipeline.changes_line(),
            cells,
            within,
            next: AtomicUsize::new(0),
            has_failed: AtomicBool::new(false),
        }
    }

    /// Reads all units; answers the groups with their values.
    pub(super) fn groups<G: Gathers>(
        self,
        aggregation: &RangeAggregation,
        groups_max: usize,
    ) -> Result<Grouped, EvalError> {
        let units = self.scan.set.units();
        let rows = units.iter().map(|u| u.rows).sum();
        let threads = self.context.options.threads_for(rows, units.len());
        let hasher = DefaultHashBuilder::default();
        let read = workers(threads, |_| {
            let mut worker = Worker {
                reading: &self,
                groups: Groups::<G>::new(hasher.clone(), threads),
                remembered: self.columnar.as_ref().map(Remembered::new),
                memo: Memo::default(),
                labels: RowLabels::default(),
                key: Vec::new(),
                held: 0,
                held_rows: 0,
                new_rows: 0,
                groups_max,
            };
            let result = worker.run();
            if result.is_err() {
                self.has_failed.store(true, Ordering::Relaxed);
            }
            result.map(|()| worker)
        })?;
        let held: u64 = read.iter().map(|w| w.held).sum();
        let held_rows: u64 = read.iter().map(|w| w.held_rows).sum();
        // One shard of each thread to each thread.
        let count = read.first().map_or(1, |w| w.groups.shards.len());
        let mut shards: Vec<Vec<Shard<G>>> = (0..count).map(|_| Vec::new()).collect();
        for worker in read {
            for (own, shard) in shards.iter_mut().zip(worker.groups.shards) {
                own.push(shard);
            }
        }
        let shards: Vec<_> = shards.into_iter().map(std::sync::Mutex::new).collect();
        let meter = self.context.meter;
        let parts = workers(count, |i| {
            let own = match shards[i].lock() {
                Ok(mut own) => std::mem::take(&mut *own),
                Err(poisoned) => std::mem::take(&mut *poisoned.into_inner()),
            };
            finish(own, &hasher, aggregation, self.cells, meter)
        })?;
        meter.release_bytes(held);
        meter.release_samples(held_rows);
        let grouped = Grouped::new(self.shape.clone(), parts, self.cells.windows.len());
        if grouped.len() > groups_max {
            return Err(EvalError::too_many_series(groups_max));
        }
        Ok(grouped)
    }
}

impl Reading<'_> {
    /// What is counted of a row whose line is not changed.
    fn count(&self, rows: &Rows, row: usize) -> u64 {
        if self.takes_bytes {
            u64::from(rows.line_bytes[row])
        } else {
            1
        }
    }
}

/// Brings together what threads have gathered for the same groups, and computes windows.
fn finish<G: Gathers>(
    shards: Vec<Shard<G>>,
    hasher: &DefaultHashBuilder,
    aggregation: &RangeAggregation,
    cells: &Cells,
    meter: &binnacle_model::limits::Meter,
) -> Result<Part, EvalError> {
    let mut shards = shards.into_iter();
    let Some(mut all) = shards.next() else {
        return Ok(Part::default());
    };
    for other in shards {
        meter.check()?;
        if !all.merge(other, hasher) {
            return Err(unnumbered());
        }
    }
    let count = all.gathered.len() * cells.windows.len();
    meter.hold_bytes((count * size_of::<Option<f64>>()) as u64)?;
    let mut values = Vec::with_capacity(count);
    for (i, own) in all.gathered.into_iter().enumerate() {
        if i % ROWS_UNCHECKED == 0 {
            meter.check()?;
        }
        own.finish(aggregation, cells, &mut values);
    }
    Ok(Part {
        keys: all.keys,
        values,
    })
}

/// One thread.
struct Worker<'w, 'r, G> {
    reading: &'w Reading<'r>,
    groups: Groups<G>,
    remembered: Option<Remembered>,
    memo: Memo,
    labels: RowLabels,
    key: Vec<u8>,
    /// Bytes that were told to the meter.
    held: u64,
    /// Rows that are kept and were told to the meter, and those that were not yet.
    held_rows: u64,
    new_rows: u64,
    groups_max: usize,
}

impl<G: Gathers> Worker<'_, '_, G> {
    fn run(&mut self) -> Result<(), EvalError> {
        let reading = self.reading;
        let units = reading.scan.set.units().len();
        let mut rows = Rows::default();
        loop {
            let unit = reading.next.fetch_add(1, Ordering::Relaxed);
            if unit >= units || reading.has_failed.load(Ordering::Relaxed) {
                return Ok(());
            }
            if self.take_runs(unit)? {
                continue;
            }
            reading.context.meter.check()?;
            let (start_ns, end_ns) = reading.within;
            reading.scan.set.read(unit, start_ns, end_ns, &mut rows)?;
            reading.context.scanned.add(&rows);
            self.take(unit as u32, &rows)?;
            self.look_at_limits()?;
        }
    }

    fn look_at_limits(&mut self) -> Result<(), EvalError> {
        if self.groups.len() > self.groups_max {
            return Err(EvalError::too_many_series(self.groups_max));
        }
        let meter = self.reading.context.meter;
        let rows = std::mem::take(&mut self.new_rows);
        if G::KEEPS_ROWS {
            self.held_rows += rows;
            meter.hold_samples(rows)?;
        }
        let now = self.groups.held_bytes();
        if now > self.held {
            let more = now - self.held;
            self.held = now;
            meter.hold_bytes(more)?;
        }
        Ok(())
    }

    /// Takes what is known of a unit without reading it: when nothing is to be done with
    /// its rows, each of its runs is within a cell, and all labels that count are the
    /// streams' own. Metadata of the name of a stream's label does not count here.
    fn take_runs(&mut self, unit: usize) -> Result<bool, EvalError> {
        let reading = self.reading;
        let Some(columnar) = reading.columnar.as_ref().filter(|_| reading.scan.is_plain) else {
            return Ok(false);
        };
        let Some(runs) = reading.scan.set.runs(unit) else {
            return Ok(false);
        };
        let is_known = |run: &binnacle_model::event::select::Run| {
            columnar.is_by_stream(run.stream) && reading.cells.of(run.min_ns).has(run.max_ns)
        };
        if !runs.iter().all(is_known) {
            return Ok(false);
        }
        for run in runs {
            let context = reading.context;
            context.scanned.add_known(run.rows, run.line_bytes);
            let cell = reading.cells.of(run.min_ns);
            if !cell.is_seen {
                continue;
            }
            columnar.key_of_stream(run.stream, &mut self.key);
            let group = self.groups.of(&self.key).ok_or_else(unnumbered)?;
            let count = if reading.takes_bytes {
                run.line_bytes
            } else {
                run.rows
            };
            self.groups.add(
                group,
                &Point {
                    t_ns: run.max_ns,
                    cell: cell.number,
                    unit: unit as u32,
                    count,
                    value: count as f64,
                },
            );
        }
        Ok(true)
    }

    fn take(&mut self, unit: u32, rows: &Rows) -> Result<(), EvalError> {
        let reading = self.reading;
        let mut remembered = self.remembered.take();
        let columns = match (&reading.columnar, &mut remembered) {
            (Some(columnar), Some(remembered)) => UnitColumns::new(columnar, rows, remembered),
            _ => None,
        };
        if reading.is_by_columns {
            self.memo.next_unit(rows);
        }
        let mut cell = reading.cells.of(i64::MIN);
        let mut result = Ok(());
        let mut by_pipeline = 0;
        for (row, t_ns) in rows.times_ns.iter().enumerate() {
            if row % AHEAD == 0
                && let (Some(columns), Some(remembered)) = (&columns, &mut remembered)
            {
                columns.touch(row, remembered, &self.groups);
            }
            if !cell.has(*t_ns) {
                cell = reading.cells.of(*t_ns);
            }
            if !cell.is_seen {
                continue;
            }
            let outcome = match (&columns, &mut remembered) {
                (Some(columns), Some(remembered)) => columns.row(row, remembered, &mut self.groups),
                _ => Outcome::Unclear,
            };
            let counted = match outcome {
                Outcome::Dropped => continue,
                Outcome::Counts(group, value) => Ok(Some((group, reading.count(rows, row), value))),
                Outcome::Unclear if reading.is_by_columns => self.by_memo(rows, row),
                Outcome::Unclear => {
                    by_pipeline += 1;
                    self.by_pipeline(rows, row, by_pipeline)
                }
                Outcome::TooMany => Err(unnumbered()),
            };
            match counted {
                Ok(None) => {}
                Ok(Some((group, count, value))) => {
                    let value = match reading.value {
                        Some(_) => value,
                        None => count as f64,
                    };
                    self.add(group, (unit, *t_ns, cell), count, value);
                }
                Err(error) => {
                    result = Err(error);
                    break;
                }
            }
        }
        self.remembered = remembered;
        result
    }

    fn add(
        &mut self,
        group: GroupId,
        (unit, t_ns, cell): (u32, i64, Cell),
        count: u64,
        value: f64,
    ) {
        let point = Point {
            t_ns,
            cell: cell.number,
            unit,
            count,
            value,
        };
        self.groups.add(group, &point);
        self.new_rows += 1;
    }

    /// As [`Self::by_pipeline`], once for all rows of the unit with the same columns.
    fn by_memo(
        &mut self,
        rows: &Rows,
        row: usize,
    ) -> Result<Option<(GroupId, u64, f64)>, EvalError> {
        if let Some(fate) = self.memo.of(rows, row) {
            let count = self.reading.count(rows, row);
            return Ok(fate.map(|(group, number)| (group, count, number)));
        }
        let found = self.by_pipeline(rows, row, row + 1)?;
        self.memo
            .put(found.map(|(group, _, number)| (group, number)));
        Ok(found)
    }

    /// Runs a row through the pipeline: its group, what is counted, and its number; `None`
    /// when it is left out. `nth` counts the rows of the unit that came here.
    fn by_pipeline(
        &mut self,
        rows: &Rows,
        row: usize,
        nth: usize,
    ) -> Result<Option<(GroupId, u64, f64)>, EvalError> {
        let reading = self.reading;
        if nth.is_multiple_of(ROWS_UNCHECKED) {
            reading.context.meter.check()?;
            self.look_at_limits()?;
        }
        let Some(bytes) = self.run_pipeline(rows, row) else {
            return Ok(None);
        };
        let labels = &mut self.labels;
        let mut number = 0.0;
        if let Some(value) = reading.value {
            let Some(read) = value.of(labels) else {
                return Ok(None);
            };
            number = read;
        }
        if labels.error().is_some() && !labels.preserves_error() {
            return Err(pipeline_error(labels));
        }
        reading.shape.write(labels, &mut self.key);
        let group = self.groups.of(&self.key).ok_or_else(unnumbered)?;
        let count = if reading.takes_bytes { bytes } else { 1 };
        Ok(Some((group, count, number)))
    }

    /// Runs a row through the pipeline; answers the bytes of its line when they count.
    fn run_pipeline(&mut self, rows: &Rows, row: usize) -> Option<u64> {
        let reading = self.reading;
        let scan = reading.scan;
        let t_ns = rows.times_ns[row];
        scan.begin(rows, row, &mut self.labels);
        if let Some(extracts) = &scan.extracts {
            let columns = &rows.extracted[..extracts.len().min(rows.extracted.len())];
            if !has_unknown(columns, row) {
                let mut values = extracts.iter().zip(columns).filter_map(|(own, column)| {
                    Some((own.label.as_str(), super::rows::text_of(column, row)?))
                });
                let passes = scan
                    .pipeline
                    .run_extracted(t_ns, &mut self.labels, &mut values);
                return passes.then(|| self.bytes_of(rows, row, b""));
            }
        }
        let line: &[u8] = match rows.lines.is_empty() {
            true => b"",
            false => rows.lines.get(row),
        };
        let line = scan.pipeline.run(t_ns, line, &mut self.labels)?;
        Some(self.bytes_of(rows, row, &line))
    }

    fn bytes_of(&self, rows: &Rows, row: usize, line: &[u8]) -> u64 {
        match (self.reading.takes_line, rows.line_bytes.get(row)) {
            (false, Some(bytes)) => u64::from(*bytes),
            _ => line.len() as u64,
        }
    }
}

fn unnumbered() -> EvalError {
    EvalError::Execution {
        message: "there are more groups than can be counted: group by fewer labels".to_owned(),
    }
}

fn pipeline_error(labels: &RowLabels) -> EvalError {
    let error = labels.error().unwrap_or_default();
    EvalError::Execution {
        message: format!(
            "pipeline error: '{error}' for series: '{}'.\nUse a label filter to intentionally \
             skip this error. (e.g | {ERROR}!=\"{error}\").\nTo skip all potential errors you can \
             match empty errors.(e.g {ERROR}=\"\")\nThe label filter can also be specified after \
             unwrap. (e.g | unwrap latency | {ERROR}=\"\" )\n",
            labels.merged()
        ),
    }
}
