//! Paths into JSON: `a.b[0]["c d"]`, in lines that need not be whole.

use std::borrow::Cow;

use super::scan::{
    Elements, Found, Kind, Members, Problem, block_end, skip_space, string_end, unescape, value,
};

/// A step into a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::stage) enum Step {
    Key(String),
    Index(usize),
}

impl Step {
    fn is_key(&self, key: &[u8]) -> bool {
        matches!(self, Self::Key(own) if own.as_bytes() == key)
    }
}

/// Reads a path.
pub(super) fn parse(text: &str) -> Result<Vec<Step>, String> {
    let wrong = || format!("cannot parse expression {text:?}: write it as in a.b[0][\"c d\"]");
    let mut steps = Vec::new();
    let mut rest = trim(text);
    while !rest.is_empty() {
        if let Some(behind) = rest.strip_prefix('[') {
            let (step, behind) = bracket(trim(behind)).ok_or_else(wrong)?;
            steps.push(step);
            rest = trim(trim(behind).strip_prefix(']').ok_or_else(wrong)?);
            continue;
        }
        if !steps.is_empty() {
            rest = trim(rest.strip_prefix('.').ok_or_else(wrong)?);
        }
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        let (key, behind) = rest.split_at(end);
        if key.is_empty() || key.starts_with(|c: char| c.is_ascii_digit()) {
            return Err(wrong());
        }
        steps.push(Step::Key(key.to_owned()));
        rest = trim(behind);
    }
    if steps.is_empty() {
        Err(wrong())
    } else {
        Ok(steps)
    }
}

fn trim(text: &str) -> &str {
    text.trim_start_matches([' ', '\t', '\n'])
}

/// What stands in brackets, and the rest.
fn bracket(text: &str) -> Option<(Step, &str)> {
    if let Some(quoted) = text.strip_prefix('"') {
        let end = quoted.find(['"', ']'])?;
        return Some((Step::Key(quoted[..end].to_owned()), &quoted[end + 1..]));
    }
    let end = text.find(|c: char| !c.is_ascii_digit())?;
    let (digits, behind) = text.split_at(end);
    Some((Step::Index(digits.parse().ok()?), behind))
}

/// A walk over a line that looks for all paths at once.
pub(super) struct Walk<'w, 'j> {
    data: &'j [u8],
    paths: &'w [Vec<Step>],
    is_done: Vec<bool>,
    /// Longest path.
    longest: usize,
    /// The last key at each level.
    keys: Vec<Cow<'j, [u8]>>,
}

impl<'w, 'j> Walk<'w, 'j> {
    pub(super) fn new(data: &'j [u8], paths: &'w [Vec<Step>]) -> Self {
        Self {
            data,
            paths,
            is_done: vec![false; paths.len()],
            longest: paths.iter().map(Vec::len).max().unwrap_or(0),
            keys: Vec::new(),
        }
    }

    /// Calls `see` with the number of each path that is found and the first value there,
    /// and with what is wrong where a value should be. Stops where it cannot go on.
    pub(super) fn run(mut self, see: &mut impl FnMut(usize, Result<Found<'j>, Problem>)) {
        let data = self.data;
        let mut level = 0_i64;
        let mut at = 0;
        while at < data.len() && self.is_done.contains(&false) {
            match data[at] {
                b'"' => {
                    let Some(behind) = self.string(at, level, see) else {
                        return;
                    };
                    at = behind;
                    continue;
                }
                b'[' => {
                    let Some(behind) = self.array(at, level, see) else {
                        return;
                    };
                    at = behind;
                    continue;
                }
                b'{' => level += 1,
                b'}' | b']' => level -= 1,
                _ => {}
            }
            at += 1;
        }
    }

    /// A string: perhaps a key. Answers where to go on.
    fn string(
        &mut self,
        at: usize,
        level: i64,
        see: &mut impl FnMut(usize, Result<Found<'j>, Problem>),
    ) -> Option<usize> {
        let data = self.data;
        let (end, is_escaped) = string_end(data, at + 1)?;
        let behind = skip_space(data, end + 1)?;
        if data[behind] != b':' {
            return Some(behind);
        }
        if level < 1 {
            see(usize::MAX, Err(Problem::Json));
            return None;
        }
        let depth = usize::try_from(level).ok()?;
        if depth > self.longest {
            return Some(behind + 1);
        }
        let raw = &data[at + 1..end];
        let key = if is_escaped {
            Cow::Owned(unescape(raw)?)
        } else {
            Cow::Borrowed(raw)
        };
        self.keys.resize(depth, Cow::Borrowed(b""));
        self.keys[depth - 1] = key;
        for (i, path) in self.paths.iter().enumerate() {
            if !self.is_done[i] && path.len() == depth && self.is_below(path, depth) {
                self.is_done[i] = true;
                see(i, value(data, behind + 1));
            }
        }
        Some(behind + 1)
    }

    /// Whether the keys up to that depth are the path's.
    fn is_below(&self, path: &[Step], depth: usize) -> bool {
        self.keys.len() >= depth
            && path
                .iter()
                .zip(&self.keys[..depth])
                .all(|(s, k)| s.is_key(k))
    }

    /// An array: skipped, unless a path has an index here.
    fn array(
        &mut self,
        at: usize,
        level: i64,
        see: &mut impl FnMut(usize, Result<Found<'j>, Problem>),
    ) -> Option<usize> {
        let data = self.data;
        let Ok(depth) = usize::try_from(level) else {
            see(usize::MAX, Err(Problem::Json));
            return None;
        };
        let wanted: Vec<(usize, usize)> = (0..self.paths.len())
            .filter(|i| !self.is_done[*i] && self.is_below(&self.paths[*i], depth))
            .filter_map(|i| match self.paths[i].get(depth)? {
                Step::Index(index) => Some((i, *index)),
                Step::Key(_) => None,
            })
            .collect();
        if wanted.is_empty() {
            return block_end(data, at, b'[', b']');
        }
        let mut elements = Elements::of(data, at);
        for (index, element) in elements.by_ref().enumerate() {
            for (i, _) in wanted.iter().filter(|(_, n)| *n == index) {
                let rest = &self.paths[*i][depth + 1..];
                let found = match element {
                    Ok(found) => follow(found, rest).map(Ok),
                    Err(problem) => Some(Err(problem)),
                };
                if let Some(found) = found {
                    self.is_done[*i] = true;
                    see(*i, found);
                }
            }
        }
        elements.end.map(|end| end + 1)
    }
}

/// The value at the end of a path from a value.
fn follow<'j>(from: Found<'j>, path: &[Step]) -> Option<Found<'j>> {
    let mut found = from;
    for step in path {
        found = match (step, found.kind) {
            (Step::Key(key), Kind::Object) => Members::of(found.raw)
                .map_while(Result::ok)
                .find(|(k, _)| k.as_ref() == key.as_bytes())
                .map(|(_, value)| value)?,
            (Step::Index(index), Kind::Array) => Elements::of(found.raw, 0).nth(*index)?.ok()?,
            _ => return None,
        };
    }
    Some(found)
}
