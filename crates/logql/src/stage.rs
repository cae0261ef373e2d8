//! Pipelines: what is done with each line.
//!
//! A pipeline is compiled once for a query and run on each row. A row's labels come from
//! three places, which stay apart: the stream, what was sent with the line (structured
//! metadata), and what parsers and formatters made. What goes wrong in a stage does not
//! drop the line: it is in `__error__` and `__error_details__`, as Loki has it.
//!
//! Parsers read lines in place and find no more than [`Hints`] ask for. Where the engine has
//! taken the values out of the lines already, they take the parser's place
//! ([`Pipeline::extracts`]). Nothing here reads a clock: the time that templates ask for is
//! handed in ([`Pipeline::at`]).

mod convert;
mod decolorize;
pub mod detect;
mod extracted;
mod filter;
pub mod format;
mod functions;
mod hints;
pub mod ip;
mod json;
pub(crate) mod key;
mod labels;
mod line;
mod logfmt;
pub mod pattern;
mod pushed;
pub mod regexp;
mod unpack;
mod unwrap;

use std::borrow::Cow;

pub use extracted::LabelExtract;
pub use filter::Condition;
pub(crate) use filter::Verdict;
pub use hints::Hints;
pub(crate) use json::scan::spaced;
pub use key::KeyShape;
pub(crate) use labels::TAKEN_SUFFIX;
pub use labels::{Category, RowLabels};
pub(crate) use line::test_of as line_test;
pub(crate) use pushed::{Pushed, PushedTest};
pub use unwrap::Value;

use self::extracted::Given;
use self::format::{Row, Template};
use self::hints::Sink;
use crate::ast::{self, LabelFormatValue, NamedMatcher};

/// The label that says which stage failed.
pub const ERROR: &str = "__error__";
/// The label that says how.
pub const ERROR_DETAILS: &str = "__error_details__";
/// A label that keeps an error from failing a metric query.
pub const PRESERVE_ERROR: &str = "__preserve_error__";

/// The error of a template that cannot be executed.
const FORMAT_FAILED: &str = "TemplateFormatErr";

/// The functions that templates of lines may call, without `__line__`, `__timestamp__` and
/// `now`, which belong to a query.
#[must_use]
pub fn template_functions() -> binnacle_template::Functions {
    functions::functions()
}

/// A line without the escape sequences of terminals; `None` when it has none.
#[must_use]
pub fn decolorized(line: &[u8]) -> Option<Vec<u8>> {
    decolorize::run(line)
}

/// Nanoseconds of a duration as Go writes it, such as `1h30m` or `0.5s`.
///
/// # Errors
/// In Go's words.
pub fn go_duration(text: &str) -> Result<i64, String> {
    convert::duration(text)
}

/// Pairs of logfmt up to the first mistake; `see` gets key and value, and `None` for a key
/// that stands alone.
pub fn each_logfmt_pair(line: &[u8], mut see: impl FnMut(&[u8], &[u8])) {
    for pair in logfmt::pairs::Pairs::of(line) {
        let Ok((key, value)) = pair else { return };
        see(key, &value);
    }
}

/// A compiled pipeline.
pub struct Pipeline {
    stages: Vec<Step>,
    hints: Hints,
    now_ns: Option<i64>,
}

enum Step {
    Line(line::Filter),
    Json(json::Json),
    Logfmt(logfmt::Logfmt),
    Regexp(regexp::Regexp),
    Pattern(pattern::Template),
    Unpack,
    Filter(ast::LabelFilter, Condition),
    LineFormat(Template),
    LabelFormat(Vec<(String, LabelValue)>),
    Decolorize,
    Drop(Vec<NamedMatcher>),
    Keep(Vec<NamedMatcher>),
}

enum LabelValue {
    Rename(String),
    Template(Template),
}

impl Pipeline {
    /// Compiles stages that find all labels.
    ///
    /// # Errors
    /// What is wrong with an expression or a template.
    pub fn new(stages: &[ast::Stage]) -> Result<Self, String> {
        Self::compile(stages, Hints::all())
    }

    /// Compiles stages whose parsers find what is hinted.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn compile(stages: &[ast::Stage], hints: Hints) -> Result<Self, String> {
        Ok(Self {
            stages: stages.iter().map(compile).collect::<Result<_, _>>()?,
            hints,
            now_ns: None,
        })
    }

    /// With the time of the query, nanoseconds, which templates may ask for (`now`).
    #[must_use]
    pub fn at(mut self, now_ns: i64) -> Self {
        self.now_ns = Some(now_ns);
        self
    }

    /// The same stages with other hints.
    #[must_use]
    pub fn with_hints(mut self, hints: Hints) -> Self {
        self.hints = hints;
        self
    }

    /// Whether it leaves every line and label alone.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.stages.is_empty()
    }

    /// Names of the labels that its conditions and templates look at, each once, in order:
    /// what [`Hints::of_metric`] takes.
    #[must_use]
    pub fn required_labels(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        let mut see = |name: &str| {
            if names.iter().all(|n| n != name) {
                names.push(name.to_owned());
            }
        };
        for stage in &self.stages {
            match stage {
                Step::Filter(filter, _) => filter::names(filter, &mut see),
                Step::LineFormat(template) => {
                    template.required_labels().iter().for_each(|n| see(n));
                }
                Step::LabelFormat(formats) => {
                    for (_, value) in formats {
                        match value {
                            LabelValue::Rename(from) => see(from),
                            LabelValue::Template(template) => {
                                template.required_labels().iter().for_each(|n| see(n));
                            }
                        }
                    }
                }
                _ => {}
            }
        }
        names
    }

    /// Runs a line through; `None` when a filter drops it.
    pub fn run<'l>(
        &self,
        t_ns: i64,
        line: &'l [u8],
        labels: &mut RowLabels,
    ) -> Option<Cow<'l, [u8]>> {
        self.run_given(t_ns, line, labels, None)
    }

    /// Runs a line through; what is `given` is what the first parser would find.
    fn run_given<'l>(
        &self,
        t_ns: i64,
        line: &'l [u8],
        labels: &mut RowLabels,
        mut given: Given<'_, '_>,
    ) -> Option<Cow<'l, [u8]>> {
        let mut line = Cow::Borrowed(line);
        for stage in &self.stages {
            let mut sink = Sink {
                labels,
                hints: &self.hints,
            };
            let row = Row {
                t_ns,
                line: &line,
                now_ns: self.now_ns,
            };
            match stage {
                Step::Line(filter) => {
                    if !filter.passes(&line) {
                        return None;
                    }
                }
                Step::Json(_) | Step::Logfmt(_) if given.is_some() => {
                    stage.take(given.take(), &mut sink);
                }
                Step::Json(json) => json.run(&line, &mut sink),
                Step::Logfmt(logfmt) => logfmt.run(&line, &mut sink),
                Step::Regexp(regexp) => regexp.run(&line, &mut sink),
                Step::Pattern(pattern) => pattern.run(&line, &mut sink),
                Step::Unpack => {
                    if let Some(entry) = unpack::run(&line, &mut sink) {
                        line = Cow::Owned(entry);
                    }
                }
                Step::Filter(_, condition) => {
                    if !condition.passes(labels) {
                        return None;
                    }
                }
                Step::LineFormat(template) => {
                    if let Some(text) = format_line(template, row, labels) {
                        line = Cow::Owned(text.into_bytes());
                    }
                }
                Step::LabelFormat(formats) => format_labels(formats, row, labels),
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
        ast::Stage::Json(extractions) => Step::Json(json::Json::new(extractions)?),
        ast::Stage::Logfmt {
            strict,
            keep_empty,
            extractions,
        } => Step::Logfmt(logfmt::Logfmt::new(*strict, *keep_empty, extractions)?),
        ast::Stage::Regexp(text) => Step::Regexp(regexp::Regexp::new(text)?),
        ast::Stage::Pattern(text) => Step::Pattern(pattern::Template::of_parser(text)?),
        ast::Stage::Unpack => Step::Unpack,
        ast::Stage::Filter(filter) => Step::Filter(filter.clone(), Condition::new(filter)?),
        ast::Stage::LineFormat(text) => Step::LineFormat(Template::new("line", text)?),
        ast::Stage::LabelFormat(formats) => {
            let mut compiled = Vec::new();
            for one in formats {
                let value = match &one.value {
                    LabelFormatValue::Rename(from) => LabelValue::Rename(from.clone()),
                    LabelFormatValue::Template(text) => {
                        LabelValue::Template(Template::new("label", text)?)
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

/// The new line; `None` when the template failed, which is the row's error.
fn format_line(template: &Template, row: Row<'_>, labels: &mut RowLabels) -> Option<String> {
    if let Some(name) = template.only_label() {
        return Some(labels.get(name).unwrap_or_default().to_owned());
    }
    match template.run(row, &Template::view(&[template], labels)) {
        Ok(text) => Some(text),
        Err(message) => {
            labels.set_error(FORMAT_FAILED, &message);
            None
        }
    }
}

/// All templates of one stage see the labels as they were before the first of them.
fn format_labels(formats: &[(String, LabelValue)], row: Row<'_>, labels: &mut RowLabels) {
    let mut view = None;
    for (label, value) in formats {
        match value {
            LabelValue::Rename(from) => {
                let Some(value) = labels.get(from) else {
                    continue;
                };
                if from != label {
                    let value = value.to_owned();
                    labels.set(label, &value);
                    labels.delete(from);
                }
            }
            LabelValue::Template(template) => {
                let view = view.get_or_insert_with(|| {
                    let templates: Vec<&Template> = formats
                        .iter()
                        .filter_map(|(_, value)| match value {
                            LabelValue::Template(template) => Some(template),
                            LabelValue::Rename(_) => None,
                        })
                        .collect();
                    Template::view(&templates, labels)
                });
                match template.run(row, view) {
                    Ok(text) => labels.set(label, &text),
                    Err(message) => labels.set_error(FORMAT_FAILED, &message),
                }
            }
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
    if matchers.is_empty() {
        return;
    }
    let stays = |name: &str, value: &str| {
        matches!(name, ERROR | ERROR_DETAILS | PRESERVE_ERROR)
            || matchers.iter().any(|matcher| match matcher {
                NamedMatcher::Name(n) => n == name,
                NamedMatcher::Matcher(m) => m.name == name && m.matches(value),
            })
    };
    let gone: Vec<String> = labels
        .all()
        .filter(|(name, value)| !stays(name, value))
        .map(|(name, _)| name.to_owned())
        .collect();
    gone.iter().for_each(|name| labels.delete(name));
}

/// A name that can be a label: bytes that cannot be in one are `_`, and a digit in front
/// gets one.
#[must_use]
pub fn sanitize(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 1);
    append_sanitized(&mut out, name.as_bytes());
    out
}

/// Appends a key to a name, with `_` between, as a part of a label's name. A key of spaces
/// adds nothing.
fn append_sanitized(out: &mut String, key: &[u8]) {
    let text = std::str::from_utf8(key);
    let key = text.map_or(key.trim_ascii(), |key| key.trim().as_bytes());
    let Some(first) = key.first() else { return };
    if !out.is_empty() || first.is_ascii_digit() {
        out.push('_');
    }
    if let Ok(text) = text
        && key.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'_')
    {
        out.push_str(text.trim());
        return;
    }
    for chunk in key.utf8_chunks() {
        out.extend(chunk.valid().chars().map(|c| {
            if c.is_ascii_alphanumeric() || c == '_' {
                c
            } else {
                '_'
            }
        }));
        out.extend(chunk.invalid().iter().map(|_| '_'));
    }
}
