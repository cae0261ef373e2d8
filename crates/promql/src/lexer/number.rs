//! Where numbers and durations end, and what numbers are worth.
//!
//! Numbers are those of Go: decimal with point, exponent and underscores between
//! digits, hexadecimal (`0x1F`), octal with a leading zero (`017`).

use super::TokenKind;

/// The length of the number or duration that `text` starts with, and which of both
/// it is. Without a kind it is neither, and the length tells how far it was read.
pub(super) fn scan(text: &str) -> (usize, Option<TokenKind>) {
    let bytes = text.as_bytes();
    let (length, complete) = scan_number(bytes);
    if complete && !continues_word(bytes, length) {
        return (length, Some(TokenKind::Number));
    }
    if !complete {
        return (length, None);
    }
    match scan_units(bytes, length) {
        Ok(end) => (end, Some(TokenKind::Duration)),
        Err(end) => (end, None),
    }
}

fn scan_number(bytes: &[u8]) -> (usize, bool) {
    if bytes.len() > 2 && bytes[0] == b'0' && matches!(bytes[1], b'x' | b'X') {
        let digits = run(bytes, 2, |b| b.is_ascii_hexdigit() || b == b'_');
        let separated = !bytes[2..digits].windows(2).any(|pair| pair == b"__");
        return (digits, separated && digits > 2 && bytes[digits - 1] != b'_');
    }
    let mut at = 0;
    let (mut point, mut exponent) = (false, false);
    while let Some(&b) = bytes.get(at) {
        match b {
            b'0'..=b'9' => at += 1,
            b'.' => {
                if point || exponent || at > 0 && bytes[at - 1] == b'_' {
                    return (at + 1, false);
                }
                point = true;
                at += 1;
            }
            b'_' => {
                let between = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
                if at == 0 || !between(at - 1) || !between(at + 1) {
                    return (char_end(bytes, at + 1), false);
                }
                at += 1;
            }
            b'e' | b'E' => {
                if exponent {
                    return (at + 1, false);
                }
                exponent = true;
                at += 1;
                if matches!(bytes.get(at), Some(b'+' | b'-')) {
                    at += 1;
                }
                if !bytes.get(at).is_some_and(u8::is_ascii_digit) {
                    return (at, false);
                }
            }
            _ => break,
        }
    }
    (at, true)
}

/// Reads the units and further parts of a duration, `at` being behind its first
/// number. Units that do not exist (`hs`) are left to the reader of durations, who
/// can name them.
fn scan_units(bytes: &[u8], mut at: usize) -> Result<usize, usize> {
    let mut units: &[u8] = b"smhdwy";
    loop {
        match bytes.get(at) {
            Some(b) if units.contains(b) => at += 1,
            Some(_) => return Err(char_end(bytes, at)),
            None => return Err(at),
        }
        if bytes.get(at) == Some(&b's') {
            at += 1;
        }
        let digits = run(bytes, at, |b| b.is_ascii_digit());
        if digits == at {
            break;
        }
        at = digits;
        // Years come first or not at all.
        units = b"smhdw";
    }
    if continues_word(bytes, at) {
        Err(at + 1)
    } else {
        Ok(at)
    }
}

fn continues_word(bytes: &[u8], at: usize) -> bool {
    bytes
        .get(at)
        .is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_')
}

fn run(bytes: &[u8], from: usize, accept: impl Fn(u8) -> bool) -> usize {
    let rest = bytes.get(from..).unwrap_or_default();
    from + rest.iter().position(|&b| !accept(b)).unwrap_or(rest.len())
}

/// `at`, moved back to where a character starts, so that a message can be cut there.
fn char_end(bytes: &[u8], at: usize) -> usize {
    let mut at = at.min(bytes.len());
    while at > 0 && bytes.get(at).is_some_and(|b| (0x80..0xc0).contains(b)) {
        at -= 1;
    }
    at
}

/// The value of a number's text, `inf` and `nan` in any case included.
///
/// `None` when there is no such number, as in `0x` with more digits than fit.
pub(crate) fn value(text: &str) -> Option<f64> {
    match text.to_ascii_lowercase().as_str() {
        "inf" => return Some(f64::INFINITY),
        "nan" => return Some(f64::NAN),
        _ => {}
    }
    let digits: String = text.chars().filter(|&c| c != '_').collect();
    if let Some(hex) = digits
        .strip_prefix("0x")
        .or_else(|| digits.strip_prefix("0X"))
    {
        return i64::from_str_radix(hex, 16).ok().map(|n| n as f64);
    }
    if let Some(octal) = digits.strip_prefix('0')
        && !octal.is_empty()
        && let Ok(n) = i64::from_str_radix(octal, 8)
    {
        return Some(n as f64);
    }
    digits.parse().ok()
}

/// The length of the decimal number that `text` starts with; 0 when it starts with
/// none. Unlike in a query, a word may follow at once: the `x` of `1x3`.
pub(crate) fn length(text: &str) -> usize {
    // There is no hexadecimal here: `0x4` is a zero and four more.
    let decimal = text.find(['x', 'X']).map_or(text, |x| &text[..x]);
    match scan_number(decimal.as_bytes()) {
        (length, true) => length,
        _ => 0,
    }
}
