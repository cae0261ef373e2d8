//! Where samples are pushed to (remote write and import), and log lines ([`logs`]).

mod import;
pub mod logs;
mod remote_write;

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use binnacle_model::append::{AppendError, Appended};
use http::StatusCode;

use crate::counters::Counters;
use crate::http::body;
use crate::state::App;

/// The routes below `/api/v1`.
pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/write", post(remote_write::write))
        .route("/import", post(import::import))
}

/// Why a push is refused, for the sender: 4xx means "do not send this again".
#[derive(Debug)]
pub(crate) struct PushError {
    pub(crate) status: StatusCode,
    pub(crate) message: String,
}

impl PushError {
    pub(crate) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self {
            status,
            message: message.into(),
        }
    }
}

impl From<AppendError> for PushError {
    /// The data were right: the sender should keep them and try again later.
    fn from(error: AppendError) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, error.to_string())
    }
}

impl IntoResponse for PushError {
    fn into_response(self) -> Response {
        (self.status, format!("{}\n", self.message)).into_response()
    }
}

/// The whole body, within the limit.
async fn whole(app: &App, body: Body) -> Result<Bytes, PushError> {
    body::whole(body, app.settings.push_bytes_max)
        .await
        .map_err(|e| PushError::new(e.status(), e.to_string()))
}

/// Counts what became of a batch.
fn count(counters: &Counters, appended: &Appended) {
    Counters::add(&counters.push_samples, appended.samples);
    Counters::add(
        &counters.push_rejected_samples,
        appended.refused.len() as u64,
    );
}

/// How many samples were refused for each reason, and the first series of each, in
/// a sentence; `None` when all were taken.
fn refusals(appended: &Appended, name: impl Fn(u32) -> String) -> Option<String> {
    let mut reasons: Vec<(&str, u64, u32)> = Vec::new();
    for (series, _, refusal) in &appended.refused {
        match reasons
            .iter_mut()
            .find(|(reason, ..)| *reason == refusal.as_str())
        {
            Some((_, count, _)) => *count += 1,
            None => reasons.push((refusal.as_str(), 1, *series)),
        }
    }
    if reasons.is_empty() {
        return None;
    }
    let texts: Vec<String> = reasons
        .iter()
        .map(|(reason, count, series)| format!("{reason} ({count}x, first {})", name(*series)))
        .collect();
    Some(texts.join("; "))
}
