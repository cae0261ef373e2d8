//! The label pairs of a block: their text, in order, and who carries them.
//!
//! A pair is one string of the block's dictionary: name, the byte 0xFF, which no
//! UTF-8 has, and value. So the values of a name are a range of numbers, and those
//! with a common prefix are a range within it.

use binnacle_stdx::bits::{Bytes, put_varint};
use binnacle_store::postings::{self, Postings};

use crate::ingest::record::{put_bytes, take_bytes};

/// Between name and value.
const SEPARATOR: u8 = 0xff;

/// Pairs whose postings lie behind one offset: reading one skips half of them.
const GROUP: usize = 16;

/// The dictionary's string of a pair; of all pairs of a name that begin with
/// `value`, when it is used as a prefix.
pub(crate) fn join(name: &str, value: &str) -> Vec<u8> {
    let mut joined = Vec::with_capacity(name.len() + 1 + value.len());
    joined.extend_from_slice(name.as_bytes());
    joined.push(SEPARATOR);
    joined.extend_from_slice(value.as_bytes());
    joined
}

/// Name and value of a dictionary's string.
pub(crate) fn split(joined: &[u8]) -> Option<(&str, &str)> {
    let at = joined.iter().position(|&b| b == SEPARATOR)?;
    let name = std::str::from_utf8(&joined[..at]).ok()?;
    Some((name, std::str::from_utf8(&joined[at + 1..]).ok()?))
}

/// Builds the sections of names and postings.
#[derive(Debug, Default)]
pub(crate) struct NamesWriter {
    names: Vec<(String, u32)>,
    pairs: u32,
    pub(crate) postings: Vec<u8>,
    pub(crate) posting_groups: Vec<u8>,
    body: Vec<u8>,
}

impl NamesWriter {
    /// Adds the next pair in the order of the dictionary with its series.
    pub(crate) fn push(&mut self, name: &str, series: &[u32]) {
        match self.names.last_mut().filter(|n| n.0 == name) {
            Some(same) => same.1 += 1,
            None => self.names.push((name.to_owned(), 1)),
        }
        if (self.pairs as usize).is_multiple_of(GROUP) {
            self.posting_groups
                .extend_from_slice(&(self.postings.len() as u64).to_le_bytes());
        }
        self.body.clear();
        postings::encode(&series.iter().copied().collect(), &mut self.body);
        put_bytes(&mut self.postings, &self.body);
        self.pairs += 1;
    }

    /// The section of names: each with the count of its pairs, in their order.
    pub(crate) fn names(&self) -> Vec<u8> {
        let mut out = Vec::new();
        put_varint(&mut out, self.names.len() as u64);
        for (name, count) in &self.names {
            put_bytes(&mut out, name.as_bytes());
            put_varint(&mut out, u64::from(*count));
        }
        out
    }
}

/// Reads the section of names of `pairs` pairs.
pub(crate) fn decode_names(bytes: &[u8], pairs: u32) -> Option<Vec<(Box<str>, u32)>> {
    let mut bytes = Bytes::new(bytes);
    let mut names = Vec::new();
    let mut all = 0u32;
    for _ in 0..bytes.varint()? {
        let text = std::str::from_utf8(take_bytes(&mut bytes)?).ok()?.into();
        let count = u32::try_from(bytes.varint()?).ok()?;
        names.push((text, count));
        all = all.checked_add(count)?;
    }
    (all == pairs && bytes.rest().is_empty()).then_some(names)
}

/// Where the group of a pair's postings begins and ends, from the section of group
/// offsets.
pub(crate) fn group_of(
    pair: u32,
    groups: &[u8],
    postings_len: usize,
) -> Option<std::ops::Range<usize>> {
    let offset = |g: usize| {
        let bytes = groups.get(g * 8..g * 8 + 8)?;
        usize::try_from(u64::from_le_bytes(bytes.try_into().ok()?)).ok()
    };
    let g = pair as usize / GROUP;
    let start = offset(g)?;
    let end = if groups.len() / 8 > g + 1 {
        offset(g + 1)?
    } else {
        postings_len
    };
    (start <= end).then_some(start..end)
}

/// The postings of a pair from its group; all below `series`.
pub(crate) fn postings_in(group: &[u8], pair: u32, series: u32) -> Option<Postings> {
    let mut bytes = Bytes::new(group);
    for _ in 0..pair as usize % GROUP {
        take_bytes(&mut bytes)?;
    }
    let found = postings::decode(take_bytes(&mut bytes)?).ok()?;
    found.max().is_none_or(|max| max < series).then_some(found)
}
