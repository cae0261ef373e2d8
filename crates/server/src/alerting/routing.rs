//! Where alerts go: the tree, an explanation for given labels, tests of receivers.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use binnacle_model::Labels;
use binnacle_model::alert::{DrillPlan, ReceiverTest, RouteView, Suppression, TestOutcome};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{encode, read, success};
use crate::http::error::ApiError;
use crate::state::App;

/// `GET /alerts/status`
pub(super) async fn status(State(app): State<Arc<App>>) -> Response {
    let status = app.alerting.status();
    success(&json!({
        "config": status.config,
        "startedAt": encode::time(status.started_ms),
        "warnings": status.warnings,
    }))
}

/// `GET /alerts/routes`
pub(super) async fn routes(State(app): State<Arc<App>>) -> Response {
    success(&json!({ "route": route(&app.alerting.routes()) }))
}

fn route(view: &RouteView) -> Value {
    let seconds = |ms: i64| ms as f64 / 1000.0;
    json!({
        "id": view.id,
        "matchers": view.matchers,
        "receiver": view.receiver,
        "groupBy": view.group_by,
        "groupWait": seconds(view.group_wait_ms),
        "groupInterval": seconds(view.group_interval_ms),
        "repeatInterval": seconds(view.repeat_interval_ms),
        "muteTimeIntervals": view.mute_time_intervals,
        "activeTimeIntervals": view.active_time_intervals,
        "continue": view.goes_on,
        "routes": view.routes.iter().map(route).collect::<Vec<_>>(),
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Given {
    labels: BTreeMap<String, String>,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
}

/// `POST /alerts/explain`
pub(super) async fn explain(State(app): State<Arc<App>>, body: Body) -> Result<Response, ApiError> {
    let given: Given = read(&app, body).await?;
    let labels = Labels::from_pairs(given.labels);
    let annotations = given.annotations.into_iter().collect();
    let explanation = app.alerting.explain(&labels, &annotations);
    let routes: Vec<Value> = explanation
        .routes
        .iter()
        .map(|r| {
            let texts: Vec<Value> = r
                .texts
                .iter()
                .map(|(kind, texts)| json!({ "integration": kind, "fields": encode::texts(texts) }))
                .collect();
            json!({
                "route": r.route,
                "receiver": r.receiver,
                "groupLabels": encode::labels(&r.group_labels),
                "groupSize": r.group_size,
                "mutedBy": r.muted_by,
                "texts": texts,
            })
        })
        .collect();
    Ok(success(&json!({
        "routes": routes,
        "suppression": suppression(&explanation.suppression),
    })))
}

fn suppression(by: &Suppression) -> Value {
    let inhibited: Vec<String> = by.inhibited_by.iter().map(ToString::to_string).collect();
    json!({
        "silencedBy": by.silenced_by,
        "inhibitedBy": inhibited,
        "mutedBy": by.muted_by,
    })
}

/// `GET /alerts/receivers`
pub(super) async fn receivers(State(app): State<Arc<App>>) -> Response {
    let receivers: Vec<Value> = app
        .alerting
        .receivers(&[])
        .iter()
        .map(|receiver| {
            let integrations: Vec<Value> = receiver
                .integrations
                .iter()
                .map(|(kind, to)| json!({ "kind": kind, "destination": to }))
                .collect();
            json!({
                "name": receiver.name,
                "labels": encode::labels(&receiver.labels),
                "integrations": integrations,
            })
        })
        .collect();
    success(&json!({ "receivers": receivers }))
}

fn outcome(o: &TestOutcome) -> Value {
    json!({
        "receiver": o.receiver,
        "integration": o.integration,
        "index": o.index,
        "error": o.error,
        "templates": encode::texts(&o.templates),
        "durationSeconds": o.duration_ms as f64 / 1000.0,
    })
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Plan {
    receivers: Vec<String>,
    send: bool,
}

/// `POST /alerts/drill`
pub(super) async fn drill(State(app): State<Arc<App>>, body: Body) -> Result<Response, ApiError> {
    let asked: Plan = read(&app, body).await?;
    let plan = DrillPlan {
        receivers: asked.receivers,
        send: asked.send,
    };
    let report = app.alerting.drill(plan).await?;
    let routes: Vec<Value> = report
        .routes
        .iter()
        .map(|r| {
            json!({
                "id": r.id,
                "receiver": r.receiver,
                "labels": encode::labels(&r.labels),
                "problem": r.problem,
            })
        })
        .collect();
    let templates: Vec<Value> = report
        .templates
        .iter()
        .map(|t| {
            json!({
                "receiver": t.receiver,
                "integration": t.integration,
                "field": t.field,
                "alert": encode::labels(&t.alert),
                "error": t.error,
            })
        })
        .collect();
    Ok(success(&json!({
        "passed": report.passed(),
        "routes": routes,
        "receivers": report.receivers.iter().map(outcome).collect::<Vec<_>>(),
        "rendered": report.rendered,
        "renderedAlerts": report.rendered_alerts,
        "templates": templates,
    })))
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Test {
    receivers: Vec<String>,
    labels: BTreeMap<String, String>,
    annotations: BTreeMap<String, String>,
}

/// `POST /alerts/test`
pub(super) async fn test(State(app): State<Arc<App>>, body: Body) -> Result<Response, ApiError> {
    let asked: Test = read(&app, body).await?;
    let outcomes = app
        .alerting
        .test(ReceiverTest {
            receivers: asked.receivers,
            labels: Labels::from_pairs(asked.labels),
            annotations: asked.annotations.into_iter().collect(),
        })
        .await?;
    let outcomes: Vec<Value> = outcomes.iter().map(outcome).collect();
    Ok(success(&json!({ "outcomes": outcomes })))
}
