//! Any text with Prometheus' functions: consoles, and what tests and tools expand.

use std::cell::Cell;

use super::functions::{console_table, table};
use super::sample::{Sample, query_result};
use super::{Query, lint};
use crate::functions::{Functions, Host};
use crate::set::{MissingKey, Set};
use crate::value::{Safe, Value};
use crate::{Error, Limits};

/// Deepest chain of consoles that include each other through `tmpl`.
const INCLUDES_MAX: usize = 16;

/// A text and what it is expanded with.
pub struct Expander<'a> {
    /// Name, for messages.
    pub name: &'a str,
    /// The text.
    pub text: &'a str,
    /// The dot.
    pub data: &'a Value,
    /// Milliseconds since the Unix epoch.
    pub now_ms: i64,
    /// The address of this instance, for `externalURL` and `pathPrefix`.
    pub external_url: &'a str,
    /// Answers `query`.
    pub query: &'a Query<'a>,
    /// Prometheus has [`MissingKey::Zero`].
    pub missing_key: MissingKey,
    /// What the expansion may use.
    pub limits: Limits,
}

impl Expander<'_> {
    /// Expands to text.
    ///
    /// # Errors
    /// With Prometheus' words in front: `error parsing template name: ...`.
    pub fn expand(&self) -> Result<String, Error> {
        let set = self.parse(table().clone(), &[])?;
        let mut out = String::new();
        set.execute(self.name, self.data, &self.host(&set), &mut out)
            .map_err(|e| prefixed("executing", self.name, e))?;
        Ok(out)
    }

    /// Expands to HTML, with the templates of further files by name and text.
    ///
    /// # Errors
    /// As [`Expander::expand`].
    pub fn expand_html(&self, files: &[(&str, &str)]) -> Result<String, Error> {
        let set = self.parse(console_table(), files)?;
        let mut out = String::new();
        set.execute_html(self.name, self.data, &self.host(&set), &mut out)
            .map_err(|e| prefixed("executing", self.name, e))?;
        Ok(out)
    }

    fn parse(&self, functions: Functions, files: &[(&str, &str)]) -> Result<Set, Error> {
        let mut set = Set::new(functions)
            .with_missing_key(self.missing_key)
            .with_limits(self.limits);
        set.parse(self.name, self.text)
            .map_err(|e| prefixed("parsing", self.name, e))?;
        for (file, text) in files {
            set.parse(file, text)
                .map_err(|e| prefixed("parsing", self.name, e))?;
        }
        Ok(set)
    }

    fn host<'h>(&'h self, set: &'h Set) -> PrometheusHost<'h> {
        PrometheusHost {
            query: self.query,
            now_ms: self.now_ms,
            external_url: self.external_url,
            pages: Some(set),
            includes: Cell::new(0),
        }
    }

    /// Whether the text asks for data.
    ///
    /// # Errors
    /// When it cannot be parsed.
    pub fn uses_query(&self) -> Result<bool, Error> {
        let set = self.parse(table().clone(), &[])?;
        let trees = set.names().into_iter().filter_map(|n| set.tree(n));
        Ok(trees.into_iter().any(|tree| lint::uses(tree, "query")))
    }
}

/// The message with what was being done in front.
pub(super) fn prefixed(doing: &str, name: &str, error: Error) -> Error {
    let with = |message: String| format!("error {doing} template {name}: {message}");
    match error {
        Error::Parse { message, line } => Error::Parse {
            message: with(message),
            line,
        },
        Error::Escape { message } => Error::Escape {
            message: with(message),
        },
        Error::Execute { message } => Error::Execute {
            message: with(message),
        },
        Error::Limit { message, limit } => Error::Limit {
            message: with(message),
            limit,
        },
    }
}

/// The functions that depend on the expansion.
pub(super) struct PrometheusHost<'a> {
    pub query: &'a Query<'a>,
    pub now_ms: i64,
    pub external_url: &'a str,
    /// The templates that `tmpl` may include, in consoles.
    pub pages: Option<&'a Set>,
    pub includes: Cell<usize>,
}

impl Host for PrometheusHost<'_> {
    fn call(&self, name: &str, args: &[Value]) -> Result<Value, String> {
        let text = args.first().and_then(Value::as_str).unwrap_or("");
        match name {
            "query" => {
                let samples = (self.query)(text)?;
                let samples = samples
                    .iter()
                    .map(|(l, v)| Sample::new(l, Value::Float(*v)));
                Ok(query_result(samples))
            }
            "now" => Ok(Value::Float(self.now_ms as f64 / 1e3)),
            "externalURL" => Ok(self.external_url.into()),
            "pathPrefix" => Ok(path(self.external_url).into()),
            "tmpl" => self.include(text, args.get(1).unwrap_or(&Value::Nil)),
            other => Err(format!("{other} is not available here")),
        }
    }
}

impl PrometheusHost<'_> {
    /// `tmpl "name" data`: what a template prints, as HTML that is safe.
    fn include(&self, name: &str, data: &Value) -> Result<Value, String> {
        let pages = self.pages.ok_or("tmpl is not available here")?;
        if self.includes.get() >= INCLUDES_MAX {
            return Err(format!(
                "templates include each other more than {INCLUDES_MAX} deep"
            ));
        }
        self.includes.set(self.includes.get() + 1);
        let mut out = String::new();
        let result = pages.execute_html(name, data, self, &mut out);
        self.includes.set(self.includes.get() - 1);
        result.map_err(|e| e.to_string())?;
        Ok(Value::Safe(Safe::Html, out.into()))
    }
}

/// The path of a URL.
fn path(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let start = rest.find('/').unwrap_or(rest.len());
    let path = &rest[start..];
    &path[..path.find(['?', '#']).unwrap_or(path.len())]
}
