//! What an answer's status means: taken, to be tried again, or refused.

use super::http::Answer;
use super::{FailureReason, NotifyError};

/// Characters of a refusal's body that the error keeps.
const DETAILS_CHARS_MAX: usize = 2_000;

/// How the answers of one service are judged.
///
/// 2xx is taken and 5xx is always tried again; what else is worth another try differs
/// between services.
#[derive(Debug, Clone, Copy, Default)]
pub struct Retry {
    /// Further status codes that are tried again.
    pub codes: &'static [u16],
    /// Takes from a refusal's body what is worth telling; without it that is the
    /// whole body. Empty text: nothing.
    pub details: Option<fn(status: u16, body: &[u8]) -> String>,
}

impl Retry {
    /// Judges an answer.
    ///
    /// # Errors
    /// Unless its status is 2xx.
    pub fn check(&self, answer: &Answer) -> Result<(), NotifyError> {
        let status = answer.status;
        if status / 100 == 2 {
            return Ok(());
        }
        let details = match self.details {
            Some(details) => details(status, &answer.body),
            None => answer.text().into_owned(),
        };
        let mut message = format!("unexpected status code {status}");
        if !details.is_empty() {
            message.push_str(": ");
            message.extend(details.chars().take(DETAILS_CHARS_MAX));
        }
        Err(NotifyError {
            retry: status / 100 == 5 || self.codes.contains(&status),
            reason: FailureReason::of_status(status),
            message,
            retry_after: answer.retry_after,
        })
    }
}

impl FailureReason {
    /// The reason that a status stands for.
    #[must_use]
    pub fn of_status(status: u16) -> Self {
        match status {
            401 | 403 => Self::AuthError,
            429 => Self::RateLimited,
            400..=499 => Self::ClientError,
            500..=599 => Self::ServerError,
            _ => Self::Other,
        }
    }
}

impl NotifyError {
    /// A failure that trying again does not help.
    #[must_use]
    pub fn fatal(message: impl Into<String>) -> Self {
        Self {
            retry: false,
            reason: FailureReason::Other,
            message: message.into(),
            retry_after: None,
        }
    }

    /// A failure that may pass.
    #[must_use]
    pub fn retry(message: impl Into<String>) -> Self {
        Self {
            retry: true,
            ..Self::fatal(message)
        }
    }

    /// The same with `what` before its message.
    #[must_use]
    pub fn during(mut self, what: &str) -> Self {
        self.message = format!("{what}: {}", self.message);
        self
    }

    /// The same for another reason.
    #[must_use]
    pub fn because(mut self, reason: FailureReason) -> Self {
        self.reason = reason;
        self
    }
}
