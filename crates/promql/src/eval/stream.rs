//! Series of an instant vector, worked out one at a time.
//!
//! A selector, or a function over a range, is not evaluated when it is met but
//! when someone takes its series: an aggregation folds each column into its group
//! and forgets it; everything else collects them into a [`Vector`]. Element-wise
//! operations on the way (`abs(x)`, `x * 8`) are put behind, not materialised.
//!
//! With several threads each takes a stretch of the series; their results are
//! merged in order, so that the answer has the same order as with one.

use binnacle_model::Labels;
use binnacle_model::annotation::Span;
use binnacle_model::sample::{STALE_NAN, Samples};

use super::column::{ABSENT, is_absent, is_empty};
use super::context::{Context, Tally};
use super::error::EvalError;
use super::rollup::{Rollup, Scratch};
use super::selector::{Instant, Selected, Wanted};
use super::steps::Steps;
use super::vector::{Vector, is_metadata_label, without_metadata};
use super::window::Points;
use crate::ast::RangeMode;
use crate::functions::FunctionId;

/// Changes a column in place; absent values stay so.
pub(crate) type Map<'a> = Box<dyn Fn(&mut [f64]) + Send + Sync + 'a>;

/// Series of an instant vector.
pub(crate) enum Stream<'a> {
    /// Worked out.
    Ready(Vector),
    /// To be read and worked out.
    Lazy(Box<Lazy<'a>>),
}

/// How a column comes out of samples.
pub(crate) enum Make {
    Instant(Instant),
    Rollup(Rollup),
}

/// Series still to be read.
pub(crate) struct Lazy<'a> {
    selected: Selected,
    make: Make,
    steps: Steps,
    maps: Vec<Map<'a>>,
    drop_name: bool,
}

/// Below this many samples to look at, a second thread costs more than it gains.
const SAMPLES_PER_THREAD: u64 = 400_000;

impl<'a> Stream<'a> {
    pub(crate) fn lazy(selected: Selected, make: Make, steps: Steps, drop_name: bool) -> Self {
        Self::Lazy(Box::new(Lazy {
            selected,
            make,
            steps,
            maps: Vec::new(),
            drop_name,
        }))
    }

    fn len(&self) -> usize {
        match self {
            Self::Ready(vector) => vector.series.len(),
            Self::Lazy(lazy) => lazy.selected.set.len(),
        }
    }

    /// Puts `f` behind each series; it removes the metric's name when `drop_name`.
    pub(crate) fn map(
        self,
        cx: &Context<'_>,
        drop_name: bool,
        f: impl Fn(&mut [f64]) + Send + Sync + 'a,
    ) -> Result<Self, EvalError> {
        match self {
            Self::Lazy(mut lazy) => {
                lazy.maps.push(Box::new(f));
                lazy.drop_name |= drop_name;
                Ok(Self::Lazy(lazy))
            }
            Self::Ready(mut vector) => {
                for series in &mut vector.series {
                    f(&mut series.values);
                }
                vector.drop_empty();
                if drop_name {
                    vector.drop_names(cx);
                    if !cx.delayed() {
                        vector = vector.merge_same_labels(cx)?;
                    }
                }
                Ok(Self::Ready(vector))
            }
        }
    }

    /// The same, with all series worked out when their labels have to be checked.
    pub(crate) fn checked(self, cx: &Context<'_>, tally: &mut Tally) -> Result<Self, EvalError> {
        match self {
            // Without their names, series of several metrics may look the same.
            Self::Lazy(lazy) if lazy.drop_name && !cx.delayed() && lazy.selected.name.is_none() => {
                Ok(Self::Ready(Self::Lazy(lazy).collect(cx, tally)?))
            }
            other => Ok(other),
        }
    }

    /// Whether all series are of one metric whose name does not matter any more.
    pub(crate) fn is_of_one_metric(&self, cx: &Context<'_>) -> bool {
        matches!(self, Self::Lazy(lazy) if lazy.selected.name.is_some() && !cx.delayed())
    }

    /// Numbers the groups that series fall into when only labels `names` are kept
    /// (`by`) or they and the name are dropped: the group of each series, and the
    /// labels of each group.
    pub(crate) fn groups(
        &self,
        cx: &Context<'_>,
        names: &[String],
        by: bool,
    ) -> (Vec<u32>, Vec<Labels>) {
        if by && names.is_empty() {
            let len = self.len();
            return (
                vec![0; len],
                if len > 0 {
                    vec![Labels::empty()]
                } else {
                    Vec::new()
                },
            );
        }
        match self {
            Self::Lazy(lazy) if lazy.drop_name && !cx.delayed() => {
                let mut names = names.to_vec();
                if by {
                    names.retain(|name| !is_metadata_label(name));
                } else {
                    names.extend(["__type__".to_owned(), "__unit__".to_owned()]);
                }
                lazy.selected.set.groups(&names, by)
            }
            Self::Lazy(lazy) => lazy.selected.set.groups(names, by),
            Self::Ready(vector) => group_labels(cx, vector, names, by),
        }
    }

    /// Whether the name of series `i` is marked for removal.
    pub(crate) fn drops_name(&self, i: usize) -> bool {
        match self {
            Self::Ready(vector) => vector.series[i].drop_name,
            Self::Lazy(lazy) => lazy.drop_name,
        }
    }

    /// Works out all series.
    ///
    /// # Errors
    /// When two have the same labels without their names, at the same step.
    pub(crate) fn collect(self, cx: &Context<'_>, tally: &mut Tally) -> Result<Vector, EvalError> {
        let lazy = match self {
            Self::Ready(vector) => return Ok(vector),
            Self::Lazy(lazy) => lazy,
        };
        let (drop_name, is_rollup) = (lazy.drop_name, matches!(lazy.make, Make::Rollup(_)));
        let vector = lazy.fold(
            cx,
            tally,
            &|| Vector::new(cx),
            &|vector: &mut Vector, i, column| {
                if is_empty(column) {
                    return Ok(());
                }
                let mut labels = lazy.selected.labels(i);
                if drop_name && !cx.delayed() {
                    labels = without_metadata(&labels);
                }
                vector.push(labels, drop_name, std::mem::take(column))
            },
            &mut |all, part| {
                all.series.extend(part.series);
                all.held.absorb(part.held);
            },
        )?;
        if !drop_name || cx.delayed() {
            Ok(vector)
        } else if is_rollup {
            vector.check_unique(cx)?;
            Ok(vector)
        } else {
            vector.merge_same_labels(cx)
        }
    }

    /// Folds all series: `add` gets each one's number and column, which it may take.
    pub(crate) fn fold<S: Send>(
        self,
        cx: &Context<'_>,
        tally: &mut Tally,
        new: &(impl Fn() -> S + Sync),
        add: &(impl Fn(&mut S, usize, &mut Vec<f64>) -> Result<(), EvalError> + Sync),
        merge: &mut impl FnMut(&mut S, S),
    ) -> Result<S, EvalError> {
        match self {
            Self::Lazy(lazy) => lazy.fold(cx, tally, new, add, merge),
            Self::Ready(vector) => {
                let mut state = new();
                for (i, mut series) in vector.series.into_iter().enumerate() {
                    add(&mut state, i, &mut series.values)?;
                }
                Ok(state)
            }
        }
    }
}

fn group_labels(
    cx: &Context<'_>,
    vector: &Vector,
    names: &[String],
    by: bool,
) -> (Vec<u32>, Vec<Labels>) {
    let mut index = cx.label_index(16);
    let mut groups = Vec::new();
    let of_series = vector
        .series
        .iter()
        .map(|series| {
            let key = if by {
                series.labels.keep_only(names)
            } else {
                series.labels.filter(|name| {
                    name != binnacle_model::labels::METRIC_NAME && !names.iter().any(|n| n == name)
                })
            };
            let (number, new) = index.of(&key);
            if new {
                groups.push(key);
            }
            number as u32
        })
        .collect();
    (of_series, groups)
}

impl Lazy<'_> {
    fn fold<S: Send>(
        &self,
        cx: &Context<'_>,
        tally: &mut Tally,
        new: &(impl Fn() -> S + Sync),
        add: &(impl Fn(&mut S, usize, &mut Vec<f64>) -> Result<(), EvalError> + Sync),
        merge: &mut impl FnMut(&mut S, S),
    ) -> Result<S, EvalError> {
        let len = self.selected.set.len();
        let threads = self.threads(cx, len);
        let run = |from: usize, to: usize, tally: Tally| -> Result<(S, Tally), EvalError> {
            let mut state = new();
            let mut worker = Worker::new(self, cx, tally);
            let mut column = Vec::new();
            for i in from..to {
                worker.column(i, &mut column)?;
                add(&mut state, i, &mut column)?;
            }
            Ok((state, worker.finish()))
        };
        if threads <= 1 {
            let (state, own) = run(0, len, tally.fork())?;
            tally.merge(own);
            return Ok(state);
        }
        let results: Vec<_> = std::thread::scope(|scope| {
            let run = &run;
            let workers: Vec<_> = (0..threads)
                .map(|worker| {
                    let (from, to) = (len * worker / threads, len * (worker + 1) / threads);
                    let own = tally.fork();
                    scope.spawn(move || run(from, to, own))
                })
                .collect();
            workers
                .into_iter()
                .map(std::thread::ScopedJoinHandle::join)
                .collect()
        });
        let mut all: Option<S> = None;
        for result in results {
            let (state, own) = match result {
                Ok(result) => result?,
                Err(panic) => std::panic::resume_unwind(panic),
            };
            tally.merge(own);
            match &mut all {
                Some(all) => merge(all, state),
                None => all = Some(state),
            }
        }
        Ok(all.unwrap_or_else(new))
    }

    /// How many threads the work is worth.
    fn threads(&self, cx: &Context<'_>, len: usize) -> usize {
        let (from, to) = self.selected.span_ms;
        let stretch = to.saturating_sub(from).max(0) as u64;
        // Samples every 15 s are the rule; it need not be exact.
        let samples = len as u64 * (stretch / 15_000 + self.steps.count as u64 + 4);
        let worth = samples / SAMPLES_PER_THREAD;
        (worth.min(cx.options.threads as u64).min(len as u64) as usize).max(1)
    }
}

/// Works out columns with memory that it uses again.
struct Worker<'l, 'a> {
    lazy: &'l Lazy<'a>,
    cx: &'l Context<'l>,
    tally: Tally,
    samples: Samples,
    /// Samples without staleness markers, when there are some.
    kept: Samples,
    scratch: Scratch,
    /// Samples held, as told to the meter.
    held: u64,
    /// Whether the remark that a metric is no counter was made or is not due.
    counter_checked: bool,
    done: u64,
    /// Samples looked at, as told to the meter.
    told: u64,
}

impl<'l, 'a> Worker<'l, 'a> {
    fn new(lazy: &'l Lazy<'a>, cx: &'l Context<'l>, tally: Tally) -> Self {
        let is_rate = match &lazy.make {
            Make::Rollup(rollup) => {
                matches!(rollup.function, FunctionId::Rate | FunctionId::Increase)
            }
            Make::Instant(_) => false,
        };
        Self {
            lazy,
            cx,
            tally,
            samples: Samples::default(),
            kept: Samples::default(),
            scratch: Scratch::default(),
            held: 0,
            counter_checked: !is_rate,
            done: 0,
            told: 0,
        }
    }

    /// Fills `out` with the column of series `i`.
    fn column(&mut self, i: usize, out: &mut Vec<f64>) -> Result<(), EvalError> {
        self.done += 1;
        if self.done % 32 == 1 {
            self.tell();
            self.cx.meter.check()?;
        }
        let lazy = self.lazy;
        out.resize(lazy.steps.count, ABSENT);
        match &lazy.make {
            Make::Instant(instant) => self.instant(instant, i, out)?,
            Make::Rollup(rollup) => self.rollup(rollup, i, out)?,
        }
        for map in &lazy.maps {
            map(out);
        }
        Ok(())
    }

    fn read(&mut self, i: usize) -> Result<(), EvalError> {
        self.lazy.selected.read(i, &mut self.samples)?;
        let len = self.samples.len() as u64;
        if len > self.held {
            self.cx.meter.hold_samples(len - self.held)?;
            self.held = len;
        }
        if len > 10_000 {
            self.cx.meter.check()?;
        }
        if !self.samples.histograms.is_empty() {
            // To floats a native histogram is the end of the series.
            for (at, _) in &self.samples.histograms {
                if let Some(value) = self.samples.values.get_mut(*at as usize) {
                    *value = STALE_NAN;
                }
            }
            self.skipped(i)?;
        }
        Ok(())
    }

    /// Remarks that a native histogram was left out.
    ///
    /// # Errors
    /// When the series is an info metric, which must be a float.
    fn skipped(&mut self, i: usize) -> Result<(), EvalError> {
        let of_info = |instant: &Instant| instant.wanted == Wanted::TimeMs;
        if matches!(&self.lazy.make, Make::Instant(instant) if of_info(instant)) {
            let labels = self.lazy.selected.labels(i);
            return Err(EvalError::execution(format!(
                "this should be an info metric, with float samples: {labels}"
            )));
        }
        let metric = self.lazy.selected.metric_name(i);
        self.tally
            .notes
            .histograms_skipped(&metric, self.lazy.selected.at);
        Ok(())
    }

    fn instant(&mut self, instant: &Instant, i: usize, out: &mut [f64]) -> Result<(), EvalError> {
        if instant.is_latest() {
            if instant.latest(&self.lazy.selected, i, out)?.is_none() {
                out[0] = ABSENT;
                self.skipped(i)?;
            }
            self.tally.counts.add(0, u64::from(!is_absent(out[0])));
            return Ok(());
        }
        self.read(i)?;
        if instant.mode == RangeMode::Smoothed {
            let (times, values) = without_stale(&self.samples, &mut self.kept);
            instant.smoothed(times, values, out);
        } else {
            self.scratch.look(&self.samples.times_ms, |places| {
                instant.places(&self.samples.times_ms, places);
            });
            instant.column(&self.samples, self.scratch.bounds(), out);
        }
        if self.tally.counts.wants_steps() {
            for (step, value) in out.iter().enumerate() {
                self.tally.counts.add(step, u64::from(!is_absent(*value)));
            }
        } else {
            self.tally.counts.total += super::column::count_present(out) as u64;
        }
        Ok(())
    }

    fn rollup(&mut self, rollup: &Rollup, i: usize, out: &mut [f64]) -> Result<(), EvalError> {
        self.read(i)?;
        let points = if self.samples.values.iter().any(|v| is_absent(*v)) {
            without_stale(&self.samples, &mut self.kept);
            points_of(&self.kept)
        } else {
            points_of(&self.samples)
        };
        let selected = &self.lazy.selected;
        let metric = || selected.metric_name(i);
        rollup.column(
            points,
            &mut self.scratch,
            out,
            &mut self.tally.notes,
            &metric,
        )?;
        count_windows(&mut self.tally, &self.scratch);
        if !self.counter_checked && !is_empty(out) {
            // The name decides, unless a label does: once is enough for one name.
            self.counter_checked = selected.name.is_some() && !self.cx.options.type_and_unit_labels;
            check_counter(
                self.cx,
                &selected.labels(i),
                rollup.range_span,
                &mut self.tally,
            );
        }
        Ok(())
    }

    /// Tells the meter, for the list of running queries.
    fn tell(&mut self) {
        let total = self.tally.counts.total;
        self.cx.meter.touch_samples(total - self.told);
        self.told = total;
    }

    fn finish(mut self) -> Tally {
        self.tell();
        self.cx
            .meter
            .release_samples(std::mem::take(&mut self.held));
        std::mem::take(&mut self.tally)
    }
}

impl Drop for Worker<'_, '_> {
    fn drop(&mut self) {
        self.cx.meter.release_samples(self.held);
    }
}

/// Counts each sample once for each window that it is in.
pub(crate) fn count_windows(tally: &mut Tally, scratch: &Scratch) {
    if tally.counts.wants_steps() {
        for (step, (low, high)) in scratch.bounds().iter().enumerate() {
            tally.counts.add(step, u64::from(high.saturating_sub(*low)));
        }
    } else {
        tally.counts.total += scratch.total();
    }
}

fn points_of(samples: &Samples) -> Points<'_> {
    Points {
        times: &samples.times_ms,
        values: &samples.values,
        starts: &samples.starts_ms,
    }
}

/// Copies what is no staleness marker to `kept`; its times and values.
fn without_stale<'k>(samples: &Samples, kept: &'k mut Samples) -> (&'k [i64], &'k [f64]) {
    kept.clear();
    for (at, value) in samples.values.iter().enumerate() {
        if !is_absent(*value) {
            kept.times_ms.push(samples.times_ms[at]);
            kept.values.push(*value);
            if let Some(start) = samples.starts_ms.get(at) {
                kept.starts_ms.push(*start);
            }
        }
    }
    (&kept.times_ms, &kept.values)
}

/// Remarks that a series does not look like a counter.
pub(crate) fn check_counter(cx: &Context<'_>, labels: &Labels, span: Span, tally: &mut Tally) {
    let metric = labels.metric_name().unwrap_or_default();
    if metric.is_empty() {
        return;
    }
    if cx.options.type_and_unit_labels {
        let kind = labels.get("__type__").unwrap_or_default();
        if kind != "counter" && kind != "histogram" {
            tally.notes.possible_non_counter_type(metric, kind, span);
        }
        return;
    }
    let counter_like = ["_total", "_sum", "_count", "_bucket"]
        .iter()
        .any(|s| metric.ends_with(s));
    if counter_like || is_known_counter(cx, metric) {
        return;
    }
    tally.notes.possible_non_counter(metric, span);
}

fn is_known_counter(cx: &Context<'_>, metric: &str) -> bool {
    use binnacle_model::metadata::MetricType as T;
    cx.metadata.is_some_and(|source| {
        source
            .metadata(Some(metric), 1)
            .iter()
            .flat_map(|(_, all)| all)
            .any(|metadata| matches!(metadata.kind, T::Counter | T::Histogram | T::Summary))
    })
}
