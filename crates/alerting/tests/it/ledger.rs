//! A ledger in memory.

use std::collections::BTreeMap;

use binnacle_alerting::service::Ledger;
use binnacle_model::alert::{
    Acknowledgement, BoxFuture, Episode, EpisodeFilter, Fingerprint, Judgement, NotificationFilter,
    NotificationOutcome, NotificationRecord, QualityReport, Silence, SilenceEvent, SilenceId,
    TeamBudget,
};
use binnacle_model::matcher::{Matcher, all_match};
use binnacle_state::{
    Begun, Digest, Disturbance, Held, LogEntry, LogKey, Mark, NewHeld, NewNotification, StateError,
};
use parking_lot::Mutex;

#[derive(Default)]
pub struct Tables {
    pub silences: BTreeMap<SilenceId, Silence>,
    pub silence_events: Vec<SilenceEvent>,
    pub log: BTreeMap<LogKey, LogEntry>,
    pub episodes: Vec<Episode>,
    pub marks: BTreeMap<Fingerprint, Mark>,
    pub notifications: Vec<NewNotification>,
    pub held: Vec<Held>,
    pub digests: Vec<Digest>,
    /// Writes of the notification log fail.
    pub log_fails: bool,
    /// Writes of the notification log never end.
    pub log_hangs: bool,
}

/// Everything in memory; what was written is there after a restart.
#[derive(Default)]
pub struct MemoryLedger(pub Mutex<Tables>);

type Answer<'a, T> = BoxFuture<'a, Result<T, StateError>>;

fn ready<'a, T: Send + 'a>(value: T) -> Answer<'a, T> {
    Box::pin(std::future::ready(Ok(value)))
}

fn failed<'a, T: Send + 'a>(error: StateError) -> Answer<'a, T> {
    Box::pin(std::future::ready(Err(error)))
}

impl MemoryLedger {
    fn with<T>(&self, with: impl FnOnce(&mut Tables) -> T) -> T {
        with(&mut self.0.lock())
    }
}

impl Tables {
    fn mark(&mut self, fingerprint: Fingerprint) -> &mut Mark {
        self.marks.entry(fingerprint).or_insert_with(|| Mark {
            fingerprint,
            acknowledged: None,
            assigned_to: None,
        })
    }

    fn append(&mut self, new: Vec<NewNotification>) -> Vec<i64> {
        let first = self.notifications.len() as i64 + 1;
        let count = new.len() as i64;
        self.notifications.extend(new);
        (first..first + count).collect()
    }
}

impl Ledger for MemoryLedger {
    fn silences(&self) -> Answer<'_, Vec<Silence>> {
        ready(self.with(|t| t.silences.values().cloned().collect()))
    }

    fn put_silences(&self, silences: Vec<(Silence, Option<SilenceEvent>)>) -> Answer<'_, ()> {
        self.with(|t| {
            for (silence, event) in silences {
                t.silences.insert(silence.id.clone(), silence);
                t.silence_events.extend(event);
            }
        });
        ready(())
    }

    fn delete_silences(&self, ended_before_ns: i64) -> Answer<'_, Vec<SilenceId>> {
        ready(self.with(|t| {
            let gone = t
                .silences
                .values()
                .filter(|s| s.ends_at_ns < ended_before_ns);
            let gone: Vec<SilenceId> = gone.map(|s| s.id.clone()).collect();
            t.silences.retain(|id, _| !gone.contains(id));
            gone
        }))
    }

    fn silence_events(&self, _: i64, _: i64, _: usize) -> Answer<'_, Vec<SilenceEvent>> {
        ready(self.with(|t| t.silence_events.iter().rev().cloned().collect()))
    }

    fn log(&self) -> Answer<'_, Vec<LogEntry>> {
        ready(self.with(|t| t.log.values().cloned().collect()))
    }

    fn put_log(&self, entry: LogEntry) -> Answer<'_, ()> {
        if self.with(|t| t.log_hangs) {
            return Box::pin(std::future::pending());
        }
        let fails = self.with(|t| {
            if !t.log_fails {
                t.log.insert(entry.key.clone(), entry);
            }
            t.log_fails
        });
        if fails {
            return failed(StateError::NotFound {
                what: "the disk".into(),
            });
        }
        ready(())
    }

    fn expire_log(&self, now_ms: i64) -> Answer<'_, u64> {
        ready(self.with(|t| {
            let before = t.log.len();
            t.log.retain(|_, e| e.expires_ms > now_ms);
            (before - t.log.len()) as u64
        }))
    }

    fn open_episodes(&self) -> Answer<'_, Vec<Episode>> {
        ready(self.with(|t| {
            let open = t.episodes.iter().filter(|e| e.resolved_ms.is_none());
            open.cloned().collect()
        }))
    }

    fn begin_alerts(&self, begun: Vec<Begun>) -> Answer<'_, Vec<i64>> {
        ready(self.with(|t| {
            let mut ids = Vec::new();
            for one in begun {
                let id = t.episodes.len() as i64 + 1;
                ids.push(id);
                t.episodes.push(Episode {
                    id,
                    fingerprint: one.fingerprint,
                    labels: one.alert.labels.clone(),
                    annotations: one.alert.annotations.clone(),
                    generator_url: one.alert.generator_url.clone(),
                    started_ms: one.alert.starts_at_ns / 1_000_000,
                    received_ms: one.received_ms,
                    ..Episode::default()
                });
            }
            ids
        }))
    }

    fn resolve_episodes(&self, ended: Vec<(i64, i64)>) -> Answer<'_, ()> {
        self.with(|t| {
            for (id, at_ms) in ended {
                t.episodes[id as usize - 1].resolved_ms = Some(at_ms);
            }
        });
        ready(())
    }

    fn notified_episodes(&self, told: Vec<(i64, i64)>) -> Answer<'_, ()> {
        self.with(|t| {
            for (id, at_ms) in told {
                t.episodes[id as usize - 1].notified_ms.get_or_insert(at_ms);
            }
        });
        ready(())
    }

    fn episodes(&self, _: EpisodeFilter) -> Answer<'_, Vec<Episode>> {
        ready(self.with(|t| t.episodes.iter().rev().cloned().collect()))
    }

    fn judge(&self, episode: i64, judgement: Option<Judgement>, _: String) -> Answer<'_, ()> {
        self.with(|t| t.episodes[episode as usize - 1].judgement = judgement);
        ready(())
    }

    fn fired(
        &self,
        sets: Vec<Vec<Matcher>>,
        times: Vec<(i64, i64)>,
    ) -> Answer<'_, Vec<(String, u64)>> {
        ready(self.with(|t| {
            let mut counts = BTreeMap::<String, u64>::new();
            for episode in &t.episodes {
                let within = times.iter().any(|(from_ms, to_ms)| {
                    episode.started_ms <= *to_ms
                        && episode.resolved_ms.is_none_or(|ms| ms >= *from_ms)
                });
                if within && sets.iter().any(|set| all_match(set, &episode.labels)) {
                    let name = episode.labels.get("alertname").unwrap_or("");
                    *counts.entry(name.to_owned()).or_default() += 1;
                }
            }
            counts.into_iter().collect()
        }))
    }

    fn marks(&self) -> Answer<'_, Vec<Mark>> {
        ready(self.with(|t| t.marks.values().cloned().collect()))
    }

    fn acknowledge(
        &self,
        alert: Fingerprint,
        what: Acknowledgement,
        _: Option<i64>,
    ) -> Answer<'_, ()> {
        self.with(|t| t.mark(alert).acknowledged = Some(what));
        ready(())
    }

    fn unacknowledge(&self, alert: Fingerprint, _: String) -> Answer<'_, ()> {
        self.with(|t| t.mark(alert).acknowledged = None);
        ready(())
    }

    fn assign(
        &self,
        alert: Fingerprint,
        to: Option<String>,
        _: String,
        _: Option<i64>,
    ) -> Answer<'_, ()> {
        self.with(|t| t.mark(alert).assigned_to = to);
        ready(())
    }

    fn clear_marks(&self, alerts: Vec<Fingerprint>) -> Answer<'_, ()> {
        self.with(|t| t.marks.retain(|f, _| !alerts.contains(f)));
        ready(())
    }

    fn append_notifications(&self, new: Vec<NewNotification>) -> Answer<'_, Vec<i64>> {
        ready(self.with(|t| t.append(new)))
    }

    fn notifications(&self, _: NotificationFilter) -> Answer<'_, Vec<NotificationRecord>> {
        ready(self.with(|t| {
            let newest = t.notifications.iter().rev();
            newest.map(|n| n.record.clone()).collect()
        }))
    }

    fn notifications_about(&self, _: Vec<Vec<Matcher>>, times: Vec<(i64, i64)>) -> Answer<'_, u64> {
        let within = |at_ms: i64| {
            times
                .iter()
                .any(|(from, to)| (*from..=*to).contains(&at_ms))
        };
        ready(self.with(|t| {
            let told = t.notifications.iter();
            told.filter(|n| within(n.record.at_ms)).count() as u64
        }))
    }

    fn disturbances(&self, since_ms: i64) -> Answer<'_, Vec<Disturbance>> {
        ready(self.with(|t| {
            let told = t.notifications.iter().filter(|n| {
                n.record.outcome == NotificationOutcome::Delivered
                    && n.record.at_ms >= since_ms
                    && !n.record.test
            });
            told.map(|n| Disturbance {
                team: n.team.clone(),
                at_ms: n.record.at_ms,
                exempt: n.exempt,
            })
            .collect()
        }))
    }

    fn budgets(&self, _: i64) -> Answer<'_, Vec<TeamBudget>> {
        ready(Vec::new())
    }

    fn hold(&self, held: Vec<NewHeld>) -> Answer<'_, Vec<i64>> {
        ready(self.with(|t| {
            let mut ids = Vec::new();
            for held in held {
                let team = held.notification.team.clone();
                let id = t.append(vec![held.notification])[0];
                ids.push(id);
                t.held.push(Held {
                    notification: id,
                    team,
                    due_ms: held.due_ms,
                    payload: held.payload,
                });
            }
            ids
        }))
    }

    fn held_teams(&self, due_by_ms: i64) -> Answer<'_, Vec<(String, i64)>> {
        ready(self.with(|t| {
            let mut teams = BTreeMap::<String, i64>::new();
            for held in t.held.iter().filter(|h| h.due_ms <= due_by_ms) {
                let due = teams.entry(held.team.clone()).or_insert(held.due_ms);
                *due = held.due_ms.min(*due);
            }
            teams.into_iter().collect()
        }))
    }

    fn take_digest(&self, team: String, due_by_ms: i64) -> Answer<'_, Option<Digest>> {
        ready(self.with(|t| {
            let is_due = |h: &Held| h.team == team && h.due_ms <= due_by_ms;
            let (due, rest) = std::mem::take(&mut t.held).into_iter().partition(is_due);
            t.held = rest;
            let due: Vec<Held> = due;
            if due.is_empty() {
                return None;
            }
            let digest = Digest {
                id: t.notifications.len() as i64 * 100 + t.digests.len() as i64,
                team,
                taken_ms: due_by_ms,
                held: due,
            };
            t.digests.push(digest.clone());
            Some(digest)
        }))
    }

    fn digests(&self) -> Answer<'_, Vec<Digest>> {
        ready(self.with(|t| t.digests.clone()))
    }

    fn finish_digest(
        &self,
        id: i64,
        sent: Vec<NewNotification>,
        due_again: Vec<i64>,
    ) -> Answer<'_, Vec<i64>> {
        ready(self.with(|t| {
            let (done, rest) = std::mem::take(&mut t.digests)
                .into_iter()
                .partition(|d| d.id == id);
            t.digests = rest;
            let done: Vec<Digest> = done;
            let held = done.into_iter().flat_map(|d| d.held);
            t.held
                .extend(held.filter(|h| due_again.contains(&h.notification)));
            t.append(sent)
        }))
    }

    fn quality(&self, _: i64, _: i64) -> Answer<'_, QualityReport> {
        ready(QualityReport::default())
    }
}
