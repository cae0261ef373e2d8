//! What a Loki answers at its own port besides its API: is it ready, what runs, its
//! configuration and metrics, how much it logs. Grafana, Promtail's and Alloy's checks,
//! Helm charts and people's scripts ask for these.
//!
//! These paths are at the root, where the main listener has the UI: so they live on a
//! listener of their own.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http::{StatusCode, header};
use serde_json::json;

use crate::http::params::Params;
use crate::receive::logs::{Intake, routes as push_routes};
use crate::state::{App, ComponentState};

/// All routes of the port.
pub fn port(intake: &Arc<Intake>) -> Router<Arc<App>> {
    Router::new()
        .nest("/loki/api/v1", super::routes())
        .nest("/prometheus/api/v1", super::ruler_routes())
        .merge(push_routes(intake))
        .layer(middleware::from_fn_with_state(
            intake.tenant_required,
            require_tenant,
        ))
        .route("/ready", get(ready))
        .route("/services", get(services))
        .route("/config", get(config))
        .route("/metrics", get(crate::lifecycle::metrics))
        .route("/log_level", get(level).post(set_level))
        .route("/flush", post(flush))
        .fallback(unknown)
}

/// Refuses requests without a tenant, where they must have one (`auth_enabled`). The name
/// is not looked at: there is one tenant.
async fn require_tenant(State(is_required): State<bool>, request: Request, next: Next) -> Response {
    let header = request.headers().get("x-scope-orgid");
    let is_free = request.uri().path().ends_with("/status/buildinfo");
    if is_required && !is_free && header.is_none_or(|value| value.is_empty()) {
        return plain(StatusCode::UNAUTHORIZED, "no org id\n");
    }
    next.run(request).await
}

fn plain(status: StatusCode, text: impl Into<String>) -> Response {
    let kind = [(header::CONTENT_TYPE, "text/plain; charset=utf-8")];
    (status, kind, text.into()).into_response()
}

async fn unknown() -> Response {
    plain(StatusCode::NOT_FOUND, "404 page not found\n")
}

/// Ready is whose parts have not failed.
async fn ready(State(app): State<Arc<App>>) -> Response {
    let failed: Vec<String> = app
        .process
        .components()
        .into_iter()
        .filter(|c| c.state == ComponentState::Failed)
        .map(|c| format!("{}: {}", c.name, c.message))
        .collect();
    if failed.is_empty() {
        return plain(StatusCode::OK, "ready\n");
    }
    let text = format!("Some services are not Running: {}\n", failed.join("; "));
    plain(StatusCode::SERVICE_UNAVAILABLE, text)
}

async fn services(State(app): State<Arc<App>>) -> Response {
    let mut text = String::new();
    for component in app.process.components() {
        let state = match component.state {
            ComponentState::Failed => "Failed",
            ComponentState::Ok | ComponentState::Degraded => "Running",
        };
        text.push_str(&format!("{} => {state}\n", component.name));
    }
    plain(StatusCode::OK, text)
}

async fn config(State(app): State<Arc<App>>) -> Response {
    let kind = [(header::CONTENT_TYPE, "text/yaml; charset=utf-8")];
    (kind, app.process.whole_config_yaml()).into_response()
}

async fn level(State(app): State<Arc<App>>) -> Response {
    let message = format!("Current log level is {}", app.process.log_level());
    tell(StatusCode::OK, "success", &message)
}

async fn set_level(State(app): State<Arc<App>>, params: Params) -> Response {
    let level = params.get("log_level");
    match app.process.set_log_level(level) {
        Ok(()) => {
            let message = format!("Log level set to {level}");
            tell(StatusCode::OK, "success", &message)
        }
        Err(message) => tell(StatusCode::BAD_REQUEST, "failed", &message),
    }
}

fn tell(status: StatusCode, word: &str, message: &str) -> Response {
    let body = json!({"status": word, "message": message}).to_string();
    let kind = [(header::CONTENT_TYPE, "application/json")];
    (status, kind, body).into_response()
}

async fn flush(State(app): State<Arc<App>>) -> Response {
    match app.process.flush_logs().await {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(message) => plain(StatusCode::INTERNAL_SERVER_ERROR, format!("{message}\n")),
    }
}
