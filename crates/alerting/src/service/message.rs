//! What a notification is made of.

use std::sync::Arc;

use binnacle_model::Labels;
use binnacle_model::alert::{Alert, Texts};
use binnacle_template::Time;
use binnacle_template::alertmanager::{self as template, Data, Kv};

use super::plan::Plan;
use crate::dispatch::Told;
use crate::policy::Budgets;

/// Alerts as they are told: one that fires has no end.
pub(super) fn told_alerts<'a>(told: impl Iterator<Item = &'a Told>) -> Vec<Arc<Alert>> {
    told.map(|told| {
        if told.resolved {
            Arc::clone(&told.alert)
        } else {
            Arc::new(Alert {
                ends_at_ns: 0,
                ..(*told.alert).clone()
            })
        }
    })
    .collect()
}

/// What the data of a notification are made of.
pub(super) struct Parts<'a> {
    pub(super) plan: &'a Plan,
    pub(super) receiver: &'a str,
    pub(super) group_labels: &'a Labels,
    /// Templates over the data.
    pub(super) route_labels: &'a Texts,
    pub(super) reason: &'a str,
    /// Those that fire have no end.
    pub(super) alerts: &'a [Arc<Alert>],
    pub(super) now_ms: i64,
}

/// The data that templates see.
pub(super) fn data_of(parts: &Parts<'_>) -> Data {
    let templates = &parts.plan.templates;
    let mut data = Data::assemble(
        parts.receiver,
        kv(parts.group_labels),
        texts(parts.route_labels),
        parts.reason,
        parts.alerts.iter().map(|a| template_alert(a)).collect(),
        templates.external_url(),
    );
    if !parts.route_labels.is_empty() {
        // A label whose template fails is left out, as by Alertmanager.
        let now = Time::from_unix_ms(parts.now_ms);
        let rendered: Vec<(String, String)> = parts
            .route_labels
            .iter()
            .filter_map(|(name, _)| {
                let value = templates.route_label(name, &data, &now);
                match value {
                    Ok(value) => Some((name.clone(), value)),
                    Err(error) => {
                        tracing::warn!(label = %name, %error, "a route's label failed");
                        None
                    }
                }
            })
            .collect();
        data.route_labels = rendered.into_iter().collect();
        data.route_labels_rendered = true;
    }
    data
}

/// Labels that say what an alert is about: who shares one of them with it may have to do
/// with it.
const ABOUT: [&str; 4] = ["service", "instance", "job", "namespace"];
/// Other alerts that a notification tells of, at most.
const ALSO_MAX: usize = 10;

/// Alerts among `all` that fire, are not among `told`, and are about the same things; those
/// that share the most come first.
pub(super) fn also_firing<'a>(
    told: &[Arc<Alert>],
    all: impl Iterator<Item = &'a Arc<Alert>>,
    now_ns: i64,
) -> Vec<template::Alert> {
    let shared = |alert: &Alert| {
        ABOUT
            .iter()
            .filter_map(|name| alert.labels.get(name).map(|value| (name, value)))
            .filter(|(name, value)| told.iter().any(|t| t.labels.get(name) == Some(value)))
            .count()
    };
    let mut others: Vec<(usize, &Arc<Alert>)> = all
        .filter(|alert| !alert.resolved_at(now_ns))
        .map(|alert| (shared(alert), alert))
        .filter(|(count, alert)| *count > 0 && !told.iter().any(|t| t.labels == alert.labels))
        .collect();
    others.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.labels.cmp(&b.1.labels)));
    others.truncate(ALSO_MAX);
    let firing = |(_, alert): (usize, &Arc<Alert>)| {
        template_alert(&Alert {
            ends_at_ns: 0,
            ..(**alert).clone()
        })
    };
    others.into_iter().map(firing).collect()
}

fn template_alert(alert: &Alert) -> template::Alert {
    let time = |ns: i64| {
        if ns == 0 {
            Time::default()
        } else {
            Time::from_unix_ns(i128::from(ns))
        }
    };
    let resolved = alert.ends_at_ns != 0;
    template::Alert {
        status: if resolved { "resolved" } else { "firing" }.to_owned(),
        labels: kv(&alert.labels),
        annotations: texts(&alert.annotations),
        starts_at: time(alert.starts_at_ns),
        ends_at: time(alert.ends_at_ns),
        generator_url: alert.generator_url.clone(),
        fingerprint: alert.fingerprint().to_string(),
    }
}

fn kv(labels: &Labels) -> Kv {
    let pairs = labels.iter();
    pairs.map(|(n, v)| (n.to_owned(), v.to_owned())).collect()
}

fn texts(texts: &Texts) -> Kv {
    texts.iter().cloned().collect()
}

/// The team of a notification, by its first alert that names one, and whether it is told
/// whatever the budget: an alert that fires is of an exempt severity.
pub(super) fn team_of(budgets: &Budgets, alerts: &[Told]) -> (String, bool) {
    let team = alerts
        .iter()
        .find_map(|told| told.alert.labels.get(&budgets.team_label))
        .unwrap_or_default();
    let exempt = alerts.iter().filter(|told| !told.resolved).any(|told| {
        let severity = told.alert.labels.get("severity").unwrap_or("");
        budgets.exempt.iter().any(|s| s == severity)
    });
    (team.to_owned(), exempt)
}
