//! Rows of a selection with their labels.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use binnacle_model::event::select::{Fields, Lines, Wanted};
use binnacle_model::event::{
    Column, Condition, EventSelection, EventSet, LogLabels, Rows, SelectEvents,
};
use binnacle_model::limits::Meter;

use super::{EvalError, leading};
use crate::ast::LogExpr;
use crate::stage::{Pipeline, RowLabels};

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

/// A selection with the pipeline that is still to be run on its rows.
pub(super) struct Scan {
    pub(super) set: Box<dyn EventSet>,
    pub(super) pipeline: Pipeline,
    pub(super) streams: Vec<Arc<LogLabels>>,
}

impl Scan {
    /// Selects the lines of a log expression with `start_ns <= t < end_ns`.
    pub(super) fn new(
        log: &LogExpr,
        start_ns: i64,
        end_ns: i64,
        mut wanted: Wanted,
        events: &dyn SelectEvents,
        meter: &Arc<Meter>,
    ) -> Result<Self, EvalError> {
        let (conditions, count) = leading(log);
        let rest = &log.stages[count..];
        if !rest.is_empty() {
            wanted.lines = Lines::All;
            wanted.fields = Fields::All;
        }
        let mut selection = EventSelection {
            matchers: log.matchers.clone(),
            start_ns,
            end_ns,
            conditions,
            wanted,
        };
        let mut set = events.select(&selection, meter)?;
        let applied = (0..count).all(|i| set.applies(i));
        let stages = if applied { rest } else { &log.stages[..] };
        if !applied {
            selection.wanted.lines = Lines::All;
            set = events.select(&selection, meter)?;
        }
        let pipeline = Pipeline::new(stages).map_err(|message| EvalError::BadData {
            message,
            span: Some(log.span),
        })?;
        let streams = (0..set.streams() as u32)
            .map(|i| Arc::new(LogLabels::from(&set.labels(i))))
            .collect();
        Ok(Self {
            set,
            pipeline,
            streams,
        })
    }

    /// Begins a row: labels of its stream and metadata.
    pub(super) fn begin(&self, rows: &Rows, row: usize, labels: &mut RowLabels) {
        labels.reset(&self.streams[rows.streams[row] as usize]);
        add_fields(&rows.fields, row, labels);
    }
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
