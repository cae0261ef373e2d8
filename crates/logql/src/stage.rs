//! Pipelines: what is done with each line.
//!
//! A pipeline is compiled once for a query and run on each row. A row's labels come from
//! three places, which stay apart: the stream, what was sent with the line (structured
//! metadata), and what parsers and formatters made. What goes wrong in a stage does not
//! drop the line: it is in `__error__` and `__error_details__`, as Loki has it.

mod decolorize;
pub mod detect;
mod filter;
pub mod format;
mod functions;
pub mod ip;
mod json;
mod labels;
mod line;
mod logfmt;
pub mod pattern;
pub mod regexp;
mod unpack;
mod unwrap;

use std::borrow::Cow;

pub use filter::Condition;
pub use labels::{Category, RowLabels};
pub(crate) use line::test_of as line_test;
pub use unwrap::Value;

use crate::ast::{self, LabelFormatValue, NamedMatcher};

/// The label that says which stage failed.
pub const ERROR: &str = "__error__";
/// The label that says how.
pub const ERROR_DETAILS: &str = "__error_details__";
/// A label that keeps an error from failing a metric query.
pub const PRESERVE_ERROR: &str = "__preserve_error__";

/// A compiled pipeline.
pub struct Pipeline {
    stages: Vec<Step>,
}

enum Step {
    Line(line::Filter),
    Json(json::Expressions),
    Logfmt(logfmt::Logfmt),
    Regexp(regexp::Regexp),
    Pattern(pattern::Template),
    Unpack,
    Filter(Condition),
    LineFormat(format::Template),
    LabelFormat(Vec<(String, LabelValue)>),
    Decolorize,
    Drop(Vec<NamedMatcher>),
    Keep(Vec<NamedMatcher>),
}

enum LabelValue {
    Rename(String),
    Template(format::Template),
}

impl Pipeline {
    /// Compiles stages.
    ///
    /// # Errors
    /// What is wrong with an expression or a template.
    pub fn new(stages: &[ast::Stage]) -> Result<Self, String> {
        let stages = stages.iter().map(compile).collect::<Result<_, _>>()?;
        Ok(Self { stages })
    }

    /// Whether it leaves every line and label alone.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.stages.is_empty()
    }

    /// Runs a line through; `None` when a filter drops it.
    pub fn run<'l>(
        &self,
        t_ns: i64,
        line: &'l [u8],
        labels: &mut RowLabels,
    ) -> Option<Cow<'l, [u8]>> {
        let mut line = Cow::Borrowed(line);
        for stage in &self.stages {
            match stage {
                Step::Line(filter) => {
                    if !filter.passes(&line) {
                        return None;
                    }
                }
                Step::Json(json) => json.run(&line, labels),
                Step::Logfmt(logfmt) => logfmt.run(&line, labels),
                Step::Regexp(regexp) => regexp.run(&line, labels),
                Step::Pattern(pattern) => pattern.run(&line, labels),
                Step::Unpack => {
                    if let Some(entry) = unpack::run(&line, labels) {
                        line = Cow::Owned(entry);
                    }
                }
                Step::Filter(condition) => {
                    if !condition.passes(labels) {
                        return None;
                    }
                }
                Step::LineFormat(template) => match template.run(t_ns, &line, labels) {
                    Ok(text) => line = Cow::Owned(text.into_bytes()),
                    Err(message) => labels.set_error("TemplateFormatErr", &message),
                },
                Step::LabelFormat(formats) => format_labels(formats, t_ns, &line, labels),
                Step::Decolorize => {
                    if let Some(plain) = decolorize::run(&line) {
                        line = Cow::Owned(plain);
                    }
                }
                Step::Drop(matchers) => drop_labels(matchers, labels),
                Step::Keep(matchers) => keep_labels(matchers, labels),
            }
        }
        Some(line)
    }
}

fn compile(stage: &ast::Stage) -> Result<Step, String> {
    Ok(match stage {
        ast::Stage::Line(filter) => Step::Line(line::Filter::new(filter)?),
        ast::Stage::Json(extractions) => Step::Json(json::Expressions::new(extractions)?),
        ast::Stage::Logfmt {
            strict,
            keep_empty,
            extractions,
        } => Step::Logfmt(logfmt::Logfmt::new(*strict, *keep_empty, extractions)?),
        ast::Stage::Regexp(text) => Step::Regexp(regexp::Regexp::new(text)?),
        ast::Stage::Pattern(text) => Step::Pattern(pattern::Template::of_parser(text)?),
        ast::Stage::Unpack => Step::Unpack,
        ast::Stage::Filter(filter) => Step::Filter(Condition::new(filter)?),
        ast::Stage::LineFormat(text) => Step::LineFormat(format::Template::new(text)?),
        ast::Stage::LabelFormat(formats) => {
            let mut compiled = Vec::new();
            for one in formats {
                let value = match &one.value {
                    LabelFormatValue::Rename(from) => LabelValue::Rename(from.clone()),
                    LabelFormatValue::Template(text) => {
                        LabelValue::Template(format::Template::new(text)?)
                    }
                };
                compiled.push((one.label.clone(), value));
            }
            Step::LabelFormat(compiled)
        }
        ast::Stage::Decolorize => Step::Decolorize,
        ast::Stage::Drop(matchers) => Step::Drop(matchers.clone()),
        ast::Stage::Keep(matchers) => Step::Keep(matchers.clone()),
    })
}

fn format_labels(formats: &[(String, LabelValue)], t_ns: i64, line: &[u8], labels: &mut RowLabels) {
    for (label, value) in formats {
        match value {
            LabelValue::Rename(from) => {
                if let Some((category, value)) = labels.get_with_category(from) {
                    let value = value.to_owned();
                    labels.set(category, label, &value);
                    if from != label {
                        labels.delete(from);
                    }
                }
            }
            LabelValue::Template(template) => match template.run(t_ns, line, labels) {
                Ok(text) => labels.set(Category::Parsed, label, &text),
                Err(message) => labels.set_error("TemplateFormatErr", &message),
            },
        }
    }
}

fn drop_labels(matchers: &[NamedMatcher], labels: &mut RowLabels) {
    for matcher in matchers {
        let (name, goes) = match matcher {
            NamedMatcher::Name(name) => (name, true),
            NamedMatcher::Matcher(m) => (&m.name, m.matches(labels.get(&m.name).unwrap_or(""))),
        };
        if !goes {
            continue;
        }
        match name.as_str() {
            ERROR => labels.clear_error(),
            ERROR_DETAILS => labels.clear_error_details(),
            _ => labels.delete(name),
        }
    }
}

fn keep_labels(matchers: &[NamedMatcher], labels: &mut RowLabels) {
    let all: Vec<(String, String)> = labels
        .all()
        .map(|(n, v)| (n.to_owned(), v.to_owned()))
        .collect();
    for (name, value) in all {
        if name == ERROR || name == ERROR_DETAILS {
            continue;
        }
        let stays = matchers.iter().any(|matcher| match matcher {
            NamedMatcher::Name(n) => *n == name,
            NamedMatcher::Matcher(m) => m.name == name && m.matches(&value),
        });
        if !stays {
            labels.delete(&name);
        }
    }
}

/// A name that can be a label: bytes that cannot be in one are `_`, and a digit in front
/// gets one.
#[must_use]
pub fn sanitize(name: &str) -> String {
    let name = name.trim();
    let mut out = String::with_capacity(name.len() + 1);
    if name.starts_with(|c: char| c.is_ascii_digit()) {
        out.push('_');
    }
    for c in name.chars() {
        out.push(if c.is_ascii_alphanumeric() || c == '_' {
            c
        } else {
            '_'
        });
    }
    out
}
