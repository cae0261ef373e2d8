//! Reading and appending texts of a batch's arena.

use std::ops::Range;

use binnacle_model::event::FieldValue;
use binnacle_model::event::append::{StoredField, StoredValue};

/// Appends to the arena; `None` when it is full.
pub(crate) fn append(bytes: &mut Vec<u8>, text: &[u8]) -> Option<Range<u32>> {
    let from = u32::try_from(bytes.len()).ok()?;
    let to = u32::try_from(bytes.len().checked_add(text.len())?).ok()?;
    bytes.extend_from_slice(text);
    Some(from..to)
}

pub(crate) fn text<'a>(bytes: &'a [u8], range: &Range<u32>) -> &'a [u8] {
    bytes
        .get(range.start as usize..range.end as usize)
        .unwrap_or_default()
}

pub(crate) fn name<'a>(bytes: &'a [u8], range: &Range<u32>) -> &'a str {
    std::str::from_utf8(text(bytes, range)).unwrap_or_default()
}

pub(crate) fn value<'a>(bytes: &'a [u8], value: &StoredValue) -> FieldValue<'a> {
    match value {
        StoredValue::Text(range) => FieldValue::Text(text(bytes, range)),
        StoredValue::Int(v) => FieldValue::Int(*v),
        StoredValue::Float(v) => FieldValue::Float(*v),
        StoredValue::Bool(v) => FieldValue::Bool(*v),
    }
}

pub(crate) fn pairs<'a>(
    bytes: &'a [u8],
    fields: &'a [StoredField],
) -> impl Iterator<Item = (&'a str, FieldValue<'a>)> + Clone {
    fields
        .iter()
        .map(|f| (name(bytes, &f.name), value(bytes, &f.value)))
}

/// Where a text of at most `max` bytes ends, at the end of a character if it is UTF-8.
pub(crate) fn cut(line: &[u8], max: usize) -> usize {
    let mut end = max.min(line.len());
    let is_inside = |b: Option<&u8>| b.is_some_and(|b| b & 0xc0 == 0x80);
    let mut back = 0;
    while end > 0 && back < 3 && is_inside(line.get(end)) {
        end -= 1;
        back += 1;
    }
    if is_inside(line.get(end)) {
        max.min(line.len())
    } else {
        end
    }
}
