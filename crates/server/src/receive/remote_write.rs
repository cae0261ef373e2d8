//! `/api/v1/write`: Prometheus remote write 1.0.
//!
//! What is valid is stored, also when something else in the request is not; then
//! the answer is 400, so that the sender does not try again. 5xx means that the
//! sender should keep the data and try again.

use std::cell::RefCell;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use binnacle_model::append::{AppendOptions, Batch, SeriesKey};
use binnacle_model::labels::iter_canonical;
use binnacle_wire::WireError;
use binnacle_wire::remote_write::{Decoded, Decoder, check_headers};
use http::{HeaderMap, StatusCode, header};

use super::{PushError, count, refusals, whole};
use crate::counters::Counters;
use crate::state::App;

thread_local! {
    /// Each worker keeps its buffers from request to request.
    static BUFFERS: RefCell<Option<(Decoder, Batch)>> = const { RefCell::new(None) };
}

/// A batch that has grown beyond this many bytes of labels is not kept.
const KEPT_BYTES_MAX: usize = 16 << 20;

pub(super) async fn write(State(app): State<Arc<App>>, headers: HeaderMap, body: Body) -> Response {
    Counters::count(&app.counters.push_requests);
    match take(&app, &headers, body).await {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => {
            Counters::count(&app.counters.push_rejected_requests);
            tracing::debug!(status = %error.status, reason = error.message, "remote write refused");
            error.into_response()
        }
    }
}

async fn take(app: &App, headers: &HeaderMap, body: Body) -> Result<(), PushError> {
    let text = |name| headers.get(name).and_then(|v| v.to_str().ok());
    check_headers(text(header::CONTENT_TYPE), text(header::CONTENT_ENCODING)).map_err(|e| {
        let status = StatusCode::from_u16(e.status).unwrap_or(StatusCode::BAD_REQUEST);
        PushError::new(status, e.message)
    })?;
    let body = whole(app, body).await?;
    Counters::add(&app.counters.push_bytes, body.len() as u64);
    // The append may wait for the disk.
    tokio::task::block_in_place(|| {
        BUFFERS.with_borrow_mut(|buffers| {
            let (decoder, batch) = buffers.get_or_insert_with(|| {
                (
                    Decoder::new(app.settings.push_decoded_bytes_max as u64),
                    Batch::default(),
                )
            });
            batch.clear();
            let result = store(app, decoder, batch, &body);
            if batch.label_bytes.capacity() > KEPT_BYTES_MAX {
                *buffers = None;
            }
            result
        })
    })
}

fn store(
    app: &App,
    decoder: &mut Decoder,
    batch: &mut Batch,
    body: &[u8],
) -> Result<(), PushError> {
    let decoded = decoder.decode(body, batch).map_err(|error| {
        let status = match error {
            WireError::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            _ => StatusCode::BAD_REQUEST,
        };
        PushError::new(status, error.to_string())
    })?;
    let appended = app
        .metrics
        .appender()
        .append(batch, AppendOptions::default())?;
    count(&app.counters, &appended);
    Counters::add(
        &app.counters.push_histograms_unsupported,
        decoded.histograms,
    );
    let mut faults: Vec<String> = Vec::new();
    faults.extend(refusals(&appended, |i| series_name(batch, i)));
    faults.extend(label_faults(&decoded));
    if decoded.histograms > 0 {
        faults.push(format!(
            "{} native histograms: not supported yet",
            decoded.histograms
        ));
    }
    if faults.is_empty() {
        return Ok(());
    }
    let refused: u64 = decoded.refused.iter().map(|r| u64::from(r.samples)).sum();
    Counters::add(&app.counters.push_rejected_samples, refused);
    Err(PushError::new(
        StatusCode::BAD_REQUEST,
        format!(
            "{} samples were stored; refused: {}",
            appended.samples,
            faults.join("; ")
        ),
    ))
}

fn label_faults(decoded: &Decoded) -> Option<String> {
    let first = decoded.refused.first()?;
    let count = decoded.refused.len();
    Some(format!(
        "{count} series with invalid labels (first: {})",
        first.fault.as_str()
    ))
}

fn series_name(batch: &Batch, index: u32) -> String {
    let Some(series) = batch.series.get(index as usize) else {
        return "?".to_owned();
    };
    let SeriesKey::Labels(range) = &series.key else {
        return "a known series".to_owned();
    };
    let bytes = &batch.label_bytes[range.start as usize..range.end as usize];
    match iter_canonical(bytes) {
        Ok(labels) => binnacle_model::Labels::from_pairs(labels).to_string(),
        Err(_) => "a series with invalid labels".to_owned(),
    }
}
