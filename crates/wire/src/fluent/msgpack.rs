//! msgpack as bytes: just enough to read what arrives, and to write the few answers.

use crate::error::WireError;

/// Deepest nesting.
pub(super) const DEPTH_MAX: usize = 32;

/// The head of a value. Texts and binary data are one kind: senders mix them up.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Head<'a> {
    Nil,
    Bool(bool),
    Int(i64),
    Unsigned(u64),
    Float(f64),
    Bytes(&'a [u8]),
    /// That many values follow.
    Array(u32),
    /// That many pairs of values follow.
    Map(u32),
    /// Type and data.
    Extension(i8, &'a [u8]),
}

/// Values that are still to be read.
#[derive(Debug, Clone)]
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

#[cold]
pub(super) fn malformed(what: &str) -> WireError {
    WireError::Malformed(format!("msgpack: {what}"))
}

impl<'a> Reader<'a> {
    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (bytes, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*bytes)
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(bytes)
    }

    /// A length in one, two or four bytes.
    fn length(&mut self, width: u8) -> Option<u32> {
        Some(match width {
            1 => u32::from(self.array::<1>()?[0]),
            2 => u32::from(u16::from_be_bytes(self.array()?)),
            _ => u32::from_be_bytes(self.array()?),
        })
    }

    fn bytes(&mut self, width: u8) -> Option<Head<'a>> {
        let length = self.length(width)? as usize;
        self.take(length).map(Head::Bytes)
    }

    fn extension(&mut self, length: usize) -> Option<Head<'a>> {
        let kind = i8::from_be_bytes(self.array()?);
        Some(Head::Extension(kind, self.take(length)?))
    }

    /// The next head; `None` when it is cut short.
    pub(super) fn head(&mut self) -> Result<Option<Head<'a>>, WireError> {
        let Some([mark]) = self.array() else {
            return Ok(None);
        };
        Ok(match mark {
            0x00..=0x7f => Some(Head::Int(i64::from(mark))),
            0x80..=0x8f => Some(Head::Map(u32::from(mark & 0x0f))),
            0x90..=0x9f => Some(Head::Array(u32::from(mark & 0x0f))),
            0xa0..=0xbf => self.take(usize::from(mark & 0x1f)).map(Head::Bytes),
            0xc0 => Some(Head::Nil),
            0xc1 => return Err(malformed("0xc1 is never used")),
            0xc2 | 0xc3 => Some(Head::Bool(mark == 0xc3)),
            0xc4 | 0xd9 => self.bytes(1),
            0xc5 | 0xda => self.bytes(2),
            0xc6 | 0xdb => self.bytes(4),
            0xc7..=0xc9 => {
                let length = self.length(1 << (mark - 0xc7));
                length.and_then(|length| self.extension(length as usize))
            }
            0xca => self
                .array()
                .map(|b| Head::Float(f64::from(f32::from_be_bytes(b)))),
            0xcb => self.array().map(|b| Head::Float(f64::from_be_bytes(b))),
            0xcc => self
                .array()
                .map(|b| Head::Int(i64::from(u8::from_be_bytes(b)))),
            0xcd => self
                .array()
                .map(|b| Head::Int(i64::from(u16::from_be_bytes(b)))),
            0xce => self
                .array()
                .map(|b| Head::Int(i64::from(u32::from_be_bytes(b)))),
            0xcf => self.array().map(|b| Head::Unsigned(u64::from_be_bytes(b))),
            0xd0 => self
                .array()
                .map(|b| Head::Int(i64::from(i8::from_be_bytes(b)))),
            0xd1 => self
                .array()
                .map(|b| Head::Int(i64::from(i16::from_be_bytes(b)))),
            0xd2 => self
                .array()
                .map(|b| Head::Int(i64::from(i32::from_be_bytes(b)))),
            0xd3 => self.array().map(|b| Head::Int(i64::from_be_bytes(b))),
            0xd4..=0xd8 => self.extension(1 << (mark - 0xd4)),
            0xdc => self.length(2).map(Head::Array),
            0xdd => self.length(4).map(Head::Array),
            0xde => self.length(2).map(Head::Map),
            0xdf => self.length(4).map(Head::Map),
            0xe0..=0xff => Some(Head::Int(i64::from(mark as i8))),
        })
    }

    /// The next head, which must be there.
    pub(super) fn value(&mut self) -> Result<Head<'a>, WireError> {
        self.head()?
            .ok_or_else(|| malformed("a value is cut short"))
    }

    /// The bytes of the next value as they stand.
    pub(super) fn raw(&mut self) -> Result<&'a [u8], WireError> {
        let mut scanner = Scanner::default();
        let end = scanner
            .scan(self.0)?
            .ok_or_else(|| malformed("a value is cut short"))?;
        self.take(end)
            .ok_or_else(|| malformed("a value is cut short"))
    }
}

/// Finds the end of a value in a buffer that grows. It goes on where it stopped, so that a
/// message which comes in many pieces is read once.
#[derive(Debug, Clone)]
pub struct Scanner {
    at: usize,
    /// Values that are still to come.
    remaining: u64,
}

impl Default for Scanner {
    fn default() -> Self {
        Self {
            at: 0,
            remaining: 1,
        }
    }
}

impl Scanner {
    /// The end of the value at the start of `bytes`, which must begin with what was given
    /// the last time. `None`: more is needed. With an end the scanner begins anew.
    ///
    /// # Errors
    /// [`WireError::Malformed`].
    pub fn scan(&mut self, bytes: &[u8]) -> Result<Option<usize>, WireError> {
        while self.remaining > 0 {
            let rest = bytes.get(self.at..).unwrap_or_default();
            let mut reader = Reader(rest);
            let Some(head) = reader.head()? else {
                return Ok(None);
            };
            self.at += rest.len() - reader.0.len();
            self.remaining -= 1;
            self.remaining = self.remaining.saturating_add(match head {
                Head::Array(count) => u64::from(count),
                Head::Map(count) => u64::from(count) * 2,
                _ => 0,
            });
        }
        let end = self.at;
        *self = Self::default();
        Ok(Some(end))
    }
}

/// Appends a text.
pub(super) fn push_text(out: &mut Vec<u8>, text: &[u8]) {
    let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
    match length {
        0..32 => out.push(0xa0 | length as u8),
        _ => {
            out.push(0xdb);
            out.extend_from_slice(&length.to_be_bytes());
        }
    }
    out.extend_from_slice(text);
}
