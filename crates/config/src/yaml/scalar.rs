//! A scalar as it was written, and how a field's type reads it.
//!
//! The rules are those of Go's `yaml.v2` decoding into a typed field: only plain
//! (unquoted) text can be a number, a boolean or nothing, and a text field takes
//! any scalar just as it was written.

use base64::Engine as _;
use binnacle_model::labels::write_quoted;

/// A scalar as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scalar {
    /// The text, with quotes and escapes already resolved.
    pub text: String,
    /// Whether it stood without quotes and not in a block.
    pub plain: bool,
    /// Its tag.
    pub tag: Tag,
}

/// The tags that say something about a scalar.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Tag {
    /// None was written.
    #[default]
    None,
    /// `!!str`, or the non-specific `!`.
    Str,
    /// `!!binary`: base64 of any bytes.
    Binary,
    /// `!!int`, `!!float`, `!!bool` or `!!null`: what a plain scalar says anyway.
    Core,
}

impl Scalar {
    fn resolves(&self) -> bool {
        match self.tag {
            Tag::None => self.plain,
            Tag::Core => true,
            Tag::Str | Tag::Binary => false,
        }
    }

    /// Whether nothing was written.
    #[must_use]
    pub fn is_null(&self) -> bool {
        self.resolves() && matches!(self.text.as_str(), "" | "~" | "null" | "Null" | "NULL")
    }

    /// Whether this is the merge key `<<`.
    #[must_use]
    pub fn is_merge(&self) -> bool {
        self.plain && self.tag == Tag::None && self.text == "<<"
    }

    /// As text.
    ///
    /// # Errors
    /// When it is `!!binary` and not UTF-8; the error is the bytes in Go's quotes.
    pub fn as_text(&self) -> Result<String, String> {
        if self.tag != Tag::Binary {
            return Ok(self.text.clone());
        }
        let base64: String = self.text.chars().filter(|c| !c.is_whitespace()).collect();
        let bytes = base64::engine::general_purpose::STANDARD
            .decode(base64)
            .map_err(|_| format!("!!binary value {:?} that is no base64", self.text))?;
        String::from_utf8(bytes).map_err(|e| quote_bytes(e.as_bytes()))
    }

    /// As a boolean.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        if !self.resolves() {
            return None;
        }
        match self.text.as_str() {
            "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" | "true" | "True" | "TRUE" => {
                Some(true)
            }
            "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" | "false" | "False"
            | "FALSE" => Some(false),
            _ => None,
        }
    }

    /// As a whole number; a float without a fraction is one, as in Go.
    #[must_use]
    pub fn as_int(&self) -> Option<i128> {
        if !self.resolves() {
            return None;
        }
        if let Some(int) = parse_int(&self.text) {
            return Some(int);
        }
        let float = parse_float(&self.text)?;
        // Exact in i128: the bound is far below 2^127.
        (float.is_finite() && float.abs() < 1e30).then_some(float.trunc() as i128)
    }

    /// As a float.
    #[must_use]
    pub fn as_float(&self) -> Option<f64> {
        if !self.resolves() {
            return None;
        }
        parse_int(&self.text)
            .map(|i| i as f64)
            .or_else(|| parse_float(&self.text))
    }

    /// What this is, for messages.
    #[must_use]
    pub fn kind(&self) -> String {
        if self.is_null() {
            "nothing".to_owned()
        } else if self.as_bool().is_some() {
            format!("the boolean {}", self.text)
        } else if self.as_float().is_some() {
            format!("the number {}", self.text)
        } else {
            let mut shown = String::new();
            let short: String = self.text.chars().take(60).collect();
            // Writing to a String cannot fail.
            let _ = write_quoted(&mut shown, &short);
            format!("the text {shown}")
        }
    }
}

/// Base 10, or 16, 8 and 2 by their prefixes; a leading zero is octal and `_` may
/// stand between digits, as Go's `strconv.ParseInt` with base 0 has it.
fn parse_int(text: &str) -> Option<i128> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    if !digits.as_bytes().first()?.is_ascii_digit() {
        return None;
    }
    let digits = digits.replace('_', "");
    let lower = digits.to_ascii_lowercase();
    let (radix, body) = if let Some(hex) = lower.strip_prefix("0x") {
        (16, hex)
    } else if let Some(binary) = lower.strip_prefix("0b") {
        (2, binary)
    } else if let Some(octal) = lower.strip_prefix("0o") {
        (8, octal)
    } else if lower.len() > 1 && lower.starts_with('0') {
        (8, &lower[1..])
    } else {
        (10, lower.as_str())
    };
    if body.len() > 24 || !body.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return None;
    }
    let value = i128::from_str_radix(body, radix).ok()?;
    Some(if negative { -value } else { value })
}

/// YAML's float: digits with a point or an exponent, `.inf`, `.nan`.
fn parse_float(text: &str) -> Option<f64> {
    match text {
        ".nan" | ".NaN" | ".NAN" => return Some(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => return Some(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => return Some(f64::NEG_INFINITY),
        _ => {}
    }
    let body = text.strip_prefix(['-', '+']).unwrap_or(text);
    let starts = body.strip_prefix('.').unwrap_or(body);
    if !starts.as_bytes().first()?.is_ascii_digit()
        || !body
            .bytes()
            .all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'+' | b'-' | b'_'))
    {
        return None;
    }
    text.replace('_', "").parse().ok()
}

/// Bytes that are no text, as Go's `%q` shows them.
fn quote_bytes(bytes: &[u8]) -> String {
    let mut out = String::from("\"");
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            if matches!(c, '"' | '\\') {
                out.push('\\');
            }
            out.push(c);
        }
        for b in chunk.invalid() {
            out.push_str(&format!("\\x{b:02x}"));
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> Scalar {
        Scalar {
            text: text.to_owned(),
            plain: true,
            tag: Tag::None,
        }
    }

    #[test]
    fn numbers_are_read_as_go_reads_them() {
        let check = |text: &str, want: Option<i128>| {
            assert_eq!(plain(text).as_int(), want, "{text}");
        };
        check("0", Some(0));
        check("9090", Some(9090));
        check("-5", Some(-5));
        check("+5", Some(5));
        check("0x1F", Some(31));
        check("0b101", Some(5));
        check("0o17", Some(15));
        check("017", Some(15));
        check("1_000", Some(1000));
        check("80.0", Some(80));
        check("1e3", Some(1000));
        check("08", Some(8));
        check("abc", None);
        check("0x", None);
        check("_1", None);
        check("1s", None);
        check("", None);
        check("-", None);
        check(".", None);
        check("99999999999999999999999999999999999999999999", None);
        assert_eq!(
            Scalar {
                plain: false,
                ..plain("80")
            }
            .as_int(),
            None
        );
    }

    #[test]
    fn booleans_have_many_names() {
        for yes in ["y", "Yes", "on", "TRUE", "true"] {
            assert_eq!(plain(yes).as_bool(), Some(true), "{yes}");
        }
        for no in ["n", "No", "off", "FALSE", "false"] {
            assert_eq!(plain(no).as_bool(), Some(false), "{no}");
        }
        assert_eq!(plain("1").as_bool(), None);
        assert_eq!(
            Scalar {
                plain: false,
                ..plain("true")
            }
            .as_bool(),
            None
        );
    }

    #[test]
    fn floats() {
        assert_eq!(plain("1.5").as_float(), Some(1.5));
        assert_eq!(plain(".5").as_float(), Some(0.5));
        assert_eq!(plain("28").as_float(), Some(28.0));
        assert_eq!(plain(".inf").as_float(), Some(f64::INFINITY));
        assert_eq!(plain("1.2.3").as_float(), None);
        assert_eq!(plain("infinity").as_float(), None);
    }

    #[test]
    fn binary_is_text_when_it_is_utf8() {
        let binary = |text: &str| {
            Scalar {
                tag: Tag::Binary,
                ..plain(text)
            }
            .as_text()
        };
        assert_eq!(binary("YWJj"), Ok("abc".to_owned()));
        assert_eq!(binary("/w=="), Err("\"\\xff\"".to_owned()));
        assert_eq!(
            binary("?"),
            Err("!!binary value \"?\" that is no base64".to_owned())
        );
    }
}
