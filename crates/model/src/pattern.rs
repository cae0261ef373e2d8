//! Anchored regular expressions of matchers and relabelling, in Go's RE2 syntax.
//!
//! An expression is translated for the `regex` crate (`translate`) and taken
//! apart (`shape`): words, prefixes and words with gaps are matched without an
//! automaton, and an index can ask for [`Pattern::set`] and [`Pattern::prefix`]
//! to turn a matcher into look-ups and ranges. Matching is over whole values and
//! `.` matches a newline, as Prometheus has it.

mod bracket;
mod shape;
mod template;
mod translate;

pub(crate) use translate::translate as go_to_rust;

use std::fmt;
use std::sync::OnceLock;

use regex::{Captures, Regex, RegexBuilder};
use shape::{Gap, Glob, Required};

/// Most memory of a compiled expression, in bytes.
const COMPILED_BYTES_MAX: usize = 32 << 20;

/// Deepest nesting that the `regex` crate is asked to take: a group may count up
/// to four times, as group, alternation, concatenation and repetition.
const NEST_MAX: u32 = 4 * translate::DEPTH_MAX as u32 + 16;

/// A compiled expression that matches whole values.
pub struct Pattern {
    text: String,
    /// In the syntax of `regex`, with anchors.
    translated: String,
    /// Names of the capture groups from group 1 on; empty where there is none.
    groups: Vec<String>,
    plan: Plan,
    prefix: String,
    /// Compiled at once where the plan needs it, else when a replacement does.
    regex: OnceLock<Option<Regex>>,
}

/// How a value is matched.
#[derive(Debug, Clone)]
enum Plan {
    /// `.*`
    All,
    /// `.+`
    NotEmpty,
    /// One of these, ascending.
    Set(Vec<String>),
    /// Any of these.
    Globs(Vec<Glob>),
    /// The automaton, if the literals are there.
    Automaton(Required),
}

/// Why an expression was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct PatternError {
    /// What is wrong.
    pub message: String,
}

impl Pattern {
    /// Compiles `text`, anchored at both ends; `.` matches a newline.
    ///
    /// # Errors
    /// When `text` is not an expression, or compiles to more than the size limit.
    pub fn new(text: &str) -> Result<Self, PatternError> {
        let translated = translate::translate(text)?;
        let failed = |e: String| PatternError {
            message: format!("error parsing regexp: {e}: `{text}`"),
        };
        let hir = regex_syntax::ParserBuilder::new()
            .dot_matches_new_line(true)
            .nest_limit(NEST_MAX)
            .build()
            .parse(&translated.text)
            .map_err(|e| failed(short(&e.to_string())))?;
        let hir = shape::simplify(&hir);
        let (plan, prefix) = Plan::of(&hir);
        let pattern = Self {
            text: text.to_owned(),
            translated: format!("^(?s:{})$", translated.text),
            groups: translated.groups,
            plan,
            prefix,
            regex: OnceLock::new(),
        };
        if let Plan::Automaton(_) = pattern.plan {
            let regex = compile(&pattern.translated, COMPILED_BYTES_MAX).map_err(|e| match e {
                regex::Error::CompiledTooBig(_) => failed("expression too large".to_owned()),
                e => failed(short(&e.to_string())),
            })?;
            let _ = pattern.regex.set(Some(regex));
        }
        Ok(pattern)
    }

    /// The text it was made of.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the whole of `value` matches.
    #[must_use]
    pub fn is_match(&self, value: &str) -> bool {
        match &self.plan {
            Plan::All => true,
            Plan::NotEmpty => !value.is_empty(),
            Plan::Set(set) => set.binary_search_by(|s| s.as_str().cmp(value)).is_ok(),
            Plan::Globs(globs) => globs.iter().any(|g| g.is_match(value)),
            Plan::Automaton(required) => {
                value.starts_with(&required.prefix)
                    && value.ends_with(&required.suffix)
                    && (required.inner.is_empty()
                        || memchr::memmem::find(value.as_bytes(), required.inner.as_bytes())
                            .is_some())
                    && self.regex().is_some_and(|r| r.is_match(value))
            }
        }
    }

    /// All values that match, ascending, when they are a short list of literals.
    #[must_use]
    pub fn set(&self) -> Option<&[String]> {
        match &self.plan {
            Plan::Set(set) => Some(set),
            _ => None,
        }
    }

    /// What every matching value starts with, when that is not nothing.
    #[must_use]
    pub fn prefix(&self) -> Option<&str> {
        (!self.prefix.is_empty()).then_some(self.prefix.as_str())
    }

    /// Whether every value matches.
    #[must_use]
    pub fn is_match_all(&self) -> bool {
        matches!(self.plan, Plan::All)
    }

    /// Whether the empty value, and so a label that is not there, matches.
    #[must_use]
    pub fn matches_empty(&self) -> bool {
        self.is_match("")
    }

    /// `template` with the groups of this match of `value` put in, in Go's
    /// syntax: `$1`, `${1}`, `${name}`, `$$`; groups that are not there are
    /// empty. `None` when `value` does not match.
    #[must_use]
    pub fn replace_template(&self, value: &str, template: &str) -> Option<String> {
        // The default of relabelling, for which group 0 and 1 are all there is.
        if self.text == "(.*)" {
            return Some(self.expand(template, |i| if i < 2 { value } else { "" }));
        }
        if !template.contains('$') {
            return self.is_match(value).then(|| template.to_owned());
        }
        let captures: Captures<'_> = self.regex()?.captures(value)?;
        Some(self.expand(template, |i| captures.get(i).map_or("", |m| m.as_str())))
    }

    /// Several templates over one match: as [`Self::replace_template`] for each.
    #[must_use]
    pub fn replace_templates<const N: usize>(
        &self,
        value: &str,
        templates: [&str; N],
    ) -> Option<[String; N]> {
        if self.text == "(.*)" || templates.iter().all(|t| !t.contains('$')) {
            if !self.is_match(value) {
                return None;
            }
            let of = |i| if i < 2 { value } else { "" };
            return Some(templates.map(|t| self.expand(t, of)));
        }
        let captures = self.regex()?.captures(value)?;
        let of = |i| captures.get(i).map_or("", |m| m.as_str());
        Some(templates.map(|t| self.expand(t, of)))
    }

    fn expand<'v>(&self, template: &str, group: impl Fn(usize) -> &'v str) -> String {
        let mut out = String::with_capacity(template.len());
        for part in template::parts(template) {
            match part {
                template::Part::Text(text) => out.push_str(text),
                template::Part::Group(name) => {
                    let by_name = || self.groups.iter().position(|n| n == name).map(|i| i + 1);
                    if let Some(i) = template::group_number(name).or_else(by_name) {
                        out.push_str(group(i));
                    }
                }
            }
        }
        out
    }

    fn regex(&self) -> Option<&Regex> {
        // Plans without an automaton are lists of literals and gaps, whose
        // compiled size is bounded by the text; so this does not fail.
        self.regex
            .get_or_init(|| compile(&self.translated, usize::MAX).ok())
            .as_ref()
    }
}

impl Plan {
    /// The plan for an expression, and the prefix of all matches.
    fn of(hir: &regex_syntax::hir::Hir) -> (Self, String) {
        let Some(globs) = shape::globs(hir) else {
            let required = shape::required(hir);
            let prefix = required.prefix.clone();
            return (Self::Automaton(required), prefix);
        };
        let prefix = shape::common_prefix(globs.iter().map(|g| g.head.as_str()));
        if globs.iter().all(|g| g.tails.is_empty()) {
            let mut set: Vec<String> = globs.into_iter().map(|g| g.head).collect();
            set.sort_unstable();
            set.dedup();
            return (Self::Set(set), prefix);
        }
        let is_gap = |g: &Glob, gap: Gap| {
            g.head.is_empty() && matches!(g.tails.as_slice(), [(x, t)] if *x == gap && t.is_empty())
        };
        if globs.iter().any(|g| is_gap(g, Gap::Any)) {
            return (Self::All, prefix);
        }
        if globs.iter().any(|g| is_gap(g, Gap::Some)) {
            let takes_empty = globs.iter().any(|g| g.is_match(""));
            return (
                if takes_empty {
                    Self::All
                } else {
                    Self::NotEmpty
                },
                prefix,
            );
        }
        (Self::Globs(globs), prefix)
    }
}

fn compile(translated: &str, bytes_max: usize) -> Result<Regex, regex::Error> {
    RegexBuilder::new(translated)
        .size_limit(bytes_max)
        .nest_limit(NEST_MAX)
        .build()
}

/// The last line of an error that the `regex` crate draws on many.
fn short(error: &str) -> String {
    let last = error.lines().last().unwrap_or(error);
    last.trim_start_matches("error: ").to_owned()
}

impl Clone for Pattern {
    fn clone(&self) -> Self {
        Self {
            text: self.text.clone(),
            translated: self.translated.clone(),
            groups: self.groups.clone(),
            plan: self.plan.clone(),
            prefix: self.prefix.clone(),
            regex: self.regex.clone(),
        }
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pattern")
            .field("text", &self.text)
            .field("plan", &self.plan)
            .finish_non_exhaustive()
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}
impl Eq for Pattern {}

#[cfg(test)]
mod tests;
