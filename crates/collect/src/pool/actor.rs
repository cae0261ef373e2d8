//! One pool: a task that owns its discoveries and loops.
//!
//! It takes what discoveries tell and what reloads want, works out which targets
//! there shall be, and starts and stops loops so that there are those. Targets that
//! stay are not touched, unless the settings changed: then their loops start anew
//! with what the old ones remember.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::failure_log::FailureLog;
use super::snapshot::PoolSnapshot;
use super::sync::{Wanted, wanted};
use crate::discovery::{self, Discovery, Teller, Update};
use crate::scrape::{LoopMemory, ScrapeLoop, Shared, Target, bump, end_of_run};
use crate::settings::{DiscoverySettings, ScrapeSettings, TargetGroup};
use binnacle_client::Client;

/// How long a pool waits for all of its new discoveries to tell something before
/// it goes on without those that did not.
const PATIENCE: Duration = Duration::from_secs(5);
/// Updates that wait to be taken, at most; discoveries wait beyond that.
const UPDATES_MAX: usize = 64;

/// What a pool needs that can fail to be made; made before anything is changed.
pub(crate) struct PoolParts {
    pub(crate) settings: Arc<ScrapeSettings>,
    pub(crate) client: Arc<Client>,
    pub(crate) failure_log: Option<Arc<FailureLog>>,
    /// In the order of [`ScrapeSettings::discovery`].
    pub(crate) discoveries: Vec<Box<dyn Discovery>>,
}

/// A pool that runs.
#[derive(Debug)]
pub(crate) struct Pool {
    reloads: mpsc::Sender<PoolParts>,
    stop: CancellationToken,
    settings: Mutex<Arc<ScrapeSettings>>,
    snapshot: Arc<Mutex<PoolSnapshot>>,
    task: Mutex<Option<JoinHandle<()>>>,
}

impl Pool {
    /// Starts a pool. `shutdown` ends the process's pools without a trace.
    pub(crate) fn start(parts: PoolParts, shared: Shared, shutdown: &CancellationToken) -> Self {
        let (reloads, incoming) = mpsc::channel(4);
        let settings = parts.settings.clone();
        let name = settings.job_name.clone();
        let snapshot = Arc::new(Mutex::new(PoolSnapshot {
            name,
            ..PoolSnapshot::default()
        }));
        let stop = CancellationToken::new();
        let actor = Actor::new(parts, shared, shutdown.clone(), snapshot.clone());
        let task = tokio::spawn(actor.run(incoming, stop.clone()));
        Self {
            reloads,
            stop,
            settings: Mutex::new(settings),
            snapshot,
            task: Mutex::new(Some(task)),
        }
    }

    /// The settings it runs with.
    pub(crate) fn settings(&self) -> Arc<ScrapeSettings> {
        self.settings.lock().clone()
    }

    /// Runs with other settings from now on.
    pub(crate) async fn reload(&self, parts: PoolParts) {
        *self.settings.lock() = parts.settings.clone();
        // The pool only ends when it is told to.
        let _ = self.reloads.send(parts).await;
    }

    /// Gives targets that were disabled for their failures another try.
    pub(crate) fn enable_targets(&self) {
        for target in &self.snapshot.lock().active {
            target.enable();
        }
    }

    /// What it has.
    pub(crate) fn snapshot(&self) -> PoolSnapshot {
        self.snapshot.lock().clone()
    }

    /// Ends the pool. Its series are ended too, in time, unless the process shuts
    /// down.
    pub(crate) async fn stop(&self) {
        self.stop.cancel();
        let task = self.task.lock().take();
        if let Some(task) = task
            && let Err(error) = task.await
        {
            tracing::error!(%error, "a scrape pool failed within");
        }
    }
}

struct Running {
    settings: DiscoverySettings,
    id: u64,
    stop: CancellationToken,
    /// What it told last; `None`: nothing yet.
    groups: Option<Vec<TargetGroup>>,
}

struct RunningLoop {
    target: Arc<Target>,
    stop: CancellationToken,
    task: JoinHandle<LoopMemory>,
}

struct Actor {
    settings: Arc<ScrapeSettings>,
    client: Arc<Client>,
    failure_log: Option<Arc<FailureLog>>,
    shared: Shared,
    shutdown: CancellationToken,
    discoveries: Vec<Running>,
    next_id: u64,
    updates: (mpsc::Sender<Update>, mpsc::Receiver<Update>),
    loops: HashMap<u64, RunningLoop>,
    /// The loops must be started anew at the next sync, and whether what they
    /// remember still holds.
    restart: Option<bool>,
    /// Until when new discoveries are waited for.
    patience: Instant,
    synced: bool,
    targets_over_limit: Arc<AtomicU64>,
    snapshot: Arc<Mutex<PoolSnapshot>>,
}

impl Actor {
    fn new(
        parts: PoolParts,
        shared: Shared,
        shutdown: CancellationToken,
        snapshot: Arc<Mutex<PoolSnapshot>>,
    ) -> Self {
        let PoolParts {
            settings,
            client,
            failure_log,
            discoveries,
        } = parts;
        let mut actor = Self {
            settings: settings.clone(),
            client,
            failure_log,
            shared,
            shutdown,
            discoveries: Vec::new(),
            next_id: 0,
            updates: mpsc::channel(UPDATES_MAX),
            loops: HashMap::new(),
            restart: None,
            patience: Instant::now() + PATIENCE,
            synced: false,
            targets_over_limit: Arc::default(),
            snapshot,
        };
        actor.run_discoveries(&settings, discoveries);
        actor
    }

    async fn run(mut self, mut reloads: mpsc::Receiver<PoolParts>, stop: CancellationToken) {
        loop {
            let waits = !self.synced;
            tokio::select! {
                biased;
                () = self.shutdown.cancelled() => break,
                () = stop.cancelled() => break,
                Some(parts) = reloads.recv() => self.reload(parts),
                Some(update) = self.updates.1.recv() => {
                    self.take(update);
                    while let Ok(update) = self.updates.1.try_recv() {
                        self.take(update);
                    }
                    self.synced = false;
                }
                () = sleep_until(self.patience), if waits => {}
            }
            let told = self.discoveries.iter().all(|d| d.groups.is_some());
            if !self.synced && (told || Instant::now() >= self.patience) {
                self.sync().await;
            }
        }
        self.end().await;
    }

    fn take(&mut self, update: Update) {
        // A discovery that was stopped may still have something under way.
        if let Some(running) = self.discoveries.iter_mut().find(|d| d.id == update.id) {
            running.groups = Some(update.groups);
        }
    }

    fn reload(&mut self, parts: PoolParts) {
        let PoolParts {
            settings,
            client,
            failure_log,
            discoveries,
        } = parts;
        let remembers = self.restart.unwrap_or(true) && stored_alike(&self.settings, &settings);
        self.restart = Some(remembers);
        self.run_discoveries(&settings, discoveries);
        self.settings = settings;
        self.client = client;
        self.failure_log = failure_log;
        self.patience = Instant::now() + PATIENCE;
        self.synced = false;
    }

    /// Starts discoveries that are new, keeps those that stay, stops the others.
    fn run_discoveries(&mut self, settings: &ScrapeSettings, made: Vec<Box<dyn Discovery>>) {
        let mut before = std::mem::take(&mut self.discoveries);
        for (wanted, discovery) in settings.discovery.iter().zip(made) {
            if let Some(at) = before.iter().position(|r| r.settings == *wanted) {
                self.discoveries.push(before.swap_remove(at));
                continue;
            }
            self.next_id += 1;
            let stop = CancellationToken::new();
            let teller = Teller {
                id: self.next_id,
                updates: self.updates.0.clone(),
                metrics: self.shared.metrics.clone(),
                pool: settings.job_name.clone(),
            };
            discovery::start(discovery, teller, stop.clone());
            let settings = wanted.clone();
            self.discoveries.push(Running {
                settings,
                id: self.next_id,
                stop,
                groups: None,
            });
        }
        for running in before {
            running.stop.cancel();
        }
    }

    /// Makes the loops those of the targets that there shall be.
    async fn sync(&mut self) {
        let groups = self
            .discoveries
            .iter()
            .flat_map(|d| d.groups.iter().flatten());
        let wanted = wanted(&self.settings, groups);
        bump(&self.shared.metrics.syncs, 1);
        bump(&self.shared.metrics.targets_refused, wanted.refused_count);
        let limit = self.settings.limits.targets;
        let count = wanted.active.len() as u64;
        let over = limit > 0 && count > limit;
        if over {
            bump(&self.shared.metrics.exceeded_target_limit, 1);
        }
        self.targets_over_limit
            .store(if over { count } else { 0 }, Ordering::Relaxed);
        let restart = self.restart.take();
        let mut memories = self.stop_loops(&wanted, restart).await;
        for (hash, target) in &wanted.active {
            if let Some(running) = self.loops.get(hash) {
                running.target.set_discovered(target.discovered_labels());
            } else {
                self.start_loop(
                    *hash,
                    target.clone(),
                    memories.remove(hash).unwrap_or_default(),
                );
            }
        }
        self.publish(wanted);
        self.synced = true;
    }

    /// Stops the loops of targets that shall not be, and all when they must start
    /// anew; answers what the latter remember.
    async fn stop_loops(
        &mut self,
        wanted: &Wanted,
        restart: Option<bool>,
    ) -> HashMap<u64, LoopMemory> {
        let stopping: Vec<u64> = self
            .loops
            .keys()
            .filter(|hash| restart.is_some() || !wanted.active.contains_key(hash))
            .copied()
            .collect();
        for hash in &stopping {
            self.loops[hash].stop.cancel();
        }
        let mut memories = HashMap::new();
        for hash in stopping {
            let Some(RunningLoop { target, task, .. }) = self.loops.remove(&hash) else {
                continue;
            };
            let Ok(memory) = task.await else { continue };
            if !wanted.active.contains_key(&hash) {
                let (shared, shutdown) = (self.shared.clone(), self.shutdown.clone());
                tokio::spawn(end_of_run(memory, target.interval(), shared, shutdown));
            } else if restart == Some(true) {
                memories.insert(hash, memory);
            }
        }
        memories
    }

    fn start_loop(&mut self, hash: u64, target: Arc<Target>, memory: LoopMemory) {
        let stop = CancellationToken::new();
        let scrape_loop = ScrapeLoop {
            target: target.clone(),
            settings: self.settings.clone(),
            client: self.client.clone(),
            shared: self.shared.clone(),
            targets_over_limit: self.targets_over_limit.clone(),
            failure_log: self.failure_log.clone(),
        };
        let task = tokio::spawn(scrape_loop.run(memory, stop.clone()));
        self.loops.insert(hash, RunningLoop { target, stop, task });
    }

    fn publish(&self, wanted: Wanted) {
        let mut active: Vec<Arc<Target>> = self.loops.values().map(|l| l.target.clone()).collect();
        active.sort_by(|a, b| (a.url(), a.hash()).cmp(&(b.url(), b.hash())));
        let mut snapshot = self.snapshot.lock();
        snapshot.active = active;
        snapshot.dropped = wanted.dropped;
        snapshot.dropped_count = wanted.dropped_count;
    }

    async fn end(mut self) {
        for running in &self.discoveries {
            running.stop.cancel();
        }
        self.stop_loops(&Wanted::default(), None).await;
    }
}

/// Whether series are stored the same way under both settings, so that what a loop
/// remembers of them still holds.
fn stored_alike(a: &ScrapeSettings, b: &ScrapeSettings) -> bool {
    a.honor_labels == b.honor_labels
        && a.metric_relabel == b.metric_relabel
        && a.name_validation == b.name_validation
        && a.limits.labels == b.limits.labels
        && a.limits.label_name_bytes == b.limits.label_name_bytes
        && a.limits.label_value_bytes == b.limits.label_value_bytes
}
