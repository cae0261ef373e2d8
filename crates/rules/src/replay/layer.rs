//! What rules have given, above what was fetched of the store.

use std::sync::Arc;

use binnacle_model::limits::Meter;
use binnacle_model::select::{SelectError, Selection};
use binnacle_model::{Labels, Matcher, STALE_NAN, Sample, Select, SeriesSet};

use super::plan::Steps;
use crate::unit_test::storage::Storage;

/// The label by whose value a selector asks for a part that was fetched.
pub(super) const PART: &str = "__replay_part__";

/// Series to evaluate over.
#[derive(Default)]
pub(super) struct Layer {
    /// What rules give, and what the store has of what they read beside.
    pub(super) memory: Arc<Storage>,
    /// Parts of expressions, by number.
    pub(super) parts: Vec<Storage>,
}

impl Layer {
    /// Adds a part: the values of an expression at the steps. Gives its number.
    pub(super) fn add_part(&mut self, series: &[(Labels, Vec<Sample>)], steps: Steps) -> usize {
        let part = Storage::default();
        for (labels, samples) in series {
            for (i, sample) in samples.iter().enumerate() {
                // Times ascend, so nothing is refused.
                let _ = part.add(labels, sample.t_ms, sample.value);
                // A value counts at its step alone, and is not looked back to.
                let after_ms = sample.t_ms.saturating_add(steps.step_ms);
                if samples.get(i + 1).is_none_or(|next| next.t_ms > after_ms) {
                    let _ = part.add(labels, after_ms, STALE_NAN);
                }
            }
        }
        self.parts.push(part);
        self.parts.len() - 1
    }

    fn part(&self, matchers: &[Matcher]) -> Option<&Storage> {
        let matcher = matchers.iter().find(|m| m.name == PART)?;
        self.parts.get(matcher.value.parse::<usize>().ok()?)
    }
}

impl Select for Layer {
    fn select(
        &self,
        selection: &Selection,
        sorted: bool,
        meter: &Arc<Meter>,
    ) -> Result<Box<dyn SeriesSet>, SelectError> {
        match self.part(&selection.matchers) {
            Some(part) => {
                let all = Selection {
                    matchers: Vec::new(),
                    ..selection.clone()
                };
                part.select(&all, sorted, meter)
            }
            None => self.memory.select(selection, sorted, meter),
        }
    }

    fn label_names(
        &self,
        matchers: &[Matcher],
        start_ms: i64,
        end_ms: i64,
        meter: &Meter,
    ) -> Result<Vec<String>, SelectError> {
        self.memory.label_names(matchers, start_ms, end_ms, meter)
    }

    fn label_values(
        &self,
        name: &str,
        matchers: &[Matcher],
        start_ms: i64,
        end_ms: i64,
        meter: &Meter,
    ) -> Result<Vec<String>, SelectError> {
        self.memory
            .label_values(name, matchers, start_ms, end_ms, meter)
    }
}
