//! Why a template was refused or stopped.

/// An error of this room; its text is the one that Go would print.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The text is no template: `template: name:1: unclosed action`.
    #[error("{message}")]
    Parse {
        /// The whole message, with template and line.
        message: String,
        /// Line of the text, from 1.
        line: usize,
    },
    /// The template cannot be escaped for HTML: an action stands where no escaping
    /// makes it safe, or branches end in different places of the page.
    #[error("{message}")]
    Escape {
        /// The whole message, with template and line.
        message: String,
    },
    /// The template failed on these data: `template: name:1:5: executing "name" at
    /// <.Foo>: ...`.
    #[error("{message}")]
    Execute {
        /// The whole message, with template, line, column and action.
        message: String,
    },
    /// The template reached one of its [`crate::Limits`].
    #[error("{message}")]
    Limit {
        /// The whole message, with place, limit and its value.
        message: String,
        /// Name of the limit, as the field of [`crate::Limits`].
        limit: &'static str,
    },
}
