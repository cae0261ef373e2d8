//! Binnacle's own API: `/api/binnacle/v1/*`.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get};
use http::StatusCode;

use crate::http::error::{ApiError, ErrorType};
use crate::http::json::{push_array, push_key, push_string};
use crate::http::number::{push_json_float, push_time};
use crate::prometheus::answer;
use crate::state::App;

/// The routes below `/api/binnacle/v1`.
pub fn routes() -> Router<Arc<App>> {
    crate::alerting::routes()
        .merge(crate::searches::routes())
        .route("/queries", get(queries))
        .route("/queries/{id}", delete(kill))
        .route("/privacy/report", get(crate::privacy::report))
        .route("/logs/patterns", get(crate::loki::known::patterns))
}

/// The queries that run now.
async fn queries(State(app): State<Arc<App>>) -> Response {
    let running = app.metrics.running();
    answer::success(|out| {
        out.extend_from_slice(b"{\"running\":");
        push_array(out, &running, |out, query| {
            out.push(b'{');
            push_key(out, "id");
            push_string(out, &query.id.to_string());
            out.push(b',');
            push_key(out, "query");
            push_string(out, &query.text);
            out.push(b',');
            push_key(out, "remote");
            push_string(out, &query.client);
            out.push(b',');
            push_key(out, "start");
            push_time(out, query.started_ms);
            out.push(b',');
            push_key(out, "durationSeconds");
            push_json_float(out, query.running_seconds);
            out.push(b',');
            push_key(out, "samples");
            out.extend_from_slice(query.samples.to_string().as_bytes());
            out.push(b'}');
        });
        out.push(b'}');
    })
}

/// Stops a query.
async fn kill(State(app): State<Arc<App>>, Path(id): Path<String>) -> Result<Response, ApiError> {
    let number: u64 = id
        .parse()
        .map_err(|_| ApiError::parameter("id", format!("{id:?} is not a number")))?;
    if app.metrics.kill(number) {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    Err(ApiError {
        kind: ErrorType::NotFound,
        message: format!("no query with the id {number} is running: it may have ended"),
    })
}
