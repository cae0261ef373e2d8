//! Reading JSON in place.
//!
//! Lines are not always whole: they are cut off, or have something behind. So this reads no
//! further than it is asked to, and what came before a mistake counts. The rules for what
//! is a mistake, and the words for it, are those of the parser that Loki uses.

use std::borrow::Cow;

/// Why reading stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::stage) enum Problem {
    Json,
    String,
    Array,
    Object,
    Value,
    Escape,
}

impl Problem {
    /// In words.
    pub(in crate::stage) fn as_str(self) -> &'static str {
        match self {
            Self::Json => "Malformed JSON error",
            Self::String => "Value is string, but can't find closing '\"' symbol",
            Self::Array => "Value is array, but can't find closing ']' symbol",
            Self::Object => "Value looks like object, but can't find closing '}' symbol",
            Self::Value => "Unknown value type",
            Self::Escape => "Encountered an invalid escape sequence in a string",
        }
    }
}

/// The type of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::stage) enum Kind {
    String,
    Number,
    Boolean,
    Null,
    Object,
    Array,
}

/// A value where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::stage) struct Found<'j> {
    /// As written; a string without its quotes.
    pub(in crate::stage) raw: &'j [u8],
    pub(in crate::stage) kind: Kind,
    /// Byte behind it.
    end: usize,
}

/// The next byte from `at` on that is no space.
pub(super) fn skip_space(data: &[u8], at: usize) -> Option<usize> {
    let rest = data.get(at..)?;
    let ahead = rest
        .iter()
        .position(|b| !matches!(b, b' ' | b'\n' | b'\r' | b'\t'))?;
    Some(at + ahead)
}

/// Bytes of a short string.
const SHORT: usize = 16;

/// Where the quote is that ends a string whose content begins at `from`, and whether there
/// are escapes in it.
pub(super) fn string_end(data: &[u8], from: usize) -> Option<(usize, bool)> {
    let mut at = from;
    let mut is_escaped = false;
    // Most strings are short: a search that is fast on long ones takes longer to begin.
    for byte in data.get(from..)?.iter().take(SHORT) {
        match byte {
            b'"' => return Some((at, false)),
            b'\\' => break,
            _ => at += 1,
        }
    }
    loop {
        at += memchr::memchr2(b'"', b'\\', data.get(at..)?)?;
        if data[at] == b'"' {
            return Some((at, is_escaped));
        }
        is_escaped = true;
        at += 2;
    }
}

/// The byte behind the block that opens at `from`. Only its own kind of bracket counts.
pub(super) fn block_end(data: &[u8], from: usize, open: u8, close: u8) -> Option<usize> {
    let mut level = 0_usize;
    let mut at = from;
    loop {
        at += memchr::memchr3(b'"', open, close, data.get(at..)?)?;
        match data[at] {
            b'"' => at = string_end(data, at + 1)?.0,
            b if b == open => level += 1,
            _ => {
                level = level.saturating_sub(1);
                if level == 0 {
                    return Some(at + 1);
                }
            }
        }
        at += 1;
    }
}

/// The value that begins at or behind `at`.
pub(super) fn value(data: &[u8], at: usize) -> Result<Found<'_>, Problem> {
    let from = skip_space(data, at).ok_or(Problem::Json)?;
    let block = |kind, open, close, problem| {
        let end = block_end(data, from, open, close).ok_or(problem)?;
        Ok(Found {
            raw: &data[from..end],
            kind,
            end,
        })
    };
    match data[from] {
        b'"' => {
            let (end, _) = string_end(data, from + 1).ok_or(Problem::String)?;
            Ok(Found {
                raw: &data[from + 1..end],
                kind: Kind::String,
                end: end + 1,
            })
        }
        b'[' => block(Kind::Array, b'[', b']', Problem::Array),
        b'{' => block(Kind::Object, b'{', b'}', Problem::Object),
        first => {
            let ends = |b: &u8| matches!(b, b' ' | b'\n' | b'\r' | b'\t' | b',' | b'}' | b']');
            let end = data[from..].iter().position(ends);
            let end = end.map_or(data.len(), |len| from + len);
            let raw = &data[from..end];
            let kind = match (first, raw) {
                (_, b"true" | b"false") => Kind::Boolean,
                (_, b"null") => Kind::Null,
                (b'0'..=b'9' | b'-', _) => Kind::Number,
                _ => return Err(Problem::Value),
            };
            Ok(Found { raw, kind, end })
        }
    }
}

/// A key and its value.
pub(in crate::stage) type Member<'j> = (Cow<'j, [u8]>, Found<'j>);

/// Keys and values of an object, one behind the other, up to the first mistake.
pub(in crate::stage) struct Members<'j> {
    data: &'j [u8],
    at: usize,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Begin,
    Within,
    End,
}

impl<'j> Members<'j> {
    pub(in crate::stage) fn of(data: &'j [u8]) -> Self {
        Self {
            data,
            at: 0,
            state: State::Begin,
        }
    }

    /// Goes to the next key; false at the end.
    fn next_key(&mut self) -> Result<bool, Problem> {
        let data = self.data;
        if self.state == State::Begin {
            let open = skip_space(data, 0).ok_or(Problem::Object)?;
            if data[open] != b'{' {
                return Err(Problem::Object);
            }
            self.at = skip_space(data, open + 1).ok_or(Problem::Json)?;
        } else {
            let behind = skip_space(data, self.at).ok_or(Problem::Array)?;
            match data[behind] {
                b'}' => return Ok(false),
                b',' => self.at = skip_space(data, behind + 1).ok_or(Problem::Array)?,
                _ => return Err(Problem::Object),
            }
        }
        match data[self.at] {
            b'"' => Ok(true),
            b'}' => Ok(false),
            _ => Err(Problem::Object),
        }
    }

    fn member(&mut self) -> Result<Option<Member<'j>>, Problem> {
        if !self.next_key()? {
            return Ok(None);
        }
        self.state = State::Within;
        let data = self.data;
        let from = self.at + 1;
        let (end, is_escaped) = string_end(data, from).ok_or(Problem::Json)?;
        let mut key = Cow::Borrowed(&data[from..end]);
        if is_escaped {
            key = Cow::Owned(unescape(&data[from..end]).ok_or(Problem::Escape)?);
        }
        let colon = skip_space(data, end + 1).ok_or(Problem::Json)?;
        if data[colon] != b':' {
            return Err(Problem::Json);
        }
        let found = value(data, colon + 1)?;
        self.at = found.end;
        Ok(Some((key, found)))
    }
}

impl<'j> Iterator for Members<'j> {
    type Item = Result<Member<'j>, Problem>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.state == State::End {
            return None;
        }
        let member = self.member().transpose();
        if !matches!(member, Some(Ok(_))) {
            self.state = State::End;
        }
        member
    }
}

/// Elements of an array, one behind the other, up to the first mistake, which is the last
/// that comes.
pub(super) struct Elements<'j> {
    data: &'j [u8],
    /// Where the next one begins; `None` at the end.
    at: Option<usize>,
    /// The closing bracket, once it was come to.
    pub(super) end: Option<usize>,
}

impl<'j> Elements<'j> {
    /// Of the array that opens at `open`.
    pub(super) fn of(data: &'j [u8], open: usize) -> Self {
        let mut own = Self {
            data,
            at: None,
            end: None,
        };
        match skip_space(data, open + 1) {
            Some(at) if data[at] == b']' => own.end = Some(at),
            at => own.at = at,
        }
        own
    }
}

impl<'j> Iterator for Elements<'j> {
    type Item = Result<Found<'j>, Problem>;

    fn next(&mut self) -> Option<Self::Item> {
        let element = value(self.data, self.at.take()?);
        if let Ok(found) = &element
            && let Some(behind) = skip_space(self.data, found.end)
        {
            match self.data[behind] {
                b']' => self.end = Some(behind),
                b',' => self.at = Some(behind + 1),
                _ => {}
            }
        }
        Some(element)
    }
}

/// What a string with escapes means; `None` when an escape is none.
pub(in crate::stage) fn unescape(raw: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = memchr::memchr(b'\\', rest) {
        out.extend_from_slice(&rest[..at]);
        rest = &rest[at + 1..];
        let (escape, behind) = rest.split_first()?;
        rest = behind;
        match escape {
            b'"' | b'\\' | b'/' => out.push(*escape),
            b'b' => out.push(8),
            b'f' => out.push(12),
            b'n' => out.push(b'\n'),
            b'r' => out.push(b'\r'),
            b't' => out.push(b'\t'),
            b'u' => {
                let c = code_point(&mut rest)?;
                out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            }
            _ => return None,
        }
    }
    out.extend_from_slice(rest);
    Some(out)
}

/// The character of the four digits in front, and of the second half behind when they are
/// the first half of a pair. Half a pair is U+FFFD.
fn code_point(rest: &mut &[u8]) -> Option<char> {
    let first = hex4(rest)?;
    *rest = &rest[4..];
    if let Some(c) = char::from_u32(first) {
        return Some(c);
    }
    if first < 0xdc00
        && let Some(behind) = rest.strip_prefix(b"\\u")
    {
        let second = hex4(behind)?;
        if (0xdc00..0xe000).contains(&second) {
            *rest = &behind[4..];
            return char::from_u32(0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00));
        }
    }
    Some(char::REPLACEMENT_CHARACTER)
}

fn hex4(digits: &[u8]) -> Option<u32> {
    digits
        .get(..4)?
        .iter()
        .try_fold(0, |n, b| Some(n << 4 | char::from(*b).to_digit(16)?))
}

/// A string's meaning as a label's value: nothing when an escape is none, and a space for
/// each character that is none.
pub(in crate::stage) fn text(raw: &[u8]) -> Cow<'_, str> {
    if memchr::memchr(b'\\', raw).is_none() {
        return spaced(raw);
    }
    match unescape(raw) {
        None => Cow::Borrowed(""),
        Some(bytes) => Cow::Owned(spaced(&bytes).into_owned()),
    }
}

/// Bytes as text, with a space for each that is no part of a character, and for U+FFFD.
pub(crate) fn spaced(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) if text.is_ascii() || !text.contains(char::REPLACEMENT_CHARACTER) => {
            Cow::Borrowed(text)
        }
        _ => {
            let mut out = String::with_capacity(bytes.len());
            for chunk in bytes.utf8_chunks() {
                out.push_str(&chunk.valid().replace(char::REPLACEMENT_CHARACTER, " "));
                out.extend(chunk.invalid().iter().map(|_| ' '));
            }
            Cow::Owned(out)
        }
    }
}
