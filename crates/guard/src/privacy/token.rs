//! Tokens and keys with a literal beginning.
//!
//! The prefixes are those that vendors document for secret scanning. Prose that happens
//! to begin like a token is told apart by length, character set and a digit.

use super::rule::Kind;

/// How a token goes on behind its beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// `header.payload.signature`, each base64url.
    Jwt,
    /// That many capitals and digits, no more.
    Capitals(usize),
    /// At least that many of `A-Z a-z 0-9 _ -`, a digit among them.
    Word(usize),
    /// White space and then a token.
    Bearer,
    /// PEM up to its end line.
    Pem,
}

/// The beginning of a token.
#[derive(Debug)]
pub(super) struct Start {
    pub(super) text: &'static str,
    pub(super) kind: Kind,
    shape: Shape,
}

const fn start(text: &'static str, kind: Kind, shape: Shape) -> Start {
    Start { text, kind, shape }
}

/// All beginnings.
pub(super) const STARTS: [Start; 30] = [
    start("eyJ", Kind::Jwt, Shape::Jwt),
    start("AKIA", Kind::AwsKey, Shape::Capitals(16)),
    start("ASIA", Kind::AwsKey, Shape::Capitals(16)),
    start("-----BEGIN ", Kind::PrivateKey, Shape::Pem),
    start("Bearer", Kind::Bearer, Shape::Bearer),
    start("bearer", Kind::Bearer, Shape::Bearer),
    start("BEARER", Kind::Bearer, Shape::Bearer),
    start("sk_live_", Kind::ApiKey, Shape::Word(16)),
    start("sk_test_", Kind::ApiKey, Shape::Word(16)),
    start("rk_live_", Kind::ApiKey, Shape::Word(16)),
    start("whsec_", Kind::ApiKey, Shape::Word(16)),
    start("ghp_", Kind::ApiKey, Shape::Word(36)),
    start("gho_", Kind::ApiKey, Shape::Word(36)),
    start("ghu_", Kind::ApiKey, Shape::Word(36)),
    start("ghs_", Kind::ApiKey, Shape::Word(36)),
    start("ghr_", Kind::ApiKey, Shape::Word(36)),
    start("github_pat_", Kind::ApiKey, Shape::Word(22)),
    start("glpat-", Kind::ApiKey, Shape::Word(20)),
    start("glsa_", Kind::ApiKey, Shape::Word(20)),
    start("xoxb-", Kind::ApiKey, Shape::Word(10)),
    start("xoxp-", Kind::ApiKey, Shape::Word(10)),
    start("xoxa-", Kind::ApiKey, Shape::Word(10)),
    start("xapp-", Kind::ApiKey, Shape::Word(10)),
    start("AIza", Kind::ApiKey, Shape::Word(35)),
    start("sk-", Kind::ApiKey, Shape::Word(20)),
    start("npm_", Kind::ApiKey, Shape::Word(36)),
    start("pypi-", Kind::ApiKey, Shape::Word(40)),
    start("dop_v1_", Kind::ApiKey, Shape::Word(40)),
    start("shpat_", Kind::ApiKey, Shape::Word(32)),
    start("hvs.", Kind::ApiKey, Shape::Word(24)),
];

/// A JSON header of a token is never shorter than that in base64.
const JWT_PART_MIN: usize = 10;

fn is_word(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b == b'_' || b == b'-'
}

fn run(text: &[u8], from: usize, takes: impl Fn(u8) -> bool) -> usize {
    let rest = text.get(from..).unwrap_or_default();
    from + rest.iter().position(|&b| !takes(b)).unwrap_or(rest.len())
}

/// What is secret in a token that begins at `at`, when it is one.
pub(super) fn judge(text: &[u8], at: usize, start: &Start) -> Option<(usize, usize)> {
    let behind = at + start.text.len();
    // Each word is read once at most, however many beginnings it has.
    let is_inside = at
        .checked_sub(1)
        .is_some_and(|before| is_word(text[before]));
    if is_inside && start.shape != Shape::Pem {
        return None;
    }
    match start.shape {
        Shape::Jwt => jwt(text, at),
        Shape::Capitals(len) => {
            let end = run(text, behind, |b| {
                b.is_ascii_uppercase() || b.is_ascii_digit()
            });
            let goes_on = text.get(end).is_some_and(|&b| is_word(b));
            (end - behind == len && !goes_on).then_some((at, end))
        }
        Shape::Word(min) => {
            let end = run(text, behind, is_word);
            let has_digit = text[behind..end].iter().any(u8::is_ascii_digit);
            (end - behind >= min && has_digit).then_some((at, end))
        }
        Shape::Bearer => bearer(text, behind),
        Shape::Pem => pem(text, at, behind),
    }
}

fn jwt(text: &[u8], at: usize) -> Option<(usize, usize)> {
    let mut end = run(text, at, is_word);
    if end - at < JWT_PART_MIN {
        return None;
    }
    let mut dots = 0;
    // Two more parts, four for an encrypted one; the last may be empty.
    while dots < 4 && text.get(end) == Some(&b'.') {
        let next = run(text, end + 1, is_word);
        if dots == 0 && next - end - 1 < JWT_PART_MIN {
            return None;
        }
        if next == end + 1 && dots > 0 {
            break;
        }
        end = next;
        dots += 1;
    }
    (dots > 0).then_some((at, end))
}

fn bearer(text: &[u8], behind: usize) -> Option<(usize, usize)> {
    let from = match text.get(behind) {
        Some(b' ' | b'\t') => run(text, behind, |b| b == b' ' || b == b'\t'),
        Some(b'%') if text.get(behind..behind + 3) == Some(b"%20") => behind + 3,
        _ => return None,
    };
    let takes = |b: u8| is_word(b) || matches!(b, b'.' | b'~' | b'+' | b'/' | b'=');
    let end = run(text, from, takes);
    let has_digit = text[from..end].iter().any(u8::is_ascii_digit);
    let len = end - from;
    ((len >= 8 && has_digit) || len >= 24).then_some((from, end))
}

fn pem(text: &[u8], at: usize, behind: usize) -> Option<(usize, usize)> {
    const NAME_MAX: usize = 40;
    let name_end = text.len().min(behind + NAME_MAX);
    let name = text.get(behind..name_end)?;
    memchr::memmem::find(name, b"PRIVATE KEY")?;
    let rest = &text[behind..];
    let Some(end_line) = memchr::memmem::find(rest, b"-----END ") else {
        return Some((at, text.len()));
    };
    let from = behind + end_line + b"-----END ".len();
    let end = memchr::memmem::find(&text[from..], b"-----").map_or(text.len(), |i| from + i + 5);
    Some((at, end))
}
