//! A data directory whose server does not run.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use binnacle::config::QuerySettings;
use binnacle_metrics::{Engine, EngineOptions};
use binnacle_model::limits::QueryLimits;
use binnacle_model::query::MetricsQuery;
use binnacle_stdx::clock::SystemClock;

use crate::commands::time::now_ms;
use crate::embedded::Embedded;

/// An hour: samples may lie a little before the time that was asked for.
const MARGIN_MS: i64 = 3_600_000;

/// Longer than anything is kept: what is stored stays, whatever the server's setting.
const FOREVER_MS: i64 = 100 * 365 * 86_400_000;

/// An engine on a data directory, without its background work.
pub(super) struct Stored {
    engine: Arc<Engine>,
    metrics: Embedded,
}

impl Stored {
    /// Opens `dir`; samples from `since_ms` on may be written.
    pub(super) fn open(dir: &Path, since_ms: i64) -> Result<Self> {
        let clock = Arc::new(SystemClock);
        let options = EngineOptions {
            retention_ms: FOREVER_MS,
            out_of_order_window_ms: (now_ms() - since_ms).max(0).saturating_add(MARGIN_MS),
            ..EngineOptions::default()
        };
        let metrics_dir = dir.join("metrics");
        if !metrics_dir.is_dir() {
            anyhow::bail!("{} is no data directory: it has no metrics/", dir.display());
        }
        let files = binnacle_store::disk::files();
        let (engine, report) = Engine::open(files, &metrics_dir, options, clock.clone())
            .with_context(|| format!("open the data directory {}", dir.display()))?;
        for line in report.quarantined.iter().chain(&report.dropped) {
            eprintln!("storage: {line}");
        }
        let engine = Arc::new(engine);
        let settings = QuerySettings {
            limits: QueryLimits::default(),
            concurrency: 2,
            lookback_delta: Duration::from_secs(300),
            default_step: Duration::from_secs(60),
            log_file: None,
        };
        let metrics = Embedded::new(Arc::clone(&engine), clock, settings, None);
        Ok(Self { engine, metrics })
    }

    /// What can be asked and written.
    pub(super) fn metrics(&self) -> &dyn MetricsQuery {
        &self.metrics
    }

    /// Writes out what was written.
    pub(super) fn close(self) -> Result<()> {
        self.engine.close().context("close the storage")
    }
}
