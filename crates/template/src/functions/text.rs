//! What several sets do with texts: query escaping, title case.

use std::fmt::Write;

/// Go's `url.QueryEscape`: a space is a plus.
#[must_use]
pub(crate) fn query_escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                out.push(char::from(byte));
            }
            b' ' => out.push('+'),
            byte => {
                // Writing to a string does not fail.
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}

/// Go's `url.QueryUnescape`.
///
/// # Errors
/// In Go's words, on a percent sign without two hexadecimal digits.
pub(crate) fn query_unescape(text: &str) -> Result<String, String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        match first {
            b'+' => bytes.push(b' '),
            b'%' => {
                let digit = |at: usize| {
                    let byte = tail.get(at).copied()?;
                    char::from(byte).to_digit(16)
                };
                let (Some(high), Some(low)) = (digit(0), digit(1)) else {
                    let bad = &tail[..tail.len().min(2)];
                    let bad = String::from_utf8_lossy(bad);
                    return Err(format!(
                        "invalid URL escape {}",
                        crate::format::quote(&format!("%{bad}"))
                    ));
                };
                bytes.push((high * 16 + low) as u8);
                rest = &tail[2..];
            }
            byte => bytes.push(*byte),
        }
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Go's `strings.ToUpper`: character by character, so that none becomes two.
#[must_use]
pub(crate) fn upper(text: &str) -> String {
    text.chars()
        .map(|c| one(c.to_uppercase()).unwrap_or(c))
        .collect()
}

/// Go's `strings.ToLower`.
#[must_use]
pub(crate) fn lower(text: &str) -> String {
    text.chars()
        .map(|c| one(c.to_lowercase()).unwrap_or(c))
        .collect()
}

fn one(mut mapped: impl Iterator<Item = char>) -> Option<char> {
    let first = mapped.next()?;
    mapped.next().is_none().then_some(first)
}

/// The first letter of each word as a capital; the others small when `lower`, else as
/// they are. A word goes on over an apostrophe or full stop between letters, as the
/// word boundaries of Unicode have it.
#[must_use]
pub(crate) fn title(text: &str, lower: bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut in_word = false;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let joins = match c {
            '_' => true,
            '\'' | '\u{2019}' | '.' | ':' => {
                in_word && chars.peek().is_some_and(|next| next.is_alphabetic())
            }
            c => c.is_alphanumeric() || is_mark(c),
        };
        if !joins {
            in_word = false;
            out.push(c);
        } else if !c.is_alphabetic() {
            // Digits begin no word for the letter that follows them.
            in_word = in_word || c.is_numeric() || c == '_';
            out.push(c);
        } else if in_word {
            if lower {
                out.extend(c.to_lowercase());
            } else {
                out.push(c);
            }
        } else {
            in_word = true;
            push_title(&mut out, c);
        }
    }
    out
}

fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{200d}' | '\u{ad}')
}

/// Title case differs from upper case in a few characters that are two letters.
fn push_title(out: &mut String, c: char) {
    match c {
        'Ǆ' | 'ǅ' | 'ǆ' => out.push('ǅ'),
        'Ǉ' | 'ǈ' | 'ǉ' => out.push('ǈ'),
        'Ǌ' | 'ǋ' | 'ǌ' => out.push('ǋ'),
        'Ǳ' | 'ǲ' | 'ǳ' => out.push('ǲ'),
        'ß' => out.push_str("Ss"),
        c => {
            let mut upper = c.to_uppercase();
            out.extend(upper.next());
            out.extend(upper.flat_map(char::to_lowercase));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_get_a_capital() {
        let check = |text: &str, keep: &str, lower: &str| {
            assert_eq!(title(text, false), keep);
            assert_eq!(title(text, true), lower);
        };
        check("aa bb CC", "Aa Bb CC", "Aa Bb Cc");
        check(
            "it's o'neil-smith",
            "It's O'neil-Smith",
            "It's O'neil-Smith",
        );
        check("snake_case a1b", "Snake_case A1b", "Snake_case A1b");
        check("éa ǆ", "Éa ǅ", "Éa ǅ");
    }

    #[test]
    fn queries_are_escaped_and_back() {
        assert_eq!(query_escape("a b&ü/"), "a+b%26%C3%BC%2F");
        assert_eq!(query_unescape("a+b%26%C3%BC%2F").as_deref(), Ok("a b&ü/"));
        assert_eq!(
            query_unescape("%zz").unwrap_err(),
            "invalid URL escape \"%zz\""
        );
    }
}
