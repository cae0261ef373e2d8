//! An instant vector over all steps: labels and a column for each series.

use std::sync::Arc;

use binnacle_model::Labels;
use binnacle_model::labels::METRIC_NAME;
use binnacle_model::limits::{Meter, Stopped};

use super::column::{count_present, merge_into};
use super::context::Context;
use super::error::EvalError;

/// A series of a vector.
#[derive(Debug, Clone)]
pub(crate) struct Series {
    pub(crate) labels: Labels,
    /// Whether the metric's name is to be removed at the end; see
    /// [`super::EvalOptions::enable_delayed_name_removal`].
    pub(crate) drop_name: bool,
    pub(crate) values: Vec<f64>,
}

/// Memory that a value holds; given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Held {
    meter: Arc<Meter>,
    samples: u64,
    bytes: u64,
}

impl Held {
    pub(crate) fn new(meter: &Arc<Meter>) -> Self {
        Self {
            meter: Arc::clone(meter),
            samples: 0,
            bytes: 0,
        }
    }

    /// Holds the samples of `column` and its bytes.
    pub(crate) fn add_column(&mut self, column: &[f64]) -> Result<(), Stopped> {
        self.add(count_present(column) as u64, column.len() as u64 * 8)
    }

    pub(crate) fn add(&mut self, samples: u64, bytes: u64) -> Result<(), Stopped> {
        self.samples += samples;
        self.bytes += bytes;
        self.meter.hold_samples(samples)?;
        self.meter.hold_bytes(bytes)
    }

    /// Takes over what `other` holds.
    pub(crate) fn absorb(&mut self, mut other: Self) {
        self.samples += std::mem::take(&mut other.samples);
        self.bytes += std::mem::take(&mut other.bytes);
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.meter.release_samples(self.samples);
        self.meter.release_bytes(self.bytes);
    }
}

/// Series without columns that are empty at every step, in the order in which the
/// query gives them.
#[derive(Debug)]
pub(crate) struct Vector {
    pub(crate) series: Vec<Series>,
    pub(crate) held: Held,
}

impl Vector {
    pub(crate) fn new(cx: &Context<'_>) -> Self {
        Self {
            series: Vec::new(),
            held: Held::new(cx.meter),
        }
    }

    /// Adds a series, unless it is empty.
    pub(crate) fn push(
        &mut self,
        labels: Labels,
        drop_name: bool,
        values: Vec<f64>,
    ) -> Result<(), EvalError> {
        let present = count_present(&values);
        if present > 0 {
            self.held.add(present as u64, values.len() as u64 * 8)?;
            self.series.push(Series {
                labels,
                drop_name,
                values,
            });
        }
        Ok(())
    }

    /// Removes the metrics' names, or marks them for removal.
    pub(crate) fn drop_names(&mut self, cx: &Context<'_>) {
        for series in &mut self.series {
            series.drop_name = true;
            if !cx.delayed() {
                series.labels = without_metadata(&series.labels);
            }
        }
    }

    /// Leaves out series that are empty at every step.
    pub(crate) fn drop_empty(&mut self) {
        self.series
            .retain(|series| !super::column::is_empty(&series.values));
    }

    /// Repeats the only step's values.
    pub(crate) fn repeat(mut self, steps: usize) -> Result<Self, EvalError> {
        let more = self.series.len() as u64 * (steps as u64 - 1);
        self.held.add(more, more.saturating_mul(8))?;
        for series in &mut self.series {
            let value = series.values[0];
            series.values.resize(steps, value);
        }
        Ok(self)
    }

    /// Makes one series of those with the same labels.
    ///
    /// # Errors
    /// When two of them have a value at the same step.
    pub(crate) fn merge_same_labels(mut self, cx: &Context<'_>) -> Result<Self, EvalError> {
        if self.series.len() < 2 {
            return Ok(self);
        }
        let mut index = cx.label_index(self.series.len());
        let mut kept: Vec<Series> = Vec::with_capacity(self.series.len());
        for series in self.series {
            let (at, new) = index.of(&series.labels);
            if new {
                kept.push(series);
            } else if !merge_into(&mut kept[at].values, &series.values) {
                return Err(EvalError::same_labels());
            }
        }
        self.series = kept;
        Ok(self)
    }

    /// # Errors
    /// When two series have the same labels, at whatever steps.
    pub(crate) fn check_unique(&self, cx: &Context<'_>) -> Result<(), EvalError> {
        let mut index = cx.label_index(self.series.len());
        if self.series.iter().all(|series| index.of(&series.labels).1) {
            Ok(())
        } else {
            Err(EvalError::same_labels())
        }
    }
}

/// Whether a label describes the metric rather than the series: its name, type, unit.
pub(crate) fn is_metadata_label(name: &str) -> bool {
    matches!(name, METRIC_NAME | "__type__" | "__unit__")
}

/// `labels` but name, type and unit of the metric.
pub(crate) fn without_metadata(labels: &Labels) -> Labels {
    labels.filter(|name| !is_metadata_label(name))
}
