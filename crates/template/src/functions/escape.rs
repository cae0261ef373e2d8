//! `html` and `js`: escaping that the writer of a template asks for. What is done
//! without being asked is in [`crate::html`].

use std::fmt::Write;

/// For HTML text and quoted attributes.
pub(super) fn html(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\0' => out.push('\u{fffd}'),
            '"' => out.push_str("&#34;"),
            '\'' => out.push_str("&#39;"),
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            c => out.push(c),
        }
    }
    out
}

/// For a string of JavaScript.
pub(crate) fn js(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\'' => out.push_str("\\'"),
            '"' => out.push_str("\\\""),
            '<' | '>' | '&' | '=' | '\0'..='\x1f' => push_code(&mut out, c),
            c if c.is_ascii() || crate::format::is_printable(c) => out.push(c),
            c => push_code(&mut out, c),
        }
    }
    out
}

fn push_code(out: &mut String, c: char) {
    // Writing to a string does not fail.
    let _ = write!(out, "\\u{:04X}", u32::from(c));
}
