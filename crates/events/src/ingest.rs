//! From a batch to the log and the head.
//!
//! Many batches at once, each in three steps: find or make its streams, write one record
//! to the log, push into the head. The log puts records of several threads into one write
//! (group commit); the last step holds the readers' lock for a copy of the batch, which is
//! what makes it visible as a whole. When the log refuses, the head is as it was; streams
//! that were made stay, and the next record that uses them has their labels.
//!
//! Rows of two batches that go on at the same time may lie in the head in another order
//! than in the log: nobody was told of one before the other.

use std::sync::atomic::Ordering;

use binnacle_model::Labels;
use binnacle_model::append::AppendError;
use binnacle_model::event::append::{EventRefusal, EventsAppended};
use binnacle_model::event::{AppendEvents, EventBatch};
use binnacle_store::Error;
use binnacle_store::wal::RecordRef;

use crate::Engine;
use crate::engine::Inner;
use crate::record;
use crate::stats::count;

/// Appends wait for a flush when memory holds so many times what makes it due: one head is
/// being written out, one may fill meanwhile, and one is for merges that are in the way.
const CROWDED: usize = 3;

/// Appends are refused when memory holds so many times what makes a flush due: writing out
/// fails, again and again.
const OVERFULL: usize = 8;

impl Inner {
    /// Numbers of the batch's streams; `None` where the rows are refused.
    fn resolve(&self, batch: &EventBatch, answer: &mut EventsAppended) -> Vec<Option<u32>> {
        let mut ids: Vec<Option<u32>> = {
            let registry = self.registry.read();
            (0..batch.streams.len())
                .map(|i| registry.find(batch.stream_labels(i)))
                .collect()
        };
        if !ids.contains(&None) {
            return ids;
        }
        let mut registry = self.registry.write();
        for (i, id) in ids.iter_mut().enumerate().filter(|(_, id)| id.is_none()) {
            let refusal = match Labels::from_canonical(batch.stream_labels(i)) {
                Ok(labels) if !labels.is_empty() => {
                    let known = registry.find(labels.as_bytes());
                    let has_room = registry.len() < self.options.streams_max;
                    *id = match known {
                        None if has_room => registry.intern(&labels),
                        known => known,
                    };
                    if id.is_some() {
                        answer.streams_created += u64::from(known.is_none());
                        continue;
                    }
                    EventRefusal::TooManyStreams
                }
                _ => EventRefusal::BadLabels,
            };
            let rows = batch.streams[i].rows.clone();
            answer.refused.extend(rows.map(|row| (row, refusal)));
        }
        ids
    }

    /// Those of the streams whose labels the epoch of the log does not have, each once.
    fn not_logged(&self, ids: &[u32], epoch: u32) -> Vec<(u32, Labels)> {
        let registry = self.registry.read();
        let mut news: Vec<u32> = ids
            .iter()
            .copied()
            .filter(|&id| !registry.is_logged(id, epoch))
            .collect();
        news.sort_unstable();
        news.dedup();
        news.into_iter()
            .map(|id| (id, registry.labels(id)))
            .collect()
    }

    /// Writes a batch to the log and pushes it into the head. The caller holds the gate
    /// for reading. Answers how many bytes are in memory then.
    fn store(&self, batch: &EventBatch, ids: &[u32]) -> Result<usize, AppendError> {
        let epoch = self.epoch.load(Ordering::Relaxed);
        let news = self.not_logged(ids, epoch);
        let mut payload = Vec::with_capacity(batch.bytes.len() + 16 * batch.len() + 64);
        record::encode(epoch, &news, ids, batch, &mut payload);
        let record = RecordRef {
            kind: record::BATCH,
            parts: &[&payload],
        };
        self.wal.append(&[record]).map_err(|error| match error {
            // Nothing is broken: a smaller batch goes through.
            Error::Limit { .. } => AppendError::Full {
                message: format!("batch: {error}"),
            },
            error => error.into(),
        })?;
        if !news.is_empty() {
            let registry = self.registry.read();
            for (id, _) in &news {
                registry.set_logged(*id, epoch);
            }
        }
        let now_ms = self.clock.now_ms();
        let mut state = self.state.write();
        state.head.push(batch, ids, now_ms);
        Ok(state.head_bytes())
    }

    fn refuse_overfull(&self) -> Result<(), AppendError> {
        let bytes = self.state.read().head_bytes();
        let limit = self.options.head_bytes_max.saturating_mul(OVERFULL);
        if bytes < limit {
            return Ok(());
        }
        Err(AppendError::Full {
            message: format!(
                "{bytes} bytes are in memory and cannot be written out to {} (limit {limit}): \
                 see the log for why",
                self.dir.display()
            ),
        })
    }

    fn append(&self, batch: &EventBatch) -> Result<EventsAppended, AppendError> {
        self.refuse_overfull()?;
        let mut answer = EventsAppended::default();
        let bytes = {
            let _open = self.gate.read();
            let found = self.resolve(batch, &mut answer);
            let ids: Vec<u32> = found.iter().flatten().copied().collect();
            let kept;
            let batch = if ids.len() == found.len() {
                batch
            } else {
                kept = accepted(batch, &found);
                &kept
            };
            if batch.is_empty() {
                return Ok(answer);
            }
            answer.rows = batch.len() as u64;
            self.store(batch, &ids)?
        };
        count(&self.stats.rows, answer.rows);
        let due = self.options.head_bytes_max;
        if bytes >= due {
            self.bell.ring();
        }
        if bytes >= due.saturating_mul(CROWDED) {
            // The flush cannot keep up: the sender waits for it.
            if let Err(error) = self.flush_if_due(&mut self.maintenance.lock()) {
                tracing::error!(%error, "the head is over its limit and cannot be written out");
            }
        }
        Ok(answer)
    }
}

/// The rows of streams that have a number.
fn accepted(batch: &EventBatch, ids: &[Option<u32>]) -> EventBatch {
    let mut kept = EventBatch::default();
    for (i, _) in ids.iter().enumerate().filter(|(_, id)| id.is_some()) {
        kept.begin_stream_bytes(batch.stream_labels(i));
        for row in batch.streams[i].rows.clone() {
            let row = row as usize;
            kept.push_row(batch.times_ns[row], batch.line(row));
            for (name, value) in batch.fields(row) {
                kept.push_field(name, value);
            }
        }
    }
    kept
}

impl AppendEvents for Engine {
    fn append(&self, batch: &EventBatch) -> Result<EventsAppended, AppendError> {
        self.inner.append(batch)
    }
}
