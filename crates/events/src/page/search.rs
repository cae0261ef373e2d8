//! Which lines of an open page pass a test: searched as one text, not line by line, where
//! a literal is looked for.

use binnacle_model::event::{LineMatch, LineTest};
use memchr::memmem::Finder;

/// Keeps the candidates whose line passes. Candidates are ascending by row.
pub(super) fn keep_lines(
    test: &LineTest,
    lines: &[u8],
    ends: &[usize],
    candidates: &mut Vec<(u32, u32)>,
) {
    if let [only] = test.any.as_slice()
        && let Some(literal) = literal_of(only)
        && !literal.is_empty()
        && candidates.len() > 8
    {
        let is_whole_test = matches!(only, LineMatch::Contains(_));
        let mut found = Found::new(literal, lines, ends);
        candidates.retain(|&(row, _)| {
            let row = row as usize;
            let matches =
                found.is_in(row) && (is_whole_test || only.is_match(line(lines, ends, row)));
            matches != test.negated
        });
        return;
    }
    candidates.retain(|&(row, _)| test.passes(line(lines, ends, row as usize)));
}

fn line<'a>(lines: &'a [u8], ends: &[usize], row: usize) -> &'a [u8] {
    let from = row.checked_sub(1).map_or(0, |r| ends[r]);
    &lines[from..ends[row]]
}

/// A literal that is in every line that matches.
fn literal_of(of: &LineMatch) -> Option<&[u8]> {
    match of {
        LineMatch::Contains(text) => Some(text),
        LineMatch::Regex(regex) => match regex.literals() {
            [only] => Some(only),
            _ => None,
        },
        LineMatch::Pieces { pieces, .. } => {
            pieces.iter().max_by_key(|p| p.len()).map(Vec::as_slice)
        }
    }
}

/// Walks over the places of a literal.
struct Found<'a> {
    finder: Finder<'a>,
    len: usize,
    lines: &'a [u8],
    ends: &'a [usize],
    /// The next place that was not handed out; `None` when there is no more.
    next: Option<usize>,
}

impl<'a> Found<'a> {
    fn new(literal: &'a [u8], lines: &'a [u8], ends: &'a [usize]) -> Self {
        let finder = Finder::new(literal);
        let next = finder.find(lines);
        Self {
            len: literal.len(),
            finder,
            lines,
            ends,
            next,
        }
    }

    fn seek(&mut self, from: usize) {
        let rest = self.lines.get(from..).unwrap_or_default();
        self.next = self.finder.find(rest).map(|at| from + at);
    }

    /// Whether the literal is in the line of `row`; rows are asked for in rising order.
    fn is_in(&mut self, row: usize) -> bool {
        let from = row.checked_sub(1).map_or(0, |r| self.ends[r]);
        let to = self.ends[row];
        while let Some(at) = self.next {
            if at < from {
                self.seek(from);
            } else if at + self.len <= to {
                return true;
            } else if at < to {
                // It reaches into the next line.
                self.seek(at + 1);
            } else {
                return false;
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_as_line_by_line() {
        let rows = [
            "ab", "abab", "b", "", "xab", "a", "b", "aab", "ba", "abx", "bb", "zab",
        ];
        let mut lines = Vec::new();
        let mut ends = Vec::new();
        for row in rows {
            lines.extend_from_slice(row.as_bytes());
            ends.push(lines.len());
        }
        for literal in ["a", "b", "ab", "abab", "aab", "bab", "x", "zz", ""] {
            for negated in [false, true] {
                let test = LineTest {
                    any: vec![LineMatch::Contains(literal.as_bytes().to_vec())],
                    negated,
                };
                for step in [1, 2] {
                    let all = (0..rows.len() as u32).step_by(step).chain([]);
                    let mut kept: Vec<(u32, u32)> = all.map(|r| (r, 0)).collect();
                    let want: Vec<u32> = kept
                        .iter()
                        .map(|r| r.0)
                        .filter(|r| test.passes(rows[*r as usize].as_bytes()))
                        .collect();
                    keep_lines(&test, &lines, &ends, &mut kept);
                    let kept: Vec<u32> = kept.iter().map(|r| r.0).collect();
                    assert_eq!(kept, want, "{literal:?} {negated} {step}");
                }
            }
        }
    }
}
