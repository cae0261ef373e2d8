//! Prometheus' HTTP API: `/api/v1/*` and `/federate`. Same paths, same JSON, same
//! status codes.

pub mod admin;
pub mod answer;
pub mod federate;
pub mod query;
pub mod rules;
pub mod series;
pub mod status;
pub mod targets;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};

use crate::state::App;

/// The routes below `/api/v1`.
pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/query", get(query::instant).post(query::instant))
        .route("/query_range", get(query::range).post(query::range))
        .route(
            "/query_exemplars",
            get(query::exemplars).post(query::exemplars),
        )
        .route("/format_query", get(query::format).post(query::format))
        .route("/parse_query", get(query::parse).post(query::parse))
        .route("/series", get(series::series).post(series::series))
        .route(
            "/labels",
            get(series::label_names).post(series::label_names),
        )
        .route("/label/{name}/values", get(series::label_values))
        .route("/metadata", get(series::metadata))
        .route("/targets", get(targets::targets))
        .route("/targets/metadata", get(targets::metadata))
        .route("/targets/relabel_steps", get(targets::relabel_steps))
        .route("/rules", get(rules::rules))
        .route("/alerts", get(rules::alerts))
        .route("/alertmanagers", get(rules::alertmanagers))
        .route("/scrape_pools", get(targets::pools))
        .route("/status/config", get(status::config))
        .route("/status/flags", get(status::flags))
        .route("/status/runtimeinfo", get(status::runtime))
        .route("/status/buildinfo", get(status::build))
        .route("/status/tsdb", get(status::tsdb))
        .route("/status/walreplay", get(status::replay))
        .route(
            "/admin/tsdb/delete_series",
            post(admin::delete_series).put(admin::delete_series),
        )
        .route(
            "/admin/tsdb/clean_tombstones",
            post(admin::clean_tombstones).put(admin::clean_tombstones),
        )
        .route(
            "/admin/tsdb/snapshot",
            post(admin::snapshot).put(admin::snapshot),
        )
}
