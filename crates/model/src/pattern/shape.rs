//! What an expression is made of, for matching without an automaton.
//!
//! Most expressions in dashboards and rules are lists of words, a prefix with
//! `.*`, or words with `.*` between them. Such an expression is expanded into a
//! list of [`Glob`]s, literals with gaps, each of which is matched by a few
//! string searches. For the others, the literals that every match must start
//! with, end with or contain are found, which refuse most values before the
//! automaton has to look.

use regex_syntax::hir::{Class, Hir, HirKind, Look};

/// Most alternatives from multiplying out groups and classes.
const PRODUCT_MAX: usize = 256;

/// Most alternatives with gaps; beyond, the automaton is faster.
const GLOBS_MAX: usize = 32;

/// Most literals.
const LITERALS_MAX: usize = 65_536;

/// One alternative: literals with gaps between them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Glob {
    /// What the value starts with; all of the value when `tails` is empty.
    pub(super) head: String,
    /// Gaps, each with the literal that follows it. The literal of the last one
    /// ends the value.
    pub(super) tails: Vec<(Gap, String)>,
}

/// A run of any characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Gap {
    /// `.*`
    Any,
    /// `.+`
    Some,
}

impl Glob {
    fn literal(text: &str) -> Self {
        Self {
            head: text.to_owned(),
            tails: Vec::new(),
        }
    }

    fn gap(gap: Gap) -> Self {
        Self {
            head: String::new(),
            tails: vec![(gap, String::new())],
        }
    }

    /// `self` followed by `next`.
    fn then(&self, next: &Self) -> Self {
        let mut joined = self.clone();
        joined.last_mut().push_str(&next.head);
        for (gap, text) in &next.tails {
            match joined.tails.last_mut() {
                // Two gaps that touch: `.*.*` is `.*`, `.*.+` is `.+`.
                Some((before, between))
                    if between.is_empty() && (*before, *gap) != (Gap::Some, Gap::Some) =>
                {
                    *before = (*before).max(*gap);
                    between.push_str(text);
                }
                _ => joined.tails.push((*gap, text.clone())),
            }
        }
        joined
    }

    fn last_mut(&mut self) -> &mut String {
        match self.tails.last_mut() {
            Some((_, text)) => text,
            None => &mut self.head,
        }
    }

    /// Whether the whole of `value` matches. Taking the first place for each
    /// literal is always right, because a gap takes everything.
    pub(super) fn is_match(&self, value: &str) -> bool {
        let Some((last, inner)) = self.tails.split_last() else {
            return value == self.head;
        };
        let Some(mut rest) = value.strip_prefix(self.head.as_str()) else {
            return false;
        };
        for (gap, text) in inner {
            let Some(from) = skip(rest, *gap) else {
                return false;
            };
            let Some(at) = memchr::memmem::find(from.as_bytes(), text.as_bytes()) else {
                return false;
            };
            rest = &from[at + text.len()..];
        }
        let (gap, text) = last;
        skip(rest, *gap)
            .is_some_and(|from| from.len() >= text.len() && from.ends_with(text.as_str()))
    }
}

/// `text` without what the gap must take at least.
fn skip(text: &str, gap: Gap) -> Option<&str> {
    match gap {
        Gap::Any => Some(text),
        Gap::Some => {
            let mut chars = text.chars();
            chars.next().map(|_| chars.as_str())
        }
    }
}

/// Literals that every match has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Required {
    /// At the start.
    pub(super) prefix: String,
    /// At the end.
    pub(super) suffix: String,
    /// The longest one somewhere.
    pub(super) inner: String,
}

/// `hir` without captures, and without the anchors that say what is so anyway
/// because the whole value must match.
pub(super) fn simplify(hir: &Hir) -> Hir {
    strip(hir, true, true)
}

fn strip(hir: &Hir, at_start: bool, at_end: bool) -> Hir {
    match hir.kind() {
        HirKind::Look(Look::Start) if at_start => Hir::empty(),
        HirKind::Look(Look::End) if at_end => Hir::empty(),
        HirKind::Capture(capture) => strip(&capture.sub, at_start, at_end),
        HirKind::Alternation(of) => {
            Hir::alternation(of.iter().map(|h| strip(h, at_start, at_end)).collect())
        }
        HirKind::Concat(of) => {
            // Anchors before the first thing that has a width are at the start.
            let has_no_width = |h: &Hir| h.properties().maximum_len() == Some(0);
            let first = of.iter().position(|h| !has_no_width(h)).unwrap_or(of.len());
            let last = of.iter().rposition(|h| !has_no_width(h)).unwrap_or(0);
            let part = |(i, h)| strip(h, at_start && i <= first, at_end && i >= last);
            Hir::concat(of.iter().enumerate().map(part).collect())
        }
        HirKind::Repetition(repetition) => {
            let mut plain = repetition.clone();
            plain.sub = Box::new(strip(&repetition.sub, false, false));
            Hir::repetition(plain)
        }
        _ => hir.clone(),
    }
}

/// All alternatives of a simplified expression, when they are few and made of
/// literals and gaps only.
pub(super) fn globs(hir: &Hir) -> Option<Vec<Glob>> {
    let found = expand(hir)?;
    let with_gaps = found.iter().any(|g| !g.tails.is_empty());
    (!with_gaps || found.len() <= GLOBS_MAX).then_some(found)
}

fn expand(hir: &Hir) -> Option<Vec<Glob>> {
    Some(match hir.kind() {
        HirKind::Empty => vec![Glob::literal("")],
        HirKind::Literal(literal) => vec![Glob::literal(std::str::from_utf8(&literal.0).ok()?)],
        HirKind::Class(class) => class_chars(class)?
            .map(|c| Glob::literal(c.encode_utf8(&mut [0; 4])))
            .collect(),
        HirKind::Concat(of) => {
            let mut product = vec![Glob::literal("")];
            for part in of {
                let part = expand(part)?;
                if product.len().saturating_mul(part.len()) > PRODUCT_MAX.max(part.len()) {
                    return None;
                }
                product = product
                    .iter()
                    .flat_map(|a| part.iter().map(|b| a.then(b)))
                    .collect();
            }
            product
        }
        HirKind::Alternation(of) => {
            let mut all = Vec::with_capacity(of.len());
            for part in of {
                all.extend(expand(part)?);
                if all.len() > LITERALS_MAX {
                    return None;
                }
            }
            all
        }
        HirKind::Repetition(r) if is_any_char(&r.sub) && r.max.is_none() => match r.min {
            0 => vec![Glob::gap(Gap::Any)],
            1 => vec![Glob::gap(Gap::Some)],
            _ => return None,
        },
        HirKind::Repetition(r) if r.min == 0 && r.max == Some(1) => {
            let mut all = expand(&r.sub)?;
            all.push(Glob::literal(""));
            all
        }
        HirKind::Repetition(_) | HirKind::Look(_) | HirKind::Capture(_) => return None,
    })
}

/// The characters of a class, when they are few.
fn class_chars(class: &Class) -> Option<impl Iterator<Item = char>> {
    let Class::Unicode(class) = class else {
        return None;
    };
    let size: u32 = class
        .iter()
        .map(|r| u32::from(r.end()) - u32::from(r.start()) + 1)
        .sum();
    (size as usize <= PRODUCT_MAX).then(|| {
        let ranges: Vec<_> = class.iter().map(|r| r.start()..=r.end()).collect();
        ranges.into_iter().flatten()
    })
}

fn is_any_char(hir: &Hir) -> bool {
    match hir.kind() {
        HirKind::Class(Class::Unicode(class)) => {
            matches!(class.ranges(), [r] if r.start() == '\0' && r.end() == char::MAX)
        }
        HirKind::Capture(capture) => is_any_char(&capture.sub),
        _ => false,
    }
}

/// The literals that every match of a simplified expression has.
pub(super) fn required(hir: &Hir) -> Required {
    let mut found = Required::default();
    let whole = [hir.clone()];
    let of = match hir.kind() {
        HirKind::Concat(of) => of.as_slice(),
        _ => &whole,
    };
    found.prefix = of.iter().map_while(literal).collect();
    let tail: Vec<&str> = of.iter().rev().map_while(literal).collect();
    found.suffix = tail.into_iter().rev().collect();
    for part in of.iter().filter_map(literal) {
        if part.len() > found.inner.len() {
            part.clone_into(&mut found.inner);
        }
    }
    found
}

fn literal(hir: &Hir) -> Option<&str> {
    match hir.kind() {
        HirKind::Literal(literal) => std::str::from_utf8(&literal.0).ok(),
        _ => None,
    }
}

/// The longest text that all of `texts` start with.
pub(super) fn common_prefix<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    let mut texts = texts.into_iter();
    let Some(first) = texts.next() else {
        return String::new();
    };
    let mut prefix = first;
    for text in texts {
        let common = prefix
            .char_indices()
            .zip(text.chars())
            .find(|((_, a), b)| a != b)
            .map_or(prefix.len().min(text.len()), |((i, _), _)| i);
        prefix = &prefix[..common];
    }
    prefix.to_owned()
}
