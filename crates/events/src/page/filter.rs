//! The filter of a page: which words may be in it.
//!
//! A Bloom filter (Bloom, CACM 1970) over words, runs of letters, digits and `_`. A search
//! is for pieces of text, not for words, so at the edges of what is looked for a word may
//! go on: there the filter only helps when no word of the page is longer, as it is for
//! trace ids.

use binnacle_model::event::select::ValueTest;
use binnacle_model::event::{Condition, LineMatch, LineTest};
use binnacle_model::matcher::MatchOp;
use binnacle_stdx::bits::{Bytes, put_varint};
use binnacle_store::Malformed;
use hashbrown::HashSet;

/// Bits for each distinct word, and bits that each word sets: one word in forty that is
/// not there seems to be.
const BITS_PER_WORD: usize = 10;
const BITS_SET: u64 = 4;

/// Shorter words are in nearly every page.
const WORD_BYTES_MIN: usize = 3;

/// A filter of more words is left out: it would be larger than what it saves.
const WORDS_MAX: usize = 1 << 20;

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

/// A hash that stays the same for ever, since it is on the disk: FNV-1a with the final
/// mixing of splitmix64.
fn hash(word: &[u8]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for &byte in word {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
    }
    hash ^= hash >> 30;
    hash = hash.wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash ^= hash >> 27;
    hash = hash.wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

/// Words of a text with whether they touch its beginning or end.
fn words(text: &[u8]) -> impl Iterator<Item = (&[u8], bool)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        while at < text.len() && !is_word(text[at]) {
            at += 1;
        }
        if at >= text.len() {
            return None;
        }
        let from = at;
        while at < text.len() && is_word(text[at]) {
            at += 1;
        }
        Some((&text[from..at], from == 0 || at == text.len()))
    })
}

/// Gathers words.
#[derive(Default)]
pub(super) struct FilterBuilder {
    hashes: HashSet<u64, std::hash::BuildHasherDefault<Same>>,
    longest: usize,
}

/// Hashes are hashed already.
#[derive(Default)]
pub(super) struct Same(u64);

impl std::hash::Hasher for Same {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, _: &[u8]) {}

    fn write_u64(&mut self, value: u64) {
        self.0 = value;
    }
}

impl FilterBuilder {
    pub(super) fn add(&mut self, text: &[u8]) {
        for (word, _) in words(text) {
            self.longest = self.longest.max(word.len());
            if word.len() >= WORD_BYTES_MIN && self.hashes.len() <= WORDS_MAX {
                self.hashes.insert(hash(word));
            }
        }
    }

    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        put_varint(out, self.longest as u64);
        if self.hashes.len() > WORDS_MAX {
            put_varint(out, 0);
            return;
        }
        let words = (self.hashes.len() * BITS_PER_WORD).div_ceil(64).max(1);
        let mut bits = vec![0_u64; words];
        for &hash in &self.hashes {
            for bit in bits_of(hash, words) {
                bits[bit / 64] |= 1 << (bit % 64);
            }
        }
        put_varint(out, words as u64);
        for word in bits {
            out.extend_from_slice(&word.to_le_bytes());
        }
    }

    pub(super) fn clear(&mut self) {
        self.hashes.clear();
        self.longest = 0;
    }
}

fn bits_of(hash: u64, words: usize) -> impl Iterator<Item = usize> {
    let bits = (words * 64) as u64;
    let step = (hash >> 32) | 1;
    (0..BITS_SET).map(move |i| (hash.wrapping_add(i.wrapping_mul(step)) % bits) as usize)
}

/// A filter as it lies in a page.
#[derive(Clone, Copy)]
pub(super) struct Filter<'a> {
    longest: usize,
    bits: &'a [u8],
}

impl<'a> Filter<'a> {
    pub(super) fn find(bytes: &mut Bytes<'a>) -> Result<Self, Malformed> {
        let found = (|| {
            let longest = usize::try_from(bytes.varint()?).ok()?;
            let words = usize::try_from(bytes.varint()?).ok()?;
            let bits = bytes.take(words.checked_mul(8)?)?;
            Some(Self { longest, bits })
        })();
        found.ok_or(Malformed("the filter of a page runs past its end"))
    }

    fn has(&self, hash: u64) -> bool {
        bits_of(hash, self.bits.len() / 8).all(|bit| self.bits[bit / 8] & (1 << (bit % 8)) != 0)
    }

    /// Whether all of the words may be there.
    pub(super) fn may_have(&self, words: &Words) -> bool {
        if words
            .longest_needed
            .is_some_and(|needed| needed > self.longest)
        {
            return false;
        }
        if self.bits.is_empty() {
            return true;
        }
        words.whole.iter().all(|&hash| self.has(hash))
            && words
                .at_edges
                .iter()
                .all(|&(hash, len)| len < self.longest || self.has(hash))
    }
}

/// The words that a text needs.
#[derive(Debug, Clone, Default)]
pub(crate) struct Words {
    /// Hashes of words that are whole.
    whole: Vec<u64>,
    /// Hashes and lengths of words that may go on outside of the text.
    at_edges: Vec<(u64, usize)>,
    /// A page without a word of that length cannot have the text.
    longest_needed: Option<usize>,
}

impl Words {
    /// Of a text that may stand anywhere.
    pub(crate) fn inside(text: &[u8]) -> Self {
        let mut needed = Self::default();
        for (word, at_edge) in words(text) {
            needed.longest_needed = needed.longest_needed.max(Some(word.len()));
            if word.len() < WORD_BYTES_MIN {
                continue;
            }
            if at_edge {
                needed.at_edges.push((hash(word), word.len()));
            } else {
                needed.whole.push(hash(word));
            }
        }
        needed
    }

    /// Of a whole value.
    fn of_value(text: &[u8]) -> Self {
        let mut needed = Self::default();
        for (word, _) in words(text) {
            needed.longest_needed = needed.longest_needed.max(Some(word.len()));
            if word.len() >= WORD_BYTES_MIN {
                needed.whole.push(hash(word));
            }
        }
        needed
    }

    /// What a condition needs: any of these, or nothing is known.
    pub(crate) fn of_condition(condition: &Condition) -> Option<Vec<Self>> {
        match condition {
            Condition::Line(LineTest {
                any,
                negated: false,
            }) => {
                let mut all = Vec::new();
                for one in any {
                    match one {
                        LineMatch::Contains(text) => all.push(Self::inside(text)),
                        LineMatch::Regex(regex) if regex.literals().is_empty() => return None,
                        LineMatch::Regex(regex) => {
                            all.extend(regex.literals().iter().map(|l| Self::inside(l)));
                        }
                        LineMatch::Pieces { pieces, .. } => {
                            let longest = pieces.iter().max_by_key(|p| p.len())?;
                            all.push(Self::inside(longest));
                        }
                    }
                }
                Some(all)
            }
            Condition::Field {
                test: ValueTest::Text(matcher),
                ..
            } if matcher.op == MatchOp::Equal && !matcher.value.is_empty() => {
                // Numbers are not among the words.
                let is_number = matcher.value.parse::<f64>().is_ok()
                    || matches!(matcher.value.as_str(), "true" | "false");
                (!is_number).then(|| vec![Self::of_value(matcher.value.as_bytes())])
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(lines: &[&str]) -> Vec<u8> {
        let mut builder = FilterBuilder::default();
        for line in lines {
            builder.add(line.as_bytes());
        }
        let mut out = Vec::new();
        builder.encode(&mut out);
        out
    }

    #[test]
    fn what_is_there_is_never_missed() {
        let lines = [
            "GET /a/b?x=17 trace=0123456789abcdef0123456789abcdef é",
            "short",
        ];
        let bytes = filter(&lines);
        let found = Filter::find(&mut Bytes::new(&bytes)).expect("a filter");
        for line in lines {
            for from in 0..line.len() {
                for to in from..=line.len() {
                    let piece = &line.as_bytes()[from..to];
                    assert!(found.may_have(&Words::inside(piece)), "{line} {from} {to}");
                }
            }
        }
    }

    #[test]
    fn what_is_not_there_is_mostly_seen() {
        let ids: Vec<String> = (0..1000_u64)
            .map(|i| format!("id={:032x}", u128::from(i) * 0x1234_5678_9abc_def1_2345))
            .collect();
        let lines: Vec<&str> = ids.iter().map(String::as_str).collect();
        let bytes = filter(&lines);
        let found = Filter::find(&mut Bytes::new(&bytes)).expect("a filter");
        let wrong = (0..1000_u64)
            .filter(|i| {
                let other = format!("{:032x}", u128::from(*i) * 0x777_1111_2222_3333 + 5);
                found.may_have(&Words::inside(other.as_bytes()))
            })
            .count();
        assert!(wrong < 60, "{wrong} of 1000");
        assert!(!found.may_have(&Words::inside("x".repeat(40).as_bytes())));
    }
}
