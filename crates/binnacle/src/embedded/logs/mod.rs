//! The logs signal on this machine: our engine and LogQL behind [`LogsQuery`].
//!
//! As for metrics, every question runs on a thread where blocking is allowed, a bounded
//! number at once, and is stopped when its asker has gone away.

mod allowed;
mod fields;
mod patterns;
mod tail;
mod volume;
mod watch;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Instant;

use binnacle::config::{LogsQuerySettings, QuerySettings};
use binnacle_events::Engine;
use binnacle_guard::Guard;
use binnacle_logql::ast::{Expr, LogExpr};
use binnacle_logql::eval::{EvalError, EvalOptions, evaluate};
use binnacle_model::Labels;
use binnacle_model::event::logs::{
    DeleteRequest, DetectedField, IndexStats, KnownPattern, LogPoint, LogsAnswer, LogsRequest,
    LogsStatistics, LogsTime, LogsValue, PatternSeries, StreamsQuery, Tail, VolumeQuery,
};
use binnacle_model::event::{EvaluateLogs, LogLabels, LogSink, LogsQuery, SelectEvents};
use binnacle_model::limits::Meter;
use binnacle_model::matcher::Matcher;
use binnacle_model::query::{Answer, QueryError, QueryOptions, RunningQuery};
use binnacle_stdx::clock::Clock;
use tokio::sync::{Semaphore, SemaphorePermit};

pub use watch::{PatternWatch, ServiceCounts};

use super::running::Registry;
use super::{StopWhenDropped, on_a_thread, select_error};

/// Tails at the same time, at most: each holds a connection and sees every line.
const TAILS_MAX: usize = 64;

/// Counts since start.
#[derive(Debug, Default)]
#[allow(missing_docs)]
pub struct LogsCounters {
    pub queries: AtomicU64,
    pub failed: AtomicU64,
    pub rows: AtomicU64,
    pub bytes: AtomicU64,
    pub nanoseconds: AtomicU64,
}

/// See the module's text.
pub struct EmbeddedLogs {
    engine: Arc<Engine>,
    guard: Arc<Guard>,
    watch: Arc<PatternWatch>,
    clock: Arc<dyn Clock>,
    settings: QuerySettings,
    allowed: LogsQuerySettings,
    slots: Semaphore,
    running: Registry,
    counters: LogsCounters,
    tails: Arc<AtomicUsize>,
    threads: usize,
}

impl EmbeddedLogs {
    /// Puts LogQL on `engine`; lines come in through `guard`.
    pub fn new(
        engine: Arc<Engine>,
        guard: Arc<Guard>,
        watch: Arc<PatternWatch>,
        clock: Arc<dyn Clock>,
        settings: QuerySettings,
        allowed: LogsQuerySettings,
    ) -> Self {
        Self {
            engine,
            guard,
            watch,
            clock,
            slots: Semaphore::new(settings.concurrency.max(1)),
            settings,
            allowed,
            running: Registry::default(),
            counters: LogsCounters::default(),
            tails: Arc::default(),
            threads: std::thread::available_parallelism().map_or(1, usize::from),
        }
    }

    /// Counts since start.
    pub fn counters(&self) -> &LogsCounters {
        &self.counters
    }

    async fn slot(&self) -> Result<SemaphorePermit<'_>, QueryError> {
        self.slots
            .acquire()
            .await
            .map_err(|_| QueryError::Canceled {
                message: "the server is stopping".to_owned(),
            })
    }

    /// Evaluates `expr`, which was read from `request.text`.
    async fn evaluate(&self, expr: Expr, request: LogsRequest) -> Result<LogsAnswer, QueryError> {
        let asked = Instant::now();
        let request = self.within_lookback(request);
        let mut limits = self.settings.limits.clone();
        if !self.allowed.timeout.is_zero() {
            limits.timeout = self.allowed.timeout;
        }
        let timeout = request.options.timeout;
        limits.timeout = timeout.map_or(limits.timeout, |t| t.min(limits.timeout));
        let meter = Arc::new(Meter::new(limits));
        let entry = self.running.enter(
            &request.text,
            &request.options.client,
            self.clock.now_ms(),
            meter.clone(),
        );
        let slot = self.slot().await?;
        let queue_seconds = asked.elapsed().as_secs_f64();
        self.counters.queries.fetch_add(1, Ordering::Relaxed);
        let engine = self.engine.clone();
        let options = EvalOptions {
            threads: self.threads,
            now_ns: Some(self.clock.now_ms().saturating_mul(1_000_000)),
            ..self.eval_options()
        };
        let answer = on_a_thread(move || {
            let (time, limit, direction) = (request.time, request.limit, request.direction);
            evaluate(&expr, time, limit, direction, &*engine, &options, &meter).map_err(eval_error)
        })
        .await;
        drop(slot);
        drop(entry);
        let (value, mut statistics, annotations) = answer.inspect_err(|_| {
            self.counters.failed.fetch_add(1, Ordering::Relaxed);
        })?;
        statistics.queue_seconds = queue_seconds;
        statistics.total_seconds = asked.elapsed().as_secs_f64();
        self.count(&statistics);
        Ok(LogsAnswer {
            value,
            annotations,
            statistics,
        })
    }

    fn count(&self, statistics: &LogsStatistics) {
        let counters = &self.counters;
        counters.rows.fetch_add(statistics.rows, Ordering::Relaxed);
        counters
            .bytes
            .fetch_add(statistics.bytes, Ordering::Relaxed);
        let ns = (statistics.total_seconds * 1e9) as u64;
        counters.nanoseconds.fetch_add(ns, Ordering::Relaxed);
    }

    /// Runs a question about streams on a thread, within the limits.
    async fn ask<T, F>(&self, question: F) -> Result<T, QueryError>
    where
        T: Send + 'static,
        F: FnOnce(&Engine, &Arc<Meter>) -> Result<T, binnacle_model::select::SelectError>
            + Send
            + 'static,
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

    /// The newest `lines` lines that a log query selects.
    async fn newest(
        &self,
        text: String,
        start_ns: i64,
        end_ns: i64,
        lines: usize,
    ) -> Result<Vec<binnacle_model::event::logs::LogStream>, QueryError> {
        let expr = Expr::Log(parse_log(&text)?);
        let request = LogsRequest {
            text,
            time: LogsTime::Range {
                start_ns,
                end_ns,
                step_ns: 1_000_000_000,
                interval_ns: 0,
            },
            limit: lines,
            direction: binnacle_model::event::logs::Direction::Backward,
            options: QueryOptions::default(),
        };
        match self.evaluate(expr, request).await?.value {
            LogsValue::Streams(streams) => Ok(streams),
            _ => Ok(Vec::new()),
        }
    }
}

fn eval_error(error: EvalError) -> QueryError {
    match error {
        EvalError::Stopped(s) => super::stopped(&s),
        EvalError::BadData { message, span } => QueryError::BadData { message, span },
        EvalError::Execution { message } => QueryError::Execution { message },
        EvalError::Storage { message } => QueryError::Internal { message },
    }
}

fn parse(text: &str) -> Result<Expr, QueryError> {
    binnacle_logql::parse::parse(text).map_err(|e| QueryError::BadData {
        message: e.to_string(),
        span: Some(e.span),
    })
}

fn parse_log(text: &str) -> Result<LogExpr, QueryError> {
    match parse(text)? {
        Expr::Log(log) => Ok(log),
        Expr::Sample(_) => Err(QueryError::BadData {
            message: format!("only log queries are supported here, and {text:?} is a metric query"),
            span: None,
        }),
    }
}

/// The labels of all streams that match any of the selectors.
fn volumes_of(
    engine: &Engine,
    query: &StreamsQuery,
    meter: &Meter,
) -> Result<Vec<binnacle_model::event::select::StreamVolume>, binnacle_model::select::SelectError> {
    if query.selectors.is_empty() {
        return engine.volumes(&[], query.start_ns, query.end_ns, meter);
    }
    let mut all = Vec::new();
    for matchers in &query.selectors {
        all.extend(engine.volumes(matchers, query.start_ns, query.end_ns, meter)?);
    }
    all.sort_by(|a, b| a.labels.cmp(&b.labels));
    all.dedup_by(|a, b| a.labels == b.labels);
    Ok(all)
}

impl EvaluateLogs for EmbeddedLogs {
    fn query(&self, mut request: LogsRequest) -> Answer<'_, LogsAnswer> {
        Box::pin(async move {
            let expr = parse(&request.text)?;
            if matches!(
                (&expr, request.time),
                (Expr::Log(_), LogsTime::Instant { .. })
            ) {
                return Err(QueryError::BadData {
                    message: "log queries are not supported as an instant query type, please \
                              change your query to a range query type"
                        .to_owned(),
                    span: None,
                });
            }
            self.check_allowed(&mut request)?;
            self.evaluate(expr, request).await
        })
    }
}

impl LogsQuery for EmbeddedLogs {
    fn label_names(&self, query: StreamsQuery) -> Answer<'_, Vec<String>> {
        Box::pin(self.ask(move |engine, meter| {
            let mut names = std::collections::BTreeSet::new();
            for volume in volumes_of(engine, &query, meter)? {
                names.extend(volume.labels.iter().map(|(n, _)| n.to_owned()));
            }
            Ok(names.into_iter().collect())
        }))
    }

    fn label_values(&self, name: String, query: StreamsQuery) -> Answer<'_, Vec<String>> {
        Box::pin(self.ask(move |engine, meter| {
            let mut values = std::collections::BTreeSet::new();
            for volume in volumes_of(engine, &query, meter)? {
                values.extend(volume.labels.get(&name).map(str::to_owned));
            }
            Ok(values.into_iter().collect())
        }))
    }

    fn series(&self, query: StreamsQuery) -> Answer<'_, Vec<Labels>> {
        Box::pin(self.ask(move |engine, meter| {
            let volumes = volumes_of(engine, &query, meter)?;
            Ok(volumes.into_iter().map(|v| v.labels).collect())
        }))
    }

    fn stats(&self, query: StreamsQuery) -> Answer<'_, IndexStats> {
        Box::pin(self.ask(move |engine, meter| {
            let mut stats = IndexStats::default();
            for volume in volumes_of(engine, &query, meter)? {
                stats.streams += 1;
                stats.chunks += volume.chunks;
                stats.bytes += volume.bytes;
                stats.entries += volume.rows;
            }
            Ok(stats)
        }))
    }

    fn volume(&self, query: VolumeQuery) -> Answer<'_, Vec<(LogLabels, Vec<LogPoint>)>> {
        Box::pin(self.volume_of(query))
    }

    fn patterns(
        &self,
        text: String,
        start_ns: i64,
        end_ns: i64,
        step_ns: i64,
    ) -> Answer<'_, Vec<PatternSeries>> {
        Box::pin(self.patterns_of(text, start_ns, end_ns, step_ns))
    }

    fn known_patterns(&self) -> Vec<KnownPattern> {
        self.watch.known()
    }

    fn detected_fields(
        &self,
        text: String,
        start_ns: i64,
        end_ns: i64,
        lines: usize,
        limit: usize,
    ) -> Answer<'_, Vec<DetectedField>> {
        Box::pin(async move {
            let streams = self.newest(text, start_ns, end_ns, lines).await?;
            Ok(fields::detect(&streams, limit))
        })
    }

    fn detected_field_values(
        &self,
        text: String,
        field: String,
        start_ns: i64,
        end_ns: i64,
        lines: usize,
        limit: usize,
    ) -> Answer<'_, Vec<(String, u64)>> {
        Box::pin(async move {
            let streams = self.newest(text, start_ns, end_ns, lines).await?;
            Ok(fields::values(&streams, &field, limit))
        })
    }

    fn tail(&self, text: &str, limit: usize) -> Result<Box<dyn Tail>, QueryError> {
        let log = parse_log(text)?;
        tail::Following::start(&log, limit, &self.guard, &self.tails)
            .map(|tail| Box::new(tail) as Box<dyn Tail>)
    }

    fn delete(&self, query: String, start_ns: i64, end_ns: i64) -> Answer<'_, ()> {
        Box::pin(self.delete_lines(query, start_ns, end_ns))
    }

    fn deletions(&self) -> Answer<'_, Vec<DeleteRequest>> {
        Box::pin(async move { Ok(self.engine.deletions()) })
    }

    fn format(&self, text: &str) -> Result<String, QueryError> {
        parse(text).map(|expr| binnacle_logql::print::pretty(&expr))
    }

    fn selector(&self, text: &str) -> Result<Vec<Matcher>, QueryError> {
        binnacle_logql::parse::parse_selector(text).map_err(|e| QueryError::BadData {
            message: e.to_string(),
            span: Some(e.span),
        })
    }

    fn running(&self) -> Vec<RunningQuery> {
        self.running.list()
    }

    fn kill(&self, id: u64) -> bool {
        self.running.kill(id)
    }

    fn sink(&self) -> Arc<dyn LogSink> {
        self.guard.clone()
    }
}

impl EmbeddedLogs {
    /// Deletes what a log query of matchers and line filters selects.
    async fn delete_lines(
        &self,
        query: String,
        start_ns: i64,
        end_ns: i64,
    ) -> Result<(), QueryError> {
        let log = parse_log(&query)?;
        let conditions =
            binnacle_logql::eval::line_conditions(&log).ok_or_else(|| QueryError::BadData {
                message: format!(
                    "{query:?} cannot be deleted by: a deletion takes a stream selector and line \
                     filters with text, expressions or patterns, nothing behind them"
                ),
                span: Some(log.span),
            })?;
        let engine = self.engine.clone();
        on_a_thread(move || {
            engine
                .delete(&query, &log.matchers, start_ns, end_ns, &conditions)
                .map_err(super::internal)
        })
        .await
    }
}
