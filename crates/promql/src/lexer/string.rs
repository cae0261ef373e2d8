//! Strings: `"…"` and `'…'` with the escapes of Go, and raw ones in backticks.

/// The length of the string that `text` starts with, quotes included.
///
/// # Errors
/// What is wrong with it, in words.
pub(super) fn scan(text: &str, quote: char) -> Result<usize, String> {
    let mut rest = &text[quote.len_utf8()..];
    loop {
        let Some(c) = rest.chars().next() else {
            let raw = if quote == '`' { "raw" } else { "quoted" };
            return Err(format!("unterminated {raw} string"));
        };
        if c == quote {
            return Ok(text.len() - rest.len() + c.len_utf8());
        }
        rest = match c {
            '\n' if quote != '`' => return Err("unterminated quoted string".to_owned()),
            '\\' if quote != '`' => escape(&rest[1..], quote)?.1,
            _ => &rest[c.len_utf8()..],
        };
    }
}

/// The contents of a string with its quotes.
///
/// They are bytes: `\xff` and `\377` can make anything.
///
/// # Errors
/// What is wrong with the string, in words.
pub fn unquote(text: &str) -> Result<Vec<u8>, String> {
    let Some(quote @ ('"' | '\'' | '`')) = text.chars().next() else {
        return Err("missing quote".to_owned());
    };
    if scan(text, quote)? != text.len() {
        return Err("text behind the closing quote".to_owned());
    }
    let contents = &text[1..text.len() - 1];
    if quote == '`' {
        return Ok(contents.as_bytes().to_vec());
    }
    let mut out = Vec::with_capacity(contents.len());
    let mut rest = contents;
    while let Some(at) = rest.find('\\') {
        out.extend_from_slice(&rest.as_bytes()[..at]);
        let (escaped, behind) = escape(&rest[at + 1..], quote)?;
        match escaped {
            Escaped::Byte(byte) => out.push(byte),
            Escaped::Char(c) => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
        rest = behind;
    }
    out.extend_from_slice(rest.as_bytes());
    Ok(out)
}

enum Escaped {
    Byte(u8),
    Char(char),
}

/// Reads one escape sequence, whose backslash stands before `text`; the second
/// value is what stands behind it.
fn escape(text: &str, quote: char) -> Result<(Escaped, &str), String> {
    let Some(c) = text.chars().next() else {
        return Err("escape sequence not terminated".to_owned());
    };
    let behind = &text[c.len_utf8()..];
    let byte = |byte| Ok((Escaped::Byte(byte), behind));
    match c {
        'a' => byte(7),
        'b' => byte(8),
        'f' => byte(12),
        'n' => byte(b'\n'),
        'r' => byte(b'\r'),
        't' => byte(b'\t'),
        'v' => byte(11),
        '\\' => byte(b'\\'),
        c if c == quote => Ok((Escaped::Char(c), behind)),
        '0'..='7' => numeric(text, 3, 8),
        'x' => numeric(behind, 2, 16),
        'u' => numeric(behind, 4, 16),
        'U' => numeric(behind, 8, 16),
        c => Err(format!(
            "unknown escape sequence U+{:04X} {c:?}",
            u32::from(c)
        )),
    }
}

fn numeric(text: &str, digits: usize, base: u32) -> Result<(Escaped, &str), String> {
    let mut value = 0_u64;
    let mut chars = text.chars();
    for _ in 0..digits {
        let Some(c) = chars.next() else {
            return Err("escape sequence not terminated".to_owned());
        };
        let Some(digit) = c.to_digit(base) else {
            return Err(format!(
                "illegal character U+{:04X} {c:?} in escape sequence",
                u32::from(c)
            ));
        };
        value = value * u64::from(base) + u64::from(digit);
    }
    let behind = chars.as_str();
    let invalid = || "escape sequence is an invalid Unicode code point".to_owned();
    // Two or three digits are a byte, more are a character.
    if digits <= 3 {
        return u8::try_from(value)
            .map(|b| (Escaped::Byte(b), behind))
            .map_err(|_| invalid());
    }
    let c = u32::try_from(value)
        .ok()
        .and_then(char::from_u32)
        .ok_or_else(invalid)?;
    Ok((Escaped::Char(c), behind))
}
