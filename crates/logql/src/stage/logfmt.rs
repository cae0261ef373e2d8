//! `| logfmt`: all keys, or those that are named.

pub(super) mod pairs;

use std::borrow::Cow;

use self::pairs::Pairs;
use super::hints::Sink;
use super::json::scan::spaced;
use super::{append_sanitized, sanitize};
use crate::ast::Extraction;

/// The error of a line that is none.
const FAILED: &str = "LogfmtParserErr";

/// The parser with its flags.
pub(super) struct Logfmt {
    strict: bool,
    keep_empty: bool,
    named: Vec<Named>,
}

struct Named {
    label: String,
    key: String,
}

impl Logfmt {
    pub(super) fn new(
        strict: bool,
        keep_empty: bool,
        extractions: &[Extraction],
    ) -> Result<Self, String> {
        let mut named = Vec::new();
        for extraction in extractions {
            named.push(Named {
                label: extraction.label.clone(),
                key: key(&extraction.expression)?,
            });
        }
        Ok(Self {
            strict,
            keep_empty,
            named,
        })
    }

    /// Whether keys without a value are labels.
    pub(super) fn keeps_empty(&self) -> bool {
        self.keep_empty
    }

    /// Whether it finds all that there is, and says nothing of what it does not understand.
    pub(super) fn is_plain(&self) -> bool {
        !self.strict && self.named.is_empty()
    }

    pub(super) fn run(&self, line: &[u8], sink: &mut Sink<'_>) {
        if sink.hints.is_done(sink.labels) {
            return;
        }
        let mut name = std::mem::take(&mut sink.labels.scratch);
        let problem = if self.named.is_empty() {
            self.all(line, &mut name, sink)
        } else {
            self.named(line, &mut name, sink)
        };
        sink.labels.scratch = name;
        if let Some(problem) = problem {
            sink.fail(FAILED, &problem.message());
        }
    }

    /// Sets all pairs; what is wrong when the parser is strict.
    fn all(&self, line: &[u8], name: &mut String, sink: &mut Sink<'_>) -> Option<pairs::Problem> {
        for pair in Pairs::of(line) {
            let (key, value) = match pair {
                Ok(pair) => pair,
                Err(problem) if self.strict => return Some(problem),
                Err(_) => continue,
            };
            if value.is_empty() && !self.keep_empty {
                continue;
            }
            name.clear();
            append_sanitized(name, key);
            if !name.is_empty() && sink.offer(name, || Some(spaced(&value))) {
                break;
            }
        }
        None
    }

    /// Sets the pairs that are named: of a key that comes twice the last counts. A key of
    /// the name of a wanted label counts too.
    fn named(&self, line: &[u8], name: &mut String, sink: &mut Sink<'_>) -> Option<pairs::Problem> {
        for Named { label, .. } in &self.named {
            if !sink.labels.is_taken(label) {
                sink.labels.set(label, "");
            }
        }
        for pair in Pairs::of(line) {
            let (key, value) = match pair {
                Ok(pair) => pair,
                Err(problem) if self.strict => return Some(problem),
                Err(_) => continue,
            };
            name.clear();
            append_sanitized(name, key);
            let value = match std::str::from_utf8(&value) {
                Ok(text) if !text.contains(char::REPLACEMENT_CHARACTER) => Cow::Borrowed(text),
                _ => Cow::Borrowed(""),
            };
            let mut is_named = false;
            for named in self.named.iter().filter(|n| n.key == *name) {
                is_named = true;
                sink.set_named(&named.label, &value);
            }
            if !is_named && self.named.iter().any(|n| n.label == *name) {
                sink.set_named(name, &value);
            }
        }
        None
    }
}

/// The key of an expression: a bare one, or one in quotes.
fn key(expression: &str) -> Result<String, String> {
    let wrong = || format!("cannot parse expression {expression:?}: it is no key of logfmt");
    let text = expression.trim_matches([' ', '\t', '\n']);
    if let Some(quoted) = text.strip_prefix('"') {
        let end = quoted.find(['"', ']']).ok_or_else(wrong)?;
        let is_whole = quoted[end + 1..].is_empty();
        return is_whole.then(|| sanitize(&quoted[..end])).ok_or_else(wrong);
    }
    let is_key = text
        .bytes()
        .enumerate()
        .all(|(i, b)| b.is_ascii_alphabetic() || b == b'_' || (i > 0 && b.is_ascii_digit()));
    if text.is_empty() || !is_key {
        return Err(wrong());
    }
    Ok(text.to_owned())
}
