//! Label matchers: `name="value"`, `!=`, `=~`, `!~`.

use std::fmt;
use std::sync::Arc;

use crate::labels::{Labels, is_legacy_label_name, write_quoted};
use crate::pattern::{Pattern, PatternError};

/// How a matcher compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum MatchOp {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `=~`, anchored at both ends.
    Regex,
    /// `!~`, anchored at both ends.
    NotRegex,
}

impl MatchOp {
    /// As it is written.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Regex => "=~",
            Self::NotRegex => "!~",
        }
    }
}

/// One condition on one label. A label that is not there has the empty value.
#[derive(Debug, Clone)]
pub struct Matcher {
    /// The label's name.
    pub name: String,
    /// How to compare.
    pub op: MatchOp,
    /// What to compare with: a value or the text of an expression.
    pub value: String,
    pattern: Option<Arc<Pattern>>,
}

impl Matcher {
    /// A matcher.
    ///
    /// # Errors
    /// When `op` takes a regular expression and `value` is none.
    pub fn new(
        name: impl Into<String>,
        op: MatchOp,
        value: impl Into<String>,
    ) -> Result<Self, PatternError> {
        let value = value.into();
        let pattern = match op {
            MatchOp::Equal | MatchOp::NotEqual => None,
            MatchOp::Regex | MatchOp::NotRegex => Some(Arc::new(Pattern::new(&value)?)),
        };
        Ok(Self {
            name: name.into(),
            op,
            value,
            pattern,
        })
    }

    /// A matcher whose expression was compiled by the caller, for languages that mean
    /// the same text in another way than [`Matcher::new`] does; `=` and `!=` have no
    /// use for it.
    #[must_use]
    pub fn with_pattern(
        name: impl Into<String>,
        op: MatchOp,
        value: impl Into<String>,
        pattern: Pattern,
    ) -> Self {
        let takes = matches!(op, MatchOp::Regex | MatchOp::NotRegex);
        Self {
            name: name.into(),
            op,
            value: value.into(),
            pattern: takes.then(|| Arc::new(pattern)),
        }
    }

    /// The matcher `name="value"`.
    pub fn equal(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            op: MatchOp::Equal,
            value: value.into(),
            pattern: None,
        }
    }

    /// Whether a label value (empty when the label is not there) fulfils it.
    #[must_use]
    pub fn matches(&self, value: &str) -> bool {
        match (self.op, &self.pattern) {
            (MatchOp::Equal, _) => self.value == value,
            (MatchOp::NotEqual, _) => self.value != value,
            (MatchOp::Regex, Some(p)) => p.is_match(value),
            (MatchOp::NotRegex, Some(p)) => !p.is_match(value),
            (MatchOp::Regex | MatchOp::NotRegex, None) => false,
        }
    }

    /// Whether a series without the label fulfils it.
    #[must_use]
    pub fn matches_empty(&self) -> bool {
        self.matches("")
    }

    /// The compiled expression of `=~` and `!~`.
    #[must_use]
    pub fn pattern(&self) -> Option<&Pattern> {
        self.pattern.as_deref()
    }
}

/// Whether `labels` fulfil all of `matchers`.
#[must_use]
pub fn all_match(matchers: &[Matcher], labels: &Labels) -> bool {
    matchers
        .iter()
        .all(|m| m.matches(labels.get(&m.name).unwrap_or("")))
}

impl PartialEq for Matcher {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.op == other.op && self.value == other.value
    }
}
impl Eq for Matcher {}

impl fmt::Display for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if is_legacy_label_name(&self.name) {
            f.write_str(&self.name)?;
        } else {
            write_quoted(f, &self.name)?;
        }
        f.write_str(self.op.as_str())?;
        write_quoted(f, &self.value)
    }
}
