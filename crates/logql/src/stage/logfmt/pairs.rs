//! Reading logfmt: `key=value key="quoted value" flag`.
//!
//! The rules for what is a mistake, where it ends, and the words for it are those of the
//! decoder that Loki uses.

use std::borrow::Cow;

use crate::stage::json::scan;

/// What is wrong, and where, counted in bytes from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::stage) struct Problem {
    at: usize,
    what: What,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Unexpected(u8),
    Key,
    Unterminated,
    Quoted,
}

impl Problem {
    /// In words.
    pub(in crate::stage) fn message(&self) -> String {
        let what = match self.what {
            What::Unexpected(byte) => format!("unexpected '{}'", char::from(byte)),
            What::Key => "invalid key".to_owned(),
            What::Unterminated => "unterminated quoted value".to_owned(),
            What::Quoted => "invalid quoted value".to_owned(),
        };
        format!("logfmt syntax error at pos {} : {what}", self.at)
    }
}

/// A key and its value; a flag has the empty value.
pub(in crate::stage) type Pair<'l> = (&'l [u8], Cow<'l, [u8]>);

/// The pairs of a line and what is wrong between them, in order.
pub(in crate::stage) struct Pairs<'l> {
    line: &'l [u8],
    at: usize,
}

fn is_space(byte: u8) -> bool {
    byte <= b' '
}

impl<'l> Pairs<'l> {
    pub(in crate::stage) fn of(line: &'l [u8]) -> Self {
        Self { line, at: 0 }
    }

    /// Bytes from `self.at` up to the first for which `ends`.
    fn take_until(&mut self, ends: impl Fn(u8) -> bool) -> &'l [u8] {
        let rest = self.line.get(self.at..).unwrap_or_default();
        let length = rest.iter().position(|b| ends(*b)).unwrap_or(rest.len());
        self.at += length;
        &rest[..length]
    }

    fn peek(&self) -> Option<u8> {
        self.line.get(self.at).copied()
    }

    /// A mistake here; reading goes on behind the next space.
    fn fail(&mut self, what: What) -> Problem {
        let problem = Problem {
            at: self.at + 1,
            what,
        };
        self.take_until(is_space);
        problem
    }

    fn pair(&mut self) -> Result<Pair<'l>, Problem> {
        let key = self.take_until(|b| b == b'=' || b == b'"' || is_space(b));
        match self.peek() {
            Some(b'"') => return Err(self.fail(What::Unexpected(b'"'))),
            Some(b'=') if key.is_empty() => return Err(self.fail(What::Unexpected(b'='))),
            _ => {}
        }
        if !is_key(key) {
            return Err(self.fail(What::Key));
        }
        if self.peek() != Some(b'=') {
            return Ok((key, Cow::Borrowed(b"")));
        }
        self.at += 1;
        if self.peek() == Some(b'"') {
            return Ok((key, self.quoted()?));
        }
        let value = self.take_until(|b| b == b'=' || b == b'"' || is_space(b));
        match self.peek() {
            Some(byte) if !is_space(byte) => Err(self.fail(What::Unexpected(byte))),
            _ => Ok((key, Cow::Borrowed(value))),
        }
    }

    fn quoted(&mut self) -> Result<Cow<'l, [u8]>, Problem> {
        let from = self.at + 1;
        let mut at = from;
        let mut is_escaped = false;
        loop {
            let rest = self.line.get(at..).unwrap_or_default();
            let Some(ahead) = memchr::memchr2(b'"', b'\\', rest) else {
                self.at = self.line.len();
                return Err(self.fail(What::Unterminated));
            };
            at += ahead;
            if self.line[at] == b'"' {
                break;
            }
            is_escaped = true;
            at += 2;
        }
        let raw = &self.line[from..at];
        self.at = at + 1;
        if !is_escaped {
            return Ok(Cow::Borrowed(raw));
        }
        match unquote(raw) {
            Some(value) => Ok(Cow::Owned(value)),
            None => Err(Problem {
                at: self.at + 1,
                what: What::Quoted,
            }),
        }
    }
}

impl<'l> Iterator for Pairs<'l> {
    type Item = Result<Pair<'l>, Problem>;

    fn next(&mut self) -> Option<Self::Item> {
        self.take_until(|b| !is_space(b));
        self.peek()?;
        Some(self.pair())
    }
}

/// Whether all of it is characters.
fn is_key(key: &[u8]) -> bool {
    key.is_ascii()
        || std::str::from_utf8(key).is_ok_and(|k| !k.contains(char::REPLACEMENT_CHARACTER))
}

/// As JSON's strings, with `\'` besides, and with U+FFFD for what is no character.
fn unquote(raw: &[u8]) -> Option<Vec<u8>> {
    let unescaped = if memchr::memmem::find(raw, b"\\'").is_none() {
        scan::unescape(raw)?
    } else {
        scan::unescape(&without_escaped_apostrophes(raw))?
    };
    match String::from_utf8(unescaped) {
        Ok(text) => Some(text.into_bytes()),
        Err(error) => {
            let bytes = error.into_bytes();
            Some(scan::spaced(&bytes).into_owned().into_bytes())
        }
    }
}

fn without_escaped_apostrophes(raw: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(raw.len());
    let mut bytes = raw.iter().copied();
    while let Some(byte) = bytes.next() {
        match (byte, byte == b'\\') {
            (_, true) => match bytes.next() {
                Some(b'\'') => out.push(b'\''),
                Some(other) => out.extend([b'\\', other]),
                None => out.push(b'\\'),
            },
            (byte, false) => out.push(byte),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, want: &[&str]) {
        let got: Vec<String> = Pairs::of(line.as_bytes())
            .map(|pair| match pair {
                Ok((key, value)) => format!(
                    "{}:{}",
                    String::from_utf8_lossy(key),
                    String::from_utf8_lossy(&value)
                ),
                Err(problem) => problem.message()["logfmt syntax error at ".len()..].to_owned(),
            })
            .collect();
        assert_eq!(got, want, "{line}");
    }

    #[test]
    fn pairs_and_mistakes() {
        check("", &[]);
        check(" a=1  b c= d=\"x y\"", &["a:1", "b:", "c:", "d:x y"]);
        check(r#"a="\"q\" \u00e9\t" b="\'""#, &["a:\"q\" é\t", "b:'"]);
        check("a=\"open", &["pos 8 : unterminated quoted value"]);
        check(r#"a="\x" b=1"#, &["pos 7 : invalid quoted value", "b:1"]);
        check("=x b=1", &["pos 1 : unexpected '='", "b:1"]);
        check("a=b=c d=e", &["pos 4 : unexpected '='", "d:e"]);
        check("a\"b c", &["pos 2 : unexpected '\"'", "c:"]);
        check("a=\"b\"c=d", &["a:b", "c:d"]);
        check("\u{fffd}=1 b=2", &["pos 4 : invalid key", "b:2"]);
    }
}
