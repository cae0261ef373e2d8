//! Writes a tree of plain values as YAML, for people and for the reader above.
//!
//! Not a general emitter: it writes block style only, quotes every text that could
//! be read as anything else, and folds nothing.

use std::fmt::Write as _;

use super::scalar::{Scalar, Tag};

/// A value to be printed.
#[derive(Debug, Clone, PartialEq)]
pub enum Out {
    /// Text, quoted where that is needed.
    Text(String),
    /// A number or a boolean, as it is.
    Plain(String),
    /// A secret, whose value is not printed.
    Secret,
    /// A list.
    List(Vec<Out>),
    /// A mapping in the order in which it is printed.
    Map(Vec<(String, Out)>),
}

/// What stands in the place of a secret; Prometheus writes the same.
pub const SECRET: &str = "<secret>";

impl Out {
    /// The value under `key`, when this is a mapping that has it.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Out> {
        match self {
            Self::Map(entries) => entries.iter().find(|(k, _)| k == key).map(|(_, v)| v),
            _ => None,
        }
    }
}

/// `value` as YAML, with a newline at its end.
#[must_use]
pub fn print(value: &Out) -> String {
    let mut out = String::new();
    match value {
        Out::Map(entries) if !entries.is_empty() => print_map(&mut out, entries, 0),
        Out::List(items) if !items.is_empty() => print_list(&mut out, items, 0),
        scalar => {
            print_scalar(&mut out, scalar);
            out.push('\n');
        }
    }
    out
}

fn print_map(out: &mut String, entries: &[(String, Out)], indent: usize) {
    for (i, (key, value)) in entries.iter().enumerate() {
        // The first line follows the list's dash or starts the file.
        if i > 0 {
            push_indent(out, indent);
        }
        print_text(out, key);
        out.push(':');
        print_under(out, value, indent);
    }
}

fn print_under(out: &mut String, value: &Out, indent: usize) {
    match value {
        Out::Map(entries) if !entries.is_empty() => {
            out.push('\n');
            push_indent(out, indent + 2);
            print_map(out, entries, indent + 2);
        }
        Out::List(items) if !items.is_empty() => {
            out.push('\n');
            push_indent(out, indent);
            print_list(out, items, indent);
        }
        scalar => {
            out.push(' ');
            print_scalar(out, scalar);
            out.push('\n');
        }
    }
}

fn print_list(out: &mut String, items: &[Out], indent: usize) {
    for (i, item) in items.iter().enumerate() {
        if i > 0 {
            push_indent(out, indent);
        }
        out.push_str("- ");
        match item {
            Out::Map(entries) if !entries.is_empty() => print_map(out, entries, indent + 2),
            Out::List(items) if !items.is_empty() => print_list(out, items, indent + 2),
            scalar => {
                print_scalar(out, scalar);
                out.push('\n');
            }
        }
    }
}

fn print_scalar(out: &mut String, value: &Out) {
    match value {
        Out::Text(text) => print_text(out, text),
        Out::Plain(text) => out.push_str(text),
        Out::Secret => out.push_str(SECRET),
        Out::List(_) => out.push_str("[]"),
        Out::Map(_) => out.push_str("{}"),
    }
}

fn print_text(out: &mut String, text: &str) {
    if is_plain_text(text) {
        out.push_str(text);
        return;
    }
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}') => {
                // Writing to a String cannot fail.
                let _ = write!(out, "\\U{:08x}", c as u32);
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

/// Whether `text` without quotes reads back as the same text, and looks like text.
fn is_plain_text(text: &str) -> bool {
    let Some(first) = text.chars().next() else {
        return false;
    };
    let scalar = Scalar {
        text: text.to_owned(),
        plain: true,
        tag: Tag::None,
    };
    if scalar.is_null()
        || scalar.is_merge()
        || scalar.as_bool().is_some()
        || scalar.as_float().is_some()
    {
        return false;
    }
    let safe_start = !matches!(
        first,
        '-' | '?'
            | ':'
            | ','
            | '['
            | ']'
            | '{'
            | '}'
            | '#'
            | '&'
            | '*'
            | '!'
            | '|'
            | '>'
            | '\''
            | '"'
            | '%'
            | '@'
            | '`'
            | '='
            | '.'
    );
    let dash = first == '-' && text.chars().nth(1).is_some_and(char::is_alphanumeric);
    (safe_start || dash)
        && !text.starts_with(char::is_whitespace)
        && !text.ends_with(char::is_whitespace)
        && !text.ends_with(':')
        && !text.contains(": ")
        && !text.contains(" #")
        && text
            .chars()
            .all(|c| !c.is_control() && !matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}'))
}

fn push_indent(out: &mut String, indent: usize) {
    out.extend(std::iter::repeat_n(' ', indent));
}
