//! What a query needs of a parser.
//!
//! A metric query that groups by two labels needs two values of a line and not two hundred,
//! and stops reading the line when it has them. This shows: a line that is broken behind
//! the last value that was needed has no error. The rules are Loki's.

use std::borrow::Cow;

use super::labels::{RowLabels, TAKEN_SUFFIX};
use crate::ast::{Grouping, Unwrap};

/// Which labels parsers shall set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hints {
    /// Only these; `None`: all.
    pub required: Option<Vec<String>>,
    /// None at all: parsers are not run.
    pub no_labels: bool,
}

impl Hints {
    /// All labels.
    #[must_use]
    pub fn all() -> Self {
        Self::default()
    }

    /// Those of a metric query: what its stages and its unwrapped value look at, and what
    /// it is grouped by. `used` are the labels that the stages look at
    /// ([`super::Pipeline::required_labels`]). Without a grouping, and with `without`, all
    /// labels count.
    #[must_use]
    pub fn of_metric(
        used: &[String],
        unwrap: Option<&Unwrap>,
        grouping: Option<&Grouping>,
    ) -> Self {
        let Some(Grouping {
            without: false,
            labels,
        }) = grouping
        else {
            return Self::all();
        };
        let mut required: Vec<String> = Vec::new();
        let mut add = |name: &str| {
            let bare = name.strip_suffix(TAKEN_SUFFIX);
            for name in [Some(name), bare].into_iter().flatten() {
                if !name.is_empty() && required.iter().all(|r| r != name) {
                    required.push(name.to_owned());
                }
            }
        };
        used.iter().for_each(|name| add(name));
        if let Some(unwrap) = unwrap {
            add(&unwrap.label);
            for filter in &unwrap.filters {
                super::filter::names(filter, &mut add);
            }
        }
        labels.iter().for_each(|name| add(name));
        if required.is_empty() {
            return Self {
                required: None,
                no_labels: true,
            };
        }
        Self {
            required: Some(required),
            no_labels: false,
        }
    }

    fn wants(&self, name: &str) -> bool {
        let is_it = |required: &Vec<String>| required.iter().any(|r| r == name);
        self.required.as_ref().is_none_or(is_it)
    }

    /// Whether a label that begins so is wanted.
    pub(super) fn wants_prefix(&self, prefix: &str) -> bool {
        let has = |required: &Vec<String>| required.iter().any(|r| r.starts_with(prefix));
        self.required.as_ref().is_none_or(has)
    }

    /// Whether nothing (more) is to be found in the line.
    pub(super) fn is_done(&self, labels: &RowLabels) -> bool {
        let has_all = |required: &Vec<String>| required.iter().all(|r| labels.was_parsed(r));
        self.no_labels || self.required.as_ref().is_some_and(has_all)
    }

    fn preserves_error(&self) -> bool {
        let names_it = |required: &Vec<String>| required.iter().any(|r| r == super::ERROR);
        self.required.as_ref().is_some_and(names_it)
    }
}

/// Where a parser puts what it finds.
pub(super) struct Sink<'s> {
    pub(super) labels: &'s mut RowLabels,
    pub(super) hints: &'s Hints,
}

impl Sink<'_> {
    /// Offers a value under a name: it is asked for when it is wanted and the first of its
    /// name in the row. True when nothing more is wanted.
    pub(super) fn offer<'v>(
        &mut self,
        name: &str,
        value: impl FnOnce() -> Option<Cow<'v, str>>,
    ) -> bool {
        // A label that is wanted under its other name is wanted under this one too.
        if !self.hints.wants(name) {
            return false;
        }
        let taken;
        let name = if self.labels.is_taken(name) {
            taken = [name, TAKEN_SUFFIX].concat();
            &taken
        } else {
            name
        };
        if !self.is_open(name) {
            return false;
        }
        if let Some(value) = value() {
            self.labels.add_parsed(name, &value);
            return self.hints.required.is_some() && self.hints.is_done(self.labels);
        }
        false
    }

    /// Whether a label is wanted that no parser has set in this row.
    pub(super) fn is_open(&self, name: &str) -> bool {
        self.hints.wants(name) && !self.labels.was_parsed(name)
    }

    /// Sets a value that was asked for by name, whatever was there.
    pub(super) fn set_named(&mut self, name: &str, value: &str) {
        self.labels.set_parsed(name, value);
    }

    /// Sets labels that were asked for by name and are nowhere: they are empty.
    pub(super) fn set_missing(&mut self, labels: &[String]) {
        for label in labels {
            if self.labels.get(label).is_none() {
                self.labels.set(label, "");
            }
        }
    }

    /// Says that the line is not what the parser reads.
    pub(super) fn fail(&mut self, error: &str, details: &str) {
        self.labels.set_error(error, details);
        if self.hints.preserves_error() {
            self.labels.set(super::PRESERVE_ERROR, "true");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_metric_query() {
        let by = |names: &[&str]| Grouping {
            without: false,
            labels: names.iter().map(|n| (*n).to_owned()).collect(),
        };
        let used = ["status".to_owned()];
        let hints = Hints::of_metric(&used, None, Some(&by(&["app_extracted"])));
        let want = ["status", "app_extracted", "app"].map(str::to_owned);
        assert_eq!(hints.required, Some(want.to_vec()));
        assert!(Hints::of_metric(&[], None, Some(&by(&[]))).no_labels);
        assert_eq!(Hints::of_metric(&used, None, None), Hints::all());
        let without = Grouping {
            without: true,
            ..by(&["a"])
        };
        assert_eq!(Hints::of_metric(&used, None, Some(&without)), Hints::all());
    }
}
