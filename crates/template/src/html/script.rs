//! Follows scripts, as far as it takes to know what an action in them is: a value, or
//! a part of a string.

use super::context::{Context, Place, Slash};

type Passed = Result<(Context, usize), String>;

/// Words after which an expression begins.
const BEFORE_EXPRESSION: [&str; 13] = [
    "break",
    "case",
    "continue",
    "delete",
    "do",
    "else",
    "finally",
    "in",
    "instanceof",
    "return",
    "throw",
    "try",
    "typeof",
];

/// Passes code up to a string, comment or regular expression.
pub(super) fn pass_script(context: Context, text: &str) -> Passed {
    let Some(at) = text.find(['"', '`', '\'', '/']) else {
        let regexp = slash_after(text, context.regexp);
        return Ok((Context { regexp, ..context }, text.len()));
    };
    let regexp = slash_after(&text[..at], context.regexp);
    let rest = &text[at + 1..];
    let to = |place, passed| {
        let context = Context {
            place,
            regexp: Slash::Regexp,
            ..context
        };
        Ok((context, at + passed))
    };
    match text.as_bytes()[at] {
        b'/' if rest.starts_with('/') => Ok((
            Context {
                place: Place::ScriptLineComment,
                regexp,
                ..context
            },
            at + 2,
        )),
        b'/' if rest.starts_with('*') => Ok((
            Context {
                place: Place::ScriptBlockComment,
                regexp,
                ..context
            },
            at + 2,
        )),
        b'/' => match regexp {
            Slash::Regexp => to(Place::ScriptRegexp, 1),
            Slash::Division => to(Place::Script, 1),
            Slash::Unknown => Err(
                "'/' could start a division or regexp: it depends on the branch taken".to_owned(),
            ),
        },
        quote => to(Place::ScriptString(char::from(quote)), 1),
    }
}

/// What a slash behind `code` is.
fn slash_after(code: &str, before: Slash) -> Slash {
    let code = code.trim_end_matches([' ', '\t', '\n', '\u{c}', '\r', '\u{2028}', '\u{2029}']);
    let Some(last) = code.chars().last() else {
        return before;
    };
    match last {
        // `x++ / 2` divides, and `x + /2/` does not.
        '+' | '-' => {
            let count = code.len() - code.trim_end_matches(last).len();
            if count % 2 == 1 {
                Slash::Regexp
            } else {
                Slash::Division
            }
        }
        '.' => {
            let number = code[..code.len() - 1].ends_with(|c: char| c.is_ascii_digit());
            if number {
                Slash::Division
            } else {
                Slash::Regexp
            }
        }
        ',' | '<' | '>' | '=' | '*' | '%' | '&' | '|' | '^' | '?' | '!' | '~' | '(' | '[' | ':'
        | ';' | '{' | '}' => Slash::Regexp,
        _ => {
            let word_start = code
                .rfind(|c: char| !(c.is_alphanumeric() || c == '$' || c == '_'))
                .map_or(0, |at| {
                    at + code[at..].chars().next().map_or(1, char::len_utf8)
                });
            if BEFORE_EXPRESSION.contains(&&code[word_start..]) {
                Slash::Regexp
            } else {
                Slash::Division
            }
        }
    }
}

/// Passes a string or regular expression.
pub(super) fn pass_string(context: Context, text: &str) -> Passed {
    let end = match context.place {
        Place::ScriptString(quote) => quote,
        _ => '/',
    };
    let mut in_class = false;
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' if chars.next().is_none() => {
                return Err("unfinished escape sequence in a script's string".to_owned());
            }
            '[' if end == '/' => in_class = true,
            ']' if end == '/' => in_class = false,
            c if c == end && !in_class => {
                let code = Context {
                    place: Place::Script,
                    regexp: Slash::Division,
                    ..context
                };
                return Ok((code, at + 1));
            }
            _ => {}
        }
    }
    if in_class {
        return Err("unfinished character class in a script's regexp".to_owned());
    }
    Ok((context, text.len()))
}

/// Whether a script of this type is run by browsers.
pub(super) fn is_script_type(kind: &str) -> bool {
    let kind = kind
        .split(';')
        .next()
        .unwrap_or(kind)
        .trim()
        .to_ascii_lowercase();
    matches!(
        kind.as_str(),
        "application/ecmascript"
            | "application/javascript"
            | "application/json"
            | "application/ld+json"
            | "application/x-ecmascript"
            | "application/x-javascript"
            | "module"
            | "text/ecmascript"
            | "text/javascript"
            | "text/x-ecmascript"
            | "text/x-javascript"
            | "text/livescript"
            | ""
    )
}
