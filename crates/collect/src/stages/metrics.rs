//! `metrics`: what lines say becomes counters, gauges and histograms; and the counts of
//! lines that stages dropped.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use parking_lot::Mutex;

use super::settings::{MetricAction, MetricKind, MetricSettings, StageError};
use super::{Change, Entry, Extracted};

/// What a metric's name begins with when nothing else is set.
const PREFIX: &str = "promtail_custom_";

/// How long a series stays that no line touches, nanoseconds.
const IDLE_NS: i64 = 300_000_000_000;

/// Series of one metric, at most; further ones are not counted.
const SERIES_MAX: usize = 10_000;

/// Reasons that are counted apart, at most.
const REASONS_MAX: usize = 1_000;

/// Buckets of histograms that name none.
const BUCKETS: [f64; 11] = [
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];

type SeriesLabels = Vec<(String, String)>;

#[derive(Debug, Clone, Default)]
struct Series {
    value: f64,
    /// Counts by bucket, not cumulative; the last is that above all bounds.
    counts: Vec<u64>,
    touched_ns: i64,
}

#[derive(Debug)]
struct Family {
    kind: MetricKind,
    help: String,
    buckets: Vec<f64>,
    idle_ns: i64,
    series: HashMap<SeriesLabels, Series>,
}

/// Metrics of all pipelines of a process.
#[derive(Debug, Default)]
pub struct StageMetrics {
    families: Mutex<BTreeMap<String, Family>>,
    dropped: Mutex<BTreeMap<String, u64>>,
}

/// A metric as it is at one time.
#[derive(Debug, Clone, PartialEq)]
pub struct FamilySnapshot {
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: MetricKind,
    /// What it is.
    pub help: String,
    /// Its series, ascending by labels.
    pub series: Vec<SeriesSnapshot>,
}

/// A series as it is at one time.
#[derive(Debug, Clone, PartialEq)]
pub struct SeriesSnapshot {
    /// Labels, ascending.
    pub labels: SeriesLabels,
    /// Its value.
    pub value: SeriesValue,
}

/// The value of a series.
#[derive(Debug, Clone, PartialEq)]
pub enum SeriesValue {
    /// Of a counter or a gauge.
    Number(f64),
    /// Of a histogram.
    Histogram(HistogramSnapshot),
}

/// A histogram: upper bounds with cumulative counts, the last one infinite.
#[derive(Debug, Clone, PartialEq)]
pub struct HistogramSnapshot {
    /// Upper bound and count of what is not above it.
    pub buckets: Vec<(f64, u64)>,
    /// Sum of all values.
    pub sum: f64,
}

impl StageMetrics {
    /// Counts a dropped line.
    pub(super) fn dropped(&self, reason: &str) {
        let mut dropped = self.dropped.lock();
        if let Some(count) = dropped.get_mut(reason) {
            *count += 1;
        } else if dropped.len() < REASONS_MAX {
            dropped.insert(reason.to_owned(), 1);
        }
    }

    /// Lines that stages dropped, by reason (`logentry_dropped_lines_total`).
    #[must_use]
    pub fn dropped_lines(&self) -> Vec<(String, u64)> {
        let dropped = self.dropped.lock();
        dropped.iter().map(|(r, n)| (r.clone(), *n)).collect()
    }

    /// All metrics, without series that no line touched for too long; these are forgotten.
    #[must_use]
    pub fn snapshot(&self, now_ns: i64) -> Vec<FamilySnapshot> {
        let mut families = self.families.lock();
        families
            .iter_mut()
            .map(|(name, family)| {
                let oldest_ns = now_ns.saturating_sub(family.idle_ns);
                family.series.retain(|_, s| s.touched_ns >= oldest_ns);
                FamilySnapshot {
                    name: name.clone(),
                    kind: family.kind,
                    help: family.help.clone(),
                    series: family.snapshot(),
                }
            })
            .filter(|family| !family.series.is_empty())
            .collect()
    }

    fn declare(&self, name: &str, metric: &Metric) {
        let mut families = self.families.lock();
        families.entry(name.to_owned()).or_insert_with(|| Family {
            kind: metric.kind,
            help: metric.help.clone(),
            buckets: metric.buckets.clone(),
            idle_ns: metric.idle_ns,
            series: HashMap::new(),
        });
    }

    fn touch(
        &self,
        name: &str,
        labels: &SeriesLabels,
        now_ns: i64,
        act: impl FnOnce(&mut Series, &[f64]),
    ) {
        let mut families = self.families.lock();
        let Some(family) = families.get_mut(name) else {
            return;
        };
        if !family.series.contains_key(labels) {
            if family.series.len() >= SERIES_MAX {
                return;
            }
            family.series.insert(labels.clone(), Series::default());
        }
        if let Some(series) = family.series.get_mut(labels) {
            series.touched_ns = now_ns;
            act(series, &family.buckets);
        }
    }
}

impl Family {
    fn snapshot(&self) -> Vec<SeriesSnapshot> {
        let mut all: Vec<SeriesSnapshot> = self
            .series
            .iter()
            .map(|(labels, series)| SeriesSnapshot {
                labels: labels.clone(),
                value: match self.kind {
                    MetricKind::Histogram => SeriesValue::Histogram(self.histogram(series)),
                    MetricKind::Counter | MetricKind::Gauge => SeriesValue::Number(series.value),
                },
            })
            .collect();
        all.sort_by(|a, b| a.labels.cmp(&b.labels));
        all
    }

    fn histogram(&self, series: &Series) -> HistogramSnapshot {
        let bounds = self.buckets.iter().copied().chain([f64::INFINITY]);
        let mut sum = 0;
        let buckets = bounds
            .zip(&series.counts)
            .map(|(bound, count)| {
                sum += count;
                (bound, sum)
            })
            .collect();
        HistogramSnapshot {
            buckets,
            sum: series.value,
        }
    }
}

/// One of the metrics of a stage.
struct Metric {
    name: String,
    kind: MetricKind,
    help: String,
    source: String,
    idle_ns: i64,
    match_all: bool,
    count_entry_bytes: bool,
    value: Option<String>,
    action: MetricAction,
    buckets: Vec<f64>,
}

pub(super) struct Metrics {
    metrics: Vec<Metric>,
    all: Arc<StageMetrics>,
}

impl Metric {
    fn new(name: &str, settings: &MetricSettings) -> Result<Self, StageError> {
        let kind = match settings.kind.to_lowercase().as_str() {
            "counter" => MetricKind::Counter,
            "gauge" => MetricKind::Gauge,
            "histogram" => MetricKind::Histogram,
            other => {
                return Err(StageError::whole(format!(
                    "invalid metric type '{other}', metric type must be one of 'counter', \
                     'gauge', or 'histogram'"
                )));
            }
        };
        let idle_ns = match &settings.max_idle_duration {
            None => IDLE_NS,
            Some(text) => binnacle_logql::stage::go_duration(text).map_err(|e| {
                StageError::whole(format!(
                    "max_idle_duration could not be parsed as a time.Duration: '{e}'"
                ))
            })?,
        };
        if idle_ns < 1_000_000_000 {
            return Err(StageError::whole(
                "max_idle_duration less than 1s not allowed",
            ));
        }
        let prefix = match settings.prefix.as_str() {
            "" => PREFIX,
            own => own,
        };
        let name_of_all = format!("{prefix}{name}");
        if !binnacle_model::labels::is_legacy_metric_name(&name_of_all) {
            return Err(StageError::whole(format!(
                "\"{name_of_all}\" is not a valid metric name"
            )));
        }
        let action = action(kind, settings)?;
        let mut buckets = settings.buckets.clone();
        if kind == MetricKind::Histogram && buckets.is_empty() {
            buckets = BUCKETS.to_vec();
        }
        buckets.retain(|b| b.is_finite());
        buckets.sort_by(f64::total_cmp);
        buckets.dedup();
        Ok(Self {
            name: name_of_all,
            kind,
            help: settings.description.clone(),
            source: settings.source.clone().unwrap_or_else(|| name.to_owned()),
            idle_ns,
            match_all: settings.match_all,
            count_entry_bytes: settings.count_entry_bytes,
            value: settings.value.clone(),
            action,
            buckets,
        })
    }

    fn note(&self, entry: &Entry, labels: &SeriesLabels, now_ns: i64, all: &StageMetrics) {
        let given = if self.kind == MetricKind::Counter && self.match_all {
            let bytes = self.count_entry_bytes.then_some(entry.line.len() as f64);
            Some(Extracted::Number(bytes.unwrap_or(1.0)))
        } else {
            entry.extracted.get(&self.source).cloned()
        };
        let Some(given) = given else { return };
        if let Some(value) = &self.value
            && given.text().as_deref() != Some(value)
        {
            return;
        }
        let number = given.number();
        if self.kind == MetricKind::Histogram {
            let Some(number) = number else { return };
            all.touch(&self.name, labels, now_ns, |series, bounds| {
                series.counts.resize(bounds.len() + 1, 0);
                let at = bounds.partition_point(|b| *b < number);
                series.counts[at] += 1;
                series.value += number;
            });
            return;
        }
        let by = match (self.action, number) {
            (MetricAction::Inc, _) => 1.0,
            (MetricAction::Dec, _) => -1.0,
            (MetricAction::Add | MetricAction::Set, Some(number)) => number,
            (MetricAction::Sub, Some(number)) => -number,
            (_, None) => return,
        };
        if self.kind == MetricKind::Counter && (by < 0.0 || by.is_nan()) {
            return;
        }
        all.touch(&self.name, labels, now_ns, |series, _| {
            series.value = match self.action {
                MetricAction::Set => by,
                _ => series.value + by,
            };
        });
    }
}

fn action(kind: MetricKind, settings: &MetricSettings) -> Result<MetricAction, StageError> {
    let found = match settings.action.to_lowercase().as_str() {
        "inc" => MetricAction::Inc,
        "dec" => MetricAction::Dec,
        "add" => MetricAction::Add,
        "sub" => MetricAction::Sub,
        "set" => MetricAction::Set,
        _ if kind == MetricKind::Histogram => MetricAction::Add,
        "" => {
            let what = if kind == MetricKind::Counter {
                "counter"
            } else {
                "gauge"
            };
            return Err(StageError::whole(format!(
                "action must be defined for {what} metric"
            )));
        }
        other => {
            return Err(StageError::whole(format!(
                "action '{other}' is not valid, action must be one of inc, dec, add, sub or set"
            )));
        }
    };
    let is_counters = matches!(found, MetricAction::Inc | MetricAction::Add);
    if kind == MetricKind::Counter && !is_counters {
        return Err(StageError::whole(format!(
            "the 'action' counter field must be either 'inc' or 'add', not '{}'",
            settings.action
        )));
    }
    let counts_bytes = settings.count_entry_bytes;
    if counts_bytes && (!settings.match_all || found != MetricAction::Add) {
        return Err(StageError::whole(
            "the 'count_entry_bytes' counter field cannot be specified without match_all set to \
             true or action set to 'add'",
        ));
    }
    if settings.match_all && settings.value.is_some() {
        return Err(StageError::whole(
            "a 'match_all' counter cannot have a 'value'",
        ));
    }
    Ok(found)
}

impl Metrics {
    pub(super) fn new(
        map: &BTreeMap<String, MetricSettings>,
        all: &Arc<StageMetrics>,
    ) -> Result<Self, StageError> {
        if map.is_empty() {
            return Err(StageError::whole("empty metric stage configuration"));
        }
        let metrics: Vec<Metric> = map
            .iter()
            .map(|(name, settings)| Metric::new(name, settings))
            .collect::<Result<_, _>>()?;
        for metric in &metrics {
            all.declare(&metric.name, metric);
        }
        Ok(Self {
            metrics,
            all: all.clone(),
        })
    }
}

impl Change for Metrics {
    fn change(&self, entry: &mut Entry, now_ns: i64) -> bool {
        let labels: SeriesLabels = entry
            .labels
            .iter()
            .filter(|(name, _)| !name.starts_with("__"))
            .map(|(n, v)| (n.clone(), v.clone()))
            .collect();
        for metric in &self.metrics {
            metric.note(entry, &labels, now_ns, &self.all);
        }
        true
    }
}
