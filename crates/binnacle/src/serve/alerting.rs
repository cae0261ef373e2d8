//! Rules and alerting as components: opened, run, reloaded and stopped together,
//! because what rules say goes to alerting.

use std::sync::Arc;

use anyhow::{Context, Result};
use binnacle::config::Settings;
use binnacle_alerting::notify::kinds::Kinds;
use binnacle_alerting::service::{Options, Service};
use binnacle_model::alert::AlertSink;
use binnacle_model::event::LogsQuery;
use binnacle_model::query::MetricsQuery;
use binnacle_rules::scheduler::Scheduler;
use binnacle_state::State;
use binnacle_stdx::clock::Clock;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::alertmanagers::Others;
use super::graphs::Graphs;

/// The rooms that make and tell alerts.
#[derive(Clone)]
pub(super) struct Alerts {
    pub(super) rules: Arc<Scheduler>,
    pub(super) alerting: Arc<Service>,
    pub(super) others: Arc<Others>,
    pub(super) graphs: Arc<Graphs>,
    pub(super) state: State,
}

/// Their tasks.
pub(super) struct Running {
    rules: Task,
    alerting: Task,
}

struct Task {
    stop: CancellationToken,
    handle: JoinHandle<()>,
}

impl Task {
    fn start(work: impl FnOnce(CancellationToken) -> JoinHandle<()>) -> Self {
        let stop = CancellationToken::new();
        Self {
            handle: work(stop.clone()),
            stop,
        }
    }

    async fn stop(self, name: &str) {
        self.stop.cancel();
        if let Err(error) = self.handle.await {
            tracing::error!(%error, "{name} ended badly");
        }
    }
}

impl Alerts {
    /// Opens the stores and reads what was there. Nothing is evaluated or sent yet.
    pub(super) async fn open(
        settings: &Settings,
        metrics: Arc<dyn MetricsQuery>,
        logs: Arc<dyn LogsQuery>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self> {
        let data = &settings.data.directory;
        let history = settings.alerting.history.as_millis();
        let state_settings = binnacle_state::Settings {
            history_ms: i64::try_from(history).unwrap_or(i64::MAX),
            ..binnacle_state::Settings::default()
        };
        let state = State::open(&data.join("state"), state_settings, clock.clone())
            .await
            .context("open the state")?;
        let alerting = Service::open(Options {
            settings: settings.alerting.routing.clone(),
            policy: settings.alerting.policy.clone(),
            external_url: settings.rules.settings.external_url.clone(),
            ledger: Arc::new(state.clone()),
            dir: data.join("alerts"),
            files: binnacle_store::disk::files(),
            clock: clock.clone(),
            notifiers: Arc::new(Kinds {
                allow_exec: settings.alerting.allow_exec,
            }),
        })
        .await
        .context("open alerting")?;
        let graphs = Arc::new(Graphs::new(settings, metrics.clone(), clock.clone()));
        alerting.set_graphs(graphs.clone());
        let others = Arc::new(Others::default());
        others.configure(&settings.alertmanagers)?;
        let sinks: Vec<(String, Arc<dyn AlertSink>)> = vec![
            ("binnacle".to_owned(), alerting.clone()),
            ("alertmanagers".to_owned(), others.clone()),
        ];
        let rules = Scheduler::new(metrics, clock, sinks);
        rules.set_logs(logs);
        rules
            .reload(
                settings.rules.files.clone(),
                settings.rules.settings.clone(),
            )
            .await;
        Ok(Self {
            rules,
            alerting,
            others,
            graphs,
            state,
        })
    }

    /// Starts to tell and to evaluate.
    pub(super) fn start(&self) -> Running {
        let alerting = self.alerting.clone();
        let rules = self.rules.clone();
        Running {
            alerting: Task::start(|stop| tokio::spawn(async move { alerting.run(stop).await })),
            rules: Task::start(|stop| tokio::spawn(rules.run(stop))),
        }
    }

    /// Takes a new configuration: all of it or nothing.
    pub(super) async fn reload(&self, old: &Settings, new: &Settings) -> Result<(), String> {
        self.alerting
            .reload(new.alerting.routing.clone(), new.alerting.policy.clone())
            .map_err(|e| e.to_string())?;
        if let Err(error) = self.others.configure(&new.alertmanagers) {
            self.back_to(old);
            return Err(format!("{error:#}"));
        }
        self.graphs.configure(new);
        self.rules
            .reload(new.rules.files.clone(), new.rules.settings.clone())
            .await;
        Ok(())
    }

    /// Takes the old configuration of alerting again, which was in force a moment ago.
    fn back_to(&self, old: &Settings) {
        let alerting = &old.alerting;
        let back = self
            .alerting
            .reload(alerting.routing.clone(), alerting.policy.clone());
        if let Err(error) = back {
            tracing::error!(%error, "the old configuration of alerting cannot be taken again");
        }
    }
}

impl Running {
    /// Stops evaluating, tells what is left, and closes the stores.
    pub(super) async fn stop(self, alerts: &Alerts) {
        self.rules.stop("rules").await;
        self.alerting.stop("alerting").await;
        alerts.state.close().await;
    }
}
