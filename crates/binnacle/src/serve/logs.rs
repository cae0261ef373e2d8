//! Opening the logs: engine, guard, LogQL.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use binnacle::config::Settings;
use binnacle_events::{Engine, EngineOptions, StreamRetention};
use binnacle_guard::{Guard, Place};
use binnacle_server::receive::logs::Intake;
use binnacle_server::router::Face;
use binnacle_server::sockets::{LogListeners, SocketSettings};
use binnacle_server::state::PrivacyFinding;
use binnacle_server::{App, Server, Settings as ServerSettings};
use binnacle_stdx::clock::Clock;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::embedded::{EmbeddedLogs, PatternWatch};

/// The logs of this process.
#[derive(Clone)]
pub(crate) struct Logs {
    pub(crate) engine: Arc<Engine>,
    pub(crate) guard: Arc<Guard>,
    pub(crate) query: Arc<EmbeddedLogs>,
    pub(crate) patterns: Arc<PatternWatch>,
}

/// How often the patterns of lines are looked at.
const PATTERNS_EVERY: Duration = Duration::from_secs(60);

impl Logs {
    /// Starts the listeners that the settings name; `None` when they name none.
    pub(super) async fn listen(
        &self,
        settings: &Settings,
        app: &Arc<App>,
        stopping: watch::Receiver<bool>,
    ) -> Result<Option<JoinHandle<()>>> {
        let own = &settings.logs.sockets;
        let sockets = SocketSettings {
            syslog_tcp: own.syslog_tcp,
            syslog_udp: own.syslog_udp,
            fluent: own.fluent,
            fluent_shared_key: Some(own.fluent_shared_key.reveal().to_owned())
                .filter(|key| !key.is_empty()),
            ..SocketSettings::default()
        };
        let mut ports = Vec::new();
        for (address, face, name) in [
            (own.loki, Face::Loki, "loki"),
            (own.elasticsearch, Face::Elasticsearch, "elasticsearch"),
        ] {
            let Some(address) = address else {
                continue;
            };
            let of_port = ServerSettings {
                address,
                insecure: own.insecure || settings.listen.insecure,
                ..settings.listen.clone()
            };
            let server = Server::bind_face(&of_port, face)
                .await
                .with_context(|| format!("logs.listen.{name}"))?;
            let address = server.address().context("the listener's address")?;
            tracing::info!(%address, name, "listening for logs over HTTP");
            ports.push(tokio::spawn(server.serve(app.clone(), stopping.clone())));
        }
        let has_sockets =
            own.syslog_tcp.is_some() || own.syslog_udp.is_some() || own.fluent.is_some();
        if !has_sockets && ports.is_empty() {
            return Ok(None);
        }
        let listeners = LogListeners::bind(sockets).await.context("logs.listen")?;
        if has_sockets {
            tracing::info!(?own.syslog_tcp, ?own.syslog_udp, ?own.fluent, "listening for logs");
        }
        let intake = Intake::of(app);
        Ok(Some(tokio::spawn(async move {
            listeners.serve(intake, stopping).await;
            for port in ports {
                // A task that panicked has nothing left to wait for.
                let _ = port.await;
            }
        })))
    }

    /// What privacy rules found, most first, and how many findings had no room.
    pub(super) fn privacy_findings(&self) -> (Vec<PrivacyFinding>, u64) {
        let (entries, beyond) = self.guard.report();
        let findings = entries
            .into_iter()
            .map(|entry| {
                let (place, name) = match entry.place {
                    Place::Line => ("line", String::new()),
                    Place::Field(name) => ("field", name),
                    Place::Label(name) => ("label", name),
                };
                PrivacyFinding {
                    rule: entry.rule,
                    detector: entry.detector,
                    action: entry.action,
                    protocol: entry.protocol,
                    service: entry.service,
                    place,
                    name,
                    count: entry.count,
                    last_ms: entry.last_ms,
                }
            })
            .collect();
        (findings, beyond)
    }

    /// Watches the patterns of lines until `stopping`.
    pub(super) fn watch_patterns(&self, mut stopping: watch::Receiver<bool>) -> JoinHandle<()> {
        let patterns = self.patterns.clone();
        tokio::spawn(async move {
            let mut beat = tokio::time::interval(PATTERNS_EVERY);
            beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            loop {
                let is_over = tokio::select! {
                    _ = beat.tick() => false,
                    _ = stopping.wait_for(|is| *is) => true,
                };
                let own = patterns.clone();
                let looked = tokio::task::spawn_blocking(move || {
                    if is_over {
                        own.save();
                    } else {
                        own.look();
                    }
                })
                .await;
                if let Err(error) = looked {
                    tracing::error!("patterns of lines are watched no more: {error}");
                    return;
                }
                if is_over {
                    return;
                }
            }
        })
    }

    /// Opens them in `logs` of the data directory.
    pub(super) fn open(settings: &Settings, clock: Arc<dyn Clock>) -> Result<Self> {
        let own = &settings.logs;
        let data = &settings.data;
        let millis = |d: std::time::Duration| i64::try_from(d.as_millis()).unwrap_or(i64::MAX);
        let directory = data.directory.join("logs");
        let mut stream_retention = Vec::new();
        for (selector, period) in &own.stream_retention {
            let matchers = binnacle_logql::parse::parse_selector(selector)
                .with_context(|| format!("logs.stream_retention: {selector}"))?;
            stream_retention.push(StreamRetention {
                matchers,
                period_ms: millis(*period),
            });
        }
        let options = EngineOptions {
            sync: data.engine.sync,
            reserve_bytes: data.engine.reserve_bytes,
            retention_ms: millis(own.retention),
            tiers: super::tiers::of(&own.tiers, &directory)?,
            retention_bytes: own.retention_bytes,
            stream_retention,
            streams_max: usize::try_from(own.streams_max).unwrap_or(usize::MAX),
            ..EngineOptions::default()
        };
        let files = binnacle_store::disk::files();
        let (engine, report) = Engine::open(files, &directory, options, clock.clone())
            .with_context(|| format!("open {}", directory.display()))?;
        for line in report.quarantined.iter().chain(&report.dropped) {
            tracing::warn!("logs: {line}");
        }
        tracing::info!(
            directory = %directory.display(),
            parts = report.parts,
            rows_from_log = report.rows,
            "logs opened"
        );
        engine
            .start_background()
            .context("start the background work of the logs")?;
        let engine = Arc::new(engine);
        let guard = Guard::new(own.guard.clone(), engine.clone(), clock.clone())
            .context("the logs section")?;
        let guard = Arc::new(guard);
        let patterns = Arc::new(PatternWatch::open(
            engine.clone(),
            clock.clone(),
            &directory,
        ));
        let query = Arc::new(EmbeddedLogs::new(
            engine.clone(),
            guard.clone(),
            patterns.clone(),
            clock,
            settings.query.clone(),
            own.query.clone(),
        ));
        Ok(Self {
            engine,
            guard,
            query,
            patterns,
        })
    }
}
