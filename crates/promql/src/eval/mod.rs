//! Tree and series to values.
//!
//! Shape: every node of the tree is evaluated once, for all steps of the query at
//! once. A series of an instant vector is a [`column`] with one `f64` for each
//! step; selectors and functions over ranges are a [`stream`] that reads one
//! series, works out its column and hands it on, so that an aggregation folds
//! series into groups without ever holding them all. Parts that do not depend on
//! the step are evaluated at one step and repeated.
//!
//! What Prometheus defines step by step is kept to the letter: windows are open on
//! the left, staleness markers end a series, sums are compensated, labels are
//! checked for duplicates step by step.
//!
//! Deliberately not here: arithmetic on native histograms (their samples are left
//! out, and an annotation says so), limits on the number of steps (the server's
//! business), caching of answers.

mod aggregate;
mod annotations;
mod answer;
mod binary;
mod column;
mod context;
mod counts;
mod duration;
mod error;
mod functions;
mod info;
mod invariant;
mod kahan;
mod label_index;
mod matrix;
mod node;
mod number;
mod quantile;
mod rollup;
mod scalar;
mod selector;
mod steps;
mod stream;
mod subquery;
#[cfg(test)]
mod tests;
mod vector;
mod window;

use std::sync::Arc;

use binnacle_model::Select;
use binnacle_model::annotation::Annotations;
use binnacle_model::limits::Meter;
use binnacle_model::query::QueryValue;
use binnacle_model::select::MetadataSource;

use crate::ast::Expr;

pub use error::EvalError;

/// When to evaluate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeRange {
    /// First step, milliseconds since the Unix epoch.
    pub start_ms: i64,
    /// Last step at the latest, milliseconds; equal to the start for an instant query.
    pub end_ms: i64,
    /// Distance of the steps in milliseconds; 0 for an instant query.
    pub step_ms: i64,
}

/// How to evaluate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EvalOptions {
    /// How far an instant selector looks back, milliseconds.
    pub lookback_ms: i64,
    /// Step of subqueries that name none, milliseconds.
    pub default_step_ms: i64,
    /// Whether metric names that an operation removes are only marked, and removed
    /// at the end (Prometheus' feature `promql-delayed-name-removal`).
    pub enable_delayed_name_removal: bool,
    /// Whether `rate`, `increase`, `irate`, `resets` and `start_timestamp` look at
    /// the samples' start timestamps (Prometheus' feature `use-start-timestamps`).
    pub use_start_timestamps: bool,
    /// Whether the labels `__type__` and `__unit__` say what a metric is
    /// (Prometheus' feature `type-and-unit-labels`).
    pub type_and_unit_labels: bool,
    /// Whether to count the samples looked at for each step.
    pub per_step_statistics: bool,
    /// Most threads that one query may use; 0 and 1: the caller's own only.
    pub threads: usize,
}

impl Default for EvalOptions {
    /// Prometheus' defaults, on one thread.
    fn default() -> Self {
        Self {
            lookback_ms: 300_000,
            default_step_ms: 60_000,
            enable_delayed_name_removal: false,
            use_start_timestamps: false,
            type_and_unit_labels: false,
            per_step_statistics: false,
            threads: 1,
        }
    }
}

/// What an evaluation comes to.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluation {
    /// The value. A matrix is sorted by labels; an instant vector is in the order
    /// that the query gives it.
    pub value: QueryValue,
    /// What else there is to say.
    pub annotations: Annotations,
    /// Samples looked at for each step, when asked for.
    pub samples_per_step: Option<Vec<(i64, u64)>>,
    /// Samples looked at, as Prometheus counts them (`totalQueryableSamples`):
    /// a sample in the windows of three steps counts three times.
    pub samples_total: u64,
    /// The most samples held at once.
    pub samples_peak: u64,
}

/// Evaluates `expr` at every step of `range` over the series of `source`.
///
/// `metadata`, when given, is asked whether a metric whose name does not look like
/// a counter's is one all the same.
///
/// # Errors
/// See [`EvalError`].
pub fn evaluate(
    expr: &Expr,
    range: TimeRange,
    source: &dyn Select,
    metadata: Option<&dyn MetadataSource>,
    options: &EvalOptions,
    meter: &Arc<Meter>,
) -> Result<Evaluation, EvalError> {
    answer::evaluate(expr, range, source, metadata, options, meter)
}
