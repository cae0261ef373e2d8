//! A log query over batches as they are stored.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use binnacle_model::event::logs::LogEntry;
use binnacle_model::event::{EventBatch, FieldValue, LogLabels};
use binnacle_model::{Labels, Matcher};

use crate::ast::LogExpr;
use crate::stage::{Pipeline, RowLabels};

/// Streams whose labels are remembered.
const STREAMS_MAX: usize = 10_000;

/// Runs a query's pipeline over what comes.
pub struct Follower {
    matchers: Vec<Matcher>,
    pipeline: Pipeline,
    labels: RowLabels,
    /// Labels of streams that match; `None` for those that do not.
    streams: HashMap<Vec<u8>, Option<Arc<LogLabels>>>,
}

impl Follower {
    /// Compiles the query.
    ///
    /// # Errors
    /// What is wrong with a stage.
    pub fn new(log: &LogExpr) -> Result<Self, String> {
        Ok(Self {
            matchers: log.matchers.clone(),
            pipeline: Pipeline::new(&log.stages)?,
            labels: RowLabels::default(),
            streams: HashMap::new(),
        })
    }

    /// Adds the lines that pass to `out`, by their labels; answers how many.
    pub fn take(
        &mut self,
        batch: &EventBatch,
        out: &mut BTreeMap<LogLabels, Vec<LogEntry>>,
    ) -> usize {
        let mut taken = 0;
        for (i, stream) in batch.streams.iter().enumerate() {
            let Some(own) = self.stream(batch.stream_labels(i)) else {
                continue;
            };
            for row in stream.rows.clone() {
                taken += usize::from(self.row(batch, row as usize, &own, out));
            }
        }
        taken
    }

    fn stream(&mut self, canonical: &[u8]) -> Option<Arc<LogLabels>> {
        if let Some(known) = self.streams.get(canonical) {
            return known.clone();
        }
        if self.streams.len() >= STREAMS_MAX {
            self.streams.clear();
        }
        let labels = Labels::from_canonical(canonical).ok()?;
        let own = binnacle_model::matcher::all_match(&self.matchers, &labels)
            .then(|| Arc::new(LogLabels::from(&labels)));
        self.streams.insert(canonical.to_vec(), own.clone());
        own
    }

    fn row(
        &mut self,
        batch: &EventBatch,
        row: usize,
        own: &Arc<LogLabels>,
        out: &mut BTreeMap<LogLabels, Vec<LogEntry>>,
    ) -> bool {
        self.labels.reset(own);
        for (name, value) in batch.fields(row) {
            let value = match value {
                FieldValue::Text(text) => String::from_utf8_lossy(text).into_owned(),
                FieldValue::Int(v) => v.to_string(),
                FieldValue::Float(v) => v.to_string(),
                FieldValue::Bool(v) => v.to_string(),
            };
            self.labels.add_metadata(name, &value);
        }
        let t_ns = batch.times_ns[row];
        let Some(line) = self.pipeline.run(t_ns, batch.line(row), &mut self.labels) else {
            return false;
        };
        out.entry(self.labels.merged()).or_default().push(LogEntry {
            t_ns,
            line: line.into_owned(),
            structured_metadata: self.labels.metadata(),
            parsed: self.labels.parsed(),
        });
        true
    }
}
