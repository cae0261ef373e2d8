//! `serve`: the components, started in order and stopped in reverse.
//!
//! 1. storage: opens the data directory, reads the log, starts background work;
//! 2. listener: binds, so that a taken port is known before anything is collected;
//! 3. alerting: routes and tells alerts;
//! 4. rules: evaluates;
//! 5. collector: scrape loops;
//! 6. server: answers.
//!
//! The first signal stops them in reverse, within seconds; a second ends at once.

mod alerting;
mod alertmanagers;
mod assets;
mod graphs;
mod health;
mod logs;
mod process;
mod reload;
mod shelf;
mod signals;
mod tail;
mod targets;
mod telemetry;
mod tiers;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use binnacle::config::{self, Loaded, LogFormat, LogLevel, Overrides};
use binnacle_collect::{CollectSettings, Collector, InternalTarget};
use binnacle_metrics::Engine;
use binnacle_server::{App, Server};
use binnacle_stdx::clock::{Clock, SystemClock};
use tokio::sync::watch;

use crate::cli::Serve;
use crate::embedded::{Embedded, QueryLog};
use crate::logging;
use alerting::Alerts;
use logs::Logs;
use process::ThisProcess;
use reload::Reloader;
use telemetry::Rooms;

/// The file that is read when none is named.
const DEFAULT_FILE: &str = "binnacle.yaml";

/// Serves until stopped.
///
/// # Errors
/// When a component cannot start.
pub fn run(arguments: &Serve) -> Result<()> {
    let overrides = overrides(arguments)?;
    let file = arguments
        .config
        .clone()
        .or_else(|| Some(PathBuf::from(DEFAULT_FILE)).filter(|f| f.exists()));
    let loaded = config::load(file.as_deref(), &overrides)
        .map_err(|errors| anyhow::anyhow!("the configuration is not valid\n{errors}"))?;
    logging::start(loaded.settings.log);
    small_pages();
    announce(file.as_deref(), &loaded);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_name("binnacle")
        .build()
        .context("start the runtime")?;
    let result = runtime.block_on(serve(file, overrides, loaded));
    // The storage is closed: a query that was cut off need not be waited for.
    runtime.shutdown_background();
    result
}

/// Asks the kernel for small pages only. Memory here grows and shrinks by many small
/// pieces; whole huge pages, each zeroed when it is first touched, cost more than they
/// give: without them 20,000 alerts take a quarter less CPU and memory, and a backfill of
/// samples goes a quarter faster.
fn small_pages() {
    #[cfg(target_os = "linux")]
    {
        // SAFETY: sets a flag of this process; no memory is touched.
        let result = unsafe { libc::prctl(libc::PR_SET_THP_DISABLE, 1, 0, 0, 0) };
        if result != 0 {
            tracing::debug!("the kernel keeps huge pages");
        }
    }
}

fn overrides(arguments: &Serve) -> Result<Overrides> {
    let level = match arguments.log_level.as_deref() {
        None => None,
        Some(name) => Some(LogLevel::parse(name).with_context(|| {
            format!("--log-level {name}: there are error, warn, info, debug and trace")
        })?),
    };
    let format = match arguments.log_format.as_deref() {
        None => None,
        Some("text") => Some(LogFormat::Text),
        Some("json") => Some(LogFormat::Json),
        Some(other) => anyhow::bail!("--log-format {other}: there are text and json"),
    };
    Ok(Overrides {
        data_dir: arguments.data_dir.clone(),
        listen: arguments.listen,
        prometheus_file: arguments.prometheus_file.clone(),
        alertmanager_file: arguments.alertmanager_file.clone(),
        promtail_file: arguments.promtail_file.clone(),
        loki_file: arguments.loki_file.clone(),
        log_level: level,
        log_format: format,
    })
}

/// Says what was loaded, and what of it does not act.
fn announce(file: Option<&Path>, loaded: &Loaded) {
    match file {
        Some(file) => tracing::info!(file = %file.display(), "configuration loaded"),
        None => tracing::info!("no configuration file: watching this host and this process"),
    }
    for warning in &loaded.warnings {
        tracing::warn!("{warning}");
    }
    for part in &loaded.inactive {
        tracing::warn!("does not act yet: {part}");
    }
}

async fn serve(file: Option<PathBuf>, overrides: Overrides, loaded: Loaded) -> Result<()> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let settings = &loaded.settings;
    let engine = open_storage(&loaded, clock.clone())?;
    let logs = Logs::open(settings, clock.clone())?;
    let result = async {
        let server = Server::bind(&settings.listen).await?;
        let address = server.address().context("the listener's address")?;
        let embedded = Arc::new(Embedded::new(
            engine.clone(),
            clock.clone(),
            settings.query.clone(),
            query_log(&loaded)?,
        ));
        let counters = Arc::new(binnacle_server::counters::Counters::default());
        let rooms = Arc::new(Rooms::new(
            engine.clone(),
            embedded.clone(),
            counters.clone(),
        ));
        rooms.logs(logs.clone());
        rooms.reloads.succeeded(clock.now_ms());
        let alerts = Alerts::open(
            settings,
            embedded.clone(),
            logs.query.clone(),
            clock.clone(),
        )
        .await?;
        rooms.alerts(alerts.clone());
        let running = alerts.start();
        let collector = start_collector(&loaded, &engine, &clock, &rooms).await?;
        rooms.collector(collector.clone());
        let reloader = Arc::new(Reloader::new(
            file,
            overrides,
            &loaded,
            collector.clone(),
            alerts.clone(),
            clock.clone(),
            rooms.reloads.clone(),
        ));
        let tailing = tail::start(settings, &logs, clock.clone())?;
        rooms.tailing(tailing.shown.clone());
        let app = Arc::new(App {
            settings: settings.listen.clone(),
            metrics: embedded,
            logs: logs.query.clone(),
            rules: alerts.rules.clone(),
            alerting: alerts.alerting.clone(),
            alertmanagers: alerts.others.clone(),
            graphs: alerts.graphs.clone(),
            shelf: Arc::new(shelf::KeptInState(alerts.state.clone())),
            targets: Arc::new(targets::CollectorTargets::new(collector.clone())),
            process: Arc::new(ThisProcess::new(
                clock.clone(),
                engine.clone(),
                alerts.clone(),
                collector.clone(),
                reloader.clone(),
                rooms,
                logs.clone(),
            )),
            assets: Arc::new(assets::EmbeddedAssets),
            counters,
        });
        let (stop, stopping) = watch::channel(false);
        let receiving = logs.listen(settings, &app, stopping.clone()).await?;
        let watching = logs.watch_patterns(stopping.clone());
        let scheme = if settings.listen.web.tls.is_some() {
            "https"
        } else {
            "http"
        };
        tracing::info!(%address, url = %format!("{scheme}://{address}"), "listening");
        let serving = tokio::spawn(server.serve(app, stopping));
        signals::wait(&reloader).await;
        tracing::info!("stopping");
        collector.stop().await;
        tailing.stop().await;
        running.stop(&alerts).await;
        // Fails only when the server has ended by itself.
        let _ = stop.send(true);
        serving.await.context("the server's task")?;
        if let Some(receiving) = receiving {
            receiving.await.context("the log listeners' task")?;
        }
        watching.await.context("the task that watches patterns")?;
        anyhow::Ok(())
    }
    .await;
    let closed_logs = tokio::task::spawn_blocking(move || logs.engine.close()).await;
    let closed = tokio::task::spawn_blocking(move || engine.close()).await;
    result?;
    closed_logs
        .context("close the storage of logs")?
        .context("close the storage of logs")?;
    closed
        .context("close the storage")?
        .context("close the storage")?;
    tracing::info!("stopped");
    Ok(())
}

fn open_storage(loaded: &Loaded, clock: Arc<dyn Clock>) -> Result<Arc<Engine>> {
    let data = &loaded.settings.data;
    let files = binnacle_store::disk::files();
    let (engine, report) = Engine::open(
        files,
        &data.directory.join("metrics"),
        data.engine.clone(),
        clock,
    )
    .with_context(|| format!("open the data directory {}", data.directory.display()))?;
    for line in report.quarantined.iter().chain(&report.dropped) {
        tracing::warn!("storage: {line}");
    }
    tracing::info!(
        directory = %data.directory.display(),
        blocks = report.blocks,
        samples_from_log = report.samples,
        "storage opened"
    );
    engine
        .start_background()
        .context("start the storage's background work")?;
    Ok(Arc::new(engine))
}

fn query_log(loaded: &Loaded) -> Result<Option<QueryLog>> {
    let Some(path) = &loaded.settings.query.log_file else {
        return Ok(None);
    };
    let log =
        QueryLog::open(path).with_context(|| format!("open the query log {}", path.display()))?;
    Ok(Some(log))
}

async fn start_collector(
    loaded: &Loaded,
    engine: &Arc<Engine>,
    clock: &Arc<dyn Clock>,
    rooms: &Arc<Rooms>,
) -> Result<Arc<Collector>> {
    let mut internals: Vec<(String, Arc<dyn InternalTarget>)> =
        vec![(reload::SELF.to_owned(), rooms.clone())];
    if let Some(pool) = &loaded.settings.metrics.host {
        let host = binnacle_collect::host::Host::new(&pool.settings);
        internals.push((reload::HOST.to_owned(), Arc::new(host)));
    }
    let settings: CollectSettings = reload::with_own_pools(&loaded.settings);
    let collector = Collector::start(&settings, engine.clone(), clock.clone(), internals)
        .await
        .context("start collecting")?;
    Ok(Arc::new(collector))
}
