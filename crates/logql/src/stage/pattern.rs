//! Patterns: literals with `<name>` and `<_>` between, as a parser and as a line filter.

use binnacle_model::event::LineMatch;

use super::hints::Sink;

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Literal(String),
    /// Empty for `<_>`.
    Capture(String),
}

/// A compiled pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template(Vec<Piece>);

impl Template {
    /// Of `| pattern "…"`: it names one label at least, each once.
    ///
    /// # Errors
    /// What is wrong.
    pub fn of_parser(text: &str) -> Result<Self, String> {
        let template = Self::new(text)?;
        let mut names: Vec<&str> = template
            .0
            .iter()
            .filter_map(|p| match p {
                Piece::Capture(name) if !name.is_empty() => Some(name.as_str()),
                _ => None,
            })
            .collect();
        if names.is_empty() {
            return Err(format!(
                "at least one capture is required in pattern {text:?}"
            ));
        }
        names.sort_unstable();
        if names.windows(2).any(|w| w[0] == w[1]) {
            return Err(format!("duplicate capture name in pattern {text:?}"));
        }
        Ok(template)
    }

    /// Of `|> "…"`: captures have no names. The empty pattern is the empty line's.
    ///
    /// # Errors
    /// What is wrong.
    pub fn of_line(text: &str) -> Result<Self, String> {
        let template = Self::new(text)?;
        let named = |p: &Piece| matches!(p, Piece::Capture(name) if !name.is_empty());
        if template.0.iter().any(named) {
            return Err(format!(
                "named captures are not allowed in the line filter {text:?}"
            ));
        }
        Ok(template)
    }

    fn new(text: &str) -> Result<Self, String> {
        let mut pieces: Vec<Piece> = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some(open) = rest.find('<') {
            let behind = &rest[open + 1..];
            let name = behind.find('>').map(|close| &behind[..close]);
            let Some(name) = name.filter(|n| is_name(n)) else {
                literal.push_str(&rest[..=open]);
                rest = behind;
                continue;
            };
            literal.push_str(&rest[..open]);
            if !literal.is_empty() {
                pieces.push(Piece::Literal(std::mem::take(&mut literal)));
            } else if matches!(pieces.last(), Some(Piece::Capture(_))) {
                return Err(format!(
                    "found consecutive capture in {text:?}: there must be a literal between two"
                ));
            }
            let name = if name == "_" { "" } else { name };
            pieces.push(Piece::Capture(name.to_owned()));
            rest = &behind[behind.find('>').unwrap_or(0) + 1..];
        }
        literal.push_str(rest);
        if !literal.is_empty() {
            pieces.push(Piece::Literal(literal));
        }
        Ok(Self(pieces))
    }

    /// As a test of lines.
    pub(super) fn line_match(&self) -> LineMatch {
        let pieces: Vec<Vec<u8>> = self
            .0
            .iter()
            .filter_map(|p| match p {
                Piece::Literal(text) => Some(text.as_bytes().to_vec()),
                Piece::Capture(_) => None,
            })
            .collect();
        LineMatch::Pieces {
            pieces,
            open_start: matches!(self.0.first(), Some(Piece::Capture(_))),
            open_end: matches!(self.0.last(), Some(Piece::Capture(_))),
        }
    }

    /// Sets what the captures catch.
    pub(super) fn run(&self, line: &[u8], sink: &mut Sink<'_>) {
        if line.is_empty() || sink.hints.is_done(sink.labels) {
            return;
        }
        self.captures(line, |name, value| {
            sink.offer(name, || Some(String::from_utf8_lossy(value)))
        });
    }

    /// Calls `see` for each named capture, up to where the line and the pattern differ, or
    /// until it says that it has seen enough.
    fn captures<'l>(&self, line: &'l [u8], mut see: impl FnMut(&str, &'l [u8]) -> bool) {
        let mut rest = line;
        let mut pieces = self.0.iter().peekable();
        if let Some(Piece::Literal(text)) = pieces.peek() {
            let Some(behind) = rest.strip_prefix(text.as_bytes()) else {
                return;
            };
            rest = behind;
            pieces.next();
        }
        while let Some(piece) = pieces.next() {
            let Piece::Capture(name) = piece else {
                continue;
            };
            let value = match pieces.next() {
                None => std::mem::take(&mut rest),
                Some(Piece::Literal(text)) => {
                    match find(rest, text.as_bytes()) {
                        Some(at) => {
                            let value = &rest[..at];
                            rest = &rest[at + text.len()..];
                            value
                        }
                        None => {
                            // The last capture takes what there is.
                            if !name.is_empty() {
                                see(name, rest);
                            }
                            return;
                        }
                    }
                }
                Some(Piece::Capture(_)) => return,
            };
            if !name.is_empty() && see(name, value) {
                return;
            }
        }
    }
}

/// Where a text begins in a line. The texts between captures are short and mostly near:
/// preparing a search for them would cost more than the search.
fn find(line: &[u8], text: &[u8]) -> Option<usize> {
    let (first, behind) = text.split_first()?;
    memchr::memchr_iter(*first, line).find(|at| line[at + 1..].starts_with(behind))
}

fn is_name(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes
        .next()
        .is_some_and(|b| b.is_ascii_alphabetic() || b == b'_')
        && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_')
}
