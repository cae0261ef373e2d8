//! Rules that are not there yet: what the linter says of them, and what they would
//! have done.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use binnacle_model::alert::ReplayQuery;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{encode, read, success, whole};
use crate::http::error::ApiError;
use crate::http::time::{parse_duration, parse_time};
use crate::state::App;

/// `POST /rules/lint`: the body is a rule file.
pub(super) async fn lint(State(app): State<Arc<App>>, body: Body) -> Result<Response, ApiError> {
    let text = String::from_utf8(whole(&app, body).await?.to_vec())
        .map_err(|_| ApiError::bad_data("the rule file is not UTF-8"))?;
    let findings = app.rules.lint(&text)?;
    let findings: Vec<Value> = findings
        .iter()
        .map(|(line, text)| json!({ "line": line, "text": text }))
        .collect();
    Ok(success(&json!({ "findings": findings })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    rules: String,
    #[serde(default)]
    start: Option<String>,
    #[serde(default)]
    end: Option<String>,
    #[serde(default)]
    step: Option<String>,
    #[serde(default)]
    group: Option<String>,
    #[serde(default)]
    rule: Option<String>,
}

/// How far back is looked when nothing is said.
const DEFAULT_RANGE_MS: i64 = 86_400_000;

/// `POST /rules/replay`
pub(super) async fn replay(State(app): State<Arc<App>>, body: Body) -> Result<Response, ApiError> {
    let asked: Asked = read(&app, body).await?;
    let time = |name: &str, text: &Option<String>, default: i64| match text {
        None => Ok(default),
        Some(text) => parse_time(text).map_err(|e| ApiError::parameter(name, e)),
    };
    let end_ms = time("end", &asked.end, app.process.now_ms())?;
    let start_ms = time("start", &asked.start, end_ms - DEFAULT_RANGE_MS)?;
    if start_ms > end_ms {
        return Err(ApiError::parameter("start", "is after `end`"));
    }
    let step_ms = match &asked.step {
        None => 0,
        Some(text) => parse_duration(text).map_err(|e| ApiError::parameter("step", e))?,
    };
    let replay = app
        .rules
        .replay(ReplayQuery {
            rules: asked.rules,
            start_ms,
            end_ms,
            step_ms,
            group: asked.group,
            rule: asked.rule,
        })
        .await?;
    let alerts: Vec<Value> = replay
        .alerts
        .iter()
        .map(|a| {
            json!({
                "rule": a.rule,
                "labels": encode::labels(&a.labels),
                "pendingAt": encode::time(a.pending_ms),
                "firingAt": encode::time_maybe(a.firing_ms),
                "endedAt": encode::time_maybe(a.ended_ms),
                "valueMax": a.value_max,
                "summary": a.summary,
            })
        })
        .collect();
    let firings: Vec<Value> = replay
        .firings
        .iter()
        .map(|(rule, count, per_day)| json!({ "rule": rule, "firings": count, "perDay": per_day }))
        .collect();
    let recorded: Vec<Value> = replay
        .recorded
        .iter()
        .map(
            |(rule, series, samples)| json!({ "rule": rule, "series": series, "samples": samples }),
        )
        .collect();
    let errors: Vec<Value> = replay
        .errors
        .iter()
        .map(|(rule, error)| json!({ "rule": rule, "error": error }))
        .collect();
    Ok(success(&json!({
        "start": encode::time(start_ms),
        "end": encode::time(end_ms),
        "alerts": alerts,
        "firings": firings,
        "recorded": recorded,
        "steps": replay.steps,
        "seconds": replay.seconds,
        "errors": errors,
    })))
}
