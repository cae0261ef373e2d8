//! Fields of many values: lists of texts, and mappings from names to values.

use std::path::PathBuf;

use binnacle_client::settings::SecretText;

use crate::yaml::{Entry, Node, Out, Value};

use super::context::FileKind;
use super::{Placed, Reader};

impl<'a> Reader<'a> {
    /// The node under `key`, for a field that may hold anything; nothing is shown.
    /// `None` when it is not there or empty.
    pub fn node(&mut self, key: &'static str) -> Option<&'a Node> {
        self.take_field(key).filter(|node| !node.is_null())
    }

    /// A list of texts; an element with nothing in it is empty text.
    pub fn texts(&mut self, key: &'static str) -> Vec<Placed<String>> {
        let nodes = self.list(key, "a list of texts");
        let texts: Vec<_> = nodes
            .into_iter()
            .filter_map(|n| self.element(n, key))
            .collect();
        if !texts.is_empty() {
            let out = texts.iter().map(|t| Out::Text(t.value.clone())).collect();
            self.show(key, Out::List(out));
        }
        texts
    }

    /// The texts of a list that was taken before, as they were written.
    #[must_use]
    pub fn texts_again(&self, key: &str) -> Vec<Placed<String>> {
        match self.entry(key).map(|e| &e.value.value) {
            Some(Value::List(items)) => items.iter().filter_map(|n| self.element(n, key)).collect(),
            _ => Vec::new(),
        }
    }

    /// A list of texts that the effective form does not show.
    pub fn secrets(&mut self, key: &'static str) -> Vec<SecretText> {
        let nodes = self.list(key, "a list of texts");
        let texts: Vec<_> = nodes
            .into_iter()
            .filter_map(|n| Some(SecretText::new(self.element(n, key)?.value)))
            .collect();
        if !texts.is_empty() {
            self.show(key, Out::List(vec![Out::Secret; texts.len()]));
        }
        texts
    }

    /// A list of paths, seen from the directory of the file, that `check` looks for.
    pub fn files(&mut self, key: &'static str, kind: FileKind) -> Vec<PathBuf> {
        let texts = self.texts(key);
        let mut paths = Vec::with_capacity(texts.len());
        for text in texts {
            let path = self.resolve_path(&text.value);
            self.context.names(text.at, path.clone(), kind);
            paths.push(path);
        }
        if !paths.is_empty() {
            let out = paths
                .iter()
                .map(|p| Out::Text(p.display().to_string()))
                .collect();
            self.show(key, Out::List(out));
        }
        paths
    }

    /// A mapping from names to texts, in the order of the file.
    pub fn text_map(&mut self, key: &'static str) -> Vec<(Placed<String>, Placed<String>)> {
        let entries = self.map(key, "a mapping of texts");
        let pairs: Vec<_> = entries
            .iter()
            .filter_map(|e| Some((self.key(e, key)?, self.element(&e.value, key)?)))
            .collect();
        if !pairs.is_empty() {
            let out = pairs
                .iter()
                .map(|(k, v)| (k.value.clone(), Out::Text(v.value.clone())));
            let out = out.collect();
            self.show(key, Out::Map(out));
        }
        pairs
    }

    /// Whether the mapping under `key` has `name` with nothing behind it.
    #[must_use]
    pub fn is_null_in(&self, key: &str, name: &str) -> bool {
        let Some(Value::Map(entries)) = self.entry(key).map(|e| &e.value.value) else {
            return false;
        };
        let found = entries.iter().find(|e| e.key.text == name);
        found.is_some_and(|e| e.value.is_null())
    }

    /// A mapping from names to lists of texts; `secret` ones are not shown.
    pub fn texts_map(
        &mut self,
        key: &'static str,
        secret: bool,
    ) -> Vec<(Placed<String>, Vec<String>)> {
        let entries = self.map(key, "a mapping of lists of texts");
        let mut pairs = Vec::with_capacity(entries.len());
        for entry in entries {
            let Some(name) = self.key(entry, key) else {
                continue;
            };
            let values = match &entry.value.value {
                Value::List(items) => items
                    .iter()
                    .filter_map(|n| Some(self.element(n, key)?.value))
                    .collect(),
                _ if entry.value.is_null() => Vec::new(),
                _ => {
                    self.wants(&entry.value, &name.value, "a list of texts");
                    continue;
                }
            };
            pairs.push((name, values));
        }
        if !pairs.is_empty() {
            let shown = |text: &String| {
                if secret {
                    Out::Secret
                } else {
                    Out::Text(text.clone())
                }
            };
            let out = pairs
                .iter()
                .map(|(k, v): &(_, Vec<_>)| {
                    (k.value.clone(), Out::List(v.iter().map(shown).collect()))
                })
                .collect();
            self.show(key, Out::Map(out));
        }
        pairs
    }

    fn element(&self, node: &Node, key: &str) -> Option<Placed<String>> {
        if node.is_null() {
            return Some(Placed {
                at: node.at,
                value: String::new(),
            });
        }
        self.placed_text_of(node, key)
    }

    fn key(&self, entry: &Entry, field: &str) -> Option<Placed<String>> {
        entry
            .key
            .as_text()
            .map(|value| Placed {
                at: entry.at,
                value,
            })
            .inspect_err(|quoted| {
                let what = if field.ends_with("labels") {
                    "label name"
                } else {
                    "name"
                };
                self.context
                    .error(entry.at, format!("{quoted} is not a valid {what}"));
            })
            .ok()
    }

    fn list(&mut self, key: &'static str, what: &str) -> Vec<&'a Node> {
        match self.take_field(key) {
            None => Vec::new(),
            Some(node) => match &node.value {
                Value::List(items) => items.iter().map(|n| &**n).collect(),
                _ if node.is_null() => Vec::new(),
                _ => {
                    self.wants(node, key, what);
                    Vec::new()
                }
            },
        }
    }

    fn map(&mut self, key: &'static str, what: &str) -> &'a [Entry] {
        match self.take_field(key) {
            None => &[],
            Some(node) => match &node.value {
                Value::Map(entries) => entries,
                _ if node.is_null() => &[],
                _ => {
                    self.wants(node, key, what);
                    &[]
                }
            },
        }
    }
}
