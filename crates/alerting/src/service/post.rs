//! Taking alerts.

use std::sync::atomic::Ordering::Relaxed;

use binnacle_model::alert::{Accepted, Alert, AlertSink, AlertingError, BoxFuture, Fingerprint};

use binnacle_state::Begun;

use super::Service;
use crate::alerts::{ByFingerprint, Change, NS_PER_MS, complete, validate};
use crate::dispatch::millis;
use crate::history::Fact;
use crate::journal::Batch;

impl AlertSink for Service {
    fn post(&self, alerts: Vec<Alert>) -> BoxFuture<'_, Result<Accepted, AlertingError>> {
        // Nothing here waits for anybody: the whole batch is taken in one go.
        let result = self.take(alerts);
        Box::pin(std::future::ready(result))
    }
}

impl Service {
    /// Takes a batch. When the journal cannot be written, its alerts are told all the
    /// same, and the poster, who hears of the error, posts them again.
    pub(super) fn take(&self, alerts: Vec<Alert>) -> Result<Accepted, AlertingError> {
        let now_ms = self.clock.now_ms();
        let timeout_ms = millis(self.plan().settings.global.resolve_timeout);
        let mut accepted = Accepted::default();
        let mut good = Vec::with_capacity(alerts.len());
        let mut firing = 0;
        for (index, mut alert) in alerts.into_iter().enumerate() {
            complete(&mut alert, now_ms * NS_PER_MS, timeout_ms * NS_PER_MS);
            firing += u64::from(!alert.resolved_at(now_ms * NS_PER_MS));
            match validate(&alert) {
                Ok(()) => good.push((index, alert.fingerprint(), alert)),
                Err(why) => accepted.refused.push((index, why)),
            }
        }
        let counters = &self.counters;
        let invalid = accepted.refused.len() as u64;
        counters.received_firing.fetch_add(firing, Relaxed);
        let resolved = (good.len() as u64 + invalid).saturating_sub(firing);
        counters.received_resolved.fetch_add(resolved, Relaxed);
        counters.invalid.fetch_add(invalid, Relaxed);
        let journalled = self.put(good, now_ms, &mut accepted);
        journalled.map(|()| accepted)
    }

    fn put(
        &self,
        alerts: Vec<(usize, Fingerprint, Alert)>,
        now_ms: i64,
        accepted: &mut Accepted,
    ) -> Result<(), AlertingError> {
        let journal = self.journal.lock();
        let alerts = self.within_limits(alerts, accepted);
        let batch = self.encode(&alerts);
        let journalled = if batch.is_empty() {
            Ok(())
        } else {
            journal.posted(&batch)
        };
        let mut facts = Vec::new();
        let deadline = {
            let mut standing = self.standing.write();
            accepted.taken = alerts.len();
            for (_, fingerprint, alert) in alerts {
                let taken = standing.board.take(fingerprint, alert, now_ms);
                if let Some(ended) = taken.ended {
                    facts.push(Fact::Ended {
                        fingerprint,
                        at_ms: ended.ends_at_ns / NS_PER_MS,
                    });
                }
                let begins = match taken.change {
                    Change::New => !taken.alert.resolved_at(now_ms * NS_PER_MS),
                    Change::Again => true,
                    Change::Update | Change::Stale => false,
                };
                if begins {
                    facts.push(Fact::Began(Begun {
                        alert: taken.alert,
                        fingerprint,
                        received_ms: now_ms,
                    }));
                }
            }
            standing.board.next_deadline()
        };
        drop(journal);
        if !facts.is_empty() {
            self.unmark_ended(&facts);
            self.history.note(facts);
        }
        if deadline.is_some_and(|at_ms| at_ms < self.sleeps_until_ms.load(Relaxed)) {
            self.wake.notify_one();
        }
        journalled.map_err(|error| {
            tracing::error!(%error, "alerts could not be journalled");
            AlertingError::Unavailable(error.to_string())
        })
    }

    /// An alert that has ended and fires again is a new one: nobody has seen it yet.
    fn unmark_ended(&self, facts: &[Fact]) {
        let mut marks = self.marks.write();
        if marks.is_empty() {
            return;
        }
        for fact in facts {
            if let Fact::Ended { fingerprint, .. } = fact
                && marks.remove(fingerprint).is_some()
            {
                self.unmarked.lock().push(*fingerprint);
            }
        }
    }

    /// Refuses alerts that are not known when there are too many already.
    fn within_limits(
        &self,
        mut alerts: Vec<(usize, Fingerprint, Alert)>,
        accepted: &mut Accepted,
    ) -> Vec<(usize, Fingerprint, Alert)> {
        let standing = self.standing.read();
        let limit = standing.plan.policy.board.alerts;
        let mut count = standing.board.alerts().len();
        if count + alerts.len() <= limit {
            return alerts;
        }
        alerts.retain(|(index, fingerprint, _)| {
            let known = standing.board.alerts().get(*fingerprint).is_some();
            if !known {
                count += 1;
            }
            let fits = known || count <= limit;
            if !fits {
                self.counters.limited.fetch_add(1, Relaxed);
                let why = format!("too many alerts (limit: {limit})");
                accepted.refused.push((*index, why));
            }
            fits
        });
        alerts
    }

    fn encode(&self, alerts: &[(usize, Fingerprint, Alert)]) -> Batch {
        let standing = self.standing.read();
        let mut batch = Batch::new();
        let mut seen = ByFingerprint::with_capacity_and_hasher(alerts.len(), Default::default());
        for (_, fingerprint, alert) in alerts {
            let slot = standing.board.alerts().get(*fingerprint);
            let same = slot.is_some_and(|slot| {
                slot.alert.annotations == alert.annotations
                    && slot.alert.generator_url == alert.generator_url
            });
            // The second of two in a batch follows the first, and not what the board knows.
            let is_first = seen.insert(*fingerprint, ()).is_none();
            if same && is_first {
                batch.times(*fingerprint, alert);
            } else {
                batch.whole(alert, false);
            }
        }
        batch
    }
}
