//! What every way in shares.

use std::cell::RefCell;
use std::sync::Arc;

use binnacle_model::event::EventBatch;
use binnacle_model::event::append::EventRefusal;
use binnacle_model::event::sink::{LogSink, SinkError, Source, Taken};
use binnacle_wire::WireError;
use binnacle_wire::otlp::LogMapping;
use http::StatusCode;

use super::counters::WayIn;
use crate::counters::Counters;
use crate::receive::PushError;
use crate::state::App;

thread_local! {
    /// Each worker keeps its batch from request to request.
    static BATCH: RefCell<EventBatch> = RefCell::default();
}

/// A batch that has grown beyond this many bytes is not kept.
const KEPT_BYTES_MAX: usize = 16 << 20;

/// How large things may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IntakeLimits {
    /// A body as it comes over the wire, in bytes.
    pub body_bytes_max: usize,
    /// A body after decompression, in bytes.
    pub decoded_bytes_max: usize,
}

/// Takes batches of lines for all ways in.
pub struct Intake {
    /// Where lines go.
    pub sink: Arc<dyn LogSink>,
    /// What is counted.
    pub counters: Arc<Counters>,
    /// How large things may be.
    pub limits: IntakeLimits,
    /// What becomes of OpenTelemetry's attributes.
    pub otlp: LogMapping,
    /// Whether requests to the listener of Loki must name their tenant.
    pub tenant_required: bool,
    /// Nanoseconds since the Unix epoch.
    pub now_ns: Box<dyn Fn() -> i64 + Send + Sync>,
}

impl Intake {
    /// The intake of an application.
    #[must_use]
    pub fn of(app: &App) -> Arc<Self> {
        let process = app.process.clone();
        Arc::new(Self {
            sink: app.logs.sink(),
            counters: app.counters.clone(),
            limits: IntakeLimits {
                body_bytes_max: app.settings.push_bytes_max,
                decoded_bytes_max: app.settings.push_decoded_bytes_max,
            },
            otlp: app.settings.otlp.clone(),
            tenant_required: app.settings.tenant_required,
            now_ns: Box::new(move || process.now_ms().saturating_mul(1_000_000)),
        })
    }

    /// The counters of a way in.
    #[must_use]
    pub fn way(&self, protocol: &str) -> &WayIn {
        self.counters.logs.of(protocol)
    }

    /// Decodes with `decode` and hands the batch to the sink; both may take long and block
    /// this thread. Nothing is handed over when decoding fails.
    pub(crate) fn take<D>(
        &self,
        source: &Source,
        decode: impl FnOnce(&mut EventBatch) -> Result<D, WireError>,
    ) -> Result<(D, Taken), PushError> {
        BATCH.with_borrow_mut(|batch| {
            batch.clear();
            let result = decode(batch)
                .map_err(|error| self.refuse_body(source.protocol, &error))
                .and_then(|decoded| Ok((decoded, self.hand_over(source, batch)?)));
            if batch.bytes.capacity() > KEPT_BYTES_MAX {
                *batch = EventBatch::default();
            }
            result
        })
    }

    /// Hands a batch to the sink and counts what became of it.
    pub(crate) fn hand_over(
        &self,
        source: &Source,
        batch: &mut EventBatch,
    ) -> Result<Taken, PushError> {
        if batch.is_empty() {
            return Ok(Taken::default());
        }
        let way = self.way(source.protocol);
        let rows = batch.len() as u64;
        let taken = self.sink.push(source, batch).map_err(|error| {
            let (status, reason) = match &error {
                SinkError::RateLimited(_) => (StatusCode::TOO_MANY_REQUESTS, "rate_limited"),
                SinkError::Append(_) => (StatusCode::SERVICE_UNAVAILABLE, "storage"),
            };
            way.refuse_lines(reason, rows);
            way.refuse_request(reason);
            PushError::new(status, error.to_string())
        })?;
        Counters::add(&way.lines, taken.rows);
        for (refusal, lines) in &taken.refused {
            way.refuse_lines(refusal.as_str(), *lines);
        }
        Ok(taken)
    }

    /// The refusal of a body that cannot be decoded.
    pub(crate) fn refuse_body(&self, protocol: &str, error: &WireError) -> PushError {
        let (status, reason) = match error {
            WireError::TooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "too_large"),
            WireError::Unsupported(_) => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported"),
            _ => (StatusCode::BAD_REQUEST, "malformed"),
        };
        self.way(protocol).refuse_request(reason);
        PushError::new(status, error.to_string())
    }
}

/// The refusal that says what became of single lines; `None` when all were taken, or only
/// privacy rules dropped some. Its status is 429 when a line that was refused may be taken
/// later, as Loki has it: the sender should keep its lines and come again.
pub(super) fn refused_lines(taken: &Taken) -> Option<PushError> {
    let mut told = taken
        .refused
        .iter()
        .filter(|(refusal, lines)| *refusal != EventRefusal::Dropped && *lines > 0)
        .peekable();
    told.peek()?;
    let status = if told.any(|(refusal, _)| refusal.is_temporary()) {
        StatusCode::TOO_MANY_REQUESTS
    } else {
        StatusCode::BAD_REQUEST
    };
    Some(PushError::new(status, refusal_text(taken)))
}

/// How many lines were refused and why, in words.
pub(super) fn refusal_text(taken: &Taken) -> String {
    if taken.messages.is_empty() {
        let reasons: Vec<String> = taken
            .refused
            .iter()
            .map(|(refusal, lines)| format!("{lines} lines: {}", refusal.as_str()))
            .collect();
        return reasons.join("; ");
    }
    taken.messages.join("\n")
}
