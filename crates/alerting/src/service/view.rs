//! How things stand: alerts, groups, receivers, routes, and what would become of an alert.

use std::collections::BTreeMap;
use std::sync::Arc;

use binnacle_model::Labels;
use binnacle_model::alert::{
    Alert, AlertFilter, AlertGroup, AlertStatus, AlertView, AlertingStatus, ExplainedRoute,
    Explanation, Fingerprint, ReceiverView, RouteView, Suppression, Texts,
};
use binnacle_model::matcher::{MatchOp, Matcher};
use parking_lot::RwLockReadGuard;

use super::message::{Parts, data_of};
use super::plan::Plan;
use super::{Service, Standing};
use crate::alerts::{NS_PER_MS, compare, labels_before};
use crate::dispatch::Group;
use crate::notify::Notification;
use crate::pipeline::Muting;
use crate::silence::Silences;

/// Whether labels pass a filter of the API. A matcher with an empty value says whether the
/// label is there at all.
pub(super) fn passes(matchers: &[Matcher], labels: &Labels) -> bool {
    matchers.iter().all(|matcher| {
        let value = labels.get(&matcher.name);
        let asks_presence = matcher.value.is_empty();
        match matcher.op {
            MatchOp::NotEqual | MatchOp::NotRegex if asks_presence && value.is_some() => true,
            MatchOp::Equal | MatchOp::Regex if asks_presence && value.is_none() => true,
            _ => matcher.matches(value.unwrap_or("")),
        }
    })
}

/// Everything that a view is made of, locked for the time of one answer.
struct Scene<'a> {
    service: &'a Service,
    standing: RwLockReadGuard<'a, Standing>,
    silences: RwLockReadGuard<'a, Silences>,
    now_ms: i64,
}

impl Service {
    fn scene(&self) -> Scene<'_> {
        Scene {
            service: self,
            standing: self.standing.read(),
            silences: self.silences.read(),
            now_ms: self.clock.now_ms(),
        }
    }

    pub(super) fn view_status(&self) -> AlertingStatus {
        let plan = self.plan();
        AlertingStatus {
            config: plan.settings.print(),
            started_ms: self.started_ms,
            warnings: plan
                .settings
                .warnings
                .iter()
                .map(ToString::to_string)
                .collect(),
        }
    }

    pub(super) fn view_alerts(&self, filter: &AlertFilter) -> Vec<AlertView> {
        let scene = self.scene();
        let now_ns = scene.now_ms * NS_PER_MS;
        let mut views = Vec::new();
        for (fingerprint, slot) in scene.standing.board.alerts().iter() {
            let alert = &slot.alert;
            if ended_before(alert, now_ns) || !passes(&filter.matchers, &alert.labels) {
                continue;
            }
            let receivers = scene.receivers_of(&alert.labels);
            if !receivers
                .iter()
                .any(|r| scene.is_receiver_wanted(filter, r))
            {
                continue;
            }
            let suppression = scene.suppression(fingerprint, &alert.labels);
            if is_wanted(filter, &suppression) {
                views.push(scene.view(fingerprint, alert, suppression, receivers));
            }
        }
        views.sort_by_key(|view| view.fingerprint);
        views
    }

    pub(super) fn view_groups(&self, filter: &AlertFilter) -> Vec<AlertGroup> {
        let scene = self.scene();
        let plan = &scene.standing.plan;
        let mut receivers: BTreeMap<Fingerprint, Vec<String>> = BTreeMap::new();
        let mut groups = Vec::new();
        for (_, group) in scene.standing.board.groups() {
            let receiver = &plan.routes.get(group.route).receiver;
            if !scene.is_receiver_wanted(filter, receiver) {
                continue;
            }
            let views = scene.group_views(group, filter);
            for view in &views {
                let of = receivers.entry(view.fingerprint).or_default();
                of.push(receiver.clone());
            }
            if views.is_empty() || (!filter.muted && !group.muted_by.is_empty()) {
                continue;
            }
            groups.push(scene.group(group, receiver, views));
        }
        for of in receivers.values_mut() {
            of.sort();
        }
        for group in &mut groups {
            for view in &mut group.alerts {
                view.receivers = receivers
                    .get(&view.fingerprint)
                    .cloned()
                    .unwrap_or_default();
            }
        }
        groups.sort_by(|a, b| {
            labels_before(&a.labels, &b.labels).then_with(|| a.receiver.cmp(&b.receiver))
        });
        groups
    }

    pub(super) fn view_receivers(&self, matchers: &[Matcher]) -> Vec<ReceiverView> {
        let plan = self.plan();
        let receivers = plan.settings.receivers.iter();
        receivers
            .filter(|r| passes(matchers, &r.labels))
            .map(|receiver| ReceiverView {
                name: receiver.name.clone(),
                labels: receiver.labels.clone(),
                integrations: plan
                    .integrations(&receiver.name)
                    .iter()
                    .map(|i| (i.lane.integration.to_string(), i.notifier.destination()))
                    .collect(),
            })
            .collect()
    }

    pub(super) fn view_routes(&self) -> RouteView {
        self.plan().routes.view()
    }

    pub(super) fn explain_alert(&self, labels: &Labels, annotations: &Texts) -> Explanation {
        let scene = self.scene();
        let plan = Arc::clone(&scene.standing.plan);
        let alert = Arc::new(Alert {
            labels: labels.clone(),
            annotations: annotations.clone(),
            starts_at_ns: scene.now_ms * NS_PER_MS,
            ..Alert::default()
        });
        let fingerprint = alert.fingerprint();
        let suppression = scene.suppression(fingerprint, labels);
        if scene.standing.board.alerts().get(fingerprint).is_none() {
            // Nobody would ever forget it.
            scene.silences.forget_alerts(&[fingerprint]);
        }
        let mut groups = Vec::new();
        for id in plan.routes.matching(labels) {
            let route = plan.routes.get(id);
            let group_labels = route.group_labels(labels);
            let group = scene.standing.board.group_of(id, &group_labels);
            let mut explained = ExplainedRoute {
                route: route.id.clone(),
                receiver: route.receiver.clone(),
                group_size: group.map_or(0, |g| g.alerts.len()),
                muted_by: scene.muted_by(&route.active_time_intervals, &route.mute_time_intervals),
                group_labels,
                texts: Vec::new(),
            };
            explained.texts = texts_of(&plan, &explained, &route.labels, &alert, scene.now_ms);
            groups.push(explained);
        }
        Explanation {
            routes: groups,
            suppression,
        }
    }
}

/// What each integration of an explained route would say.
fn texts_of(
    plan: &Plan,
    route: &ExplainedRoute,
    route_labels: &Texts,
    alert: &Arc<Alert>,
    now_ms: i64,
) -> Vec<(String, Texts)> {
    let alerts = [Arc::clone(alert)];
    let data = data_of(&Parts {
        plan,
        receiver: &route.receiver,
        group_labels: &route.group_labels,
        route_labels,
        reason: crate::pipeline::Reason::First.as_str(),
        alerts: &alerts,
        now_ms,
    });
    let notification = Notification {
        receiver: &route.receiver,
        group_key: &route.route,
        group_labels: &route.group_labels,
        alerts: &alerts,
        data: &data,
        templates: &plan.templates,
        now_ms,
        timeout: std::time::Duration::ZERO,
        store: &Texts::new(),
        graph: None,
    };
    plan.integrations(&route.receiver)
        .iter()
        .map(|i| {
            (
                i.lane.integration.to_string(),
                i.notifier.render(&notification),
            )
        })
        .collect()
}

fn ended_before(alert: &Alert, now_ns: i64) -> bool {
    alert.ends_at_ns != 0 && alert.ends_at_ns < now_ns
}

fn is_wanted(filter: &AlertFilter, suppression: &Suppression) -> bool {
    let silenced = !suppression.silenced_by.is_empty();
    let inhibited = !suppression.inhibited_by.is_empty();
    if !silenced && !inhibited {
        return filter.active;
    }
    (filter.silenced || !silenced) && (filter.inhibited || !inhibited)
}

impl Scene<'_> {
    fn muting(&self) -> Muting<'_> {
        Muting {
            board: &self.standing.board,
            silences: &self.silences,
            intervals: &self.standing.plan.settings.intervals,
        }
    }

    fn muted_by(&self, active: &[String], mute: &[String]) -> Vec<String> {
        self.muting().muted_by(active, mute, self.now_ms).0
    }

    /// What keeps an alert back right now, wherever it goes.
    fn suppression(&self, fingerprint: Fingerprint, labels: &Labels) -> Suppression {
        let board = &self.standing.board;
        let now_ns = self.now_ms * NS_PER_MS;
        let intervals = &self.standing.plan.settings.intervals;
        let holds = |name: &str| intervals.holds(name, self.now_ms).unwrap_or(false);
        Suppression {
            silenced_by: self.silences.silencing(fingerprint, labels, now_ns, &holds),
            inhibited_by: board
                .inhibitions()
                .inhibited_by(labels, board.alerts(), now_ns, false),
            muted_by: Vec::new(),
        }
    }

    fn receivers_of(&self, labels: &Labels) -> Vec<String> {
        let routes = &self.standing.plan.routes;
        let mut receivers: Vec<String> = Vec::new();
        for id in routes.matching(labels) {
            let receiver = &routes.get(id).receiver;
            if !receivers.contains(receiver) {
                receivers.push(receiver.clone());
            }
        }
        receivers
    }

    fn is_receiver_wanted(&self, filter: &AlertFilter, receiver: &str) -> bool {
        if filter
            .receiver
            .as_ref()
            .is_some_and(|p| !p.is_match(receiver))
        {
            return false;
        }
        if filter.receiver_matchers.is_empty() {
            return true;
        }
        let receiver = self.standing.plan.settings.receiver(receiver);
        receiver.is_some_and(|r| passes(&filter.receiver_matchers, &r.labels))
    }

    fn view(
        &self,
        fingerprint: Fingerprint,
        alert: &Arc<Alert>,
        suppression: Suppression,
        receivers: Vec<String>,
    ) -> AlertView {
        let kept_back = suppression != Suppression::default();
        let marks = self.service.marks.read();
        let mark = marks.get(&fingerprint);
        AlertView {
            alert: Arc::clone(alert),
            fingerprint,
            status: if kept_back {
                AlertStatus::Suppressed
            } else {
                AlertStatus::Active
            },
            suppression,
            receivers,
            acknowledged: mark.and_then(|m| m.acknowledged.clone()),
            assigned_to: mark.and_then(|m| m.assigned_to.clone()),
        }
    }

    fn group_views(&self, group: &Group, filter: &AlertFilter) -> Vec<AlertView> {
        let now_ns = self.now_ms * NS_PER_MS;
        let mut views = Vec::new();
        for fingerprint in &group.alerts {
            let Some(slot) = self.standing.board.alerts().get(*fingerprint) else {
                continue;
            };
            let alert = &slot.alert;
            if ended_before(alert, now_ns) || !passes(&filter.matchers, &alert.labels) {
                continue;
            }
            let mut suppression = self.suppression(*fingerprint, &alert.labels);
            if is_wanted(filter, &suppression) {
                suppression.muted_by = group.muted_by.to_vec();
                views.push(self.view(*fingerprint, alert, suppression, Vec::new()));
            }
        }
        views.sort_by(|a, b| compare(&a.alert, &b.alert));
        views
    }

    fn group(&self, group: &Group, receiver: &str, alerts: Vec<AlertView>) -> AlertGroup {
        let plan = &self.standing.plan;
        let route = plan.routes.get(group.route);
        let route_labels = if route.labels.is_empty() {
            Labels::empty()
        } else {
            let all: Vec<Arc<Alert>> = alerts.iter().map(|v| Arc::clone(&v.alert)).collect();
            let data = data_of(&Parts {
                plan,
                receiver,
                group_labels: &group.labels,
                route_labels: &route.labels,
                reason: "unknown",
                alerts: &all,
                now_ms: self.now_ms,
            });
            Labels::from_pairs(data.route_labels.sorted_pairs())
        };
        AlertGroup {
            labels: group.labels.clone(),
            route_labels,
            receiver: receiver.to_owned(),
            key: group.key.to_string(),
            alerts,
            next_flush_ms: group.next_ms,
        }
    }
}
