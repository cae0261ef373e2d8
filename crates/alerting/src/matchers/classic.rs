//! The classic matchers: `foo=bar`, `foo =~ "b.*"`, several with commas between them.
//!
//! A value in quotes has the escapes `\n`, `\"` and `\\`; so has one without quotes,
//! which may hold anything else, spaces and braces included. A backslash before any
//! other letter is a backslash.

use binnacle_model::{MatchOp, Matcher};

use super::{MatcherError, matcher};

/// Reads any number of matchers.
pub(super) fn parse(text: &str) -> Result<Vec<Matcher>, MatcherError> {
    split(text).into_iter().map(parse_one).collect()
}

/// The parts between commas that stand in no quotes. Only the last one may be empty,
/// and is then left out.
fn split(text: &str) -> Vec<&str> {
    let text = text.strip_prefix('{').unwrap_or(text);
    let text = text.strip_suffix('}').unwrap_or(text);
    let mut parts = Vec::new();
    let (mut quoted, mut escaped, mut start) = (false, false, 0);
    for (at, c) in text.char_indices() {
        match c {
            // Leaves `escaped` as it is, as Alertmanager does.
            ',' if !quoted => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            ',' => {}
            '"' if escaped => escaped = false,
            '"' => quoted = !quoted,
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    let last = text[start..].trim();
    if !last.is_empty() {
        parts.push(last);
    }
    parts
}

/// Longest first: `=~` is not `=` and a value that starts with `~`.
const OPERATORS: [(&str, MatchOp); 4] = [
    ("=~", MatchOp::Regex),
    ("!=", MatchOp::NotEqual),
    ("!~", MatchOp::NotRegex),
    ("=", MatchOp::Equal),
];

/// Reads one matcher.
pub(super) fn parse_one(text: &str) -> Result<Matcher, MatcherError> {
    let bad = || MatcherError(format!("bad matcher format: {text}"));
    let rest = text.trim_start_matches(is_space);
    let end = rest
        .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == ':'))
        .unwrap_or(rest.len());
    let (name, rest) = rest.split_at(end);
    if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
        return Err(bad());
    }
    let rest = rest.trim_start_matches(is_space);
    let (op, raw) = OPERATORS
        .iter()
        .find_map(|(sign, op)| Some((*op, rest.strip_prefix(sign)?)))
        .ok_or_else(bad)?;
    let value = unescape(raw.trim_matches(is_space)).map_err(MatcherError)?;
    matcher(name, op, value).map_err(MatcherError)
}

/// What `\s` is to Go's regular expressions.
fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r' | '\x0c')
}

fn unescape(raw: &str) -> Result<String, String> {
    let stray = || {
        Err(format!(
            "matcher value contains unescaped double quote: {raw}"
        ))
    };
    let (inner, mut wants_quote) = match raw.strip_prefix('"') {
        Some(inner) => (inner, true),
        None => (raw, false),
    };
    let mut value = String::with_capacity(inner.len());
    let mut escaped = false;
    for (at, c) in inner.char_indices() {
        let last = at + 1 == inner.len();
        match c {
            'n' if escaped => value.push('\n'),
            '"' | '\\' if escaped => value.push(c),
            _ if escaped => value.extend(['\\', c]),
            '\\' if !last => {
                escaped = true;
                continue;
            }
            '"' if wants_quote && last => wants_quote = false,
            '"' => return stray(),
            _ => value.push(c),
        }
        escaped = false;
    }
    if wants_quote { stray() } else { Ok(value) }
}
