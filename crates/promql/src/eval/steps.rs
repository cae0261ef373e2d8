//! The times at which an expression is evaluated.

use super::error::EvalError;
use binnacle_model::limits::Stopped;

/// Evenly spaced evaluation times; there may be none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Steps {
    pub(crate) start_ms: i64,
    /// More than 0.
    pub(crate) step_ms: i64,
    pub(crate) count: usize,
    /// What selectors at these steps are said to look at: more than they do, so that
    /// an engine sees the same stretch whatever the steps come to.
    pub(crate) reach: Reach,
}

/// A stretch of time and how often it is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reach {
    pub(crate) start_ms: i64,
    pub(crate) end_ms: i64,
    /// 0: once.
    pub(crate) step_ms: i64,
}

impl Steps {
    /// One time.
    pub(crate) fn one(at_ms: i64) -> Self {
        let reach = Reach {
            start_ms: at_ms,
            end_ms: at_ms,
            step_ms: 0,
        };
        Self {
            start_ms: at_ms,
            step_ms: 1,
            count: 1,
            reach,
        }
    }

    /// From `start_ms` to `end_ms`, both inclusive.
    ///
    /// # Errors
    /// When there are more steps than bytes allowed for a single column.
    pub(crate) fn between(
        start_ms: i64,
        end_ms: i64,
        step_ms: i64,
        bytes_max: u64,
    ) -> Result<Self, EvalError> {
        debug_assert!(step_ms > 0, "the caller checks the step");
        let span = i128::from(end_ms) - i128::from(start_ms);
        let count = if span < 0 {
            0
        } else {
            span / i128::from(step_ms) + 1
        };
        if count * 8 > i128::from(bytes_max) {
            return Err(Stopped::Limit {
                what: "bytes",
                limit: bytes_max,
            }
            .into());
        }
        let reach = Reach {
            start_ms,
            end_ms,
            step_ms,
        };
        Ok(Self {
            start_ms,
            step_ms,
            count: count as usize,
            reach,
        })
    }

    pub(crate) fn at(&self, step: usize) -> i64 {
        self.start_ms + step as i64 * self.step_ms
    }

    /// Only the first time.
    pub(crate) fn first(&self) -> Self {
        Self {
            count: self.count.min(1),
            ..*self
        }
    }
}
