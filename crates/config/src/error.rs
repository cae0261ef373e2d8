//! What is wrong with a configuration, and where.
//!
//! A file is read to its end before it is refused, so that one run names every
//! mistake. Each error prints as one line that editors and terminals can jump to.

use std::fmt;
use std::path::{Path, PathBuf};

/// A place in a file: both counted from 1; 0 means the file as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Hash)]
pub struct At {
    /// The line.
    pub line: u32,
    /// The column, in characters.
    pub column: u32,
}

/// One mistake in one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// The file as it was named by whoever asked to read it.
    pub file: PathBuf,
    /// The line, from 1; 0 when the file as a whole is meant.
    pub line: u32,
    /// The column in characters, from 1; 0 when the file as a whole is meant.
    pub column: u32,
    /// What is wrong, with the value that is.
    pub message: String,
    /// What was likely meant, as a question.
    pub hint: Option<String>,
}

impl ConfigError {
    /// A mistake at a place.
    #[must_use]
    pub fn new(file: &Path, at: At, message: impl Into<String>) -> Self {
        Self {
            file: file.to_owned(),
            line: at.line,
            column: at.column,
            message: message.into(),
            hint: None,
        }
    }

    /// A mistake of the file as a whole, such as that it cannot be opened.
    #[must_use]
    pub fn whole(file: &Path, message: impl Into<String>) -> Self {
        Self::new(file, At::default(), message)
    }

    /// The same mistake with a hint.
    #[must_use]
    pub fn hint(mut self, hint: Option<String>) -> Self {
        self.hint = hint;
        self
    }
}

/// As `prometheus.yml:12:5: unknown field "scrape_intervall", did you mean "scrape_interval"?`.
impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if self.line > 0 {
            write!(f, ":{}:{}", self.line, self.column)?;
        }
        write!(f, ": {}", self.message)?;
        if let Some(hint) = &self.hint {
            write!(f, ", {hint}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigError {}

/// Every mistake that was found, in the order of the files and their lines; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigErrors(Vec<ConfigError>);

impl ConfigErrors {
    /// `None` when there is nothing wrong.
    #[must_use]
    pub fn of(errors: Vec<ConfigError>) -> Option<Self> {
        (!errors.is_empty()).then_some(Self(errors))
    }

    /// The mistakes.
    pub fn iter(&self) -> impl Iterator<Item = &ConfigError> {
        self.0.iter()
    }
}

impl From<ConfigError> for ConfigErrors {
    fn from(error: ConfigError) -> Self {
        Self(vec![error])
    }
}

/// One mistake on each line.
impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, error) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{error}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigErrors {}
