//! Regular expressions of templates: Go's syntax, unanchored.
//!
//! Templates repeat the same few expressions, so the compiled ones are kept.

use std::collections::HashMap;
use std::sync::{Mutex, OnceLock, PoisonError};

use regex::{Regex, RegexBuilder};

/// Compiled expressions that are kept; when there are more, all are dropped.
const KEPT_MAX: usize = 256;
/// Most memory of a compiled expression, in bytes.
const COMPILED_BYTES_MAX: usize = 4 << 20;

fn kept() -> &'static Mutex<HashMap<String, Regex>> {
    static KEPT: OnceLock<Mutex<HashMap<String, Regex>>> = OnceLock::new();
    KEPT.get_or_init(Mutex::default)
}

/// The compiled expression.
///
/// # Errors
/// In Go's form, when it is none.
pub(crate) fn compile(pattern: &str) -> Result<Regex, String> {
    if let Some(regex) = kept()
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .get(pattern)
    {
        return Ok(regex.clone());
    }
    let regex = RegexBuilder::new(&to_ascii_classes(pattern))
        .size_limit(COMPILED_BYTES_MAX)
        .build()
        .map_err(|e| format!("error parsing regexp: {}: `{pattern}`", reason(&e)))?;
    let mut kept = kept().lock().unwrap_or_else(PoisonError::into_inner);
    if kept.len() >= KEPT_MAX {
        kept.clear();
    }
    kept.insert(pattern.to_owned(), regex.clone());
    Ok(regex)
}

fn reason(error: &regex::Error) -> String {
    match error {
        regex::Error::CompiledTooBig(_) => "expression too large".to_owned(),
        other => {
            let text = other.to_string();
            let last = text.lines().last().unwrap_or_default();
            last.trim_start_matches("error: ").to_owned()
        }
    }
}

/// Go's `\d`, `\s`, `\w` and `\b` know ASCII only, and `\Q...\E` quotes.
fn to_ascii_classes(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len() + 8);
    let mut rest = pattern;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let tail = &rest[at + 1..];
        let Some(kind) = tail.chars().next() else {
            out.push('\\');
            return out;
        };
        rest = &tail[kind.len_utf8()..];
        match kind {
            'd' => out.push_str("[0-9]"),
            'D' => out.push_str("[^0-9]"),
            's' => out.push_str("[\\t\\n\\f\\r ]"),
            'S' => out.push_str("[^\\t\\n\\f\\r ]"),
            'w' => out.push_str("[0-9A-Za-z_]"),
            'W' => out.push_str("[^0-9A-Za-z_]"),
            'b' => out.push_str("(?-u:\\b)"),
            'Q' => {
                let (quoted, after) = rest.split_once("\\E").unwrap_or((rest, ""));
                out.push_str(&regex::escape(quoted));
                rest = after;
            }
            kind => {
                out.push('\\');
                out.push(kind);
            }
        }
    }
    out.push_str(rest);
    out
}

/// Whether `pattern` is found in `text`.
///
/// # Errors
/// As [`compile`].
pub(crate) fn is_match(pattern: &str, text: &str) -> Result<bool, String> {
    Ok(compile(pattern)?.is_match(text))
}

/// All that `pattern` finds in `text`, replaced.
///
/// # Errors
/// As [`compile`]; Go's message there comes from a panic.
pub(crate) fn replace_all(pattern: &str, replacement: &str, text: &str) -> Result<String, String> {
    let regex = compile(pattern)
        .map_err(|e| format!("regexp: Compile({}): {e}", crate::format::quote(pattern)))?;
    Ok(regex.replace_all(text, replacement).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_go_s() {
        let check = |pattern: &str, text: &str, want: bool| {
            assert_eq!(is_match(pattern, text), Ok(want), "{pattern}");
        };
        check("a+", "baab", true);
        check(r"^\d$", "٣", false);
        check(r"[\d]", "3", true);
        check(r"\Qa.b\E$", "a.b", true);
        check(r"\Qa.b\E$", "acb", false);
        check(r"\bfoo\b", "a foo b", true);
        assert!(is_match("(", "").is_err());
        assert_eq!(
            replace_all("(a)b", "${1}x$$", "abab").as_deref(),
            Ok("ax$ax$")
        );
    }
}
