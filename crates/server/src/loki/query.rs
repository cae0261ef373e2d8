//! `/query`, `/query_range`, `/format_query`.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{ConnectInfo, State};
use axum::response::Response;
use binnacle_model::event::logs::{LogsRequest, LogsTime};
use binnacle_model::query::QueryOptions;
use http::HeaderMap;

use super::encode::{self, Form};
use super::{LokiError, json, moment};
use crate::http::json::push_string;
use crate::http::params::Params;
use crate::state::App;

/// The header by which a client asks for labels by where they come from.
const FLAGS: &str = "x-loki-response-encoding-flags";

/// `/query`
pub(super) async fn instant(
    State(app): State<Arc<App>>,
    ConnectInfo(client): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    params: Params,
) -> Result<Response, LokiError> {
    let now_ns = app.process.now_ms().saturating_mul(1_000_000);
    let time = LogsTime::Instant {
        at_ns: moment::time(&params, "time", now_ns)?,
    };
    answer(&app, client, &headers, &params, time).await
}

/// `/query_range`
pub(super) async fn range(
    State(app): State<Arc<App>>,
    ConnectInfo(client): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    params: Params,
) -> Result<Response, LokiError> {
    let range = moment::range(&app, &params)?;
    let step_ns = moment::step(&params, range)?;
    let steps = range.end_ns.abs_diff(range.start_ns) / step_ns.unsigned_abs();
    if steps > app.settings.range_steps_max {
        return Err(LokiError::bad(format!(
            "exceeded maximum resolution of {} points per time series. Try increasing the value \
             of the step parameter",
            app.settings.range_steps_max
        )));
    }
    let time = LogsTime::Range {
        start_ns: range.start_ns,
        end_ns: range.end_ns,
        step_ns,
        interval_ns: moment::interval(&params)?,
    };
    answer(&app, client, &headers, &params, time).await
}

async fn answer(
    app: &App,
    client: SocketAddr,
    headers: &HeaderMap,
    params: &Params,
    time: LogsTime,
) -> Result<Response, LokiError> {
    let direction = moment::direction(params)?;
    let timeout = params
        .some("timeout")
        .and_then(moment::span)
        .and_then(|ns| u64::try_from(ns).ok())
        .map(Duration::from_nanos);
    let request = LogsRequest {
        text: params.get("query").to_owned(),
        time,
        limit: moment::lines(params)?,
        direction,
        options: QueryOptions {
            timeout,
            client: client.ip().to_string(),
            ..QueryOptions::default()
        },
    };
    let answer = app.logs.query(request).await?;
    Ok(json(encode::query(answer, form(headers), direction)))
}

/// Which form of streams the client reads.
pub(super) fn form(headers: &HeaderMap) -> Form {
    let asks = headers
        .get_all(FLAGS)
        .iter()
        .filter_map(|v| v.to_str().ok())
        .flat_map(|v| v.split(','))
        .any(|flag| flag.trim() == "categorize-labels");
    if asks {
        Form::Categorized
    } else {
        Form::Merged
    }
}

/// `/format_query`
pub(super) async fn format(
    State(app): State<Arc<App>>,
    params: Params,
) -> Result<Response, LokiError> {
    let text = app.logs.format(params.get("query"))?;
    let mut out = b"{\"status\":\"success\",\"data\":".to_vec();
    push_string(&mut out, &text);
    out.push(b'}');
    Ok(json(out))
}

/// `/status/buildinfo`: clients decide by the version what they may ask; it is that of the
/// API spoken here.
pub(super) async fn build(State(app): State<Arc<App>>) -> Response {
    let build = app.process.build();
    let mut out =
        b"{\"version\":\"3.5.0\",\"branch\":\"\",\"buildUser\":\"\",\"revision\":".to_vec();
    push_string(&mut out, build.revision);
    out.extend_from_slice(b",\"binnacleVersion\":");
    push_string(&mut out, build.version);
    out.push(b'}');
    json(out)
}
