//! The language of Prometheus' test scripts (`promqltest`): series to load,
//! queries to evaluate, and what they must answer.
//!
//! ```text
//! load 1m
//!   http_requests{job="a"} 0+10x10
//!
//! eval instant at 5m rate(http_requests[5m])
//!   expect no_warn
//!   {job="a"} 0.16666
//! ```
//!
//! This reads scripts and runs none: whoever runs them brings the storage. The
//! deprecated words (`eval_fail`, `expected_fail_message`, …) are read as well.
//!
//! Lines that are empty or hold nothing but a comment end a command.

mod eval;
mod load;

#[cfg(test)]
mod tests;

use std::fmt;

use binnacle_model::duration;

pub use eval::{AnnotationExpectation, Eval, EvalTimes, ExpectedSeries, Steps, TextPattern};
pub use load::{Load, LoadSeries};

use crate::parse::ParseErrors;

/// A script.
#[derive(Debug, Clone)]
pub struct Script {
    /// In the order in which they are to be run.
    pub commands: Vec<Command>,
}

/// A command and where it stands.
#[derive(Debug, Clone)]
pub struct Command {
    /// Its line, from 1.
    pub line: usize,
    /// What to do.
    pub action: Action,
}

/// What a command does.
#[derive(Debug, Clone)]
pub enum Action {
    /// Forgets everything loaded.
    Clear,
    /// Adds series.
    Load(Load),
    /// Evaluates a query.
    Eval(Box<Eval>),
}

/// Why a text is no script.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct ScriptError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub message: String,
}

impl Script {
    /// Reads a script, and checks that its queries can be read but for those that
    /// must fail.
    ///
    /// # Errors
    /// At the first line that makes no sense.
    pub fn parse(text: &str) -> Result<Self, ScriptError> {
        let mut lines = Lines::new(text);
        let mut commands = Vec::new();
        while let Some(text) = lines.command() {
            let line = lines.number();
            let word = text
                .split_whitespace()
                .next()
                .unwrap_or_default()
                .to_ascii_lowercase();
            let action = match word.as_str() {
                "clear" => Action::Clear,
                word if word.starts_with("load") => Action::Load(load::parse(text, &mut lines)?),
                word if word.starts_with("eval") => {
                    Action::Eval(Box::new(eval::parse(text, &mut lines)?))
                }
                _ => return Err(lines.error(format!("invalid command {text:?}"))),
            };
            commands.push(Command { line, action });
        }
        Ok(Self { commands })
    }
}

/// The lines of a script without space around them and without comments.
struct Lines<'a> {
    lines: Vec<&'a str>,
    /// Index of the next line.
    next: usize,
}

impl<'a> Lines<'a> {
    fn new(text: &'a str) -> Self {
        let clean = |line: &'a str| {
            let line = line.trim();
            if line.starts_with('#') { "" } else { line }
        };
        Self {
            lines: text.split('\n').map(clean).collect(),
            next: 0,
        }
    }

    /// The next line that starts a command.
    fn command(&mut self) -> Option<&'a str> {
        loop {
            let line = *self.lines.get(self.next)?;
            self.next += 1;
            if !line.is_empty() {
                return Some(line);
            }
        }
    }

    /// The next line that belongs to the command at hand.
    fn detail(&mut self) -> Option<&'a str> {
        let line = *self.lines.get(self.next)?;
        if line.is_empty() {
            return None;
        }
        self.next += 1;
        Some(line)
    }

    /// The number of the line that was read last, from 1.
    fn number(&self) -> usize {
        self.next
    }

    fn error(&self, message: impl Into<String>) -> ScriptError {
        ScriptError {
            line: self.number(),
            message: message.into(),
        }
    }

    fn unreadable(&self, errors: &ParseErrors) -> ScriptError {
        let first = errors.first();
        match first.position {
            Some((_, column)) => self.error(format!("column {column}: {}", first.message)),
            None => self.error(first.message.clone()),
        }
    }

    fn duration(&self, what: impl fmt::Display, text: &str) -> Result<i64, ScriptError> {
        duration::parse(text)
            .map_err(|error| self.error(format!("invalid {what} definition {text:?}: {error}")))
    }
}
