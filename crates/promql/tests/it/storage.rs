//! Series in memory, for the evaluator to read.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use binnacle_model::histogram::Histogram;
use binnacle_model::labels::{LabelsBuilder, METRIC_NAME};
use binnacle_model::limits::{Meter, Stopped};
use binnacle_model::matcher::all_match;
use binnacle_model::select::{SelectError, Selection};
use binnacle_model::{Labels, Matcher, Samples, Select, SeriesSet};
use binnacle_promql::parse::SeriesValue;
use binnacle_promql::script::Action;
use binnacle_promql::script::{Load, Script};

#[derive(Debug, Clone)]
struct Point {
    value: f64,
    histogram: Option<Arc<Histogram>>,
    start_ms: i64,
}

type Series = BTreeMap<i64, Point>;

/// A storage that scripts load.
#[derive(Default)]
pub struct Storage {
    series: BTreeMap<Labels, Arc<Series>>,
    read_histograms: AtomicBool,
    selections: Mutex<Vec<Selection>>,
}

impl Storage {
    /// What the `load` commands of a script make.
    pub fn loaded(script: &str) -> Self {
        let mut storage = Self::default();
        for command in Script::parse(script).expect("a script").commands {
            match command.action {
                Action::Load(load) => storage.load(&load),
                other => panic!("not a load command: {other:?}"),
            }
        }
        storage
    }

    /// Adds to what is there.
    pub fn load(&mut self, load: &Load) {
        for series in &load.series {
            let labels = &series.description.labels;
            let mut t_ms = 0;
            for (i, value) in series.description.values.iter().enumerate() {
                let start = series.starts_ms.get(i).copied().flatten();
                let start_ms = start.map_or(0, |start| t_ms + start);
                match value {
                    SeriesValue::Omitted => {}
                    SeriesValue::Float(value) => {
                        self.add(
                            labels,
                            t_ms,
                            Point {
                                value: *value,
                                histogram: None,
                                start_ms,
                            },
                        );
                    }
                    SeriesValue::Histogram { histogram, .. } => {
                        let histogram = Some(Arc::clone(histogram));
                        self.add(
                            labels,
                            t_ms,
                            Point {
                                value: 0.0,
                                histogram,
                                start_ms,
                            },
                        );
                    }
                }
                t_ms += load.interval_ms;
            }
        }
        if load.with_nhcb {
            self.load_custom_bounds(load);
        }
    }

    fn add(&mut self, labels: &Labels, t_ms: i64, point: Point) {
        let series = self.series.entry(labels.clone()).or_default();
        Arc::make_mut(series).insert(t_ms, point);
    }

    /// Makes native histograms with custom bounds out of the classic ones of `load`.
    fn load_custom_bounds(&mut self, load: &Load) {
        #[derive(Default)]
        struct Classic {
            buckets: Vec<(f64, f64)>,
            count: Option<f64>,
            sum: f64,
        }
        let mut found: BTreeMap<(Labels, i64), Classic> = BTreeMap::new();
        for series in &load.series {
            let labels = &series.description.labels;
            let name = labels.metric_name().unwrap_or_default();
            let Some((base, part)) = name.rsplit_once('_') else {
                continue;
            };
            let bound = labels.get("le").and_then(|le| le.parse::<f64>().ok());
            let mut own: LabelsBuilder = labels.to_builder();
            own.remove("le").set(METRIC_NAME, base);
            let own = own.build();
            for (i, value) in series.description.values.iter().enumerate() {
                let SeriesValue::Float(value) = value else {
                    continue;
                };
                let t_ms = load.interval_ms * i as i64;
                let classic = || (own.clone(), t_ms);
                match (part, bound) {
                    ("bucket", Some(bound)) => {
                        found
                            .entry(classic())
                            .or_default()
                            .buckets
                            .push((bound, *value));
                    }
                    ("count", None) => found.entry(classic()).or_default().count = Some(*value),
                    ("sum", None) => found.entry(classic()).or_default().sum = *value,
                    _ => {}
                }
            }
        }
        for ((labels, t_ms), mut classic) in found {
            classic.buckets.sort_by(|a, b| a.0.total_cmp(&b.0));
            let mut histogram = Histogram {
                schema: -53,
                sum: classic.sum,
                ..Histogram::default()
            };
            let mut below = 0.0;
            for (bound, count) in &classic.buckets {
                if bound.is_finite() {
                    histogram.custom_bounds.push(*bound);
                }
                histogram.positive_buckets.push(count - below);
                below = *count;
            }
            histogram.count = classic.count.unwrap_or(below);
            if histogram.positive_buckets.len() == histogram.custom_bounds.len() {
                histogram.positive_buckets.push(histogram.count - below);
            }
            let length = histogram.positive_buckets.len() as u32;
            histogram.positive_spans = vec![binnacle_model::histogram::Span { offset: 0, length }];
            let histogram = Some(Arc::new(histogram));
            self.add(
                &labels,
                t_ms,
                Point {
                    value: 0.0,
                    histogram,
                    start_ms: 0,
                },
            );
        }
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// Whether a native histogram was found by a selection since this was last asked.
    pub fn took_histograms(&self) -> bool {
        self.read_histograms.swap(false, Ordering::Relaxed)
    }

    /// The selections since this was last asked.
    pub fn took_selections(&self) -> Vec<Selection> {
        std::mem::take(&mut self.selections.lock().expect("no panic while locked"))
    }
}

struct Found(Vec<(Labels, Arc<Series>)>);

impl Select for Storage {
    fn select(
        &self,
        selection: &Selection,
        _sorted: bool,
        meter: &Arc<Meter>,
    ) -> Result<Box<dyn SeriesSet>, SelectError> {
        meter.check()?;
        self.selections
            .lock()
            .expect("no panic while locked")
            .push(selection.clone());
        let range = selection.start_ms..=selection.end_ms.max(selection.start_ms);
        let mut found = Vec::new();
        for (labels, series) in &self.series {
            if !all_match(&selection.matchers, labels) {
                continue;
            }
            let mut points = series.range(range.clone()).peekable();
            if points.peek().is_none() {
                continue;
            }
            if points.any(|(_, point)| point.histogram.is_some()) {
                self.read_histograms.store(true, Ordering::Relaxed);
            }
            found.push((labels.clone(), Arc::clone(series)));
        }
        let limit = meter.limits().series_max;
        if found.len() as u64 > limit {
            return Err(Stopped::Limit {
                what: "series",
                limit,
            }
            .into());
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
            .series
            .keys()
            .filter(|labels| all_match(matchers, labels))
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
            .series
            .keys()
            .filter(|labels| all_match(matchers, labels))
            .filter_map(|labels| labels.get(name).map(str::to_owned))
            .collect();
        values.sort_unstable();
        values.dedup();
        Ok(values)
    }
}

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
        if start_ms > end_ms {
            return Ok(());
        }
        for (t_ms, point) in self.0[i].1.range(start_ms..=end_ms) {
            if let Some(histogram) = &point.histogram {
                out.histograms
                    .push((out.len() as u32, Arc::clone(histogram)));
            }
            // Starts are there for all samples or for none.
            if point.start_ms != 0 && out.starts_ms.is_empty() {
                out.starts_ms.resize(out.times_ms.len(), 0);
            }
            let with_starts = point.start_ms != 0 || !out.starts_ms.is_empty();
            out.times_ms.push(*t_ms);
            out.values.push(point.value);
            if with_starts {
                out.starts_ms.push(point.start_ms);
            }
        }
        Ok(())
    }
}
