//! What a silence hides, and what happened to silences.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use serde_json::{Value, json};

use super::{encode, success, whole};
use crate::alertmanager::read_silence;
use crate::http::error::ApiError;
use crate::http::params::Params;
use crate::state::App;

/// How far back a preview looks when nothing is said.
const PAST_MS: i64 = 30 * 86_400_000;

/// `POST /silences/preview?past=30d`: the body is a silence as for `/api/v2/silences`.
pub(super) async fn preview(
    State(app): State<Arc<App>>,
    request: axum::extract::Request,
) -> Result<Response, ApiError> {
    let mut params = Params::default();
    params.parse(request.uri().query().unwrap_or(""))?;
    let past_ms = params.duration("past")?.unwrap_or(PAST_MS);
    let body: Body = request.into_body();
    let silence = read_silence(&whole(&app, body).await?).map_err(ApiError::bad_data)?;
    let preview = app.alerting.preview_silence(silence, past_ms).await?;
    let past: Vec<Value> = preview
        .past
        .iter()
        .map(|(name, count)| json!({ "name": name, "count": count }))
        .collect();
    Ok(success(&json!({
        "now": preview.now.iter().map(encode::alert).collect::<Vec<_>>(),
        "past": past,
        "pastNotifications": preview.past_notifications,
        "pastSeconds": preview.past_ms as f64 / 1000.0,
    })))
}

/// `GET /silences/events`
pub(super) async fn events(
    State(app): State<Arc<App>>,
    params: Params,
) -> Result<Response, ApiError> {
    let to_ms = params.time("to", app.process.now_ms())?;
    let from_ms = params.time("from", to_ms - PAST_MS)?;
    let limit = params.limit("limit")?;
    let events = app.alerting.silence_events(from_ms, to_ms, limit).await?;
    let events: Vec<Value> = events
        .iter()
        .map(|e| {
            json!({
                "at": encode::time(e.at_ms),
                "silence": e.silence,
                "what": e.what,
                "by": e.by,
                "text": e.text,
            })
        })
        .collect();
    Ok(success(&json!({ "events": events })))
}
