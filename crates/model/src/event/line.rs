//! Tests of a whole line: what line filters ask, in a form that an engine can use to
//! skip what cannot pass.

use std::sync::Arc;

use regex::bytes::{Regex, RegexBuilder};

use crate::pattern::{PatternError, go_to_rust};

/// Most memory of a compiled expression, in bytes.
const COMPILED_BYTES_MAX: usize = 32 << 20;

/// A test of a line: it passes when any of `any` matches, or, `negated`, when none does.
#[derive(Debug, Clone)]
pub struct LineTest {
    /// The alternatives; never empty.
    pub any: Vec<LineMatch>,
    /// Whether none may match.
    pub negated: bool,
}

/// What may be in a line.
#[derive(Debug, Clone)]
pub enum LineMatch {
    /// These bytes somewhere; the empty string is in every line.
    Contains(Vec<u8>),
    /// This expression somewhere.
    Regex(Arc<LineRegex>),
    /// These pieces one behind the other with something between (LogQL's `|>`); the last
    /// at the end unless `open_end`. Nothing at all is the empty line's.
    Pieces {
        /// Literals in order; not empty ones.
        pieces: Vec<Vec<u8>>,
        /// Something stands before the first; otherwise something may.
        open_start: bool,
        /// Something stands behind the last.
        open_end: bool,
    },
}

impl LineTest {
    /// Whether the line passes.
    #[must_use]
    pub fn passes(&self, line: &[u8]) -> bool {
        self.any.iter().any(|m| m.is_match(line)) != self.negated
    }
}

impl LineMatch {
    /// Whether it is in the line.
    #[must_use]
    pub fn is_match(&self, line: &[u8]) -> bool {
        match self {
            Self::Contains(bytes) => memchr::memmem::find(line, bytes).is_some(),
            Self::Regex(regex) => regex.is_match(line),
            Self::Pieces {
                pieces,
                open_start,
                open_end,
            } => pieces_match(line, pieces, *open_start, *open_end),
        }
    }
}

/// As Loki tests it: each piece is looked for once, behind the one before it.
fn pieces_match(line: &[u8], pieces: &[Vec<u8>], open_start: bool, open_end: bool) -> bool {
    if line.is_empty() {
        return pieces.is_empty() && !open_start && !open_end;
    }
    let mut rest = line;
    for (i, piece) in pieces.iter().enumerate() {
        let needs_gap = i > 0 || open_start;
        match memchr::memmem::find(rest, piece) {
            None => return false,
            Some(0) if needs_gap => return false,
            Some(at) => rest = &rest[at + piece.len()..],
        }
    }
    let is_open = open_end || (pieces.is_empty() && open_start);
    is_open != rest.is_empty()
}

/// An expression in Go's RE2 syntax that may match anywhere in a line. Lines need not
/// be UTF-8; `.` does not match a line feed, as in Go.
#[derive(Debug)]
pub struct LineRegex {
    text: String,
    regex: Regex,
    groups: Vec<String>,
    literals: Vec<Vec<u8>>,
}

impl LineRegex {
    /// Compiles `text`.
    ///
    /// # Errors
    /// When Go's parser would refuse it, or it compiles to more than the size limit.
    pub fn new(text: &str) -> Result<Self, PatternError> {
        let translated = go_to_rust(text)?;
        let regex = RegexBuilder::new(&translated.text)
            .unicode(true)
            .size_limit(COMPILED_BYTES_MAX)
            .build()
            .map_err(|e| PatternError {
                message: format!("error parsing regexp: {e}: `{text}`"),
            })?;
        Ok(Self {
            text: text.to_owned(),
            literals: required_literals(&translated.text),
            regex,
            groups: translated.groups,
        })
    }

    /// The text it was made of.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The compiled expression, for searching whole blocks.
    #[must_use]
    pub fn regex(&self) -> &Regex {
        &self.regex
    }

    /// Names of the capture groups from group 1 on; empty where there is none.
    #[must_use]
    pub fn groups(&self) -> &[String] {
        &self.groups
    }

    /// At least one of these is in every line that matches; empty when nothing is known.
    #[must_use]
    pub fn literals(&self) -> &[Vec<u8>] {
        &self.literals
    }

    /// Whether it matches somewhere in the line.
    #[must_use]
    pub fn is_match(&self, line: &[u8]) -> bool {
        self.regex.is_match(line)
    }
}

/// A set of literals one of which every match holds, as long ones as can be had: those
/// in front, or those behind.
fn required_literals(translated: &str) -> Vec<Vec<u8>> {
    use regex_syntax::hir::literal::{ExtractKind, Extractor};
    let Ok(hir) = regex_syntax::ParserBuilder::new()
        .utf8(false)
        .build()
        .parse(translated)
    else {
        return Vec::new();
    };
    let mut best: Vec<Vec<u8>> = Vec::new();
    let mut best_length = 0;
    for kind in [ExtractKind::Prefix, ExtractKind::Suffix] {
        let mut extractor = Extractor::new();
        extractor.kind(kind);
        let found = inner_sequences(&hir, &extractor);
        for literals in found {
            let shortest = literals.iter().map(Vec::len).min().unwrap_or(0);
            if shortest > best_length {
                best_length = shortest;
                best = literals;
            }
        }
    }
    best
}

/// The finite literal sets of the expression and of the parts of its concatenation.
fn inner_sequences(
    hir: &regex_syntax::hir::Hir,
    extractor: &regex_syntax::hir::literal::Extractor,
) -> Vec<Vec<Vec<u8>>> {
    use regex_syntax::hir::HirKind;
    let mut out = Vec::new();
    let sequence = extractor.extract(hir);
    if let Some(literals) = sequence.literals()
        && !literals.is_empty()
    {
        out.push(literals.iter().map(|l| l.as_bytes().to_vec()).collect());
    }
    match hir.kind() {
        HirKind::Concat(parts) => {
            for part in parts {
                out.extend(inner_sequences(part, extractor));
            }
        }
        HirKind::Capture(capture) => out.extend(inner_sequences(&capture.sub, extractor)),
        HirKind::Repetition(repetition) if repetition.min > 0 => {
            out.extend(inner_sequences(&repetition.sub, extractor));
        }
        _ => {}
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn literals(text: &str) -> Vec<String> {
        LineRegex::new(text)
            .unwrap()
            .literals()
            .iter()
            .map(|l| String::from_utf8_lossy(l).into_owned())
            .collect()
    }

    #[test]
    fn literals_that_must_be_there() {
        assert_eq!(literals("foo.*longer[0-9]+x"), ["longer"]);
        assert_eq!(literals("(error|failed) .*"), ["error ", "failed "]);
        assert!(literals(".*").is_empty());
        assert!(literals("(abc)?").is_empty() || literals("(abc)?") == [""]);
    }

    #[test]
    fn pieces() {
        let test = |pieces: &[&str], open_start, open_end, line: &str| {
            let pieces: Vec<Vec<u8>> = pieces.iter().map(|p| p.as_bytes().to_vec()).collect();
            pieces_match(line.as_bytes(), &pieces, open_start, open_end)
        };
        assert!(test(&["a", "b"], false, false, "axxb"));
        assert!(!test(&["a", "b"], false, false, "axxbx"));
        assert!(test(&["a", "b"], true, true, "xaxxbx"));
        assert!(!test(&["ab", "b"], false, false, "ab"));
        assert!(test(&["ab"], false, false, "ab"));
        assert!(!test(&["ab"], false, false, "abc"));
        assert!(!test(&["a", "b"], true, true, "axxbx"));
        assert!(!test(&["a", "b"], true, true, "xabx"));
        assert!(!test(&["a"], true, true, "xa"));
        assert!(!test(&["b"], true, false, "xbxb"));
        assert!(test(&["a"], false, true, "xab"));
        assert!(test(&[], true, true, "x") && !test(&[], true, true, ""));
        assert!(test(&[], false, false, "") && !test(&[], false, false, "x"));
    }
}
