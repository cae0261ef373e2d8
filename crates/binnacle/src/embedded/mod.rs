//! The metrics signal on this machine: our engine and PromQL behind
//! [`MetricsQuery`].
//!
//! Engine and language are synchronous, so every question runs on a thread where
//! blocking is allowed; at most [`QuerySettings::concurrency`] questions run at once
//! and the others wait their turn. A query whose asker has gone away is stopped.

mod log;
mod logs;
mod running;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use binnacle::config::QuerySettings;
use binnacle_metrics::Engine;
use binnacle_model::annotation::Annotations;
use binnacle_model::limits::{Meter, Stopped};
use binnacle_model::matcher::Matcher;
use binnacle_model::metadata::Metadata;
use binnacle_model::query::{
    Answer, Cardinality, InstantQuery, MetricsQuery, QueryAnswer, QueryError, QueryOptions,
    QueryStatistics, RangeQuery, ReplayState, RunningQuery, SeriesExemplars, SeriesQuery,
};
use binnacle_model::sample::Sample;
use binnacle_model::select::{Latest, SelectError, Selection};
use binnacle_model::{Append, Labels, Select, is_stale};
use binnacle_promql::eval::{EvalError, EvalOptions, TimeRange, evaluate};
use binnacle_stdx::clock::Clock;
use tokio::sync::{Semaphore, SemaphorePermit};

pub use log::QueryLog;
pub use logs::{EmbeddedLogs, PatternWatch, ServiceCounts};
use running::Registry;

/// Counts of queries since start.
#[derive(Debug, Default)]
#[allow(missing_docs)]
pub struct QueryCounters {
    pub started: std::sync::atomic::AtomicU64,
    pub failed: std::sync::atomic::AtomicU64,
    pub samples: std::sync::atomic::AtomicU64,
    pub nanoseconds: std::sync::atomic::AtomicU64,
}

/// See the module's text.
pub struct Embedded {
    engine: Arc<Engine>,
    clock: Arc<dyn Clock>,
    settings: QuerySettings,
    slots: Semaphore,
    running: Registry,
    log: Option<QueryLog>,
    counters: QueryCounters,
    /// Threads that one query may use.
    threads: usize,
}

impl Embedded {
    /// Puts PromQL on `engine`.
    pub fn new(
        engine: Arc<Engine>,
        clock: Arc<dyn Clock>,
        settings: QuerySettings,
        log: Option<QueryLog>,
    ) -> Self {
        let slots = Semaphore::new(settings.concurrency.max(1));
        Self {
            engine,
            clock,
            settings,
            slots,
            running: Registry::default(),
            log,
            counters: QueryCounters::default(),
            threads: std::thread::available_parallelism().map_or(1, usize::from),
        }
    }

    /// Counts since start.
    pub fn counters(&self) -> &QueryCounters {
        &self.counters
    }

    /// Queries at once.
    pub fn concurrency(&self) -> usize {
        self.settings.concurrency
    }

    async fn slot(&self) -> Result<SemaphorePermit<'_>, QueryError> {
        self.slots
            .acquire()
            .await
            .map_err(|_| QueryError::Canceled {
                message: "the server is stopping".to_owned(),
            })
    }

    /// Evaluates `text` over `range`.
    async fn evaluate(
        &self,
        text: String,
        range: TimeRange,
        options: QueryOptions,
    ) -> Result<QueryAnswer, QueryError> {
        use std::sync::atomic::Ordering::Relaxed;
        let asked = Instant::now();
        let expr = parse(&text)?;
        let prepare_seconds = asked.elapsed().as_secs_f64();
        let mut limits = self.settings.limits.clone();
        limits.timeout = options
            .timeout
            .map_or(limits.timeout, |t| t.min(limits.timeout));
        let meter = Arc::new(Meter::new(limits));
        let entry = self
            .running
            .enter(&text, &options.client, self.clock.now_ms(), meter.clone());
        let slot = self.slot().await?;
        let queue_seconds = asked.elapsed().as_secs_f64() - prepare_seconds;
        self.counters.started.fetch_add(1, Relaxed);
        let eval_options = EvalOptions {
            lookback_ms: millis(options.lookback.unwrap_or(self.settings.lookback_delta)),
            default_step_ms: millis(self.settings.default_step),
            per_step_statistics: options.per_step_statistics,
            threads: self.threads,
            ..EvalOptions::default()
        };
        let engine = self.engine.clone();
        let (result, seconds) = {
            let meter = meter.clone();
            let work = move || {
                let begun = Instant::now();
                let result = evaluate(
                    &expr,
                    range,
                    &*engine,
                    Some(&*engine),
                    &eval_options,
                    &meter,
                );
                Ok((result, begun.elapsed().as_secs_f64()))
            };
            if options.in_place {
                here(work)?
            } else {
                on_a_thread(work).await?
            }
        };
        drop(slot);
        drop(entry);
        self.counters
            .nanoseconds
            .fetch_add((seconds * 1e9) as u64, Relaxed);
        self.counters
            .samples
            .fetch_add(meter.samples_total(), Relaxed);
        let answer = result.map_err(query_error).map(|evaluation| QueryAnswer {
            value: evaluation.value,
            annotations: evaluation.annotations,
            statistics: QueryStatistics {
                total_seconds: asked.elapsed().as_secs_f64(),
                queue_seconds,
                prepare_seconds,
                eval_seconds: seconds,
                samples_total: evaluation.samples_total,
                samples_peak: evaluation.samples_peak,
                samples_per_step: evaluation.samples_per_step,
            },
        });
        if answer.is_err() {
            self.counters.failed.fetch_add(1, Relaxed);
        }
        if let Some(log) = &self.log {
            log.write(
                self.clock.now_ms(),
                &text,
                range,
                &options.client,
                seconds,
                &answer,
            );
        }
        answer
    }

    /// Runs a question about series on a thread, within the limits.
    async fn ask<T, F>(&self, question: F) -> Result<T, QueryError>
    where
        T: Send + 'static,
        F: FnOnce(&Engine, &Arc<Meter>) -> Result<T, SelectError> + Send + 'static,
    {
        let slot = self.slot().await?;
        let meter = Arc::new(Meter::new(self.settings.limits.clone()));
        let stopping = StopWhenDropped(meter.clone());
        let engine = self.engine.clone();
        let answer = on_a_thread(move || question(&engine, &meter).map_err(select_error)).await;
        drop(stopping);
        drop(slot);
        answer
    }
}

/// Stops a query whose asker has gone away.
struct StopWhenDropped(Arc<Meter>);

impl Drop for StopWhenDropped {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

async fn on_a_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, QueryError> + Send + 'static,
) -> Result<T, QueryError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(QueryError::Internal {
            message: format!("the query's thread failed: {error}. This is a bug"),
        }),
    }
}

/// Runs `work` on this thread; a panic is an error as it is on a thread of its own.
fn here<T>(work: impl FnOnce() -> Result<T, QueryError>) -> Result<T, QueryError> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).unwrap_or_else(|_| {
        Err(QueryError::Internal {
            message: "the query failed within. This is a bug".to_owned(),
        })
    })
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

fn parse(text: &str) -> Result<binnacle_promql::ast::Expr, QueryError> {
    binnacle_promql::parse::parse(text).map_err(QueryError::from)
}

fn stopped(stopped: &Stopped) -> QueryError {
    let message = stopped.to_string();
    match stopped {
        Stopped::Timeout(_) => QueryError::Timeout { message },
        Stopped::Canceled => QueryError::Canceled { message },
        Stopped::Limit { .. } => QueryError::Execution { message },
    }
}

fn select_error(error: SelectError) -> QueryError {
    match error {
        SelectError::Stopped(s) => stopped(&s),
        SelectError::Storage { message } => QueryError::Internal { message },
    }
}

fn query_error(error: EvalError) -> QueryError {
    match error {
        EvalError::Stopped(s) => stopped(&s),
        EvalError::BadData { message, span } => QueryError::BadData { message, span },
        EvalError::Execution { message } => QueryError::Execution { message },
        EvalError::Storage { message } => QueryError::Internal { message },
    }
}

impl MetricsQuery for Embedded {
    fn instant(&self, query: InstantQuery) -> Answer<'_, QueryAnswer> {
        let range = TimeRange {
            start_ms: query.at_ms,
            end_ms: query.at_ms,
            step_ms: 0,
        };
        Box::pin(self.evaluate(query.text, range, query.options))
    }

    fn range(&self, query: RangeQuery) -> Answer<'_, QueryAnswer> {
        let range = TimeRange {
            start_ms: query.start_ms,
            end_ms: query.end_ms,
            step_ms: query.step_ms,
        };
        Box::pin(self.evaluate(query.text, range, query.options))
    }

    fn series(&self, query: SeriesQuery) -> Answer<'_, (Vec<Labels>, Annotations)> {
        Box::pin(self.ask(move |engine, meter| {
            let mut all = Vec::new();
            for matchers in query.selectors {
                let selection = Selection {
                    matchers,
                    start_ms: query.start_ms,
                    end_ms: query.end_ms,
                    ..Selection::default()
                };
                let set = engine.select(&selection, false, meter)?;
                for i in 0..set.len() {
                    all.push(set.labels(i));
                }
            }
            all.sort_unstable();
            all.dedup();
            if query.limit > 0 {
                all.truncate(query.limit);
            }
            Ok((all, Annotations::default()))
        }))
    }

    fn label_names(&self, query: SeriesQuery) -> Answer<'_, (Vec<String>, Annotations)> {
        Box::pin(self.ask(move |engine, meter| {
            union(&query, |matchers| {
                engine.label_names(matchers, query.start_ms, query.end_ms, meter)
            })
        }))
    }

    fn label_values(
        &self,
        name: String,
        query: SeriesQuery,
    ) -> Answer<'_, (Vec<String>, Annotations)> {
        Box::pin(self.ask(move |engine, meter| {
            union(&query, |matchers| {
                engine.label_values(&name, matchers, query.start_ms, query.end_ms, meter)
            })
        }))
    }

    fn latest(&self, query: SeriesQuery, at_ms: i64) -> Answer<'_, Vec<(Labels, Sample)>> {
        let lookback_ms = millis(self.settings.lookback_delta);
        Box::pin(self.ask(move |engine, meter| {
            let mut all = Vec::new();
            for matchers in query.selectors {
                let after_ms = at_ms.saturating_sub(lookback_ms);
                let selection = Selection {
                    matchers,
                    start_ms: after_ms.saturating_add(1),
                    end_ms: at_ms,
                    ..Selection::default()
                };
                let set = engine.select(&selection, false, meter)?;
                for i in 0..set.len() {
                    if let Some(Latest::Float(sample)) = set.latest(i, after_ms, at_ms)?
                        && !is_stale(sample.value)
                    {
                        all.push((set.labels(i), sample));
                    }
                }
            }
            all.sort_by(|(a, _), (b, _)| a.cmp(b));
            all.dedup_by(|(a, _), (b, _)| a == b);
            Ok(all)
        }))
    }

    fn exemplars(
        &self,
        text: String,
        start_ms: i64,
        end_ms: i64,
    ) -> Answer<'_, Vec<SeriesExemplars>> {
        Box::pin(async move {
            let expr = parse(&text)?;
            let mut selectors = Vec::new();
            expr.selectors(&mut |selector| selectors.push(selector.matchers.clone()));
            self.ask(move |engine, _| Ok(engine.exemplars(&selectors, start_ms, end_ms)))
                .await
        })
    }

    fn metadata(
        &self,
        metric: Option<String>,
        limit: usize,
    ) -> Answer<'_, Vec<(String, Vec<Metadata>)>> {
        use binnacle_model::select::MetadataSource;
        Box::pin(async move { Ok(self.engine.metadata(metric.as_deref(), limit)) })
    }

    fn format(&self, text: &str) -> Result<String, QueryError> {
        parse(text).map(|expr| binnacle_promql::print::pretty(&expr))
    }

    fn syntax_tree(&self, text: &str) -> Result<String, QueryError> {
        parse(text).map(|expr| binnacle_promql::syntax_tree::syntax_tree(&expr))
    }

    fn selector(&self, text: &str) -> Result<Vec<Matcher>, QueryError> {
        binnacle_promql::parse::parse_selector(text).map_err(QueryError::from)
    }

    fn running(&self) -> Vec<RunningQuery> {
        self.running.list()
    }

    fn kill(&self, id: u64) -> bool {
        self.running.kill(id)
    }

    fn cardinality(&self, limit: usize) -> Answer<'_, Cardinality> {
        Box::pin(self.ask(move |engine, _| Ok(engine.cardinality(limit))))
    }

    fn replay(&self) -> ReplayState {
        self.engine.replay()
    }

    fn delete_series(&self, query: SeriesQuery) -> Answer<'_, ()> {
        let engine = self.engine.clone();
        Box::pin(on_a_thread(move || {
            engine
                .delete_series(&query.selectors, query.start_ms, query.end_ms)
                .map_err(internal)
        }))
    }

    fn clean_tombstones(&self) -> Answer<'_, ()> {
        let engine = self.engine.clone();
        Box::pin(on_a_thread(move || {
            engine.clean_tombstones().map_err(internal)
        }))
    }

    fn snapshot(&self, skip_head: bool) -> Answer<'_, String> {
        let engine = self.engine.clone();
        Box::pin(on_a_thread(move || {
            let name = engine.snapshot(skip_head).map_err(internal)?;
            move_snapshot(engine.dir(), &name).map_err(internal)?;
            Ok(name)
        }))
    }

    fn appender(&self) -> Arc<dyn Append> {
        self.engine.clone()
    }
}

/// Makes of the engine's snapshot a data directory of its own, below `snapshots/` of
/// the whole: `snapshots/<name>/metrics`.
fn move_snapshot(engine_dir: &Path, name: &str) -> std::io::Result<()> {
    let whole = engine_dir
        .parent()
        .unwrap_or(engine_dir)
        .join("snapshots")
        .join(name);
    std::fs::create_dir_all(&whole)?;
    std::fs::rename(
        engine_dir.join("snapshots").join(name),
        whole.join("metrics"),
    )
}

fn internal(error: impl std::fmt::Display) -> QueryError {
    QueryError::Internal {
        message: error.to_string(),
    }
}

/// The union over all selectors (all series when there is none), ascending.
fn union(
    query: &SeriesQuery,
    mut ask: impl FnMut(&[Matcher]) -> Result<Vec<String>, SelectError>,
) -> Result<(Vec<String>, Annotations), SelectError> {
    let mut all = match query.selectors.as_slice() {
        [] => ask(&[])?,
        [one] => ask(one)?,
        several => {
            let mut all = Vec::new();
            for matchers in several {
                all.append(&mut ask(matchers)?);
            }
            all.sort_unstable();
            all.dedup();
            all
        }
    };
    if query.limit > 0 {
        all.truncate(query.limit);
    }
    Ok((all, Annotations::default()))
}
