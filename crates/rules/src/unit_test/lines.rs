//! Lines in memory, and LogQL on them: what rules over lines read in a test.
//!
//! A stream is one unit with its rows in the order of time. No condition is applied here and
//! nothing is known of lines, so that the language does all of it itself.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use binnacle_logql::eval::{EvalError, EvalOptions, evaluate};
use binnacle_logql::parse::parse;
use binnacle_model::event::column::{ABSENT, UNKNOWN};
use binnacle_model::event::logs::{EvaluateLogs, LogsAnswer, LogsRequest, LogsTime};
use binnacle_model::event::select::{Fields, Run, StreamVolume, Unit};
use binnacle_model::event::{
    Column, ColumnValues, EventSelection, EventSet, Rows, SelectEvents, Texts,
};
use binnacle_model::limits::{Meter, QueryLimits};
use binnacle_model::matcher::all_match;
use binnacle_model::query::{Answer, QueryError};
use binnacle_model::select::SelectError;
use binnacle_model::{Labels, Matcher, duration};

use super::file::{InputLine, InputStream};
use super::query::query_error;

const NS_PER_MS: i64 = 1_000_000;
/// More lines than a test can mean.
const LINES_MAX: u64 = 10_000_000;

/// A line with its time and its structured metadata.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Row {
    t_ns: i64,
    line: String,
    metadata: Vec<(String, String)>,
}

/// The lines of a test.
#[derive(Debug)]
pub(super) struct Lines {
    streams: Arc<Vec<(Labels, Vec<Row>)>>,
    /// Behind the last nanosecond that has come.
    until_ns: AtomicI64,
}

impl Lines {
    /// Reads the input of a test that begins at `start_ms`; lines that are repeated and do
    /// not say how often have `interval_ms` between them. None of them has come yet.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn read(
        input: &[InputStream],
        start_ms: i64,
        interval_ms: i64,
    ) -> Result<Self, String> {
        let mut streams: BTreeMap<Labels, Vec<Row>> = BTreeMap::new();
        let mut count = 0_u64;
        for stream in input {
            let rows = streams.entry(stream.labels()?).or_default();
            for line in &stream.lines {
                count = count.saturating_add(line.repeat);
                if count > LINES_MAX {
                    return Err(format!("the test has more than {LINES_MAX} lines"));
                }
                repeat(line, start_ms, interval_ms, rows);
            }
        }
        for (labels, rows) in &mut streams {
            rows.sort();
            // A store takes them for one line that was sent twice.
            if let Some(same) = rows.windows(2).find(|two| two[0] == two[1]) {
                let at_ms = same[0].t_ns / NS_PER_MS - start_ms;
                return Err(format!(
                    "input stream {labels}: the line {:?} comes twice at {}, and of equal lines \
                     of one time a store keeps one: give them different times",
                    same[0].line,
                    duration::print(at_ms)
                ));
            }
        }
        Ok(Self {
            streams: Arc::new(streams.into_iter().collect()),
            until_ns: AtomicI64::new(i64::MIN),
        })
    }

    /// Lines up to `t_ms` have come.
    pub(super) fn come_until(&self, t_ms: i64) {
        let until_ns = t_ms.saturating_mul(NS_PER_MS).saturating_add(1);
        self.until_ns.store(until_ns, Ordering::Relaxed);
    }
}

/// Adds a line as often as it is to come.
fn repeat(line: &InputLine, start_ms: i64, interval_ms: i64, rows: &mut Vec<Row>) {
    let every_ms = if line.every_ms > 0 {
        line.every_ms
    } else {
        interval_ms
    };
    let mut t_ms = start_ms.saturating_add(line.at_ms);
    for _ in 0..line.repeat {
        rows.push(Row {
            t_ns: t_ms.saturating_mul(NS_PER_MS),
            line: line.line.clone(),
            metadata: line.structured_metadata.clone(),
        });
        t_ms = t_ms.saturating_add(every_ms);
    }
}

impl EvaluateLogs for Lines {
    fn query(&self, request: LogsRequest) -> Answer<'_, LogsAnswer> {
        Box::pin(async move {
            let expr = parse(&request.text).map_err(|error| QueryError::BadData {
                message: error.to_string(),
                span: Some(error.span),
            })?;
            let now_ns = match request.time {
                LogsTime::Instant { at_ns } => at_ns,
                LogsTime::Range { end_ns, .. } => end_ns,
            };
            let options = EvalOptions {
                now_ns: Some(now_ns),
                ..EvalOptions::default()
            };
            let meter = Arc::new(Meter::new(QueryLimits::default()));
            let (time, limit, direction) = (request.time, request.limit, request.direction);
            let (value, statistics, annotations) =
                evaluate(&expr, time, limit, direction, self, &options, &meter)
                    .map_err(evaluation_error)?;
            Ok(LogsAnswer {
                value,
                annotations,
                statistics,
            })
        })
    }
}

fn evaluation_error(error: EvalError) -> QueryError {
    use binnacle_promql::eval::EvalError as Metrics;
    query_error(match error {
        EvalError::Stopped(stopped) => Metrics::Stopped(stopped),
        EvalError::BadData { message, span } => Metrics::BadData { message, span },
        EvalError::Execution { message } => Metrics::Execution { message },
        EvalError::Storage { message } => Metrics::Storage { message },
    })
}

impl SelectEvents for Lines {
    fn select(
        &self,
        selection: &EventSelection,
        meter: &Arc<Meter>,
    ) -> Result<Box<dyn EventSet>, SelectError> {
        meter.check()?;
        let until_ns = self.until_ns.load(Ordering::Relaxed);
        let mut found = Found {
            all: Arc::clone(&self.streams),
            streams: Vec::new(),
            units: Vec::new(),
            end_ns: selection.end_ns.min(until_ns),
            fields: selection.wanted.fields.clone(),
            extracts: selection
                .wanted
                .extracts
                .iter()
                .map(|extract| extract.label.clone())
                .collect(),
            patterns: selection.wanted.patterns,
        };
        for (i, (labels, rows)) in self.streams.iter().enumerate() {
            let within = within(rows, selection.start_ns, found.end_ns);
            if let ([first, ..], [.., last]) = (within, within)
                && all_match(&selection.matchers, labels)
            {
                found.streams.push(i);
                found.units.push(Unit {
                    min_ns: first.t_ns,
                    max_ns: last.t_ns,
                    rows: within.len() as u64,
                });
            }
        }
        Ok(Box::new(found))
    }

    fn volumes(
        &self,
        matchers: &[Matcher],
        start_ns: i64,
        end_ns: i64,
        _: &Meter,
    ) -> Result<Vec<StreamVolume>, SelectError> {
        let end_ns = end_ns.min(self.until_ns.load(Ordering::Relaxed));
        let of_stream = |(labels, rows): &(Labels, Vec<Row>)| {
            let rows = within(rows, start_ns, end_ns);
            let fields = |row: &Row| {
                let sizes = row.metadata.iter().map(|(n, v)| n.len() + v.len());
                sizes.sum::<usize>()
            };
            (!rows.is_empty() && all_match(matchers, labels)).then(|| StreamVolume {
                labels: labels.clone(),
                rows: rows.len() as u64,
                bytes: rows.iter().map(|r| (r.line.len() + fields(r)) as u64).sum(),
                chunks: 1,
            })
        };
        Ok(self.streams.iter().filter_map(of_stream).collect())
    }
}

/// The rows with `start_ns <= t < end_ns`.
fn within(rows: &[Row], start_ns: i64, end_ns: i64) -> &[Row] {
    let from = rows.partition_point(|row| row.t_ns < start_ns);
    let to = rows.partition_point(|row| row.t_ns < end_ns);
    rows.get(from..to).unwrap_or_default()
}

/// What a selection found: one unit a stream.
struct Found {
    all: Arc<Vec<(Labels, Vec<Row>)>>,
    /// Where the streams that match are.
    streams: Vec<usize>,
    units: Vec<Unit>,
    end_ns: i64,
    fields: Fields,
    extracts: Vec<String>,
    patterns: bool,
}

impl EventSet for Found {
    fn units(&self) -> &[Unit] {
        &self.units
    }

    fn streams(&self) -> usize {
        self.streams.len()
    }

    fn labels(&self, stream: u32) -> Labels {
        self.all[self.streams[stream as usize]].0.clone()
    }

    fn applies(&self, _: usize) -> bool {
        false
    }

    fn runs(&self, _: usize) -> Option<Vec<Run>> {
        None
    }

    fn read(
        &self,
        unit: usize,
        start_ns: i64,
        end_ns: i64,
        out: &mut Rows,
    ) -> Result<(), SelectError> {
        out.clear();
        let rows = &self.all[self.streams[unit]].1;
        let rows = within(rows, start_ns, end_ns.min(self.end_ns));
        let stream = u32::try_from(unit).unwrap_or(u32::MAX);
        for row in rows {
            out.times_ns.push(row.t_ns);
            out.streams.push(stream);
            out.lines.push(row.line.as_bytes());
            let bytes = u32::try_from(row.line.len()).unwrap_or(u32::MAX);
            out.line_bytes.push(bytes);
        }
        out.fields = fields(rows, &self.fields);
        let unknown = || ColumnValues::Text {
            entries: Texts::default(),
            of_row: vec![UNKNOWN; rows.len()],
        };
        out.extracted = self
            .extracts
            .iter()
            .map(|label| Column {
                name: label.clone(),
                values: unknown(),
            })
            .collect();
        out.patterns = self.patterns.then(unknown);
        Ok(())
    }
}

/// The columns of structured metadata that are wanted.
fn fields(rows: &[Row], wanted: &Fields) -> Vec<Column> {
    let mut columns: BTreeMap<&str, (Texts, Vec<u32>)> = BTreeMap::new();
    for (i, row) in rows.iter().enumerate() {
        for (name, value) in &row.metadata {
            let is_wanted = match wanted {
                Fields::None => false,
                Fields::Named(names) => names.contains(name),
                Fields::All => true,
            };
            if !is_wanted {
                continue;
            }
            let (entries, of_row) = columns
                .entry(name)
                .or_insert_with(|| (Texts::default(), vec![ABSENT; rows.len()]));
            of_row[i] = u32::try_from(entries.len()).unwrap_or(ABSENT);
            entries.push(value.as_bytes());
        }
    }
    columns
        .into_iter()
        .map(|(name, (entries, of_row))| Column {
            name: name.to_owned(),
            values: ColumnValues::Text { entries, of_row },
        })
        .collect()
}
