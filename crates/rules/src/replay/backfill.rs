//! What recording rules would have recorded, written into an engine.

use std::collections::BTreeMap;

use binnacle_model::append::{AppendError, AppendOptions, Refusal};
use binnacle_model::query::QueryError;
use binnacle_model::{Append, Batch, is_stale};

use super::plan::Plan;
use super::play::Played;
use super::run::{Ran, error_of};

/// Samples that are gathered before they are written.
const SAMPLES_MAX: usize = 50_000;

/// What was written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Backfill {
    /// Recording rule by recording rule, in the order of the file.
    pub rules: Vec<BackfilledRule>,
    /// What could not be evaluated: rule and why.
    pub errors: Vec<(String, String)>,
}

/// What was written of one rule.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BackfilledRule {
    /// The rule.
    pub rule: String,
    /// Its series.
    pub series: u64,
    /// Samples that the engine took, without staleness markers.
    pub samples: u64,
    /// Samples that it did not take, and why.
    pub refused: Vec<(Refusal, u64)>,
}

/// Writes what one rule gives.
#[derive(Debug, Default)]
pub(super) struct Writer {
    batch: Batch,
    samples: u64,
    refused: BTreeMap<Refusal, u64>,
}

impl Writer {
    /// Writes when there is enough.
    pub(super) fn flush_when_full(
        &mut self,
        played: &mut Played<'_>,
        into: &dyn Append,
    ) -> Result<(), QueryError> {
        if played.written.len() < SAMPLES_MAX {
            return Ok(());
        }
        self.flush(played, into)
    }

    /// Writes what there is.
    pub(super) fn flush(
        &mut self,
        played: &mut Played<'_>,
        into: &dyn Append,
    ) -> Result<(), QueryError> {
        if played.written.is_empty() {
            return Ok(());
        }
        let mut written = std::mem::take(&mut played.written);
        written.sort_by_key(|(series, t_ms, _)| (*series, *t_ms));
        self.batch.clear();
        for of_series in written.chunk_by(|a, b| a.0 == b.0) {
            let samples: Vec<(i64, f64)> = of_series.iter().map(|(_, t, v)| (*t, *v)).collect();
            self.batch
                .push(&played.outputs()[of_series[0].0].labels, &samples);
        }
        let appended = into
            .append(&self.batch, AppendOptions::default())
            .map_err(|error| unavailable(&error))?;
        let markers = |range: &std::ops::Range<u32>| {
            let values = &self.batch.values[range.start as usize..range.end as usize];
            values.iter().filter(|value| is_stale(**value)).count()
        };
        let markers: usize = self.batch.series.iter().map(|s| markers(&s.samples)).sum();
        let mut samples = self.batch.values.len() - markers;
        for (series, sample, why) in appended.refused {
            let first = self.batch.series[series as usize].samples.start;
            if !is_stale(self.batch.values[(first + sample) as usize]) {
                *self.refused.entry(why).or_default() += 1;
                samples -= 1;
            }
        }
        self.samples += samples as u64;
        Ok(())
    }
}

fn unavailable(error: &AppendError) -> QueryError {
    QueryError::Unavailable {
        message: format!("back-filling stopped: {error}"),
    }
}

/// The answer of a back-fill.
pub(super) fn summed_up(plan: &Plan, ran: Vec<Ran<'_>>) -> Backfill {
    let mut backfill = Backfill {
        errors: plan.left_out.clone(),
        ..Backfill::default()
    };
    for (planned, Ran { played, writer }) in plan.rules.iter().zip(ran) {
        if !planned.wanted || planned.rule.alerting().is_some() {
            continue;
        }
        backfill.errors.extend(error_of(planned, &played));
        backfill.rules.push(BackfilledRule {
            rule: planned.rule.name.clone(),
            series: played.outputs().len() as u64,
            samples: writer.samples,
            refused: writer.refused.into_iter().collect(),
        });
    }
    backfill
}
