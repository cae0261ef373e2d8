//! Reloading: the files are read again, and either all of it is taken or nothing.
//!
//! What is collected, evaluated and told changes at once. Where the server listens, where data are
//! kept and what queries may use is fixed at the start: a change of those is named
//! in the log as waiting for a restart.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use binnacle::config::{self, Loaded, Overrides, Settings};
use binnacle_collect::settings::{DiscoverySettings, ScrapeSettings};
use binnacle_collect::{CollectSettings, Collector};
use binnacle_model::Labels;
use binnacle_stdx::clock::Clock;
use parking_lot::RwLock;

use super::alerting::Alerts;
use super::telemetry::Reloads;

/// Name and job of the pool that scrapes this process.
pub(super) const SELF: &str = "binnacle";
/// Name and job of the pool that reads this host.
pub(super) const HOST: &str = "host";

/// The configuration in force.
pub(super) struct Reloader {
    file: Option<PathBuf>,
    overrides: Overrides,
    collector: Arc<Collector>,
    alerts: Alerts,
    clock: Arc<dyn Clock>,
    reloads: Arc<Reloads>,
    current: RwLock<Current>,
}

/// What others ask of the configuration in force.
#[derive(Clone)]
pub(super) struct Current {
    pub(super) settings: Settings,
    pub(super) prometheus_yaml: String,
    /// All of it, in the form of `binnacle.yaml`.
    pub(super) yaml: String,
}

impl Current {
    fn of(loaded: &Loaded) -> Self {
        Self {
            settings: loaded.settings.clone(),
            prometheus_yaml: loaded.effective_prometheus.clone(),
            yaml: loaded.effective.clone(),
        }
    }
}

impl Reloader {
    pub(super) fn new(
        file: Option<PathBuf>,
        overrides: Overrides,
        loaded: &Loaded,
        collector: Arc<Collector>,
        alerts: Alerts,
        clock: Arc<dyn Clock>,
        reloads: Arc<Reloads>,
    ) -> Self {
        let current = RwLock::new(Current::of(loaded));
        Self {
            file,
            overrides,
            collector,
            alerts,
            clock,
            reloads,
            current,
        }
    }

    /// The configuration in force.
    pub(super) fn current(&self) -> Current {
        self.current.read().clone()
    }

    /// Reads the files again.
    ///
    /// # Errors
    /// With all mistakes; then everything stays as it was.
    pub(super) async fn reload(&self) -> Result<(), String> {
        let result = self.try_reload().await;
        match &result {
            Ok(()) => self.reloads.succeeded(self.clock.now_ms()),
            Err(_) => self.reloads.failed(),
        }
        result
    }

    async fn try_reload(&self) -> Result<(), String> {
        let loaded =
            config::load(self.file.as_deref(), &self.overrides).map_err(|e| e.to_string())?;
        let old = self.current.read().settings.clone();
        self.alerts.reload(&old, &loaded.settings).await?;
        let collecting = self
            .collector
            .reload(&with_own_pools(&loaded.settings))
            .await;
        if let Err(error) = collecting {
            // What was taken a moment ago is given back: all or nothing.
            self.alerts.reload(&loaded.settings, &old).await?;
            return Err(error.to_string());
        }
        for part in waiting(&old, &loaded.settings) {
            tracing::warn!("{part} has changed and waits for a restart");
        }
        *self.current.write() = Current::of(&loaded);
        tracing::info!("configuration reloaded");
        Ok(())
    }
}

/// Sections that differ and take effect at a restart only.
fn waiting(old: &Settings, new: &Settings) -> Vec<&'static str> {
    let listen = |s: &Settings| format!("{:?}", s.listen);
    let changed = [
        ("listen", listen(old) != listen(new)),
        ("data", old.data != new.data),
        ("query", old.query != new.query),
        ("log", old.log != new.log),
        ("logs", old.logs != new.logs),
        // Secrets do not show in the text that `listen` is compared by.
        (
            "alerting.callbacks",
            old.alerting.callbacks != new.alerting.callbacks,
        ),
        (
            "alerting.history",
            old.alerting.history != new.alerting.history,
        ),
        (
            "alerting.allow_exec",
            old.alerting.allow_exec != new.alerting.allow_exec,
        ),
        (
            "metrics.host",
            old.metrics.host.as_ref().map(|h| &h.settings)
                != new.metrics.host.as_ref().map(|h| &h.settings),
        ),
    ];
    changed
        .into_iter()
        .filter(|(_, differs)| *differs)
        .map(|(name, _)| name)
        .collect()
}

/// What is collected: the pools of the configuration, and those for this process
/// and this host, unless a pool of that name is configured.
pub(super) fn with_own_pools(settings: &Settings) -> CollectSettings {
    let metrics = &settings.metrics;
    let mut collect = metrics.collect.clone();
    let own = [
        (SELF, metrics.self_scrape),
        (HOST, metrics.host.as_ref().map(|host| host.interval)),
    ];
    for (name, interval) in own {
        let taken = collect.scrapes.iter().any(|s| s.job_name == name);
        if let (Some(interval), false) = (interval, taken) {
            collect.scrapes.push(own_pool(name, interval));
        }
    }
    collect
}

fn own_pool(name: &str, interval: Duration) -> ScrapeSettings {
    let mut pool = ScrapeSettings::new(name);
    pool.interval = interval;
    pool.timeout = interval.min(Duration::from_secs(10));
    pool.discovery = vec![DiscoverySettings::Internal {
        name: name.to_owned(),
        address: instance(),
        labels: Labels::empty(),
    }];
    pool
}

/// This host's name, which people know it by.
fn instance() -> String {
    let name = binnacle_collect::hostname();
    if name.is_empty() {
        "localhost".to_owned()
    } else {
        name
    }
}
