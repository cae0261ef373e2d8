//! `/api/v1/import`: text and OpenMetrics bodies with timestamps, of any length:
//! read piece by piece, stored batch by batch.
//!
//! Samples without a timestamp get the time of the request. When a line is wrong
//! the answer is 400 and names it; what stood before it is stored.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use binnacle_model::append::{Append, AppendError, AppendOptions, Appended, Batch};
use binnacle_wire::import::{ImportError, Importer};
use binnacle_wire::text::Dialect;
use http::{HeaderMap, StatusCode, header};
use http_body_util::BodyExt;

use super::{PushError, count};
use crate::counters::Counters;
use crate::prometheus::answer;
use crate::state::App;

/// What was stored so far.
#[derive(Default)]
struct Totals {
    samples: u64,
    series_created: u64,
    refused: u64,
}

pub(super) async fn import(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    match read(&app, &headers, body).await {
        Ok(totals) => answer::success(|out| {
            out.extend_from_slice(
                format!(
                    "{{\"samples\":{},\"seriesCreated\":{},\"refused\":{}}}",
                    totals.samples, totals.series_created, totals.refused
                )
                .as_bytes(),
            );
        }),
        Err(error) => error.into_response(),
    }
}

async fn read(app: &App, headers: &HeaderMap, mut body: Body) -> Result<Totals, PushError> {
    let dialect = dialect(headers)?;
    let appender = app.metrics.appender();
    let mut importer = Importer::new(dialect, Some(app.process.now_ms()));
    let mut totals = Totals::default();
    let mut store = |batch: &Batch| store(app, &*appender, batch, &mut totals);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| {
            let message = format!("the body could not be read: {error}");
            PushError::new(StatusCode::BAD_REQUEST, message)
        })?;
        let Ok(piece) = frame.into_data() else {
            continue;
        };
        Counters::add(&app.counters.push_bytes, piece.len() as u64);
        // The append may wait for the disk.
        tokio::task::block_in_place(|| importer.push(&piece, &mut store)).map_err(refused)?;
    }
    tokio::task::block_in_place(|| importer.finish(&mut store)).map_err(refused)?;
    Ok(totals)
}

fn store(
    app: &App,
    appender: &dyn Append,
    batch: &Batch,
    totals: &mut Totals,
) -> Result<(), AppendError> {
    let appended: Appended = appender.append(batch, AppendOptions::default())?;
    count(&app.counters, &appended);
    totals.samples += appended.samples;
    totals.series_created += appended.series_created;
    totals.refused += appended.refused.len() as u64;
    Ok(())
}

fn refused(error: ImportError<AppendError>) -> PushError {
    match error {
        ImportError::Body(error) => PushError::new(StatusCode::BAD_REQUEST, error.to_string()),
        ImportError::Sink(error) => error.into(),
    }
}

fn dialect(headers: &HeaderMap) -> Result<Dialect, PushError> {
    let content_type = headers
        .get(header::CONTENT_TYPE)
        .and_then(|v| v.to_str().ok())
        .unwrap_or("text/plain");
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    match essence {
        "application/openmetrics-text" => Ok(Dialect::OpenMetrics),
        "" | "text/plain" | "application/octet-stream" => Ok(Dialect::Prometheus),
        other => Err(PushError::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            format!(
                "content type {other:?} is not accepted: there are text/plain (Prometheus 0.0.4) \
                 and application/openmetrics-text"
            ),
        )),
    }
}
