//! Words, strings, numbers, durations and symbols.

use std::fmt;

use super::{Problem, Result, problem, units};

/// A piece of the text.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    Word(String),
    Text(String),
    Number(f64),
    /// As written, and nanoseconds.
    Duration(String, i64),
    /// As written, and bytes.
    Bytes(String, u64),
    Symbol(&'static str),
    End,
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Word(w) => write!(f, "{w}"),
            Self::Text(t) => write!(f, "string {t:?}"),
            Self::Number(n) => write!(f, "number {n}"),
            Self::Duration(t, _) | Self::Bytes(t, _) => write!(f, "{t}"),
            Self::Symbol(s) => write!(f, "{s:?}"),
            Self::End => f.write_str("end of the query"),
        }
    }
}

/// Longer ones first.
const SYMBOLS: &[&str] = &[
    "|=", "|~", "|>", "!=", "!~", "!>", "=~", "==", ">=", "<=", "{", "}", "(", ")", "[", "]", ",",
    "|", "=", ">", "<", "+", "-", "*", "/", "%", "^", ".",
];

/// Cuts the text into tokens with where they begin and end.
pub(super) fn lex(text: &str) -> Result<Vec<(Token, usize, usize)>> {
    let bytes = text.as_bytes();
    let mut tokens = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let c = bytes[at];
        if c.is_ascii_whitespace() {
            at += 1;
            continue;
        }
        if c == b'#' {
            while at < bytes.len() && bytes[at] != b'\n' {
                at += 1;
            }
            continue;
        }
        let from = at;
        let is_flag = c == b'-'
            && bytes.get(at + 1) == Some(&b'-')
            && bytes.get(at + 2).is_some_and(u8::is_ascii_alphabetic);
        let token = if is_flag {
            at += 2;
            word(text, &mut at, true);
            Token::Word(text[from..at].to_owned())
        } else if c.is_ascii_alphabetic() || c == b'_' {
            word(text, &mut at, false);
            Token::Word(text[from..at].to_owned())
        } else if c.is_ascii_digit()
            || (c == b'.' && bytes.get(at + 1).is_some_and(u8::is_ascii_digit))
        {
            number(text, &mut at)?
        } else if c == b'"' {
            quoted(text, &mut at)?
        } else if c == b'`' {
            raw(text, &mut at)?
        } else if let Some(symbol) = SYMBOLS.iter().find(|s| text[at..].starts_with(**s)) {
            at += symbol.len();
            Token::Symbol(symbol)
        } else {
            let c = text[at..].chars().next().unwrap_or('?');
            return problem(at, format!("syntax error: unexpected character {c:?}"));
        };
        tokens.push((token, from, at));
    }
    Ok(tokens)
}

fn word(text: &str, at: &mut usize, dashes: bool) {
    let bytes = text.as_bytes();
    while *at < bytes.len()
        && (bytes[*at].is_ascii_alphanumeric()
            || bytes[*at] == b'_'
            || (dashes && bytes[*at] == b'-'))
    {
        *at += 1;
    }
}

/// A number, or one with units.
fn number(text: &str, at: &mut usize) -> Result<Token> {
    let bytes = text.as_bytes();
    let from = *at;
    while *at < bytes.len() {
        let c = bytes[*at];
        let is_sign = matches!(c, b'+' | b'-')
            && matches!(bytes[*at - 1], b'e' | b'E' | b'p' | b'P')
            && *at > from
            && (text[from..*at - 1]
                .bytes()
                .all(|b| b.is_ascii_digit() || b == b'.')
                || text[from..].starts_with("0x"))
            && bytes.get(*at + 1).is_some_and(u8::is_ascii_digit);
        if c.is_ascii_alphanumeric() || c == b'.' || c == b'_' || is_sign || c >= 0x80 {
            *at += 1;
        } else {
            break;
        }
    }
    while !text.is_char_boundary(*at) {
        *at += 1;
    }
    let piece = &text[from..*at];
    if let Some(value) = hex_float(piece) {
        return Ok(Token::Number(value));
    }
    if let Ok(value) = piece.parse::<f64>() {
        return Ok(Token::Number(value));
    }
    if let Some(ns) = units::duration(piece) {
        return Ok(Token::Duration(piece.to_owned(), ns));
    }
    if let Some(value) = units::bytes(piece) {
        return Ok(Token::Bytes(piece.to_owned(), value));
    }
    problem(
        from,
        format!("{piece:?} is no number, no duration such as 5m and no size such as 10KB"),
    )
}

/// `0x1.8p3`: a mantissa in hexadecimal digits and a power of two.
fn hex_float(piece: &str) -> Option<f64> {
    let digits = piece.strip_prefix("0x").or(piece.strip_prefix("0X"))?;
    let (mantissa, power) = digits.split_once(['p', 'P'])?;
    let power: i32 = power.parse().ok()?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let value = u64::from_str_radix(&format!("{whole}{fraction}"), 16).ok()?;
    Some(value as f64 * 2_f64.powi(power - 4 * fraction.len() as i32))
}

fn raw(text: &str, at: &mut usize) -> Result<Token> {
    let from = *at + 1;
    let Some(len) = text[from..].find('`') else {
        return problem(*at, "literal not terminated: a ` is missing");
    };
    *at = from + len + 1;
    Ok(Token::Text(text[from..from + len].replace('\r', "")))
}

fn quoted(text: &str, at: &mut usize) -> Result<Token> {
    let start = *at;
    let mut out: Vec<u8> = Vec::new();
    let mut chars = text[start + 1..].char_indices();
    while let Some((i, c)) = chars.next() {
        match c {
            '"' => {
                *at = start + 1 + i + 1;
                let text = String::from_utf8(out)
                    .unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned());
                return Ok(Token::Text(text));
            }
            '\n' => break,
            '\\' => {
                let rest = &text[start + 1 + i + 1..];
                let Some(used) = escape(rest, &mut out) else {
                    return problem(start + 1 + i, "unknown escape sequence in a string");
                };
                for _ in 0..rest[..used].chars().count() {
                    chars.next();
                }
            }
            c => {
                let mut buffer = [0; 4];
                out.extend_from_slice(c.encode_utf8(&mut buffer).as_bytes());
            }
        }
    }
    Err(Problem {
        at: start,
        message: "literal not terminated: a \" is missing".to_owned(),
    })
}

/// Reads what is behind a backslash as Go does; answers the bytes used.
fn escape(rest: &str, out: &mut Vec<u8>) -> Option<usize> {
    let simple = |byte| Some((byte, 1));
    let c = rest.chars().next()?;
    let (byte, used) = match c {
        'a' => simple(7),
        'b' => simple(8),
        'f' => simple(12),
        'n' => simple(b'\n'),
        'r' => simple(b'\r'),
        't' => simple(b'\t'),
        'v' => simple(11),
        '\\' => simple(b'\\'),
        '"' => simple(b'"'),
        'x' => Some((u8::from_str_radix(rest.get(1..3)?, 16).ok()?, 3)),
        '0'..='7' => Some((u8::from_str_radix(rest.get(..3)?, 8).ok()?, 3)),
        'u' | 'U' => {
            let digits = if c == 'u' { 4 } else { 8 };
            let code = u32::from_str_radix(rest.get(1..=digits)?, 16).ok()?;
            let mut buffer = [0; 4];
            let text = char::from_u32(code)?.encode_utf8(&mut buffer);
            out.extend_from_slice(text.as_bytes());
            return Some(digits + 1);
        }
        _ => None,
    }?;
    out.push(byte);
    Some(used)
}
