//! Where log lines are pushed to over HTTP: Loki's and OpenTelemetry's ways, Elasticsearch's
//! bulk API, JSON lines, journald's uploads.
//!
//! Each way decodes a body into a batch with `wire`, hands it to the signal's sink and
//! answers in its own words. They share an [`Intake`], which is all that they know: limits,
//! the sink and the counters.

mod body;
mod counters;
mod elastic;
mod intake;
mod journald;
mod json_lines;
mod loki;
mod otlp;
#[cfg(test)]
pub(crate) mod tests;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};

pub use counters::{LogCounters, PROTOCOLS, WayIn};
pub use intake::{Intake, IntakeLimits};

/// All routes, from the root on.
pub fn routes<S: Clone + Send + Sync + 'static>(intake: &Arc<Intake>) -> Router<S> {
    Router::new()
        .route("/loki/api/v1/push", post(loki::push))
        .route("/api/prom/push", post(loki::push))
        .route("/v1/logs", post(otlp::http))
        .route("/otlp/v1/logs", post(otlp::http))
        .route(
            "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
            post(otlp::grpc),
        )
        .route("/api/binnacle/v1/logs/jsonl", post(json_lines::push))
        .route("/upload", post(journald::push))
        .route("/api/binnacle/v1/logs/journald", post(journald::push))
        .route("/elasticsearch/", get(elastic::root))
        .nest("/elasticsearch", elastic::routes())
        .with_state(intake.clone())
}

/// What Elasticsearch's shippers ask for, at the root of a listener of its own (port 9200 as
/// a rule), since it takes `GET /`.
pub fn elastic_routes<S: Clone + Send + Sync + 'static>(intake: &Arc<Intake>) -> Router<S> {
    elastic::routes().with_state(intake.clone())
}
