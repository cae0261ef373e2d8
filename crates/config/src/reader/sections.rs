//! Fields that are mappings themselves, or lists or maps of such.

use crate::yaml::{Entry, Node, Out, Value};

use super::Reader;

impl Reader<'_> {
    /// The section under `key`, or `None` when it is not there or empty.
    pub fn section<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&mut Reader<'_>) -> T,
    ) -> Option<T> {
        let node = self.take(key);
        if self.context.is_describing() {
            return Some(self.child(None, self.path_of(key), read).0);
        }
        let node = node.filter(|n| !n.is_null())?;
        let (value, out) = self.child(Some(node), self.path_of(key), read);
        self.show(key, out);
        Some(value)
    }

    /// The section under `key`, read as an empty one when it is not there, so that
    /// its defaults are filled in.
    pub fn section_or_default<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&mut Reader<'_>) -> T,
    ) -> T {
        let node = self.take(key).filter(|n| !n.is_null());
        let (value, out) = self.child(node, self.path_of(key), read);
        self.show(key, out);
        value
    }

    /// The sections in the list under `key`; one with nothing in it is refused with
    /// the message `empty`.
    pub fn sections<T>(
        &mut self,
        key: &'static str,
        empty: &str,
        mut read: impl FnMut(&mut Reader<'_>) -> T,
    ) -> Vec<T> {
        let node = self.take(key);
        if self.context.is_describing() {
            return vec![self.child(None, format!("{}[]", self.path_of(key)), read).0];
        }
        let Some(node) = node.filter(|n| !n.is_null()) else {
            return Vec::new();
        };
        let Value::List(items) = &node.value else {
            self.wants(node, key, "a list");
            return Vec::new();
        };
        let mut values = Vec::with_capacity(items.len());
        let mut outs = Vec::with_capacity(items.len());
        for (i, item) in items.iter().enumerate() {
            if item.is_null() {
                self.context.error(item.at, empty);
                continue;
            }
            let path = format!("{}[{i}]", self.path_of(key));
            let (value, out) = self.child(Some(item), path, &mut read);
            values.push(value);
            outs.push(out);
        }
        if !outs.is_empty() {
            self.show(key, Out::List(outs));
        }
        values
    }

    /// As [`Reader::sections`], for sections of other files that [`super::describe`]
    /// lists by their key alone.
    pub fn sections_once<T>(
        &mut self,
        key: &'static str,
        empty: &str,
        read: impl FnMut(&mut Reader<'_>) -> T,
    ) -> Vec<T> {
        if self.context.is_describing() {
            self.take_field(key);
            return Vec::new();
        }
        self.sections(key, empty, read)
    }

    /// Reads this mapping as one from names that are free to sections.
    pub fn each_section<T>(
        &mut self,
        mut read: impl FnMut(&mut Reader<'_>) -> T,
    ) -> Vec<(String, T)> {
        if self.context.is_describing() {
            return vec![(String::new(), self.child(None, self.path_of("*"), read).0)];
        }
        self.free = true;
        let entries = self.entries;
        let mut values = Vec::with_capacity(entries.len());
        for entry in entries {
            let Ok(name) = entry.key.as_text() else {
                self.context.error(entry.at, "a name must be UTF-8");
                continue;
            };
            let node = Some(&*entry.value).filter(|n| !n.is_null());
            let (value, out) = self.child(node, self.path_of(&name), &mut read);
            self.out.push((name.clone(), out));
            values.push((name, value));
        }
        values
    }

    fn child<T>(
        &self,
        node: Option<&Node>,
        path: String,
        read: impl FnOnce(&mut Reader<'_>) -> T,
    ) -> (T, Out) {
        let entries: &[Entry] = match node.map(|n| &n.value) {
            Some(Value::Map(entries)) => entries,
            Some(_) => {
                if let Some(node) = node {
                    self.wants(node, &path, "a mapping");
                }
                &[]
            }
            None => &[],
        };
        let at = node.map_or(self.at, |n| n.at);
        let mut reader = Reader::new(self.context, at, path, entries);
        let value = read(&mut reader);
        (value, reader.finish())
    }
}
