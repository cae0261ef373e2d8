//! Rule files: text in, groups with places out, or every mistake in them.
//!
//! ```text
//! groups:
//!   - name: api                    GroupSpec
//!     interval: 30s
//!     rules:
//!       - record: job:up:sum       RuleSpec, Recording
//!         expr: sum by (job) (up)  Expression: as written, as printed, as a tree
//!       - alert: Down              RuleSpec, Alerting
//!         expr: up == 0
//!         annotations:             Fields
//!           summary: '{{ $labels.job }} is down'
//! ```
//!
//! What is valid here is what Prometheus accepts (`model/rulefmt`), with the same
//! words in the messages. Unlike there, a mistake inside an expression is told with
//! the line and column of the file, however the expression was quoted or folded.
//!
//! Deliberately not here: whether a rule makes sense (see [`crate::lint`]).

mod check;
mod expression;
mod place;
mod read;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use binnacle_config::error::{At, ConfigError, ConfigErrors};
use binnacle_config::reader::{self, Context};
use binnacle_config::{glob, source, yaml};
use binnacle_model::alert::Texts;
use binnacle_model::relabel::NameScheme;

pub use expression::{Expression, Language};
pub use read::groups;

/// How files are read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FileOptions {
    /// Which names of labels and metrics are valid.
    pub names: NameScheme,
    /// Whether fields that are not known are warnings and no mistakes.
    pub ignore_unknown_fields: bool,
    /// What expressions are written in whose group does not say. `None`: PromQL, and LogQL
    /// where they can only be that.
    pub language: Option<Language>,
}

/// A file that was read.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleFile {
    /// As it was named by whoever asked to read it.
    pub path: PathBuf,
    /// Its groups, in order.
    pub groups: Vec<GroupSpec>,
    /// What is odd and does no harm.
    pub warnings: Vec<ConfigError>,
}

/// A group as it was typed.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupSpec {
    /// Where it starts.
    pub at: At,
    /// Unique within the file.
    pub name: String,
    /// Milliseconds; `None`: the server's evaluation interval.
    pub interval_ms: Option<i64>,
    /// Milliseconds; `None`: the server's offset.
    pub query_offset_ms: Option<i64>,
    /// At most that many series or alerts of a rule; 0: no limit.
    pub limit: u64,
    /// Labels of all rules, in the order of the file.
    pub labels: Vec<Field>,
    /// In order.
    pub rules: Vec<RuleSpec>,
}

/// A rule as it was typed.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleSpec {
    /// Where it starts.
    pub at: At,
    /// What `record` or `alert` says.
    pub name: String,
    /// Where that stands.
    pub name_at: At,
    /// Recording or alerting.
    pub kind: RuleKind,
    /// What is evaluated.
    pub expr: Expression,
    /// The rule's own labels, in the order of the file. An empty value takes the
    /// label away.
    pub labels: Vec<Field>,
}

/// What kind of rule, with what only that kind has.
#[derive(Debug, Clone, PartialEq)]
pub enum RuleKind {
    /// Writes series.
    Recording,
    /// Holds alerts.
    Alerting {
        /// `for`, milliseconds.
        hold_ms: i64,
        /// `keep_firing_for`, milliseconds.
        keep_firing_for_ms: i64,
        /// Templates, in the order of the file.
        annotations: Vec<Field>,
    },
}

/// A label or an annotation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Where the value starts.
    pub at: At,
    /// Where the name starts.
    pub name_at: At,
    /// The name.
    pub name: String,
    /// The value, as written.
    pub value: String,
}

impl RuleSpec {
    /// The rule's labels with those of its group, by name; the rule's own win.
    /// Empty values are kept, because they take labels away.
    #[must_use]
    pub fn labels_in(&self, group: &GroupSpec) -> Texts {
        merge(group.labels.iter().chain(&self.labels))
    }
}

/// Names and values by name; a later one wins.
pub(crate) fn merge<'a>(fields: impl IntoIterator<Item = &'a Field>) -> Texts {
    let mut all = std::collections::BTreeMap::new();
    for field in fields {
        all.insert(field.name.clone(), field.value.clone());
    }
    all.into_iter().collect()
}

/// Reads the text of a rule file. Only the first document of several is read, as
/// Prometheus does, and a warning says so.
///
/// # Errors
/// Every mistake, with its place.
pub fn parse(path: &Path, text: &str, options: FileOptions) -> Result<RuleFile, ConfigErrors> {
    let context = Context::new(path);
    let text = first_document(text, &context);
    let root = yaml::parse(path, text)?;
    let (groups, _) = reader::read_file(&context, root.as_deref(), |r| groups(r, text, options));
    let mut errors = context.take_errors();
    if options.ignore_unknown_fields {
        let unknown = |e: &mut ConfigError| e.message.starts_with("unknown field ");
        errors.extract_if(.., unknown).for_each(|e| context.warn(e));
    }
    match ConfigErrors::of(errors) {
        Some(errors) => Err(errors),
        None => Ok(RuleFile {
            path: path.to_owned(),
            groups,
            warnings: context.take_warnings(),
        }),
    }
}

/// Reads a rule file.
///
/// # Errors
/// When it cannot be read; else as [`parse`].
pub fn read(path: &Path, options: FileOptions) -> Result<RuleFile, ConfigErrors> {
    parse(path, &source::read(path)?, options)
}

/// Reads all files that `patterns` name, each once. A pattern without a match is no
/// mistake: a directory of rules may be empty.
///
/// # Errors
/// Every mistake of every file.
pub fn load(patterns: &[PathBuf], options: FileOptions) -> Result<Vec<RuleFile>, ConfigErrors> {
    let mut paths: Vec<PathBuf> = Vec::new();
    for path in patterns.iter().flat_map(|pattern| glob::expand(pattern)) {
        if !paths.contains(&path) {
            paths.push(path);
        }
    }
    let mut files = Vec::with_capacity(paths.len());
    let mut errors = Vec::new();
    for path in paths {
        match read(&path, options) {
            Ok(file) => files.push(file),
            Err(found) => errors.extend(found.iter().cloned()),
        }
    }
    ConfigErrors::of(errors).map_or(Ok(files), Err)
}

/// The text up to the second document.
fn first_document<'a>(text: &'a str, context: &Context) -> &'a str {
    let mut start = 0;
    let mut begun = false;
    for (i, line) in text.split_inclusive('\n').enumerate() {
        let marks = |mark: &str| {
            line.strip_prefix(mark)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(char::is_whitespace))
        };
        if begun && (marks("---") || marks("...")) {
            let rest = &text[start + line.len()..];
            if rest.lines().any(is_content) {
                let at = At {
                    line: u32::try_from(i + 1).unwrap_or(u32::MAX),
                    column: 1,
                };
                context.warn(ConfigError::new(
                    context.file(),
                    at,
                    "another document starts here, and only the first one is read",
                ));
            }
            return &text[..start];
        }
        begun |= is_content(line);
        start += line.len();
    }
    text
}

/// Whether a line holds more than a comment or the mark of a document.
fn is_content(line: &str) -> bool {
    let line = line.trim();
    !(line.is_empty()
        || line.starts_with('#')
        || line == "---"
        || line == "..."
        || line.starts_with('%'))
}
