//! Binnacle's own API about rules and alerts, below `/api/binnacle/v1`: what
//! Alertmanager's has no word for. Answers have the envelope of Prometheus' API;
//! times are RFC 3339, durations are seconds.

mod act;
mod callbacks;
mod encode;
mod graphs;
mod history;
mod routing;
mod rules;
mod silences;

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::response::Response;
use axum::routing::{get, post, put};
use binnacle_model::alert::AlertingError;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::http::body;
use crate::http::error::{ApiError, ErrorType};
use crate::prometheus::answer;
use crate::state::App;

/// The routes below `/api/binnacle/v1`.
pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/alerts", get(act::list))
        .route("/alerts/groups", get(act::groups))
        .route(
            "/alerts/{fingerprint}/acknowledgement",
            put(act::acknowledge).delete(act::unacknowledge),
        )
        .route("/alerts/{fingerprint}/assignee", put(act::assign))
        .route("/alerts/history", get(history::episodes))
        .route("/alerts/history/{id}/judgement", put(history::judge))
        .route("/alerts/notifications", get(history::notifications))
        .route("/alerts/budgets", get(history::budgets))
        .route("/alerts/quality", get(history::quality))
        .route("/alerts/routes", get(routing::routes))
        .route("/alerts/explain", post(routing::explain))
        .route("/alerts/receivers", get(routing::receivers))
        .route("/alerts/test", post(routing::test))
        .route("/alerts/callbacks/slack", post(callbacks::slack))
        .route("/alerts/callbacks/pagerduty", post(callbacks::pagerduty))
        .route("/alerts/graphs/{file}", get(graphs::png))
        .route("/alerts/drill", post(routing::drill))
        .route("/alerts/status", get(routing::status))
        .route("/silences/preview", post(silences::preview))
        .route("/silences/events", get(silences::events))
        .route("/rules/lint", post(rules::lint))
        .route("/rules/replay", post(rules::replay))
}

impl From<AlertingError> for ApiError {
    fn from(error: AlertingError) -> Self {
        let kind = match error {
            AlertingError::BadData(_) => ErrorType::BadData,
            AlertingError::NotFound(_) => ErrorType::NotFound,
            AlertingError::Unavailable(_) => ErrorType::Unavailable,
            AlertingError::Internal(_) => ErrorType::Internal,
        };
        Self {
            kind,
            message: error.to_string(),
        }
    }
}

/// Answers `data`.
fn success(data: &Value) -> Response {
    // A `Value` always prints.
    answer::success(|out| out.extend_from_slice(data.to_string().as_bytes()))
}

/// The body's bytes, within the limit of forms.
async fn whole(app: &App, body: Body) -> Result<Bytes, ApiError> {
    body::whole(body, app.settings.form_bytes_max)
        .await
        .map_err(|e| ApiError::bad_data(e.to_string()))
}

/// The body as JSON; an empty one is `{}`.
async fn read<T: DeserializeOwned>(app: &App, body: Body) -> Result<T, ApiError> {
    let bytes = whole(app, body).await?;
    let bytes = if bytes.is_empty() { b"{}" } else { &bytes[..] };
    serde_json::from_slice(bytes)
        .map_err(|e| ApiError::bad_data(format!("the body is not valid: {e}")))
}
