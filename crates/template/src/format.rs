//! How values become text: Go's `fmt`, for the kinds of values that templates have.
//!
//! `%v` and `print` follow a value's [`Class`](crate::value::Class): a type with a
//! `String` method prints as that says, others by their structure.

mod number;
mod verb;

use std::sync::LazyLock;

use regex::Regex;

use crate::value::Value;
pub(crate) use number::general;
pub(crate) use verb::printf;
use verb::{Flags, write_value};

/// As `%v` prints it.
#[must_use]
pub(crate) fn display(value: &Value) -> String {
    let mut out = String::new();
    write_display(&mut out, value);
    out
}

/// Appends `value` as `%v` prints it.
pub(crate) fn write_display(out: &mut String, value: &Value) {
    match value {
        Value::Str(text) | Value::Safe(_, text) => out.push_str(text),
        value => write_value(out, value, 'v', &Flags::default(), 0),
    }
}

/// Go's `fmt.Sprint`: a space between two that are no texts.
#[must_use]
pub(crate) fn print(args: &[Value]) -> String {
    let mut out = String::new();
    let is_text = |v: &Value| matches!(v, Value::Str(_) | Value::Safe(..));
    for (at, value) in args.iter().enumerate() {
        if at > 0 && !is_text(value) && !is_text(&args[at - 1]) {
            out.push(' ');
        }
        write_display(&mut out, value);
    }
    out
}

/// Go's `fmt.Sprintln`.
#[must_use]
pub(crate) fn println(args: &[Value]) -> String {
    let mut out = String::new();
    for (at, value) in args.iter().enumerate() {
        if at > 0 {
            out.push(' ');
        }
        write_display(&mut out, value);
    }
    out.push('\n');
    out
}

/// Go's `unicode.IsPrint`.
pub(crate) fn is_printable(c: char) -> bool {
    static PRINTABLE: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"^[\p{L}\p{M}\p{N}\p{P}\p{S}]$").ok());
    if c.is_ascii() {
        return matches!(c, ' '..='~');
    }
    let mut buffer = [0; 4];
    let text = c.encode_utf8(&mut buffer);
    PRINTABLE.as_ref().is_some_and(|r| r.is_match(text))
}

/// Go's `strconv.Quote`.
#[must_use]
pub(crate) fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    write_quoted(&mut out, text, '"', false);
    out
}

/// Appends `text` in quotes; with `ascii` other characters are escaped too.
pub(crate) fn write_quoted(out: &mut String, text: &str, mark: char, ascii: bool) {
    use std::fmt::Write;
    out.push(mark);
    for c in text.chars() {
        // Writing to a string does not fail.
        let _ = match c {
            '\u{7}' => out.write_str("\\a"),
            '\u{8}' => out.write_str("\\b"),
            '\u{c}' => out.write_str("\\f"),
            '\n' => out.write_str("\\n"),
            '\r' => out.write_str("\\r"),
            '\t' => out.write_str("\\t"),
            '\u{b}' => out.write_str("\\v"),
            '\\' => out.write_str("\\\\"),
            c if c == mark => write!(out, "\\{c}"),
            c if c < ' ' || c == '\u{7f}' => write!(out, "\\x{:02x}", u32::from(c)),
            c if c.is_ascii() || (!ascii && is_printable(c)) => out.write_char(c),
            c if u32::from(c) < 0x1_0000 => write!(out, "\\u{:04x}", u32::from(c)),
            c => write!(out, "\\U{:08x}", u32::from(c)),
        };
    }
    out.push(mark);
}
