//! Telling one integration of one group, until it is taken or the time is up.

use std::sync::Arc;
use std::time::Duration;

use binnacle_model::Labels;
use binnacle_model::alert::{Alert, Fingerprint, NotificationOutcome, NotificationRecord, Texts};
use binnacle_state::{LogEntry, LogKey, NewNotification};
use tokio::time::Instant;

use super::Service;
use super::flush::{Decision, Job};
use super::graph::Picture;
use super::message::{Parts, also_firing, data_of, team_of, told_alerts};
use super::plan::{Plan, Ready};
use crate::alerts::NS_PER_MS;
use crate::dispatch::millis;
use crate::history::Fact;
use crate::notify::{FailureReason, Notification, NotifyError, Sent};
use crate::pipeline::{Backoff, LaneKey, Logged, Reason};

/// A notification has at least that long, however short the group's interval.
const TIMEOUT_MIN: Duration = Duration::from_secs(10);

/// What is told to one integration.
pub(super) struct Telling<'a> {
    pub(super) plan: &'a Plan,
    pub(super) ready: &'a Ready,
    pub(super) group_key: &'a str,
    pub(super) group_labels: &'a Labels,
    pub(super) route_labels: &'a Texts,
    pub(super) reason: &'a str,
    /// Those that fire have no end.
    pub(super) alerts: &'a [Arc<Alert>],
    pub(super) now_ms: i64,
    /// How long it may take, with all tries.
    pub(super) timeout: Duration,
    /// What the integration left the last time.
    pub(super) store: &'a Texts,
    pub(super) picture: &'a Picture,
}

/// What came of telling.
pub(super) struct Outcome {
    pub(super) result: Result<Sent, NotifyError>,
    pub(super) attempts: u32,
    pub(super) duration_ms: i64,
}

impl Service {
    /// Tells, remembers, and hands the place on.
    pub(super) async fn deliver(self: Arc<Self>, job: Job, decision: Decision) {
        let told = match decision {
            Decision::Nothing => true,
            Decision::LogOnly => {
                self.remember(&job, Texts::new()).await;
                true
            }
            Decision::Prolong(last) => {
                self.prolong(&job, &last).await;
                true
            }
            Decision::Hold(hold, last) => self.hold(&job, hold, last).await,
            Decision::Tell(reason, last) => self.tell(&job, reason, last).await,
        };
        job.ticket.done(told);
        if let Some(next) = self.next_job(&job) {
            self.start(next);
        }
    }

    pub(super) async fn tell(
        self: &Arc<Self>,
        job: &Job,
        reason: Reason,
        last: Option<Arc<Logged>>,
    ) -> bool {
        let flush = &job.message.flush;
        let route = job.plan.routes.get(flush.route);
        // A group that is told for the first time, or again after its end, begins anew.
        let store = match last {
            Some(last) if reason != Reason::First => last.store.clone(),
            _ => Texts::new(),
        };
        let told = job.message.alerts.iter();
        let alerts = told_alerts(told.filter(|t| job.ready.send_resolved || !t.resolved));
        let outcome = self
            .try_until_taken(&Telling {
                plan: &job.plan,
                ready: &job.ready,
                group_key: &flush.key,
                group_labels: &flush.labels,
                route_labels: &route.labels,
                reason: reason.as_str(),
                alerts: &alerts,
                now_ms: flush.at_ms,
                timeout: route.group_interval.max(TIMEOUT_MIN),
                store: &store,
                picture: &job.message.picture,
            })
            .await;
        let is_taken = match &outcome.result {
            Ok(sent) => {
                self.remember(job, sent.store.clone()).await;
                true
            }
            Err(_) => false,
        };
        if is_taken {
            self.spend(&job.plan, &job.message.alerts);
            self.is_reached(&job.ready);
            self.tell_stand_ins(job).await;
        } else if self.generation() == job.plan.generation {
            self.is_not_reached(job).await;
        }
        let record = self.record_of(job, reason, &outcome);
        self.history.note([Fact::Notified(Box::new(record))]);
        is_taken
    }

    /// Tells one integration, again and again until it takes it, the time is up, or other
    /// settings are in force.
    pub(super) async fn try_until_taken(&self, telling: &Telling<'_>) -> Outcome {
        let began = Instant::now();
        let deadline = began + telling.timeout;
        let lane = &telling.ready.lane;
        let mut data = data_of(&Parts {
            plan: telling.plan,
            receiver: &lane.receiver,
            group_labels: telling.group_labels,
            route_labels: telling.route_labels,
            reason: telling.reason,
            alerts: telling.alerts,
            now_ms: telling.now_ms,
        });
        if telling.plan.asks_what_else {
            let standing = self.standing.read();
            let all = standing.board.alerts().iter().map(|(_, slot)| &slot.alert);
            data.also_firing = also_firing(telling.alerts, all, telling.now_ms * NS_PER_MS);
        }
        let graph = self.graph_of(telling).await;
        let mut backoff = Backoff::new(self.next_seed());
        let mut attempts = 0;
        let mut last_error = None;
        let result = loop {
            let now = Instant::now();
            let is_old = self.generation() != telling.plan.generation && attempts > 0;
            if now >= deadline || is_old {
                break Err(last_error.unwrap_or_else(timed_out));
            }
            let notification = Notification {
                receiver: &lane.receiver,
                group_key: telling.group_key,
                group_labels: telling.group_labels,
                alerts: telling.alerts,
                data: &data,
                templates: &telling.plan.templates,
                now_ms: telling.now_ms,
                timeout: deadline - now,
                store: telling.store,
                graph,
            };
            attempts += 1;
            let notifying = telling.ready.notifier.notify(&notification);
            let result = tokio::time::timeout_at(deadline, notifying).await;
            let is_ok = matches!(result, Ok(Ok(_)));
            self.counters
                .request(&lane.integration, is_ok, now.elapsed());
            let error = match result {
                Ok(Ok(sent)) => break Ok(sent),
                Ok(Err(error)) if !error.retry => break Err(error),
                Ok(Err(error)) => error,
                Err(_) => break Err(last_error.unwrap_or_else(timed_out)),
            };
            let wait = backoff.next_wait(error.retry_after);
            tracing::warn!(
                receiver = %lane.receiver, integration = %lane.integration, attempts, %error,
                "a notification was not taken and is tried again"
            );
            last_error = Some(error);
            // A wait beyond the end of the time would be for nothing.
            tokio::time::sleep_until((Instant::now() + wait).min(deadline)).await;
        };
        self.counters.told(&lane.integration, &result);
        if let Err(error) = &result {
            tracing::error!(
                receiver = %lane.receiver, integration = %lane.integration,
                group = %telling.group_key, attempts, %error, "a notification was not delivered"
            );
        }
        Outcome {
            result,
            attempts,
            duration_ms: millis(began.elapsed()),
        }
    }

    /// Notes what was told.
    pub(super) async fn remember(&self, job: &Job, store: Texts) {
        let at_ms = self.clock.now_ms();
        let logged = Logged {
            at_ms,
            firing: job.message.firing.clone(),
            resolved: job.message.resolved.clone(),
            store,
            expires_ms: at_ms.saturating_add(job.keep_logged_ms()),
        };
        self.log_it(&job.ready.lane, &job.message.flush.key, logged)
            .await;
    }

    /// Keeps what was told for as long again.
    async fn prolong(&self, job: &Job, last: &Logged) {
        let logged = Logged {
            expires_ms: self.clock.now_ms().saturating_add(job.keep_logged_ms()),
            ..last.clone()
        };
        self.log_it(&job.ready.lane, &job.message.flush.key, logged)
            .await;
    }

    /// In memory, then durably. What cannot be stored is told again after a restart.
    pub(super) async fn log_it(&self, lane: &LaneKey, group: &Arc<str>, logged: Logged) {
        let entry = LogEntry {
            key: LogKey {
                group_key: group.to_string(),
                receiver: lane.receiver.to_string(),
                integration: lane.integration.to_string(),
                index: lane.index,
            },
            at_ms: logged.at_ms,
            firing: logged.firing.clone(),
            resolved: logged.resolved.clone(),
            data: logged.store.clone(),
            expires_ms: logged.expires_ms,
        };
        self.log.lock().set(lane, group, Arc::new(logged));
        if let Err(error) = self.ledger.put_log(entry).await {
            self.counters.ledger_failed();
            tracing::error!(%error, "the notification log could not be stored");
        }
    }

    pub(super) fn record_of(
        &self,
        job: &Job,
        reason: Reason,
        outcome: &Outcome,
    ) -> NewNotification {
        let message = &job.message;
        let (team, exempt) = team_of(&job.plan.policy.budgets, &message.alerts);
        let mut record = outcome.record(&job.ready.lane, self.clock.now_ms());
        record.group_key = message.flush.key.to_string();
        record.group_labels = message.flush.labels.clone();
        record.reason = reason.as_str().to_owned();
        let numbers = |alerts: &[u64]| alerts.iter().map(|a| Fingerprint(*a)).collect();
        record.firing = numbers(&message.firing);
        record.resolved = numbers(&message.resolved);
        NewNotification {
            record,
            team,
            exempt,
        }
    }
}

impl Outcome {
    /// What is kept of it: whom, when, what, and what came of it.
    pub(super) fn record(&self, lane: &LaneKey, at_ms: i64) -> NotificationRecord {
        let (title, text, outcome) = match &self.result {
            Ok(sent) => (
                sent.title.clone(),
                sent.text.clone(),
                NotificationOutcome::Delivered,
            ),
            Err(error) => {
                let error = error.message.clone();
                (
                    String::new(),
                    String::new(),
                    NotificationOutcome::Failed { error },
                )
            }
        };
        NotificationRecord {
            id: 0,
            at_ms,
            receiver: lane.receiver.to_string(),
            integration: lane.integration.to_string(),
            index: lane.index,
            group_key: String::new(),
            group_labels: Labels::empty(),
            reason: String::new(),
            firing: Vec::new(),
            resolved: Vec::new(),
            title,
            text,
            outcome,
            attempts: self.attempts,
            duration_ms: self.duration_ms,
            test: false,
        }
    }
}

pub(super) fn timed_out() -> NotifyError {
    NotifyError {
        retry: true,
        reason: FailureReason::ContextDeadlineExceeded,
        message: "context deadline exceeded".into(),
        retry_after: None,
    }
}
