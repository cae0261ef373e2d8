//! The machine: alerts in, flushes out.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;
use std::time::Duration;

use binnacle_model::Labels;
use binnacle_model::alert::{Alert, Fingerprint};
use hashbrown::HashMap;

use super::{Flush, Group, GroupId, Settled, Told};
use crate::alerts::{Alerts, Change, NS_PER_MS, Taken, compare};
use crate::inhibit::Inhibitions;
use crate::route::{RouteId, RouteTree};

/// How much a board holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Alerts; further ones are refused.
    pub alerts: usize,
    /// Groups; alerts that would make further ones join a group without labels of their
    /// route, since an alert must not get lost.
    pub groups: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            alerts: 1_000_000,
            groups: 500_000,
        }
    }
}

/// What a look over all alerts found.
#[derive(Debug, Default)]
pub struct Sweep {
    /// Alerts whose episodes have ended.
    pub ended: Vec<(Fingerprint, Arc<Alert>)>,
    /// Alerts that were forgotten.
    pub forgotten: Vec<Fingerprint>,
}

/// All alerts and their groups.
pub struct Board {
    alerts: Alerts,
    inhibitions: Inhibitions,
    routes: Arc<RouteTree>,
    limits: Limits,
    groups: HashMap<GroupId, Group>,
    by_labels: HashMap<(RouteId, Labels), GroupId>,
    deadlines: BinaryHeap<Reverse<(i64, GroupId)>>,
    last_group: u64,
    scratch: Vec<RouteId>,
    overflows: u64,
}

impl Board {
    /// An empty board.
    #[must_use]
    pub fn new(routes: Arc<RouteTree>, inhibitions: Inhibitions, limits: Limits) -> Self {
        Self {
            alerts: Alerts::default(),
            inhibitions,
            routes,
            limits,
            groups: HashMap::new(),
            by_labels: HashMap::new(),
            deadlines: BinaryHeap::new(),
            last_group: 0,
            scratch: Vec::new(),
            overflows: 0,
        }
    }

    /// The alerts.
    #[must_use]
    pub fn alerts(&self) -> &Alerts {
        &self.alerts
    }

    /// The inhibition rules and their sources.
    #[must_use]
    pub fn inhibitions(&self) -> &Inhibitions {
        &self.inhibitions
    }

    /// The groups, in no order.
    pub fn groups(&self) -> impl Iterator<Item = (GroupId, &Group)> {
        self.groups.iter().map(|(id, group)| (*id, group))
    }

    /// The group of a route with these labels.
    #[must_use]
    pub fn group_of(&self, route: RouteId, labels: &Labels) -> Option<&Group> {
        let id = self.by_labels.get(&(route, labels.clone()))?;
        self.groups.get(id)
    }

    /// How often an alert joined a group without labels because there were too many.
    #[must_use]
    pub fn overflows(&self) -> u64 {
        self.overflows
    }

    /// Whether another alert that is not known yet would be too many.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.alerts.len() >= self.limits.alerts
    }

    /// Takes an alert that is complete and valid.
    pub fn take(&mut self, fingerprint: Fingerprint, alert: Alert, now_ms: i64) -> Taken {
        let taken = self.alerts.take(fingerprint, alert, now_ms * NS_PER_MS);
        if taken.change == Change::New {
            self.inhibitions.note(fingerprint, &taken.alert.labels);
        }
        if taken.groups == 0 && taken.change != Change::Stale {
            self.route(fingerprint, &taken.alert, now_ms, 0);
        }
        taken
    }

    /// Takes an alert that was posted before a restart. Call [`Board::regroup`] after the
    /// last.
    pub fn replay(&mut self, fingerprint: Fingerprint, alert: Alert) {
        let now_ns = alert.updated_at_ns;
        let taken = self.alerts.take(fingerprint, alert, now_ns);
        if taken.change != Change::Stale
            && let Some(slot) = self.alerts.get_mut(fingerprint)
        {
            // Somebody has yet to be told.
            slot.groups = 1;
        }
    }

    /// Puts an alert as it stood before a restart.
    pub fn restore(&mut self, fingerprint: Fingerprint, alert: Alert, settled: bool) {
        self.alerts.restore(fingerprint, Arc::new(alert), settled);
    }

    /// Everyone was told the end of an alert, before a restart.
    pub fn restore_settled(&mut self, fingerprint: Fingerprint) {
        if let Some(slot) = self.alerts.get_mut(fingerprint) {
            slot.groups = 0;
            slot.open = false;
        }
    }

    /// Other routes and rules: all groups are made anew of the alerts that somebody has
    /// yet to be told of, and those that fire.
    pub fn reroute(&mut self, routes: Arc<RouteTree>, inhibitions: Inhibitions, now_ms: i64) {
        self.routes = routes;
        self.inhibitions = inhibitions;
        self.regroup(now_ms);
    }

    /// Makes all groups anew.
    pub fn regroup(&mut self, now_ms: i64) {
        self.groups.clear();
        self.by_labels.clear();
        self.deadlines.clear();
        let now_ns = now_ms * NS_PER_MS;
        let mut untold = Vec::with_capacity(self.alerts.len());
        for (fingerprint, slot) in self.alerts.iter_mut() {
            self.inhibitions.note(fingerprint, &slot.alert.labels);
            if slot.groups > 0 || !slot.alert.resolved_at(now_ns) {
                untold.push((fingerprint, Arc::clone(&slot.alert)));
            }
            slot.groups = 0;
        }
        // The oldest alert makes the group, and says how long it has waited already.
        untold.sort_by_key(|(fingerprint, alert)| (alert.starts_at_ns, *fingerprint));
        for (fingerprint, alert) in untold {
            let waited_ms = now_ms.saturating_sub(alert.starts_at_ns / NS_PER_MS).max(0);
            self.route(fingerprint, &alert, now_ms, waited_ms);
        }
    }

    /// `waited_ms`: for how long the alert has waited in a group that is no more.
    fn route(&mut self, fingerprint: Fingerprint, alert: &Alert, now_ms: i64, waited_ms: i64) {
        let mut routes = std::mem::take(&mut self.scratch);
        routes.clear();
        self.routes.matching_into(&alert.labels, &mut routes);
        let mut joined = 0;
        for &route in &routes {
            let id = self.group_for(route, alert, now_ms, waited_ms);
            if let Some(group) = self.groups.get_mut(&id)
                && group.alerts.insert(fingerprint)
            {
                joined += 1;
            }
        }
        if let Some(slot) = self.alerts.get_mut(fingerprint) {
            slot.groups = joined;
        }
        self.scratch = routes;
    }

    fn group_for(&mut self, route: RouteId, alert: &Alert, now_ms: i64, waited_ms: i64) -> GroupId {
        let routes = Arc::clone(&self.routes);
        let settings = routes.get(route);
        let mut labels = settings.group_labels(&alert.labels);
        if let Some(id) = self.by_labels.get(&(route, labels.clone())) {
            return *id;
        }
        if self.groups.len() >= self.limits.groups {
            self.overflows += 1;
            labels = Labels::empty();
            if let Some(id) = self.by_labels.get(&(route, labels.clone())) {
                return *id;
            }
        }
        self.last_group += 1;
        let id = GroupId(self.last_group);
        let group_wait_ms = millis(settings.group_wait);
        let waited_since_ns = alert
            .starts_at_ns
            .saturating_add(group_wait_ms.saturating_mul(NS_PER_MS));
        let next_ms = if waited_since_ns < now_ms * NS_PER_MS {
            now_ms
        } else {
            now_ms.saturating_add(group_wait_ms.saturating_sub(waited_ms).max(0))
        };
        let key = super::group::key(&settings.key, &labels);
        self.groups.insert(
            id,
            Group {
                route,
                labels: labels.clone(),
                key,
                alerts: hashbrown::HashSet::default(),
                next_ms,
                muted_by: Arc::from([]),
            },
        );
        self.by_labels.insert((route, labels), id);
        self.deadlines.push(Reverse((next_ms, id)));
        id
    }

    /// When the next group is to be flushed, milliseconds.
    #[must_use]
    pub fn next_deadline(&mut self) -> Option<i64> {
        while let Some(Reverse((at_ms, id))) = self.deadlines.peek() {
            match self.groups.get(id) {
                Some(group) if group.next_ms == *at_ms => return Some(*at_ms),
                _ => self.deadlines.pop(),
            };
        }
        None
    }

    /// The next group whose time has come. Ask until there is none.
    pub fn due(&mut self, now_ms: i64) -> Option<Flush> {
        if self.next_deadline()? > now_ms {
            return None;
        }
        let Reverse((_, id)) = self.deadlines.pop()?;
        let group = self.groups.get_mut(&id)?;
        let interval_ms = millis(self.routes.get(group.route).group_interval);
        // A group whose interval is 0 would be due for ever.
        group.next_ms = now_ms.saturating_add(interval_ms.max(1));
        self.deadlines.push(Reverse((group.next_ms, id)));
        let now_ns = now_ms * NS_PER_MS;
        let mut alerts: Vec<Told> = group
            .alerts
            .iter()
            .filter_map(|fingerprint| {
                let slot = self.alerts.get(*fingerprint)?;
                Some(Told {
                    fingerprint: *fingerprint,
                    alert: Arc::clone(&slot.alert),
                    resolved: slot.alert.resolved_at(now_ns),
                })
            })
            .collect();
        alerts.sort_by(|a, b| compare(&a.alert, &b.alert));
        Some(Flush {
            group: id,
            route: group.route,
            key: Arc::clone(&group.key),
            labels: group.labels.clone(),
            at_ms: now_ms,
            alerts,
        })
    }

    /// Notes which time intervals mute a group.
    pub fn set_muted(&mut self, id: GroupId, muted_by: &[String]) {
        if let Some(group) = self.groups.get_mut(&id)
            && *group.muted_by != *muted_by
        {
            group.muted_by = muted_by.into();
        }
    }

    /// Everyone was told of a flush: what had ended leaves its group, unless it has
    /// changed since, and an empty group goes. Answers the alerts that are in no group
    /// any more.
    pub fn settle(&mut self, settled: &Settled) -> Vec<Fingerprint> {
        let Some(group) = self.groups.get_mut(&settled.group) else {
            return Vec::new();
        };
        let mut done = Vec::new();
        for (fingerprint, alert) in &settled.resolved {
            let Some(slot) = self.alerts.get_mut(*fingerprint) else {
                group.alerts.remove(fingerprint);
                continue;
            };
            if Arc::ptr_eq(&slot.alert, alert) && group.alerts.remove(fingerprint) {
                slot.groups = slot.groups.saturating_sub(1);
                if slot.groups == 0 {
                    done.push(*fingerprint);
                }
            }
        }
        if group.alerts.is_empty()
            && let Some(group) = self.groups.remove(&settled.group)
        {
            self.by_labels.remove(&(group.route, group.labels));
        }
        done
    }

    /// Notices which alerts have ended, and forgets those that ended before
    /// `forget_before_ms` and of which everyone was told.
    pub fn sweep(&mut self, now_ms: i64, forget_before_ms: i64) -> Sweep {
        let now_ns = now_ms * NS_PER_MS;
        let mut sweep = Sweep::default();
        for (fingerprint, slot) in self.alerts.iter_mut() {
            if slot.open && slot.alert.resolved_at(now_ns) {
                slot.open = false;
                sweep.ended.push((fingerprint, Arc::clone(&slot.alert)));
            }
        }
        let forgotten = self.alerts.forget_ended(forget_before_ms * NS_PER_MS);
        for (fingerprint, labels) in &forgotten {
            self.inhibitions.forget(*fingerprint, labels);
        }
        sweep.forgotten = forgotten.into_iter().map(|(f, _)| f).collect();
        sweep
    }
}

/// Milliseconds of a setting.
pub(crate) fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
