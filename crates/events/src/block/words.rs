//! The filter of a block: what its lines and field values may hold.
//!
//! A search is for pieces of text, not for words, so words alone do not help where the
//! piece begins or ends within one. Two structures together do:
//!
//! - The *vocabulary* lists every run of word bytes without digits. There are few in a
//!   block, since what varies has digits; a piece of text is looked for within them.
//! - A Bloom filter (Bloom, CACM 1970) holds the words with digits and, by themselves,
//!   their long runs of hex digits. A search for an id that is as long as the longest run
//!   is answered by it, whatever stands around the id.
//!
//! Small numbers are in neither: nearly every block has them all.

use binnacle_model::event::select::ValueTest;
use binnacle_model::event::{Condition, LineMatch, LineTest};
use binnacle_model::matcher::MatchOp;
use binnacle_stdx::bits::{Bytes, put_varint};
use binnacle_store::Malformed;
use hashbrown::{HashMap, HashSet};
use memchr::memmem;

use super::piece::put_bytes;
use super::quick::BuildSame;
use super::strings::decompress_most;

/// Bits for each distinct word, and bits that each word sets: one word in forty that is
/// not there seems to be.
const BITS_PER_WORD: usize = 8;
const BITS_SET: u64 = 5;

/// Shorter words and runs are in nearly every block.
const WORD_BYTES_MIN: usize = 3;

/// A number of that many digits, and one letter behind it, is a small one.
const SMALL_BYTES_MAX: usize = 9;

/// Runs of hex digits that are words of their own.
const HEX_BYTES_MIN: usize = 16;

/// A filter of more words is left out: it would be larger than what it saves.
const WORDS_MAX: usize = 1 << 19;

/// A vocabulary of more bytes is left out.
const VOCABULARY_BYTES_MAX: usize = 1 << 16;

const OTHER: u8 = 0;
const LETTER: u8 = 1;
const HEX_LETTER: u8 = 2;
const DIGIT: u8 = 3;

/// What each byte is.
const CLASS: [u8; 256] = {
    let mut class = [OTHER; 256];
    let mut byte = 0;
    while byte < 256 {
        class[byte] = match byte as u8 {
            b'0'..=b'9' => DIGIT,
            b'a'..=b'f' => HEX_LETTER,
            b'g'..=b'z' | b'A'..=b'Z' | b'_' | 0x80.. => LETTER,
            _ => OTHER,
        };
        byte += 1;
    }
    class
};

#[inline]
fn class(byte: u8) -> u8 {
    CLASS[usize::from(byte)]
}

/// Whether the byte is part of words.
#[inline]
pub(super) fn is_word(byte: u8) -> bool {
    class(byte) != OTHER
}

/// A hash that stays the same for ever, since it is on the disk.
fn hash(word: &[u8]) -> u64 {
    const K: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut hash = (word.len() as u64).wrapping_mul(K);
    let (chunks, rest) = word.as_chunks::<8>();
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    for chunk in chunks.iter().chain([&last]) {
        hash = (hash ^ u64::from_le_bytes(*chunk)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        hash ^= hash >> 29;
    }
    hash = hash.wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 32)
}

/// A word and what is known of it.
#[derive(Clone, Copy)]
struct Word<'t> {
    text: &'t [u8],
    from: usize,
    has_digits: bool,
}

impl Word<'_> {
    /// Whether the filter says nothing about it.
    fn is_small(&self) -> bool {
        let Some((last, init)) = self.text.split_last() else {
            return true;
        };
        let digits = init.len() + usize::from(class(*last) == DIGIT);
        self.text.len() < WORD_BYTES_MIN
            || (digits <= SMALL_BYTES_MAX && init.iter().all(|b| class(*b) == DIGIT))
    }
}

/// Calls `see` for each word.
#[inline]
fn each_word<'t>(text: &'t [u8], mut see: impl FnMut(Word<'t>)) {
    let mut at = 0;
    while at < text.len() {
        if class(text[at]) == OTHER {
            at += 1;
            continue;
        }
        let from = at;
        let mut has_digits = false;
        while at < text.len() {
            let class = class(text[at]);
            if class == OTHER {
                break;
            }
            has_digits |= class == DIGIT;
            at += 1;
        }
        see(Word {
            text: &text[from..at],
            from,
            has_digits,
        });
    }
}

/// Calls `see` with each longest run of bytes of which `is_in` holds, and where it begins.
fn each_run<'t>(text: &'t [u8], is_in: impl Fn(u8) -> bool, mut see: impl FnMut(&'t [u8], usize)) {
    let mut at = 0;
    while at < text.len() {
        if !is_in(text[at]) {
            at += 1;
            continue;
        }
        let from = at;
        while at < text.len() && is_in(text[at]) {
            at += 1;
        }
        see(&text[from..at], from);
    }
}

fn is_letter(byte: u8) -> bool {
    matches!(class(byte), LETTER | HEX_LETTER)
}

fn is_hex(byte: u8) -> bool {
    matches!(class(byte), DIGIT | HEX_LETTER)
}

/// Whether a run of letters is in the vocabulary: those that an id may have by chance are
/// not.
fn is_vocabulary(run: &[u8]) -> bool {
    run.len() >= WORD_BYTES_MIN && run.iter().any(|b| class(*b) == LETTER)
}

/// Gathers words.
#[derive(Default)]
pub(super) struct WordWriter {
    with_digits: HashSet<u64, BuildSame>,
    /// Where a run of that hash begins in the vocabulary.
    runs: HashMap<u64, usize, BuildSame>,
    vocabulary: Vec<u8>,
    longest: usize,
    longest_hex: usize,
    means_other: bool,
}

impl WordWriter {
    /// Adds the words of a text that stands between bytes that are none.
    pub(super) fn add(&mut self, text: &[u8]) {
        each_word(text, |word| self.add_word(&word));
    }

    /// Adds a whole word of lowercase hex digits.
    pub(super) fn add_hex(&mut self, text: &[u8]) {
        if text.len() < HEX_BYTES_MIN {
            self.add(text);
        } else if text.iter().any(u8::is_ascii_digit) {
            // Its letters are all of ids, and it is one run itself.
            self.longest = self.longest.max(text.len());
            self.longest_hex = self.longest_hex.max(text.len());
            self.add_hash(text);
        }
    }

    fn add_word(&mut self, word: &Word<'_>) {
        if word.has_digits {
            self.longest = self.longest.max(word.text.len());
            if word.is_small() {
                return;
            }
            self.add_hash(word.text);
            each_run(word.text, is_letter, |run, _| self.add_run(run));
            if word.text.len() >= HEX_BYTES_MIN {
                each_run(word.text, is_hex, |run, _| {
                    self.longest_hex = self.longest_hex.max(run.len());
                    if run.len() >= HEX_BYTES_MIN && run.len() < word.text.len() {
                        self.add_hash(run);
                    }
                });
            }
        } else if word.text.len() >= WORD_BYTES_MIN {
            self.add_run(word.text);
        }
    }

    fn add_hash(&mut self, word: &[u8]) {
        if self.with_digits.len() <= WORDS_MAX {
            self.with_digits.insert(hash(word));
        }
    }

    fn add_run(&mut self, run: &[u8]) {
        if self.vocabulary.len() > VOCABULARY_BYTES_MAX || !is_vocabulary(run) {
            return;
        }
        let end = self.vocabulary.len() + 1;
        let at = *self.runs.entry(hash(run)).or_insert(end);
        // A run whose hash another one has may come twice.
        if at == end || self.vocabulary.get(at..at + run.len()) != Some(run) {
            self.vocabulary.push(b' ');
            self.vocabulary.extend_from_slice(run);
        }
    }

    /// What a line means is not in all places what is written there.
    pub(super) fn saw_other(&mut self) {
        self.means_other = true;
    }

    /// Appends the filter.
    pub(super) fn write(mut self, out: &mut Vec<u8>) {
        let has_vocabulary = self.vocabulary.len() <= VOCABULARY_BYTES_MAX;
        let has_words = self.with_digits.len() <= WORDS_MAX;
        out.push(
            u8::from(has_vocabulary) | u8::from(has_words) << 1 | u8::from(self.means_other) << 2,
        );
        put_varint(out, self.longest as u64);
        put_varint(out, self.longest_hex as u64);
        if has_vocabulary {
            self.vocabulary.push(b' ');
            put_varint(out, self.vocabulary.len() as u64);
            // Compression into memory of its own size does not fail.
            put_bytes(
                out,
                &zstd::bulk::compress(&self.vocabulary, 3).unwrap_or_default(),
            );
        }
        if has_words {
            let words = (self.with_digits.len() * BITS_PER_WORD).div_ceil(64).max(1);
            let mut bits = vec![0_u64; words];
            for &hash in &self.with_digits {
                for bit in bits_of(hash, words) {
                    bits[bit / 64] |= 1 << (bit % 64);
                }
            }
            put_varint(out, words as u64);
            for word in bits {
                out.extend_from_slice(&word.to_le_bytes());
            }
        }
    }
}

fn bits_of(hash: u64, words: usize) -> impl Iterator<Item = usize> {
    let bits = (words * 64) as u64;
    let step = (hash >> 32) | 1;
    (0..BITS_SET).map(move |i| (hash.wrapping_add(i.wrapping_mul(step)) % bits) as usize)
}

/// A filter as it lies in a block.
pub(super) struct Filter<'a> {
    longest: usize,
    longest_hex: usize,
    means_other: bool,
    /// Raw length and zstd.
    vocabulary: Option<(usize, &'a [u8])>,
    bits: Option<&'a [u8]>,
}

impl<'a> Filter<'a> {
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let parts = (|| {
            let mut bytes = Bytes::new(bytes);
            let flags = bytes.u8()?;
            let longest = usize::try_from(bytes.varint()?).ok()?;
            let longest_hex = usize::try_from(bytes.varint()?).ok()?;
            let mut vocabulary = None;
            if flags & 1 != 0 {
                let raw = usize::try_from(bytes.varint()?).ok()?;
                let len = usize::try_from(bytes.varint()?).ok()?;
                vocabulary = Some((raw.min(VOCABULARY_BYTES_MAX * 2), bytes.take(len)?));
            }
            let mut bits = None;
            if flags & 2 != 0 {
                let words = usize::try_from(bytes.varint()?).ok()?;
                bits = Some(bytes.take(words.checked_mul(8)?)?).filter(|b| !b.is_empty());
            }
            Some(Self {
                longest,
                longest_hex,
                means_other: flags & 4 != 0,
                vocabulary,
                bits,
            })
        })();
        parts.ok_or(Malformed("the filter of a block runs past its end"))
    }

    fn has(&self, hash: u64) -> bool {
        let Some(bits) = self.bits else {
            return true;
        };
        bits_of(hash, bits.len() / 8).all(|bit| bits[bit / 8] & (1 << (bit % 8)) != 0)
    }

    /// Whether all conditions may be met.
    pub(super) fn may_match(&self, probe: &Probe) -> bool {
        let mut vocabulary = None;
        probe.0.iter().all(|(any, needs_plain)| {
            (*needs_plain && self.means_other)
                || any
                    .iter()
                    .any(|needs| self.may_have(needs, &mut vocabulary))
        })
    }

    fn may_have(&self, needs: &Needs, vocabulary: &mut Option<Vec<u8>>) -> bool {
        if needs.longest > self.longest || needs.longest_hex > self.longest_hex {
            return false;
        }
        if !needs.words.iter().all(|word| self.has(*word)) {
            return false;
        }
        let ids = &needs.ids;
        if !ids
            .iter()
            .all(|(hash, len)| *len < self.longest_hex || self.has(*hash))
        {
            return false;
        }
        let Some((raw, packed)) = self.vocabulary else {
            return true;
        };
        if needs.runs.is_empty() {
            return true;
        }
        let text =
            vocabulary.get_or_insert_with(|| decompress_most(packed, raw).unwrap_or_default());
        // A vocabulary that cannot be read excludes nothing.
        text.is_empty()
            || needs
                .runs
                .iter()
                .all(|run| memmem::find(text, run).is_some())
    }
}

/// What a text needs of a block.
#[derive(Debug, Clone, Default)]
struct Needs {
    /// Hashes of whole words with digits.
    words: Vec<u64>,
    /// Hashes and lengths of runs of hex digits that may go on.
    ids: Vec<(u64, usize)>,
    /// Pieces of the vocabulary, with the space where a run ends.
    runs: Vec<Vec<u8>>,
    /// A block without a word with digits of that length does not have the text.
    longest: usize,
    /// The same for runs of hex digits.
    longest_hex: usize,
}

impl Needs {
    /// Of a text; `open` where what stands around it is not known.
    fn of(text: &[u8], open: bool) -> Self {
        let mut needs = Self::default();
        each_word(text, |word| {
            let (from, to) = (word.from, word.from + word.text.len());
            let open_start = open && from == 0;
            let open_end = open && to == text.len();
            if word.has_digits {
                // Who adds words may leave small ones out, and their lengths with them.
                if !word.is_small() {
                    needs.longest = needs.longest.max(word.text.len());
                }
                let is_whole = !open_start && !open_end;
                if is_whole && !word.is_small() {
                    needs.words.push(hash(word.text));
                }
                each_run(word.text, is_hex, |run, at| {
                    let touches_edge =
                        (open_start && at == 0) || (open_end && at + run.len() == word.text.len());
                    if run.len() < HEX_BYTES_MIN {
                        return;
                    }
                    needs.longest_hex = needs.longest_hex.max(run.len());
                    if touches_edge {
                        // The run in the block may lack digits only if this one does.
                        needs.ids.push((hash(run), run.len()));
                    }
                });
            }
            // Small words have no runs that are long enough.
            each_run(word.text, is_letter, |run, at| {
                if !is_vocabulary(run) {
                    return;
                }
                let open_start = open_start && at == 0;
                let open_end = open_end && at + run.len() == word.text.len();
                let mut piece = Vec::with_capacity(run.len() + 2);
                if !open_start {
                    piece.push(b' ');
                }
                piece.extend_from_slice(run);
                if !open_end {
                    piece.push(b' ');
                }
                needs.runs.push(piece);
            });
        });
        needs
    }
}

/// What conditions need of the words in a block, made once for many blocks.
#[derive(Debug, Clone, Default)]
pub struct Probe(Vec<(Vec<Needs>, bool)>);

impl Probe {
    /// Of conditions that must all hold.
    #[must_use]
    pub fn new(conditions: &[Condition]) -> Self {
        Self(conditions.iter().filter_map(needs_of).collect())
    }

    /// Whether it asks for nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Any of these, or nothing is known; and whether this holds only where all texts are
/// written as they are meant.
fn needs_of(condition: &Condition) -> Option<(Vec<Needs>, bool)> {
    match condition {
        Condition::Line(LineTest {
            any,
            negated: false,
        }) => {
            let mut all = Vec::new();
            for one in any {
                match one {
                    LineMatch::Contains(text) => all.push(Needs::of(text, true)),
                    LineMatch::Regex(regex) if regex.literals().is_empty() => return None,
                    LineMatch::Regex(regex) => {
                        all.extend(regex.literals().iter().map(|l| Needs::of(l, true)));
                    }
                    LineMatch::Pieces { pieces, .. } => {
                        let longest = pieces.iter().max_by_key(|p| p.len())?;
                        all.push(Needs::of(longest, true));
                    }
                }
            }
            Some((all, false))
        }
        Condition::Field { test, .. } => whole_text(test).map(|needs| (vec![needs], false)),
        Condition::Extracted { test, .. } => whole_text(test).map(|needs| (vec![needs], true)),
        Condition::Line(_) => None,
    }
}

fn whole_text(test: &ValueTest) -> Option<Needs> {
    match test {
        ValueTest::Text(matcher) if matcher.op == MatchOp::Equal && !matcher.value.is_empty() => {
            // Fields that are numbers are not among the words, and what is no UTF-8 is
            // tested as something else than it is.
            let is_other = matcher.value.contains('\u{fffd}')
                || matcher.value.parse::<f64>().is_ok()
                || matches!(matcher.value.as_str(), "true" | "false");
            (!is_other).then(|| Needs::of(matcher.value.as_bytes(), false))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(lines: &[&str]) -> Vec<u8> {
        let mut writer = WordWriter::default();
        for line in lines {
            writer.add(line.as_bytes());
        }
        let mut out = Vec::new();
        writer.write(&mut out);
        out
    }

    fn may_have(filter: &[u8], text: &[u8], open: bool) -> bool {
        let found = Filter::read(filter).expect("a filter");
        found.may_have(&Needs::of(text, open), &mut None)
    }

    #[test]
    fn what_is_there_is_never_missed() {
        let lines = [
            "GET /a/b?x=17 trace=0123456789abcdef0123456789abcdef é OOMKilled2 35ms 1234567890",
            "id=xabcdef0123456789abcdefz deadbeefdeadbeefdeadbeef short a1b2c3 facade v1",
            "12345678 123456789a 1234567890ab 12a 1a2 user_42x abcdefabcdefabcdefabcdef12",
        ];
        let bytes = filter(&lines);
        for line in lines {
            for from in 0..line.len() {
                for to in from..=line.len() {
                    let piece = &line.as_bytes()[from..to];
                    assert!(
                        may_have(&bytes, piece, true),
                        "{}",
                        String::from_utf8_lossy(piece)
                    );
                }
            }
            assert!(may_have(&bytes, line.as_bytes(), false));
        }
    }

    #[test]
    fn what_is_not_there_is_mostly_seen() {
        let ids: Vec<String> = (0..1000_u64)
            .map(|i| {
                format!(
                    "id={:032x} OrderFailed",
                    u128::from(i) * 0x1234_5678_9abc_def1_2345
                )
            })
            .collect();
        let lines: Vec<&str> = ids.iter().map(String::as_str).collect();
        let bytes = filter(&lines);
        let wrong = (0..1000_u64)
            .filter(|i| {
                let other = format!("{:032x}", u128::from(*i) * 0x777_1111_2222_3333 + 5);
                may_have(&bytes, other.as_bytes(), true)
            })
            .count();
        assert!(wrong < 60, "{wrong} of 1000");
        for (text, want) in [
            ("OOMKilled", false),
            ("Failed", true),
            ("Order", true),
            ("rderF", true),
            (" Order ", false),
            ("OrderFailed", true),
            ("OrderFaileds", false),
        ] {
            assert_eq!(may_have(&bytes, text.as_bytes(), true), want, "{text}");
        }
        assert!(!may_have(&bytes, "f".repeat(40).as_bytes(), true) || wrong > 0);
    }
}
