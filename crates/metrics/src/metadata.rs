//! Metadata of metric families: the newest that anybody told, kept over restarts
//! by the log and the checkpoint.

use std::collections::BTreeMap;

use binnacle_model::metadata::Metadata;

/// Families beyond this number are not remembered: metadata is a help to people,
/// not worth unbounded memory.
const FAMILIES_MAX: usize = 200_000;

/// The newest metadata by family.
#[derive(Debug, Default)]
pub(crate) struct Families(BTreeMap<String, Metadata>);

impl Families {
    /// Whether this is not yet known.
    pub(crate) fn is_news(&self, family: &str, metadata: &Metadata) -> bool {
        match self.0.get(family) {
            Some(known) => known != metadata,
            None => self.0.len() < FAMILIES_MAX,
        }
    }

    /// Remembers it.
    pub(crate) fn set(&mut self, family: &str, metadata: &Metadata) {
        if self.is_news(family, metadata) {
            self.0.insert(family.to_owned(), metadata.clone());
        }
    }

    /// All families, ascending.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&String, &Metadata)> {
        self.0.iter()
    }

    /// One family or all, at most `limit` (0: no limit).
    pub(crate) fn query(&self, family: Option<&str>, limit: usize) -> Vec<(String, Vec<Metadata>)> {
        let limit = if limit == 0 { usize::MAX } else { limit };
        let answer = |(f, m): (&String, &Metadata)| (f.clone(), vec![m.clone()]);
        match family {
            Some(f) => self
                .0
                .get_key_value(f)
                .map(answer)
                .into_iter()
                .take(limit)
                .collect(),
            None => self.0.iter().take(limit).map(answer).collect(),
        }
    }
}
