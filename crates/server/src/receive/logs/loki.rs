//! `POST /loki/api/v1/push` and `/api/prom/push`.
//!
//! JSON by its media type, all else protobuf in a snappy block, as Loki reads them. What is
//! right is stored, also when other streams or lines of the request are not; then the answer
//! is 400 (429 for rates), which says which.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use binnacle_model::event::sink::Taken;
use binnacle_wire::compress::decompress;
use binnacle_wire::loki::{Decoded, decode_json, decode_protobuf};
use http::{StatusCode, header};

use super::Intake;
use super::body::Pushed;
use super::intake::refused_lines;
use crate::receive::PushError;

const PROTOCOL: &str = "loki";

pub(super) async fn push(State(intake): State<Arc<Intake>>, request: Request<Body>) -> Response {
    let result = match Pushed::read(&intake, PROTOCOL, request).await {
        // The sink may wait for the disk.
        Ok(pushed) => tokio::task::block_in_place(|| store(&intake, &pushed)),
        Err(error) => Err(error),
    };
    match result {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => {
            tracing::debug!(status = %error.status, reason = error.message, "push refused");
            error.into_response()
        }
    }
}

fn store(intake: &Intake, pushed: &Pushed) -> Result<(), PushError> {
    let content_type = pushed.header(header::CONTENT_TYPE);
    if !has_valid_parameters(content_type) {
        intake.way(PROTOCOL).refuse_request("malformed");
        return Err(PushError::new(
            StatusCode::BAD_REQUEST,
            format!("mime: invalid media parameter in Content-Type {content_type:?}"),
        ));
    }
    let ((decoded, has_streams), taken) = if pushed.media_type() == "application/json" {
        intake.take(&pushed.source, |batch| {
            let decoded = decode_json(&pushed.decoded(intake)?, batch)?;
            Ok((decoded, !batch.streams.is_empty()))
        })?
    } else {
        let encoding = match pushed.header(header::CONTENT_ENCODING) {
            "" => "snappy",
            named => named,
        };
        intake.take(&pushed.source, |batch| {
            let bytes_max = intake.limits.decoded_bytes_max;
            let body = decompress(encoding, &pushed.body, bytes_max)?;
            let decoded = decode_protobuf(&body, batch)?;
            Ok((decoded, !batch.streams.is_empty()))
        })?
    };
    if !has_streams && decoded.messages.is_empty() {
        intake.way(PROTOCOL).refuse_request("missing_streams");
        return Err(PushError::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "error at least one valid stream is required for ingestion",
        ));
    }
    judge(intake, &decoded, &taken)
}

/// The answer to what was stored in part.
fn judge(intake: &Intake, decoded: &Decoded, taken: &Taken) -> Result<(), PushError> {
    let mut refused = refused_lines(taken);
    if !decoded.messages.is_empty() {
        let way = intake.way(PROTOCOL);
        way.refuse_lines("invalid_labels", decoded.lines_refused);
        let labels = decoded.messages.join("\n");
        let error = refused.get_or_insert_with(|| PushError::new(StatusCode::BAD_REQUEST, ""));
        if !error.message.is_empty() {
            error.message.push('\n');
        }
        error.message.push_str(&labels);
    }
    refused.map_or(Ok(()), Err)
}

/// Whether every parameter of a media type has a name and a value.
fn has_valid_parameters(content_type: &str) -> bool {
    let parameters = content_type.split(';').skip(1).map(str::trim);
    parameters
        .filter(|parameter| !parameter.is_empty())
        .all(|parameter| {
            parameter
                .split_once('=')
                .is_some_and(|(name, value)| !name.is_empty() && !value.is_empty())
        })
}
