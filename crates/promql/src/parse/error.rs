//! What is wrong with a text, and where.

use std::fmt;

use binnacle_model::annotation::Span;
use binnacle_model::query::QueryError;

/// One thing that is wrong with a query.
///
/// Prints as Prometheus does: `1:5: parse error: unexpected end of input`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseError {
    /// Where, in bytes.
    pub span: Span,
    /// What, in words.
    pub message: String,
    /// Line and column of the start of `span`, both from 1, the column in bytes;
    /// `None` in an empty text.
    pub position: Option<(usize, usize)>,
}

impl ParseError {
    pub(super) fn new(text: &str, span: Span, message: String) -> Self {
        Self {
            span,
            message,
            position: position(text, span.start),
        }
    }
}

fn position(text: &str, at: usize) -> Option<(usize, usize)> {
    if text.is_empty() {
        return None;
    }
    let before = &text.as_bytes()[..at.min(text.len())];
    let line = 1 + before.iter().filter(|&&b| b == b'\n').count();
    let column = before.iter().rev().take_while(|&&b| b != b'\n').count() + 1;
    Some((line, column))
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.position {
            Some((line, column)) => write!(f, "{line}:{column}: ")?,
            None => f.write_str("unknown position: ")?,
        }
        write!(f, "parse error: {}", self.message)
    }
}

/// Everything that was found wrong with a query: at least one thing, in the order
/// of finding.
///
/// Prints the first, as Prometheus does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseErrors {
    first: ParseError,
    rest: Vec<ParseError>,
}

impl ParseErrors {
    /// `None` when there is no error.
    pub(super) fn from_list(errors: Vec<ParseError>) -> Option<Self> {
        let mut errors = errors.into_iter();
        let first = errors.next()?;
        Some(Self {
            first,
            rest: errors.collect(),
        })
    }

    pub(super) fn of(first: ParseError, rest: Vec<ParseError>) -> Self {
        Self { first, rest }
    }

    /// The first thing that is wrong.
    pub fn first(&self) -> &ParseError {
        &self.first
    }

    /// All that is wrong.
    pub fn iter(&self) -> impl Iterator<Item = &ParseError> {
        std::iter::once(&self.first).chain(&self.rest)
    }
}

impl fmt::Display for ParseErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.first.fmt(f)
    }
}

impl std::error::Error for ParseErrors {}

impl From<ParseErrors> for QueryError {
    fn from(errors: ParseErrors) -> Self {
        QueryError::BadData {
            message: errors.to_string(),
            span: Some(errors.first.span),
        }
    }
}
