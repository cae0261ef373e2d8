//! The seam between the metrics signal and everyone else: whole queries in,
//! answers out. Asynchronous, because the other side may be a network away.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use crate::annotation::{Annotations, Span};
use crate::append::{Append, Exemplar};
use crate::histogram::Histogram;
use crate::labels::Labels;
use crate::matcher::Matcher;
use crate::metadata::Metadata;
use crate::sample::Sample;

/// A boxed future, so that the traits here can be used behind `dyn`.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, QueryError>> + Send + 'a>>;

/// A value of a series at a time.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A float.
    Float(f64),
    /// A native histogram.
    Histogram(Arc<Histogram>),
}

/// One element of an instant vector.
#[derive(Debug, Clone, PartialEq)]
pub struct VectorElement {
    /// Labels.
    pub labels: Labels,
    /// Evaluation time, milliseconds.
    pub t_ms: i64,
    /// Value.
    pub value: Value,
}

/// One series of a matrix.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct MatrixSeries {
    /// Labels.
    pub labels: Labels,
    /// Float points, ascending in time.
    pub floats: Vec<Sample>,
    /// Histogram points, ascending in time.
    pub histograms: Vec<(i64, Arc<Histogram>)>,
}

/// The value of a query.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)]
pub enum QueryValue {
    Scalar(Sample),
    String { t_ms: i64, value: String },
    Vector(Vec<VectorElement>),
    Matrix(Vec<MatrixSeries>),
}

/// What a query cost.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct QueryStatistics {
    /// Seconds in the whole of the query.
    pub total_seconds: f64,
    /// Seconds waiting for a free slot.
    pub queue_seconds: f64,
    /// Seconds reading the query.
    pub prepare_seconds: f64,
    /// Seconds evaluating.
    pub eval_seconds: f64,
    /// Samples looked at, as Prometheus counts them (`totalQueryableSamples`).
    pub samples_total: u64,
    /// The most samples held at once.
    pub samples_peak: u64,
    /// For each step, its time and the samples looked at, when asked for.
    pub samples_per_step: Option<Vec<(i64, u64)>>,
}

/// A query's answer.
#[derive(Debug, Clone, PartialEq)]
pub struct QueryAnswer {
    /// The value.
    pub value: QueryValue,
    /// What else there is to say.
    pub annotations: Annotations,
    /// The cost.
    pub statistics: QueryStatistics,
}

/// Why there is no answer, by what the asker can do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// The request is wrong; `span` says where in the query.
    #[error("{message}")]
    BadData {
        /// What is wrong.
        message: String,
        /// Where in the query text.
        span: Option<Span>,
    },
    /// The query is right and cannot be evaluated on these data.
    #[error("{message}")]
    Execution {
        /// Why.
        message: String,
    },
    /// Its time was up.
    #[error("{message}")]
    Timeout {
        /// Which limit.
        message: String,
    },
    /// It was cancelled or killed.
    #[error("{message}")]
    Canceled {
        /// By whom.
        message: String,
    },
    /// There is no such thing.
    #[error("{message}")]
    NotFound {
        /// What.
        message: String,
    },
    /// It cannot be done now, or not by this engine.
    #[error("{message}")]
    Unavailable {
        /// Why, and what to do.
        message: String,
    },
    /// The engine failed.
    #[error("{message}")]
    Internal {
        /// How.
        message: String,
    },
}

/// Settings that both kinds of query share.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct QueryOptions {
    /// Shorter timeout than the server's, if any.
    pub timeout: Option<Duration>,
    /// How far an instant selector looks back, if not the server's default.
    pub lookback: Option<Duration>,
    /// Count samples for each step.
    pub per_step_statistics: bool,
    /// Who asks (address or component), for the list of running queries and the log.
    pub client: String,
    /// At most that many series in the answer; 0: no limit.
    pub limit: usize,
    /// The asker is on a thread where blocking is allowed and expects the answer soon:
    /// it may be found on that thread.
    pub in_place: bool,
}

/// A query at one time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstantQuery {
    /// PromQL.
    pub text: String,
    /// Milliseconds.
    pub at_ms: i64,
    /// Settings.
    pub options: QueryOptions,
}

/// A query at every step from start to end, both inclusive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RangeQuery {
    /// PromQL.
    pub text: String,
    /// Milliseconds.
    pub start_ms: i64,
    /// Milliseconds.
    pub end_ms: i64,
    /// Milliseconds, more than 0.
    pub step_ms: i64,
    /// Settings.
    pub options: QueryOptions,
}

/// Which series: any of the selectors, within the time range.
#[derive(Debug, Clone, Default)]
pub struct SeriesQuery {
    /// Each is a conjunction; empty: all series.
    pub selectors: Vec<Vec<Matcher>>,
    /// Milliseconds, inclusive.
    pub start_ms: i64,
    /// Milliseconds, inclusive.
    pub end_ms: i64,
    /// At most that many answers; 0: no limit.
    pub limit: usize,
}

/// Exemplars of one series.
#[derive(Debug, Clone, PartialEq)]
pub struct SeriesExemplars {
    /// The series.
    pub labels: Labels,
    /// Its exemplars in the range, ascending in time.
    pub exemplars: Vec<Exemplar>,
}

/// A query that runs.
#[derive(Debug, Clone, PartialEq)]
pub struct RunningQuery {
    /// Its number, for [`MetricsQuery::kill`].
    pub id: u64,
    /// PromQL.
    pub text: String,
    /// Who asked.
    pub client: String,
    /// When it started, milliseconds since the Unix epoch.
    pub started_ms: i64,
    /// How long it has run.
    pub running_seconds: f64,
    /// Samples looked at so far.
    pub samples: u64,
}

/// A name and a count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Count {
    /// A metric, a label, or `label=value`.
    pub name: String,
    /// Series, values or bytes.
    pub value: u64,
}

/// What fills the engine (`/api/v1/status/tsdb`).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Cardinality {
    /// Series that took samples lately.
    pub head_series: u64,
    /// Chunks in memory.
    pub head_chunks: u64,
    /// Distinct label pairs.
    pub label_pairs: u64,
    /// Oldest sample in memory, milliseconds.
    pub min_t_ms: i64,
    /// Newest sample in memory, milliseconds.
    pub max_t_ms: i64,
    /// Series by metric name, most first.
    pub series_by_metric: Vec<Count>,
    /// Distinct values by label name, most first.
    pub values_by_label: Vec<Count>,
    /// Bytes of values by label name, most first.
    pub bytes_by_label: Vec<Count>,
    /// Series by `name=value`, most first.
    pub series_by_pair: Vec<Count>,
}

/// State of reading the write-ahead log at start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ReplayState {
    /// First segment.
    pub min: u64,
    /// Last segment.
    pub max: u64,
    /// Segment being read; `max` when done.
    pub current: u64,
    /// Whether it is done.
    pub done: bool,
}

/// The metrics signal as a whole.
pub trait MetricsQuery: Send + Sync {
    /// Evaluates at one time.
    fn instant(&self, query: InstantQuery) -> Answer<'_, QueryAnswer>;

    /// Evaluates at every step.
    fn range(&self, query: RangeQuery) -> Answer<'_, QueryAnswer>;

    /// Label sets of matching series, ascending, without repetition. The second
    /// value holds warnings, such as that the limit cut the answer short.
    fn series(&self, query: SeriesQuery) -> Answer<'_, (Vec<Labels>, Annotations)>;

    /// Label names of matching series, ascending.
    fn label_names(&self, query: SeriesQuery) -> Answer<'_, (Vec<String>, Annotations)>;

    /// Values of a label of matching series, ascending.
    fn label_values(
        &self,
        name: String,
        query: SeriesQuery,
    ) -> Answer<'_, (Vec<String>, Annotations)>;

    /// For federation: of each matching series the latest sample within the
    /// lookback before `at_ms`, with the sample's own time.
    fn latest(&self, query: SeriesQuery, at_ms: i64) -> Answer<'_, Vec<(Labels, Sample)>>;

    /// Exemplars of the series that `text`'s selectors match.
    fn exemplars(
        &self,
        text: String,
        start_ms: i64,
        end_ms: i64,
    ) -> Answer<'_, Vec<SeriesExemplars>>;

    /// Metadata by metric family.
    fn metadata(
        &self,
        metric: Option<String>,
        limit: usize,
    ) -> Answer<'_, Vec<(String, Vec<Metadata>)>>;

    /// The query, prettily printed.
    ///
    /// # Errors
    /// [`QueryError::BadData`] with a position.
    fn format(&self, text: &str) -> Result<String, QueryError>;

    /// The syntax tree as JSON text, in the shape of `/api/v1/parse_query`.
    ///
    /// # Errors
    /// [`QueryError::BadData`] with a position.
    fn syntax_tree(&self, text: &str) -> Result<String, QueryError>;

    /// Reads a series selector such as `up{job="x"}`.
    ///
    /// # Errors
    /// [`QueryError::BadData`] with a position.
    fn selector(&self, text: &str) -> Result<Vec<Matcher>, QueryError>;

    /// The queries that run now.
    fn running(&self) -> Vec<RunningQuery>;

    /// Stops a running query; false when there is none with that number.
    fn kill(&self, id: u64) -> bool;

    /// What fills the engine, with the top `limit` of each list.
    fn cardinality(&self, limit: usize) -> Answer<'_, Cardinality>;

    /// How far reading the log at start has come.
    fn replay(&self) -> ReplayState;

    /// Hides all samples of matching series in the range, for good; space comes
    /// back at the next merge.
    fn delete_series(&self, query: SeriesQuery) -> Answer<'_, ()>;

    /// Rewrites blocks so that deleted samples leave the disk.
    fn clean_tombstones(&self) -> Answer<'_, ()>;

    /// Makes a consistent copy of everything stored (without the head when
    /// `skip_head`) and answers its directory's name below `snapshots/`.
    fn snapshot(&self, skip_head: bool) -> Answer<'_, String>;

    /// Where samples are pushed.
    fn appender(&self) -> Arc<dyn Append>;
}
