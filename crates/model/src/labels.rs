//! A series' identity: a sorted set of label names and values.
//!
//! [`Labels`] is one shared allocation that holds the *canonical encoding*:
//! for each label, in ascending byte order of the names,
//!
//! ```text
//! | name length (LEB128) | name (UTF-8) | value length (LEB128) | value (UTF-8) |
//! ```
//!
//! Two label sets are the same series exactly when their encodings are the same
//! bytes, so equality is `memcmp`, a clone is a reference count, and an engine
//! can look a series up by a hash of the bytes without building anything.
//! A label with an empty value is the same as no label and is never stored.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// The label that holds the metric's name.
pub const METRIC_NAME: &str = "__name__";

/// A sorted, shared, immutable label set. See the module's text for the encoding.
#[derive(Clone)]
pub struct Labels(Arc<[u8]>);

/// Why bytes are not a canonical label set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LabelsError {
    /// A length runs past the end.
    #[error("label bytes are cut short")]
    Truncated,
    /// Names are out of order or there twice, or a value is empty.
    #[error("label bytes are not in canonical order")]
    NotCanonical,
    /// A name or a value is not UTF-8.
    #[error("label bytes are not UTF-8")]
    NotUtf8,
}

impl Labels {
    /// The empty set.
    #[must_use]
    pub fn empty() -> Self {
        Self(Arc::from(&[][..]))
    }

    /// From pairs in any order; a later pair wins over an earlier one with the
    /// same name, and pairs with empty values are left out.
    pub fn from_pairs<N: AsRef<str>, V: AsRef<str>>(
        pairs: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        let mut builder = LabelsBuilder::default();
        for (name, value) in pairs {
            builder.set(name.as_ref(), value.as_ref());
        }
        builder.build()
    }

    /// Takes over bytes that are already in the canonical encoding.
    ///
    /// # Errors
    /// When they are not.
    pub fn from_canonical(bytes: &[u8]) -> Result<Self, LabelsError> {
        check_canonical(bytes)?;
        Ok(Self(Arc::from(bytes)))
    }

    /// The canonical encoding.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Names and values in ascending order of the names.
    #[must_use]
    pub fn iter(&self) -> LabelsIter<'_> {
        LabelsIter(&self.0)
    }

    /// The value of `name`, or `None` when the label is not there.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        for (n, v) in self.iter() {
            match n.cmp(name) {
                Ordering::Less => {}
                Ordering::Equal => return Some(v),
                Ordering::Greater => return None,
            }
        }
        None
    }

    /// The metric's name, or `None`.
    #[must_use]
    pub fn metric_name(&self) -> Option<&str> {
        self.get(METRIC_NAME)
    }

    /// How many labels there are; counts by walking.
    #[must_use]
    pub fn len(&self) -> usize {
        self.iter().count()
    }

    /// Whether there is no label at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A builder that starts with these labels.
    #[must_use]
    pub fn to_builder(&self) -> LabelsBuilder {
        LabelsBuilder {
            pairs: self
                .iter()
                .map(|(n, v)| (n.to_owned(), v.to_owned()))
                .collect(),
        }
    }

    /// Only the labels for which `keep` says so.
    #[must_use]
    pub fn filter(&self, mut keep: impl FnMut(&str) -> bool) -> Self {
        let mut bytes = Vec::with_capacity(self.0.len());
        for (name, value) in self.iter() {
            if keep(name) {
                push_label(&mut bytes, name, value);
            }
        }
        if bytes.len() == self.0.len() {
            self.clone()
        } else {
            Self(Arc::from(bytes))
        }
    }

    /// Only the labels named in `names`.
    #[must_use]
    pub fn keep_only<S: AsRef<str>>(&self, names: &[S]) -> Self {
        self.filter(|n| names.iter().any(|k| k.as_ref() == n))
    }

    /// All labels but those named in `names`.
    #[must_use]
    pub fn without<S: AsRef<str>>(&self, names: &[S]) -> Self {
        self.filter(|n| !names.iter().any(|k| k.as_ref() == n))
    }

    /// All labels but the metric's name.
    #[must_use]
    pub fn without_name(&self) -> Self {
        self.filter(|n| n != METRIC_NAME)
    }
}

impl Default for Labels {
    fn default() -> Self {
        Self::empty()
    }
}

impl PartialEq for Labels {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0 == other.0
    }
}
impl Eq for Labels {}

impl Hash for Labels {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl PartialOrd for Labels {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Label by label, first by name and then by value; a prefix comes first.
impl Ord for Labels {
    fn cmp(&self, other: &Self) -> Ordering {
        self.iter().cmp(other.iter())
    }
}

impl<'a> IntoIterator for &'a Labels {
    type Item = (&'a str, &'a str);
    type IntoIter = LabelsIter<'a>;
    fn into_iter(self) -> LabelsIter<'a> {
        self.iter()
    }
}

/// As `{name="value", other="value"}`, with values quoted as PromQL quotes them.
impl fmt::Display for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("{")?;
        for (i, (name, value)) in self.iter().enumerate() {
            if i > 0 {
                f.write_str(", ")?;
            }
            if is_legacy_label_name(name) {
                f.write_str(name)?;
            } else {
                write_quoted(f, name)?;
            }
            f.write_str("=")?;
            write_quoted(f, value)?;
        }
        f.write_str("}")
    }
}

impl fmt::Debug for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Writes `text` in double quotes with `\`, `"` and control characters escaped as
/// Go's `strconv.Quote` does for the characters that occur in labels.
///
/// # Errors
/// Those of the writer.
pub fn write_quoted(f: &mut dyn fmt::Write, text: &str) -> fmt::Result {
    f.write_char('"')?;
    for c in text.chars() {
        match c {
            '"' => f.write_str("\\\"")?,
            '\\' => f.write_str("\\\\")?,
            '\n' => f.write_str("\\n")?,
            '\t' => f.write_str("\\t")?,
            '\r' => f.write_str("\\r")?,
            '\u{7}' => f.write_str("\\a")?,
            '\u{8}' => f.write_str("\\b")?,
            '\u{c}' => f.write_str("\\f")?,
            '\u{b}' => f.write_str("\\v")?,
            c if (c as u32) < 0x20 || c as u32 == 0x7f => write!(f, "\\x{:02x}", c as u32)?,
            c => f.write_char(c)?,
        }
    }
    f.write_char('"')
}

/// Walks a label set.
#[derive(Clone)]
pub struct LabelsIter<'a>(&'a [u8]);

impl<'a> Iterator for LabelsIter<'a> {
    type Item = (&'a str, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let name = take(&mut self.0);
        let value = take(&mut self.0);
        Some((name, value))
    }
}

/// Walks bytes in the canonical encoding that were checked before.
///
/// # Errors
/// When they are not canonical.
pub fn iter_canonical(bytes: &[u8]) -> Result<LabelsIter<'_>, LabelsError> {
    check_canonical(bytes)?;
    Ok(LabelsIter(bytes))
}

fn take<'a>(bytes: &mut &'a [u8]) -> &'a str {
    let first = bytes[0];
    let (len, used) = if first < 0x80 {
        (usize::from(first), 1)
    } else {
        read_len(bytes).expect("a label set was checked when it was made")
    };
    let (text, rest) = bytes[used..].split_at(len);
    *bytes = rest;
    // SAFETY: every constructor either encodes `&str`s or checks the bytes in
    // `check_canonical`, and the bytes never change afterwards.
    unsafe { std::str::from_utf8_unchecked(text) }
}

/// Appends one label in the canonical encoding. The caller keeps names ascending
/// and leaves out empty values.
pub fn push_label(bytes: &mut Vec<u8>, name: &str, value: &str) {
    push_len(bytes, name.len());
    bytes.extend_from_slice(name.as_bytes());
    push_len(bytes, value.len());
    bytes.extend_from_slice(value.as_bytes());
}

fn push_len(bytes: &mut Vec<u8>, mut len: usize) {
    while len >= 0x80 {
        bytes.push((len & 0x7f) as u8 | 0x80);
        len >>= 7;
    }
    bytes.push(len as u8);
}

fn read_len(bytes: &[u8]) -> Option<(usize, usize)> {
    let mut len = 0usize;
    for (i, &b) in bytes.iter().enumerate().take(5) {
        len |= usize::from(b & 0x7f) << (7 * i);
        if b < 0x80 {
            // One encoding for each length: no padding with empty groups.
            return (i == 0 || b != 0).then_some((len, i + 1));
        }
    }
    None
}

fn check_canonical(bytes: &[u8]) -> Result<(), LabelsError> {
    let mut rest = bytes;
    let mut last: Option<&[u8]> = None;
    let mut next = || -> Result<Option<&[u8]>, LabelsError> {
        if rest.is_empty() {
            return Ok(None);
        }
        let (len, used) = read_len(rest).ok_or(LabelsError::Truncated)?;
        let end = used.checked_add(len).ok_or(LabelsError::Truncated)?;
        let text = rest.get(used..end).ok_or(LabelsError::Truncated)?;
        rest = &rest[end..];
        if std::str::from_utf8(text).is_err() {
            return Err(LabelsError::NotUtf8);
        }
        Ok(Some(text))
    };
    while let Some(name) = next()? {
        let value = next()?.ok_or(LabelsError::Truncated)?;
        if value.is_empty() || last.is_some_and(|l| l >= name) {
            return Err(LabelsError::NotCanonical);
        }
        last = Some(name);
    }
    Ok(())
}

/// Collects labels in any order.
#[derive(Debug, Clone, Default)]
pub struct LabelsBuilder {
    pairs: Vec<(String, String)>,
}

impl LabelsBuilder {
    /// Sets `name` to `value`; an empty value removes the label.
    pub fn set(&mut self, name: &str, value: &str) -> &mut Self {
        match self.pairs.iter().position(|(n, _)| n == name) {
            Some(i) if value.is_empty() => {
                self.pairs.swap_remove(i);
            }
            Some(i) => value.clone_into(&mut self.pairs[i].1),
            None if value.is_empty() => {}
            None => self.pairs.push((name.to_owned(), value.to_owned())),
        }
        self
    }

    /// Removes `name`.
    pub fn remove(&mut self, name: &str) -> &mut Self {
        self.pairs.retain(|(n, _)| n != name);
        self
    }

    /// The value of `name`, or the empty string.
    #[must_use]
    pub fn get(&self, name: &str) -> &str {
        self.pairs
            .iter()
            .find(|(n, _)| n == name)
            .map_or("", |(_, v)| v)
    }

    /// The pairs collected so far, in no order.
    #[must_use]
    pub fn pairs(&self) -> &[(String, String)] {
        &self.pairs
    }

    /// Keeps the labels for which `keep` says so.
    pub fn retain(&mut self, mut keep: impl FnMut(&str, &str) -> bool) {
        self.pairs.retain(|(n, v)| keep(n, v));
    }

    /// The label set.
    #[must_use]
    pub fn build(mut self) -> Labels {
        self.pairs.sort_unstable();
        let mut bytes =
            Vec::with_capacity(self.pairs.iter().map(|(n, v)| n.len() + v.len() + 2).sum());
        for (name, value) in &self.pairs {
            push_label(&mut bytes, name, value);
        }
        Labels(Arc::from(bytes))
    }
}

/// Whether `name` is `[a-zA-Z_][a-zA-Z0-9_]*`, the label names that need no quotes.
#[must_use]
pub fn is_legacy_label_name(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .enumerate()
            .all(|(i, b)| b.is_ascii_alphabetic() || b == b'_' || (i > 0 && b.is_ascii_digit()))
}

/// Whether `name` is `[a-zA-Z_:][a-zA-Z0-9_:]*`, the metric names that need no quotes.
#[must_use]
pub fn is_legacy_metric_name(name: &str) -> bool {
    !name.is_empty()
        && name.bytes().enumerate().all(|(i, b)| {
            b.is_ascii_alphabetic() || b == b'_' || b == b':' || (i > 0 && b.is_ascii_digit())
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pairs: &[(&str, &str)]) -> Labels {
        Labels::from_pairs(pairs.iter().copied())
    }

    #[test]
    fn order_and_empty_values_do_not_matter() {
        let a = of(&[("b", "2"), ("a", "1"), ("c", "")]);
        let b = of(&[("a", "1"), ("b", "2")]);
        assert_eq!(a, b);
        assert_eq!(a.to_string(), r#"{a="1", b="2"}"#);
        assert_eq!(a.get("b"), Some("2"));
        assert_eq!(a.get("c"), None);
        assert_eq!(Labels::from_canonical(a.as_bytes()), Ok(b));
    }

    #[test]
    fn long_values_survive() {
        let long = "x".repeat(40_000);
        let a = of(&[("a", &long), ("b", "2")]);
        assert_eq!(a.get("a"), Some(long.as_str()));
        assert_eq!(a.get("b"), Some("2"));
    }

    #[test]
    fn bytes_that_are_not_canonical_are_refused() {
        let check = |bytes: &[u8], want: LabelsError| {
            assert_eq!(Labels::from_canonical(bytes), Err(want), "{bytes:?}");
        };
        check(b"\x01a", LabelsError::Truncated);
        check(b"\x01a\x05b", LabelsError::Truncated);
        check(b"\x01b\x011\x01a\x011", LabelsError::NotCanonical);
        check(b"\x01a\x00", LabelsError::NotCanonical);
        check(b"\x01a\x011\x01a\x012", LabelsError::NotCanonical);
        check(b"\x01a\x01\xff", LabelsError::NotUtf8);
        check(b"\x81\x00a\x011", LabelsError::Truncated);
    }

    #[test]
    fn ordering_is_label_by_label() {
        assert!(of(&[("a", "1")]) < of(&[("a", "1"), ("b", "1")]));
        assert!(of(&[("a", "b")]) > of(&[("a", "aaaaaaaa")]));
        assert!(of(&[("aa", "1")]) > of(&[("a", "2")]));
    }
}
