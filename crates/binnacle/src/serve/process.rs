//! What this process says of itself to the server.

use std::sync::Arc;

use binnacle::config::LogLevel;
use binnacle_collect::Collector;
use binnacle_metrics::Engine;
use binnacle_model::{Labels, duration};
use binnacle_server::state::{
    BoxFuture, BuildInfo, ComponentHealth, PrivacyFinding, Process, RuntimeInfo,
};
use binnacle_stdx::clock::Clock;

use crate::logging;

use super::alerting::Alerts;
use super::health;
use super::reload::{self, Reloader};
use super::telemetry::{self, Rooms};

/// See the module's text.
pub(super) struct ThisProcess {
    clock: Arc<dyn Clock>,
    engine: Arc<Engine>,
    alerts: Alerts,
    collector: Arc<Collector>,
    reloader: Arc<Reloader>,
    rooms: Arc<Rooms>,
    logs: super::logs::Logs,
    started_ms: i64,
}

impl ThisProcess {
    pub(super) fn new(
        clock: Arc<dyn Clock>,
        engine: Arc<Engine>,
        alerts: Alerts,
        collector: Arc<Collector>,
        reloader: Arc<Reloader>,
        rooms: Arc<Rooms>,
        logs: super::logs::Logs,
    ) -> Self {
        let started_ms = clock.now_ms();
        Self {
            clock,
            engine,
            alerts,
            collector,
            reloader,
            rooms,
            logs,
            started_ms,
        }
    }

    fn retention(&self) -> String {
        let options = self.engine.options();
        let time = match options.retention_ms {
            0 => "for ever".to_owned(),
            ms => duration::print(ms),
        };
        match options.retention_bytes {
            0 => time,
            bytes => format!("{time} or {}MiB", bytes >> 20),
        }
    }
}

impl Process for ThisProcess {
    fn runtime(&self) -> RuntimeInfo {
        let stats = self.engine.stats();
        let directory = std::env::current_dir();
        RuntimeInfo {
            started_ms: self.started_ms,
            working_directory: directory
                .map_or_else(|_| String::new(), |d| d.display().to_string()),
            hostname: binnacle_collect::hostname(),
            reload_ok: self.rooms.reloads.is_ok(),
            config_loaded_ms: self.rooms.reloads.loaded_ms(),
            corruptions: stats.blocks_quarantined + stats.corrupt_reads,
            threads: telemetry::threads(),
            processors: std::thread::available_parallelism().map_or(1, |n| n.get() as u64),
            retention: self.retention(),
            resident_bytes: telemetry::resident_bytes(),
            storage_bytes: stats.block_bytes + stats.wal.segment_bytes,
        }
    }

    fn build(&self) -> BuildInfo {
        BuildInfo {
            version: env!("CARGO_PKG_VERSION"),
            revision: env!("BINNACLE_REVISION"),
            rustc: env!("BINNACLE_RUSTC"),
        }
    }

    fn config_yaml(&self) -> String {
        let current = self.reloader.current();
        let metrics = &current.settings.metrics;
        let own = [
            ("this process", reload::SELF, metrics.self_scrape),
            (
                "this host",
                reload::HOST,
                metrics.host.as_ref().map(|h| h.interval),
            ),
        ];
        let mut yaml = String::new();
        for (what, job, interval) in own {
            if let Some(interval) = interval {
                let every = duration::print(interval.as_millis() as i64);
                yaml.push_str(&format!("# {what} is watched without a scrape configuration, as job {job}, every {every}\n"));
            }
        }
        yaml + &current.prometheus_yaml
    }

    fn whole_config_yaml(&self) -> String {
        self.reloader.current().yaml
    }

    fn log_level(&self) -> String {
        logging::level().as_str().to_owned()
    }

    fn set_log_level(&self, level: &str) -> Result<(), String> {
        let level = LogLevel::parse(level).ok_or_else(|| {
            format!("unrecognized level {level:?}: there are error, warn, info, debug and trace")
        })?;
        logging::set_level(level)
    }

    fn flush_logs(&self) -> BoxFuture<'_, Result<(), String>> {
        let engine = self.logs.engine.clone();
        Box::pin(async move {
            let flushed = tokio::task::spawn_blocking(move || engine.flush()).await;
            flushed
                .map_err(|e| e.to_string())?
                .map_err(|e| e.to_string())
        })
    }

    fn privacy_findings(&self) -> (Vec<PrivacyFinding>, u64) {
        self.logs.privacy_findings()
    }

    fn flags(&self) -> Vec<(String, String)> {
        let settings = self.reloader.current().settings;
        let options = self.engine.options();
        let seconds = |d: std::time::Duration| duration::print(d.as_millis() as i64);
        let mut flags: Vec<(String, String)> = [
            ("web.listen-address", settings.listen.address.to_string()),
            (
                "web.enable-admin-api",
                settings.listen.admin_api.to_string(),
            ),
            (
                "web.enable-lifecycle",
                settings.listen.lifecycle.to_string(),
            ),
            ("web.enable-remote-write-receiver", "true".to_owned()),
            (
                "web.max-connections",
                settings.listen.connections_max.to_string(),
            ),
            (
                "web.external-url",
                settings.listen.external_url.clone().unwrap_or_default(),
            ),
            ("storage.tsdb.path", self.engine.dir().display().to_string()),
            (
                "storage.tsdb.retention.time",
                duration::print(options.retention_ms),
            ),
            (
                "storage.tsdb.retention.size",
                options.retention_bytes.to_string(),
            ),
            ("query.timeout", seconds(settings.query.limits.timeout)),
            (
                "query.max-samples",
                settings.query.limits.samples_max.to_string(),
            ),
            (
                "query.max-concurrency",
                settings.query.concurrency.to_string(),
            ),
            (
                "query.lookback-delta",
                seconds(settings.query.lookback_delta),
            ),
            ("log.level", settings.log.level.as_str().to_owned()),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
        flags.sort();
        flags
    }

    fn external_labels(&self) -> Labels {
        self.reloader
            .current()
            .settings
            .metrics
            .collect
            .global
            .external_labels
    }

    fn lookback_ms(&self) -> i64 {
        let lookback = self.reloader.current().settings.query.lookback_delta;
        i64::try_from(lookback.as_millis()).unwrap_or(i64::MAX)
    }

    fn components(&self) -> Vec<ComponentHealth> {
        health::components(
            &self.engine,
            &self.logs.engine,
            &self.alerts,
            &self.collector,
        )
    }

    fn reload(&self) -> BoxFuture<'_, Result<(), String>> {
        Box::pin(self.reloader.reload())
    }

    fn render_metrics(&self, out: &mut Vec<u8>) {
        telemetry::render(&self.rooms, out);
    }

    fn now_ms(&self) -> i64 {
        self.clock.now_ms()
    }
}
