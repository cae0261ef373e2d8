//! Matchers as text.

use binnacle_model::Matcher;

use super::lexer::is_reserved;
use super::quote::quote;

/// One matcher, as group keys and route ids have it: a name that could be taken for
/// anything else stands in quotes, a value always does.
#[must_use]
pub fn print(matcher: &Matcher) -> String {
    let mut out = String::with_capacity(matcher.name.len() + matcher.value.len() + 4);
    push(&mut out, matcher);
    out
}

/// All of them in braces: `{a="b",c=~"d"}`.
#[must_use]
pub fn print_all(matchers: &[Matcher]) -> String {
    let mut out = String::from("{");
    for (i, matcher) in matchers.iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        push(&mut out, matcher);
    }
    out.push('}');
    out
}

fn push(out: &mut String, matcher: &Matcher) {
    if matcher.name.contains(is_reserved) {
        out.push_str(&quote(&matcher.name));
        out.push_str(matcher.op.as_str());
        out.push_str(&quote(&matcher.value));
        return;
    }
    out.push_str(&matcher.name);
    out.push_str(matcher.op.as_str());
    out.push('"');
    for c in matcher.value.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            c => out.push(c),
        }
    }
    out.push('"');
}
