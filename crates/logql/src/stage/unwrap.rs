//! `| unwrap label`: a label's value as the number of a row.

use super::filter::Condition;
use super::labels::RowLabels;
use crate::ast::{Conversion, Unwrap};
use crate::parse::units;

/// The error of a value that is none.
const FAILED: &str = "SampleExtractionErr";

/// A compiled `unwrap`.
pub struct Value {
    label: String,
    conversion: Option<Conversion>,
    filters: Vec<Condition>,
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
        })
    }

    /// The number of a row, whose label goes away; `None` when the row is left out.
    pub fn of(&self, labels: &mut RowLabels) -> Option<f64> {
        let text = labels.get(&self.label)?.to_owned();
        let read = match self.conversion {
            None => text
                .parse::<f64>()
                .map_err(|_| format!("strconv.ParseFloat: parsing {text:?}: invalid syntax")),
            Some(Conversion::Bytes) => units::bytes(&text)
                .map(|b| b as f64)
                .ok_or_else(|| format!("{text:?} is no size")),
            Some(Conversion::Duration | Conversion::DurationSeconds) => units::go_duration(&text)
                .map(|ns| ns as f64 / 1e9)
                .ok_or_else(|| format!("time: invalid duration {text:?}")),
        };
        let value = match read {
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
        if labels.error() != Some(FAILED) {
            labels.delete(&self.label);
        }
        Some(value)
    }
}
