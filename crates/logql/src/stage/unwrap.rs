//! `| unwrap label`: a label's value as the number of a row.

use super::convert;
use super::filter::Condition;
use super::labels::RowLabels;
use crate::ast::{Conversion, Grouping, Unwrap};

/// The error of a value that is none.
const FAILED: &str = "SampleExtractionErr";

/// A compiled `unwrap`.
pub struct Value {
    label: String,
    conversion: Option<Conversion>,
    filters: Vec<Condition>,
    keeps_label: bool,
}

impl Value {
    /// Compiles one.
    ///
    /// # Errors
    /// What is wrong with a condition behind it.
    pub fn new(unwrap: &Unwrap) -> Result<Self, String> {
        Ok(Self {
            label: unwrap.label.clone(),
            conversion: unwrap.conversion,
            filters: unwrap
                .filters
                .iter()
                .map(Condition::new)
                .collect::<Result<_, _>>()?,
            keeps_label: false,
        })
    }

    /// The same for a grouping: with `by`, the label stays, since it may be one of the
    /// group's.
    #[must_use]
    pub fn grouped(mut self, grouping: Option<&Grouping>) -> Self {
        self.keeps_label = grouping.is_some_and(|g| !g.without && !g.labels.is_empty());
        self
    }

    /// The label that is the value.
    pub(crate) fn label(&self) -> &str {
        &self.label
    }

    /// The conditions behind it.
    pub(crate) fn filters(&self) -> &[Condition] {
        &self.filters
    }

    /// The number that a text is, or what is wrong with it.
    pub(crate) fn read(&self, text: &str) -> Result<f64, String> {
        match self.conversion {
            None => convert::float(text),
            Some(Conversion::Bytes) => convert::bytes(text).map(|b| b as f64),
            Some(Conversion::Duration | Conversion::DurationSeconds) => {
                convert::duration(text).map(|ns| ns as f64 / 1e9)
            }
        }
    }

    /// The number of a row, whose label goes away; `None` when the row is left out.
    pub fn of(&self, labels: &mut RowLabels) -> Option<f64> {
        let text = labels.get(&self.label).filter(|text| !text.is_empty())?;
        let value = match self.read(text) {
            Ok(value) => value,
            Err(message) => {
                labels.set_error(FAILED, &message);
                0.0
            }
        };
        for filter in &self.filters {
            if !filter.passes(labels) {
                return None;
            }
        }
        if !self.keeps_label && labels.error() != Some(FAILED) {
            labels.delete(&self.label);
        }
        Some(value)
    }
}
