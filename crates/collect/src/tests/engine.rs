//! An engine that remembers everything, for looking at what was appended.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};

use binnacle_model::append::{
    Append, AppendError, AppendOptions, Appended, Batch, Refusal, SeriesKey, SeriesRef,
};
use binnacle_model::labels::Labels;
use binnacle_model::sample::is_stale;
use binnacle_stdx::clock::Clock;
use parking_lot::Mutex;

/// A plain map behind [`Append`].
#[derive(Default)]
pub(super) struct Engine {
    state: Mutex<State>,
    pub(super) batches: AtomicU64,
}

#[derive(Default)]
struct State {
    refs: HashMap<Labels, u64>,
    labels: HashMap<u64, Labels>,
    samples: HashMap<Labels, Vec<(i64, f64)>>,
    metadata: Vec<String>,
    closed: bool,
}

impl Engine {
    /// Forgets all references, as an engine does that dropped its series.
    pub(super) fn forget(&self) {
        let mut state = self.state.lock();
        state.labels.clear();
        state.refs.clear();
    }

    /// From now on every batch is refused as a whole.
    pub(super) fn close(&self, closed: bool) {
        self.state.lock().closed = closed;
    }

    /// All series as `{labels} t=v ...`, ascending, without the scrape's reports;
    /// staleness markers as `stale`.
    pub(super) fn shown(&self) -> Vec<String> {
        self.matching(|labels| {
            let name = labels.metric_name().unwrap_or_default();
            name != "up" && !name.starts_with("scrape_")
        })
    }

    /// All series of a metric.
    pub(super) fn metric(&self, name: &str) -> Vec<String> {
        self.matching(|labels| labels.metric_name() == Some(name))
    }

    /// The values of the one series of a metric.
    pub(super) fn values(&self, name: &str) -> Vec<f64> {
        let state = self.state.lock();
        let mut found = state
            .samples
            .iter()
            .filter(|(l, _)| l.metric_name() == Some(name));
        found.next().map_or_else(Vec::new, |(_, samples)| {
            samples.iter().map(|s| s.1).collect()
        })
    }

    pub(super) fn metadata(&self) -> Vec<String> {
        self.state.lock().metadata.clone()
    }

    fn matching(&self, wanted: impl Fn(&Labels) -> bool) -> Vec<String> {
        let state = self.state.lock();
        let mut all: Vec<String> = state
            .samples
            .iter()
            .filter(|(labels, _)| wanted(labels))
            .map(|(labels, samples)| {
                let mut line = labels.to_string();
                for (t, v) in samples {
                    line.push_str(&match is_stale(*v) {
                        true => format!(" {t}=stale"),
                        false => format!(" {t}={v}"),
                    });
                }
                line
            })
            .collect();
        all.sort();
        all
    }
}

impl Append for Engine {
    fn append(&self, batch: &Batch, options: AppendOptions) -> Result<Appended, AppendError> {
        let mut state = self.state.lock();
        if state.closed {
            return Err(AppendError::Closed);
        }
        self.batches.fetch_add(1, Ordering::Relaxed);
        let mut appended = Appended::default();
        for (i, series) in batch.series.iter().enumerate() {
            let labels = match &series.key {
                SeriesKey::Ref(r) => state.labels.get(&r.0).cloned(),
                SeriesKey::Labels(range) => {
                    let bytes = &batch.label_bytes[range.start as usize..range.end as usize];
                    Some(Labels::from_canonical(bytes).expect("canonical labels"))
                }
            };
            let Some(labels) = labels else {
                appended.refused.push((i as u32, 0, Refusal::UnknownSeries));
                appended.refs.push(SeriesRef(0));
                continue;
            };
            let next = state.refs.len() as u64 + 1;
            let reference = *state.refs.entry(labels.clone()).or_insert(next);
            state.labels.insert(reference, labels.clone());
            if options.want_refs {
                appended.refs.push(SeriesRef(reference));
            }
            let samples = state.samples.entry(labels).or_default();
            for s in series.samples.start..series.samples.end {
                let (t, v) = (batch.times_ms[s as usize], batch.values[s as usize]);
                let refusal = match samples.last() {
                    Some((last, _)) if *last > t => Some(Refusal::OutOfOrder),
                    Some((last, value)) if *last == t && value.to_bits() != v.to_bits() => {
                        Some(Refusal::DuplicateTimestamp)
                    }
                    _ => None,
                };
                match refusal {
                    Some(refusal) => appended.refused.push((i as u32, s, refusal)),
                    None => {
                        samples.push((t, v));
                        appended.samples += 1;
                    }
                }
            }
        }
        if !options.want_refs {
            appended.refs.clear();
        }
        state.metadata.extend(
            batch
                .metadata
                .iter()
                .map(|(n, m)| format!("{n} {} {}", m.kind.as_str(), m.help)),
        );
        Ok(appended)
    }
}

/// A wall clock that follows tokio's time, which tests pause.
pub(super) struct TokioClock {
    base_ms: i64,
    start: tokio::time::Instant,
}

impl TokioClock {
    pub(super) fn new(base_ms: i64) -> Self {
        Self {
            base_ms,
            start: tokio::time::Instant::now(),
        }
    }
}

impl Clock for TokioClock {
    fn now_ms(&self) -> i64 {
        self.base_ms + self.start.elapsed().as_millis() as i64
    }
}
