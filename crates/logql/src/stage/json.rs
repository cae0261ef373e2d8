//! `| json`: all keys, or values by path.

mod path;
pub(crate) mod scan;

use std::borrow::Cow;

use self::path::{Step, Walk};
use self::scan::{Found, Kind, Members, Problem};
use super::append_sanitized;
use super::hints::Sink;
use crate::ast::Extraction;

/// The error of a line that is none.
pub(super) const FAILED: &str = "JSONParserErr";

/// Deepest nesting that is flattened; what lies deeper is left out.
const DEPTH_MAX: usize = 64;

/// What is extracted.
pub(super) enum Json {
    All,
    Named {
        labels: Vec<String>,
        paths: Vec<Vec<Step>>,
    },
}

impl Json {
    pub(super) fn new(extractions: &[Extraction]) -> Result<Self, String> {
        if extractions.is_empty() {
            return Ok(Self::All);
        }
        Ok(Self::Named {
            labels: extractions.iter().map(|e| e.label.clone()).collect(),
            paths: extractions
                .iter()
                .map(|e| path::parse(&e.expression))
                .collect::<Result<_, _>>()?,
        })
    }

    /// Labels and their keys, when each is just one key and no label is there twice.
    pub(super) fn keys(&self) -> Option<Vec<(&str, &str)>> {
        let Self::Named { labels, paths } = self else {
            return None;
        };
        let mut keys: Vec<(&str, &str)> = Vec::new();
        for (label, path) in labels.iter().zip(paths) {
            let [Step::Key(key)] = path.as_slice() else {
                return None;
            };
            if keys.iter().any(|(own, _)| own == label) {
                return None;
            }
            keys.push((label, key));
        }
        Some(keys)
    }

    pub(super) fn run(&self, line: &[u8], sink: &mut Sink<'_>) {
        if sink.hints.is_done(sink.labels) {
            return;
        }
        match self {
            Self::All => all(line, sink),
            Self::Named { labels, paths } => named(line, labels, paths, sink),
        }
    }
}

/// Why flattening stopped.
enum Stop {
    /// All that is wanted is there.
    Done,
    Problem(Problem),
}

fn all(line: &[u8], sink: &mut Sink<'_>) {
    let mut name = std::mem::take(&mut sink.labels.scratch);
    name.clear();
    if let Err(Stop::Problem(problem)) = flatten(line, 0, &mut name, sink) {
        sink.fail(FAILED, problem.as_str());
    }
    sink.labels.scratch = name;
}

/// Hands over the values of an object. `name` is the name of the object itself and is the
/// same behind.
fn flatten(
    object: &[u8],
    depth: usize,
    name: &mut String,
    sink: &mut Sink<'_>,
) -> Result<(), Stop> {
    for member in Members::of(object) {
        let (key, found) = member.map_err(Stop::Problem)?;
        if matches!(found.kind, Kind::Null | Kind::Array) {
            continue;
        }
        let length = name.len();
        append_sanitized(name, &key);
        let result = match found.kind {
            Kind::Object if depth + 1 < DEPTH_MAX && sink.hints.wants_prefix(name) => {
                flatten(found.raw, depth + 1, name, sink)
            }
            Kind::Object => Ok(()),
            // A key without a name of its own is left out where it is the whole name.
            _ if depth == 0 && name.is_empty() => Ok(()),
            _ if sink.offer(name, || Some(scalar(&found))) => Err(Stop::Done),
            _ => Ok(()),
        };
        name.truncate(length);
        result?;
    }
    Ok(())
}

fn scalar<'j>(found: &Found<'j>) -> Cow<'j, str> {
    match found.kind {
        Kind::String => scan::text(found.raw),
        _ => String::from_utf8_lossy(found.raw),
    }
}

fn named(line: &[u8], labels: &[String], paths: &[Vec<Step>], sink: &mut Sink<'_>) {
    let Some(first) = line.first() else { return };
    if !matches!(first, b'"' | b'{' | b'[') {
        sink.fail(FAILED, "");
        return;
    }
    let mut count = 0;
    Walk::new(line, paths).run(&mut |i, found| match found {
        Ok(found) => {
            count += 1;
            let value = match found.kind {
                Kind::Null => Cow::Borrowed(""),
                Kind::Object => String::from_utf8_lossy(found.raw),
                _ => scan::text(found.raw),
            };
            if let Some(label) = labels.get(i) {
                sink.set_named(label, &value);
            }
        }
        Err(problem) => sink.fail(FAILED, problem.as_str()),
    });
    if count < labels.len() {
        sink.set_missing(labels);
    }
}
