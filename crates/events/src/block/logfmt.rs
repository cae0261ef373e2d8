//! Lines that are logfmt, `key=value key="quoted value"`, taken apart into values.
//!
//! Only lines that are pairs from end to end, and that every parser reads alike.

use super::json::{Meant, has_replacement};

/// Pairs of a line at most.
const PAIRS_MAX: usize = 128;

fn is_key(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_.-/".contains(&byte)
}

/// Appends the values as ranges, without their quotes. False when the line is no logfmt.
pub(super) fn split(line: &[u8], values: &mut Vec<(u32, u32)>) -> bool {
    let has_control = line
        .iter()
        .fold(false, |has, b| has | (*b < 0x20 || *b == 0x7f));
    if has_control || !line.first().is_some_and(|b| is_key(*b)) {
        return false;
    }
    let before = values.len();
    let mut at = 0;
    loop {
        while line.get(at) == Some(&b' ') {
            at += 1;
        }
        if at == line.len() {
            return values.len() > before && values.len() - before <= PAIRS_MAX;
        }
        let key = at;
        while line.get(at).is_some_and(|b| is_key(*b)) {
            at += 1;
        }
        if at == key || line.get(at) != Some(&b'=') {
            return false;
        }
        at += 1;
        if line.get(at) == Some(&b'"') {
            let Some(len) = quoted(&line[at + 1..]) else {
                return false;
            };
            values.push((at as u32 + 1, (at + 1 + len) as u32));
            at += len + 2;
        } else {
            let from = at;
            while line
                .get(at)
                .is_some_and(|b| !matches!(b, b' ' | b'"' | b'='))
            {
                at += 1;
            }
            values.push((from as u32, at as u32));
        }
        if line.get(at).is_some_and(|b| *b != b' ') {
            return false;
        }
    }
}

/// The length of what stands before the closing quote.
fn quoted(text: &[u8]) -> Option<usize> {
    let mut from = 0;
    loop {
        let at = from + memchr::memchr2(b'"', b'\\', text.get(from..)?)?;
        if text[at] == b'"' {
            return Some(at);
        }
        from = at + 2;
    }
}

/// What a value means as a label. Where there is nothing it depends on the parser's flags.
pub(super) fn meant(text: &[u8], is_quoted: bool) -> Meant {
    let is_sure = !text.is_empty()
        && std::str::from_utf8(text).is_ok()
        && !has_replacement(text)
        // Control characters beyond ASCII are spaces between quotes.
        && (text.is_ascii() || !is_quoted)
        && (!is_quoted || memchr::memchr(b'\\', text).is_none());
    if is_sure {
        Meant::AsWritten
    } else {
        Meant::Unknown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_lines() {
        let check = |line: &str, want: Option<&[&str]>| {
            let mut values = Vec::new();
            let got = split(line.as_bytes(), &mut values).then(|| {
                let texts = values.iter().map(|(a, b)| &line[*a as usize..*b as usize]);
                texts.collect::<Vec<_>>()
            });
            assert_eq!(got.as_deref(), want, "{line}");
        };
        check("a=b", Some(&["b"]));
        check(
            "ts=1 msg=\"x \\\"y\\\"\" empty= q=\"\"  z=é ",
            Some(&["1", "x \\\"y\\\"", "", "", "é"]),
        );
        for line in [
            "", " a=b", "a", "a=b c", "a=b=c", "a=\"b\"c", "a=\"b", "=b", "a=b\tc=d", "a=b\"c",
        ] {
            check(line, None);
        }
    }
}
