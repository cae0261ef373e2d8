//! Finding the series of a batch.
//!
//! Random access to memory costs 200 to 300 nanoseconds here, five times the rest of
//! the look-up, so it is done for a run of series at a time: hash all, ask for the
//! table slots, ask for the keys and tails, and only then compare.

use binnacle_model::append::{Appended, Batch, BatchSeries, Refusal, SeriesKey};

use super::Writer;
use crate::engine::Inner;
use crate::registry::{RegisterError, Registry, SeriesId, prefetch};

/// In place of a series number: there is none, and it has been said why.
pub(crate) const NOT_FOUND: SeriesId = SeriesId::MAX;

/// In place of a series number: the labels are new.
const NEW: SeriesId = SeriesId::MAX - 1;

/// Series looked up together: enough to hide the latency, few enough for the cache.
const RUN: usize = 64;

impl Inner {
    /// Fills `writer.ids`, registers what is new, and says what is refused.
    pub(super) fn resolve(&self, writer: &mut Writer, batch: &Batch, answer: &mut Appended) {
        writer.ids.clear();
        writer.keys.clear();
        let mut news = 0;
        {
            let registry = writer.head.registry.read();
            let generation = writer.head.generation.read();
            for run in batch.series.chunks(RUN) {
                let first = writer.keys.len();
                for series in run {
                    let key = match canonical(batch, series) {
                        Some(bytes) => registry.key(bytes),
                        None => 0,
                    };
                    registry.prefetch_slot(key);
                    writer.keys.push(key);
                }
                for &key in &writer.keys[first..] {
                    if let Some(tail) = registry
                        .prefetch_key(key)
                        .and_then(|id| generation.tail(id))
                    {
                        prefetch(tail);
                    }
                }
                for (series, &key) in run.iter().zip(&writer.keys[first..]) {
                    let id = match &series.key {
                        SeriesKey::Ref(reference) => {
                            registry.resolve(*reference).unwrap_or(NOT_FOUND)
                        }
                        SeriesKey::Labels(_) => registry.find(key).unwrap_or(NEW),
                    };
                    news += usize::from(id == NEW);
                    writer.ids.push(id);
                }
            }
        }
        if news > 0 {
            self.register(writer, batch, answer);
        }
        for (i, (series, &id)) in batch.series.iter().zip(&writer.ids).enumerate() {
            if id == NOT_FOUND && matches!(series.key, SeriesKey::Ref(_)) {
                refuse_all(answer, i, series, Refusal::UnknownSeries);
            }
        }
    }

    fn register(&self, writer: &mut Writer, batch: &Batch, answer: &mut Appended) {
        let mut registry = writer.head.registry.write();
        for (i, series) in batch.series.iter().enumerate() {
            if writer.ids[i] != NEW {
                continue;
            }
            writer.ids[i] = match self.register_one(&mut registry, batch, series, writer.keys[i]) {
                Ok((id, new)) => {
                    answer.series_created += u64::from(new);
                    id
                }
                Err(why) => {
                    refuse_all(answer, i, series, why);
                    NOT_FOUND
                }
            };
        }
    }

    fn register_one(
        &self,
        registry: &mut Registry,
        batch: &Batch,
        series: &BatchSeries,
        key: u128,
    ) -> Result<(SeriesId, bool), Refusal> {
        let bytes = canonical(batch, series).ok_or(Refusal::BadLabels)?;
        if let Some(id) = registry.find(key) {
            return Ok((id, false));
        }
        if registry.len() >= self.options.series_max as usize {
            return Err(Refusal::TooManySeries);
        }
        match registry.insert(bytes, key) {
            Ok(id) => Ok((id, true)),
            Err(RegisterError::BadLabels) => Err(Refusal::BadLabels),
            Err(RegisterError::Full) => Err(Refusal::TooManySeries),
        }
    }
}

fn canonical<'a>(batch: &'a Batch, series: &BatchSeries) -> Option<&'a [u8]> {
    match &series.key {
        SeriesKey::Labels(range) => batch
            .label_bytes
            .get(range.start as usize..range.end as usize),
        SeriesKey::Ref(_) => None,
    }
}

/// Refuses every sample of entry `i`.
fn refuse_all(answer: &mut Appended, i: usize, series: &BatchSeries, why: Refusal) {
    answer
        .refused
        .extend((0..series.samples.len() as u32).map(|sample| (i as u32, sample, why)));
}
