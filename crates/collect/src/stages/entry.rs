//! A line on its way, and what was taken out of it.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

/// A value that a stage took out of a line.
#[derive(Debug, Clone, PartialEq)]
pub enum Extracted {
    /// JSON's null.
    Null,
    /// A truth value.
    Bool(bool),
    /// A number.
    Number(f64),
    /// A text.
    Text(String),
    /// Something that is no text and becomes none.
    Other,
}

impl Extracted {
    /// As text; `None` for what becomes none.
    #[must_use]
    pub fn text(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Text(text) => Some(Cow::Borrowed(text)),
            Self::Number(value) if value.is_infinite() => {
                Some(Cow::Borrowed(if *value > 0.0 { "+Inf" } else { "-Inf" }))
            }
            Self::Number(value) => Some(Cow::Owned(value.to_string())),
            Self::Bool(value) => Some(Cow::Borrowed(if *value { "true" } else { "false" })),
            Self::Null | Self::Other => None,
        }
    }

    /// As a number; texts may be numbers or durations, which become seconds.
    #[must_use]
    pub fn number(&self) -> Option<f64> {
        match self {
            Self::Number(value) => Some(*value),
            Self::Bool(value) => Some(f64::from(u8::from(*value))),
            Self::Text(text) => text.parse().ok().or_else(|| {
                let ns = binnacle_logql::stage::go_duration(text).ok()?;
                Some(ns as f64 / 1e9)
            }),
            Self::Null | Self::Other => None,
        }
    }
}

/// A line on its way.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Entry {
    /// Labels of its stream. Those that begin with `__` are taken off at the end.
    pub labels: BTreeMap<String, String>,
    /// Its time, nanoseconds since the Unix epoch.
    pub t_ns: i64,
    /// The line, without its line feed.
    pub line: Vec<u8>,
    /// Structured metadata.
    pub fields: Vec<(String, String)>,
    /// What stages took out of it.
    pub extracted: HashMap<String, Extracted>,
    /// Where its first line begins in its source, in bytes.
    pub from: u64,
}

impl Entry {
    /// The text that a stage with this source works on: an extracted value, or the line.
    pub(super) fn input(&self, source: Option<&str>) -> Option<Cow<'_, str>> {
        match source {
            None => Some(String::from_utf8_lossy(&self.line)),
            Some(name) => self.extracted.get(name)?.text(),
        }
    }

    /// The bytes that a stage with this source works on.
    pub(super) fn input_bytes(&self, source: Option<&str>) -> Option<Cow<'_, [u8]>> {
        match source {
            None => Some(Cow::Borrowed(&self.line)),
            Some(name) => match self.extracted.get(name)?.text()? {
                Cow::Borrowed(text) => Some(Cow::Borrowed(text.as_bytes())),
                Cow::Owned(text) => Some(Cow::Owned(text.into_bytes())),
            },
        }
    }

    pub(super) fn extract(&mut self, name: &str, value: impl Into<String>) {
        self.extracted
            .insert(name.to_owned(), Extracted::Text(value.into()));
    }
}
