//! Statistics: how many samples the steps looked at.

use super::steps::Steps;

/// Samples looked at while evaluating over some steps.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) total: u64,
    /// One for each step, when asked for.
    per_step: Option<Vec<u64>>,
}

impl Counts {
    pub(crate) fn new(steps: Steps, per_step: bool) -> Self {
        Self {
            total: 0,
            per_step: per_step.then(|| vec![0; steps.count]),
        }
    }

    pub(crate) fn wants_steps(&self) -> bool {
        self.per_step.is_some()
    }

    /// Another one for the same steps, to be added later.
    pub(crate) fn fork(&self) -> Self {
        Self {
            total: 0,
            per_step: self.per_step.as_ref().map(|steps| vec![0; steps.len()]),
        }
    }

    pub(crate) fn add(&mut self, step: usize, samples: u64) {
        self.total += samples;
        if let Some(at) = self.per_step.as_mut().and_then(|steps| steps.get_mut(step)) {
            *at += samples;
        }
    }

    /// Adds all of `other`, which is about the same steps.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.total += other.total;
        if let (Some(to), Some(from)) = (&mut self.per_step, &other.per_step) {
            for (to, from) in to.iter_mut().zip(from) {
                *to += from;
            }
        }
    }

    /// Adds what one step looked at to every step: what does not depend on the step
    /// is worked out once, and counts as if it was worked out each time.
    pub(crate) fn add_to_each(&mut self, other: &Self, steps: usize) {
        self.total += other.total * steps as u64;
        for at in self.per_step.iter_mut().flatten() {
            *at += other.total;
        }
    }

    /// The counts with their times.
    pub(crate) fn into_steps(self, steps: Steps) -> Option<Vec<(i64, u64)>> {
        let counts = self.per_step?;
        Some(
            counts
                .into_iter()
                .enumerate()
                .map(|(k, n)| (steps.at(k), n))
                .collect(),
        )
    }
}
