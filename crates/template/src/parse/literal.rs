//! Literals in Go's syntax: quoted texts, characters, numbers.

use super::tree::Number;

/// What a quoted text means; `None` when it is no text of Go.
pub(crate) fn unquote(quoted: &str) -> Option<String> {
    let inner = |q: char| quoted.strip_prefix(q)?.strip_suffix(q);
    if quoted.len() < 2 {
        return None;
    }
    if let Some(raw) = inner('`') {
        return Some(raw.replace('\r', ""));
    }
    let mut bytes = Vec::with_capacity(quoted.len());
    let mut rest = inner('"')?;
    while !rest.is_empty() {
        let (piece, tail) = escaped(rest, '"')?;
        match piece {
            Piece::Char(c) => bytes.extend(c.encode_utf8(&mut [0; 4]).bytes()),
            Piece::Byte(b) => bytes.push(b),
        }
        rest = tail;
    }
    // Bytes that are no text, as `\xff`, cannot be held.
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// The character of a character constant with its quotes.
pub(crate) fn unquote_char(quoted: &str) -> Option<u32> {
    let inner = quoted.strip_prefix('\'')?.strip_suffix('\'')?;
    let (piece, rest) = escaped(inner, '\'')?;
    if !rest.is_empty() {
        return None;
    }
    Some(match piece {
        Piece::Char(c) => u32::from(c),
        Piece::Byte(b) => u32::from(b),
    })
}

enum Piece {
    Char(char),
    Byte(u8),
}

/// The first character of `text`, which may be escaped.
fn escaped(text: &str, quote: char) -> Option<(Piece, &str)> {
    let mut chars = text.chars();
    let first = chars.next()?;
    if first == quote || first == '\n' {
        return None;
    }
    if first != '\\' {
        return Some((Piece::Char(first), chars.as_str()));
    }
    let kind = chars.next()?;
    let rest = chars.as_str();
    let code = |digits: usize, radix: u32, rest: &'_ str| {
        let head = rest.get(..digits)?;
        if !head.chars().all(|c| c.is_digit(radix)) {
            return None;
        }
        u32::from_str_radix(head, radix).ok()
    };
    let simple = |c: char| Some((Piece::Char(c), rest));
    match kind {
        'a' => simple('\u{7}'),
        'b' => simple('\u{8}'),
        'f' => simple('\u{c}'),
        'n' => simple('\n'),
        'r' => simple('\r'),
        't' => simple('\t'),
        'v' => simple('\u{b}'),
        '\\' => simple('\\'),
        '\'' | '"' if kind == quote => simple(kind),
        'x' => {
            let byte = u8::try_from(code(2, 16, rest)?).ok()?;
            Some((Piece::Byte(byte), &rest[2..]))
        }
        'u' => Some((Piece::Char(char::from_u32(code(4, 16, rest)?)?), &rest[4..])),
        'U' => Some((Piece::Char(char::from_u32(code(8, 16, rest)?)?), &rest[8..])),
        '0'..='7' => {
            let digits = &text[1..];
            let byte = u8::try_from(code(3, 8, digits)?).ok()?;
            Some((Piece::Byte(byte), &digits[3..]))
        }
        _ => None,
    }
}

/// Reads a number or a character constant.
///
/// # Errors
/// When it is none, or does not fit.
pub(crate) fn number(text: &str) -> Result<Number, String> {
    if text.starts_with('\'') {
        let Some(code) = unquote_char(text) else {
            return Err(format!("malformed character constant: {text}"));
        };
        return Ok(Number {
            text: text.into(),
            int: Some(i64::from(code)),
            uint: Some(u64::from(code)),
            float: Some(f64::from(code)),
        });
    }
    if text.ends_with('i') && !text.starts_with("0x") {
        return Err(format!("imaginary numbers are not supported: {text}"));
    }
    let mut uint = (!text.starts_with(['+', '-']))
        .then(|| magnitude(text))
        .flatten();
    let mut int = integer(text);
    if int == Some(0) {
        // For -0.
        uint = Some(0);
    }
    let mut float = match (int, uint) {
        (Some(int), _) => Some(int as f64),
        (None, Some(uint)) => Some(uint as f64),
        _ => None,
    };
    if float.is_none()
        && let Some(f) = parse_float(text)
    {
        if !text.contains(['.', 'e', 'E', 'p', 'P']) {
            return Err(format!("integer overflow: {}", crate::format::quote(text)));
        }
        float = Some(f);
        // 2^63 and 2^64: the floats from which on a whole number does not fit.
        if f.fract() == 0.0 && (i64::MIN as f64..i64::MAX as f64).contains(&f) {
            int = Some(f as i64);
        }
        if f.fract() == 0.0 && (0.0..u64::MAX as f64).contains(&f) {
            uint = Some(f as u64);
        }
    }
    if float.is_none() {
        return Err(format!(
            "illegal number syntax: {}",
            crate::format::quote(text)
        ));
    }
    Ok(Number {
        text: text.into(),
        int,
        uint,
        float,
    })
}

fn integer(text: &str) -> Option<i64> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let value = i128::from(magnitude(digits)?);
    i64::try_from(if negative { -value } else { value }).ok()
}

/// A whole number without sign, whose prefix tells the base.
fn magnitude(text: &str) -> Option<u64> {
    if !underscores_are_well(text) {
        return None;
    }
    let lower = text.to_ascii_lowercase();
    let (radix, digits) = match lower.as_bytes() {
        [b'0', b'x', ..] => (16, &lower[2..]),
        [b'0', b'b', ..] => (2, &lower[2..]),
        [b'0', b'o', ..] => (8, &lower[2..]),
        [b'0', _, ..] => (8, &lower[1..]),
        _ => (10, &lower[..]),
    };
    if digits.starts_with(['+', '-']) {
        return None;
    }
    u64::from_str_radix(&digits.replace('_', ""), radix).ok()
}

/// Underscores stand between digits, or between the prefix of the base and a digit.
fn underscores_are_well(text: &str) -> bool {
    if !text.contains('_') {
        return true;
    }
    let digits = text.trim_start_matches(['+', '-']);
    let bytes = digits.as_bytes();
    let is_prefix = bytes.len() >= 2
        && bytes[0] == b'0'
        && matches!(bytes[1].to_ascii_lowercase(), b'x' | b'o' | b'b');
    let body = if is_prefix { &bytes[1..] } else { bytes };
    body.iter().enumerate().all(|(at, b)| {
        let is_digit = |at: usize| body.get(at).is_some_and(u8::is_ascii_hexdigit);
        // The letter of the prefix counts as a digit.
        *b != b'_' || (at > 0 && (is_digit(at - 1) || (is_prefix && at == 1)) && is_digit(at + 1))
    })
}

/// Go's `strconv.ParseFloat`, with hexadecimal floats and underscores.
pub(crate) fn parse_float(text: &str) -> Option<f64> {
    if !underscores_are_well(text) {
        return None;
    }
    let plain = text.replace('_', "");
    let (negative, digits) = match plain.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, plain.strip_prefix('+').unwrap_or(&plain)),
    };
    let magnitude = if digits.starts_with("0x") || digits.starts_with("0X") {
        hex_float(&digits[2..])?
    } else {
        if text.contains('_')
            && !digits
                .bytes()
                .all(|b| b.is_ascii_digit() || b".eE+-".contains(&b))
        {
            return None;
        }
        decimal_float(digits)?
    };
    Some(if negative { -magnitude } else { magnitude })
}

fn decimal_float(digits: &str) -> Option<f64> {
    if digits.starts_with(['+', '-']) {
        return None;
    }
    let word = digits.to_ascii_lowercase();
    match word.as_str() {
        "inf" | "infinity" => return Some(f64::INFINITY),
        "nan" => return Some(f64::NAN),
        _ => {}
    }
    let float: f64 = word.parse().ok()?;
    // Out of range is an error in Go, and infinity here.
    float.is_finite().then_some(float)
}

fn hex_float(digits: &str) -> Option<f64> {
    let (mantissa, exponent) = digits.split_once(['p', 'P'])?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let mut exponent: i32 = exponent.parse().ok()?;
    let mut value = 0.0f64;
    for c in whole.chars().chain(fraction.chars()) {
        value = value * 16.0 + f64::from(c.to_digit(16)?);
    }
    exponent = exponent.saturating_sub(4 * i32::try_from(fraction.len()).ok()?);
    let value = value * 2f64.powi(exponent.clamp(-2_000, 2_000));
    value.is_finite().then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_unquoted_as_in_go() {
        let check = |quoted: &str, want: Option<&str>| {
            assert_eq!(unquote(quoted).as_deref(), want, "{quoted}");
        };
        check(r#""a\n\t\\\"\x41\101é\U0001F600""#, Some("a\n\t\\\"AAé😀"));
        check("`a\\n\r`", Some("a\\n"));
        check(r#""\'""#, None);
        check(r#""\q""#, None);
        check(r#""\x4""#, None);
        check(r#""\400""#, None);
        check("\"", None);
        assert_eq!(unquote_char("'a'"), Some(97));
        assert_eq!(unquote_char(r"'\''"), Some(39));
        assert_eq!(unquote_char("'ab'"), None);
    }

    #[test]
    fn numbers_are_read_as_in_go() {
        let check = |text: &str, int: Option<i64>, float: Option<f64>| {
            let got = number(text);
            assert_eq!(got.as_ref().ok().and_then(|n| n.int), int, "{text}");
            assert_eq!(got.ok().and_then(|n| n.float), float, "{text}");
        };
        check("0", Some(0), Some(0.0));
        check("-0", Some(0), Some(0.0));
        check("0123", Some(83), Some(83.0));
        check("0x1F", Some(31), Some(31.0));
        check("1_000", Some(1000), Some(1000.0));
        check("1__0", None, None);
        check("0x_1", Some(1), Some(1.0));
        check("1e3", Some(1000), Some(1000.0));
        check("1.5", None, Some(1.5));
        check("0x1p-2", None, Some(0.25));
        check("'a'", Some(97), Some(97.0));
        check("9223372036854775807", Some(i64::MAX), Some(i64::MAX as f64));
        check("18446744073709551615", None, Some(u64::MAX as f64));
        check("18446744073709551616", None, None);
        check("1i", None, None);
        check("08", None, None);
        check("+", None, None);
        check("1e", None, None);
    }
}
