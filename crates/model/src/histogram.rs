//! Native histograms, as Prometheus' data model has them: exponential buckets of
//! a schema, or custom bounds.
//!
//! The engine and the language carry them in their types and formats; arithmetic
//! on them is not built yet, so nothing constructs one outside of tests.

/// A run of consecutive buckets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Gap to the end of the previous span, or the first index for the first span.
    pub offset: i32,
    /// Number of buckets in the run.
    pub length: u32,
}

/// What is known of a reset between this histogram and the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CounterReset {
    /// Nothing: compare the buckets.
    #[default]
    Unknown,
    /// There was a reset.
    Reset,
    /// There was none.
    NotReset,
    /// A gauge histogram: resets have no meaning.
    Gauge,
}

/// A native histogram with float counts.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Histogram {
    /// -4 to 8 for exponential buckets, -53 for custom bounds.
    pub schema: i32,
    /// Reset knowledge.
    pub reset: CounterReset,
    /// Width of the zero bucket.
    pub zero_threshold: f64,
    /// Observations in the zero bucket.
    pub zero_count: f64,
    /// All observations.
    pub count: f64,
    /// Sum of all observations.
    pub sum: f64,
    /// Spans of the positive buckets.
    pub positive_spans: Vec<Span>,
    /// Absolute counts of the positive buckets.
    pub positive_buckets: Vec<f64>,
    /// Spans of the negative buckets.
    pub negative_spans: Vec<Span>,
    /// Absolute counts of the negative buckets.
    pub negative_buckets: Vec<f64>,
    /// Upper bounds for schema -53, without +Inf.
    pub custom_bounds: Vec<f64>,
}
