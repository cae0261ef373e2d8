//! `/delete`: lines that are to go for good.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde_json::{Value, json as value};

use super::moment::SECOND_NS;
use super::{LokiError, json, moment};
use crate::http::params::Params;
use crate::state::App;

/// `POST /delete`
pub(super) async fn request(
    State(app): State<Arc<App>>,
    params: Params,
) -> Result<Response, LokiError> {
    if !app.settings.admin_api {
        return Err(LokiError::bad(
            "deleting is switched off: set listen.admin_api to true to allow it",
        ));
    }
    if !app.settings.logs_deletion {
        return Err(LokiError::bad(
            "deletion is not available for this tenant: it is switched off by logs.query.deletion \
             or deletion_mode",
        ));
    }
    let query = params
        .some("query")
        .ok_or_else(|| LokiError::bad("query not set"))?;
    let start = params
        .some("start")
        .ok_or_else(|| LokiError::bad("start time not set"))?;
    let start_ns = moment::parse(start).ok_or_else(|| {
        LokiError::bad(format!(
            "invalid start time {start:?}: use seconds or RFC 3339"
        ))
    })?;
    let now_ns = app.process.now_ms().saturating_mul(1_000_000);
    let end_ns = moment::time(&params, "end", now_ns)?;
    if end_ns < start_ns {
        return Err(LokiError::bad("start time can't be greater than end time"));
    }
    app.logs.delete(query.to_owned(), start_ns, end_ns).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `GET /delete`
pub(super) async fn list(State(app): State<Arc<App>>) -> Result<Response, LokiError> {
    let requests: Vec<Value> = app
        .logs
        .deletions()
        .await?
        .into_iter()
        .map(|r| {
            value!({
                "request_id": r.id,
                "start_time": r.start_ns / SECOND_NS,
                "end_time": r.end_ns / SECOND_NS,
                "query": r.query,
                "status": r.status,
                "created_at": r.created_ns / SECOND_NS,
            })
        })
        .collect();
    Ok(json(Value::from(requests).to_string().into_bytes()))
}
