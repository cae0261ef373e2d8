//! The grammar of a series: `name{label="value",...}`, `{"name",label="value"}`.

use super::quote;
use super::scan::Dialect;

/// A part of a series, with escapes still in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part<'a> {
    /// The metric's name.
    Name(&'a [u8]),
    /// A label's name and value.
    Label(&'a [u8], &'a [u8]),
}

/// What is wrong, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fault {
    /// Offset into the text.
    pub(super) at: usize,
    /// What should be there.
    pub(super) expected: &'static str,
}

/// Where a series stands: in a sample, or in an exemplar, which has no name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Sample,
    Exemplar,
}

/// Walks the series that `text` starts with, tells its parts to `part`, and
/// answers its length.
#[inline]
pub(super) fn walk<'a>(
    text: &'a [u8],
    dialect: Dialect,
    place: Place,
    mut part: impl FnMut(Part<'a>),
) -> Result<usize, Fault> {
    let fault = |at, expected| Err(Fault { at, expected });
    let name = name_len(text, true);
    if name == 0 && text.first() != Some(&b'{') {
        return fault(0, "a metric name");
    }
    let mut named = name > 0;
    if named {
        part(Part::Name(&text[..name]));
    }
    let brace = blanks(text, name, dialect);
    if text.get(brace) != Some(&b'{') {
        return Ok(name);
    }
    let mut at = blanks(text, brace + 1, dialect);
    loop {
        let start = at;
        let quoted = match text.get(at) {
            Some(b'}') if named || place == Place::Exemplar => return Ok(at + 1),
            Some(b'}') => return fault(at, "a metric name in the braces"),
            Some(b'"') => match quote::end(text, at) {
                Some(end) if end == at + 2 => return fault(at, "a name that is not empty"),
                Some(end) => {
                    at = end;
                    true
                }
                None => return fault(at, "a closing quote"),
            },
            _ => {
                at += name_len(&text[at..], false);
                if at == start {
                    return fault(at, "a label name");
                }
                false
            }
        };
        let label = if quoted {
            &text[start + 1..at - 1]
        } else {
            &text[start..at]
        };
        if quoted && dialect == Dialect::OpenMetrics && memchr::memchr(b'\n', label).is_some() {
            return fault(start, "a name without line breaks");
        }
        at = blanks(text, at, dialect);
        match text.get(at) {
            Some(b'=') => {}
            Some(b',' | b'}') if quoted && place == Place::Sample => {
                if named {
                    return fault(start, "one metric name only");
                }
                named = true;
                part(Part::Name(label));
                at = blanks(text, at + usize::from(text[at] == b','), dialect);
                continue;
            }
            _ => return fault(at, "'=' after a label name"),
        }
        at = blanks(text, at + 1, dialect);
        let open = at;
        if text.get(open) != Some(&b'"') {
            return fault(open, "a label value in double quotes");
        }
        let Some(end) = quote::end(text, open) else {
            return fault(open, "a closing quote after a label value");
        };
        let value = &text[open + 1..end - 1];
        if dialect == Dialect::OpenMetrics && memchr::memchr(b'\n', value).is_some() {
            return fault(open, "a label value without line breaks");
        }
        part(Part::Label(label, value));
        at = blanks(text, end, dialect);
        match text.get(at) {
            Some(b',') => at = blanks(text, at + 1, dialect),
            Some(b'}') => {}
            // Prometheus' text parser takes labels with blanks between them only.
            _ if dialect == Dialect::Prometheus => {}
            _ => return fault(at, "',' or '}' after a label"),
        }
    }
}

/// Where a byte may stand: bit 0, in a label's name; bit 1, in a metric's.
const NAME_BYTES: [u8; 256] = {
    let mut classes = [0; 256];
    let mut b = 0;
    while b < 256 {
        let byte = b as u8;
        classes[b] = match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'_' | b'0'..=b'9' => 0b11,
            b':' => 0b10,
            _ => 0,
        };
        b += 1;
    }
    classes
};

/// How many bytes of `text` are a name; colons are for metrics only.
#[inline]
pub(super) fn name_len(text: &[u8], colons: bool) -> usize {
    if text.first().is_some_and(u8::is_ascii_digit) {
        return 0;
    }
    let class = if colons { 0b10 } else { 0b01 };
    text.iter()
        .position(|&b| NAME_BYTES[usize::from(b)] & class == 0)
        .unwrap_or(text.len())
}

/// Where the blanks from `at` on end. OpenMetrics has none that mean nothing.
#[inline]
pub(super) fn blanks(text: &[u8], mut at: usize, dialect: Dialect) -> usize {
    if dialect == Dialect::Prometheus {
        while matches!(text.get(at), Some(b' ' | b'\t')) {
            at += 1;
        }
    }
    at
}
