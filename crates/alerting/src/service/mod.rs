//! Alerting as a whole: what the binary opens, runs and reloads, and what fulfils the
//! traits [`AlertSink`](binnacle_model::alert::AlertSink) and
//! [`Alerting`](binnacle_model::alert::Alerting).
//!
//! ```text
//! post ─► journal ─► board ──wake──► run: flush what is due ─► lanes ─► deliver (a task)
//!            one lock for both: the order of the log is the order of the board
//! ```
//!
//! One task ([`Service::run`]) sleeps until the next deadline of the board; a delivery is a
//! task of its own, of which each lane has a bounded number. Locks are held for the
//! time of memory alone, and never while anybody waits for the disk or the network, with
//! one exception: posting appends to the journal while it holds the lock that keeps
//! posts in order.
//!
//! A reload replaces routes, rules and integrations in one step and keeps alerts, silences
//! and the notification log.

mod budget;
mod command;
mod counters;
mod dead_man;
mod deliver;
mod digest;
mod escalate;
mod flush;
mod graph;
mod marks;
mod message;
mod plan;
mod post;
mod preview;
mod run;
mod try_receivers;
mod upkeep;
mod view;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering::Relaxed};

use binnacle_model::alert::{Alert, AlertingError, Fingerprint};
use binnacle_state::{Begun, LogEntry, Mark, StateError};
use binnacle_stdx::clock::Clock;
use binnacle_stdx::files::Files;
use hashbrown::{HashMap, HashSet};
use parking_lot::{Mutex, RwLock};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::alerts::{ByFingerprint, NS_PER_MS};
use crate::config::Settings;
use crate::dispatch::Board;
use crate::history::{Fact, History};
use crate::journal::{Entry, Journal, Replay};
use crate::pipeline::{LaneKey, Lanes, Logged, NotificationLog};
use crate::policy::Policy;
use crate::silence::Silences;

pub use crate::history::Ledger;
pub use counters::{IntegrationCounts, LATENCY_BUCKETS_MS, Snapshot};
pub use graph::Graphs;
pub use plan::NotifierFactory;

use budget::Spending;
use counters::Counters;
use dead_man::Watched;
use flush::Job;
use plan::Plan;

/// What a service is made of.
pub struct Options {
    /// What `alertmanager.yml` says.
    pub settings: Arc<Settings>,
    /// What there is beyond it.
    pub policy: Policy,
    /// Where people reach this server, for templates.
    pub external_url: String,
    /// Where things are remembered.
    pub ledger: Arc<dyn Ledger>,
    /// Folder of the journal of alerts.
    pub dir: PathBuf,
    /// The files of the journal.
    pub files: Arc<dyn Files>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Makes integrations ready to send.
    pub notifiers: Arc<dyn NotifierFactory>,
}

/// The board and the plan that it was made for: a route's number means nothing without
/// its tree, so both change together.
struct Standing {
    board: Board,
    plan: Arc<Plan>,
}

/// Alerting.
pub struct Service {
    clock: Arc<dyn Clock>,
    ledger: Arc<dyn Ledger>,
    notifiers: Arc<dyn NotifierFactory>,
    external_url: String,
    started_ms: i64,
    /// Held while alerts are journalled and put on the board.
    journal: Mutex<Journal>,
    standing: RwLock<Standing>,
    silences: RwLock<Silences>,
    /// Held while a silence is planned, stored and applied.
    changing: tokio::sync::Mutex<()>,
    log: Mutex<NotificationLog>,
    lanes: Mutex<Lanes<Job>>,
    marks: RwLock<ByFingerprint<Mark>>,
    /// Alerts whose marks the ledger has yet to forget.
    unmarked: Mutex<Vec<Fingerprint>>,
    history: Arc<History>,
    spending: Mutex<Spending>,
    failing: Mutex<HashSet<LaneKey>>,
    /// When the next digest may be due, milliseconds; 0: the ledger knows.
    digest_due_ms: AtomicI64,
    watchdogs: Mutex<HashMap<String, Watched>>,
    /// Whether unanswered alerts are being told.
    is_busy: AtomicBool,
    graphs: RwLock<Option<Arc<dyn Graphs>>>,
    counters: Counters,
    /// Until when the driver sleeps, milliseconds.
    sleeps_until_ms: AtomicI64,
    wake: Notify,
    tasks: TaskTracker,
    /// Ends deliveries and the writer of the history wherever they are.
    kill: CancellationToken,
    generation: AtomicU64,
    seed: AtomicU64,
}

impl Service {
    /// Reads what was: alerts from the journal, everything else from the ledger. Nothing
    /// is sent before [`Service::run`].
    ///
    /// # Errors
    /// When the configuration cannot be made ready, or what was cannot be read.
    pub async fn open(options: Options) -> Result<Arc<Self>, AlertingError> {
        let plan = Plan::build(
            1,
            Arc::clone(&options.settings),
            options.policy.clone(),
            &options.external_url,
            &*options.notifiers,
        )?;
        let now_ms = options.clock.now_ms();
        let policy = &plan.policy;
        let mut board = Board::new(Arc::clone(&plan.routes), plan.inhibitions(), policy.board);
        let mut replay = OntoBoard(&mut board);
        let (journal, lost) =
            Journal::open(options.files, &options.dir, policy.journal, &mut replay)
                .map_err(|e| AlertingError::Internal(e.to_string()))?;
        for what in lost {
            tracing::warn!(%what, "the alert journal is not whole");
        }
        board.regroup(now_ms);

        let ledger = options.ledger;
        let silences = Silences::new(remembered(ledger.silences().await)?, now_ms * NS_PER_MS);
        let mut log = NotificationLog::default();
        for entry in remembered(ledger.log().await)? {
            restore_log(&mut log, entry, now_ms);
        }
        let marks = remembered(ledger.marks().await)?;
        let marks = marks.into_iter().map(|m| (m.fingerprint, m)).collect();
        let episodes = remembered(ledger.open_episodes().await)?;
        let waiting_max = policy.history_waiting_max;
        let history = History::new(Arc::clone(&ledger), waiting_max, &episodes);
        let known: Vec<Fingerprint> = episodes.iter().map(|e| e.fingerprint).collect();
        note_what_was_missed(&history, &board, &known, now_ms);

        let mut spending = Spending::default();
        let since_ms = now_ms.saturating_sub(budget::DAY_MS);
        for disturbance in remembered(ledger.disturbances(since_ms).await)? {
            if !disturbance.exempt {
                spending.spend(&disturbance.team, disturbance.at_ms);
            }
        }

        let service = Self {
            clock: options.clock,
            ledger,
            notifiers: options.notifiers,
            external_url: options.external_url,
            started_ms: now_ms,
            journal: Mutex::new(journal),
            lanes: Mutex::new(Lanes::new(policy.deliveries_at_once)),
            standing: RwLock::new(Standing {
                board,
                plan: Arc::new(plan),
            }),
            silences: RwLock::new(silences),
            changing: tokio::sync::Mutex::new(()),
            log: Mutex::new(log),
            marks: RwLock::new(marks),
            unmarked: Mutex::default(),
            history: Arc::new(history),
            spending: Mutex::new(spending),
            failing: Mutex::default(),
            digest_due_ms: AtomicI64::new(0),
            watchdogs: Mutex::default(),
            is_busy: AtomicBool::new(false),
            graphs: RwLock::default(),
            counters: Counters::default(),
            sleeps_until_ms: AtomicI64::new(0),
            wake: Notify::new(),
            tasks: TaskTracker::new(),
            kill: CancellationToken::new(),
            generation: AtomicU64::new(1),
            seed: AtomicU64::new(now_ms as u64),
        };
        Ok(Arc::new(service))
    }

    /// Puts another configuration in force, all or nothing: alerts are grouped anew by
    /// the new routes. What is being told at that moment is finished first; the
    /// notification log keeps anything from being told twice.
    ///
    /// # Errors
    /// When it cannot be made ready: the old one stays in force.
    pub fn reload(&self, settings: Arc<Settings>, policy: Policy) -> Result<(), AlertingError> {
        // One reload at a time, and none in the midst of a post.
        let _posting = self.journal.lock();
        let generation = self.generation.load(Relaxed) + 1;
        let plan = Plan::build(
            generation,
            settings,
            policy,
            &self.external_url,
            &*self.notifiers,
        )?;
        let now_ms = self.clock.now_ms();
        let waiting = {
            let mut standing = self.standing.write();
            let routes = Arc::clone(&plan.routes);
            let inhibitions = plan.inhibitions();
            standing.board.reroute(routes, inhibitions, now_ms);
            standing.plan = Arc::new(plan);
            self.generation.store(generation, Relaxed);
            self.lanes.lock().take_waiting()
        };
        // Their groups are no more; the new ones will say the same, or better.
        for job in waiting {
            job.ticket.done(false);
        }
        self.wake.notify_one();
        Ok(())
    }

    /// Drops everything that runs where it stands, as a killed process does: for tests of
    /// what is there afterwards.
    #[doc(hidden)]
    pub fn abandon(&self) {
        self.kill.cancel();
    }

    fn plan(&self) -> Arc<Plan> {
        Arc::clone(&self.standing.read().plan)
    }

    fn now_ns(&self) -> i64 {
        self.clock.now_ms() * NS_PER_MS
    }

    /// A number that is not used again, for seeds and ids; not a secret.
    fn next_seed(&self) -> u64 {
        let mut seed = self.seed.fetch_add(0x9e37_79b9_7f4a_7c15, Relaxed);
        binnacle_stdx::random::splitmix64(&mut seed)
    }
}

fn remembered<T>(result: Result<T, StateError>) -> Result<T, AlertingError> {
    result.map_err(|e| AlertingError::Internal(e.to_string()))
}

fn restore_log(log: &mut NotificationLog, entry: LogEntry, now_ms: i64) {
    if entry.expires_ms <= now_ms {
        return;
    }
    let lane = LaneKey {
        receiver: entry.key.receiver.into(),
        integration: entry.key.integration.into(),
        index: entry.key.index,
    };
    let ascending = |mut alerts: Vec<u64>| {
        alerts.sort_unstable();
        alerts
    };
    let logged = Logged {
        at_ms: entry.at_ms,
        firing: ascending(entry.firing),
        resolved: ascending(entry.resolved),
        store: entry.data,
        expires_ms: entry.expires_ms,
    };
    log.set(&lane, &entry.key.group_key.into(), Arc::new(logged));
}

/// The history is written behind: what was not written when the process died is
/// found out from the alerts.
fn note_what_was_missed(history: &History, board: &Board, known: &[Fingerprint], now_ms: i64) {
    let known: std::collections::HashSet<u64> = known.iter().map(|f| f.0).collect();
    let now_ns = now_ms * NS_PER_MS;
    let fires = board.alerts().iter().filter(|(fingerprint, slot)| {
        !slot.alert.resolved_at(now_ns) && !known.contains(&fingerprint.0)
    });
    let began = fires.map(|(fingerprint, slot)| {
        Fact::Began(Begun {
            alert: Arc::clone(&slot.alert),
            fingerprint,
            received_ms: slot.alert.updated_at_ns / NS_PER_MS,
        })
    });
    history.note(began);
    let gone = known.iter().map(|f| Fingerprint(*f)).filter_map(|f| {
        let ended_ns = board.alerts().get(f).map_or(now_ns, |s| s.alert.ends_at_ns);
        (ended_ns <= now_ns).then_some(Fact::Ended {
            fingerprint: f,
            at_ms: ended_ns / NS_PER_MS,
        })
    });
    history.note(gone);
}

/// Reads a journal onto a board.
struct OntoBoard<'a>(&'a mut Board);

impl Replay for OntoBoard<'_> {
    fn posted(&mut self, fingerprint: Fingerprint, entry: Entry) {
        match entry {
            Entry::Whole(alert) => self.0.replay(fingerprint, alert),
            Entry::Times {
                starts_at_ns,
                ends_at_ns,
                updated_at_ns,
                timeout,
            } => {
                let Some(slot) = self.0.alerts().get(fingerprint) else {
                    return;
                };
                let alert = Alert {
                    starts_at_ns,
                    ends_at_ns,
                    updated_at_ns,
                    timeout,
                    ..(*slot.alert).clone()
                };
                self.0.replay(fingerprint, alert);
            }
        }
    }

    fn stood(&mut self, fingerprint: Fingerprint, alert: Alert, settled: bool) {
        self.0.restore(fingerprint, alert, settled);
    }

    fn settled(&mut self, fingerprint: Fingerprint) {
        self.0.restore_settled(fingerprint);
    }
}
