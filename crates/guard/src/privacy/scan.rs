//! Finding candidates fast: a few passes that skip most of a text.
//!
//! A line without anything to find must cost little, so nothing reads every byte one by
//! one. `memchr` jumps to the bytes that an address (`@`, `.`, `+`) or a key (`=`, `:`)
//! cannot do without; a vectorised search finds the literal beginnings of tokens; numbers
//! are found by looking at every fourth byte only, because whatever is looked for has four
//! digits or capitals in a row. Each candidate is then judged by its detector.

use std::sync::LazyLock;

use memchr::{memchr_iter, memchr2_iter, memchr3_iter};

use super::address;
use super::key::{self, KeyNames};
use super::number;
use super::rule::{KINDS, Kind};
use super::token;
use crate::search::Search;

/// Something found: a range of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) kind: Kind,
}

/// Which built-in detectors are wanted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Wants(u16);

impl Wants {
    pub(crate) fn add(&mut self, kind: Kind) {
        self.0 |= 1 << kind as u16;
    }

    pub(crate) fn has(self, kind: Kind) -> bool {
        self.0 & (1 << kind as u16) != 0
    }

    fn has_any(self, kinds: &[Kind]) -> bool {
        kinds.iter().any(|&k| self.has(k))
    }

    pub(crate) fn is_empty(self) -> bool {
        self.0 == 0
    }
}

const _: () = assert!(KINDS <= 16);

/// Appends everything wanted that is in `text` to `out`, in no order; findings may overlap.
pub(crate) fn scan(text: &[u8], wants: Wants, names: &KeyNames, out: &mut Vec<Found>) {
    if wants.has_any(&[Kind::Email, Kind::Ipv4, Kind::Phone, Kind::Password]) {
        scan_marks(text, wants, out);
    }
    if wants.has_any(&[Kind::Password, Kind::UserId, Kind::Ipv6]) {
        scan_pairs(text, wants, names, out);
    }
    if wants.has_any(&[Kind::Card, Kind::Iban, Kind::Phone]) {
        number::scan(text, wants, out);
    }
    const LITERAL: [Kind; 5] = [
        Kind::PrivateKey,
        Kind::Bearer,
        Kind::Jwt,
        Kind::AwsKey,
        Kind::ApiKey,
    ];
    if wants.has_any(&LITERAL) {
        scan_literals(text, wants, out);
    }
}

fn push(out: &mut Vec<Found>, kind: Kind, range: (usize, usize)) {
    out.push(Found {
        start: range.0,
        end: range.1,
        kind,
    });
}

/// `@`, `.` and `+`.
fn scan_marks(text: &[u8], wants: Wants, out: &mut Vec<Found>) {
    let mut behind = 0;
    for at in memchr3_iter(b'@', b'.', b'+', text) {
        if at < behind {
            continue;
        }
        let found = match text[at] {
            b'.' if wants.has(Kind::Ipv4) => {
                address::ipv4(text, at).map(|range| (Kind::Ipv4, range))
            }
            b'+' if wants.has(Kind::Phone) => {
                number::phone_plus(text, at).map(|range| (Kind::Phone, range))
            }
            b'@' => {
                if wants.has(Kind::Password)
                    && let Some(range) = key::url_password(text, at)
                {
                    push(out, Kind::Password, range);
                    continue;
                }
                wants
                    .has(Kind::Email)
                    .then(|| address::email(text, at))
                    .flatten()
                    .map(|range| (Kind::Email, range))
            }
            _ => None,
        };
        if let Some((kind, range)) = found {
            behind = range.1;
            push(out, kind, range);
        }
    }
}

/// `=` and `:`.
fn scan_pairs(text: &[u8], wants: Wants, names: &KeyNames, out: &mut Vec<Found>) {
    let wants_keys = wants.has_any(&[Kind::Password, Kind::UserId]);
    let wants_ipv6 = wants.has(Kind::Ipv6);
    let mut behind = 0;
    let mut visit = |at: usize| {
        if at < behind {
            return;
        }
        if wants_ipv6 && text[at] == b':' {
            match address::ipv6(text, at) {
                address::Ipv6::No => {}
                address::Ipv6::Skip(to) => {
                    behind = to;
                    return;
                }
                address::Ipv6::Found(range) => {
                    behind = range.1;
                    push(out, Kind::Ipv6, range);
                    return;
                }
            }
        }
        if wants_keys && let Some((kind, range)) = key::pair(text, at, wants, names) {
            behind = range.1;
            push(out, kind, range);
        }
    };
    if wants_keys {
        memchr2_iter(b'=', b':', text).for_each(&mut visit);
    } else {
        memchr_iter(b':', text).for_each(&mut visit);
    }
}

static LITERALS: LazyLock<Search> =
    LazyLock::new(|| Search::new(token::STARTS.iter().map(|s| s.text)));

/// Beginnings of tokens.
fn scan_literals(text: &[u8], wants: Wants, out: &mut Vec<Found>) {
    let literals = &*LITERALS;
    let mut from = 0;
    while let Some((pattern, at)) = literals.find(text, from) {
        let Some(start) = token::STARTS.get(pattern) else {
            return;
        };
        from = at + start.text.len();
        if !wants.has(start.kind) {
            continue;
        }
        if let Some(range) = token::judge(text, at, start) {
            from = from.max(range.1);
            push(out, start.kind, range);
        }
    }
}
