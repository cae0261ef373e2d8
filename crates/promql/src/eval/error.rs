//! Why there is no value.

use binnacle_model::annotation::Span;
use binnacle_model::limits::Stopped;
use binnacle_model::select::SelectError;

/// Why an expression could not be evaluated, by what the asker can do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EvalError {
    /// The query or its times are wrong, whatever the data.
    #[error("{message}")]
    BadData {
        /// What is wrong.
        message: String,
        /// Where in the query.
        span: Option<Span>,
    },
    /// The query is right and cannot be evaluated on these data.
    #[error("{message}")]
    Execution {
        /// Why, as Prometheus words it.
        message: String,
    },
    /// A limit, the timeout, or a cancellation.
    #[error(transparent)]
    Stopped(#[from] Stopped),
    /// The engine could not read.
    #[error("{message}")]
    Storage {
        /// What, where, and why.
        message: String,
    },
}

impl EvalError {
    pub(crate) fn execution(message: impl Into<String>) -> Self {
        Self::Execution {
            message: message.into(),
        }
    }

    pub(crate) fn same_labels() -> Self {
        Self::execution("vector cannot contain metrics with the same labelset")
    }
}

impl From<SelectError> for EvalError {
    fn from(error: SelectError) -> Self {
        match error {
            SelectError::Stopped(stopped) => Self::Stopped(stopped),
            SelectError::Storage { message } => Self::Storage { message },
        }
    }
}
