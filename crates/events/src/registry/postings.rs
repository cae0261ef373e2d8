//! For each label's name and value, the streams that have it.

use binnacle_model::{MatchOp, Matcher};
use hashbrown::HashMap;

/// Streams, ascending. Most values of a label that tells streams apart have one stream.
enum Ids {
    One(u32),
    Many(Vec<u32>),
}

impl Ids {
    fn as_slice(&self) -> &[u32] {
        match self {
            Self::One(id) => std::slice::from_ref(id),
            Self::Many(ids) => ids,
        }
    }

    /// Adds the highest number so far.
    fn push(&mut self, id: u32) {
        match self {
            Self::One(first) => *self = Self::Many(vec![*first, id]),
            Self::Many(ids) => ids.push(id),
        }
    }

    /// False when none is left.
    fn retain(&mut self, keep: &impl Fn(u32) -> bool) -> bool {
        match self {
            Self::One(id) => keep(*id),
            Self::Many(ids) => {
                ids.retain(|&id| keep(id));
                !ids.is_empty()
            }
        }
    }
}

/// See the module's text.
#[derive(Default)]
pub(super) struct Postings {
    names: HashMap<Box<str>, HashMap<Box<str>, Ids>>,
}

impl Postings {
    /// Adds a stream, whose number is higher than all before.
    pub(super) fn add(&mut self, name: &str, value: &str, id: u32) {
        if !self.names.contains_key(name) {
            self.names.insert(name.into(), HashMap::new());
        }
        let Some(values) = self.names.get_mut(name) else {
            return;
        };
        match values.get_mut(value) {
            Some(ids) => ids.push(id),
            None => {
                values.insert(value.into(), Ids::One(id));
            }
        }
    }

    /// Whether any stream has such a label.
    pub(super) fn has_name(&self, name: &str) -> bool {
        self.names.contains_key(name)
    }

    /// How many values a label has.
    pub(super) fn values(&self, name: &str) -> usize {
        self.names.get(name).map_or(0, HashMap::len)
    }

    /// Streams whose label matches, ascending; the matcher does not match an absent one.
    /// An expression is tried once for each value.
    pub(super) fn having(&self, matcher: &Matcher) -> Vec<u32> {
        let Some(values) = self.names.get(&*matcher.name) else {
            return Vec::new();
        };
        if matcher.op == MatchOp::Equal {
            let ids = values.get(&*matcher.value);
            return ids.map_or(Vec::new(), |ids| ids.as_slice().to_vec());
        }
        let mut found = Vec::new();
        for (value, ids) in values {
            if matcher.matches(value) {
                found.extend_from_slice(ids.as_slice());
            }
        }
        found.sort_unstable();
        found
    }

    /// Takes out streams.
    pub(super) fn retain(&mut self, keep: impl Fn(u32) -> bool) {
        self.names.retain(|_, values| {
            values.retain(|_, ids| ids.retain(&keep));
            !values.is_empty()
        });
    }
}
