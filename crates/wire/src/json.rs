//! JSON as bytes: a reader that is pulled, for formats that arrive in millions.
//!
//! It builds no tree. Strings are borrowed unless they hold escapes, every value can be
//! had as it stands, and bytes that are not UTF-8 pass through strings unharmed, so that
//! a log line comes out as it was sent. Escaped surrogates without their partner become
//! U+FFFD, as Go reads them. Nesting is limited.

use std::borrow::Cow;

use memchr::memchr2;

use crate::error::WireError;

/// Deepest nesting of objects and arrays.
const DEPTH_MAX: usize = 128;

/// What kind of value comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Object,
    Array,
    Text,
    Number,
    Bool,
    Null,
}

/// JSON text that is still to be read.
#[derive(Debug, Clone)]
pub(crate) struct Json<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Json<'a> {
    pub(crate) fn new(text: &'a [u8]) -> Self {
        Self { text, at: 0 }
    }

    fn byte(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.byte(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    /// The error that something is wrong here.
    #[cold]
    pub(crate) fn error(&self, wanted: &str) -> WireError {
        let found = self.text.get(self.at..).unwrap_or_default();
        let found = String::from_utf8_lossy(&found[..found.len().min(16)]).into_owned();
        WireError::Malformed(if found.is_empty() {
            format!("JSON: byte {}: {wanted}, but the text ends", self.at)
        } else {
            format!("JSON: byte {}: {wanted}, not {found:?}", self.at)
        })
    }

    /// What comes next.
    pub(crate) fn kind(&mut self) -> Result<Kind, WireError> {
        self.space();
        match self.byte() {
            Some(b'{') => Ok(Kind::Object),
            Some(b'[') => Ok(Kind::Array),
            Some(b'"') => Ok(Kind::Text),
            Some(b't' | b'f') => Ok(Kind::Bool),
            Some(b'n') => Ok(Kind::Null),
            Some(b'-' | b'0'..=b'9') => Ok(Kind::Number),
            _ => Err(self.error("a value was expected")),
        }
    }

    fn expect(&mut self, byte: u8, wanted: &str) -> Result<(), WireError> {
        self.space();
        if self.byte() != Some(byte) {
            return Err(self.error(wanted));
        }
        self.at += 1;
        Ok(())
    }

    /// Nothing but white space may follow.
    pub(crate) fn end(&mut self) -> Result<(), WireError> {
        self.space();
        match self.byte() {
            None => Ok(()),
            Some(_) => Err(self.error("the end was expected")),
        }
    }

    /// Whether nothing but white space follows.
    pub(crate) fn is_at_end(&mut self) -> bool {
        self.space();
        self.byte().is_none()
    }

    /// Reads an object; `member` reads the value of each key.
    pub(crate) fn object(
        &mut self,
        mut member: impl FnMut(&mut Self, Cow<'a, [u8]>) -> Result<(), WireError>,
    ) -> Result<(), WireError> {
        self.expect(b'{', "an object was expected")?;
        self.space();
        if self.byte() == Some(b'}') {
            self.at += 1;
            return Ok(());
        }
        loop {
            let key = self.text()?;
            self.expect(b':', "a colon was expected")?;
            member(self, key)?;
            self.space();
            match self.byte() {
                Some(b',') => self.at += 1,
                Some(b'}') => {
                    self.at += 1;
                    return Ok(());
                }
                _ => return Err(self.error("a comma or the object's end was expected")),
            }
        }
    }

    /// Reads an array; `item` reads each value.
    pub(crate) fn array(
        &mut self,
        mut item: impl FnMut(&mut Self) -> Result<(), WireError>,
    ) -> Result<(), WireError> {
        self.expect(b'[', "an array was expected")?;
        self.space();
        if self.byte() == Some(b']') {
            self.at += 1;
            return Ok(());
        }
        loop {
            item(self)?;
            self.space();
            match self.byte() {
                Some(b',') => self.at += 1,
                Some(b']') => {
                    self.at += 1;
                    return Ok(());
                }
                _ => return Err(self.error("a comma or the array's end was expected")),
            }
        }
    }

    /// Reads a string.
    pub(crate) fn text(&mut self) -> Result<Cow<'a, [u8]>, WireError> {
        self.expect(b'"', "a string was expected")?;
        let from = self.at;
        let (stop, byte) = self.string_stop(from)?;
        if byte == b'"' {
            self.at = stop + 1;
            return Ok(Cow::Borrowed(&self.text[from..stop]));
        }
        let mut out = self.text[from..stop].to_vec();
        self.at = stop;
        loop {
            self.escape(&mut out)?;
            let from = self.at;
            let (stop, byte) = self.string_stop(from)?;
            out.extend_from_slice(&self.text[from..stop]);
            self.at = stop;
            if byte == b'"' {
                self.at += 1;
                return Ok(Cow::Owned(out));
            }
        }
    }

    /// The next quote or backslash.
    fn string_stop(&self, from: usize) -> Result<(usize, u8), WireError> {
        let rest = self.text.get(from..).unwrap_or_default();
        let Some(len) = memchr2(b'"', b'\\', rest) else {
            return Err(self.error("a string has no end"));
        };
        Ok((from + len, rest[len]))
    }

    fn escape(&mut self, out: &mut Vec<u8>) -> Result<(), WireError> {
        let Some(&letter) = self.text.get(self.at + 1) else {
            return Err(self.error("a string has no end"));
        };
        let byte = match letter {
            b'n' => b'\n',
            b't' => b'\t',
            b'r' => b'\r',
            b'b' => 8,
            b'f' => 12,
            b'"' | b'\\' | b'/' => letter,
            b'u' => return self.unicode(out),
            _ => return Err(self.error("an escape was expected")),
        };
        out.push(byte);
        self.at += 2;
        Ok(())
    }

    /// `\uXXXX`, with its partner if it is a surrogate.
    fn unicode(&mut self, out: &mut Vec<u8>) -> Result<(), WireError> {
        let high = self.hex4(self.at)?;
        self.at += 6;
        let mut code = high;
        if (0xd800..0xdc00).contains(&high)
            && self.text.get(self.at..self.at + 2) == Some(b"\\u")
            && let Ok(low @ 0xdc00..0xe000) = self.hex4(self.at)
        {
            self.at += 6;
            code = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
        }
        let letter = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
        out.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
        Ok(())
    }

    fn hex4(&self, at: usize) -> Result<u32, WireError> {
        self.text
            .get(at + 2..at + 6)
            .and_then(|digits| {
                digits
                    .iter()
                    .try_fold(0, |n, b| Some(n << 4 | (*b as char).to_digit(16)?))
            })
            .ok_or_else(|| self.error("four hexadecimal digits were expected"))
    }

    /// Reads a value of any kind and hands it out as it stands.
    pub(crate) fn raw(&mut self) -> Result<&'a [u8], WireError> {
        self.space();
        let from = self.at;
        self.skip(0)?;
        Ok(&self.text[from..self.at])
    }

    fn skip(&mut self, depth: usize) -> Result<(), WireError> {
        if depth > DEPTH_MAX {
            return Err(self.error("values may not be nested that deeply"));
        }
        match self.kind()? {
            Kind::Object => self.object(|json, _| json.skip(depth + 1)),
            Kind::Array => self.array(|json| json.skip(depth + 1)),
            Kind::Text => self.skip_text(),
            Kind::Number => self.number().map(|_| ()),
            Kind::Bool => self.bool().map(|_| ()),
            Kind::Null => self.null(),
        }
    }

    fn skip_text(&mut self) -> Result<(), WireError> {
        self.text().map(|_| ())
    }

    /// Reads a number and hands out its text.
    pub(crate) fn number(&mut self) -> Result<&'a str, WireError> {
        self.space();
        let from = self.at;
        let digits = |json: &mut Self| {
            let from = json.at;
            while matches!(json.byte(), Some(b'0'..=b'9')) {
                json.at += 1;
            }
            json.at > from
        };
        if self.byte() == Some(b'-') {
            self.at += 1;
        }
        let mut ok = digits(self);
        if ok && self.byte() == Some(b'.') {
            self.at += 1;
            ok = digits(self);
        }
        if ok && matches!(self.byte(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.byte(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            ok = digits(self);
        }
        let text = std::str::from_utf8(&self.text[from..self.at]).unwrap_or_default();
        if ok {
            Ok(text)
        } else {
            Err(self.error("a number was expected"))
        }
    }

    /// Reads true or false.
    pub(crate) fn bool(&mut self) -> Result<bool, WireError> {
        self.space();
        let rest = self.text.get(self.at..).unwrap_or_default();
        if rest.starts_with(b"true") {
            self.at += 4;
            Ok(true)
        } else if rest.starts_with(b"false") {
            self.at += 5;
            Ok(false)
        } else {
            Err(self.error("true or false was expected"))
        }
    }

    /// Reads null.
    pub(crate) fn null(&mut self) -> Result<(), WireError> {
        self.space();
        if self
            .text
            .get(self.at..)
            .unwrap_or_default()
            .starts_with(b"null")
        {
            self.at += 4;
            return Ok(());
        }
        Err(self.error("null was expected"))
    }
}

/// Text that may hold bytes which are not UTF-8; those become U+FFFD.
pub(crate) fn lossy(bytes: Cow<'_, [u8]>) -> Cow<'_, str> {
    match bytes {
        Cow::Borrowed(bytes) => String::from_utf8_lossy(bytes),
        Cow::Owned(bytes) => Cow::Owned(match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
        }),
    }
}

/// Appends `text` as a JSON string. Bytes that are not UTF-8 become U+FFFD.
pub(crate) fn push_text(out: &mut Vec<u8>, text: &[u8]) {
    out.push(b'"');
    for c in String::from_utf8_lossy(text).chars() {
        match c {
            '"' => out.extend_from_slice(b"\\\""),
            '\\' => out.extend_from_slice(b"\\\\"),
            '\n' => out.extend_from_slice(b"\\n"),
            '\r' => out.extend_from_slice(b"\\r"),
            '\t' => out.extend_from_slice(b"\\t"),
            c if (c as u32) < 0x20 => {
                out.extend_from_slice(format!("\\u{:04x}", c as u32).as_bytes());
            }
            c => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings() {
        let check = |text: &[u8], want: Option<&[u8]>| {
            assert_eq!(Json::new(text).text().ok().as_deref(), want, "{text:?}");
        };
        check(br#""plain""#, Some(b"plain"));
        check(br#" "a\n\t\"\\\/b" "#, Some(b"a\n\t\"\\/b"));
        check(br#""\u00e4\ud83d\ude00""#, Some("ä😀".as_bytes()));
        check(br#""\ud83dx""#, Some("\u{fffd}x".as_bytes()));
        check(br#""\ud83d\u0041""#, Some("\u{fffd}A".as_bytes()));
        check(b"\"\xff\xfe\"", Some(b"\xff\xfe"));
        check(br#""open"#, None);
        check(br#""\x""#, None);
        check(br#""\u12"#, None);
        check(br#""\"#, None);
        check(b"x", None);
    }

    #[test]
    fn raw_values_are_checked() {
        let check = |text: &str, want: Option<&str>| {
            let got = Json::new(text.as_bytes()).raw().ok();
            assert_eq!(got, want.map(str::as_bytes), "{text}");
        };
        check(
            " {\"a\" : [1, -2.5e+3, true, null]} ,",
            Some("{\"a\" : [1, -2.5e+3, true, null]}"),
        );
        check("[]", Some("[]"));
        check("{}", Some("{}"));
        check("[1,]", None);
        check("{\"a\"}", None);
        check("{1:2}", None);
        check("1.", None);
        check("tru", None);
        check(&"[".repeat(100_000), None);
    }
}
