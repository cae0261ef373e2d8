//! `/alerts/graphs/*`: pictures that notifications point to. Who knows the address may
//! see the picture: the services that show them know no password.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};

use crate::state::App;

/// `GET /alerts/graphs/{id}.png`
pub(super) async fn png(State(app): State<Arc<App>>, Path(file): Path<String>) -> Response {
    let png = file.strip_suffix(".png").and_then(|id| app.graphs.png(id));
    let Some(png) = png else {
        return (StatusCode::NOT_FOUND, "Not Found: the picture is gone\n").into_response();
    };
    let headers = [
        (header::CONTENT_TYPE, "image/png"),
        // It never changes.
        (header::CACHE_CONTROL, "public, max-age=86400, immutable"),
    ];
    (headers, png).into_response()
}
