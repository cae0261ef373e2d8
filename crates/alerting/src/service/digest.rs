//! Notifications that were kept, told together.
//!
//! What is kept is in the ledger before it counts as told, and leaves it only when the
//! digest was taken: what an integration did not take is due again for it, and what
//! others took is not told them twice.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use binnacle_model::Labels;
use binnacle_model::alert::{Alert, NotificationOutcome, Texts};
use binnacle_state::{Digest, NewHeld, NewNotification};
use serde_json::{Value, json};

use super::Service;
use super::budget::Hold;
use super::deliver::{Outcome, Telling, timed_out};
use super::flush::Job;
use super::graph::Picture;
use super::plan::{Plan, Ready};
use crate::alerts::compare;
use crate::pipeline::Logged;

/// How long a digest may be tried before it is put back.
const TIMEOUT: Duration = Duration::from_mins(5);

impl Service {
    /// Keeps a notification for a digest. When that fails it is told at once.
    pub(super) async fn hold(
        self: &Arc<Self>,
        job: &Job,
        hold: Hold,
        last: Option<Arc<Logged>>,
    ) -> bool {
        // Not an outcome of telling: only for whom, when and why.
        let outcome = Outcome {
            result: Err(timed_out()),
            attempts: 0,
            duration_ms: 0,
        };
        let mut notification = self.record_of(job, hold.reason, &outcome);
        notification.record.outcome = NotificationOutcome::Held { reason: hold.why };
        let due_ms = hold.due_ms;
        let held = NewHeld {
            notification,
            due_ms,
            payload: payload(job).to_string(),
        };
        match self.ledger.hold(vec![held]).await {
            Ok(_) => {
                self.digest_due_ms.fetch_min(due_ms, Relaxed);
                let store = last.map_or_else(Texts::new, |last| last.store.clone());
                self.remember(job, store).await;
                true
            }
            Err(error) => {
                tracing::error!(%error, "a notification could not be kept and is told at once");
                self.tell(job, hold.reason, last).await
            }
        }
    }

    /// Digests that were taken before a restart and not told.
    pub(super) async fn resume_digests(self: &Arc<Self>) {
        match self.ledger.digests().await {
            Ok(digests) => digests.into_iter().for_each(|d| self.spawn_digest(d)),
            Err(error) => tracing::error!(%error, "unfinished digests could not be read"),
        }
    }

    /// Tells what is due. While nothing is, the ledger is not asked.
    pub(super) async fn send_digests(self: &Arc<Self>, now_ms: i64) {
        if now_ms < self.digest_due_ms.load(Relaxed) {
            return;
        }
        // What is held from here on says when it is due by itself.
        self.digest_due_ms.store(i64::MAX, Relaxed);
        let teams = match self.ledger.held_teams(i64::MAX).await {
            Ok(teams) => teams,
            Err(error) => {
                self.digest_due_ms.store(0, Relaxed);
                tracing::error!(%error, "digests could not be looked for");
                return;
            }
        };
        for (team, due_ms) in teams {
            // A team may hold more than what is due now.
            self.digest_due_ms
                .fetch_min(due_ms.max(now_ms + 1), Relaxed);
            if due_ms > now_ms {
                continue;
            }
            match self.ledger.take_digest(team, now_ms).await {
                Ok(Some(digest)) => self.spawn_digest(digest),
                Ok(None) => {}
                Err(error) => tracing::error!(%error, "a digest could not be taken"),
            }
        }
    }

    fn spawn_digest(self: &Arc<Self>, digest: Digest) {
        let service = Arc::clone(self);
        let kill = self.kill.clone();
        self.tasks.spawn(
            kill.run_until_cancelled_owned(async move { service.send_digest(digest).await }),
        );
    }

    async fn send_digest(&self, digest: Digest) {
        let plan = self.plan();
        let now_ms = self.clock.now_ms();
        let group_labels = Labels::from_pairs([("team", digest.team.as_str())]);
        let group_key = format!("digest/{}", digest.id);
        let mut sent = Vec::new();
        let mut due_again = Vec::new();
        let mut any_taken = false;
        for (to, Kept { held, alerts }) in self.sort_out(&digest) {
            let mut all_taken = true;
            for ready in find(&plan, &to) {
                let outcome = self
                    .try_until_taken(&Telling {
                        plan: &plan,
                        ready: &ready,
                        group_key: &group_key,
                        group_labels: &group_labels,
                        route_labels: &Texts::new(),
                        reason: "digest",
                        alerts: &alerts,
                        now_ms,
                        timeout: TIMEOUT,
                        store: &Texts::new(),
                        picture: &Picture::default(),
                    })
                    .await;
                all_taken &= outcome.result.is_ok();
                any_taken |= outcome.result.is_ok();
                let mut record = outcome.record(&ready.lane, self.clock.now_ms());
                record.group_key.clone_from(&group_key);
                record.group_labels = group_labels.clone();
                record.reason = "digest".into();
                let (firing, resolved): (Vec<_>, Vec<_>) =
                    alerts.iter().partition(|a| a.ends_at_ns == 0);
                record.firing = firing.iter().map(|a| a.fingerprint()).collect();
                record.resolved = resolved.iter().map(|a| a.fingerprint()).collect();
                sent.push(NewNotification {
                    record,
                    team: digest.team.clone(),
                    exempt: false,
                });
            }
            if !all_taken {
                due_again.extend(held);
            }
        }
        if any_taken {
            self.spending.lock().spend(&digest.team, now_ms);
        }
        let finished = self.ledger.finish_digest(digest.id, sent, due_again);
        if let Err(error) = finished.await {
            tracing::error!(%error, "a digest could not be noted");
        }
        self.digest_due_ms.store(0, Relaxed);
    }

    /// The alerts of a digest by integration, each as it stands now.
    fn sort_out(&self, digest: &Digest) -> BTreeMap<To, Kept> {
        let now_ns = self.now_ns();
        let mut sorted: BTreeMap<To, (Vec<i64>, ByLabels)> = BTreeMap::new();
        for held in &digest.held {
            let Some((to, alerts)) = read(&held.payload) else {
                tracing::error!(
                    notification = held.notification,
                    "a kept notification is unreadable"
                );
                continue;
            };
            let (numbers, of) = sorted.entry(to).or_default();
            numbers.push(held.notification);
            for alert in alerts {
                of.insert(alert.labels.clone(), Arc::new(alert));
            }
        }
        let standing = self.standing.read();
        let as_it_stands = |alert: Arc<Alert>| {
            let Some(slot) = standing.board.alerts().get(alert.fingerprint()) else {
                return alert;
            };
            let mut alert = (*slot.alert).clone();
            if !alert.resolved_at(now_ns) {
                alert.ends_at_ns = 0;
            }
            Arc::new(alert)
        };
        let in_order = |alerts: BTreeMap<Labels, Arc<Alert>>| {
            let mut alerts: Vec<Arc<Alert>> = alerts.into_values().map(as_it_stands).collect();
            alerts.sort_by(|a, b| compare(a, b));
            alerts
        };
        sorted
            .into_iter()
            .map(|(to, (held, alerts))| {
                let alerts = in_order(alerts);
                (to, Kept { held, alerts })
            })
            .collect()
    }
}

/// What a digest holds for one integration.
struct Kept {
    /// Numbers of the held notifications.
    held: Vec<i64>,
    /// Their alerts, each once.
    alerts: Vec<Arc<Alert>>,
}

/// Receiver, kind of integration, its place.
type To = (String, String, u32);

/// Alerts, each once.
type ByLabels = BTreeMap<Labels, Arc<Alert>>;

/// The integration that something was kept for; when it is no more, those of the root
/// route, so that nothing gets lost.
fn find(plan: &Plan, (receiver, integration, index): &To) -> Vec<Arc<Ready>> {
    let of = plan.integrations(receiver).iter();
    let same = |r: &&Arc<Ready>| *r.lane.integration == **integration && r.lane.index == *index;
    let found: Vec<Arc<Ready>> = of.filter(same).cloned().collect();
    if found.is_empty() {
        plan.integrations(&plan.routes.root().receiver).to_vec()
    } else {
        found
    }
}

fn payload(job: &Job) -> Value {
    let lane = &job.ready.lane;
    let alerts: Vec<Value> = job
        .message
        .alerts
        .iter()
        .filter(|told| job.ready.send_resolved || !told.resolved)
        .map(|told| {
            let labels: BTreeMap<&str, &str> = told.alert.labels.iter().collect();
            json!({
                "labels": labels,
                "annotations": told.alert.annotations,
                "starts_at_ns": told.alert.starts_at_ns,
                "ends_at_ns": if told.resolved { told.alert.ends_at_ns } else { 0 },
                "generator_url": told.alert.generator_url,
            })
        })
        .collect();
    json!({
        "receiver": *lane.receiver,
        "integration": *lane.integration,
        "index": lane.index,
        "alerts": alerts,
    })
}

fn read(payload: &str) -> Option<(To, Vec<Alert>)> {
    let value: Value = serde_json::from_str(payload).ok()?;
    let text = |v: &Value| v.as_str().map(str::to_owned);
    let to = (
        text(&value["receiver"])?,
        text(&value["integration"])?,
        u32::try_from(value["index"].as_u64()?).ok()?,
    );
    let alerts = value["alerts"].as_array()?.iter().filter_map(|alert| {
        let labels = alert["labels"].as_object()?.iter();
        let labels = labels.filter_map(|(n, v)| Some((n.clone(), v.as_str()?.to_owned())));
        Some(Alert {
            labels: Labels::from_pairs(labels),
            annotations: serde_json::from_value(alert["annotations"].clone()).ok()?,
            starts_at_ns: alert["starts_at_ns"].as_i64()?,
            ends_at_ns: alert["ends_at_ns"].as_i64()?,
            generator_url: text(&alert["generator_url"])?,
            ..Alert::default()
        })
    });
    Some((to, alerts.collect()))
}
