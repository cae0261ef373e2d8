//! Alerts that fire now, and what people do about them.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use binnacle_model::alert::{Acknowledgement, AlertFilter, Fingerprint};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{encode, read, success};
use crate::http::error::ApiError;
use crate::http::params::Params;
use crate::state::App;

fn filter(app: &App, params: &Params) -> Result<AlertFilter, ApiError> {
    let matchers = params
        .all("filter")
        .map(|text| app.alerting.matcher(text))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(AlertFilter {
        matchers,
        ..AlertFilter::default()
    })
}

/// `GET /alerts`
pub(super) async fn list(
    State(app): State<Arc<App>>,
    params: Params,
) -> Result<Response, ApiError> {
    let alerts = app.alerting.alerts(&filter(&app, &params)?);
    let alerts: Vec<Value> = alerts.iter().map(encode::alert).collect();
    Ok(success(&json!({ "alerts": alerts })))
}

/// `GET /alerts/groups`
pub(super) async fn groups(
    State(app): State<Arc<App>>,
    params: Params,
) -> Result<Response, ApiError> {
    let groups = app.alerting.groups(&filter(&app, &params)?);
    let groups: Vec<Value> = groups
        .iter()
        .map(|group| {
            json!({
                "key": group.key,
                "labels": encode::labels(&group.labels),
                "routeLabels": encode::labels(&group.route_labels),
                "receiver": group.receiver,
                "nextFlush": encode::time(group.next_flush_ms),
                "alerts": group.alerts.iter().map(encode::alert).collect::<Vec<_>>(),
            })
        })
        .collect();
    Ok(success(&json!({ "groups": groups })))
}

fn fingerprint(text: &str) -> Result<Fingerprint, ApiError> {
    text.parse().map_err(|_| {
        ApiError::parameter(
            "fingerprint",
            format!("{text:?} is not 16 hexadecimal digits"),
        )
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Acknowledge {
    by: String,
    #[serde(default)]
    comment: String,
    /// Quiet for that long; without it, until the alert ends.
    #[serde(default)]
    for_seconds: Option<f64>,
    #[serde(default)]
    via: Option<String>,
}

/// `PUT /alerts/{fingerprint}/acknowledgement`
pub(super) async fn acknowledge(
    State(app): State<Arc<App>>,
    Path(print): Path<String>,
    body: Body,
) -> Result<Response, ApiError> {
    let print = fingerprint(&print)?;
    let asked: Acknowledge = read(&app, body).await?;
    named("by", &asked.by)?;
    let at_ms = app.process.now_ms();
    let until_ms = match asked.for_seconds {
        None => 0,
        Some(s) if s > 0.0 && s <= 366.0 * 86_400.0 => at_ms + (s * 1000.0) as i64,
        Some(_) => {
            let message = "must be more than 0 and at most a year";
            return Err(ApiError::parameter("forSeconds", message));
        }
    };
    let acknowledgement = Acknowledgement {
        by: asked.by,
        at_ms,
        comment: asked.comment,
        until_ms,
        via: asked.via.unwrap_or_else(|| "api".to_owned()),
    };
    app.alerting.acknowledge(print, acknowledgement).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `DELETE /alerts/{fingerprint}/acknowledgement?by=`
pub(super) async fn unacknowledge(
    State(app): State<Arc<App>>,
    Path(print): Path<String>,
    params: Params,
) -> Result<Response, ApiError> {
    let by = params.get("by").to_owned();
    named("by", &by)?;
    app.alerting.unacknowledge(fingerprint(&print)?, by).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Assign {
    /// Nobody, when it is not given.
    #[serde(default)]
    to: Option<String>,
    by: String,
}

/// `PUT /alerts/{fingerprint}/assignee`
pub(super) async fn assign(
    State(app): State<Arc<App>>,
    Path(print): Path<String>,
    body: Body,
) -> Result<Response, ApiError> {
    let asked: Assign = read(&app, body).await?;
    named("by", &asked.by)?;
    let to = asked.to.filter(|to| !to.trim().is_empty());
    app.alerting
        .assign(fingerprint(&print)?, to, asked.by)
        .await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Refuses an empty name.
pub(super) fn named(field: &str, text: &str) -> Result<(), ApiError> {
    if text.trim().is_empty() {
        return Err(ApiError::parameter(field, "say who does this"));
    }
    Ok(())
}
