//! OpenTelemetry's logs: `POST /v1/logs` and `/otlp/v1/logs` with protobuf or JSON, and
//! gRPC's `LogsService/Export` on the same port.
//!
//! gRPC needs no more than a frame around the message and the status in the trailers.
//! Calls that stream are not spoken: OTLP has none.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use binnacle_model::event::append::EventRefusal;
use binnacle_model::event::sink::Taken;
use binnacle_wire::WireError;
use binnacle_wire::otlp::{Answer, decode_json, decode_protobuf, grpc as frames};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use http_body_util::{BodyExt, Full};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use super::Intake;
use super::body::Pushed;
use super::intake::refusal_text;
use crate::receive::PushError;

const PROTOCOL: &str = "otlp";
const PROTOBUF: &str = "application/x-protobuf";
const JSON: &str = "application/json";
static GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
static GRPC_MESSAGE: HeaderName = HeaderName::from_static("grpc-message");
static GRPC_ENCODING: HeaderName = HeaderName::from_static("grpc-encoding");

/// What `grpc-message` writes as `%XX`.
const MESSAGE_ESCAPES: &AsciiSet = &CONTROLS.add(b'%');

/// The encodings over HTTP.
#[derive(Clone, Copy)]
enum Encoding {
    Protobuf,
    Json,
}

pub(super) async fn http(State(intake): State<Arc<Intake>>, request: Request<Body>) -> Response {
    let pushed = match Pushed::read(&intake, PROTOCOL, request).await {
        Ok(pushed) => pushed,
        Err(error) => return error.into_response(),
    };
    let encoding = match pushed.media_type().as_str() {
        PROTOBUF | "application/protobuf" => Encoding::Protobuf,
        JSON => Encoding::Json,
        other => {
            intake.way(PROTOCOL).refuse_request("unsupported");
            let message =
                format!("content type {other:?} is not accepted: there are {PROTOBUF} and {JSON}");
            return PushError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, message).into_response();
        }
    };
    // The sink may wait for the disk.
    let result = tokio::task::block_in_place(|| {
        store(&intake, &pushed, encoding, || pushed.decoded(&intake))
    });
    let (media_type, status, body) = match (encoding, result) {
        (Encoding::Protobuf, Ok(answer)) => (PROTOBUF, StatusCode::OK, answer.to_protobuf()),
        (Encoding::Json, Ok(answer)) => (JSON, StatusCode::OK, answer.to_json()),
        (Encoding::Protobuf, Err(error)) => {
            let body = Answer::status_protobuf(grpc_code(error.status), &error.message);
            (PROTOBUF, error.status, body)
        }
        (Encoding::Json, Err(error)) => {
            let body = Answer::status_json(grpc_code(error.status), &error.message);
            (JSON, error.status, body)
        }
    };
    (status, [(header::CONTENT_TYPE, media_type)], body).into_response()
}

pub(super) async fn grpc(State(intake): State<Arc<Intake>>, request: Request<Body>) -> Response {
    let pushed = match Pushed::read(&intake, PROTOCOL, request).await {
        Ok(pushed) => pushed,
        Err(error) => return grpc_error(&error),
    };
    if !pushed.media_type().starts_with("application/grpc") {
        intake.way(PROTOCOL).refuse_request("unsupported");
        let message = "gRPC's content type is application/grpc";
        return PushError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, message).into_response();
    }
    let result = tokio::task::block_in_place(|| {
        let encoding = pushed.header(GRPC_ENCODING.clone());
        store(&intake, &pushed, Encoding::Protobuf, || {
            frames::unframe(&pushed.body, encoding, intake.limits.decoded_bytes_max)
        })
    });
    match result {
        Ok(answer) => grpc_answer(&answer.to_protobuf()),
        Err(error) => grpc_error(&error),
    }
}

fn store<'a>(
    intake: &Intake,
    pushed: &Pushed,
    encoding: Encoding,
    message: impl FnOnce() -> Result<std::borrow::Cow<'a, [u8]>, WireError>,
) -> Result<Answer, PushError> {
    let now_ns = (intake.now_ns)();
    let mapping = &intake.otlp;
    let (_, taken) = intake.take(&pushed.source, |batch| {
        let message = message()?;
        match encoding {
            Encoding::Protobuf => decode_protobuf(&message, mapping, now_ns, batch),
            Encoding::Json => decode_json(&message, mapping, now_ns, batch),
        }
    })?;
    Ok(answer(&taken))
}

/// What privacy rules drop is not told: sending it again would not help.
fn answer(taken: &Taken) -> Answer {
    let told = taken
        .refused
        .iter()
        .filter(|(r, _)| *r != EventRefusal::Dropped);
    let rejected: u64 = told.map(|(_, lines)| *lines).sum();
    Answer {
        rejected,
        message: if rejected == 0 {
            String::new()
        } else {
            refusal_text(taken)
        },
    }
}

/// The code of gRPC that says the same as a status of HTTP.
fn grpc_code(status: StatusCode) -> u32 {
    match status {
        StatusCode::TOO_MANY_REQUESTS | StatusCode::PAYLOAD_TOO_LARGE => 8,
        StatusCode::UNSUPPORTED_MEDIA_TYPE => 12,
        s if s.is_server_error() => 14,
        _ => 3,
    }
}

fn grpc_answer(message: &[u8]) -> Response {
    let mut trailers = HeaderMap::new();
    trailers.insert(GRPC_STATUS.clone(), HeaderValue::from_static("0"));
    let body = Full::new(Bytes::from(frames::frame(message)))
        .with_trailers(std::future::ready(Some(Ok(trailers))));
    (
        [(header::CONTENT_TYPE, "application/grpc")],
        Body::new(body),
    )
        .into_response()
}

/// A call that failed has its status in the headers and no body.
fn grpc_error(error: &PushError) -> Response {
    let message = utf8_percent_encode(&error.message, MESSAGE_ESCAPES).to_string();
    let message = HeaderValue::from_str(&message).unwrap_or(HeaderValue::from_static("refused"));
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/grpc"),
        ),
        (
            GRPC_STATUS.clone(),
            HeaderValue::from(grpc_code(error.status)),
        ),
        (GRPC_MESSAGE.clone(), message),
    ];
    (headers, Body::empty()).into_response()
}
