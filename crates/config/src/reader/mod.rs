//! Takes the fields of a mapping by name and type, and gathers what is wrong.
//!
//! A section of a file is read by a function over a [`Reader`]: it takes each field
//! it knows, with its default, and refuses what does not fit together. Whatever it
//! did not take is an unknown field. Nothing stops at the first mistake: a field
//! that cannot be read stands for its default, and the mistake is noted in the
//! [`Context`]; a second mistake at the same place is left out, because it is most
//! often the echo of the first.
//!
//! What was taken, with its default, is also gathered as an [`Out`] tree: that is
//! the effective configuration, printed without secrets. And because the fields
//! are named only by the code that reads them, [`describe`] asks that code for the
//! full list of keys, which the tests hold against the documentation.

mod collections;
mod context;
mod nearest;
mod scalars;
mod sections;
mod size;

use std::path::PathBuf;

use super::error::{At, ConfigError};
use super::yaml::{Entry, Node, Out, Value};

pub use context::{Context, FileKind, Inactive, NamedFile};
pub use nearest::nearest;
pub use size::parse_size;

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed<T> {
    /// Where it stands.
    pub at: At,
    /// The value.
    pub value: T,
}

/// One mapping that is being read.
pub struct Reader<'a> {
    context: &'a Context,
    at: At,
    path: String,
    entries: &'a [Entry],
    known: Vec<&'static str>,
    /// Whether the names in this mapping are the user's to choose.
    free: bool,
    out: Vec<(String, Out)>,
}

/// Reads the mapping at the top of a file with `read`, and gives what it made and
/// the effective form of it. No node is an empty mapping.
pub fn read_file<T>(
    context: &Context,
    node: Option<&Node>,
    read: impl FnOnce(&mut Reader<'_>) -> T,
) -> (T, Out) {
    let entries = match node.map(|n| &n.value) {
        Some(Value::Map(entries)) => entries.as_slice(),
        _ => {
            if let Some(node) = node.filter(|n| !n.is_null()) {
                let message = format!("the file must hold a mapping, found {}", node.kind());
                context.error(node.at, message);
            }
            &[]
        }
    };
    let at = node.map_or(At { line: 1, column: 1 }, |n| n.at);
    let mut reader = Reader::new(context, at, String::new(), entries);
    let value = read(&mut reader);
    (value, reader.finish())
}

/// The paths of all fields that `read` takes, sections spelled out: `a.b`, `c[].d`.
pub fn describe<T>(read: impl FnOnce(&mut Reader<'_>) -> T) -> Vec<String> {
    let context = Context::describing();
    let _ = read_file(&context, None, read);
    context.into_fields()
}

impl<'a> Reader<'a> {
    fn new(context: &'a Context, at: At, path: String, entries: &'a [Entry]) -> Self {
        Self {
            context,
            at,
            path,
            entries,
            known: Vec::new(),
            free: false,
            out: Vec::new(),
        }
    }

    /// Notes unknown fields, and gives the effective form.
    fn finish(self) -> Out {
        for entry in self.entries {
            if self.free || self.known.contains(&entry.key.text.as_str()) {
                continue;
            }
            let key = entry
                .key
                .as_text()
                .map_or_else(|quoted| quoted, |text| format!("{text:?}"));
            let hint = nearest(&entry.key.text, &self.known);
            let error = ConfigError::new(
                self.context.file(),
                entry.at,
                format!("unknown field {key}"),
            )
            .hint(hint.map(|known| format!("did you mean {known:?}?")));
            self.context.push(error);
        }
        Out::Map(self.out)
    }

    /// The file and everything that is noted about it.
    #[must_use]
    pub fn context(&self) -> &'a Context {
        self.context
    }

    /// Where this mapping stands in the file, such as `scrape_configs[2]`.
    #[must_use]
    pub fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.path)
        }
    }

    /// Where the value of `key` starts; where this mapping starts when it has none.
    #[must_use]
    pub fn at(&self, key: &str) -> At {
        self.entry(key).map_or(self.at, |e| e.value.at)
    }

    /// Where the value of `field` of the mapping under `key` starts; `None` when there is
    /// none.
    #[must_use]
    pub fn place_in(&self, key: &str, field: &str) -> Option<At> {
        let Value::Map(entries) = &self.entry(key)?.value.value else {
            return None;
        };
        let found = entries.iter().find(|e| e.key.text == field)?;
        Some(found.value.at)
    }

    /// Whether `key` is there with a value.
    #[must_use]
    pub fn has(&self, key: &str) -> bool {
        self.entry(key).is_some_and(|e| !e.value.is_null())
    }

    /// Whether `key` is there with nothing behind it.
    #[must_use]
    pub fn is_null(&self, key: &str) -> bool {
        self.entry(key).is_some_and(|e| e.value.is_null())
    }

    /// Notes a mistake at the value of `key`, or at this mapping when it has none.
    pub fn refuse(&self, key: &str, message: impl Into<String>) {
        match self.entry(key) {
            Some(entry) => self.context.value_error(entry.value.at, message),
            None => self.context.error(self.at, message),
        }
    }

    /// Notes a mistake at a place, such as that of a list's element.
    pub fn refuse_at(&self, at: At, message: impl Into<String>) {
        self.context.value_error(at, message);
    }

    /// Notes a mistake of this mapping as a whole.
    pub fn refuse_all(&self, message: impl Into<String>) {
        self.context.error(self.at, message);
    }

    /// Notes that `key` is understood and does not act yet.
    pub fn inactive(&self, key: &str, what: &str) {
        if let Some(entry) = self.entry(key).filter(|e| !e.value.is_null()) {
            self.context
                .inactive(self.path_of(key), entry.at.line, what);
        }
    }

    /// Notes that this mapping as a whole is understood and does not act yet.
    pub fn inactive_here(&self, what: &str) {
        self.context.inactive(self.path.clone(), self.at.line, what);
    }

    /// Puts `value` for `key` into the effective form.
    pub fn show(&mut self, key: &str, value: Out) {
        match self.out.iter_mut().find(|(k, _)| k == key) {
            Some((_, old)) => *old = value,
            None => self.out.push((key.to_owned(), value)),
        }
    }

    /// Moves `key` to the end of the effective form.
    pub fn show_last(&mut self, key: &str) {
        if let Some(i) = self.out.iter().position(|(k, _)| k == key) {
            let entry = self.out.remove(i);
            self.out.push(entry);
        }
    }

    /// `path` seen from the directory of the file; absolute paths stay.
    #[must_use]
    pub fn resolve_path(&self, path: &str) -> PathBuf {
        self.context.dir().join(path)
    }

    fn entry(&self, key: &str) -> Option<&'a Entry> {
        self.entries.iter().find(|e| e.key.text == key)
    }

    /// Makes `key` known, and gives its node.
    fn take(&mut self, key: &'static str) -> Option<&'a Node> {
        self.known.push(key);
        self.entry(key).map(|e| &*e.value)
    }

    fn take_field(&mut self, key: &'static str) -> Option<&'a Node> {
        self.context.field(|| self.path_of(key));
        self.take(key)
    }

    fn wants(&self, node: &Node, key: &str, what: &str) {
        self.context.error(
            node.at,
            format!("{key:?} wants {what}, found {}", node.kind()),
        );
    }
}
