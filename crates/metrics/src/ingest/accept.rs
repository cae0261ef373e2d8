//! Deciding what becomes of each sample.
//!
//! Time is judged by series: a sample that is newer than its series' newest one is
//! in order, whatever other series have, so that a backfill of one job and a host
//! with a slow clock do not disturb each other.

use binnacle_model::append::{AppendOptions, Appended, Batch, Refusal};

use super::record::Staged;
use super::{NOT_FOUND, Writer};
use crate::engine::{HeadPart, Inner};
use crate::head::Generation;
use crate::registry::SeriesId;

/// What holds for all samples of a batch.
struct Bounds {
    oldest_ms: i64,
    newest_ms: i64,
    window_ms: i64,
}

/// Where samples that were accepted before may lie.
struct Before<'a> {
    generation: &'a Generation,
    frozen: Option<HeadPart>,
    staged_before: bool,
}

impl Inner {
    /// Fills `writer.staged` with the samples that are accepted.
    pub(super) fn accept(
        &self,
        writer: &mut Writer,
        batch: &Batch,
        options: AppendOptions,
        answer: &mut Appended,
    ) {
        let bounds = self.bounds(options);
        writer.staged.clear();
        writer.seen.begin(batch.series.len());
        let generation = writer.head.generation.read();
        for (i, (series, &id)) in batch.series.iter().zip(&writer.ids).enumerate() {
            if id == NOT_FOUND {
                continue;
            }
            let range = series.samples.start as usize..series.samples.end as usize;
            let (Some(times), Some(values)) =
                (batch.times_ms.get(range.clone()), batch.values.get(range))
            else {
                answer.refused.push((i as u32, 0, Refusal::BadLabels));
                continue;
            };
            let staged_before = !writer.seen.insert(id);
            let mut last = generation
                .tail(id)
                .map_or((i64::MIN, 0.0), |tail| tail.last());
            if staged_before {
                last = newest(&writer.staged, id, last);
            }
            for (k, (&t_ms, &value)) in times.iter().zip(values).enumerate() {
                if t_ms > last.0 && t_ms >= bounds.oldest_ms && t_ms <= bounds.newest_ms {
                    writer.staged.push(id, t_ms, value);
                    last = (t_ms, value);
                    answer.samples += 1;
                    continue;
                }
                let before = Before {
                    generation: &generation,
                    frozen: self.frozen_of(&writer.head),
                    staged_before: staged_before || k > 0,
                };
                match judge(&bounds, &before, &writer.staged, id, last, (t_ms, value)) {
                    Ok(true) => {
                        writer.staged.push(id, t_ms, value);
                        answer.samples += 1;
                    }
                    Ok(false) => answer.samples += 1,
                    Err(why) => answer.refused.push((i as u32, k as u32, why)),
                }
            }
        }
    }

    fn bounds(&self, options: AppendOptions) -> Bounds {
        let now_ms = self.clock.now_ms();
        let o = &self.options;
        Bounds {
            oldest_ms: if o.retention_ms > 0 {
                now_ms.saturating_sub(o.retention_ms)
            } else {
                i64::MIN + 1
            },
            newest_ms: if o.future_max_ms > 0 {
                now_ms.saturating_add(o.future_max_ms)
            } else {
                i64::MAX
            },
            window_ms: if options.in_order_only {
                0
            } else {
                o.out_of_order_window_ms
            },
        }
    }

    /// The frozen generation, when its series numbers are those of `head`.
    fn frozen_of(&self, head: &HeadPart) -> Option<HeadPart> {
        let state = self.state.read();
        state
            .frozen
            .as_ref()
            .filter(|f| std::sync::Arc::ptr_eq(&f.registry, &head.registry))
            .cloned()
    }
}

/// Decides about a sample that is not simply the next one: store it, say yes and
/// store nothing (it is there), or refuse it.
#[cold]
fn judge(
    bounds: &Bounds,
    before: &Before<'_>,
    staged: &Staged,
    id: SeriesId,
    last: (i64, f64),
    (t_ms, value): (i64, f64),
) -> Result<bool, Refusal> {
    if t_ms > bounds.newest_ms {
        return Err(Refusal::TooFarInFuture);
    }
    if t_ms < bounds.oldest_ms {
        return Err(Refusal::TooOld);
    }
    let stored = if t_ms == last.0 {
        Some(last.1)
    } else {
        before.value_at(staged, id, t_ms)
    };
    match stored {
        Some(stored) if stored.to_bits() == value.to_bits() => return Ok(false),
        Some(_) => return Err(Refusal::DuplicateTimestamp),
        None => {}
    }
    if bounds.window_ms <= 0 {
        return Err(Refusal::OutOfOrder);
    }
    if t_ms < last.0.saturating_sub(bounds.window_ms) {
        return Err(Refusal::TooOld);
    }
    Ok(true)
}

impl Before<'_> {
    /// The value at exactly `t_ms`, if the head has one or it is the series' newest.
    /// Blocks are not asked: a
    /// sample that comes after its time was flushed replaces what a block has.
    fn value_at(&self, staged: &Staged, id: SeriesId, t_ms: i64) -> Option<f64> {
        if self.staged_before
            && let Some(i) = (0..staged.ids.len())
                .rev()
                .find(|&i| staged.ids[i] == id && staged.times_ms[i] == t_ms)
        {
            return Some(staged.values[i]);
        }
        if let Some(value) = self.generation.tail(id).and_then(|t| t.value_at(t_ms)) {
            return Some(value);
        }
        let frozen = self.frozen.as_ref()?.generation.read();
        frozen.tail(id).and_then(|t| t.value_at(t_ms))
    }
}

/// The newest of `last` and what the batch staged for the series before.
#[cold]
fn newest(staged: &Staged, id: SeriesId, last: (i64, f64)) -> (i64, f64) {
    (0..staged.ids.len())
        .filter(|&i| staged.ids[i] == id)
        .map(|i| (staged.times_ms[i], staged.values[i]))
        .fold(last, |a, b| if b.0 > a.0 { b } else { a })
}
