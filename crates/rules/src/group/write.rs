//! What a rule has come to is written: results and staleness markers as one batch.
//!
//! The engine is told series by the numbers that it gave out before; should it have
//! forgotten some, they are written again with their labels.

use binnacle_model::Batch;
use binnacle_model::append::{AppendOptions, Appended, Refusal};

use super::evaluate::{EvaluateError, Turn};
use crate::rule::{Rule, State};

/// What an evaluation wants to write.
pub(super) struct Results {
    pub(super) batch: Batch,
    /// For each series of the batch its number in the rule's book.
    pub(super) of_batch: Vec<u32>,
    /// How many of them are results; staleness markers follow.
    pub(super) count: usize,
    /// Results that cannot be written.
    pub(super) histograms: usize,
}

impl Results {
    pub(super) fn new(batch: Batch) -> Self {
        Self {
            batch,
            of_batch: Vec::new(),
            count: 0,
            histograms: 0,
        }
    }

    pub(super) fn push(&mut self, state: &State, series: u32, t_ms: i64, value: f64) {
        state.series.push(series, t_ms, value, &mut self.batch);
        self.of_batch.push(series);
    }

    /// All results are there: staleness markers follow.
    pub(super) fn end(&mut self, state: &State, t_ms: i64) {
        self.count = self.of_batch.len();
        state
            .series
            .push_stale(t_ms, &mut self.batch, &mut self.of_batch);
    }
}

impl Turn<'_> {
    /// Writes results, and makes what was written the rule's series.
    pub(super) async fn write(self, rule: &Rule, results: Results) -> Result<u64, EvaluateError> {
        let written = self.append(rule, &results.of_batch, results.batch).await;
        let mut state = rule.state.lock();
        let refused = match written {
            Ok(refused) => refused,
            Err(error) => {
                state.series.forget();
                return Err(error);
            }
        };
        // Refused staleness markers are no failure: another rule writes the series.
        let mut failed = None;
        for (at, why) in refused {
            if (at as usize) < results.count {
                state.series.refuse(results.of_batch[at as usize]);
                failed = Some(why);
            }
        }
        state.series.commit();
        if let Some(why) = failed {
            return Err(EvaluateError::Refused(why));
        }
        if results.histograms > 0 {
            let count = results.histograms;
            return Err(EvaluateError::Histograms { count });
        }
        state.succeeded();
        Ok(state.results)
    }

    /// Appends a batch; gives what was refused.
    async fn append(
        self,
        rule: &Rule,
        of_batch: &[u32],
        batch: Batch,
    ) -> Result<Vec<(u32, Refusal)>, EvaluateError> {
        if batch.series.is_empty() {
            self.around.give_back(batch);
            return Ok(Vec::new());
        }
        let (batch, appended) = self.append_batch(batch).await?;
        let forgotten = rule.state.lock().series.learn(of_batch, &appended);
        let mut refused: Vec<(u32, Refusal)> = appended
            .refused
            .iter()
            .map(|(i, _, why)| (*i, *why))
            .collect();
        if !forgotten.is_empty() {
            refused.retain(|(i, _)| !forgotten.iter().any(|(_, at)| at == i));
            let mut again = self.around.batch();
            {
                let state = rule.state.lock();
                for (i, at) in &forgotten {
                    let sample = batch.series[*at as usize].samples.start as usize;
                    let value = batch.values[sample];
                    state.series.push(*i, self.data_ms, value, &mut again);
                }
            }
            let (again, appended) = self.append_batch(again).await?;
            let numbers: Vec<u32> = forgotten.iter().map(|(i, _)| *i).collect();
            rule.state.lock().series.learn(&numbers, &appended);
            for (i, _, why) in &appended.refused {
                refused.push((forgotten[*i as usize].1, *why));
            }
            self.around.give_back(again);
        }
        self.around.give_back(batch);
        Ok(refused)
    }

    /// Appends on a thread where blocking is allowed, because engines write to disk: this
    /// one, or another.
    async fn append_batch(self, batch: Batch) -> Result<(Batch, Appended), EvaluateError> {
        let options = AppendOptions {
            want_refs: !batch.label_bytes.is_empty(),
            one_scrape: false,
            in_order_only: true,
        };
        let appender = self.around.metrics.appender();
        let work = move || {
            let appended = appender.append(&batch, options);
            (batch, appended)
        };
        let (batch, appended) = if self.around.may_block {
            work()
        } else {
            tokio::task::spawn_blocking(work)
                .await
                .map_err(|error| EvaluateError::Thread(error.to_string()))?
        };
        Ok((batch, appended?))
    }
}
