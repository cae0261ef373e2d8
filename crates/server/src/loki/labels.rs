//! `/labels`, `/label/{name}/values`, `/series`.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;

use super::{LokiError, json, moment};
use crate::http::json::{push_array, push_labels, push_string};
use crate::http::params::Params;
use crate::state::App;

/// `/labels`
pub(super) async fn names(
    State(app): State<Arc<App>>,
    params: Params,
) -> Result<Response, LokiError> {
    let query = moment::streams(&app, &params, &["query"])?;
    Ok(list(&app.logs.label_names(query).await?))
}

/// `/label/{name}/values`
pub(super) async fn values(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
    params: Params,
) -> Result<Response, LokiError> {
    let query = moment::streams(&app, &params, &["query"])?;
    Ok(list(&app.logs.label_values(name, query).await?))
}

/// `/series`
pub(super) async fn series(
    State(app): State<Arc<App>>,
    params: Params,
) -> Result<Response, LokiError> {
    let query = moment::streams(&app, &params, &["match", "match[]"])?;
    let series = app.logs.series(query).await?;
    let mut out = b"{\"status\":\"success\",\"data\":".to_vec();
    push_array(&mut out, &series, push_labels);
    out.push(b'}');
    Ok(json(out))
}

fn list(values: &[String]) -> Response {
    let mut out = b"{\"status\":\"success\"".to_vec();
    // Loki leaves the field out when there is nothing.
    if !values.is_empty() {
        out.extend_from_slice(b",\"data\":");
        push_array(&mut out, values, |out, v| push_string(out, v));
    }
    out.push(b'}');
    json(out)
}
