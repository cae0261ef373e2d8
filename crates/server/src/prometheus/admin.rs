//! `/admin/tsdb/*`: deleting, cleaning, snapshots.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use binnacle_model::query::SeriesQuery;
use http::StatusCode;

use crate::http::error::{ApiError, ErrorType};
use crate::http::json::{push_key, push_string};
use crate::http::params::Params;
use crate::http::time::{MAX_TIME_MS, MIN_TIME_MS};
use crate::prometheus::answer;
use crate::prometheus::series::selectors;
use crate::state::App;

fn allowed(app: &App) -> Result<(), ApiError> {
    if app.settings.admin_api {
        return Ok(());
    }
    Err(ApiError {
        kind: ErrorType::Unavailable,
        message: "admin APIs disabled".to_owned(),
    })
}

/// `/admin/tsdb/delete_series`
///
/// # Errors
/// Those of the parameters and of the engine.
pub async fn delete_series(
    State(app): State<Arc<App>>,
    params: Params,
) -> Result<Response, ApiError> {
    allowed(&app)?;
    if params.all("match[]").next().is_none() {
        return Err(ApiError::bad_data("no match[] parameter provided"));
    }
    let start_ms = params.time("start", MIN_TIME_MS)?;
    let end_ms = params.time("end", MAX_TIME_MS)?;
    let selectors = selectors(&app, &params)?;
    app.metrics
        .delete_series(SeriesQuery {
            selectors,
            start_ms,
            end_ms,
            limit: 0,
        })
        .await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `/admin/tsdb/clean_tombstones`
///
/// # Errors
/// Those of the engine.
pub async fn clean_tombstones(State(app): State<Arc<App>>) -> Result<Response, ApiError> {
    allowed(&app)?;
    app.metrics.clean_tombstones().await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `/admin/tsdb/snapshot`
///
/// # Errors
/// Those of the parameters and of the engine.
pub async fn snapshot(State(app): State<Arc<App>>, params: Params) -> Result<Response, ApiError> {
    allowed(&app)?;
    let skip_head = params.boolean("skip_head")?;
    let name = app.metrics.snapshot(skip_head).await?;
    Ok(answer::success(|out| {
        out.push(b'{');
        push_key(out, "name");
        push_string(out, &name);
        out.push(b'}');
    }))
}
