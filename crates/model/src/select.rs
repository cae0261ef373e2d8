//! The seam between an engine and a language, reading side.

use std::sync::Arc;

use crate::labels::{Labels, METRIC_NAME};
use crate::limits::{Meter, Stopped};
use crate::matcher::Matcher;
use crate::metadata::Metadata;
use crate::sample::{Sample, Samples};

/// What a language asks an engine for.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// All must hold. At least one must not match the empty string, unless the
    /// asker allows otherwise.
    pub matchers: Vec<Matcher>,
    /// First millisecond wanted, inclusive.
    pub start_ms: i64,
    /// Last millisecond wanted, inclusive.
    pub end_ms: i64,
    /// What the samples are wanted for. An engine may use it to read less, never
    /// to answer differently.
    pub hints: Hints,
}

/// What the samples are wanted for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hints {
    /// Step of the query in milliseconds; 0 for an instant query.
    pub step_ms: i64,
    /// The function or aggregation around the selector, or empty.
    pub func: String,
    /// Length of the range selector in milliseconds; 0 for an instant selector.
    pub range_ms: i64,
    /// Labels of the aggregation around the selector.
    pub grouping: Vec<String>,
    /// Whether `grouping` was given by `by`; false for `without` or none.
    pub by: bool,
}

/// Why a selection failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SelectError {
    /// A limit of the query, its timeout, or its cancellation.
    #[error(transparent)]
    Stopped(#[from] Stopped),
    /// The engine could not read; `message` names what and where.
    #[error("{message}")]
    Storage {
        /// What could not be read, where, and why.
        message: String,
    },
}

/// An engine that can be read. Synchronous; callers run it on threads of their
/// own. Every call sees a consistent state: a batch is visible as a whole or not
/// at all.
pub trait Select: Send + Sync {
    /// The series that match and may have samples in the time range. Series come
    /// in ascending order of their labels when `sorted`, else in any order. A
    /// series may turn out to have no sample in the range.
    ///
    /// # Errors
    /// See [`SelectError`].
    fn select(
        &self,
        selection: &Selection,
        sorted: bool,
        meter: &Arc<Meter>,
    ) -> Result<Box<dyn SeriesSet>, SelectError>;

    /// Names of all labels of the matching series, ascending, without repetition.
    /// No matchers: of all series.
    ///
    /// # Errors
    /// See [`SelectError`].
    fn label_names(
        &self,
        matchers: &[Matcher],
        start_ms: i64,
        end_ms: i64,
        meter: &Meter,
    ) -> Result<Vec<String>, SelectError>;

    /// Values of label `name` of the matching series, ascending, without repetition.
    ///
    /// # Errors
    /// See [`SelectError`].
    fn label_values(
        &self,
        name: &str,
        matchers: &[Matcher],
        start_ms: i64,
        end_ms: i64,
        meter: &Meter,
    ) -> Result<Vec<String>, SelectError>;
}

/// The series that a selection found. Series are numbered from 0; every method
/// may be called for any of them in any order and from several threads at once.
pub trait SeriesSet: Send + Sync {
    /// How many series there are.
    fn len(&self) -> usize;

    /// Whether there is none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Labels of series `i`. May build them: ask once.
    fn labels(&self, i: usize) -> Labels;

    /// Appends to `out` the samples of series `i` with
    /// `start_ms <= t <= end_ms`, staleness markers included. The range may be
    /// narrower than, but never outside of, that of the selection. The caller
    /// accounts for memory.
    ///
    /// # Errors
    /// See [`SelectError`].
    fn read(
        &self,
        i: usize,
        start_ms: i64,
        end_ms: i64,
        out: &mut Samples,
    ) -> Result<(), SelectError>;

    /// The latest float sample of series `i` with `after_ms < t <= at_ms`, a
    /// staleness marker included. `Ok(None)` when there is no sample. The default
    /// reads the range; an engine that can look at the newest chunk alone should.
    /// A histogram sample is answered by `Ok(Some(Latest::Histogram))`, and the
    /// caller then reads the range.
    ///
    /// # Errors
    /// See [`SelectError`].
    fn latest(&self, i: usize, after_ms: i64, at_ms: i64) -> Result<Option<Latest>, SelectError> {
        let mut samples = Samples::default();
        self.read(i, after_ms.saturating_add(1), at_ms, &mut samples)?;
        let Some(last) = samples.len().checked_sub(1) else {
            return Ok(None);
        };
        if samples
            .histograms
            .last()
            .is_some_and(|(at, _)| *at as usize == last)
        {
            return Ok(Some(Latest::Histogram));
        }
        Ok(Some(Latest::Float(Sample {
            t_ms: samples.times_ms[last],
            value: samples.values[last],
        })))
    }

    /// Numbers the groups that the series fall into when only the labels `names`
    /// are kept (`by`) or dropped (`without`, which drops the metric's name too):
    /// for each series its group, and for each group its labels. The default
    /// builds every label set; an engine that knows its symbols can do it on ids.
    fn groups(&self, names: &[String], by: bool) -> (Vec<u32>, Vec<Labels>) {
        let mut ids = std::collections::HashMap::new();
        let mut groups = Vec::new();
        let of_series = (0..self.len())
            .map(|i| {
                let labels = self.labels(i);
                let key = if by {
                    labels.keep_only(names)
                } else {
                    labels.filter(|n| n != METRIC_NAME && !names.iter().any(|k| k == n))
                };
                *ids.entry(key).or_insert_with_key(|k: &Labels| {
                    groups.push(k.clone());
                    (groups.len() - 1) as u32
                })
            })
            .collect();
        (of_series, groups)
    }
}

/// What [`SeriesSet::latest`] found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Latest {
    /// A float sample.
    Float(Sample),
    /// A native histogram.
    Histogram,
}

/// Type, help and unit by metric family; the newest that any target told.
pub trait MetadataSource: Send + Sync {
    /// Metadata of `metric`, or of all metrics; a metric may have several when
    /// targets disagree. At most `limit` metrics (0: no limit).
    fn metadata(&self, metric: Option<&str>, limit: usize) -> Vec<(String, Vec<Metadata>)>;
}
