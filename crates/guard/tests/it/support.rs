//! An engine that keeps what it gets, and short ways to a guard.

use std::sync::Arc;

use binnacle_guard::{EnrichmentSettings, Guard, GuardSettings, PrivacySettings};
use binnacle_model::Labels;
use binnacle_model::append::AppendError;
use binnacle_model::event::append::{AppendEvents, EventRefusal, EventsAppended};
use binnacle_model::event::sink::Taken;
use binnacle_model::event::{EventBatch, FieldValue, LogSink, Source};
use binnacle_stdx::clock::ManualClock;
use parking_lot::Mutex;

/// Keeps batches; refuses the rows whose line is `refuse me`.
#[derive(Default)]
pub struct Kept {
    pub batches: Mutex<Vec<EventBatch>>,
}

impl AppendEvents for Kept {
    fn append(&self, batch: &EventBatch) -> Result<EventsAppended, AppendError> {
        let refused: Vec<(u32, EventRefusal)> = (0..batch.len())
            .filter(|&row| batch.line(row) == b"refuse me")
            .map(|row| (row as u32, EventRefusal::TooOld))
            .collect();
        self.batches.lock().push(batch.clone());
        Ok(EventsAppended {
            rows: (batch.len() - refused.len()) as u64,
            streams_created: 0,
            refused,
        })
    }
}

pub const NOW_MS: i64 = 1_700_000_000_000;
pub const NOW_NS: i64 = NOW_MS * 1_000_000;

pub struct Stand {
    pub guard: Guard,
    pub kept: Arc<Kept>,
    pub clock: Arc<ManualClock>,
}

pub fn stand(settings: GuardSettings) -> Stand {
    let kept = Arc::new(Kept::default());
    let clock = Arc::new(ManualClock::new(NOW_MS));
    let guard = Guard::new(settings, kept.clone(), clock.clone()).expect("settings are right");
    Stand { guard, kept, clock }
}

/// No enrichment, so that rows come out as they came in.
pub fn plain() -> GuardSettings {
    GuardSettings {
        enrichment: EnrichmentSettings::off(),
        ..GuardSettings::default()
    }
}

/// Only limits.
pub fn bare() -> GuardSettings {
    GuardSettings {
        privacy: PrivacySettings::profile("off").expect("it is there"),
        ..plain()
    }
}

pub fn source() -> Source {
    Source {
        protocol: "loki",
        sender: "tenant".to_owned(),
    }
}

pub fn batch(labels: &[(&str, &str)], lines: &[&[u8]]) -> EventBatch {
    let mut batch = EventBatch::default();
    batch.begin_stream(&Labels::from_pairs(labels.iter().copied()));
    for line in lines {
        batch.push_row(NOW_NS, line);
    }
    batch
}

impl Stand {
    pub fn push(&self, mut batch: EventBatch) -> Taken {
        self.guard.push(&source(), &mut batch).expect("it is taken")
    }

    /// What the engine has: labels, line, fields as text.
    pub fn rows(&self) -> Vec<(String, String, String)> {
        let mut rows = Vec::new();
        for batch in self.kept.batches.lock().iter() {
            for (i, stream) in batch.streams.iter().enumerate() {
                let labels = Labels::from_canonical(batch.stream_labels(i)).expect("canonical");
                for row in stream.rows.clone() {
                    let row = row as usize;
                    let line = String::from_utf8_lossy(batch.line(row)).into_owned();
                    let fields: Vec<String> = batch
                        .fields(row)
                        .map(|(n, v)| match v {
                            FieldValue::Text(t) => format!("{n}={}", String::from_utf8_lossy(t)),
                            FieldValue::Int(v) => format!("{n}={v}"),
                            FieldValue::Float(v) => format!("{n}={v}"),
                            FieldValue::Bool(v) => format!("{n}={v}"),
                        })
                        .collect();
                    rows.push((labels.to_string(), line, fields.join(" ")));
                }
            }
        }
        rows
    }

    pub fn lines(&self) -> Vec<String> {
        self.rows().into_iter().map(|r| r.1).collect()
    }
}
