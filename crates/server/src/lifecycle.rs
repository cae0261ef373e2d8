//! Is it alive, is it ready, reload: `/-/*`, `/health*` and `/metrics`.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http::{StatusCode, header};

use crate::http::json::{push_array, push_key, push_string};
use crate::state::{App, ComponentHealth, ComponentState};

/// The routes.
pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/-/healthy", get(healthy))
        .route("/-/ready", get(ready))
        .route("/-/reload", post(reload).put(reload))
        .route("/health", get(components))
        .route("/health/live", get(live))
        .route("/health/ready", get(components))
        .route("/metrics", get(metrics))
}

async fn healthy() -> &'static str {
    "Binnacle is Healthy.\n"
}

/// The listener opens when the log has been read, so whoever answers has started;
/// ready is who has no component that failed.
async fn ready(State(app): State<Arc<App>>) -> Response {
    if worst(&app.process.components()) < ComponentState::Failed {
        return "Binnacle is Ready.\n".into_response();
    }
    (
        StatusCode::SERVICE_UNAVAILABLE,
        "Service Unavailable: a component has failed, see /health/ready\n",
    )
        .into_response()
}

fn worst(components: &[ComponentHealth]) -> ComponentState {
    components
        .iter()
        .map(|c| c.state)
        .max()
        .unwrap_or(ComponentState::Ok)
}

/// Alive is whoever answers: a process that should be killed does not.
async fn live() -> Response {
    (
        [(header::CONTENT_TYPE, "application/json")],
        "{\"status\":\"ok\"}",
    )
        .into_response()
}

/// Every component with its state: 200 when all do their work, 503 else.
async fn components(State(app): State<Arc<App>>) -> Response {
    let components = app.process.components();
    let worst = worst(&components);
    let status = match worst {
        ComponentState::Ok | ComponentState::Degraded => StatusCode::OK,
        ComponentState::Failed => StatusCode::SERVICE_UNAVAILABLE,
    };
    let mut out = Vec::new();
    out.extend_from_slice(b"{\"status\":");
    push_string(&mut out, worst.as_str());
    out.extend_from_slice(b",\"components\":");
    push_array(&mut out, &components, |out, component| {
        out.push(b'{');
        push_key(out, "name");
        push_string(out, &component.name);
        out.push(b',');
        push_key(out, "state");
        push_string(out, component.state.as_str());
        out.push(b',');
        push_key(out, "message");
        push_string(out, &component.message);
        out.push(b'}');
    });
    out.push(b'}');
    (status, [(header::CONTENT_TYPE, "application/json")], out).into_response()
}

async fn reload(State(app): State<Arc<App>>) -> Response {
    if !app.settings.lifecycle {
        return (StatusCode::FORBIDDEN, "Lifecycle API is not enabled.\n").into_response();
    }
    match app.process.reload().await {
        Ok(()) => StatusCode::OK.into_response(),
        Err(message) => (
            StatusCode::INTERNAL_SERVER_ERROR,
            format!("failed to reload config: {message}\n"),
        )
            .into_response(),
    }
}

/// All own metrics as text.
pub(crate) async fn metrics(State(app): State<Arc<App>>) -> Response {
    let mut out = Vec::with_capacity(16 << 10);
    app.process.render_metrics(&mut out);
    (
        [(
            header::CONTENT_TYPE,
            "text/plain; version=0.0.4; charset=utf-8",
        )],
        out,
    )
        .into_response()
}
