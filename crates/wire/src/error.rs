//! Why bytes from outside were not taken.

/// By what the caller can do about it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// Text that breaks its format's grammar: show it to whoever wrote it.
    #[error("line {line}: {message}")]
    Syntax {
        /// From 1 on, of the body.
        line: u32,
        /// What was expected, and what is there.
        message: String,
    },
    /// Binary data that break their format: show it to whoever wrote it.
    #[error("{0}")]
    Malformed(String),
    /// More than a limit allows; raise the limit, or send less.
    #[error("{what} is {size} bytes, more than the limit of {limit}")]
    TooLarge {
        /// What is too large.
        what: &'static str,
        /// How large it is, in bytes.
        size: u64,
        /// How large it may be, in bytes.
        limit: u64,
    },
    /// A media type, an encoding or a version that is not spoken here.
    #[error("{0}")]
    Unsupported(String),
    /// The reader failed.
    #[error("reading failed: {0}")]
    Read(String),
    /// The visitor asked to stop.
    #[error("stopped by the receiver")]
    Stopped,
}
