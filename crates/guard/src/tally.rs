//! Counting the findings of one stream before they go into the report at once.

use hashbrown::HashMap;

use crate::privacy::Place;

/// Findings of one stream: rule, place, count.
#[derive(Default)]
pub(crate) struct Tally {
    lines: Vec<(u16, u64)>,
    named: HashMap<(u16, bool, String), u64>,
}

impl Tally {
    pub(crate) fn line(&mut self, counts: &[(u16, u64)]) {
        for &(rule, n) in counts {
            match self.lines.iter_mut().find(|c| c.0 == rule) {
                Some(count) => count.1 += n,
                None => self.lines.push((rule, n)),
            }
        }
    }

    pub(crate) fn named(&mut self, is_label: bool, name: &str, counts: &[(u16, u64)]) {
        for &(rule, n) in counts {
            *self
                .named
                .entry((rule, is_label, name.to_owned()))
                .or_default() += n;
        }
    }

    /// Whether anything was found in a field or a label.
    pub(crate) fn has_named(&self) -> bool {
        !self.named.is_empty()
    }

    pub(crate) fn into_places(self) -> Vec<(u16, Place, u64)> {
        let lines = self
            .lines
            .into_iter()
            .map(|(rule, n)| (rule, Place::Line, n));
        let named = self.named.into_iter().map(|((rule, is_label, name), n)| {
            let place = if is_label {
                Place::Label(name)
            } else {
                Place::Field(name)
            };
            (rule, place, n)
        });
        lines.chain(named).collect()
    }
}
