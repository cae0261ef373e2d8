//! Errors as Prometheus' API words them: `{"status":"error","errorType":…,"error":…}`.

use axum::response::{IntoResponse, Response};
use binnacle_model::query::QueryError;
use http::{StatusCode, header};

use crate::http::json::push_string;

/// Prometheus' error types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum ErrorType {
    BadData,
    Execution,
    Timeout,
    Canceled,
    NotFound,
    Conflict,
    Unavailable,
    Internal,
    NotAcceptable,
}

impl ErrorType {
    /// The API's word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::BadData => "bad_data",
            Self::Execution => "execution",
            Self::Timeout => "timeout",
            Self::Canceled => "canceled",
            Self::NotFound => "not_found",
            Self::Conflict => "conflict",
            Self::Unavailable => "unavailable",
            Self::Internal => "internal",
            Self::NotAcceptable => "not_acceptable",
        }
    }

    /// The status code that goes with it.
    #[must_use]
    pub fn status(self) -> StatusCode {
        match self {
            Self::BadData => StatusCode::BAD_REQUEST,
            Self::Execution => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Timeout => StatusCode::SERVICE_UNAVAILABLE,
            // Nginx' "client closed request", which Prometheus uses too.
            Self::Canceled => StatusCode::from_u16(499).unwrap_or(StatusCode::BAD_REQUEST),
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Conflict => StatusCode::CONFLICT,
            Self::NotAcceptable => StatusCode::NOT_ACCEPTABLE,
            Self::Unavailable | Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

/// An error of the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiError {
    /// Its type.
    pub kind: ErrorType,
    /// What is wrong and what to do.
    pub message: String,
}

impl ApiError {
    /// The request is wrong.
    pub fn bad_data(message: impl Into<String>) -> Self {
        Self {
            kind: ErrorType::BadData,
            message: message.into(),
        }
    }

    /// Parameter `name` is wrong.
    pub fn parameter(name: &str, message: impl std::fmt::Display) -> Self {
        Self::bad_data(format!("invalid parameter \"{name}\": {message}"))
    }

    /// The same error, said of parameter `name` when the request is at fault.
    #[must_use]
    pub fn of_parameter(self, name: &str) -> Self {
        if self.kind == ErrorType::BadData {
            Self::parameter(name, self.message)
        } else {
            self
        }
    }
}

impl From<QueryError> for ApiError {
    fn from(error: QueryError) -> Self {
        let kind = match error {
            QueryError::BadData { .. } => ErrorType::BadData,
            QueryError::Execution { .. } => ErrorType::Execution,
            QueryError::Timeout { .. } => ErrorType::Timeout,
            QueryError::Canceled { .. } => ErrorType::Canceled,
            QueryError::NotFound { .. } => ErrorType::NotFound,
            QueryError::Unavailable { .. } => ErrorType::Unavailable,
            QueryError::Internal { .. } => ErrorType::Internal,
        };
        Self {
            kind,
            message: error.to_string(),
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut body = Vec::with_capacity(self.message.len() + 64);
        body.extend_from_slice(b"{\"status\":\"error\",\"errorType\":");
        push_string(&mut body, self.kind.as_str());
        body.extend_from_slice(b",\"error\":");
        push_string(&mut body, &self.message);
        body.push(b'}');
        (
            self.kind.status(),
            [(header::CONTENT_TYPE, "application/json")],
            body,
        )
            .into_response()
    }
}
