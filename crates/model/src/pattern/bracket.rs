//! Character classes: `[...]`, `\d` and its kin, `\pN`.
//!
//! In Go a bracket is a plain list: `&&`, `--`, `~~` and an inner `[` stand for
//! themselves. Everything is emitted escaped, so that `regex` sees no set
//! operation.

use super::PatternError;
use super::translate::{Fault, escaped_char, push_literal};

/// Classes of one letter, ASCII only, as ranges for use inside a bracket.
/// Go's `\s` has no vertical tab.
const PERL: [(char, &str); 3] = [('d', "0-9"), ('s', r"\t\n\x0C\r "), ('w', "0-9A-Za-z_")];

/// `[:name:]` classes, as ranges for use inside a bracket.
const POSIX: [(&str, &str); 14] = [
    ("alnum", "0-9A-Za-z"),
    ("alpha", "A-Za-z"),
    ("ascii", r"\x00-\x7F"),
    ("blank", r"\t "),
    ("cntrl", r"\x00-\x1F\x7F"),
    ("digit", "0-9"),
    ("graph", "!-~"),
    ("lower", "a-z"),
    ("print", " -~"),
    ("punct", r"!-/:-@\[-`\{-~"),
    ("space", r"\t\n\x0B\x0C\r "),
    ("upper", "A-Z"),
    ("word", "0-9A-Za-z_"),
    ("xdigit", "0-9A-Fa-f"),
];

/// Translates the bracket that `text` starts with; answers how long it is.
pub(super) fn translate(text: &str, out: &mut String) -> Result<usize, PatternError> {
    let missing = || Fault::MissingBracket.at(text);
    let mut at = 1;
    out.push('[');
    if text[at..].starts_with('^') {
        out.push('^');
        at += 1;
    }
    let first = at;
    loop {
        let rest = &text[at..];
        if rest.is_empty() {
            return Err(missing());
        }
        if rest.starts_with(']') && at > first {
            out.push(']');
            return Ok(at + 1);
        }
        if let Some(used) = posix(rest, out)? {
            at += used;
            continue;
        }
        if let Some(used) = named_class(rest, out, true)? {
            at += used;
            continue;
        }
        let (low, used) = member(rest).ok_or_else(missing)??;
        at += used;
        let tail = &text[at..];
        push_literal(out, low);
        if tail.len() >= 2 && tail.starts_with('-') && !tail[1..].starts_with(']') {
            let (high, used) = member(&tail[1..]).ok_or_else(missing)??;
            if high < low {
                return Err(Fault::InvalidCharRange.at(&rest[..rest.len() - tail.len() + 1 + used]));
            }
            out.push('-');
            push_literal(out, high);
            at += 1 + used;
        }
    }
}

/// One character of a bracket, escaped or plain, and its length.
fn member(text: &str) -> Option<Result<(char, usize), PatternError>> {
    let c = text.chars().next()?;
    Some(if c == '\\' {
        escaped_char(text)
    } else {
        Ok((c, c.len_utf8()))
    })
}

/// `[:alpha:]` or `[:^alpha:]` at the start of `text`, inside a bracket.
fn posix(text: &str, out: &mut String) -> Result<Option<usize>, PatternError> {
    let Some((name, _)) = text.strip_prefix("[:").and_then(|t| t.split_once(":]")) else {
        return Ok(None);
    };
    let used = name.len() + 4;
    let (negated, plain) = match name.strip_prefix('^') {
        Some(plain) => (true, plain),
        None => (false, name),
    };
    let Some((_, ranges)) = POSIX.iter().find(|(n, _)| *n == plain) else {
        return Err(Fault::InvalidCharRange.at(&text[..used]));
    };
    push_set(out, ranges, negated);
    Ok(Some(used))
}

fn push_set(out: &mut String, ranges: &str, negated: bool) {
    out.push_str(if negated { "[^" } else { "[" });
    out.push_str(ranges);
    out.push(']');
}

/// `\d`, `\pN` and their kin at the start of `text`: their length, or `None` when
/// the escape is another one.
pub(super) fn named_class(
    text: &str,
    out: &mut String,
    in_bracket: bool,
) -> Result<Option<usize>, PatternError> {
    let mut chars = text.chars();
    if chars.next() != Some('\\') {
        return Ok(None);
    }
    let Some(letter) = chars.next() else {
        return Ok(None);
    };
    if let Some((_, ranges)) = PERL.iter().find(|(l, _)| *l == letter.to_ascii_lowercase()) {
        push_set(out, ranges, letter.is_ascii_uppercase());
        return Ok(Some(2));
    }
    if letter != 'p' && letter != 'P' {
        return Ok(None);
    }
    let (name, used) = match chars.next() {
        None => return Err(Fault::InvalidCharRange.at(text)),
        Some('{') => match text[3..].split_once('}') {
            Some((name, _)) => (name, name.len() + 4),
            None => return Err(Fault::InvalidCharRange.at(text)),
        },
        Some(c) => (&text[2..2 + c.len_utf8()], 2 + c.len_utf8()),
    };
    let (inverted, plain) = match name.strip_prefix('^') {
        Some(plain) => (true, plain),
        None => (false, name),
    };
    let negated = (letter == 'P') != inverted;
    let unknown = || Fault::InvalidCharRange.at(&text[..used]);
    if plain.is_empty()
        || !plain
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'_')
    {
        return Err(unknown());
    }
    let class = format!("\\{}{{{plain}}}", if negated { 'P' } else { 'p' });
    regex_syntax::parse(&class).map_err(|_| unknown())?;
    if in_bracket {
        out.push_str(&class);
    } else {
        // In brackets, so that a repetition applies to it whatever follows.
        out.push('[');
        out.push_str(&class);
        out.push(']');
    }
    Ok(Some(used))
}
