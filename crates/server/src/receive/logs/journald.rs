//! `POST /upload`, as `systemd-journal-upload` sends it: journald's export format, of any
//! length, piece by piece; and `journalctl -o json` with a JSON media type.
//!
//! The uploader sends one request that lasts as long as there are entries. Whole entries are
//! stored as they come; what is not yet whole waits, within the limit of a body.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use binnacle_model::event::Source;
use binnacle_wire::journald::{decode_export, decode_json, whole_entries};
use http::{StatusCode, header};
use http_body_util::BodyExt;

use super::Intake;
use super::body::{Pushed, sender};
use super::intake::refused_lines;
use crate::counters::Counters;
use crate::receive::PushError;

const PROTOCOL: &str = "journald";

/// Entries are handed over when this much has come, in bytes, or when nothing more has.
const HAND_OVER_BYTES: usize = 256 << 10;

pub(super) async fn push(State(intake): State<Arc<Intake>>, request: Request<Body>) -> Response {
    let is_plain_export = {
        let text = |name| request.headers().get(name).and_then(|v| v.to_str().ok());
        text(header::CONTENT_TYPE).is_some_and(|t| t.starts_with("application/vnd.fdo.journal"))
            && text(header::CONTENT_ENCODING).is_none_or(|e| e.is_empty() || e == "identity")
    };
    let result = if is_plain_export {
        stream(&intake, request).await
    } else {
        whole(&intake, request).await
    };
    match result {
        Ok(()) => (StatusCode::ACCEPTED, "OK.\n").into_response(),
        Err(error) => error.into_response(),
    }
}

async fn whole(intake: &Intake, request: Request<Body>) -> Result<(), PushError> {
    let pushed = Pushed::read(intake, PROTOCOL, request).await?;
    let media_type = pushed.media_type();
    // The sink may wait for the disk.
    tokio::task::block_in_place(|| {
        let now_ns = (intake.now_ns)();
        let (_, taken) = intake.take(&pushed.source, |batch| {
            let body = pushed.decoded(intake)?;
            if media_type.contains("json") {
                decode_json(&body, now_ns, batch)
            } else {
                decode_export(&body, now_ns, batch)
            }
        })?;
        refused_lines(&taken).map_or(Ok(()), Err)
    })
}

async fn stream(intake: &Intake, request: Request<Body>) -> Result<(), PushError> {
    let way = intake.way(PROTOCOL);
    Counters::count(&way.requests);
    let (parts, mut body) = request.into_parts();
    let source = Source {
        protocol: PROTOCOL,
        sender: sender(&parts),
    };
    let mut buffer: Vec<u8> = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| {
            way.refuse_request("broken");
            PushError::new(
                StatusCode::BAD_REQUEST,
                format!("the body could not be read: {error}"),
            )
        })?;
        let Ok(piece) = frame.into_data() else {
            continue;
        };
        Counters::add(&way.bytes, piece.len() as u64);
        buffer.extend_from_slice(&piece);
        let end = whole_entries(&buffer);
        // Entries wait for more of them only while more is on its way.
        if end > 0 && (buffer.len() >= HAND_OVER_BYTES || end == buffer.len()) {
            store(intake, &source, &buffer[..end])?;
            buffer.drain(..end);
        } else if buffer.len() > intake.limits.body_bytes_max {
            way.refuse_request("too_large");
            return Err(PushError::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                format!(
                    "an entry is larger than {} bytes",
                    intake.limits.body_bytes_max
                ),
            ));
        }
    }
    store(intake, &source, &buffer)
}

fn store(intake: &Intake, source: &Source, entries: &[u8]) -> Result<(), PushError> {
    tokio::task::block_in_place(|| {
        let now_ns = (intake.now_ns)();
        let (_, taken) = intake.take(source, |batch| decode_export(entries, now_ns, batch))?;
        refused_lines(&taken).map_or(Ok(()), Err)
    })
}
