//! Quoted text: finding its end, and taking its escapes out.

use std::borrow::Cow;

use memchr::{memchr, memchr2};

/// Where the quoted text that starts at `at` ends: one past the closing quote.
/// `None` when it does not.
#[inline]
pub(super) fn end(text: &[u8], at: usize) -> Option<usize> {
    let mut from = at + 1;
    loop {
        let found = from + memchr2(b'"', b'\\', text.get(from..)?)?;
        if text[found] == b'"' {
            return Some(found + 1);
        }
        from = found + 2;
    }
}

/// Takes out `\\`, `\n` and, when `quotes`, `\"`. A backslash before anything
/// else stands for itself.
pub(super) fn unescape(text: &str, quotes: bool) -> Cow<'_, str> {
    if memchr(b'\\', text.as_bytes()).is_none() {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = memchr(b'\\', rest.as_bytes()) {
        out.push_str(&rest[..at]);
        let plain = match rest.as_bytes().get(at + 1) {
            Some(b'\\') => Some('\\'),
            Some(b'n') => Some('\n'),
            Some(b'"') if quotes => Some('"'),
            _ => None,
        };
        out.push(plain.unwrap_or('\\'));
        rest = &rest[at + 1 + usize::from(plain.is_some())..];
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// Appends `text` with `\`, a line break and, when `quotes`, `"` escaped.
pub(crate) fn push_escaped(out: &mut String, text: &str, quotes: bool) {
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '"' if quotes => out.push_str("\\\""),
            c => out.push(c),
        }
    }
}
