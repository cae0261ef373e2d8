//! Why a scrape failed, as the targets page shows it.

use binnacle_wire::WireError;

use binnacle_client::HttpError;

/// Why a scrape failed.
#[derive(Debug, thiserror::Error)]
pub enum ScrapeError {
    /// The target could not be asked.
    #[error("Get {url:?}: {source}")]
    Http {
        /// What was asked for.
        url: String,
        /// Why.
        source: HttpError,
    },
    /// The target did not answer in time.
    #[error("Get {url:?}: context deadline exceeded")]
    Timeout {
        /// What was asked for.
        url: String,
    },
    /// The target answered with something else than 200.
    #[error("server returned HTTP status {0}")]
    Status(String),
    /// The answer is compressed in another way, or badly.
    #[error("decompressing: {0}")]
    Encoding(String),
    /// The answer is not what its content type says.
    #[error(transparent)]
    Format(#[from] WireError),
    /// A series that cannot be stored.
    #[error("{0}")]
    BadSeries(String),
    /// The answer is larger than `body_size_limit`.
    #[error("body size limit exceeded (limit: {limit} bytes)")]
    BodySizeLimit {
        /// The limit.
        limit: u64,
    },
    /// More samples than `sample_limit`.
    #[error("sample limit exceeded (samples: {samples}, limit: {limit})")]
    SampleLimit {
        /// How many there are.
        samples: u64,
        /// The limit.
        limit: u64,
    },
    /// More, or longer, labels than the limits allow.
    #[error("{0}")]
    LabelLimit(String),
    /// The pool has more targets than `target_limit`.
    #[error("target_limit exceeded (number of targets: {targets}, limit: {limit})")]
    TargetLimit {
        /// How many there are.
        targets: u64,
        /// The limit.
        limit: u64,
    },
    /// The pool of the target is gone, or the process has no such target.
    #[error("{0}")]
    Gone(String),
}
