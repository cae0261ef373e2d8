//! What has been: episodes, notifications, budgets, quality.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use binnacle_model::alert::{EpisodeFilter, Fingerprint, Judgement, NotificationFilter};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::act::named;
use super::{encode, read, success};
use crate::http::error::ApiError;
use crate::http::params::Params;
use crate::state::App;

/// How far back is looked when nothing is said.
const DEFAULT_RANGE_MS: i64 = 30 * 86_400_000;
/// Rows of an answer at most.
const ROWS_MAX: usize = 10_000;

struct Range {
    from_ms: i64,
    to_ms: i64,
    limit: usize,
    before_id: Option<i64>,
    fingerprint: Option<Fingerprint>,
}

fn range(app: &App, params: &Params) -> Result<Range, ApiError> {
    let to_ms = params.time("to", app.process.now_ms())?;
    let from_ms = params.time("from", to_ms - DEFAULT_RANGE_MS)?;
    if from_ms > to_ms {
        return Err(ApiError::parameter("from", "is after `to`"));
    }
    let before_id = params
        .some("before")
        .map(|text| {
            text.parse()
                .map_err(|_| ApiError::parameter("before", format!("{text:?} is not a number")))
        })
        .transpose()?;
    let fingerprint = params
        .some("fingerprint")
        .map(|text| {
            text.parse().map_err(|_| {
                let message = format!("{text:?} is not 16 hexadecimal digits");
                ApiError::parameter("fingerprint", message)
            })
        })
        .transpose()?;
    Ok(Range {
        from_ms,
        to_ms,
        limit: params.limit("limit")?.min(ROWS_MAX),
        before_id,
        fingerprint,
    })
}

/// `GET /alerts/history`
pub(super) async fn episodes(
    State(app): State<Arc<App>>,
    params: Params,
) -> Result<Response, ApiError> {
    let range = range(&app, &params)?;
    let matchers = params
        .all("filter")
        .map(|text| app.alerting.matcher(text))
        .collect::<Result<Vec<_>, _>>()?;
    let filter = EpisodeFilter {
        matchers,
        fingerprint: range.fingerprint,
        from_ms: range.from_ms,
        to_ms: range.to_ms,
        text: params.get("text").to_owned(),
        limit: range.limit,
        before_id: range.before_id,
    };
    let episodes = app.alerting.episodes(filter).await?;
    let episodes: Vec<Value> = episodes.iter().map(encode::episode).collect();
    Ok(success(&json!({ "episodes": episodes })))
}

/// `GET /alerts/notifications`
pub(super) async fn notifications(
    State(app): State<Arc<App>>,
    params: Params,
) -> Result<Response, ApiError> {
    let range = range(&app, &params)?;
    let filter = NotificationFilter {
        fingerprint: range.fingerprint,
        receiver: params.some("receiver").map(str::to_owned),
        failed: params.boolean("failed")?,
        from_ms: range.from_ms,
        to_ms: range.to_ms,
        text: params.get("text").to_owned(),
        limit: range.limit,
        before_id: range.before_id,
    };
    let records = app.alerting.notifications(filter).await?;
    let records: Vec<Value> = records.iter().map(encode::notification).collect();
    Ok(success(&json!({ "notifications": records })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Judge {
    #[serde(default)]
    judgement: Option<String>,
    by: String,
}

/// `PUT /alerts/history/{id}/judgement`
pub(super) async fn judge(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    body: Body,
) -> Result<Response, ApiError> {
    let id = id
        .parse()
        .map_err(|_| ApiError::parameter("id", format!("{id:?} is not a number")))?;
    let asked: Judge = read(&app, body).await?;
    named("by", &asked.by)?;
    let judgement = match asked.judgement.as_deref() {
        None | Some("") => None,
        Some("useful") => Some(Judgement::Useful),
        Some("falsePositive") => Some(Judgement::FalsePositive),
        Some(other) => {
            let message = format!("{other:?} is neither \"useful\" nor \"falsePositive\"");
            return Err(ApiError::parameter("judgement", message));
        }
    };
    app.alerting.judge(id, judgement, asked.by).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `GET /alerts/budgets`
pub(super) async fn budgets(State(app): State<Arc<App>>) -> Result<Response, ApiError> {
    let report = app.alerting.budgets().await?;
    let teams: Vec<Value> = report
        .teams
        .iter()
        .map(|team| {
            json!({
                "team": team.team,
                "hour": team.hour,
                "day": team.day,
                "hourLimit": team.hour_limit,
                "dayLimit": team.day_limit,
                "held": team.held,
                "exempt": team.exempt,
            })
        })
        .collect();
    Ok(success(&json!({ "teams": teams })))
}

/// `GET /alerts/quality`
pub(super) async fn quality(
    State(app): State<Arc<App>>,
    params: Params,
) -> Result<Response, ApiError> {
    let range = range(&app, &params)?;
    let report = app.alerting.quality(range.from_ms, range.to_ms).await?;
    let rules: Vec<Value> = report
        .rules
        .iter()
        .map(|rule| {
            json!({
                "name": rule.name,
                "severity": rule.severity,
                "team": rule.team,
                "episodes": rule.episodes,
                "notifications": rule.notifications,
                "judged": rule.judged,
                "falsePositives": rule.false_positives,
                "acknowledged": rule.acknowledged,
                "flaps": rule.flaps,
                "acknowledgeSeconds": encode::seconds(rule.acknowledge_ms),
                "resolveSeconds": encode::seconds(rule.resolve_ms),
            })
        })
        .collect();
    Ok(success(&json!({
        "from": encode::time(report.from_ms),
        "to": encode::time(report.to_ms),
        "rules": rules,
        "falsePositiveRatio": report.false_positive_ratio,
        "detectSeconds": encode::seconds(report.detect_ms),
        "acknowledgeSeconds": encode::seconds(report.acknowledge_ms),
        "resolveSeconds": encode::seconds(report.resolve_ms),
    })))
}
