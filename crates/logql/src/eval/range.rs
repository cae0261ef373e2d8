//! Range aggregations: rows to series, series to windows.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use binnacle_model::MatchOp;
use binnacle_model::event::select::{Fields, Lines, Wanted};
use binnacle_model::event::{Column, ColumnValues, LogLabels, Rows};

use super::aggregate::window;
use super::rows::Scan;
use super::{Context, EvalError, Series};
use crate::ast::{Grouping, RangeAggregation, RangeOp};
use crate::stage::{ERROR, RowLabels, Value};

/// Samples of one series: nanoseconds and value.
type Samples = Vec<(i64, f64)>;

/// What one thread gathers.
#[derive(Default)]
struct Gathered {
    series: HashMap<LogLabels, Samples>,
    failure: Option<EvalError>,
}

impl Context<'_> {
    /// Evaluates an aggregation, its series grouped by `grouping`.
    pub(super) fn range(
        &self,
        aggregation: &RangeAggregation,
        grouping: Option<&Grouping>,
    ) -> Result<Vec<Series>, EvalError> {
        let range = &aggregation.range;
        let first = self.steps.at(0) - range.offset_ns - range.range_ns;
        let last = self.steps.last() - range.offset_ns;
        let gathered = self.gather(aggregation, grouping, first, last)?;
        if aggregation.op == RangeOp::AbsentOverTime {
            return Ok(self.absent(aggregation, &gathered));
        }
        let mut all = Vec::with_capacity(gathered.len());
        for (labels, mut samples) in gathered {
            self.meter.check()?;
            samples.sort_by_key(|s| s.0);
            all.push(Series {
                labels,
                values: self.windows(aggregation, &samples),
            });
        }
        Ok(all)
    }

    fn windows(&self, aggregation: &RangeAggregation, samples: &Samples) -> Vec<Option<f64>> {
        let range = &aggregation.range;
        let (mut from, mut to) = (0, 0);
        (0..self.steps.count)
            .map(|i| {
                let end = self.steps.at(i) - range.offset_ns;
                let start = end - range.range_ns;
                while to < samples.len() && samples[to].0 <= end {
                    to += 1;
                }
                while from < to && samples[from].0 <= start {
                    from += 1;
                }
                // Windows with gaps between them may have left `from` behind.
                window(aggregation, &samples[from.min(to)..to], start, end)
            })
            .collect()
    }

    fn gather(
        &self,
        aggregation: &RangeAggregation,
        grouping: Option<&Grouping>,
        after_ns: i64,
        until_ns: i64,
    ) -> Result<HashMap<LogLabels, Samples>, EvalError> {
        let range = &aggregation.range;
        let is_plain = range.unwrap.is_none() && super::rows::line_conditions(&range.log).is_some();
        let takes_bytes = matches!(aggregation.op, RangeOp::BytesOverTime | RangeOp::BytesRate);
        // A label that may be metadata of the name of a stream's label is looked for by row.
        let by: Option<&[String]> = match grouping {
            Some(Grouping {
                without: false,
                labels,
            }) if labels.iter().all(|l| !l.ends_with("_extracted")) => Some(labels),
            _ => None,
        };
        let wanted = Wanted {
            lines: if range.unwrap.is_some() {
                Lines::All
            } else {
                Lines::None
            },
            fields: match by {
                Some(labels) if is_plain => Fields::Named(labels.to_vec()),
                _ => Fields::All,
            },
            line_bytes: takes_bytes,
            ..Wanted::default()
        };
        let scan = Scan::new(
            &range.log,
            after_ns.saturating_add(1),
            until_ns.saturating_add(1),
            wanted,
            self.events,
            self.meter,
        )?;
        let unwrap = range
            .unwrap
            .as_ref()
            .map(Value::new)
            .transpose()
            .map_err(|message| EvalError::BadData {
                message,
                span: Some(aggregation.span),
            })?;
        let reading = Reading {
            context: self,
            scan: &scan,
            unwrap: unwrap.as_ref(),
            grouping,
            by: by.filter(|_| is_plain && scan.pipeline.is_empty()),
            takes_bytes,
            start_ns: after_ns.saturating_add(1),
            end_ns: until_ns.saturating_add(1),
            next: AtomicUsize::new(0),
        };
        let units = scan.set.units().len();
        let threads = self.options.threads.clamp(1, units.max(1));
        let mut parts: Vec<Gathered> = if threads == 1 {
            vec![reading.run()]
        } else {
            std::thread::scope(|scope| {
                let workers: Vec<_> = (0..threads)
                    .map(|_| scope.spawn(|| reading.run()))
                    .collect();
                workers
                    .into_iter()
                    .map(|w| w.join().unwrap_or_else(|_| panicked()))
                    .collect()
            })
        };
        let mut all = parts.pop().unwrap_or_default();
        for part in parts {
            all.failure = all.failure.or(part.failure);
            for (labels, mut samples) in part.series {
                all.series.entry(labels).or_default().append(&mut samples);
            }
        }
        match all.failure {
            Some(failure) => Err(failure),
            None => Ok(all.series),
        }
    }

    /// `absent_over_time`: 1 where there is nothing, with the labels of the matchers.
    fn absent(
        &self,
        aggregation: &RangeAggregation,
        gathered: &HashMap<LogLabels, Samples>,
    ) -> Vec<Series> {
        let range = &aggregation.range;
        let mut times: Vec<i64> = gathered.values().flatten().map(|s| s.0).collect();
        times.sort_unstable();
        let values: Vec<Option<f64>> = (0..self.steps.count)
            .map(|i| {
                let end = self.steps.at(i) - range.offset_ns;
                let start = end - range.range_ns;
                let from = times.partition_point(|t| *t <= start);
                let is_there = times.get(from).is_some_and(|t| *t <= end);
                (!is_there).then_some(1.0)
            })
            .collect();
        if values.iter().all(Option::is_none) {
            return Vec::new();
        }
        let mut labels = LogLabels::default();
        let mut twice = Vec::new();
        for matcher in &range.log.matchers {
            if labels.get(&matcher.name).is_some() {
                twice.push(matcher.name.clone());
            } else if matcher.op == MatchOp::Equal {
                labels.set(matcher.name.as_str(), matcher.value.as_str());
            }
        }
        for name in twice {
            labels.remove(&name);
        }
        vec![Series { labels, values }]
    }
}

fn panicked() -> Gathered {
    Gathered {
        failure: Some(EvalError::Execution {
            message: "a thread of the query failed. This is a bug".to_owned(),
        }),
        ..Gathered::default()
    }
}

/// What the threads share.
struct Reading<'r> {
    context: &'r Context<'r>,
    scan: &'r Scan,
    unwrap: Option<&'r Value>,
    grouping: Option<&'r Grouping>,
    /// The labels of `by`, when nothing but them is needed of a row.
    by: Option<&'r [String]>,
    takes_bytes: bool,
    start_ns: i64,
    end_ns: i64,
    next: AtomicUsize,
}

impl Reading<'_> {
    fn run(&self) -> Gathered {
        let mut gathered = Gathered::default();
        let mut rows = Rows::default();
        let mut labels = RowLabels::default();
        let units = self.scan.set.units().len();
        loop {
            let unit = self.next.fetch_add(1, Ordering::Relaxed);
            if unit >= units {
                return gathered;
            }
            if self.take_runs(unit, &mut gathered) {
                continue;
            }
            let read = self
                .scan
                .set
                .read(unit, self.start_ns, self.end_ns, &mut rows)
                .map_err(EvalError::from)
                .and_then(|()| {
                    self.context.scanned.add(&rows);
                    self.context.meter.hold_samples(rows.len() as u64)?;
                    match self.by {
                        Some(by) => self.by_labels(by, &rows, &mut gathered),
                        None => self.by_row(&rows, &mut labels, &mut gathered)?,
                    }
                    Ok(())
                });
            if let Err(failure) = read {
                gathered.failure = Some(failure);
                return gathered;
            }
        }
    }

    /// Takes what is known of a unit without reading it: when there is one window, which
    /// holds all of it, and all labels that count are the streams' own. Metadata of the
    /// name of a stream's label does not count here.
    fn take_runs(&self, unit: usize, gathered: &mut Gathered) -> bool {
        let Some(by) = self.by.filter(|_| self.context.steps.count == 1) else {
            return false;
        };
        let Some(runs) = self.scan.set.runs(unit) else {
            return false;
        };
        let has_all = |stream: u32| {
            let own = &self.scan.streams[stream as usize];
            by.iter().all(|name| own.get(name).is_some())
        };
        if !runs.iter().all(|run| has_all(run.stream)) {
            return false;
        }
        for run in runs {
            let own = &self.scan.streams[run.stream as usize];
            let labels = LogLabels::from_pairs(
                by.iter()
                    .filter_map(|name| Some((name.as_str(), own.get(name)?))),
            );
            let value = if self.takes_bytes {
                run.line_bytes
            } else {
                run.rows
            };
            self.context.scanned.add_known(run.rows, run.line_bytes);
            let samples = gathered.series.entry(labels).or_default();
            samples.push((run.max_ns, value as f64));
        }
        true
    }

    fn value(&self, rows: &Rows, row: usize) -> f64 {
        if self.takes_bytes {
            f64::from(rows.line_bytes[row])
        } else {
            1.0
        }
    }

    /// Rows of which only some labels count: those of one stream share their series, unless
    /// a label is among the metadata.
    fn by_labels(&self, by: &[String], rows: &Rows, gathered: &mut Gathered) {
        let is_own = |column: &Column, row: usize| {
            let own = &self.scan.streams[rows.streams[row] as usize];
            own.get(&column.name).is_some()
        };
        let is_there = |row: usize| {
            rows.fields
                .iter()
                .filter(|c| !is_own(c, row))
                .any(|column| match &column.values {
                    ColumnValues::Text { of_row, .. } => {
                        of_row[row] < binnacle_model::event::column::UNKNOWN
                    }
                    other => other.is_there(row),
                })
        };
        let mut row = 0;
        while row < rows.len() {
            let stream = rows.streams[row];
            let mut labels = LogLabels::default();
            let own = &self.scan.streams[stream as usize];
            for name in by {
                if let Some(value) = own.get(name) {
                    labels.set(name.as_str(), value);
                }
            }
            if is_there(row) {
                let mut text = Vec::new();
                for column in rows.fields.iter().filter(|c| !is_own(c, row)) {
                    text.clear();
                    if column.values.write_text(row, &mut text) {
                        let value = String::from_utf8_lossy(&text).into_owned();
                        labels.set(column.name.as_str(), value);
                    }
                }
                let value = self.value(rows, row);
                let samples = gathered.series.entry(labels).or_default();
                samples.push((rows.times_ns[row], value));
                row += 1;
                continue;
            }
            let samples = gathered.series.entry(labels).or_default();
            while row < rows.len() && rows.streams[row] == stream && !is_there(row) {
                samples.push((rows.times_ns[row], self.value(rows, row)));
                row += 1;
            }
        }
    }

    fn by_row(
        &self,
        rows: &Rows,
        labels: &mut RowLabels,
        gathered: &mut Gathered,
    ) -> Result<(), EvalError> {
        let has_lines = !rows.lines.is_empty();
        for row in 0..rows.len() {
            let t_ns = rows.times_ns[row];
            self.scan.begin(rows, row, labels);
            let line = if has_lines { rows.lines.get(row) } else { b"" };
            let Some(line) = self.scan.pipeline.run(t_ns, line, labels) else {
                continue;
            };
            let value = match self.unwrap {
                Some(unwrap) => {
                    let Some(value) = unwrap.of(labels) else {
                        continue;
                    };
                    value
                }
                None if self.takes_bytes && has_lines => line.len() as f64,
                None => self.value(rows, row),
            };
            if labels.error().is_some() && !labels.preserves_error() {
                return Err(pipeline_error(labels));
            }
            let key = key_of(labels, self.grouping);
            gathered.series.entry(key).or_default().push((t_ns, value));
        }
        Ok(())
    }
}

fn key_of(labels: &RowLabels, grouping: Option<&Grouping>) -> LogLabels {
    match grouping {
        None => labels.merged(),
        Some(grouping) => super::vector::group(&labels.merged(), grouping),
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
