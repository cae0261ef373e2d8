//! `/loki/api/v1`: Loki's HTTP API, for Grafana's data source, `logcli` and whatever else
//! asks Loki.
//!
//! [`port`] is all that a Loki answers at its port, for a listener of its own.
//!
//! Errors are plain text, as Loki's are. The tenant header is taken and means nothing
//! here: there is one tenant.

mod delete;
mod encode;
mod fields;
pub(crate) mod known;
mod labels;
mod moment;
mod port;
mod query;
mod ruler;
mod tail;
mod volume;

use std::sync::Arc;

pub use port::port;

use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{StatusCode, header};

use crate::http::error::ApiError;
use crate::state::App;

/// The routes below `/loki/api/v1`.
pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/query", get(query::instant).post(query::instant))
        .route("/query_range", get(query::range).post(query::range))
        .route("/labels", get(labels::names).post(labels::names))
        .route("/label", get(labels::names).post(labels::names))
        .route("/label/{name}/values", get(labels::values))
        .route("/series", get(labels::series).post(labels::series))
        .route("/index/stats", get(volume::stats).post(volume::stats))
        .route("/index/volume", get(volume::instant).post(volume::instant))
        .route(
            "/index/volume_range",
            get(volume::range).post(volume::range),
        )
        .route("/patterns", get(fields::patterns).post(fields::patterns))
        .route("/detected_fields", get(fields::fields).post(fields::fields))
        .route("/detected_field/{name}/values", get(fields::values))
        .route("/detected_labels", get(fields::labels).post(fields::labels))
        .route("/tail", get(tail::tail))
        .route("/rules", get(ruler::all))
        .route("/rules/{namespace}", get(ruler::namespace))
        .route("/rules/{namespace}/{group}", get(ruler::group))
        .route(
            "/delete",
            get(delete::list).post(delete::request).put(delete::request),
        )
        .route("/format_query", get(query::format).post(query::format))
        .route("/status/buildinfo", get(query::build))
}

/// The routes below `/prometheus/api/v1`: what rules over lines say, as Grafana asks Loki.
pub fn ruler_routes() -> Router<Arc<App>> {
    use crate::prometheus::rules::{alerts_over_lines, rules_over_lines};
    Router::new()
        .route("/rules", get(rules_over_lines))
        .route("/alerts", get(alerts_over_lines))
}

/// An error as Loki answers it.
#[derive(Debug)]
pub struct LokiError(ApiError);

impl From<ApiError> for LokiError {
    fn from(error: ApiError) -> Self {
        Self(error)
    }
}

impl From<binnacle_model::query::QueryError> for LokiError {
    fn from(error: binnacle_model::query::QueryError) -> Self {
        Self(ApiError::from(error))
    }
}

impl LokiError {
    fn absent(message: impl Into<String>) -> Self {
        Self(ApiError {
            kind: crate::http::error::ErrorType::NotFound,
            message: message.into(),
        })
    }

    fn bad(message: impl Into<String>) -> Self {
        Self(ApiError::bad_data(message))
    }
}

impl IntoResponse for LokiError {
    fn into_response(self) -> Response {
        use crate::http::error::ErrorType;
        let status = match self.0.kind {
            // Loki answers 400 where Prometheus answers 422, and 504 where it answers 503.
            ErrorType::Execution => StatusCode::BAD_REQUEST,
            ErrorType::Timeout => StatusCode::GATEWAY_TIMEOUT,
            other => other.status(),
        };
        let kind = [
            (header::CONTENT_TYPE, "text/plain; charset=utf-8"),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        ];
        (status, kind, self.0.message).into_response()
    }
}

/// JSON bytes as an answer.
fn json(body: Vec<u8>) -> Response {
    let kind = [(header::CONTENT_TYPE, "application/json; charset=UTF-8")];
    (kind, body).into_response()
}
