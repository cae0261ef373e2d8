//! Texts in double quotes with the escapes of Go's string literals.
//! <https://go.dev/ref/spec#String_literals>

use std::fmt::Write as _;
use std::str::Chars;

/// The text in `quoted`, quotes included; `None` when an escape is bad, a line ends
/// within, or the escapes give bytes that are not UTF-8.
pub(super) fn unquote(quoted: &str) -> Option<String> {
    let inner = quoted.strip_prefix('"')?.strip_suffix('"')?;
    let mut bytes = Vec::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => push_escape(&mut bytes, &mut chars)?,
            '\n' | '"' => return None,
            c => push_char(&mut bytes, c),
        }
    }
    String::from_utf8(bytes).ok()
}

fn push_escape(bytes: &mut Vec<u8>, chars: &mut Chars<'_>) -> Option<()> {
    let byte = match chars.next()? {
        'a' => 0x07,
        'b' => 0x08,
        'f' => 0x0c,
        'n' => b'\n',
        'r' => b'\r',
        't' => b'\t',
        'v' => 0x0b,
        '\\' => b'\\',
        '"' => b'"',
        'x' => u8::try_from(digits(chars, 2, 16)?).ok()?,
        'u' => return push_code_point(bytes, digits(chars, 4, 16)?),
        'U' => return push_code_point(bytes, digits(chars, 8, 16)?),
        first @ '0'..='7' => {
            let rest = digits(chars, 2, 8)?;
            u8::try_from(first.to_digit(8)? * 64 + rest).ok()?
        }
        _ => return None,
    };
    bytes.push(byte);
    Some(())
}

fn digits(chars: &mut Chars<'_>, count: usize, radix: u32) -> Option<u32> {
    (0..count).try_fold(0u32, |value, _| {
        let digit = chars.next()?.to_digit(radix)?;
        value.checked_mul(radix)?.checked_add(digit)
    })
}

fn push_code_point(bytes: &mut Vec<u8>, code: u32) -> Option<()> {
    push_char(bytes, char::from_u32(code)?);
    Some(())
}

fn push_char(bytes: &mut Vec<u8>, c: char) {
    bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
}

/// `text` in double quotes, as Go's `%q` writes it.
pub(super) fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\x07' => out.push_str("\\a"),
            '\x08' => out.push_str("\\b"),
            '\x0c' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\x0b' => out.push_str("\\v"),
            c if is_printable(c) => out.push(c),
            c => push_code(&mut out, c as u32),
        }
    }
    out.push('"');
    out
}

/// Writing to a String cannot fail.
fn push_code(out: &mut String, code: u32) {
    let _ = match code {
        0..0x80 => write!(out, "\\x{code:02x}"),
        0x80..0x1_0000 => write!(out, "\\u{code:04x}"),
        _ => write!(out, "\\U{code:08x}"),
    };
}

/// Whether Go prints `c` as it is: letters, marks, numbers, punctuation, symbols and
/// the space. The standard library knows the same classes, for all but the first
/// character of a text, where it also escapes marks.
fn is_printable(c: char) -> bool {
    if c.is_ascii() {
        return !c.is_ascii_control();
    }
    let pair: String = ['a', c].iter().collect();
    pair.escape_debug().nth(1) == Some(c)
}
