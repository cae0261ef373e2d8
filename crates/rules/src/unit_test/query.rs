//! Whole queries over series in memory.

use std::collections::HashMap;
use std::sync::Arc;

use binnacle_model::annotation::Annotations;
use binnacle_model::limits::{Meter, QueryLimits, Stopped};
use binnacle_model::metadata::Metadata;
use binnacle_model::query::{
    Answer, Cardinality, InstantQuery, MetricsQuery, QueryAnswer, QueryError, QueryOptions,
    QueryStatistics, QueryValue, RangeQuery, ReplayState, RunningQuery, SeriesExemplars,
    SeriesQuery, Value, VectorElement,
};
use binnacle_model::select::{Latest, SelectError, Selection};
use binnacle_model::{Append, Labels, Matcher, Sample, Select, is_stale};
use binnacle_promql::ast::{Duration, Expr, ExprKind};
use binnacle_promql::eval::{EvalError, EvalOptions, TimeRange, evaluate};
use binnacle_promql::parse::{parse, parse_selector};

use parking_lot::Mutex;

use super::storage::Storage;

/// Expressions that are kept.
const READ_MAX: usize = 10_000;

/// PromQL over a [`Storage`]. Everything is answered at once, on the caller's thread.
pub struct Simulated {
    storage: Arc<Storage>,
    options: EvalOptions,
    /// Expressions that were read before: rules ask the same again and again.
    read: Mutex<HashMap<String, Arc<Expr>>>,
}

impl Simulated {
    /// PromQL on `storage`; subqueries that name no step have `default_step_ms`.
    #[must_use]
    pub fn new(storage: Arc<Storage>, default_step_ms: i64) -> Self {
        let options = EvalOptions {
            default_step_ms: default_step_ms.max(1),
            ..EvalOptions::default()
        };
        Self {
            storage,
            options,
            read: Mutex::default(),
        }
    }

    fn evaluate(
        &self,
        text: &str,
        range: TimeRange,
        asked: &QueryOptions,
    ) -> Result<QueryAnswer, QueryError> {
        let expr = self.read(text)?;
        let mut options = self.options.clone();
        if let Some(lookback) = asked.lookback {
            options.lookback_ms = i64::try_from(lookback.as_millis()).unwrap_or(i64::MAX);
        }
        let meter = Arc::new(Meter::new(QueryLimits::default()));
        let done =
            evaluate(&expr, range, &*self.storage, None, &options, &meter).map_err(query_error)?;
        let mut answer = QueryAnswer {
            value: done.value,
            annotations: done.annotations,
            statistics: QueryStatistics {
                samples_total: done.samples_total,
                samples_peak: done.samples_peak,
                ..QueryStatistics::default()
            },
        };
        self.add_histograms(&expr, range, &mut answer);
        Ok(answer)
    }

    fn read(&self, text: &str) -> Result<Arc<Expr>, QueryError> {
        if let Some(expr) = self.read.lock().get(text) {
            return Ok(Arc::clone(expr));
        }
        let expr = Arc::new(parse(text)?);
        let mut read = self.read.lock();
        if read.len() < READ_MAX {
            read.insert(text.to_owned(), Arc::clone(&expr));
        }
        Ok(expr)
    }

    /// A selector by itself is answered with its native histograms too, as they were
    /// stored: that needs no arithmetic.
    fn add_histograms(&self, expr: &Expr, range: TimeRange, answer: &mut QueryAnswer) {
        let ExprKind::Vector(selector) = &expr.kind else {
            return;
        };
        let QueryValue::Vector(vector) = &mut answer.value else {
            return;
        };
        if selector.at.is_some() || selector.offset != Duration::Fixed(0) {
            return;
        }
        let at_ms = range.start_ms;
        let after_ms = at_ms.saturating_sub(self.options.lookback_ms);
        let found = self
            .storage
            .histograms_at(&selector.matchers, after_ms, at_ms);
        if found.is_empty() {
            return;
        }
        vector.extend(found.into_iter().map(|(labels, histogram)| VectorElement {
            labels,
            t_ms: at_ms,
            value: Value::Histogram(histogram),
        }));
        // What was left out has just been added.
        let mut told = Annotations::default();
        for annotation in answer.annotations.iter() {
            if !annotation.message.starts_with("native histograms are not") {
                told.add(annotation.clone());
            }
        }
        answer.annotations = told;
    }

    fn labels_of(&self, query: &SeriesQuery) -> Vec<Labels> {
        let mut all: Vec<Labels> = match query.selectors.as_slice() {
            [] => self.storage.labels(&[]),
            selectors => selectors
                .iter()
                .flat_map(|matchers| self.storage.labels(matchers))
                .collect(),
        };
        all.sort_unstable();
        all.dedup();
        if query.limit > 0 {
            all.truncate(query.limit);
        }
        all
    }
}

/// The error of the seam that an error of the evaluator is.
pub(crate) fn query_error(error: EvalError) -> QueryError {
    match error {
        EvalError::BadData { message, span } => QueryError::BadData { message, span },
        EvalError::Execution { message } => QueryError::Execution { message },
        EvalError::Storage { message } => QueryError::Internal { message },
        EvalError::Stopped(stopped) => {
            let message = stopped.to_string();
            match stopped {
                Stopped::Timeout(_) => QueryError::Timeout { message },
                Stopped::Canceled => QueryError::Canceled { message },
                Stopped::Limit { .. } => QueryError::Execution { message },
            }
        }
    }
}

fn not_here<T>(what: &str) -> Result<T, QueryError> {
    Err(QueryError::Unavailable {
        message: format!("a storage in memory has no {what}"),
    })
}

fn sorted(mut texts: Vec<String>) -> Vec<String> {
    texts.sort_unstable();
    texts.dedup();
    texts
}

impl MetricsQuery for Simulated {
    fn instant(&self, query: InstantQuery) -> Answer<'_, QueryAnswer> {
        let range = TimeRange {
            start_ms: query.at_ms,
            end_ms: query.at_ms,
            step_ms: 0,
        };
        Box::pin(async move { self.evaluate(&query.text, range, &query.options) })
    }

    fn range(&self, query: RangeQuery) -> Answer<'_, QueryAnswer> {
        let range = TimeRange {
            start_ms: query.start_ms,
            end_ms: query.end_ms,
            step_ms: query.step_ms,
        };
        Box::pin(async move { self.evaluate(&query.text, range, &query.options) })
    }

    fn series(&self, query: SeriesQuery) -> Answer<'_, (Vec<Labels>, Annotations)> {
        Box::pin(async move { Ok((self.labels_of(&query), Annotations::default())) })
    }

    fn label_names(&self, query: SeriesQuery) -> Answer<'_, (Vec<String>, Annotations)> {
        Box::pin(async move {
            let series = self.labels_of(&query);
            let names = series
                .iter()
                .flat_map(|l| l.iter().map(|(n, _)| n.to_owned()));
            Ok((sorted(names.collect()), Annotations::default()))
        })
    }

    fn label_values(
        &self,
        name: String,
        query: SeriesQuery,
    ) -> Answer<'_, (Vec<String>, Annotations)> {
        Box::pin(async move {
            let series = self.labels_of(&query);
            let values = series
                .iter()
                .filter_map(|l| l.get(&name).map(str::to_owned));
            Ok((sorted(values.collect()), Annotations::default()))
        })
    }

    fn latest(&self, query: SeriesQuery, at_ms: i64) -> Answer<'_, Vec<(Labels, Sample)>> {
        Box::pin(async move {
            let meter = Arc::new(Meter::new(QueryLimits::default()));
            let after_ms = at_ms.saturating_sub(self.options.lookback_ms);
            let mut all = Vec::new();
            for matchers in query.selectors {
                let selection = Selection {
                    matchers,
                    start_ms: after_ms.saturating_add(1),
                    end_ms: at_ms,
                    ..Selection::default()
                };
                let internal = |e: SelectError| query_error(e.into());
                let set = self
                    .storage
                    .select(&selection, false, &meter)
                    .map_err(internal)?;
                for i in 0..set.len() {
                    if let Some(Latest::Float(sample)) =
                        set.latest(i, after_ms, at_ms).map_err(internal)?
                        && !is_stale(sample.value)
                    {
                        all.push((set.labels(i), sample));
                    }
                }
            }
            all.sort_by(|(a, _), (b, _)| a.cmp(b));
            all.dedup_by(|(a, _), (b, _)| a == b);
            Ok(all)
        })
    }

    fn exemplars(
        &self,
        _text: String,
        _start_ms: i64,
        _end_ms: i64,
    ) -> Answer<'_, Vec<SeriesExemplars>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn metadata(
        &self,
        _metric: Option<String>,
        _limit: usize,
    ) -> Answer<'_, Vec<(String, Vec<Metadata>)>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn format(&self, text: &str) -> Result<String, QueryError> {
        Ok(binnacle_promql::print::pretty(&parse(text)?))
    }

    fn syntax_tree(&self, text: &str) -> Result<String, QueryError> {
        Ok(binnacle_promql::syntax_tree::syntax_tree(&parse(text)?))
    }

    fn selector(&self, text: &str) -> Result<Vec<Matcher>, QueryError> {
        Ok(parse_selector(text)?)
    }

    fn running(&self) -> Vec<RunningQuery> {
        Vec::new()
    }

    fn kill(&self, _id: u64) -> bool {
        false
    }

    fn cardinality(&self, _limit: usize) -> Answer<'_, Cardinality> {
        Box::pin(async {
            let head_series = self.storage.labels(&[]).len() as u64;
            Ok(Cardinality {
                head_series,
                ..Cardinality::default()
            })
        })
    }

    fn replay(&self) -> ReplayState {
        ReplayState {
            done: true,
            ..ReplayState::default()
        }
    }

    fn delete_series(&self, _query: SeriesQuery) -> Answer<'_, ()> {
        Box::pin(async { not_here("deletion") })
    }

    fn clean_tombstones(&self) -> Answer<'_, ()> {
        Box::pin(async { not_here("deletion") })
    }

    fn snapshot(&self, _skip_head: bool) -> Answer<'_, String> {
        Box::pin(async { not_here("snapshots") })
    }

    fn appender(&self) -> Arc<dyn Append> {
        Arc::clone(&self.storage) as Arc<dyn Append>
    }
}
