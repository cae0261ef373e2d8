//! Series in memory, for rules to read and write while they are tried.
//!
//! Opening an engine for every test would cost more than the test. This is a map
//! from names to series, written in the order of time, with the same refusals as an
//! engine without an out-of-order window. Native histograms are kept and given out;
//! what can be computed with them is the language's business.

use std::collections::HashMap;
use std::sync::Arc;

use binnacle_model::append::{AppendError, AppendOptions, Appended, Refusal, SeriesKey};
use binnacle_model::histogram::{CounterReset, Histogram};
use binnacle_model::labels::METRIC_NAME;
use binnacle_model::limits::{Meter, Stopped};
use binnacle_model::matcher::all_match;
use binnacle_model::select::{Latest, SelectError, Selection};
use binnacle_model::{Append, Batch, Labels, MatchOp, Matcher, Sample, Samples, Select, SeriesSet};
use std::sync::{PoisonError, RwLock};

/// A storage in memory. Clones of a series are taken when it is selected, and
/// copied only when it is written meanwhile.
#[derive(Default)]
pub struct Storage {
    inner: RwLock<Inner>,
}

#[derive(Default)]
struct Inner {
    series: Vec<Stored>,
    by_labels: HashMap<Labels, usize>,
    by_name: HashMap<String, Vec<usize>>,
}

struct Stored {
    labels: Labels,
    samples: Arc<Samples>,
}

impl Storage {
    /// Adds one sample.
    ///
    /// # Errors
    /// When the series has a newer sample, or another one at the same time.
    pub fn add(&self, labels: &Labels, t_ms: i64, value: f64) -> Result<(), Refusal> {
        self.write().add(labels, t_ms, value)
    }

    /// Adds one native histogram, with what is known of resets as an engine tells it:
    /// nothing of the first, and of the others what the one before says.
    ///
    /// # Errors
    /// As [`Storage::add`].
    pub fn add_histogram(
        &self,
        labels: &Labels,
        t_ms: i64,
        histogram: &Histogram,
    ) -> Result<(), Refusal> {
        let mut inner = self.write();
        let id = inner.id(labels);
        let samples = &inner.series[id].samples;
        let before = match samples.histograms.last() {
            Some((at, before)) if *at as usize + 1 == samples.len() => Some(Arc::clone(before)),
            _ => None,
        };
        inner.add(labels, t_ms, 0.0)?;
        let mut histogram = histogram.clone();
        if histogram.reset == CounterReset::Unknown
            && let Some(before) = before
        {
            histogram.reset = if histogram.count < before.count {
                CounterReset::Reset
            } else {
                CounterReset::NotReset
            };
        }
        let samples = Arc::make_mut(&mut inner.series[id].samples);
        let at = u32::try_from(samples.len() - 1).unwrap_or(u32::MAX);
        samples.histograms.push((at, Arc::new(histogram)));
        Ok(())
    }

    /// The newest histogram of each matching series within `after_ms < t <= at_ms`,
    /// where the newest sample is one.
    #[must_use]
    pub fn histograms_at(
        &self,
        matchers: &[Matcher],
        after_ms: i64,
        at_ms: i64,
    ) -> Vec<(Labels, Arc<Histogram>)> {
        let inner = self.read();
        let mut found = Vec::new();
        for id in inner.matching(matchers) {
            let Stored { labels, samples } = &inner.series[id];
            let end = samples.times_ms.partition_point(|t| *t <= at_ms);
            let Some(last) = end.checked_sub(1) else {
                continue;
            };
            if samples.times_ms[last] <= after_ms {
                continue;
            }
            let at = u32::try_from(last).unwrap_or(u32::MAX);
            if let Ok(i) = samples.histograms.binary_search_by_key(&at, |(at, _)| *at) {
                found.push((labels.clone(), Arc::clone(&samples.histograms[i].1)));
            }
        }
        found.sort_by(|(a, _), (b, _)| a.cmp(b));
        found
    }

    /// Labels of all series that match, ascending.
    #[must_use]
    pub fn labels(&self, matchers: &[Matcher]) -> Vec<Labels> {
        let inner = self.read();
        let mut all: Vec<Labels> = inner
            .matching(matchers)
            .map(|id| inner.series[id].labels.clone())
            .collect();
        all.sort_unstable();
        all
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, Inner> {
        // Writers leave nothing half done, so what a panicked one left is whole.
        self.inner.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> std::sync::RwLockWriteGuard<'_, Inner> {
        self.inner.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn id(&mut self, labels: &Labels) -> usize {
        if let Some(id) = self.by_labels.get(labels) {
            return *id;
        }
        let id = self.series.len();
        self.series.push(Stored {
            labels: labels.clone(),
            samples: Arc::default(),
        });
        self.by_labels.insert(labels.clone(), id);
        let name = labels.metric_name().unwrap_or_default();
        self.by_name.entry(name.to_owned()).or_default().push(id);
        id
    }

    fn add(&mut self, labels: &Labels, t_ms: i64, value: f64) -> Result<(), Refusal> {
        let id = self.id(labels);
        let samples = &self.series[id].samples;
        if let Some(last) = samples.times_ms.last() {
            if t_ms < *last {
                return Err(Refusal::OutOfOrder);
            }
            if t_ms == *last {
                let same = samples.values[samples.len() - 1].to_bits() == value.to_bits();
                return if same {
                    Ok(())
                } else {
                    Err(Refusal::DuplicateTimestamp)
                };
            }
        }
        Arc::make_mut(&mut self.series[id].samples).push(t_ms, value);
        Ok(())
    }

    /// Numbers of the series that match.
    fn matching<'a>(&'a self, matchers: &'a [Matcher]) -> Box<dyn Iterator<Item = usize> + 'a> {
        let name = matchers
            .iter()
            .find(|m| m.name == METRIC_NAME && m.op == MatchOp::Equal);
        let fits = move |id: &usize| all_match(matchers, &self.series[*id].labels);
        match name {
            Some(name) => Box::new(
                self.by_name
                    .get(&name.value)
                    .into_iter()
                    .flatten()
                    .copied()
                    .filter(fits),
            ),
            None => Box::new((0..self.series.len()).filter(fits)),
        }
    }
}

impl Select for Storage {
    fn select(
        &self,
        selection: &Selection,
        sorted: bool,
        meter: &Arc<Meter>,
    ) -> Result<Box<dyn SeriesSet>, SelectError> {
        meter.check()?;
        let inner = self.read();
        let mut found: Vec<(Labels, Arc<Samples>)> = inner
            .matching(&selection.matchers)
            .map(|id| &inner.series[id])
            .filter(|stored| {
                let from = stored
                    .samples
                    .times_ms
                    .partition_point(|t| *t < selection.start_ms);
                let first = stored.samples.times_ms.get(from);
                first.is_some_and(|t| *t <= selection.end_ms)
            })
            .map(|stored| (stored.labels.clone(), Arc::clone(&stored.samples)))
            .collect();
        drop(inner);
        let limit = meter.limits().series_max;
        if found.len() as u64 > limit {
            let what = "series";
            return Err(Stopped::Limit { what, limit }.into());
        }
        if sorted {
            found.sort_by(|(a, _), (b, _)| a.cmp(b));
        }
        Ok(Box::new(Found(found)))
    }

    fn label_names(
        &self,
        matchers: &[Matcher],
        _start_ms: i64,
        _end_ms: i64,
        _meter: &Meter,
    ) -> Result<Vec<String>, SelectError> {
        let mut names: Vec<String> = self
            .labels(matchers)
            .iter()
            .flat_map(|labels| labels.iter().map(|(name, _)| name.to_owned()))
            .collect();
        names.sort_unstable();
        names.dedup();
        Ok(names)
    }

    fn label_values(
        &self,
        name: &str,
        matchers: &[Matcher],
        _start_ms: i64,
        _end_ms: i64,
        _meter: &Meter,
    ) -> Result<Vec<String>, SelectError> {
        let mut values: Vec<String> = self
            .labels(matchers)
            .iter()
            .filter_map(|labels| labels.get(name).map(str::to_owned))
            .collect();
        values.sort_unstable();
        values.dedup();
        Ok(values)
    }
}

impl Append for Storage {
    fn append(&self, batch: &Batch, _options: AppendOptions) -> Result<Appended, AppendError> {
        let mut inner = self.write();
        let mut appended = Appended::default();
        for (i, series) in (0..).zip(&batch.series) {
            let range = series.samples.start as usize..series.samples.end as usize;
            let labels = match &series.key {
                SeriesKey::Labels(bytes) => {
                    let bytes = &batch.label_bytes[bytes.start as usize..bytes.end as usize];
                    Labels::from_canonical(bytes).map_err(|_| Refusal::BadLabels)
                }
                SeriesKey::Ref(_) => Err(Refusal::UnknownSeries),
            };
            let before = inner.series.len();
            for (j, at) in (0..).zip(range) {
                let (t_ms, value) = (batch.times_ms[at], batch.values[at]);
                let added = match &labels {
                    Ok(labels) => inner.add(labels, t_ms, value),
                    Err(why) => Err(*why),
                };
                match added {
                    Ok(()) => appended.samples += 1,
                    Err(why) => appended.refused.push((i, j, why)),
                }
            }
            appended.series_created += (inner.series.len() - before) as u64;
        }
        Ok(appended)
    }
}

/// What a selection found.
struct Found(Vec<(Labels, Arc<Samples>)>);

impl SeriesSet for Found {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn labels(&self, i: usize) -> Labels {
        self.0[i].0.clone()
    }

    fn read(
        &self,
        i: usize,
        start_ms: i64,
        end_ms: i64,
        out: &mut Samples,
    ) -> Result<(), SelectError> {
        let samples = &self.0[i].1;
        let from = samples.times_ms.partition_point(|t| *t < start_ms);
        let to = samples.times_ms.partition_point(|t| *t <= end_ms).max(from);
        let shift = out.len();
        for (at, histogram) in &samples.histograms {
            let at = *at as usize;
            if (from..to).contains(&at) {
                let at = u32::try_from(at - from + shift).unwrap_or(u32::MAX);
                out.histograms.push((at, Arc::clone(histogram)));
            }
        }
        out.times_ms.extend_from_slice(&samples.times_ms[from..to]);
        out.values.extend_from_slice(&samples.values[from..to]);
        Ok(())
    }

    fn latest(&self, i: usize, after_ms: i64, at_ms: i64) -> Result<Option<Latest>, SelectError> {
        let samples = &self.0[i].1;
        let end = samples.times_ms.partition_point(|t| *t <= at_ms);
        let Some(last) = end
            .checked_sub(1)
            .filter(|i| samples.times_ms[*i] > after_ms)
        else {
            return Ok(None);
        };
        let at = u32::try_from(last).unwrap_or(u32::MAX);
        if samples
            .histograms
            .binary_search_by_key(&at, |(at, _)| *at)
            .is_ok()
        {
            return Ok(Some(Latest::Histogram));
        }
        Ok(Some(Latest::Float(Sample {
            t_ms: samples.times_ms[last],
            value: samples.values[last],
        })))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_come_in_order() {
        let storage = Storage::default();
        let up = Labels::from_pairs([("__name__", "up")]);
        assert_eq!(storage.add(&up, 10, 1.0), Ok(()));
        assert_eq!(storage.add(&up, 10, 1.0), Ok(()));
        assert_eq!(storage.add(&up, 10, 2.0), Err(Refusal::DuplicateTimestamp));
        assert_eq!(storage.add(&up, 9, 1.0), Err(Refusal::OutOfOrder));
        assert_eq!(storage.add(&up, 11, 2.0), Ok(()));
    }
}
