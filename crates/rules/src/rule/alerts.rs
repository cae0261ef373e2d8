//! The alerts of one rule and what becomes of them from evaluation to evaluation.
//!
//! ```text
//!            the expression holds                `for` is over
//! (nothing) ────────────────────► pending ────────────────────► firing
//!     ▲                              │ it does not hold            │ it does not hold,
//!     │◄─────────────────────────────┘                             │ keep_firing_for is over
//!     │                  15 minutes                                ▼
//!     └──────────────────────────────────────────────────────── resolved
//! ```
//!
//! A resolved alert is kept, and told again and again, for the case that the
//! receiver was away when it ended. When its expression holds again, it is a new one.

use std::collections::HashMap;

use binnacle_model::Labels;
use binnacle_model::alert::{ActiveAlert, AlertState, Texts};

use super::ALERTNAME;
use super::recording::laid_over;

/// How long a resolved alert is kept and told, milliseconds.
pub(crate) const RESOLVED_RETENTION_MS: i64 = 15 * 60 * 1000;

/// The series that says which alerts there are.
pub(crate) const ALERTS: &str = "ALERTS";
/// The series that says since when, for the next start of the server.
pub(crate) const ALERTS_FOR_STATE: &str = "ALERTS_FOR_STATE";

/// An alert, as Prometheus keeps it.
#[derive(Debug, Clone)]
pub(crate) struct Instance {
    pub(crate) labels: Labels,
    pub(crate) annotations: Texts,
    pub(crate) value: f64,
    pub(crate) state: AlertState,
    pub(crate) active_at_ms: i64,
    pub(crate) fired_at_ms: Option<i64>,
    pub(crate) resolved_at_ms: Option<i64>,
    pub(crate) last_sent_ms: Option<i64>,
    pub(crate) valid_until_ms: i64,
    pub(crate) keep_firing_since_ms: Option<i64>,
    /// Labels of its series, made when they are first written.
    series: Option<InstanceSeries>,
}

#[derive(Debug, Clone)]
struct InstanceSeries {
    pending: Labels,
    firing: Labels,
    for_state: Labels,
}

/// A result of the expression, with the texts of the rule expanded.
pub(crate) struct Candidate {
    pub(crate) labels: Labels,
    pub(crate) annotations: Texts,
    pub(crate) value: f64,
}

/// Durations of a rule, milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Holds {
    pub(crate) hold_ms: i64,
    pub(crate) keep_firing_for_ms: i64,
}

/// See the module's text.
#[derive(Debug, Clone, Default)]
pub(crate) struct Alerts {
    active: HashMap<Labels, Instance>,
}

impl Alerts {
    /// Goes on to `now_ms`, where the expression has these results, all with
    /// different labels. Gives the number of alerts that are pending or firing.
    pub(crate) fn advance(&mut self, now_ms: i64, holds: Holds, results: Vec<Candidate>) -> usize {
        let mut held = std::collections::HashSet::with_capacity(results.len());
        for result in results {
            held.insert(result.labels.clone());
            match self.active.get_mut(&result.labels) {
                Some(known) if known.state != AlertState::Inactive => {
                    known.value = result.value;
                    known.annotations = result.annotations;
                }
                _ => {
                    let new = Instance::new(result, now_ms);
                    self.active.insert(new.labels.clone(), new);
                }
            }
        }
        let mut counted = 0;
        self.active.retain(|labels, alert| {
            let holds_now = held.contains(labels);
            if holds_now {
                alert.keep_firing_since_ms = None;
            } else if !alert.keeps_firing(now_ms, holds) {
                return alert.end(now_ms);
            }
            counted += 1;
            alert.hold(now_ms, holds.hold_ms);
            true
        });
        counted
    }

    /// Forgets all.
    pub(crate) fn clear(&mut self) {
        self.active.clear();
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Instance> {
        self.active.values_mut()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.active.is_empty()
    }

    /// Adds the alerts of `other`, of the same rule as it was before.
    pub(crate) fn take_over(&mut self, other: &Self) {
        for (labels, alert) in &other.active {
            // Labels of series hold the texts of the rule: they are made anew.
            let alert = Instance {
                series: None,
                ..alert.clone()
            };
            self.active.insert(labels.clone(), alert);
        }
    }

    /// The worst state of all.
    pub(crate) fn state(&self) -> AlertState {
        self.active
            .values()
            .map(|a| a.state)
            .max()
            .unwrap_or(AlertState::Inactive)
    }

    /// Those that have not ended, by labels.
    pub(crate) fn shown(&self) -> Vec<ActiveAlert> {
        let mut shown: Vec<_> = self
            .active
            .values()
            .filter(|a| a.resolved_at_ms.is_none())
            .map(|a| ActiveAlert {
                labels: a.labels.clone(),
                annotations: a.annotations.clone(),
                state: a.state,
                active_at_ms: a.active_at_ms,
                keep_firing_since_ms: a.keep_firing_since_ms,
                value: a.value,
            })
            .collect();
        shown.sort_by(|a, b| a.labels.cmp(&b.labels));
        shown
    }

    /// Those that are to be told now, which counts as done. `valid_ms`: for how long
    /// they hold without being told again.
    pub(crate) fn take_due(
        &mut self,
        now_ms: i64,
        resend_delay_ms: i64,
        valid_ms: i64,
    ) -> Vec<Instance> {
        let mut due: Vec<Instance> = self
            .active
            .values_mut()
            .filter(|alert| alert.needs_sending(now_ms, resend_delay_ms))
            .map(|alert| {
                alert.last_sent_ms = Some(now_ms);
                alert.valid_until_ms = now_ms.saturating_add(valid_ms);
                alert.clone()
            })
            .collect();
        due.sort_by(|a, b| a.labels.cmp(&b.labels));
        due
    }
}

impl Instance {
    fn new(result: Candidate, now_ms: i64) -> Self {
        Self {
            labels: result.labels,
            annotations: result.annotations,
            value: result.value,
            state: AlertState::Pending,
            active_at_ms: now_ms,
            fired_at_ms: None,
            resolved_at_ms: None,
            last_sent_ms: None,
            valid_until_ms: 0,
            keep_firing_since_ms: None,
            series: None,
        }
    }

    /// Whether it fires on although its expression does not hold.
    fn keeps_firing(&mut self, now_ms: i64, holds: Holds) -> bool {
        if self.state != AlertState::Firing || holds.keep_firing_for_ms <= 0 {
            return false;
        }
        let since = *self.keep_firing_since_ms.get_or_insert(now_ms);
        now_ms - since < holds.keep_firing_for_ms
    }

    /// Its expression does not hold: it ends, or has ended before. False: it is not
    /// to be kept.
    fn end(&mut self, now_ms: i64) -> bool {
        let past = |at: i64| now_ms - at > RESOLVED_RETENTION_MS;
        if self.state == AlertState::Pending || self.resolved_at_ms.is_some_and(past) {
            return false;
        }
        if self.state != AlertState::Inactive {
            self.state = AlertState::Inactive;
            self.resolved_at_ms = Some(now_ms);
        }
        true
    }

    fn hold(&mut self, now_ms: i64, hold_ms: i64) {
        let held = now_ms - self.active_at_ms >= hold_ms;
        match self.state {
            AlertState::Pending if held => {
                self.state = AlertState::Firing;
                self.fired_at_ms = Some(now_ms);
            }
            // `for` has become longer than it has held.
            AlertState::Firing if !held => {
                self.state = AlertState::Pending;
                self.fired_at_ms = None;
                self.last_sent_ms = None;
                self.keep_firing_since_ms = None;
            }
            _ => {}
        }
    }

    /// Whether it is pending or firing.
    pub(crate) fn is_going_on(&self) -> bool {
        matches!(self.state, AlertState::Pending | AlertState::Firing)
    }

    fn needs_sending(&self, now_ms: i64, resend_delay_ms: i64) -> bool {
        if self.state == AlertState::Pending {
            return false;
        }
        match (self.last_sent_ms, self.resolved_at_ms) {
            (None, _) => true,
            (Some(sent), Some(resolved)) if resolved > sent => true,
            (Some(sent), _) => sent.saturating_add(resend_delay_ms) < now_ms,
        }
    }

    /// Labels of `ALERTS` in its state and of `ALERTS_FOR_STATE`. They hold the
    /// labels of the rule as they were written, unless the alert has them as well.
    pub(crate) fn series(&mut self, alert: &str, rule_labels: &Texts) -> (&Labels, &Labels) {
        let series = match &mut self.series {
            Some(series) => series,
            empty => {
                let base = Labels::from_pairs(rule_labels.iter().map(|(n, v)| (n, v)));
                let mut scratch = Vec::new();
                let base = laid_over(&base, &self.labels, &mut scratch);
                let mut of = |name: &str, state: &str| {
                    let over = [("__name__", name), (ALERTNAME, alert), (ALERTSTATE, state)];
                    // A label of that name stays in the series without a state.
                    let over = &over[..if state.is_empty() { 2 } else { 3 }];
                    laid_over(&base, over.iter().copied(), &mut scratch)
                };
                empty.insert(InstanceSeries {
                    pending: of(ALERTS, AlertState::Pending.as_str()),
                    firing: of(ALERTS, AlertState::Firing.as_str()),
                    for_state: of(ALERTS_FOR_STATE, ""),
                })
            }
        };
        let alerts = match self.state {
            AlertState::Firing => &series.firing,
            _ => &series.pending,
        };
        (alerts, &series.for_state)
    }
}

const ALERTSTATE: &str = "alertstate";
