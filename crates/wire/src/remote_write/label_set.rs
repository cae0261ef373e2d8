//! From the label messages of a series to the canonical encoding.
//!
//! The canonical encoding is what protobuf has between its tags, so labels that
//! arrive as senders must send them (sorted, without repetition, not empty) are
//! copied with their lengths. Everything else is collected, sorted and checked.

use binnacle_model::labels::{METRIC_NAME, push_label};

use crate::error::WireError;
use crate::proto::{Reader, malformed};

/// Why a series was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LabelFault {
    /// There is no `__name__`, or it is empty.
    NoName,
    /// A label has no name.
    EmptyLabelName,
    /// A label is there twice.
    Duplicate,
    /// A name or a value is not UTF-8.
    NotUtf8,
}

impl LabelFault {
    /// As error messages word it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoName => "the series has no metric name",
            Self::EmptyLabelName => "a label has an empty name",
            Self::Duplicate => "a label name is not unique",
            Self::NotUtf8 => "a label is not UTF-8",
        }
    }
}

/// How many bytes are copied at once; labels are short, and a call to copy a few
/// bytes costs more than the copy.
const BLOCK: usize = 32;

/// [`leading`] of [`METRIC_NAME`], which is eight bytes long.
const NAME_KEY: u64 = u64::from_be_bytes(*b"__name__");

/// Appends the canonical encoding of the labels that `series`, a `TimeSeries`
/// message, starts with, when they are as senders must send them: in order, not
/// empty, with a metric's name, and (because nearly all are) ASCII and short.
/// Answers how many bytes they are. `None`: ask [`LabelSet`]; `out` is as it was.
///
/// `behind` is what stands in memory from the series on: blocks are copied from
/// there, beyond the end of the series.
#[inline]
pub(super) fn copy_sorted(series: &[u8], behind: &[u8], out: &mut Vec<u8>) -> Option<usize> {
    let start = out.len();
    // Without the tags, what is written is shorter than what is read.
    out.resize(start + series.len() + 2 * BLOCK, 0);
    let copied = copy_labels(series.len(), behind, &mut out[start..]);
    let end = start + copied.map_or(0, |(_, written)| written);
    out.truncate(end);
    let (read, _) = copied?;
    if is_ascii(&out[start..]) {
        return Some(read);
    }
    out.truncate(start);
    None
}

/// Whether all bytes are ASCII; the last word overlaps the one before, so that no
/// byte is looked at alone.
#[inline]
fn is_ascii(bytes: &[u8]) -> bool {
    let Some(last) = bytes.last_chunk::<8>() else {
        return bytes.is_ascii();
    };
    let (words, _) = bytes.as_chunks::<8>();
    let seen = words.iter().fold(u64::from_le_bytes(*last), |seen, w| {
        seen | u64::from_le_bytes(*w)
    });
    seen & 0x8080_8080_8080_8080 == 0
}

/// Bytes read and written. The series is the first `len` bytes of `series`.
#[inline]
fn copy_labels(len: usize, series: &[u8], out: &mut [u8]) -> Option<(usize, usize)> {
    let (mut read, mut written) = (0, 0);
    let (mut last, mut last_key): (&[u8], u64) = (&[], 0);
    let mut named = false;
    while read < len && series.get(read) == Some(&0x0a) {
        let [size, 0x0a, name_len] = *series.get(read + 1..read + 4)?.first_chunk()? else {
            return None;
        };
        let name_at = read + 4;
        let name = series.get(name_at..name_at + usize::from(name_len))?;
        let value_at = name_at + name.len() + 2;
        let [0x12, value_len] = *series.get(value_at - 2..)?.first_chunk()? else {
            return None;
        };
        let end = value_at + usize::from(value_len);
        // One byte for each length, both texts not empty, and the sizes agree.
        let plain = (size | name_len | value_len) < 0x80 && name_len > 0 && value_len > 0;
        if !plain || end != read + 2 + usize::from(size) || end > len {
            return None;
        }
        let key = leading(series, name_at, name.len());
        if key < last_key || (key == last_key && name <= last) {
            return None;
        }
        named |= key == NAME_KEY && name.len() == METRIC_NAME.len();
        (last, last_key) = (name, key);
        written = copy_blocks(series, name_at - 1, name.len() + 1, out, written)?;
        written = copy_blocks(
            series,
            value_at - 1,
            usize::from(value_len) + 1,
            out,
            written,
        )?;
        read = end;
    }
    named.then_some((read, written))
}

/// The first eight bytes of a name as a number that orders as the name does.
#[inline]
fn leading(series: &[u8], at: usize, len: usize) -> u64 {
    match series.get(at..).and_then(|s| s.first_chunk::<8>()) {
        Some(bytes) => {
            let key = u64::from_be_bytes(*bytes);
            if len < 8 {
                key & !(u64::MAX >> (8 * len))
            } else {
                key
            }
        }
        None => {
            let mut bytes = [0; 8];
            let len = len.min(8);
            bytes[..len].copy_from_slice(&series[at..at + len]);
            u64::from_be_bytes(bytes)
        }
    }
}

/// Copies `len` bytes from `from` in `series` to `to` in `out`, in whole blocks
/// where there is room, so that more may be written; answers where they end.
#[inline]
fn copy_blocks(series: &[u8], from: usize, len: usize, out: &mut [u8], to: usize) -> Option<usize> {
    let mut done = 0;
    while done < len {
        let target = out.get_mut(to + done..to + done + BLOCK)?;
        match series.get(from + done..from + done + BLOCK) {
            Some(block) => target.copy_from_slice(block),
            None => {
                let rest = len - done;
                target[..rest].copy_from_slice(&series[from + done..from + len]);
            }
        }
        done += BLOCK;
    }
    Some(to + len)
}

/// Builds one label set at the end of `out`, whatever the order of the labels.
#[derive(Debug)]
pub(super) struct LabelSet<'a> {
    all: Vec<(&'a [u8], &'a [u8])>,
}

impl<'a> LabelSet<'a> {
    pub(super) fn new() -> Self {
        Self { all: Vec::new() }
    }

    /// Adds a label message.
    pub(super) fn push(&mut self, message: &'a [u8]) -> Result<(), WireError> {
        self.all.push(label(message)?);
        Ok(())
    }

    /// Checks the set and appends it to `out`; when it is refused, `out` is as it
    /// was.
    pub(super) fn finish(mut self, out: &mut Vec<u8>) -> Result<(), LabelFault> {
        let start = out.len();
        let checked = self.append(out);
        if checked.is_err() {
            out.truncate(start);
        }
        checked
    }

    fn append(&mut self, out: &mut Vec<u8>) -> Result<(), LabelFault> {
        self.all.sort_unstable();
        if self.all.windows(2).any(|w| w[0].0 == w[1].0) {
            return Err(LabelFault::Duplicate);
        }
        let mut named = false;
        for (name, value) in &self.all {
            let text = |bytes| std::str::from_utf8(bytes).map_err(|_| LabelFault::NotUtf8);
            let (name, value) = (text(name)?, text(value)?);
            if name.is_empty() {
                return Err(LabelFault::EmptyLabelName);
            }
            // An empty value is the same as no label.
            if !value.is_empty() {
                named |= name == METRIC_NAME;
                push_label(out, name, value);
            }
        }
        if named {
            Ok(())
        } else {
            Err(LabelFault::NoName)
        }
    }
}

/// Name and value of a label message.
pub(super) fn label(message: &[u8]) -> Result<(&[u8], &[u8]), WireError> {
    let (mut name, mut value): (&[u8], &[u8]) = (&[], &[]);
    let mut reader = Reader(message);
    while let Some((field, found)) = reader.field()? {
        match field {
            1 => name = found.bytes()?,
            2 => value = found.bytes()?,
            _ => {}
        }
    }
    if u32::try_from(name.len() | value.len()).is_err() {
        return Err(malformed("a label is too long"));
    }
    Ok((name, value))
}
