//! What a group takes over from the one that it replaces at a reload.
//!
//! Rules are the same when name and labels are; of several that are the same the
//! first takes over from the first, and so on. Series of rules that have gone are
//! ended by the next evaluation.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::Ordering;

use binnacle_model::Labels;

use super::Group;
use crate::rule::{Rule, State};

impl Group {
    /// Whether `other` does the same, wherever its rules stand in the file.
    #[must_use]
    pub fn same(&self, other: &Self) -> bool {
        self.name == other.name
            && self.file == other.file
            && self.interval_ms == other.interval_ms
            && self.limit == other.limit
            && self.query_offset_ms == other.query_offset_ms
            && self.rules.len() == other.rules.len()
            && self.rules.iter().zip(&other.rules).all(|(a, b)| a.same(b))
    }

    /// Takes over where the rules of `other`, which is the same, stand.
    pub(crate) fn move_to(&self, other: &Self) {
        for (rule, other) in self.rules.iter().zip(&other.rules) {
            rule.move_to(other);
        }
    }

    /// Takes over the state of `old`, which is never evaluated again. Waits for the
    /// evaluation that runs.
    pub async fn copy_state(&self, old: &Self) {
        let _running = old.running.lock().await;
        old.closed.store(true, Ordering::Relaxed);
        *self.history.lock() = old.history();
        let mut by_key: HashMap<_, VecDeque<&Rule>> = HashMap::new();
        for rule in &old.rules {
            by_key.entry(key(rule)).or_default().push_back(rule);
        }
        for rule in &self.rules {
            let before = by_key.get_mut(&key(rule)).and_then(VecDeque::pop_front);
            if let Some(before) = before {
                take_over(rule, before);
            }
        }
        let mut orphans = std::mem::take(&mut *old.orphans.lock());
        for rule in by_key.into_values().flatten() {
            orphans.extend(rule.state.lock().series.present().cloned());
        }
        self.orphans.lock().append(&mut orphans);
    }

    /// All series that its rules have written last: what is to be ended when the
    /// group goes, and is never evaluated again. Waits for the evaluation that runs.
    pub(crate) async fn take_series(&self) -> Vec<Labels> {
        let _running = self.running.lock().await;
        self.closed.store(true, Ordering::Relaxed);
        let mut series = std::mem::take(&mut *self.orphans.lock());
        for rule in &self.rules {
            series.extend(rule.state.lock().series.present().cloned());
        }
        series
    }
}

fn key(rule: &Rule) -> (&str, &[(String, String)]) {
    (&rule.name, &rule.labels)
}

fn take_over(rule: &Rule, before: &Rule) {
    let same = rule.same(before);
    let mut before = before.state.lock();
    let mut state = rule.state.lock();
    std::mem::swap(&mut state.series, &mut before.series);
    state.alerts.take_over(&before.alerts);
    state.restored = before.restored;
    if same {
        // A rule with another expression is not known to work.
        let State {
            health,
            last_error,
            last_evaluation_ms,
            evaluation_seconds,
            samples,
            results,
            ..
        } = &*before;
        state.health = *health;
        state.last_error.clone_from(last_error);
        state.last_evaluation_ms = *last_evaluation_ms;
        state.evaluation_seconds = *evaluation_seconds;
        state.samples = *samples;
        state.results = *results;
    }
}
