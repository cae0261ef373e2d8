//! Alertmanager's HTTP API: `/api/v2/*`. Same paths, same JSON, same status codes,
//! so that `amtool`, Prometheus, Grafana and every sender and reader of alerts work.
//!
//! Errors are a JSON string, as there.

mod alerts;
mod decode;
mod encode;
mod filter;
mod groups;
mod silences;
mod status;

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use binnacle_model::alert::AlertingError;
use http::{StatusCode, header};

use crate::http::body;
use crate::http::error::ApiError;
use crate::http::json::push_string;
use crate::state::App;

pub use decode::{alerts as read_alerts, silence as read_silence};
pub use encode::push_alert;

/// The routes below `/api/v2`.
pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/status", get(status::status))
        .route("/receivers", get(status::receivers))
        .route("/alerts", get(alerts::list).post(alerts::post))
        .route("/alerts/groups", get(groups::list))
        .route("/silences", get(silences::list).post(silences::set))
        .route("/silence/{id}", get(silences::one).delete(silences::expire))
}

/// An error in Alertmanager's form.
#[derive(Debug)]
struct Refusal {
    status: StatusCode,
    message: String,
}

impl Refusal {
    fn bad(message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            message: message.into(),
        }
    }
}

impl From<AlertingError> for Refusal {
    fn from(error: AlertingError) -> Self {
        let status = match error {
            AlertingError::BadData(_) => StatusCode::BAD_REQUEST,
            AlertingError::NotFound(_) => StatusCode::NOT_FOUND,
            AlertingError::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            AlertingError::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self {
            status,
            message: error.to_string(),
        }
    }
}

impl From<ApiError> for Refusal {
    fn from(error: ApiError) -> Self {
        Self {
            status: error.kind.status(),
            message: error.message,
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut out = Vec::with_capacity(self.message.len() + 2);
        push_string(&mut out, &self.message);
        (self.status, json_of(out)).into_response()
    }
}

/// Answers `out`, which holds JSON.
fn json_of(out: Vec<u8>) -> Response {
    (
        [
            (header::CONTENT_TYPE, "application/json"),
            (header::CACHE_CONTROL, "no-store"),
        ],
        out,
    )
        .into_response()
}

/// The whole body, within the limit of pushes.
async fn whole(app: &App, body: Body) -> Result<Bytes, Refusal> {
    body::whole(body, app.settings.push_bytes_max)
        .await
        .map_err(|e| Refusal {
            status: e.status(),
            message: e.to_string(),
        })
}
