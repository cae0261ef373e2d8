//! Values that the engine has taken out of lines, in place of a parser.
//!
//! A store that keeps lines taken apart can hand out single values without building the
//! line. When a query's parser comes first and what it has to find is known, its place is
//! taken by these values.

use binnacle_model::event::select::{Extract, Parser};

use super::hints::Sink;
use super::json::Json;
use super::json::scan::spaced;
use super::{Condition, ERROR, ERROR_DETAILS, Hints, LabelValue, Pipeline, RowLabels, Step};
use crate::ast::NamedMatcher;

/// What the first parser would find: names as they are before a collision, and values.
pub(super) type Given<'i, 'g> = Option<&'i mut dyn Iterator<Item = (&'g str, &'g [u8])>>;

/// A value wanted of the engine and the label that it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelExtract {
    /// The label, before renaming for collisions.
    pub label: String,
    /// Where the engine finds it.
    pub extract: Extract,
}

impl Step {
    /// Puts given values where the parser would put them.
    pub(super) fn take(&self, given: Given<'_, '_>, sink: &mut Sink<'_>) {
        if sink.hints.is_done(sink.labels) {
            return;
        }
        if let Self::Json(Json::Named { labels, .. }) = self {
            let mut count = 0;
            for (name, value) in given.into_iter().flatten() {
                count += 1;
                sink.set_named(name, &spaced(value));
            }
            if count < labels.len() {
                sink.set_missing(labels);
            }
            return;
        }
        let keeps_empty = match self {
            Self::Logfmt(logfmt) => logfmt.keeps_empty(),
            _ => true,
        };
        for (name, value) in given.into_iter().flatten() {
            if !value.is_empty() || keeps_empty {
                sink.offer(name, || Some(spaced(value)));
            }
        }
    }

    /// What the engine can find in place of this parser; `None` when it is another stage,
    /// or says more of a line than values.
    pub(super) fn finds(&self) -> Option<Finds<'_>> {
        match self {
            Self::Json(Json::All) => Some(Finds::Labels(Parser::Json)),
            Self::Json(named) => named.keys().map(Finds::Keys),
            Self::Logfmt(logfmt) if logfmt.is_plain() => Some(Finds::Labels(Parser::Logfmt)),
            _ => None,
        }
    }

    fn is_parser(&self) -> bool {
        matches!(
            self,
            Self::Json(_) | Self::Logfmt(_) | Self::Regexp(_) | Self::Pattern(_)
        )
    }

    fn changes_line(&self) -> bool {
        matches!(self, Self::LineFormat(_) | Self::Unpack | Self::Decolorize)
    }

    /// Whether it looks at the line.
    pub(super) fn needs_line(&self) -> bool {
        match self {
            Self::Line(_) | Self::Unpack => true,
            Self::LineFormat(template) => template.needs_line(),
            Self::LabelFormat(formats) => formats.iter().any(|(_, value)| match value {
                LabelValue::Template(template) => template.needs_line(),
                LabelValue::Rename(_) => false,
            }),
            Self::Filter(..) | Self::Decolorize | Self::Drop(_) | Self::Keep(_) => false,
            _ => self.is_parser(),
        }
    }
}

/// How values are named.
pub(super) enum Finds<'s> {
    /// All, by the label that they become.
    Labels(Parser),
    /// These: labels and the keys of the object.
    Keys(Vec<(&'s str, &'s str)>),
}

impl Finds<'_> {
    /// Where the value of a label is; `None` when the parser never finds it.
    pub(super) fn extract(&self, label: &str) -> Option<Extract> {
        let (parser, label) = match self {
            Self::Labels(parser) => (*parser, label),
            Self::Keys(keys) => {
                let (_, key) = keys.iter().find(|(own, _)| *own == label)?;
                (Parser::JsonKey, *key)
            }
        };
        Some(Extract {
            parser,
            label: label.to_owned(),
        })
    }
}

impl Pipeline {
    /// The values that take the place of the lines: those of the first parser, when nothing
    /// else looks at the line and what is wanted is known; none when nothing looks at the
    /// line at all. Whether somebody wants the line that comes out (its length, its text)
    /// is for the caller to know.
    #[must_use]
    pub fn extracts(&self) -> Option<Vec<LabelExtract>> {
        let mut found = None;
        let mut is_as_stored = true;
        for stage in &self.stages {
            if self.hints.no_labels && stage.is_parser() {
                continue;
            }
            match stage.finds() {
                Some(finds) if found.is_none() && is_as_stored => found = Some(finds),
                _ if stage.needs_line() => return None,
                _ => is_as_stored &= !stage.changes_line(),
            }
        }
        let Some(finds) = found else {
            return Some(Vec::new());
        };
        let required = self.hints.required.as_ref()?;
        let of = |label: &str| {
            Some(LabelExtract {
                label: label.to_owned(),
                extract: finds.extract(label)?,
            })
        };
        let mut extracts: Vec<LabelExtract> = required.iter().filter_map(|l| of(l)).collect();
        if let (Finds::Keys(keys), true) = (&finds, extracts.is_empty()) {
            // Something has to say whether a line is what the parser reads.
            extracts.extend(keys.first().and_then(|(label, _)| of(label)));
        }
        Some(extracts)
    }

    /// Its conditions, when it is nothing but them and the first parser, each with whether
    /// it stands behind the parser. Then a row whose values are known passes or not by these
    /// values alone.
    pub(crate) fn conditions(&self) -> Option<Vec<(&Condition, bool)>> {
        let mut conditions = Vec::new();
        let mut is_behind = false;
        for stage in &self.stages {
            match stage {
                _ if self.hints.no_labels && stage.is_parser() => {}
                Step::Filter(_, condition) => conditions.push((condition, is_behind)),
                // Rows with an error are not looked at so.
                Step::Drop(matchers)
                    if matchers.iter().all(
                        |m| matches!(m, NamedMatcher::Name(n) if n == ERROR || n == ERROR_DETAILS),
                    ) => {}
                _ if !is_behind && stage.finds().is_some() => is_behind = true,
                _ => return None,
            }
        }
        Some(conditions)
    }

    /// Labels that the first parser leaves empty where it does not find them.
    pub(crate) fn labels_asked_for(&self) -> &[String] {
        let named = self.stages.iter().find_map(|stage| match stage {
            Step::Json(Json::Named { labels, .. }) if !self.hints.no_labels => Some(&labels[..]),
            _ => None,
        });
        named.unwrap_or(&[])
    }

    /// Whether a value of the first parser that is empty is as none.
    pub(crate) fn drops_empty(&self) -> bool {
        let keeps = |stage: &Step| matches!(stage, Step::Logfmt(l) if !l.keeps_empty());
        self.stages.iter().any(keeps)
    }

    /// Whether the line that comes out may be another than the one that goes in.
    pub(crate) fn changes_line(&self) -> bool {
        self.stages.iter().any(Step::changes_line)
    }

    /// Whether it has templates, which may look at labels that nobody names.
    pub(crate) fn has_templates(&self) -> bool {
        let is_template =
            |stage: &Step| matches!(stage, Step::LineFormat(_) | Step::LabelFormat(_));
        self.stages.iter().any(is_template)
    }

    /// Whether nothing of a row changes and none is left out: there are no stages, or only
    /// parsers that are not run.
    pub(crate) fn does_nothing(&self) -> bool {
        let idles = |stage: &Step| self.hints.no_labels && stage.is_parser();
        self.stages.iter().all(idles)
    }

    /// Whether every line comes out.
    pub(crate) fn keeps_all(&self) -> bool {
        let keeps = |stage: &Step| !matches!(stage, Step::Line(_) | Step::Filter(..));
        self.stages.iter().all(keeps)
    }

    /// What parsers shall find.
    pub(crate) fn hints(&self) -> &Hints {
        &self.hints
    }

    /// Runs a row through with what the engine found for [`Self::extracts`] in place of its
    /// first parser; names without a value are left out. False when a filter drops it.
    pub fn run_extracted<'g>(
        &self,
        t_ns: i64,
        labels: &mut RowLabels,
        values: &mut dyn Iterator<Item = (&'g str, &'g [u8])>,
    ) -> bool {
        self.run_given(t_ns, b"", labels, Some(values)).is_some()
    }
}
