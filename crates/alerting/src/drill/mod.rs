//! The drill: everything about the way of an alert that can be tried before it is
//! needed.
//!
//! For every route, labels are made up that meet its matchers, and the tree is asked
//! where an alert with them goes: a route that an earlier one hides is found here and
//! not in the night. Every receiver gets a marked test alert and its answer is noted.
//! Every template is rendered for alerts that fire and that fired last.
//!
//! All of it goes through [`Alerting`], so that what is tried is what is used.

mod invent;

use std::collections::HashSet;

use binnacle_model::Labels;
use binnacle_model::alert::{
    AlertFilter, Alerting, AlertingError, DrillPlan, DrillReport, DrilledRoute, DrilledTemplate,
    EpisodeFilter, ReceiverTest, RouteView, Texts,
};
use binnacle_model::matcher::Matcher;

/// Alerts that templates are tried on, at most, one of each name first.
const ALERTS_MAX: usize = 200;
/// How far back alerts of the past are looked for, milliseconds.
const PAST_MS: i64 = 30 * 86_400_000;
/// How a template that failed stands in a text.
const FAILED: &str = "template of ";

/// Drills.
///
/// # Errors
/// When a receiver of the plan is not known, or the past cannot be read.
pub async fn run(
    alerting: &dyn Alerting,
    plan: DrillPlan,
    now_ms: i64,
) -> Result<DrillReport, AlertingError> {
    let mut report = DrillReport::default();
    let tree = alerting.routes();
    route(alerting, &tree, &[], &mut report.routes)?;
    try_templates(alerting, &plan.receivers, now_ms, &mut report).await?;
    if plan.send {
        let test = ReceiverTest {
            receivers: plan.receivers,
            ..ReceiverTest::default()
        };
        report.receivers = alerting.test(test).await?;
    }
    Ok(report)
}

/// Tries a route and those below it; `above` are the matchers on the way to it.
fn route(
    alerting: &dyn Alerting,
    view: &RouteView,
    above: &[Matcher],
    drilled: &mut Vec<DrilledRoute>,
) -> Result<(), AlertingError> {
    let mut matchers = above.to_vec();
    for text in &view.matchers {
        matchers.push(alerting.matcher(text)?);
    }
    let mut found = DrilledRoute {
        id: view.id.clone(),
        receiver: view.receiver.clone(),
        ..DrilledRoute::default()
    };
    match invent::labels(&matchers) {
        Some(labels) => {
            found.problem = reached(alerting, view, &labels);
            found.labels = labels;
        }
        None => {
            let all: Vec<String> = matchers.iter().map(ToString::to_string).collect();
            found.problem = Some(format!(
                "no labels were found that meet {}: the matchers may contradict each other",
                all.join(", ")
            ));
        }
    }
    drilled.push(found);
    for child in &view.routes {
        route(alerting, child, &matchers, drilled)?;
    }
    Ok(())
}

/// What is in the way of an alert with these labels to the route or one below it.
fn reached(alerting: &dyn Alerting, view: &RouteView, labels: &Labels) -> Option<String> {
    let explanation = alerting.explain(labels, &Texts::new());
    let mut below = HashSet::new();
    ids(view, &mut below);
    if explanation.routes.iter().any(|r| below.contains(&*r.route)) {
        return None;
    }
    let taken: Vec<&str> = explanation.routes.iter().map(|r| &*r.route).collect();
    Some(format!(
        "an alert with {labels} does not get here: {} takes it before",
        taken.join(" and ")
    ))
}

fn ids<'a>(view: &'a RouteView, into: &mut HashSet<&'a str>) {
    into.insert(&view.id);
    view.routes.iter().for_each(|child| ids(child, into));
}

/// Renders every template for alerts that fire and that fired last.
async fn try_templates(
    alerting: &dyn Alerting,
    receivers: &[String],
    now_ms: i64,
    report: &mut DrillReport,
) -> Result<(), AlertingError> {
    for (labels, annotations) in real_alerts(alerting, now_ms).await? {
        report.rendered_alerts += 1;
        for route in alerting.explain(&labels, &annotations).routes {
            if !receivers.is_empty() && !receivers.contains(&route.receiver) {
                continue;
            }
            for (integration, texts) in route.texts {
                report.rendered += texts.len() as u64;
                let failed = texts.into_iter().filter(|(_, text)| is_failure(text));
                report
                    .templates
                    .extend(failed.map(|(field, error)| DrilledTemplate {
                        receiver: route.receiver.clone(),
                        integration: integration.clone(),
                        field,
                        alert: labels.clone(),
                        error,
                    }));
            }
        }
    }
    Ok(())
}

/// Whether a rendered text is the error of its template.
fn is_failure(text: &str) -> bool {
    text.contains(FAILED) && text.contains(" failed: ")
}

/// Alerts that fire, then those of the past that have other labels; of each name one
/// before a second.
async fn real_alerts(
    alerting: &dyn Alerting,
    now_ms: i64,
) -> Result<Vec<(Labels, Texts)>, AlertingError> {
    let firing = alerting.alerts(&AlertFilter::default());
    let mut all: Vec<(Labels, Texts)> = firing
        .iter()
        .map(|view| (view.alert.labels.clone(), view.alert.annotations.clone()))
        .collect();
    let past = alerting.episodes(EpisodeFilter {
        from_ms: now_ms - PAST_MS,
        to_ms: now_ms,
        limit: ALERTS_MAX * 5,
        ..EpisodeFilter::default()
    });
    all.extend(past.await?.into_iter().map(|e| (e.labels, e.annotations)));
    let mut seen = HashSet::new();
    all.retain(|(labels, _)| seen.insert(labels.clone()));
    let mut names = HashSet::new();
    let (mut first, rest): (Vec<_>, Vec<_>) = all
        .into_iter()
        .partition(|(labels, _)| names.insert(labels.get("alertname").map(str::to_owned)));
    first.extend(rest);
    first.truncate(ALERTS_MAX);
    Ok(first)
}
