//! A group's time has come: what is left of it goes to the lanes of its receiver.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use binnacle_model::alert::Fingerprint;

use super::Service;
use super::budget::Hold;
use super::graph::Picture;
use super::plan::{Plan, Ready};
use crate::dispatch::{Flush, Settled, Told, millis};
use crate::pipeline::{Logged, Muting, Offer, Reason, needs_update};

/// What is left of a flush, for all integrations of the receiver.
pub(super) struct Message {
    pub(super) flush: Flush,
    /// Alerts to be told, in the order of notifications.
    pub(super) alerts: Vec<Told>,
    /// Numbers of those that fire, ascending.
    pub(super) firing: Vec<u64>,
    /// Numbers of those that have ended, ascending.
    pub(super) resolved: Vec<u64>,
    pub(super) picture: Picture,
}

impl Message {
    fn new(mut flush: Flush, alerts: Vec<Told>) -> Self {
        flush.alerts = Vec::new();
        let numbers = |resolved: bool| {
            let of = alerts.iter().filter(|told| told.resolved == resolved);
            let mut numbers: Vec<u64> = of.map(|told| told.fingerprint.0).collect();
            numbers.sort_unstable();
            numbers
        };
        Self {
            firing: numbers(false),
            resolved: numbers(true),
            flush,
            alerts,
            picture: Picture::default(),
        }
    }
}

/// Waits for all integrations of a flush.
pub(super) struct Ticket {
    remaining: AtomicUsize,
    failed: AtomicBool,
    settled: Settled,
    service: std::sync::Weak<Service>,
}

impl Ticket {
    /// One integration is done. After the last, if all were told, ended alerts leave
    /// their group.
    pub(super) fn done(&self, told: bool) {
        if !told {
            self.failed.store(true, Ordering::Relaxed);
        }
        let last = self.remaining.fetch_sub(1, Ordering::AcqRel) == 1;
        if last
            && !self.failed.load(Ordering::Relaxed)
            && let Some(service) = self.service.upgrade()
        {
            service.settle(&self.settled);
        }
    }
}

/// Something to tell one integration.
pub(super) struct Job {
    pub(super) plan: Arc<Plan>,
    pub(super) ready: Arc<Ready>,
    pub(super) message: Arc<Message>,
    pub(super) ticket: Arc<Ticket>,
}

impl Job {
    /// How long the log remembers what was told, milliseconds.
    pub(super) fn keep_logged_ms(&self) -> i64 {
        let route = self.plan.routes.get(self.message.flush.route);
        let retention_ms = millis(self.plan.policy.retention);
        match millis(route.repeat_interval).saturating_mul(2) {
            0 => retention_ms,
            twice => retention_ms.min(twice),
        }
    }
}

/// What is to be done about a job.
pub(super) enum Decision {
    /// Nothing: everything was said.
    Nothing,
    /// Nothing is said, but the log must know how things stand.
    LogOnly,
    /// Nothing is said, but what was said must not be forgotten yet.
    Prolong(Arc<Logged>),
    /// Keep it for a digest.
    Hold(Hold, Option<Arc<Logged>>),
    /// Tell.
    Tell(Reason, Option<Arc<Logged>>),
}

impl Service {
    /// Flushes the next group whose time has come, if any.
    pub(super) fn flush_next(self: &Arc<Self>) -> bool {
        let now_ms = self.clock.now_ms();
        let due = {
            let mut standing = self.standing.write();
            let plan = Arc::clone(&standing.plan);
            standing.board.due(now_ms).map(|flush| (flush, plan))
        };
        let Some((flush, plan)) = due else {
            return false;
        };
        self.flush(flush, &plan);
        true
    }

    fn flush(self: &Arc<Self>, flush: Flush, plan: &Arc<Plan>) {
        let route = plan.routes.get(flush.route);
        let settled = flush.settled();
        let muted = {
            let standing = self.standing.read();
            let silences = self.silences.read();
            let muting = Muting {
                board: &standing.board,
                silences: &silences,
                intervals: &plan.settings.intervals,
            };
            muting.apply(
                &flush,
                &route.active_time_intervals,
                &route.mute_time_intervals,
            )
        };
        self.counters.muted(&muted.counts);
        if !muted.muted_by.is_empty() || self.is_muted(&flush) {
            let mut standing = self.standing.write();
            standing.board.set_muted(flush.group, &muted.muted_by);
        }
        let integrations = plan.integrations(&route.receiver);
        if muted.alerts.is_empty() || integrations.is_empty() {
            self.settle(&settled);
            return;
        }
        let message = Arc::new(Message::new(flush, muted.alerts));
        let ticket = Arc::new(Ticket {
            remaining: AtomicUsize::new(integrations.len()),
            failed: AtomicBool::new(false),
            settled,
            service: Arc::downgrade(self),
        });
        for ready in integrations {
            self.offer(Job {
                plan: Arc::clone(plan),
                ready: Arc::clone(ready),
                message: Arc::clone(&message),
                ticket: Arc::clone(&ticket),
            });
        }
    }

    fn is_muted(&self, flush: &Flush) -> bool {
        let standing = self.standing.read();
        let group = standing.board.group_of(flush.route, &flush.labels);
        group.is_some_and(|group| !group.muted_by.is_empty())
    }

    fn offer(self: &Arc<Self>, job: Job) {
        let lane = job.ready.lane.clone();
        let group = Arc::clone(&job.message.flush.key);
        let offer = self.lanes.lock().offer(&lane, &group, job);
        match offer {
            Offer::Start(job) => self.start(job),
            Offer::Waits(Some(older)) => older.ticket.done(false),
            Offer::Waits(None) => {}
        }
    }

    /// Begins a job, and whatever comes up behind those that have nothing to say.
    pub(super) fn start(self: &Arc<Self>, job: Job) {
        let mut next = Some(job);
        while let Some(job) = next.take() {
            let told = match self.decide(&job) {
                Decision::Nothing => true,
                decision if self.generation() == job.plan.generation => {
                    let delivery = Arc::clone(self).deliver(job, decision);
                    let kill = self.kill.clone();
                    self.tasks.spawn(kill.run_until_cancelled_owned(delivery));
                    return;
                }
                // The routes have changed since: their groups tell it.
                _ => false,
            };
            job.ticket.done(told);
            next = self.next_job(&job);
        }
    }

    /// Frees the place of a job and answers who gets it.
    pub(super) fn next_job(&self, done: &Job) -> Option<Job> {
        let (lane, group) = (&done.ready.lane, &done.message.flush.key);
        let next = self.lanes.lock().finished(lane, group);
        next.map(|(_, job)| job)
    }

    pub(super) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Relaxed)
    }

    fn decide(&self, job: &Job) -> Decision {
        let message = &*job.message;
        let last = self.log.lock().get(&job.ready.lane, &message.flush.key);
        let route = job.plan.routes.get(message.flush.route);
        let now_ms = self.clock.now_ms();
        let reason = needs_update(
            last.as_deref(),
            &message.firing,
            &message.resolved,
            job.ready.send_resolved,
            millis(route.repeat_interval),
            now_ms,
        );
        let Some(reason) = reason else {
            return Decision::Nothing;
        };
        if message.firing.is_empty() && !job.ready.send_resolved {
            return Decision::LogOnly;
        }
        if self.is_acknowledged(reason, message, now_ms) {
            let keep_ms = job.keep_logged_ms();
            return match last {
                Some(last) if last.expires_ms < now_ms.saturating_add(keep_ms / 2) => {
                    Decision::Prolong(last)
                }
                _ => Decision::Nothing,
            };
        }
        match self.hold_back(job, reason, now_ms) {
            Some(hold) => Decision::Hold(hold, last),
            None => Decision::Tell(reason, last),
        }
    }

    /// Whether everything that fires was seen by somebody, and nothing has ended that was
    /// not told.
    fn is_acknowledged(&self, reason: Reason, message: &Message, now_ms: i64) -> bool {
        match reason {
            Reason::First | Reason::NewAlerts | Reason::Repeat => {}
            Reason::NewResolved | Reason::AllResolved => return false,
        }
        let marks = self.marks.read();
        if marks.is_empty() {
            return false;
        }
        message.firing.iter().all(|alert| {
            let mark = marks.get(&Fingerprint(*alert));
            let seen = mark.and_then(|mark| mark.acknowledged.as_ref());
            seen.is_some_and(|ack| ack.until_ms == 0 || ack.until_ms > now_ms)
        })
    }

    /// Everyone was told of a flush.
    pub(super) fn settle(&self, settled: &Settled) {
        if settled.resolved.is_empty() {
            return;
        }
        let journal = self.journal.lock();
        let done = self.standing.write().board.settle(settled);
        if let Err(error) = journal.settled(&done) {
            tracing::error!(%error, "told ends could not be journalled");
        }
    }
}
