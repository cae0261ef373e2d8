//! Matchers as Alertmanager writes them: in its configuration, in the `filter` of its
//! API and on the command line of its tool.
//!
//! There are two languages. The [`classic`] one is a regular expression from before
//! label names could be any text; it takes `foo=bar baz` and passes over backslashes
//! that escape nothing. The [`utf8`] one has tokens and quotes. Alertmanager 0.34
//! reads each text in both ([`Language::Fallback`]): where only the classic one can
//! read it, or both read different things, the classic one holds, and whoever wrote
//! it is told with a [`Note`].
//!
//! Whatever the language, the result is the same [`Matcher`] that the rest of the
//! product uses. It is printed by [`print()`] in the form that is part of group keys
//! and route ids, which differs from that of PromQL.

mod classic;
mod json;
mod lexer;
mod print;
mod quote;
pub mod read;
mod utf8;

use std::fmt;

use binnacle_model::labels::is_legacy_label_name;
use binnacle_model::pattern::Pattern;
use binnacle_model::{MatchOp, Matcher};

pub use json::{from_json, to_json};
pub use print::{print, print_all};

/// How matchers are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// The old language alone (`--enable-feature=classic-mode`).
    Classic,
    /// The new language alone (`--enable-feature=utf8-strict-mode`).
    Utf8,
    /// The new one, and the old one where they differ. The default.
    #[default]
    Fallback,
}

/// Why a text is no matcher, in Alertmanager's words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct MatcherError(String);

/// What was odd about a text that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// Only the classic language can read it; this is how to write it for both.
    Incompatible {
        /// Why the new language cannot.
        error: String,
        /// The same in the new language.
        suggestion: String,
    },
    /// Both can, and understand different things; the classic reading holds.
    Disagreement {
        /// What holds, in the new language.
        suggestion: String,
    },
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Incompatible { error, suggestion } => write!(
                f,
                "read by the rules of the classic matchers, because those of UTF-8 matchers refuse it ({error}); written for both it is {suggestion}"
            ),
            Self::Disagreement { suggestion } => write!(
                f,
                "classic and UTF-8 matchers read this differently; the classic reading holds: {suggestion}"
            ),
        }
    }
}

/// Matchers, and what was odd about them.
pub type Noted<T> = (T, Option<Note>);

/// Reads any number of matchers, with or without braces around them, as Alertmanager
/// does by default.
///
/// # Errors
/// When it is none in either language.
pub fn parse(text: &str) -> Result<Vec<Matcher>, MatcherError> {
    Ok(Language::Fallback.parse(text)?.0)
}

/// Reads one matcher, without braces around it, as Alertmanager does by default.
///
/// # Errors
/// When it is none in either language.
pub fn parse_one(text: &str) -> Result<Matcher, MatcherError> {
    Ok(Language::Fallback.parse_one(text)?.0)
}

impl Language {
    /// Reads any number of matchers.
    ///
    /// # Errors
    /// When it is none in this language.
    pub fn parse(self, text: &str) -> Result<Noted<Vec<Matcher>>, MatcherError> {
        match self {
            Self::Classic => Ok((classic::parse(text)?, None)),
            Self::Utf8 => Ok((utf8::parse(text)?, None)),
            Self::Fallback => choose(utf8::parse(text), classic::parse(text), |found| {
                let texts: Vec<String> = found.iter().map(print).collect();
                texts.join(",")
            }),
        }
    }

    /// Reads one matcher.
    ///
    /// # Errors
    /// When it is none in this language.
    pub fn parse_one(self, text: &str) -> Result<Noted<Matcher>, MatcherError> {
        if self != Self::Classic && (text.starts_with('{') || text.ends_with('}')) {
            return Err(MatcherError(format!(
                "unexpected open or close brace: {text}"
            )));
        }
        match self {
            Self::Classic => Ok((classic::parse_one(text)?, None)),
            Self::Utf8 => Ok((utf8::parse_one(text)?, None)),
            Self::Fallback => choose(utf8::parse_one(text), classic::parse_one(text), print),
        }
    }

    /// Whether a label may have that name.
    #[must_use]
    pub fn is_valid_label_name(self, name: &str) -> bool {
        match self {
            Self::Classic => is_legacy_label_name(name),
            Self::Utf8 | Self::Fallback => !name.is_empty(),
        }
    }
}

/// What holds of two readings.
fn choose<T: PartialEq>(
    utf8: Result<T, MatcherError>,
    classic: Result<T, MatcherError>,
    suggest: impl FnOnce(&T) -> String,
) -> Result<Noted<T>, MatcherError> {
    match (utf8, classic) {
        (Ok(utf8), Ok(classic)) if utf8 == classic => Ok((utf8, None)),
        (Ok(utf8), Err(_)) => Ok((utf8, None)),
        (Err(_), Err(error)) => Err(error),
        (Ok(_), Ok(classic)) => {
            let suggestion = suggest(&classic);
            Ok((classic, Some(Note::Disagreement { suggestion })))
        }
        (Err(error), Ok(classic)) => {
            let note = Note::Incompatible {
                error: error.to_string(),
                suggestion: suggest(&classic),
            };
            Ok((classic, Some(note)))
        }
    }
}

/// Puts matchers in Alertmanager's order: by name, value and kind. The order is part
/// of group keys.
pub fn sort(matchers: &mut [Matcher]) {
    let rank = |m: &Matcher| match m.op {
        MatchOp::Equal => 0,
        MatchOp::NotEqual => 1,
        MatchOp::Regex => 2,
        MatchOp::NotRegex => 3,
    };
    matchers.sort_by(|a, b| (&a.name, &a.value, rank(a)).cmp(&(&b.name, &b.value, rank(b))));
}

/// A matcher as Alertmanager means it: `.` is any character but the end of a line,
/// which in PromQL it is as well.
///
/// # Errors
/// When `op` takes a regular expression and `value` is none.
pub fn new(name: &str, op: MatchOp, value: &str) -> Result<Matcher, MatcherError> {
    matcher(name, op, value.to_owned()).map_err(MatcherError)
}

fn matcher(name: &str, op: MatchOp, value: String) -> Result<Matcher, String> {
    let regex = matches!(op, MatchOp::Regex | MatchOp::NotRegex);
    if !regex || !value.contains('.') {
        return Matcher::new(name, op, value).map_err(|e| e.to_string());
    }
    let pattern = Pattern::new(&format!("(?-s:{value})"))
        // Said of what was written.
        .map_err(|e| Pattern::new(&value).err().unwrap_or(e).to_string())?;
    Ok(Matcher::with_pattern(name, op, value, pattern))
}

#[cfg(test)]
mod tests;
