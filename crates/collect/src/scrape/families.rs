//! Metadata of a target's families, as its scrapes tell them.
//!
//! Targets tell the same families in the same order each time, so each line is
//! compared with the entry that is expected next before a table is asked.

use std::collections::HashMap;

use binnacle_model::metadata::Metadata;
use binnacle_wire::text::FamilyLine;

/// A family that so many scrapes did not tell is forgotten.
const KEPT_SCRAPES: u32 = 10;

/// What is known of the families of one target.
#[derive(Debug, Default)]
pub(crate) struct Families {
    entries: Vec<Family>,
    index: HashMap<String, usize>,
    expected: usize,
    scrape: u32,
    /// Entries that this scrape changed.
    changed: Vec<usize>,
}

#[derive(Debug)]
struct Family {
    name: String,
    metadata: Metadata,
    seen: u32,
}

impl Families {
    /// Starts a scrape.
    pub(super) fn begin(&mut self) {
        self.expected = 0;
        self.scrape = self.scrape.wrapping_add(1);
        self.changed.clear();
        let oldest = self.scrape.saturating_sub(KEPT_SCRAPES);
        if self.entries.iter().any(|f| f.seen < oldest) {
            self.entries.retain(|f| f.seen >= oldest);
            self.index = self
                .entries
                .iter()
                .enumerate()
                .map(|(i, f)| (f.name.clone(), i))
                .collect();
        }
    }

    /// Takes a line about family `name`.
    pub(super) fn line(&mut self, name: &str, line: &FamilyLine<'_>) {
        let at = self.find(name);
        let family = &mut self.entries[at];
        family.seen = self.scrape;
        let changed = match line {
            FamilyLine::Type(kind) => replace(&mut family.metadata.kind, *kind),
            FamilyLine::Help(help) => replace_text(&mut family.metadata.help, help),
            FamilyLine::Unit(unit) => replace_text(&mut family.metadata.unit, unit),
        };
        if changed && self.changed.last() != Some(&at) {
            self.changed.push(at);
        }
    }

    fn find(&mut self, name: &str) -> usize {
        // The line is mostly about the family of the line before, or the next one.
        for at in [self.expected.wrapping_sub(1), self.expected] {
            if self.entries.get(at).is_some_and(|f| f.name == name) {
                self.expected = at + 1;
                return at;
            }
        }
        let at = match self.index.get(name) {
            Some(at) => *at,
            None => {
                let at = self.entries.len();
                let metadata = Metadata::default();
                self.entries.push(Family {
                    name: name.to_owned(),
                    metadata,
                    seen: self.scrape,
                });
                self.index.insert(name.to_owned(), at);
                at
            }
        };
        self.expected = at + 1;
        at
    }

    /// What this scrape told that was not known.
    pub(super) fn news(&self) -> impl Iterator<Item = (String, Metadata)> {
        self.changed.iter().map(|at| {
            let family = &self.entries[*at];
            (family.name.clone(), family.metadata.clone())
        })
    }

    /// All families, by name.
    pub(super) fn all(&self) -> Vec<(String, Metadata)> {
        let mut all: Vec<_> = self
            .entries
            .iter()
            .map(|f| (f.name.clone(), f.metadata.clone()))
            .collect();
        all.sort_by(|a, b| a.0.cmp(&b.0));
        all
    }
}

fn replace<T: PartialEq>(slot: &mut T, value: T) -> bool {
    let changed = *slot != value;
    *slot = value;
    changed
}

fn replace_text(slot: &mut String, text: &str) -> bool {
    let changed = slot != text;
    if changed {
        text.clone_into(slot);
    }
    changed
}
