//! Rows of a selection with their labels.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use binnacle_model::Labels;
use binnacle_model::event::column::UNKNOWN;
use binnacle_model::event::select::{Fields, Lines, Wanted};
use binnacle_model::event::{
    Column, ColumnValues, Condition, EventSelection, EventSet, LogLabels, Rows, SelectEvents,
};
use binnacle_model::limits::Meter;

use super::{EvalError, EvalOptions, leading};
use crate::ast::{Grouping, LogExpr, Unwrap};
use crate::stage::{
    ERROR, ERROR_DETAILS, Hints, LabelExtract, Pipeline, Pushed, PushedTest, RowLabels,
};

/// What a query has looked at.
#[derive(Default)]
pub(super) struct Scanned {
    rows: AtomicU64,
    bytes: AtomicU64,
}

impl Scanned {
    pub(super) fn add(&self, rows: &Rows) {
        self.rows.fetch_add(rows.len() as u64, Ordering::Relaxed);
        let bytes = if rows.line_bytes.is_empty() {
            rows.lines.bytes.len() as u64
        } else {
            rows.line_bytes.iter().map(|b| u64::from(*b)).sum()
        };
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(super) fn add_known(&self, rows: u64, bytes: u64) {
        self.rows.fetch_add(rows, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(super) fn rows(&self) -> u64 {
        self.rows.load(Ordering::Relaxed)
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }
}

/// The line filters of a log query as conditions, when it has no other stages.
#[must_use]
pub fn line_conditions(log: &LogExpr) -> Option<Vec<Condition>> {
    let (conditions, count) = leading(log);
    (count == log.stages.len()).then_some(conditions)
}

/// What rows are read for.
#[derive(Clone, Copy)]
pub(super) enum Purpose<'p> {
    /// Their lines and labels.
    Lines,
    /// A number for each, grouped by labels.
    Metric {
        unwrap: Option<&'p Unwrap>,
        grouping: Option<&'p Grouping>,
        takes_bytes: bool,
    },
}

/// A stream of a selection. There may be many, of which few rows are looked at one by one:
/// labels of rows are made when they are needed.
pub(super) struct Stream {
    own: Labels,
    labels: OnceLock<Arc<LogLabels>>,
}

impl Stream {
    fn new(own: Labels) -> Self {
        Self {
            own,
            labels: OnceLock::new(),
        }
    }

    /// The value of a label.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.own.get(name)
    }

    fn labels(&self) -> &Arc<LogLabels> {
        self.labels
            .get_or_init(|| Arc::new(LogLabels::from(&self.own)))
    }
}

/// A selection with the pipeline that is still to be run on its rows.
pub(super) struct Scan {
    pub(super) set: Box<dyn EventSet>,
    pub(super) pipeline: Pipeline,
    pub(super) streams: Vec<Stream>,
    /// What the first columns of [`Rows::extracted`] are; further ones are there for
    /// conditions alone. `None`: the pipeline wants lines.
    pub(super) extracts: Option<Vec<LabelExtract>>,
    /// Whether there is nothing to do with the rows that the engine hands out.
    pub(super) is_plain: bool,
    /// Whether the engine leaves rows out.
    pub(super) has_conditions: bool,
}

impl Scan {
    /// Selects the lines of a log expression with `start_ns <= t < end_ns`.
    pub(super) fn new(
        log: &LogExpr,
        purpose: Purpose<'_>,
        (start_ns, end_ns): (i64, i64),
        events: &dyn SelectEvents,
        options: &EvalOptions,
        meter: &Arc<Meter>,
    ) -> Result<Self, EvalError> {
        let mut asking = Asking {
            log,
            purpose,
            start_ns,
            end_ns,
            now_ns: options.now_ns,
            trusts_lines: true,
            left_out: Vec::new(),
        };
        // The second round leaves out what the engine or the streams do not allow.
        loop {
            let (scan, again) = asking.select(events, meter)?;
            if !again {
                return Ok(scan);
            }
        }
    }

    /// Begins a row: labels of its stream and metadata.
    pub(super) fn begin(&self, rows: &Rows, row: usize, labels: &mut RowLabels) {
        labels.reset(self.streams[rows.streams[row] as usize].labels());
        add_fields(&rows.fields, row, labels);
    }
}

/// A selection that is being made.
struct Asking<'a> {
    log: &'a LogExpr,
    purpose: Purpose<'a>,
    start_ns: i64,
    end_ns: i64,
    now_ns: Option<i64>,
    /// Whether the engine is trusted to apply line filters.
    trusts_lines: bool,
    /// Labels that streams have: conditions on them are not the engine's.
    left_out: Vec<String>,
}

impl Asking<'_> {
    /// Selects; answers too whether it has to be done again with what was learned.
    fn select(
        &mut self,
        events: &dyn SelectEvents,
        meter: &Arc<Meter>,
    ) -> Result<(Scan, bool), EvalError> {
        let mut pipeline =
            Pipeline::new(&self.log.stages).map_err(|message| EvalError::BadData {
                message,
                span: Some(self.log.span),
            })?;
        if let Some(now_ns) = self.now_ns {
            pipeline = pipeline.at(now_ns);
        }
        let mut pushed = pipeline.pushed();
        pushed.retain(|p| match &p.test {
            PushedTest::Line(_) => true,
            PushedTest::Value { label, .. } => !self.left_out.contains(label),
        });
        let is_line = |p: &&Pushed| matches!(p.test, PushedTest::Line(_));
        if self.trusts_lines {
            let done: Vec<usize> = pushed.iter().filter(is_line).map(|p| p.stage).collect();
            pipeline.remove_stages(&done);
        }
        let (pipeline, extracts) = self.hinted(pipeline);
        let wanted = self.wanted(&pipeline, extracts.as_deref());
        let selection = self.selection(&pushed, wanted);
        let set = events.select(&selection, meter)?;
        let streams: Vec<Stream> = (0..set.streams() as u32)
            .map(|i| Stream::new(set.labels(i)))
            .collect();
        let mut again = false;
        for (i, own) in pushed.iter().enumerate() {
            match &own.test {
                PushedTest::Line(_) if self.trusts_lines && !set.applies(i) => {
                    self.trusts_lines = false;
                    again = true;
                }
                PushedTest::Line(_) => {}
                PushedTest::Value { label, .. } => {
                    if streams.iter().any(|s| s.get(label).is_some()) {
                        self.left_out.push(label.clone());
                        again = true;
                    }
                }
            }
        }
        let scan = Scan {
            set,
            is_plain: pipeline.does_nothing(),
            has_conditions: !pushed.is_empty(),
            pipeline,
            streams,
            extracts,
        };
        Ok((scan, again))
    }

    /// The pipeline with the hints of the purpose, and the values that take the place of
    /// lines.
    fn hinted(&self, pipeline: Pipeline) -> (Pipeline, Option<Vec<LabelExtract>>) {
        let Purpose::Metric {
            unwrap,
            grouping,
            takes_bytes,
        } = self.purpose
        else {
            return (pipeline, None);
        };
        let hints = Hints::of_metric(&pipeline.required_labels(), unwrap, grouping);
        let pipeline = pipeline.with_hints(hints);
        if takes_bytes && pipeline.changes_line() {
            return (pipeline, None);
        }
        let mut extracts = pipeline.extracts();
        if let Some(extracts) = &mut extracts {
            self.prune(&pipeline, extracts);
        }
        (pipeline, extracts)
    }

    /// Leaves out what nobody looks at: a value whose name every stream has becomes
    /// another label. One stays, since it says whether lines are what the parser reads.
    fn prune(&self, pipeline: &Pipeline, extracts: &mut Vec<LabelExtract>) {
        let required = pipeline.hints().required.as_deref().unwrap_or(&[]);
        let is_seen = |label: &str| {
            let in_all = |m: &binnacle_model::Matcher| m.name == label && !m.matches("");
            !self.log.matchers.iter().any(in_all)
                || required
                    .iter()
                    .any(|r| r.strip_suffix(crate::stage::TAKEN_SUFFIX) == Some(label))
        };
        let seen = extracts.iter().filter(|e| is_seen(&e.label)).count();
        if seen == 0 {
            extracts.truncate(1);
        } else {
            extracts.retain(|e| is_seen(&e.label));
        }
    }

    fn wanted(&self, pipeline: &Pipeline, extracts: Option<&[LabelExtract]>) -> Wanted {
        let Purpose::Metric { takes_bytes, .. } = self.purpose else {
            return Wanted {
                lines: Lines::All,
                fields: Fields::All,
                ..Wanted::default()
            };
        };
        let lines = match extracts {
            None => Lines::All,
            Some([]) => Lines::None,
            Some(_) => Lines::WhereUnknown,
        };
        Wanted {
            lines,
            fields: self.fields(pipeline),
            extracts: extracts
                .into_iter()
                .flatten()
                .map(|e| e.extract.clone())
                .collect(),
            line_bytes: takes_bytes && !pipeline.changes_line(),
            ..Wanted::default()
        }
    }

    /// The fields that a metric query looks at.
    fn fields(&self, pipeline: &Pipeline) -> Fields {
        let hints = pipeline.hints();
        let names = match &hints.required {
            Some(required) => required.clone(),
            None if hints.no_labels => Vec::new(),
            None => return Fields::All,
        };
        if pipeline.has_templates() {
            return Fields::All;
        }
        let mut names = names;
        if !pipeline.does_nothing() {
            names.extend([ERROR, ERROR_DETAILS].map(str::to_owned));
        }
        names.sort_unstable();
        names.dedup();
        Fields::Named(names)
    }

    fn selection(&self, pushed: &[Pushed], mut wanted: Wanted) -> EventSelection {
        let mut conditions = Vec::new();
        for own in pushed {
            conditions.push(match &own.test {
                PushedTest::Line(test) => Condition::Line(test.clone()),
                PushedTest::Value {
                    label,
                    extract: None,
                    test,
                } => Condition::Field {
                    name: label.clone(),
                    test: test.clone(),
                },
                PushedTest::Value {
                    extract: Some(extract),
                    test,
                    ..
                } => {
                    let at = wanted.extracts.iter().position(|e| e == extract);
                    let at = at.unwrap_or_else(|| {
                        wanted.extracts.push(extract.clone());
                        wanted.extracts.len() - 1
                    });
                    Condition::Extracted {
                        extract: at,
                        test: test.clone(),
                    }
                }
            });
        }
        EventSelection {
            matchers: self.log.matchers.clone(),
            start_ns: self.start_ns,
            end_ns: self.end_ns,
            conditions,
            wanted,
        }
    }
}

/// Whether the engine does not know a value of a row that the pipeline wants.
pub(super) fn has_unknown(extracted: &[Column], row: usize) -> bool {
    extracted.iter().any(|column| match &column.values {
        ColumnValues::Text { of_row, .. } => of_row.get(row).is_none_or(|id| *id == UNKNOWN),
        other => !other.is_there(row),
    })
}

/// The text of an extracted value; `None` when there is none.
pub(super) fn text_of(column: &Column, row: usize) -> Option<&[u8]> {
    let ColumnValues::Text { entries, of_row } = &column.values else {
        return None;
    };
    let id = of_row.get(row).filter(|id| **id < UNKNOWN)?;
    Some(entries.get(*id as usize))
}

fn add_fields(columns: &[Column], row: usize, labels: &mut RowLabels) {
    let mut text = Vec::new();
    for column in columns {
        text.clear();
        if column.values.write_text(row, &mut text) {
            labels.add_metadata(&column.name, &String::from_utf8_lossy(&text));
        }
    }
}
