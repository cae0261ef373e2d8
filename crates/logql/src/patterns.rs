//! Patterns of lines: what is the same in many of them, with `<_>` where they vary, in the
//! syntax of LogQL's pattern filters.
//!
//! A line is cut into words and separators. Words with a digit vary by themselves. Lines
//! whose rest is equal are of one pattern; patterns of the same shape that differ in few
//! words become one, as in Drain (He et al., "Drain: an online log parsing approach with
//! fixed depth tree", ICWS 2017), but with a look-up by hash in front, so that a line of a
//! known pattern costs one pass over its bytes.

pub mod ledger;

use hashbrown::HashMap;

/// Tokens of a line that count; what is behind them varies.
const TOKENS_MAX: usize = 192;

/// Patterns that are kept apart, at most; further lines are counted as one pattern that
/// says nothing (`<_>`).
const PATTERNS_MAX: usize = 1_000;

/// Exact forms that are remembered, at most.
const FORMS_MAX: usize = 100_000;

/// Share of words that must be equal for two patterns to become one.
const SIMILARITY_MIN: f64 = 0.7;

/// What stands in for what varies.
const VARIES: &str = "<_>";

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Token {
    /// A word or a separator.
    Text(Box<str>),
    /// Something that varies.
    Varies,
}

struct Pattern {
    tokens: Vec<Token>,
}

/// Finds patterns line by line.
#[derive(Default)]
pub struct Miner {
    patterns: Vec<Pattern>,
    /// Hash of a line's fixed parts to its pattern.
    forms: HashMap<u64, usize>,
    /// Patterns by number of tokens and first word.
    similar: HashMap<(usize, u64), Vec<usize>>,
    /// The pattern of lines that came too late, when there is one.
    rest: Option<usize>,
    pieces: Vec<(usize, usize)>,
}

impl Miner {
    /// The number of the line's pattern.
    pub fn add(&mut self, line: &[u8]) -> usize {
        let text = String::from_utf8_lossy(line);
        let mut pieces = std::mem::take(&mut self.pieces);
        pieces.clear();
        let hash = cut(&text, &mut pieces);
        let id = match self.forms.get(&hash) {
            Some(&id) => id,
            None => {
                let id = self.find(&text, &pieces);
                if self.forms.len() < FORMS_MAX {
                    self.forms.insert(hash, id);
                }
                id
            }
        };
        self.pieces = pieces;
        id
    }

    /// The text of a pattern; ends of long lines vary.
    #[must_use]
    pub fn text(&self, id: usize) -> String {
        let mut out = String::new();
        for token in &self.patterns[id].tokens {
            match token {
                Token::Text(text) => out.push_str(text),
                Token::Varies if out.ends_with(VARIES) => {}
                Token::Varies => out.push_str(VARIES),
            }
        }
        out
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.patterns.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.patterns.is_empty()
    }

    /// A pattern for a form that was not seen yet: one that is like it, or a new one.
    fn find(&mut self, text: &str, pieces: &[(usize, usize)]) -> usize {
        let tokens = tokens_of(text, pieces);
        let key = (tokens.len(), first_word(&tokens));
        if let Some(candidates) = self.similar.get(&key) {
            let best = candidates
                .iter()
                .map(|&id| (similarity(&self.patterns[id].tokens, &tokens), id))
                .max_by(|a, b| a.0.total_cmp(&b.0));
            if let Some((likeness, id)) = best
                && likeness >= SIMILARITY_MIN
            {
                join(&mut self.patterns[id].tokens, &tokens);
                return id;
            }
        }
        if self.patterns.len() >= PATTERNS_MAX {
            return *self.rest.get_or_insert_with(|| {
                self.patterns.push(Pattern {
                    tokens: vec![Token::Varies],
                });
                self.patterns.len() - 1
            });
        }
        let id = self.patterns.len();
        self.patterns.push(Pattern { tokens });
        self.similar.entry(key).or_default().push(id);
        id
    }
}

fn is_separator(c: u8) -> bool {
    matches!(
        c,
        b' ' | b'\t'
            | b'\n'
            | b'\r'
            | b'='
            | b','
            | b':'
            | b';'
            | b'"'
            | b'\''
            | b'('
            | b')'
            | b'['
            | b']'
            | b'{'
            | b'}'
            | b'<'
            | b'>'
            | b'|'
    )
}

/// Cuts a text into words and separators of one byte, and hashes what does not vary.
fn cut(text: &str, pieces: &mut Vec<(usize, usize)>) -> u64 {
    let bytes = text.as_bytes();
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut mix = |byte: u8| hash = (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
    let mut at = 0;
    while at < bytes.len() && pieces.len() < TOKENS_MAX {
        let from = at;
        if is_separator(bytes[at]) {
            at += 1;
            mix(bytes[from]);
        } else {
            let mut varies = false;
            while at < bytes.len() && !is_separator(bytes[at]) {
                varies |= bytes[at].is_ascii_digit();
                at += 1;
            }
            if varies {
                mix(0);
            } else {
                bytes[from..at].iter().copied().for_each(&mut mix);
                mix(1);
            }
        }
        pieces.push((from, at));
    }
    if at < bytes.len() {
        mix(2);
        pieces.push((at, bytes.len()));
    }
    hash
}

fn tokens_of(text: &str, pieces: &[(usize, usize)]) -> Vec<Token> {
    let mut tokens: Vec<Token> = Vec::with_capacity(pieces.len());
    for (i, &(from, to)) in pieces.iter().enumerate() {
        let piece = &text[from..to];
        let varies = i >= TOKENS_MAX || piece.bytes().any(|b| b.is_ascii_digit());
        if !varies {
            tokens.push(Token::Text(piece.into()));
            continue;
        }
        // 12:34:56 varies as one.
        if let [.., Token::Varies, Token::Text(between)] = tokens.as_slice()
            && &**between == ":"
        {
            tokens.pop();
            continue;
        }
        if tokens.last() != Some(&Token::Varies) {
            tokens.push(Token::Varies);
        }
    }
    tokens
}

fn is_word(token: &Token) -> bool {
    match token {
        Token::Text(text) => !(text.len() == 1 && is_separator(text.as_bytes()[0])),
        Token::Varies => true,
    }
}

fn first_word(tokens: &[Token]) -> u64 {
    let first = tokens.iter().find(|t| is_word(t));
    let mut hash = 7_u64;
    if let Some(Token::Text(text)) = first {
        for byte in text.bytes() {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
        }
    }
    hash
}

/// Share of equal words; 0 when separators differ. A place that varies in the first equals
/// whatever is there.
fn similarity(a: &[Token], b: &[Token]) -> f64 {
    if a.len() != b.len() {
        return 0.0;
    }
    let (mut words, mut equal) = (0_u32, 0_u32);
    for (x, y) in a.iter().zip(b) {
        match (is_word(x), is_word(y)) {
            (false, false) if x == y => {}
            (true, true) => {
                words += 1;
                equal += u32::from(x == y || *x == Token::Varies);
            }
            _ => return 0.0,
        }
    }
    if words == 0 {
        return 1.0;
    }
    f64::from(equal) / f64::from(words)
}

/// What differs varies from now on.
fn join(pattern: &mut [Token], line: &[Token]) {
    for (own, other) in pattern.iter_mut().zip(line) {
        if own != other {
            *own = Token::Varies;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mined(lines: &[&str]) -> Vec<String> {
        let mut miner = Miner::default();
        for line in lines {
            miner.add(line.as_bytes());
        }
        (0..miner.len()).map(|id| miner.text(id)).collect()
    }

    #[test]
    fn numbers_and_times_vary() {
        assert_eq!(
            mined(&["12:34:56 user 17 logged in", "12:34:57 user 4 logged in",]),
            ["<_> user <_> logged in"]
        );
    }

    #[test]
    fn few_different_words_vary() {
        assert_eq!(
            mined(&[
                "connection to alpha was closed by peer",
                "connection to beta was closed by peer",
            ]),
            ["connection to <_> was closed by peer"]
        );
    }

    #[test]
    fn other_lines_are_other_patterns() {
        assert_eq!(
            mined(&["cache is cold", "lost the leader election", "cache is cold"]),
            ["cache is cold", "lost the leader election"]
        );
    }

    #[test]
    fn keys_stay() {
        assert_eq!(
            mined(&[
                "level=info msg=\"done\" took=17ms path=/a/7",
                "level=info msg=\"done\" took=3ms path=/b/9",
            ]),
            ["level=info msg=\"done\" took=<_> path=<_>"]
        );
    }

    #[test]
    fn a_pattern_finds_its_lines() {
        let lines = ["a 1 b 2", "a 7 b 9 ", "{\"a\":1,\"b\":\"x 4\"}", "é=1 ü=x"];
        let mut miner = Miner::default();
        for line in lines {
            let id = miner.add(line.as_bytes());
            let text = miner.text(id);
            let pieces: Vec<Vec<u8>> = text
                .split(VARIES)
                .filter(|p| !p.is_empty())
                .map(|p| p.as_bytes().to_vec())
                .collect();
            let test = binnacle_model::event::LineMatch::Pieces {
                pieces,
                open_start: text.starts_with(VARIES),
                open_end: text.ends_with(VARIES),
            };
            assert!(test.is_match(line.as_bytes()), "{text} / {line}");
        }
    }

    #[test]
    fn there_is_a_limit() {
        let mut miner = Miner::default();
        let letters = |mut n: usize| {
            let mut word = String::new();
            for _ in 0..4 {
                word.push((b'a' + (n % 26) as u8) as char);
                n /= 26;
            }
            word
        };
        for n in 0..3_000 {
            miner.add(letters(n).as_bytes());
        }
        assert!(miner.len() <= PATTERNS_MAX + 1);
    }
}
