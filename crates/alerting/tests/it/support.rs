//! A service in a world without waiting: tokio's paused clock is the wall clock, the
//! ledger is in memory, the disk is simulated, and notifiers write down what they are told.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use binnacle_alerting::config::{self, Settings};
use binnacle_alerting::journal::JournalOptions;
use binnacle_alerting::matchers::Language;
use binnacle_alerting::notify::{FailureReason, Notification, Notifier, NotifyError, Sent};
use binnacle_alerting::policy::Policy;
use binnacle_alerting::service::{NotifierFactory, Options, Service};
use binnacle_model::Labels;
use binnacle_model::alert::{Alert, AlertSink, BoxFuture, Texts};
use binnacle_stdx::clock::Clock;
use binnacle_stdx::files::{Crash, Files, SimulatedFiles};
use binnacle_store::wal::SyncPolicy;
use parking_lot::Mutex;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::ledger::MemoryLedger;

/// Where virtual time begins: 2026-01-05, a Monday, 00:00 UTC.
pub const T0_MS: i64 = 1_767_571_200_000;

/// The wall clock follows tokio's paused one.
pub struct PausedClock(Instant);

impl Clock for PausedClock {
    fn now_ms(&self) -> i64 {
        T0_MS + i64::try_from(self.0.elapsed().as_millis()).expect("in range")
    }
}

/// Something that was told.
#[derive(Debug, Clone)]
pub struct Told {
    /// Milliseconds after the beginning.
    pub at_ms: i64,
    /// Receiver and integration: `default/webhook/0`.
    pub to: String,
    /// When its group was flushed.
    pub flushed_ms: i64,
    pub group_key: String,
    pub alerts: Vec<Arc<Alert>>,
    /// Where the picture is that came along.
    pub graph: Option<String>,
}

/// What a receiver does at a time (milliseconds after the beginning).
pub type Behaviour = dyn Fn(&str, i64) -> Reply + Send + Sync;

/// What a receiver answers.
pub enum Reply {
    Take,
    Fail,
    Refuse,
    Hang,
    /// Takes it after a while.
    TakeAfter(Duration),
}

/// Makes notifiers that write down what they are told.
pub struct Recorder {
    clock: Arc<PausedClock>,
    pub told: Mutex<Vec<Told>>,
    behaviour: Mutex<Arc<Behaviour>>,
    /// How many are being told now, and were at most.
    pub busy: Mutex<(usize, usize)>,
}

struct Recording {
    recorder: Arc<Recorder>,
    to: String,
}

pub struct Factory(pub Arc<Recorder>);

impl NotifierFactory for Factory {
    fn build(
        &self,
        receiver: &str,
        integration: &config::Integration,
    ) -> Result<Arc<dyn Notifier>, String> {
        Ok(Arc::new(Recording {
            recorder: Arc::clone(&self.0),
            to: format!("{receiver}/{}/{}", integration.kind(), integration.index),
        }))
    }
}

impl Notifier for Recording {
    fn notify<'a>(
        &'a self,
        notification: &'a Notification<'a>,
    ) -> BoxFuture<'a, Result<Sent, NotifyError>> {
        let at_ms = self.recorder.clock.now_ms() - T0_MS;
        let behaviour = Arc::clone(&self.recorder.behaviour.lock());
        let reply = behaviour(&self.to, at_ms);
        Box::pin(async move {
            let error = |retry, reason| NotifyError {
                retry,
                reason,
                message: "no".into(),
                retry_after: None,
            };
            if let Reply::TakeAfter(wait) = reply {
                {
                    let mut busy = self.recorder.busy.lock();
                    busy.0 += 1;
                    busy.1 = busy.1.max(busy.0);
                }
                tokio::time::sleep(wait).await;
                self.recorder.busy.lock().0 -= 1;
            }
            match reply {
                Reply::Take | Reply::TakeAfter(_) => {
                    self.recorder.told.lock().push(Told {
                        at_ms,
                        to: self.to.clone(),
                        flushed_ms: notification.now_ms - T0_MS,
                        group_key: notification.group_key.to_owned(),
                        alerts: notification.alerts.to_vec(),
                        graph: notification.graph.and_then(|graph| graph.url.clone()),
                    });
                    Ok(Sent {
                        title: "title".into(),
                        text: format!("{} alerts", notification.alerts.len()),
                        store: vec![("thread".into(), "1".into())],
                        ..Sent::default()
                    })
                }
                Reply::Fail => Err(error(true, FailureReason::ServerError)),
                Reply::Refuse => Err(error(false, FailureReason::ClientError)),
                Reply::Hang => std::future::pending().await,
            }
        })
    }

    fn render(&self, notification: &Notification<'_>) -> Texts {
        vec![("text".into(), notification.receiver.to_owned())]
    }

    fn destination(&self) -> String {
        self.to.clone()
    }

    fn wants_graph(&self) -> bool {
        self.to.contains("/slack/")
    }
}

/// A service and all around it.
pub struct World {
    pub clock: Arc<PausedClock>,
    pub recorder: Arc<Recorder>,
    pub ledger: Arc<MemoryLedger>,
    pub files: SimulatedFiles,
    pub settings: Arc<Settings>,
    pub policy: Policy,
    pub service: Arc<Service>,
    running: Option<(JoinHandle<()>, CancellationToken)>,
}

/// Reads an `alertmanager.yml`.
pub fn settings(text: &str) -> Arc<Settings> {
    let file = Path::new("/alertmanager.yml");
    match config::parse(file, text, Language::default()) {
        Ok(settings) => Arc::new(settings),
        Err(errors) => panic!("{errors}\n{text}"),
    }
}

pub fn policy() -> Policy {
    Policy {
        journal: JournalOptions {
            // The syncer would be a thread of real time.
            sync: SyncPolicy::Never,
            reserve_bytes: 0,
            ..JournalOptions::default()
        },
        ..Policy::default()
    }
}

impl World {
    /// Begins at the time 0 with this configuration.
    pub async fn begin(config: &str) -> Self {
        Self::with(config, policy()).await
    }

    pub async fn with(config: &str, policy: Policy) -> Self {
        let clock = Arc::new(PausedClock(Instant::now()));
        let recorder = Arc::new(Recorder {
            clock: Arc::clone(&clock),
            told: Mutex::default(),
            behaviour: Mutex::new(Arc::new(|_: &str, _| Reply::Take)),
            busy: Mutex::default(),
        });
        let ledger = Arc::new(MemoryLedger::default());
        let files = SimulatedFiles::new();
        let settings = settings(config);
        let service = open(&settings, &policy, &clock, &recorder, &ledger, &files).await;
        let mut world = Self {
            clock,
            recorder,
            ledger,
            files,
            settings,
            policy,
            service,
            running: None,
        };
        world.run();
        world
    }

    fn run(&mut self) {
        let shutdown = CancellationToken::new();
        let running = Arc::clone(&self.service).run(shutdown.clone());
        self.running = Some((tokio::spawn(running), shutdown));
    }

    /// What receivers answer from now on.
    pub fn behave(&self, behaviour: impl Fn(&str, i64) -> Reply + Send + Sync + 'static) {
        *self.recorder.behaviour.lock() = Arc::new(behaviour);
    }

    /// The process is killed and started again. What the ledger was told is there.
    pub async fn kill(&mut self) {
        if let Some((running, _)) = self.running.take() {
            running.abort();
        }
        self.service.abandon();
        self.files = self.files.after(Crash::Process);
        self.service = open(
            &self.settings,
            &self.policy,
            &self.clock,
            &self.recorder,
            &self.ledger,
            &self.files,
        )
        .await;
        self.run();
    }

    /// The process is stopped in good order.
    pub async fn stop(&mut self) {
        if let Some((running, shutdown)) = self.running.take() {
            shutdown.cancel();
            running.await.expect("it runs to its end");
        }
    }

    /// Lets time go by until `seconds` after the beginning.
    pub async fn until(&self, seconds: f64) {
        let at = self.clock.0 + Duration::from_secs_f64(seconds);
        tokio::time::sleep_until(at).await;
    }

    /// Seconds after the beginning.
    pub fn clock_seconds(&self) -> f64 {
        (self.clock.now_ms() - T0_MS) as f64 / 1000.0
    }

    pub async fn post(&self, alerts: Vec<Alert>) {
        let accepted = self.service.post(alerts).await.expect("taken");
        assert_eq!(accepted.refused, Vec::new());
    }

    /// Posts alerts that fire, by their labels.
    pub async fn fire(&self, labels: &[&str]) {
        self.post(labels.iter().map(|l| firing(l)).collect()).await;
    }

    /// Posts alerts that have ended, by their labels.
    pub async fn resolve(&self, labels: &[&str]) {
        let ended = labels.iter().map(|l| Alert {
            ends_at_ns: self.clock.now_ms() * 1_000_000,
            ..firing(l)
        });
        self.post(ended.collect()).await;
    }

    /// What was told since the last call: `12.0 default/webhook/0: A B(resolved)`.
    pub fn heard(&self) -> Vec<String> {
        let told = std::mem::take(&mut *self.recorder.told.lock());
        told.iter().map(ToString::to_string).collect()
    }
}

impl std::fmt::Display for Told {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:.1} {}:", self.at_ms as f64 / 1000.0, self.to)?;
        for alert in &self.alerts {
            let ended = if alert.ends_at_ns == 0 {
                ""
            } else {
                "(resolved)"
            };
            write!(
                f,
                " {}{ended}",
                alert.labels.get("alertname").unwrap_or("?")
            )?;
        }
        Ok(())
    }
}

/// An alert of labels written `name=value,name=value`; without `=`: its name.
pub fn firing(labels: &str) -> Alert {
    let pairs = labels
        .split(',')
        .map(|pair| pair.split_once('=').unwrap_or(("alertname", pair)));
    Alert {
        labels: Labels::from_pairs(pairs),
        ..Alert::default()
    }
}

async fn open(
    settings: &Arc<Settings>,
    policy: &Policy,
    clock: &Arc<PausedClock>,
    recorder: &Arc<Recorder>,
    ledger: &Arc<MemoryLedger>,
    files: &SimulatedFiles,
) -> Arc<Service> {
    let files: Arc<dyn Files> = Arc::new(files.clone());
    Service::open(Options {
        settings: Arc::clone(settings),
        policy: policy.clone(),
        external_url: "http://binnacle.example".into(),
        ledger: Arc::clone(ledger) as _,
        dir: PathBuf::from("/data/alerts"),
        files,
        clock: Arc::clone(clock) as _,
        notifiers: Arc::new(Factory(Arc::clone(recorder))),
    })
    .await
    .expect("it opens")
}

/// The suite `extracted/alertmanager/<name>.json`; `None`, with a remark, when the
/// conformance data are not there.
pub fn suite(name: &str) -> Option<serde_json::Value> {
    let root = std::env::var_os("BINNACLE_CONFORMANCE").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/conformance"),
        PathBuf::from,
    );
    let path = root.join(format!("extracted/alertmanager/{name}.json"));
    let Ok(text) = std::fs::read_to_string(&path) else {
        println!("skipped: no conformance data");
        return None;
    };
    let suite: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let cases = suite["cases"].as_array().map_or(0, Vec::len);
    assert!(cases > 0, "{name} has cases");
    Some(suite)
}

/// Labels of a JSON object.
pub fn labels(value: &serde_json::Value) -> Labels {
    let pairs: BTreeMap<String, String> =
        serde_json::from_value(value.clone()).expect("an object of texts");
    Labels::from_pairs(pairs)
}
