//! What a query says besides its value.

use std::fmt;

/// How serious an annotation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The result is right but may surprise.
    Info,
    /// The result may be incomplete or wrong.
    Warning,
}

/// A byte range of the query text, end exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, PartialOrd, Ord)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

/// One remark about a query.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Annotation {
    /// How serious it is.
    pub severity: Severity,
    /// The text as Prometheus words it, without position.
    pub message: String,
    /// Where in the query, when that is known.
    pub span: Option<Span>,
}

/// All remarks about a query, without repetition.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Annotations(Vec<Annotation>);

impl Annotations {
    /// Adds a remark, unless the same one is there.
    pub fn add(&mut self, annotation: Annotation) {
        if !self.0.contains(&annotation) {
            self.0.push(annotation);
        }
    }

    /// Adds all remarks of `other`.
    pub fn merge(&mut self, other: Annotations) {
        for a in other.0 {
            self.add(a);
        }
    }

    /// In order of arrival.
    pub fn iter(&self) -> std::slice::Iter<'_, Annotation> {
        self.0.iter()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Annotation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}
