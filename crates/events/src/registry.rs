//! Streams by their canonical labels, numbered for as long as the process lives.

use std::collections::HashMap;

use binnacle_model::{Labels, Matcher};

/// All streams.
#[derive(Default)]
pub(crate) struct Registry {
    ids: HashMap<Box<[u8]>, u32>,
    labels: Vec<Labels>,
    /// For each label's name and value, the streams that have it, ascending.
    postings: HashMap<String, HashMap<String, Vec<u32>>>,
}

impl Registry {
    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.labels.len()
    }

    /// The number of a stream, by canonical bytes.
    pub(crate) fn find(&self, canonical: &[u8]) -> Option<u32> {
        self.ids.get(canonical).copied()
    }

    /// Adds a stream that is not there.
    pub(crate) fn add(&mut self, labels: Labels) -> u32 {
        let id = u32::try_from(self.labels.len()).unwrap_or(u32::MAX);
        self.ids.insert(labels.as_bytes().into(), id);
        for (name, value) in labels.iter() {
            self.postings
                .entry(name.to_owned())
                .or_default()
                .entry(value.to_owned())
                .or_default()
                .push(id);
        }
        self.labels.push(labels);
        id
    }

    /// Finds or adds.
    pub(crate) fn intern(&mut self, labels: &Labels) -> u32 {
        match self.find(labels.as_bytes()) {
            Some(id) => id,
            None => self.add(labels.clone()),
        }
    }

    /// Labels of a stream.
    pub(crate) fn labels(&self, id: u32) -> &Labels {
        &self.labels[id as usize]
    }

    /// Streams that match all, ascending.
    pub(crate) fn select(&self, matchers: &[Matcher]) -> Vec<u32> {
        let mut selected: Option<Vec<u32>> = None;
        // What the index can answer first; it makes the rest short.
        for matcher in matchers.iter().filter(|m| !m.matches_empty()) {
            let mut found = self.having(matcher);
            if let Some(before) = &selected {
                found.retain(|id| before.binary_search(id).is_ok());
            }
            selected = Some(found);
        }
        let mut selected = selected.unwrap_or_else(|| (0..self.labels.len() as u32).collect());
        for matcher in matchers.iter().filter(|m| m.matches_empty()) {
            selected.retain(|&id| {
                let value = self.labels[id as usize].get(&matcher.name).unwrap_or("");
                matcher.matches(value)
            });
        }
        selected
    }

    /// Streams whose label matches, ascending; the matcher does not match no value.
    fn having(&self, matcher: &Matcher) -> Vec<u32> {
        let Some(values) = self.postings.get(&matcher.name) else {
            return Vec::new();
        };
        if matcher.op == binnacle_model::MatchOp::Equal {
            return values.get(&matcher.value).cloned().unwrap_or_default();
        }
        let mut ids: Vec<u32> = values
            .iter()
            .filter(|(value, _)| matcher.matches(value))
            .flat_map(|(_, ids)| ids.iter().copied())
            .collect();
        ids.sort_unstable();
        ids
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use binnacle_model::MatchOp;

    #[test]
    fn streams_by_matchers() {
        let mut registry = Registry::default();
        for (app, env) in [("a", "p"), ("b", "p"), ("a", "t"), ("c", "")] {
            registry.intern(&Labels::from_pairs([("app", app), ("env", env)]));
        }
        let check = |matchers: &[(&str, MatchOp, &str)], want: &[u32]| {
            let matchers: Vec<Matcher> = matchers
                .iter()
                .map(|(n, op, v)| Matcher::new(*n, *op, *v).unwrap())
                .collect();
            assert_eq!(registry.select(&matchers), want, "{matchers:?}");
        };
        check(&[("app", MatchOp::Equal, "a")], &[0, 2]);
        check(
            &[
                ("app", MatchOp::Equal, "a"),
                ("env", MatchOp::NotEqual, "t"),
            ],
            &[0],
        );
        check(&[("app", MatchOp::Regex, "b|c")], &[1, 3]);
        check(&[("env", MatchOp::Equal, "")], &[3]);
        check(&[], &[0, 1, 2, 3]);
        check(&[("no", MatchOp::Regex, ".+")], &[]);
    }
}
