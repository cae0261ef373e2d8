//! All groups of a server, each at its times.
//!
//! One agenda holds when each group is to be evaluated next. [`Scheduler::run`] sleeps
//! until something is due and starts it as a task; [`Scheduler::step`] does what is due
//! at a given time and nothing else, which is how tests run hours in no time. A group
//! is back on the agenda only when its evaluation is over: slots that passed
//! meanwhile are missed, and counted.
//!
//! A reload replaces the groups that changed. The new ones go on with the alerts and
//! series of the old ones; series of groups that have gone are ended two intervals
//! later, so that a group that was renamed can take them over.

mod agenda;
mod reload;
mod rules;

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::time::Duration;

use binnacle_model::alert::{Alert, AlertSink, RuleGroup};
use binnacle_model::event::EvaluateLogs;
use binnacle_model::query::MetricsQuery;
use binnacle_stdx::clock::Clock;
use futures::FutureExt;
use parking_lot::Mutex;
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::counters::{GroupSnapshot, RulesSnapshot};
use crate::group::{Group, Surroundings, end_series};
use crate::outbox::{Outbox, address};
use crate::settings::Settings;
use agenda::{Agenda, Due, Job};

/// `for` states are taken over after that many evaluations: the first ones may come
/// before the data do, or before recording rules that alerts read.
const EVALUATIONS_BEFORE_RESTORE: u8 = 2;

/// Groups that are evaluated on threads of their own at the same time. Queries that need
/// other threads must find some, so this is far below what the runtime has.
const THREADS: usize = 4;

/// How long a group waits for such a thread.
const THREAD_WAIT: Duration = Duration::from_millis(100);

/// File and name of a group.
type Key = (String, String);

/// See the module's text.
pub struct Scheduler {
    clock: Arc<dyn Clock>,
    around: Mutex<Surroundings>,
    outboxes: Arc<Vec<Outbox>>,
    groups: Mutex<BTreeMap<Key, Arc<Scheduled>>>,
    agenda: Mutex<Agenda>,
    /// Threads on which groups may block.
    threads: Arc<Semaphore>,
    /// The agenda has something new.
    changed: Notify,
    /// Held while groups are replaced.
    reloading: tokio::sync::Mutex<()>,
    /// Whether groups were loaded before: those of a reload have no earlier run.
    loaded: AtomicBool,
}

/// A group that is evaluated.
pub(crate) struct Scheduled {
    group: Group,
    /// Evaluations until `for` states are taken over; 0: they are.
    until_restore: AtomicU8,
}

impl Scheduler {
    /// Without groups yet. Each sink has a name for the metrics, and a queue and a
    /// task of its own.
    #[must_use]
    pub fn new(
        metrics: Arc<dyn MetricsQuery>,
        clock: Arc<dyn Clock>,
        sinks: Vec<(String, Arc<dyn AlertSink>)>,
    ) -> Arc<Self> {
        let outboxes: Vec<Outbox> = sinks
            .into_iter()
            .map(|(name, sink)| Outbox::new(name, sink))
            .collect();
        let outboxes = Arc::new(outboxes);
        let settings = Settings::default();
        let send = sender(&outboxes, &settings);
        let around = Surroundings::new(metrics, Arc::clone(&clock), settings, send);
        Arc::new(Self {
            clock,
            around: Mutex::new(around),
            outboxes,
            groups: Mutex::default(),
            agenda: Mutex::default(),
            threads: Arc::new(Semaphore::new(THREADS)),
            changed: Notify::new(),
            reloading: tokio::sync::Mutex::new(()),
            loaded: AtomicBool::new(false),
        })
    }

    /// Lets rules over lines read from `logs`. To be called before groups are loaded.
    pub fn set_logs(&self, logs: Arc<dyn EvaluateLogs>) {
        self.around.lock().logs = Some(logs);
    }

    /// Evaluates groups until `stop`. Ends when the evaluations that ran are over and
    /// queued alerts are sent.
    pub async fn run(self: Arc<Self>, stop: CancellationToken) {
        let senders = self.start_senders();
        let mut turns = JoinSet::new();
        self.agenda.lock().plan(self.clock.now_ms());
        while !stop.is_cancelled() {
            let next_ms = self.agenda.lock().next_ms();
            let now_ms = self.clock.now_ms();
            let wait = next_ms.map(|at| Duration::from_millis((at - now_ms).max(0).unsigned_abs()));
            tokio::select! {
                () = stop.cancelled() => break,
                () = self.changed.notified() => continue,
                () = sleep(wait) => {}
            }
            let now_ms = self.clock.now_ms();
            for due in self.take_due(now_ms) {
                turns.spawn(Arc::clone(&self).perform(due, now_ms));
            }
            while let Some(turn) = turns.try_join_next() {
                tell_panic(turn);
            }
        }
        self.around.lock().stop.cancel();
        while let Some(turn) = turns.join_next().await {
            tell_panic(turn);
        }
        senders.end().await;
    }

    /// Does what is due at `now_ms`, to its end: evaluations, and sending what came
    /// of them.
    pub async fn step(self: &Arc<Self>, now_ms: i64) {
        for due in self.take_due(now_ms) {
            Arc::clone(self).perform(due, now_ms).await;
        }
        for outbox in self.outboxes.iter() {
            outbox.drain().await;
        }
    }

    /// When something is due next, milliseconds.
    #[must_use]
    pub fn next_ms(&self) -> Option<i64> {
        self.agenda.lock().next_ms()
    }

    fn take_due(&self, now_ms: i64) -> Vec<Due> {
        self.agenda.lock().take(now_ms)
    }

    async fn perform(self: Arc<Self>, due: Due, now_ms: i64) {
        let around = self.around.lock().clone();
        match due.job {
            Job::Evaluate(scheduled) => {
                // A group whose evaluation fails within has its next turn all the same.
                let at_ms = match self.turn(&scheduled, due.at_ms, now_ms, around).await {
                    Some(at_ms) => at_ms,
                    None => {
                        let (file, group) = (scheduled.group.file(), scheduled.group.name());
                        tracing::error!(file, group, "evaluating a group failed within");
                        scheduled.group.slots().after(now_ms)
                    }
                };
                if !scheduled.group.is_closed() {
                    self.push(at_ms, Job::Evaluate(scheduled));
                }
            }
            Job::End { series, t_ms } => {
                if let Err((series, error)) = end_series(series, t_ms, &around).await {
                    let count = series.len();
                    tracing::warn!(%error, count, "ending the series of rules that have gone failed");
                }
            }
        }
    }

    /// Evaluates a group; gives when it is due next, or `None` when that failed within.
    ///
    /// A group whose rules are all quick gets one thread on which it may block, and is
    /// evaluated there from its first rule to its last: going to a thread and back for
    /// each query and each write would cost more than they do. There are few such
    /// threads; when they are all taken, a group does without.
    async fn turn(
        &self,
        scheduled: &Arc<Scheduled>,
        due_ms: i64,
        now_ms: i64,
        mut around: Surroundings,
    ) -> Option<i64> {
        let thread = if scheduled.group.is_quick() {
            let free = Arc::clone(&self.threads).acquire_owned();
            tokio::time::timeout(THREAD_WAIT, free).await.ok()
        } else {
            None
        };
        let Some(Ok(permit)) = thread else {
            let turn = scheduled.evaluate(due_ms, now_ms, &around);
            return AssertUnwindSafe(turn).catch_unwind().await.ok();
        };
        around.may_block = true;
        let scheduled = Arc::clone(scheduled);
        let runtime = tokio::runtime::Handle::current();
        let turn = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            runtime.block_on(scheduled.evaluate(due_ms, now_ms, &around))
        });
        turn.await.ok()
    }

    fn push(&self, at_ms: i64, job: Job) {
        self.agenda.lock().push(at_ms, job);
        self.changed.notify_one();
    }

    fn start_senders(&self) -> Senders {
        let stop = CancellationToken::new();
        let mut tasks = JoinSet::new();
        for i in 0..self.outboxes.len() {
            let (outboxes, stop) = (Arc::clone(&self.outboxes), stop.clone());
            tasks.spawn(async move { outboxes[i].run(stop).await });
        }
        Senders { stop, tasks }
    }

    /// All groups by file and name.
    #[must_use]
    pub fn groups(&self) -> Vec<Arc<RuleGroup>> {
        let groups: Vec<Arc<Scheduled>> = self.groups.lock().values().cloned().collect();
        groups.iter().map(|s| Arc::new(s.group.status())).collect()
    }

    /// What rules say of themselves.
    #[must_use]
    pub fn counters(&self) -> RulesSnapshot {
        let groups: Vec<Arc<Scheduled>> = self.groups.lock().values().cloned().collect();
        let around = self.around.lock().clone();
        RulesSnapshot {
            groups: groups.iter().map(|s| snapshot(&s.group)).collect(),
            evaluation: around.timings.rules(),
            iteration: around.timings.groups(),
            sinks: self.outboxes.iter().map(Outbox::snapshot).collect(),
            queue_capacity: around.settings.queue_alerts_max as u64,
        }
    }

    pub(crate) fn surroundings(&self) -> Surroundings {
        self.around.lock().clone()
    }
}

impl Scheduled {
    /// Evaluates what was due at `due_ms`; gives when the next evaluation is due.
    async fn evaluate(&self, due_ms: i64, now_ms: i64, around: &Surroundings) -> i64 {
        let (slot_ms, missed) = self.group.slots().catch_up(due_ms, now_ms);
        self.group.miss(missed);
        self.group.evaluate(slot_ms, around).await;
        let before = self.until_restore.load(Ordering::Relaxed);
        if before > 0 {
            self.until_restore.store(before - 1, Ordering::Relaxed);
            if before == 1 {
                self.group.restore_for_state(now_ms, around).await;
            }
        }
        slot_ms + self.group.interval_ms()
    }
}

/// The tasks that send alerts.
struct Senders {
    stop: CancellationToken,
    tasks: JoinSet<()>,
}

impl Senders {
    /// Sends what is queued, and ends.
    async fn end(mut self) {
        self.stop.cancel();
        while let Some(task) = self.tasks.join_next().await {
            tell_panic(task);
        }
    }
}

/// Takes alerts for all sinks.
fn sender(outboxes: &Arc<Vec<Outbox>>, settings: &Settings) -> crate::group::Send {
    let outboxes = Arc::clone(outboxes);
    let external_labels = settings.external_labels.clone();
    let rules = settings.alert_relabel.clone();
    let alerts_max = settings.queue_alerts_max;
    Arc::new(move |alerts: Vec<Alert>| {
        let alerts = address(alerts, &external_labels, &rules);
        if alerts.is_empty() {
            return;
        }
        for outbox in outboxes.iter() {
            outbox.push(alerts.clone(), alerts_max);
        }
    })
}

/// Sleeps; without a time, for ever.
async fn sleep(wait: Option<Duration>) {
    match wait {
        Some(wait) => tokio::time::sleep(wait).await,
        None => std::future::pending().await,
    }
}

fn tell_panic(turn: Result<(), tokio::task::JoinError>) {
    if let Err(error) = turn {
        tracing::error!(%error, "a task of the rules failed within");
    }
}

fn snapshot(group: &Group) -> GroupSnapshot {
    let history = group.history();
    let seconds = |ms: i64| ms as f64 / 1000.0;
    GroupSnapshot {
        key: format!("{};{}", group.file(), group.name()),
        evaluations: history.rules_evaluated,
        failures: history.rules_failed,
        iterations: history.iterations + history.missed,
        missed: history.missed,
        interval_seconds: seconds(group.interval_ms()),
        last_evaluation_seconds: seconds(history.last_evaluation_ms),
        last_duration_seconds: history.evaluation_seconds,
        last_rule_duration_sum_seconds: group.rule_seconds(),
        last_restore_duration_seconds: history.restore_seconds,
        rules: group.rule_count() as u64,
        last_samples: history.samples,
    }
}
