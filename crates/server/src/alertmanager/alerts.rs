//! `/alerts`

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;

use super::encode::push_alert;
use super::{Refusal, decode, filter, json_of, whole};
use crate::http::json::push_array;
use crate::http::params::Params;
use crate::state::App;

/// `GET /alerts`
pub(super) async fn list(State(app): State<Arc<App>>, params: Params) -> Result<Response, Refusal> {
    let filter = filter::read(app.alerting.as_ref(), &params)?;
    let alerts = app.alerting.alerts(&filter);
    let mut out = Vec::with_capacity(alerts.len() * 512 + 2);
    push_array(&mut out, &alerts, push_alert);
    Ok(json_of(out))
}

/// `POST /alerts`
pub(super) async fn post(State(app): State<Arc<App>>, body: Body) -> Result<Response, Refusal> {
    let body = whole(&app, body).await?;
    let alerts = decode::alerts(&body).map_err(Refusal::bad)?;
    let accepted = app.alerting.post(alerts).await?;
    if accepted.refused.is_empty() {
        return Ok(StatusCode::OK.into_response());
    }
    // Those that are right were taken: a sender loses nothing by one bad alert.
    let messages: Vec<&str> = accepted.refused.iter().map(|(_, m)| m.as_str()).collect();
    Err(Refusal::bad(messages.join("\n")))
}
