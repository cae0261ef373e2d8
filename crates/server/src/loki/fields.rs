//! `/patterns`, `/detected_fields`, `/detected_field/{name}/values`, `/detected_labels`.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use serde_json::{Value, json as value};

use super::moment::SECOND_NS;
use super::{LokiError, json, moment};
use crate::http::params::Params;
use crate::state::App;

/// Lines looked at when the asker does not say.
const LINES_DEFAULT: usize = 1_000;

/// Lines looked at, at most.
const LINES_MAX: usize = 100_000;

/// Fields of an answer when the asker does not say.
const FIELDS_DEFAULT: usize = 1_000;

/// Fields of an answer, at most.
const FIELDS_MAX: usize = 10_000;

/// Shortest step of patterns, as Loki has it.
const PATTERN_STEP_NS: i64 = 10 * SECOND_NS;

fn lines(params: &Params) -> Result<usize, LokiError> {
    Ok(moment::limit(params, "line_limit", LINES_DEFAULT)?.min(LINES_MAX))
}

/// `limit`, or `field_limit` as older clients call it.
fn fields_max(params: &Params) -> Result<usize, LokiError> {
    let default = moment::limit(params, "field_limit", FIELDS_DEFAULT)?;
    Ok(moment::limit(params, "limit", default)?.min(FIELDS_MAX))
}

fn respond(body: &Value) -> Response {
    json(body.to_string().into_bytes())
}

/// `/patterns`
pub(super) async fn patterns(
    State(app): State<Arc<App>>,
    params: Params,
) -> Result<Response, LokiError> {
    let range = moment::range(&app, &params)?;
    let step_ns = moment::step(&params, range)?.max(PATTERN_STEP_NS);
    let text = params.get("query").to_owned();
    let found = app
        .logs
        .patterns(text, range.start_ns, range.end_ns, step_ns)
        .await?;
    let data: Vec<Value> = found
        .into_iter()
        .map(|p| value!({"pattern": p.pattern, "level": p.level, "samples": p.samples}))
        .collect();
    Ok(respond(&value!({"status": "success", "data": data})))
}

/// `/detected_fields`
pub(super) async fn fields(
    State(app): State<Arc<App>>,
    params: Params,
) -> Result<Response, LokiError> {
    let range = moment::range(&app, &params)?;
    let limit = fields_max(&params)?;
    let text = params.get("query").to_owned();
    let found = app
        .logs
        .detected_fields(text, range.start_ns, range.end_ns, lines(&params)?, limit)
        .await?;
    let fields: Vec<Value> = found
        .into_iter()
        .map(|f| {
            let parsers = if f.parsers.is_empty() {
                Value::Null
            } else {
                value!(f.parsers)
            };
            let mut field = value!({
                "label": f.label,
                "type": f.kind,
                "cardinality": f.cardinality,
                "parsers": parsers,
            });
            if !f.json_path.is_empty() {
                field["jsonPath"] = value!(f.json_path);
            }
            field
        })
        .collect();
    Ok(respond(&value!({"fields": fields, "limit": limit})))
}

/// `/detected_field/{name}/values`
pub(super) async fn values(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
    params: Params,
) -> Result<Response, LokiError> {
    let range = moment::range(&app, &params)?;
    let limit = fields_max(&params)?;
    let text = params.get("query").to_owned();
    let found = app
        .logs
        .detected_field_values(
            text,
            name,
            range.start_ns,
            range.end_ns,
            lines(&params)?,
            limit,
        )
        .await?;
    let (values, counts): (Vec<String>, Vec<u64>) = found.into_iter().unzip();
    Ok(respond(
        &value!({"values": values, "counts": counts, "limit": limit}),
    ))
}

/// `/detected_labels`
pub(super) async fn labels(
    State(app): State<Arc<App>>,
    params: Params,
) -> Result<Response, LokiError> {
    let query = moment::streams(&app, &params, &["query"])?;
    let series = app.logs.series(query).await?;
    let mut distinct: std::collections::BTreeMap<&str, std::collections::BTreeSet<&str>> =
        std::collections::BTreeMap::new();
    for labels in &series {
        for (name, value) in labels.iter() {
            distinct.entry(name).or_default().insert(value);
        }
    }
    let found: Vec<Value> = distinct
        .iter()
        .map(|(name, values)| value!({"label": name, "cardinality": values.len()}))
        .collect();
    Ok(respond(&value!({"detectedLabels": found})))
}
