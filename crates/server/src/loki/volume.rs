//! `/index/stats`, `/index/volume`, `/index/volume_range`.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use binnacle_model::event::logs::{StreamsQuery, VolumeQuery};

use super::encode::{push_matrix, push_point};
use super::{LokiError, json, moment};
use crate::http::json::{push_array, push_pairs};
use crate::http::params::Params;
use crate::state::App;

/// Series of an answer when no limit is asked for.
const LIMIT_DEFAULT: usize = 100;

/// `/index/stats`
pub(super) async fn stats(
    State(app): State<Arc<App>>,
    params: Params,
) -> Result<Response, LokiError> {
    let query = moment::streams(&app, &params, &["query"])?;
    let stats = app.logs.stats(query).await?;
    let text = format!(
        "{{\"streams\":{},\"chunks\":{},\"bytes\":{},\"entries\":{}}}",
        stats.streams, stats.chunks, stats.bytes, stats.entries
    );
    Ok(json(text.into_bytes()))
}

/// `/index/volume`
pub(super) async fn instant(
    State(app): State<Arc<App>>,
    params: Params,
) -> Result<Response, LokiError> {
    let series = app.logs.volume(question(&app, &params, 0)?).await?;
    let mut out =
        b"{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":".to_vec();
    push_array(&mut out, series, |out, (labels, points)| {
        out.extend_from_slice(b"{\"metric\":");
        push_pairs(out, labels.iter());
        out.extend_from_slice(b",\"value\":");
        push_point(out, points.last().copied().unwrap_or_default());
        out.push(b'}');
    });
    out.extend_from_slice(b"}}");
    Ok(json(out))
}

/// `/index/volume_range`
pub(super) async fn range(
    State(app): State<Arc<App>>,
    params: Params,
) -> Result<Response, LokiError> {
    let step_ns = moment::step(&params, moment::range(&app, &params)?)?;
    let series = app.logs.volume(question(&app, &params, step_ns)?).await?;
    let mut out =
        b"{\"status\":\"success\",\"data\":{\"resultType\":\"matrix\",\"result\":".to_vec();
    push_matrix(&mut out, series);
    out.extend_from_slice(b"}}");
    Ok(json(out))
}

fn question(app: &App, params: &Params, step_ns: i64) -> Result<VolumeQuery, LokiError> {
    if !app.settings.logs_volume {
        return Err(LokiError::absent(
            "questions of volume are switched off (logs.query.volume, volume_enabled)",
        ));
    }
    let by_label_name = match params.get("aggregateBy") {
        "" | "series" => false,
        "labels" => true,
        other => {
            return Err(LokiError::bad(format!(
                "invalid aggregateBy {other:?}: there are 'series' and 'labels'"
            )));
        }
    };
    // Beyond Loki: stages behind the selector, so that fields in lines can be summed by.
    let text = params.get("query");
    let is_selector = text.is_empty() || app.logs.selector(text).is_ok();
    let (streams, log) = if is_selector {
        (moment::streams(app, params, &["query"])?, String::new())
    } else {
        let range = moment::range(app, params)?;
        let streams = StreamsQuery {
            selectors: Vec::new(),
            start_ns: range.start_ns,
            end_ns: range.end_ns,
        };
        (streams, text.to_owned())
    };
    Ok(VolumeQuery {
        streams,
        log,
        target_labels: params
            .get("targetLabels")
            .split(',')
            .map(str::trim)
            .filter(|l| !l.is_empty())
            .map(str::to_owned)
            .collect(),
        by_label_name,
        step_ns,
        limit: moment::limit(params, "limit", LIMIT_DEFAULT)?,
    })
}
