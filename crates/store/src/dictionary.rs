//! Sorted strings with numbers: string number `i` is the `i`-th smallest.
//!
//! Front coding: strings go in groups of 16, the first of a group as it is, each
//! other as the length it shares with the one before and the rest. An array of
//! group offsets makes the strings reachable: by number in one hop, by content in a
//! binary search over the groups' first strings, which stand as they are in the
//! mapped file. Since numbers follow order, all strings with a prefix are a range of
//! numbers, and a range of numbers can be walked without searching. The bytes are
//! described in `docs/formats/block-file.md`.
//!
//! It deliberately has no hash and no automaton: a block's dictionary is opened with
//! every block and must cost nothing until it is asked.

use std::cmp::Ordering;
use std::ops::Range;

use binnacle_stdx::bits::{Bytes, put_varint};

use crate::Malformed;

/// Strings in a group.
const GROUP: usize = 16;
/// Count of strings and bytes of all groups, ahead of them.
const HEADER_BYTES: usize = 8;

/// Appends the dictionary of `strings`, which are sorted and differ, to `out`.
///
/// # Panics
/// When they are not sorted or not different, and over 4 GiB: the caller is wrong.
pub fn encode<'a>(strings: impl IntoIterator<Item = &'a [u8]>, out: &mut Vec<u8>) {
    let from = out.len();
    out.extend_from_slice(&[0; HEADER_BYTES]);
    let mut offsets = Vec::new();
    let mut count = 0usize;
    let mut last: &[u8] = &[];
    for string in strings {
        assert!(
            count == 0 || last < string,
            "a dictionary's strings are sorted and differ"
        );
        if count.is_multiple_of(GROUP) {
            offsets.push(to_u32(out.len() - from - HEADER_BYTES));
            put_varint(out, string.len() as u64);
            out.extend_from_slice(string);
        } else {
            let shared = shared_len(last, string);
            put_varint(out, shared as u64);
            put_varint(out, (string.len() - shared) as u64);
            out.extend_from_slice(&string[shared..]);
        }
        last = string;
        count += 1;
    }
    let groups_bytes = to_u32(out.len() - from - HEADER_BYTES);
    for offset in offsets {
        out.extend_from_slice(&offset.to_le_bytes());
    }
    out[from..from + 4].copy_from_slice(&to_u32(count).to_le_bytes());
    out[from + 4..from + 8].copy_from_slice(&groups_bytes.to_le_bytes());
}

fn to_u32(n: usize) -> u32 {
    u32::try_from(n).expect("a dictionary is under 4 GiB")
}

fn shared_len(a: &[u8], b: &[u8]) -> usize {
    a.iter().zip(b).take_while(|(x, y)| x == y).count()
}

/// A dictionary as it stands in a file.
#[derive(Debug, Clone, Copy)]
pub struct Dictionary<'a> {
    count: usize,
    groups: &'a [u8],
    offsets: &'a [[u8; 4]],
}

impl<'a> Dictionary<'a> {
    /// Reads a dictionary that takes all of `bytes`.
    ///
    /// # Errors
    /// When its lengths make no sense.
    pub fn open(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let mut rest = Bytes::new(bytes);
        let short = Malformed("dictionary is cut short");
        let count = rest.u32().ok_or(short)? as usize;
        let groups_bytes = rest.u32().ok_or(short)? as usize;
        let groups = rest.take(groups_bytes).ok_or(short)?;
        let (offsets, odd) = rest.rest().as_chunks::<4>();
        if offsets.len() != count.div_ceil(GROUP) || !odd.is_empty() {
            return Err(Malformed(
                "dictionary has another number of groups than strings need",
            ));
        }
        Ok(Self {
            count,
            groups,
            offsets,
        })
    }

    /// How many strings there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Writes string `id` to `out`, replacing what is there; `false` when there is no
    /// such string.
    ///
    /// # Errors
    /// When its bytes make no sense.
    pub fn get(&self, id: u32, out: &mut Vec<u8>) -> Result<bool, Malformed> {
        let mut walk = self.walk(id..id.saturating_add(1));
        match walk.next_string()? {
            Some((_, string)) => {
                out.clear();
                out.extend_from_slice(string);
                Ok(true)
            }
            None => Ok(false),
        }
    }

    /// The number of `string`.
    ///
    /// # Errors
    /// When the bytes of its group make no sense.
    pub fn find(&self, string: &[u8]) -> Result<Option<u32>, Malformed> {
        let id = self.lower_bound(string)?;
        let mut walk = self.walk(id..id.saturating_add(1));
        Ok(walk
            .next_string()?
            .filter(|(_, found)| *found == string)
            .map(|_| id))
    }

    /// The number of the first string that is not below `string`; the count when all
    /// are.
    ///
    /// # Errors
    /// When the bytes of a group make no sense.
    pub fn lower_bound(&self, string: &[u8]) -> Result<u32, Malformed> {
        self.partition(|s| s.cmp(string) == Ordering::Less)
    }

    /// The numbers of all strings that begin with `prefix`.
    ///
    /// # Errors
    /// When the bytes of a group make no sense.
    pub fn prefix_range(&self, prefix: &[u8]) -> Result<Range<u32>, Malformed> {
        let from = self.lower_bound(prefix)?;
        let to = self.partition(|s| s < prefix || s.starts_with(prefix))?;
        Ok(from..to.max(from))
    }

    /// Walks over the strings of a range of numbers, in order.
    #[must_use]
    pub fn walk(&self, ids: Range<u32>) -> Walk<'a> {
        let end = (ids.end as usize).min(self.count);
        Walk {
            dictionary: *self,
            next: ids.start as usize,
            end,
            bytes: Bytes::new(&[]),
            decoded: None,
            string: Vec::new(),
        }
    }

    /// The number of the first string for which `before` does not hold; it holds for
    /// all strings up to some place, and for none behind it.
    fn partition(&self, before: impl Fn(&[u8]) -> bool) -> Result<u32, Malformed> {
        let (mut low, mut high) = (0, self.offsets.len());
        while low < high {
            let middle = usize::midpoint(low, high);
            if before(self.first_of(middle)?) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        if low == 0 {
            return Ok(0);
        }
        let group = low - 1;
        let from = group * GROUP;
        let to = (from + GROUP).min(self.count);
        let mut walk = self.walk(from as u32..to as u32);
        while let Some((id, string)) = walk.next_string()? {
            if !before(string) {
                return Ok(id);
            }
        }
        Ok(to as u32)
    }

    fn group(&self, group: usize) -> Result<Bytes<'a>, Malformed> {
        let offset = u32::from_le_bytes(self.offsets[group]) as usize;
        let bytes = self.groups.get(offset..);
        bytes
            .map(Bytes::new)
            .ok_or(Malformed("dictionary group lies outside"))
    }

    fn first_of(&self, group: usize) -> Result<&'a [u8], Malformed> {
        let mut bytes = self.group(group)?;
        take_string(&mut bytes)
    }
}

fn take_string<'a>(bytes: &mut Bytes<'a>) -> Result<&'a [u8], Malformed> {
    let len = bytes.varint().and_then(|n| usize::try_from(n).ok());
    len.and_then(|n| bytes.take(n))
        .ok_or(Malformed("dictionary string is cut short"))
}

/// See [`Dictionary::walk`].
pub struct Walk<'a> {
    dictionary: Dictionary<'a>,
    next: usize,
    end: usize,
    bytes: Bytes<'a>,
    /// The number of the string in `string`, if any.
    decoded: Option<usize>,
    string: Vec<u8>,
}

impl Walk<'_> {
    /// The next number and its string; `None` at the end.
    ///
    /// # Errors
    /// When its bytes make no sense.
    pub fn next_string(&mut self) -> Result<Option<(u32, &[u8])>, Malformed> {
        if self.next >= self.end {
            return Ok(None);
        }
        let id = self.next;
        let mut at = match self.decoded {
            Some(last) if !id.is_multiple_of(GROUP) => last,
            _ => self.begin_group(id / GROUP)?,
        };
        while at < id {
            let shared = self.bytes.varint().and_then(|n| usize::try_from(n).ok());
            let shared = shared.filter(|&n| n <= self.string.len());
            self.string
                .truncate(shared.ok_or(Malformed("dictionary string shares too much"))?);
            let rest = take_string(&mut self.bytes)?;
            self.string.extend_from_slice(rest);
            at += 1;
        }
        self.decoded = Some(id);
        self.next = id + 1;
        Ok(Some((id as u32, &self.string)))
    }

    fn begin_group(&mut self, group: usize) -> Result<usize, Malformed> {
        self.bytes = self.dictionary.group(group)?;
        let first = take_string(&mut self.bytes)?;
        self.string.clear();
        self.string.extend_from_slice(first);
        Ok(group * GROUP)
    }
}
