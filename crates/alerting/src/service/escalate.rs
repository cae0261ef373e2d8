//! When somebody cannot be reached, or does not answer: the next one is told.

use std::sync::Arc;
use std::time::Duration;

use binnacle_model::Labels;
use binnacle_model::alert::{Alert, Fingerprint, NotificationOutcome, Texts};
use binnacle_state::NewNotification;

use super::Service;
use super::deliver::Telling;
use super::flush::Job;
use super::graph::Picture;
use super::message::{team_of, told_alerts};
use super::plan::{Plan, Ready};
use crate::alerts::NS_PER_MS;
use crate::dispatch::{Told, millis};
use crate::history::Fact;
use crate::pipeline::{LaneKey, Logged, Muting, needs_update};

/// How long one integration of the next receiver may take, with all tries.
const TIMEOUT: Duration = Duration::from_mins(1);

/// The same is not said again before.
const REPEAT_MS: i64 = 4 * 3_600_000;

/// An alert about a receiver outlives this many intervals without a further failure.
const FAILING_INTERVALS: i64 = 4;

/// Something for a receiver that no route named.
struct Extra<'a> {
    plan: &'a Plan,
    receiver: &'a str,
    /// Under which key it is logged.
    key: Arc<str>,
    labels: &'a Labels,
    alerts: &'a [Told],
    reason: String,
}

impl Service {
    /// An integration took something: if it did not before, all is well again.
    pub(super) fn is_reached(&self, ready: &Ready) {
        let was_failing = self.failing.lock().remove(&ready.lane);
        if was_failing && self.plan().policy.alert_on_failure {
            self.post_own(failing_alert(&ready.lane, "", self.now_ns()));
        }
    }

    /// An integration was given up for a flush.
    pub(super) async fn is_not_reached(&self, job: &Job) {
        let lane = &job.ready.lane;
        self.failing.lock().insert(lane.clone());
        let route = job.plan.routes.get(job.message.flush.route);
        let policy = &job.plan.policy;
        if policy.alert_on_failure {
            let interval_ms = millis(route.group_interval).max(60_000);
            let until_ms = self.clock.now_ms() + FAILING_INTERVALS * interval_ms;
            let group = &job.message.flush.key;
            self.post_own(failing_alert(lane, group, until_ms * NS_PER_MS));
        }
        for receiver in stand_ins(job) {
            if self.tell_extra(&instead(job, receiver)).await {
                return;
            }
        }
    }

    /// Who stood in for a receiver hears of the end, too.
    pub(super) async fn tell_stand_ins(&self, job: &Job) {
        if job.message.resolved.is_empty() {
            return;
        }
        for receiver in stand_ins(job) {
            let extra = instead(job, receiver);
            let was_told = extra.plan.integrations(receiver).iter().any(|ready| {
                let last = self.log.lock().get(&ready.lane, &extra.key);
                last.is_some_and(|last| !last.firing.is_empty())
            });
            if was_told {
                self.tell_extra(&extra).await;
            }
        }
    }

    /// Alerts that nobody acknowledged within the time of their profile are told to the
    /// receivers of the profile.
    pub(super) async fn tell_unanswered(&self, now_ms: i64) {
        let plan = self.plan();
        for (receivers, told) in self.unanswered(&plan, now_ms) {
            for receiver in receivers {
                self.tell_extra(&Extra {
                    plan: &plan,
                    receiver,
                    key: format!("unanswered/{}", told.fingerprint).into(),
                    labels: &told.alert.labels,
                    alerts: std::slice::from_ref(&told),
                    reason: "nobody acknowledged it in time".into(),
                })
                .await;
            }
        }
    }

    fn unanswered<'p>(&self, plan: &'p Plan, now_ms: i64) -> Vec<(&'p [String], Told)> {
        let mut unanswered = Vec::new();
        let profiles = &plan.policy.profiles;
        if profiles.iter().all(|p| p.receivers.is_empty()) {
            return unanswered;
        }
        let now_ns = now_ms * NS_PER_MS;
        let standing = self.standing.read();
        let silences = self.silences.read();
        let marks = self.marks.read();
        let muting = Muting {
            board: &standing.board,
            silences: &silences,
            intervals: &plan.settings.intervals,
        };
        for (fingerprint, slot) in standing.board.alerts().iter() {
            let alert = &slot.alert;
            let severity = alert.labels.get("severity").unwrap_or("");
            let profile = profiles.iter().find(|p| p.is_of(severity));
            let Some(profile) = profile.filter(|p| !p.receivers.is_empty()) else {
                continue;
            };
            let is_late = alert.starts_at_ns / NS_PER_MS + millis(profile.respond_within) < now_ms;
            let is_seen = marks
                .get(&fingerprint)
                .is_some_and(|m| m.acknowledged.is_some());
            let told = Told {
                fingerprint,
                alert: Arc::clone(alert),
                resolved: alert.resolved_at(now_ns),
            };
            if is_late && !is_seen && !told.resolved && !muting.is_muted(&told, now_ms) {
                unanswered.push((profile.receivers.as_slice(), told));
            }
        }
        unanswered
    }

    /// Tells all integrations of a receiver, unless they know; answers whether one of them
    /// does by now.
    async fn tell_extra(&self, extra: &Extra<'_>) -> bool {
        let numbers = |resolved: bool| {
            let of = extra.alerts.iter().filter(|told| told.resolved == resolved);
            let mut numbers: Vec<u64> = of.map(|told| told.fingerprint.0).collect();
            numbers.sort_unstable();
            numbers
        };
        let (firing, resolved) = (numbers(false), numbers(true));
        let mut any = false;
        for ready in extra.plan.integrations(extra.receiver) {
            let now_ms = self.clock.now_ms();
            let last = self.log.lock().get(&ready.lane, &extra.key);
            let last = last.as_deref();
            let sends = ready.send_resolved;
            if needs_update(last, &firing, &resolved, sends, REPEAT_MS, now_ms).is_none() {
                any = true;
                continue;
            }
            let told = extra.alerts.iter();
            let alerts = told_alerts(told.filter(|t| sends || !t.resolved));
            if alerts.is_empty() {
                continue;
            }
            let outcome = self
                .try_until_taken(&Telling {
                    plan: extra.plan,
                    ready,
                    group_key: &extra.key,
                    group_labels: extra.labels,
                    route_labels: &Texts::new(),
                    reason: &extra.reason,
                    alerts: &alerts,
                    now_ms,
                    timeout: TIMEOUT,
                    store: &Texts::new(),
                    picture: &Picture::default(),
                })
                .await;
            let mut record = outcome.record(&ready.lane, self.clock.now_ms());
            record.group_key = extra.key.to_string();
            record.group_labels = extra.labels.clone();
            record.reason.clone_from(&extra.reason);
            record.firing = firing.iter().map(|f| Fingerprint(*f)).collect();
            record.resolved = resolved.iter().map(|f| Fingerprint(*f)).collect();
            if record.outcome == NotificationOutcome::Delivered {
                any = true;
                let logged = Logged {
                    at_ms: record.at_ms,
                    firing: firing.clone(),
                    resolved: resolved.clone(),
                    store: Texts::new(),
                    expires_ms: record.at_ms + 2 * REPEAT_MS,
                };
                self.log_it(&ready.lane, &extra.key, logged).await;
            }
            let (team, exempt) = team_of(&extra.plan.policy.budgets, extra.alerts);
            self.history.note([Fact::Notified(Box::new(NewNotification {
                record,
                team,
                exempt,
            }))]);
        }
        any
    }

    /// Posts an alert about this server.
    pub(super) fn post_own(&self, alert: Alert) {
        if let Err(error) = self.take(vec![alert]) {
            tracing::error!(%error, "an alert about alerting could not be posted");
        }
    }
}

/// Who stands in for the receiver of a job.
fn stand_ins(job: &Job) -> &[String] {
    let escalations = &job.plan.policy.escalations;
    let of = |name: &str| escalations.iter().find(|e| e.receiver == name);
    let escalation = of(&job.ready.lane.receiver).or_else(|| of(""));
    escalation.map_or(&[], |escalation| &escalation.then)
}

/// What a stand-in is told.
fn instead<'a>(job: &'a Job, receiver: &'a str) -> Extra<'a> {
    let meant_for = &job.ready.lane.receiver;
    Extra {
        plan: &job.plan,
        receiver,
        key: format!("escalated/{meant_for}/{}", job.message.flush.key).into(),
        labels: &job.message.flush.labels,
        alerts: &job.message.alerts,
        reason: format!("{meant_for} could not be reached"),
    }
}

/// The alert about an integration that cannot be reached; it ends at `ends_at_ns`.
fn failing_alert(lane: &LaneKey, group: &str, ends_at_ns: i64) -> Alert {
    let mut annotations = vec![(
        "summary".to_owned(),
        format!(
            "{} of receiver {} cannot be reached",
            lane.integration, lane.receiver
        ),
    )];
    if !group.is_empty() {
        annotations.insert(0, ("group".to_owned(), group.to_owned()));
    }
    Alert {
        labels: Labels::from_pairs([
            ("alertname", "BinnacleNotificationFailing"),
            ("integration", &lane.integration),
            ("receiver", &lane.receiver),
            ("severity", "critical"),
        ]),
        annotations,
        ends_at_ns,
        ..Alert::default()
    }
}
