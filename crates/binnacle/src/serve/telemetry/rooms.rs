//! What each room counts, under the names that Prometheus gave such counts.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};

use binnacle_collect::{Collector, InternalTarget};
use binnacle_metrics::{Engine, REFUSALS};
use binnacle_model::metadata::MetricType;
use binnacle_server::counters::Counters;

use super::super::alerting::Alerts;
use super::Families;
use crate::embedded::Embedded;

/// The rooms that are asked.
pub struct Rooms {
    engine: Arc<Engine>,
    queries: Arc<Embedded>,
    server: Arc<Counters>,
    alerts: OnceLock<Alerts>,
    logs: OnceLock<super::super::logs::Logs>,
    tail: OnceLock<super::super::tail::Shown>,
    /// The collector scrapes these very metrics, so it comes last.
    collector: OnceLock<Arc<Collector>>,
    /// What became of the configuration.
    pub(crate) reloads: Arc<Reloads>,
}

/// When a configuration was last loaded, and whether the last try worked.
#[derive(Debug, Default)]
pub struct Reloads {
    ok: AtomicBool,
    loaded_ms: AtomicI64,
}

impl Reloads {
    /// One was loaded.
    pub(crate) fn succeeded(&self, now_ms: i64) {
        self.ok.store(true, Relaxed);
        self.loaded_ms.store(now_ms, Relaxed);
    }

    /// One could not be loaded.
    pub(crate) fn failed(&self) {
        self.ok.store(false, Relaxed);
    }

    /// Whether the last try worked.
    pub(crate) fn is_ok(&self) -> bool {
        self.ok.load(Relaxed)
    }

    /// When one was loaded last, milliseconds since the Unix epoch.
    pub(crate) fn loaded_ms(&self) -> i64 {
        self.loaded_ms.load(Relaxed)
    }
}

impl InternalTarget for Rooms {
    fn render(&self, out: &mut Vec<u8>) {
        super::render(self, out);
    }
}

fn get(counter: &AtomicU64) -> f64 {
    counter.load(Relaxed) as f64
}

impl Rooms {
    /// All but what is opened later.
    pub(crate) fn new(engine: Arc<Engine>, queries: Arc<Embedded>, server: Arc<Counters>) -> Self {
        Self {
            engine,
            queries,
            server,
            alerts: OnceLock::new(),
            logs: OnceLock::new(),
            tail: OnceLock::new(),
            collector: OnceLock::new(),
            reloads: Arc::default(),
        }
    }

    /// And rules and alerting.
    pub(crate) fn alerts(&self, alerts: Alerts) {
        // They are opened once.
        let _ = self.alerts.set(alerts);
    }

    /// And the logs.
    pub(crate) fn logs(&self, logs: super::super::logs::Logs) {
        // They are opened once.
        let _ = self.logs.set(logs);
    }

    /// And what is followed.
    pub(crate) fn tailing(&self, shown: super::super::tail::Shown) {
        // It is started once.
        let _ = self.tail.set(shown);
    }

    /// And the collector.
    pub(crate) fn collector(&self, collector: Arc<Collector>) {
        // It is started once.
        let _ = self.collector.set(collector);
    }

    pub(super) fn write(&self, families: &mut Families) {
        build(families);
        self.configuration(families);
        self.storage(families);
        self.log(families);
        self.queries(families);
        self.scraping(families);
        if let Some(alerts) = self.alerts.get() {
            super::rules::write(families, &alerts.rules.counters());
            super::alerting::write(families, &alerts.alerting.counters());
        }
        if let Some(logs) = self.logs.get() {
            super::logs::write(families, logs, &self.server.logs);
        }
        if let Some(tail) = self.tail.get() {
            super::tail::write(families, tail);
        }
        self.http(families);
    }

    fn configuration(&self, f: &mut Families) {
        f.gauge(
            "prometheus_config_last_reload_successful",
            "Whether the last configuration reload attempt was successful.",
            f64::from(u8::from(self.reloads.is_ok())),
        );
        f.gauge(
            "prometheus_config_last_reload_success_timestamp_seconds",
            "Timestamp of the last successful configuration reload.",
            self.reloads.loaded_ms() as f64 / 1000.0,
        );
    }

    fn storage(&self, f: &mut Families) {
        let s = self.engine.stats();
        f.gauge(
            "prometheus_tsdb_head_series",
            "Total number of series in the head block.",
            s.series as f64,
        );
        f.start(
            "prometheus_tsdb_head_samples_appended_total",
            MetricType::Counter,
            "Total number of appended samples.",
        );
        f.sample(&[("type", "float")], s.samples as f64);
        f.counter(
            "prometheus_tsdb_head_series_created_total",
            "Total number of series created in the head.",
            s.series_created as f64,
        );
        f.counter(
            "prometheus_tsdb_head_series_removed_total",
            "Total number of series removed in the head.",
            s.series_forgotten as f64,
        );
        f.gauge(
            "binnacle_head_samples",
            "Samples in memory that are not in a block yet.",
            s.head_samples as f64,
        );
        f.gauge(
            "binnacle_head_label_pairs",
            "Distinct label pairs in the head.",
            s.label_pairs as f64,
        );
        f.gauge(
            "prometheus_tsdb_blocks_loaded",
            "Number of currently loaded data blocks.",
            s.blocks as f64,
        );
        f.gauge(
            "prometheus_tsdb_storage_blocks_bytes",
            "The number of bytes that are currently used for local storage by all blocks.",
            s.block_bytes as f64,
        );
        f.gauge(
            "prometheus_tsdb_exemplar_exemplars_in_storage",
            "Number of exemplars currently in circular storage.",
            s.exemplars as f64,
        );
        f.start(
            "binnacle_samples_refused_total",
            MetricType::Counter,
            "Samples that were not stored, by reason.",
        );
        for (refusal, count) in REFUSALS.iter().zip(s.refused) {
            f.sample(&[("reason", refusal.as_str())], count as f64);
        }
        let work = [
            ("flush", s.flushes, s.flush_failures, s.flush_time),
            ("merge", s.merges, s.merge_failures, s.merge_time),
        ];
        f.start(
            "binnacle_block_work_total",
            MetricType::Counter,
            "Flushes and merges that wrote blocks.",
        );
        for (kind, done, ..) in work {
            f.sample(&[("work", kind)], done as f64);
        }
        f.start(
            "binnacle_block_work_failures_total",
            MetricType::Counter,
            "Flushes and merges that failed.",
        );
        for (kind, _, failed, _) in work {
            f.sample(&[("work", kind)], failed as f64);
        }
        f.start(
            "binnacle_block_work_seconds_total",
            MetricType::Counter,
            "Time spent in flushes and merges.",
        );
        for (kind, _, _, time) in work {
            f.sample(&[("work", kind)], time.as_secs_f64());
        }
        f.counter(
            "binnacle_blocks_retired_total",
            "Blocks removed because they passed the retention.",
            s.blocks_retired as f64,
        );
        f.counter(
            "binnacle_blocks_quarantined_total",
            "Blocks moved aside because they are corrupt.",
            s.blocks_quarantined as f64,
        );
        f.counter(
            "binnacle_corrupt_reads_total",
            "Reads of a block that met corrupt bytes.",
            s.corrupt_reads as f64,
        );
        f.gauge(
            "prometheus_tsdb_data_replay_duration_seconds",
            "Time taken to replay the data on disk.",
            s.replay_time.as_secs_f64(),
        );
    }

    fn log(&self, f: &mut Families) {
        let wal = self.engine.stats().wal;
        f.counter(
            "binnacle_log_records_total",
            "Records written to the log.",
            wal.records as f64,
        );
        f.counter(
            "binnacle_log_bytes_total",
            "Bytes written to the log.",
            wal.bytes as f64,
        );
        f.counter(
            "binnacle_log_syncs_total",
            "Times that the log was synced to disk.",
            wal.syncs as f64,
        );
        f.gauge(
            "binnacle_storage_poisoned",
            "1 when a write or sync failed and the store takes no more writes.",
            f64::from(u8::from(self.engine.poisoned().is_some())),
        );
    }

    fn queries(&self, f: &mut Families) {
        use binnacle_model::query::MetricsQuery;
        let counters = self.queries.counters();
        f.gauge(
            "prometheus_engine_queries",
            "The current number of queries being executed or waiting.",
            self.queries.running().len() as f64,
        );
        f.gauge(
            "prometheus_engine_queries_concurrent_max",
            "The max number of concurrent queries.",
            self.queries.concurrency() as f64,
        );
        f.counter(
            "prometheus_engine_query_samples_total",
            "The total number of samples loaded by all queries.",
            get(&counters.samples),
        );
        f.counter(
            "binnacle_queries_total",
            "Queries evaluated.",
            get(&counters.started),
        );
        f.counter(
            "binnacle_queries_failed_total",
            "Queries that ended with an error.",
            get(&counters.failed),
        );
        f.counter(
            "binnacle_query_seconds_total",
            "Time spent evaluating queries.",
            get(&counters.nanoseconds) / 1e9,
        );
    }

    fn scraping(&self, f: &mut Families) {
        let Some(collector) = self.collector.get() else {
            return;
        };
        let s = collector.metrics();
        let counters: [(&str, &str, &AtomicU64); 12] = [
            (
                "binnacle_scrapes_total",
                "Scrapes done, good and failed.",
                &s.scrapes,
            ),
            (
                "binnacle_scrapes_failed_total",
                "Scrapes that failed.",
                &s.scrapes_failed,
            ),
            (
                "binnacle_scrape_body_bytes_total",
                "Bytes scraped, after decompression.",
                &s.body_bytes,
            ),
            (
                "binnacle_scrape_samples_appended_total",
                "Samples stored by scrapes.",
                &s.samples_appended,
            ),
            (
                "prometheus_target_scrapes_sample_duplicate_timestamp_total",
                "Total number of samples rejected due to duplicate timestamps but different values.",
                &s.sample_duplicate_timestamp,
            ),
            (
                "prometheus_target_scrapes_sample_out_of_order_total",
                "Total number of samples rejected due to not being out of the expected order.",
                &s.sample_out_of_order,
            ),
            (
                "prometheus_target_scrapes_sample_out_of_bounds_total",
                "Total number of samples rejected due to timestamp falling outside of the time bounds.",
                &s.sample_out_of_bounds,
            ),
            (
                "prometheus_target_scrapes_exceeded_sample_limit_total",
                "Total number of scrapes that hit the sample limit and were rejected.",
                &s.exceeded_sample_limit,
            ),
            (
                "prometheus_target_scrapes_exceeded_body_size_limit_total",
                "Total number of scrapes that hit the body size limit.",
                &s.exceeded_body_size_limit,
            ),
            (
                "prometheus_target_scrape_pool_exceeded_label_limits_total",
                "Total number of times scrape pools hit the label limits, during sync or config reload.",
                &s.exceeded_label_limits,
            ),
            (
                "prometheus_target_scrape_pool_exceeded_target_limit_total",
                "Total number of times scrape pools hit the target limit, during sync or config reload.",
                &s.exceeded_target_limit,
            ),
            (
                "binnacle_discovery_failures_total",
                "Times that a discovery failed to refresh.",
                &s.discovery_failed,
            ),
        ];
        for (name, help, counter) in counters {
            f.counter(name, help, get(counter));
        }
    }

    fn http(&self, f: &mut Families) {
        let s = &self.server;
        let counters: [(&str, &str, &AtomicU64); 11] = [
            (
                "binnacle_http_requests_total",
                "Requests answered.",
                &s.requests,
            ),
            (
                "binnacle_http_connections_total",
                "Connections accepted.",
                &s.connections,
            ),
            (
                "binnacle_http_tls_errors_total",
                "TLS handshakes that failed.",
                &s.tls_errors,
            ),
            (
                "binnacle_http_unauthorized_total",
                "Requests without a right password.",
                &s.unauthorized,
            ),
            (
                "binnacle_http_rate_limited_total",
                "Requests over the rate limit.",
                &s.rate_limited,
            ),
            (
                "prometheus_web_federation_errors_total",
                "Total number of errors that occurred while sending federation responses.",
                &s.federation_errors,
            ),
            (
                "binnacle_push_requests_total",
                "Remote write requests.",
                &s.push_requests,
            ),
            (
                "binnacle_push_requests_refused_total",
                "Remote write requests that were not taken whole.",
                &s.push_rejected_requests,
            ),
            (
                "binnacle_push_bytes_total",
                "Bytes pushed, compressed.",
                &s.push_bytes,
            ),
            (
                "prometheus_api_remote_write_samples_total",
                "Samples pushed and stored.",
                &s.push_samples,
            ),
            (
                "binnacle_push_samples_refused_total",
                "Samples pushed and refused.",
                &s.push_rejected_samples,
            ),
        ];
        for (name, help, counter) in counters {
            f.counter(name, help, get(counter));
        }
        f.start(
            "binnacle_http_errors_total",
            MetricType::Counter,
            "Answers with an error, by class.",
        );
        f.sample(&[("class", "4xx")], get(&s.responses_4xx));
        f.sample(&[("class", "5xx")], get(&s.responses_5xx));
        f.gauge(
            "binnacle_http_connections",
            "Connections open now.",
            get(&s.connections_open),
        );
    }
}

fn build(f: &mut Families) {
    f.start(
        "binnacle_build_info",
        MetricType::Gauge,
        "1, with the build as labels.",
    );
    f.sample(
        &[
            ("version", env!("CARGO_PKG_VERSION")),
            ("revision", env!("BINNACLE_REVISION")),
            ("rustc", env!("BINNACLE_RUSTC")),
        ],
        1.0,
    );
}
