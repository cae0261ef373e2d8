//! Label pairs, interned: each distinct `name="value"` is stored once and known by
//! a number.
//!
//! A pair is kept as its slice of the canonical encoding (`model::labels`), so a
//! series' labels are the concatenation of its pairs' slices, and finding a pair
//! compares bytes as they came in.

use binnacle_stdx::hash::HashKey;

use super::table::Table;

/// The name of a pair that is a hole.
const HOLE: u32 = u32::MAX;

#[derive(Debug, Clone, Copy)]
struct Pair {
    at: u32,
    len: u32,
    name: u32,
}

/// One label name and the pairs that have it, in order of arrival.
#[derive(Debug)]
pub(crate) struct Name {
    pub(crate) text: Box<str>,
    pub(crate) pairs: Vec<u32>,
}

/// All pairs.
#[derive(Debug)]
pub(crate) struct Pairs {
    hash: HashKey,
    bytes: Vec<u8>,
    pairs: Vec<Pair>,
    table: Table,
    names: Vec<Name>,
    name_table: hashbrown::HashMap<Box<str>, u32>,
}

impl Pairs {
    /// No pairs yet.
    pub(crate) fn new(hash: HashKey) -> Self {
        Self {
            hash,
            bytes: Vec::new(),
            pairs: Vec::new(),
            table: Table::default(),
            names: Vec::new(),
            name_table: hashbrown::HashMap::new(),
        }
    }

    /// How many pairs there are.
    pub(crate) fn len(&self) -> usize {
        self.pairs.len()
    }

    /// The canonical encoding of one pair.
    pub(crate) fn encoded(&self, pair: u32) -> &[u8] {
        let p = self.pairs[pair as usize];
        &self.bytes[p.at as usize..(p.at + p.len) as usize]
    }

    /// The number of the pair's name.
    pub(crate) fn name_of(&self, pair: u32) -> u32 {
        self.pairs[pair as usize].name
    }

    /// Name and value of a pair.
    pub(crate) fn text(&self, pair: u32) -> (&str, &str) {
        let Some(name) = self.names.get(self.name_of(pair) as usize) else {
            return ("", "");
        };
        let name: &str = &name.text;
        let encoded = self.encoded(pair);
        let rest = &encoded[super::len_bytes(name.len()) + name.len()..];
        let value = &rest[super::len_bytes_at(rest)..];
        // Pairs come from canonical label sets, which are UTF-8.
        (name, std::str::from_utf8(value).unwrap_or_default())
    }

    /// All names.
    pub(crate) fn names(&self) -> &[Name] {
        &self.names
    }

    /// The entry of a name.
    pub(crate) fn name(&self, text: &str) -> Option<&Name> {
        self.name_table.get(text).map(|&n| &self.names[n as usize])
    }

    /// The number of a pair, when it is there.
    pub(crate) fn find(&self, encoded: &[u8]) -> Option<u32> {
        self.find_hashed(self.hash.hash64(encoded) as u32, encoded)
    }

    fn find_hashed(&self, tag: u32, encoded: &[u8]) -> Option<u32> {
        self.table.find(tag, |p| self.encoded(p) == encoded)
    }

    /// The number of the pair; it is added when it is new. `None` when the text of
    /// all pairs would pass 4 GiB.
    pub(crate) fn intern(&mut self, name: &str, encoded: &[u8]) -> Option<u32> {
        let tag = self.hash.hash64(encoded) as u32;
        if let Some(pair) = self.find_hashed(tag, encoded) {
            return Some(pair);
        }
        let at = u32::try_from(self.bytes.len()).ok()?;
        let len = u32::try_from(encoded.len()).ok()?;
        at.checked_add(len)?;
        let pair = u32::try_from(self.pairs.len()).ok()?;
        let name = self.intern_name(name);
        self.bytes.extend_from_slice(encoded);
        self.pairs.push(Pair { at, len, name });
        self.names[name as usize].pairs.push(pair);
        self.table.insert(tag, pair);
        Some(pair)
    }

    /// Takes up a number for a pair whose text was lost with a damaged record.
    pub(crate) fn push_hole(&mut self) {
        self.pairs.push(Pair {
            at: 0,
            len: 0,
            name: HOLE,
        });
    }

    /// Whether the number's text was lost.
    pub(crate) fn is_hole(&self, pair: u32) -> bool {
        self.pairs[pair as usize].name == HOLE
    }

    fn intern_name(&mut self, text: &str) -> u32 {
        if let Some(&name) = self.name_table.get(text) {
            return name;
        }
        let name = self.names.len() as u32;
        self.names.push(Name {
            text: text.into(),
            pairs: Vec::new(),
        });
        self.name_table.insert(text.into(), name);
        name
    }
}
