//! The labels of one row while it runs through a pipeline.

use std::sync::Arc;

use binnacle_model::event::LogLabels;

use super::{ERROR, ERROR_DETAILS, PRESERVE_ERROR};

/// Where a label comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Category {
    /// The stream.
    Stream,
    /// Sent with the line.
    Metadata,
    /// Made by a parser or formatter.
    Parsed,
}

/// Labels by where they come from. Of one name, what a parser made wins over what was
/// sent with the line, and that over the stream's.
#[derive(Debug, Clone, Default)]
pub struct RowLabels {
    stream: Arc<LogLabels>,
    /// Labels of the stream that were dropped or set anew.
    hidden: Vec<String>,
    changed: LogLabels,
    metadata: LogLabels,
    parsed: LogLabels,
    error: Option<String>,
    details: Option<String>,
}

impl RowLabels {
    /// Begins a row.
    pub fn reset(&mut self, stream: &Arc<LogLabels>) {
        if !Arc::ptr_eq(&self.stream, stream) {
            self.stream = stream.clone();
        }
        self.hidden.clear();
        self.changed = LogLabels::default();
        self.metadata = LogLabels::default();
        self.parsed = LogLabels::default();
        self.error = None;
        self.details = None;
    }

    /// Adds what was sent with the line.
    ///
    /// A name that the stream has gets `_extracted`.
    pub fn add_metadata(&mut self, name: &str, value: &str) {
        if self.stream.get(name).is_some() {
            self.metadata.set(format!("{name}_extracted"), value);
        } else {
            self.metadata.set(name, value);
        }
    }

    /// The value of a label.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.get_with_category(name).map(|(_, v)| v)
    }

    /// The value of a label and where it comes from.
    #[must_use]
    pub fn get_with_category(&self, name: &str) -> Option<(Category, &str)> {
        if name == ERROR {
            return self.error.as_deref().map(|e| (Category::Parsed, e));
        }
        if name == ERROR_DETAILS {
            return self.details.as_deref().map(|e| (Category::Parsed, e));
        }
        if let Some(value) = self.parsed.get(name) {
            return Some((Category::Parsed, value));
        }
        if let Some(value) = self.metadata.get(name) {
            return Some((Category::Metadata, value));
        }
        if let Some(value) = self.changed.get(name) {
            return Some((Category::Stream, value));
        }
        let value = self.stream.get(name)?;
        (!self.is_hidden(name)).then_some((Category::Stream, value))
    }

    fn is_hidden(&self, name: &str) -> bool {
        !self.hidden.is_empty() && self.hidden.iter().any(|h| h == name)
    }

    /// Whether the stream or the metadata have that name, dropped or not.
    #[must_use]
    pub fn is_taken(&self, name: &str) -> bool {
        self.stream.get(name).is_some() || self.metadata.get(name).is_some()
    }

    /// Sets what a parser found; a name that is taken gets `_extracted`.
    pub fn set_parsed(&mut self, name: &str, value: &str) {
        if self.is_taken(name) {
            self.parsed.set(format!("{name}_extracted"), value);
        } else {
            self.parsed.set(name, value);
        }
    }

    /// Sets a label.
    pub fn set(&mut self, category: Category, name: &str, value: &str) {
        if name == ERROR {
            self.error = Some(value.to_owned());
            return;
        }
        if name == ERROR_DETAILS {
            self.details = Some(value.to_owned());
            return;
        }
        match category {
            Category::Parsed => {
                self.delete(name);
                self.parsed.set(name, value);
            }
            Category::Metadata => self.metadata.set(name, value),
            Category::Stream => self.changed.set(name, value),
        }
    }

    /// Takes a label away, wherever it is from.
    pub fn delete(&mut self, name: &str) {
        self.parsed.remove(name);
        self.metadata.remove(name);
        self.changed.remove(name);
        if self.stream.get(name).is_some() && !self.is_hidden(name) {
            self.hidden.push(name.to_owned());
        }
    }

    /// Says that a stage failed.
    pub fn set_error(&mut self, error: &str, details: &str) {
        self.error = Some(error.to_owned());
        self.details = (!details.is_empty()).then(|| details.to_owned());
    }

    /// Forgets an error.
    pub fn clear_error(&mut self) {
        self.error = None;
    }

    /// Forgets the details of an error.
    pub fn clear_error_details(&mut self) {
        self.details = None;
    }

    /// The error.
    #[must_use]
    pub fn error(&self) -> Option<&str> {
        self.error.as_deref()
    }

    /// The details of the error.
    #[must_use]
    pub fn error_details(&self) -> Option<&str> {
        self.details.as_deref()
    }

    /// Whether an error is to be kept instead of failing a metric query.
    #[must_use]
    pub fn preserves_error(&self) -> bool {
        self.get(PRESERVE_ERROR) == Some("true")
    }

    fn stream_labels(&self) -> impl Iterator<Item = (&str, &str)> {
        let kept = self.stream.iter().filter(|(name, _)| {
            !self.is_hidden(name)
                && self.changed.get(name).is_none()
                && self.metadata.get(name).is_none()
                && self.parsed.get(name).is_none()
        });
        kept.chain(self.changed.iter())
    }

    /// All labels, each name once, in no order.
    pub fn all(&self) -> impl Iterator<Item = (&str, &str)> {
        let metadata = self
            .metadata
            .iter()
            .filter(|(name, _)| self.parsed.get(name).is_none());
        self.stream_labels()
            .chain(metadata)
            .chain(self.parsed.iter())
            .chain(self.error.iter().map(|e| (ERROR, e.as_str())))
            .chain(self.details.iter().map(|e| (ERROR_DETAILS, e.as_str())))
    }

    /// All labels as one set.
    #[must_use]
    pub fn merged(&self) -> LogLabels {
        LogLabels::from_pairs(self.all())
    }

    /// What was sent with the line and is still there.
    #[must_use]
    pub fn metadata(&self) -> LogLabels {
        let mut own = self.metadata.clone();
        own.retain(|name, _| self.parsed.get(name).is_none());
        own
    }

    /// What parsers and formatters made, errors included.
    #[must_use]
    pub fn parsed(&self) -> LogLabels {
        let mut own = self.parsed.clone();
        if let Some(error) = &self.error {
            own.set(ERROR, error.as_str());
        }
        if let Some(details) = &self.details {
            own.set(ERROR_DETAILS, details.as_str());
        }
        own
    }
}
