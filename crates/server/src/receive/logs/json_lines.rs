//! `POST /api/binnacle/v1/logs/jsonl`: JSON objects, one a line.
//!
//! Parameters, each a list with commas: `time_field`, `message_field`, `stream_fields`.
//! Lines that are no objects are left out and told with 400; the others are stored.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use binnacle_wire::json_lines::{Decoded, DocumentRules, decode, default_rules};
use http::{StatusCode, header};
use percent_encoding::percent_decode_str;

use super::Intake;
use super::body::Pushed;
use super::intake::refused_lines;
use crate::receive::PushError;

const PROTOCOL: &str = "json";

pub(super) async fn push(State(intake): State<Arc<Intake>>, request: Request<Body>) -> Response {
    let result = match Pushed::read(&intake, PROTOCOL, request).await {
        // The sink may wait for the disk.
        Ok(pushed) => tokio::task::block_in_place(|| store(&intake, &pushed)),
        Err(error) => Err(error),
    };
    match result {
        Ok(rows) => {
            let body = format!("{{\"lines\":{rows}}}");
            ([(header::CONTENT_TYPE, "application/json")], body).into_response()
        }
        Err(error) => error.into_response(),
    }
}

fn store(intake: &Intake, pushed: &Pushed) -> Result<u64, PushError> {
    let rules = rules(pushed.parts.uri.query().unwrap_or_default())
        .map_err(|message| PushError::new(StatusCode::BAD_REQUEST, message))?;
    let now_ns = (intake.now_ns)();
    let (decoded, taken) = intake.take(&pushed.source, |batch| {
        Ok(decode(&pushed.decoded(intake)?, &rules, now_ns, batch))
    })?;
    if let Some(mut error) = refused_lines(&taken) {
        error.message.push_str(&told(intake, &decoded));
        return Err(error);
    }
    if decoded.refused > 0 {
        let message = format!("{} lines were stored{}", taken.rows, told(intake, &decoded));
        return Err(PushError::new(StatusCode::BAD_REQUEST, message));
    }
    Ok(taken.rows)
}

/// Counts lines that are no objects and tells the first.
fn told(intake: &Intake, decoded: &Decoded) -> String {
    if decoded.refused == 0 {
        return String::new();
    }
    intake
        .way(PROTOCOL)
        .refuse_lines("malformed", decoded.refused);
    format!(
        "; {} are no JSON objects: {}",
        decoded.refused,
        decoded.messages.join("; ")
    )
}

fn rules(query: &str) -> Result<DocumentRules, String> {
    let mut rules = default_rules();
    for pair in query.split('&').filter(|p| !p.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let value = value.replace('+', " ");
        let value = percent_decode_str(&value).decode_utf8_lossy();
        let names = value.split(',').map(str::trim).filter(|n| !n.is_empty());
        let names: Vec<String> = names.map(str::to_owned).collect();
        match name {
            "time_field" => rules.time = names,
            "message_field" => rules.message = names,
            "stream_fields" => rules.stream = names,
            other => {
                return Err(format!(
                    "unknown parameter {other:?}: there are time_field, message_field and \
                     stream_fields"
                ));
            }
        }
    }
    Ok(rules)
}
