//! What all nodes of one evaluation share, and what each leaves behind.

use std::sync::Arc;

use binnacle_model::limits::Meter;
use binnacle_model::select::{Hints, MetadataSource, Select};
use binnacle_stdx::hash::HashKey;

use super::annotations::Notes;
use super::counts::Counts;
use super::label_index::LabelIndex;
use super::steps::Steps;
use super::{EvalOptions, TimeRange};

/// What all nodes share.
pub(crate) struct Context<'a> {
    pub(crate) source: &'a dyn Select,
    pub(crate) metadata: Option<&'a dyn MetadataSource>,
    pub(crate) options: &'a EvalOptions,
    pub(crate) meter: &'a Arc<Meter>,
    /// The times of the whole query, which `start()`, `end()`, `range()`, `step()`
    /// and `@ start()` mean, wherever they stand.
    pub(crate) query: TimeRange,
    pub(crate) hash_key: HashKey,
    /// What stands around the node.
    pub(crate) around: Around<'a>,
}

/// What stands around a node, as engines like to know.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Around<'a> {
    /// The nearest function or aggregation, unless an operator is nearer.
    pub(crate) func: &'a str,
    /// Labels of the aggregation right around it, and whether they are kept.
    pub(crate) grouping: Option<(&'a [String], bool)>,
}

impl<'a> Context<'a> {
    /// The context of what stands within `around`.
    pub(crate) fn within(&self, around: Around<'a>) -> Self {
        Self { around, ..*self }
    }

    /// What to tell the engine of a selector at these steps.
    pub(crate) fn hints(&self, steps: Steps, range_ms: i64) -> Hints {
        let (grouping, by) = self.around.grouping.unwrap_or((&[], false));
        Hints {
            step_ms: steps.reach.step_ms,
            func: self.around.func.to_owned(),
            range_ms,
            grouping: grouping.to_vec(),
            by,
        }
    }

    /// Whether names are only marked for removal.
    pub(crate) fn delayed(&self) -> bool {
        self.options.enable_delayed_name_removal
    }

    pub(crate) fn label_index(&self, capacity: usize) -> LabelIndex {
        LabelIndex::new(self.hash_key, capacity)
    }

    /// An empty tally for these steps.
    pub(crate) fn tally(&self, steps: Steps) -> Tally {
        Tally {
            notes: Notes::default(),
            counts: Counts::new(steps, self.options.per_step_statistics),
        }
    }
}

/// What an evaluation leaves behind besides its value.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) notes: Notes,
    pub(crate) counts: Counts,
}

impl Tally {
    /// Another one for the same steps.
    pub(crate) fn fork(&self) -> Self {
        Self {
            notes: Notes::default(),
            counts: self.counts.fork(),
        }
    }

    /// Adds all of `other`, which is about the same steps.
    pub(crate) fn merge(&mut self, other: Self) {
        self.notes.merge(other.notes);
        self.counts.merge(&other.counts);
    }
}
