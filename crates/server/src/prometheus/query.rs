//! `/query`, `/query_range`, `/query_exemplars`, `/format_query`, `/parse_query`.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{ConnectInfo, State};
use axum::response::Response;
use binnacle_model::annotation::{Annotation, Severity};
use binnacle_model::query::{InstantQuery, QueryAnswer, QueryOptions, QueryValue, RangeQuery};

use crate::http::error::ApiError;
use crate::http::json::{push_array, push_key, push_labels, push_string};
use crate::http::number::{push_time, push_value};
use crate::http::params::Params;
use crate::http::time::{MAX_TIME_MS, MIN_TIME_MS};
use crate::prometheus::answer;
use crate::state::App;

/// `/query`
///
/// # Errors
/// Those of the parameters and of the query.
pub async fn instant(
    State(app): State<Arc<App>>,
    ConnectInfo(client): ConnectInfo<SocketAddr>,
    params: Params,
) -> Result<Response, ApiError> {
    let limit = params.limit("limit")?;
    let at_ms = params.time("time", app.process.now_ms())?;
    let options = options(&params, client, limit)?;
    let text = params.get("query").to_owned();
    let answer = app
        .metrics
        .instant(InstantQuery {
            text,
            at_ms,
            options,
        })
        .await
        .map_err(|e| ApiError::from(e).of_parameter("query"))?;
    Ok(respond(answer, &params, limit))
}

/// `/query_range`
///
/// # Errors
/// Those of the parameters and of the query.
pub async fn range(
    State(app): State<Arc<App>>,
    ConnectInfo(client): ConnectInfo<SocketAddr>,
    params: Params,
) -> Result<Response, ApiError> {
    let limit = params.limit("limit")?;
    let start_ms = params.time_needed("start")?;
    let end_ms = params.time_needed("end")?;
    if end_ms < start_ms {
        return Err(ApiError::parameter(
            "end",
            "end timestamp must not be before start time",
        ));
    }
    let step_ms = params
        .duration("step")?
        .ok_or_else(|| ApiError::parameter("step", "cannot parse \"\" to a valid duration"))?;
    if step_ms <= 0 {
        return Err(ApiError::parameter(
            "step",
            "zero or negative query resolution step widths are not accepted. Try a positive integer",
        ));
    }
    let steps = end_ms.abs_diff(start_ms) / step_ms.unsigned_abs();
    if steps > app.settings.range_steps_max {
        return Err(ApiError::bad_data(format!(
            "exceeded maximum resolution of {} points per timeseries. Try decreasing the query \
             resolution (?step=XX)",
            app.settings.range_steps_max
        )));
    }
    let options = options(&params, client, limit)?;
    let text = params.get("query").to_owned();
    let answer = app
        .metrics
        .range(RangeQuery {
            text,
            start_ms,
            end_ms,
            step_ms,
            options,
        })
        .await
        .map_err(|e| ApiError::from(e).of_parameter("query"))?;
    Ok(respond(answer, &params, limit))
}

fn options(params: &Params, client: SocketAddr, limit: usize) -> Result<QueryOptions, ApiError> {
    let positive = |name: &str| -> Result<Option<Duration>, ApiError> {
        Ok(params
            .duration(name)?
            .map(|ms| Duration::from_millis(u64::try_from(ms).unwrap_or(0))))
    };
    Ok(QueryOptions {
        timeout: positive("timeout")?,
        lookback: positive("lookback_delta")?.filter(|d| !d.is_zero()),
        per_step_statistics: params.get("stats") == "all",
        client: client.ip().to_string(),
        limit,
        in_place: false,
    })
}

fn respond(mut answer: QueryAnswer, params: &Params, limit: usize) -> Response {
    let full = match &mut answer.value {
        QueryValue::Vector(v) if limit > 0 && v.len() > limit => {
            v.truncate(limit);
            false
        }
        QueryValue::Matrix(m) if limit > 0 && m.len() > limit => {
            m.truncate(limit);
            false
        }
        _ => true,
    };
    if !full {
        answer.annotations.add(truncated());
    }
    answer::query_answer(answer, params.get("query"), params.some("stats").is_some())
}

/// Says that a limit cut the answer short.
pub(crate) fn truncated() -> Annotation {
    Annotation {
        severity: Severity::Warning,
        message: "results truncated due to limit".to_owned(),
        span: None,
    }
}

/// `/query_exemplars`
///
/// # Errors
/// Those of the parameters and of the query.
pub async fn exemplars(State(app): State<Arc<App>>, params: Params) -> Result<Response, ApiError> {
    let start_ms = params.time("start", MIN_TIME_MS)?;
    let end_ms = params.time("end", MAX_TIME_MS)?;
    if end_ms < start_ms {
        return Err(ApiError::bad_data(
            "end timestamp must not be before start timestamp",
        ));
    }
    let text = params.get("query").to_owned();
    let all = app
        .metrics
        .exemplars(text, start_ms, end_ms)
        .await
        .map_err(|e| ApiError::from(e).of_parameter("query"))?;
    Ok(answer::success(|out| {
        push_array(out, &all, |out, series| {
            out.extend_from_slice(b"{\"seriesLabels\":");
            push_labels(out, &series.labels);
            out.extend_from_slice(b",\"exemplars\":");
            push_array(out, &series.exemplars, |out, exemplar| {
                out.extend_from_slice(b"{\"labels\":");
                push_labels(out, &exemplar.labels);
                out.extend_from_slice(b",\"value\":\"");
                push_value(out, exemplar.value);
                out.extend_from_slice(b"\",");
                push_key(out, "timestamp");
                push_time(out, exemplar.t_ms);
                out.push(b'}');
            });
            out.push(b'}');
        });
    }))
}

/// `/format_query`
///
/// # Errors
/// When the query does not parse.
pub async fn format(State(app): State<Arc<App>>, params: Params) -> Result<Response, ApiError> {
    let pretty = app
        .metrics
        .format(params.get("query"))
        .map_err(|e| ApiError::from(e).of_parameter("query"))?;
    Ok(answer::success(|out| push_string(out, &pretty)))
}

/// `/parse_query`
///
/// # Errors
/// When the query does not parse.
pub async fn parse(State(app): State<Arc<App>>, params: Params) -> Result<Response, ApiError> {
    let tree = app
        .metrics
        .syntax_tree(params.get("query"))
        .map_err(|e| ApiError::from(e).of_parameter("query"))?;
    Ok(answer::success(|out| {
        out.extend_from_slice(tree.as_bytes());
    }))
}
