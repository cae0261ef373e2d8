//! Values that the engine has taken out of lines, in place of a parser.
//!
//! A store that keeps lines taken apart can hand out single values without building the
//! line. When a query's parser comes first and what it has to find is known, its place is
//! taken by these values.

use binnacle_model::event::select::{Extract, Parser};

use super::hints::Sink;
use super::json::Json;
use super::json::scan::spaced;
use super::{ERROR, ERROR_DETAILS, LabelValue, PRESERVE_ERROR, Pipeline, RowLabels, Step};

/// What the first parser would find: names as they are before a collision, and values.
pub(super) type Given<'i, 'g> = Option<&'i mut dyn Iterator<Item = (&'g str, &'g [u8])>>;

/// Puts given values where the parser would put them.
pub(super) fn take(given: Given<'_, '_>, keeps_empty: bool, sink: &mut Sink<'_>) {
    for (name, value) in given.into_iter().flatten() {
        if !value.is_empty() || keeps_empty {
            sink.offer(name, || Some(spaced(value)));
        }
    }
}

impl Pipeline {
    /// The values that take the place of the lines: those of the first parser, when nothing
    /// else looks at the line and what is wanted is known. Whether somebody wants the line
    /// that comes out (its length, its text) is for the caller to know.
    #[must_use]
    pub fn extracts(&self) -> Option<Vec<Extract>> {
        let required = self.hints.required.as_ref()?;
        let mut parser = None;
        for stage in &self.stages {
            match stage {
                Step::Json(Json::All) if parser.is_none() => parser = Some(Parser::Json),
                Step::Logfmt(logfmt) if parser.is_none() && logfmt.is_plain() => {
                    parser = Some(Parser::Logfmt);
                }
                _ if stage.needs_line() => return None,
                _ => {}
            }
        }
        let parser = parser?;
        let is_found = |name: &str| !matches!(name, ERROR | ERROR_DETAILS | PRESERVE_ERROR);
        let extracts = required.iter().filter(|name| is_found(name));
        let extracts = extracts.map(|label| Extract {
            parser,
            label: label.clone(),
        });
        Some(extracts.collect())
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

impl Step {
    fn needs_line(&self) -> bool {
        match self {
            Self::Line(_)
            | Self::Json(_)
            | Self::Logfmt(_)
            | Self::Regexp(_)
            | Self::Pattern(_)
            | Self::Unpack => true,
            Self::LineFormat(template) => template.needs_line(),
            Self::LabelFormat(formats) => formats.iter().any(|(_, value)| match value {
                LabelValue::Template(template) => template.needs_line(),
                LabelValue::Rename(_) => false,
            }),
            Self::Filter(..) | Self::Decolorize | Self::Drop(_) | Self::Keep(_) => false,
        }
    }
}
