//! The text of a rule's label or annotation.

use std::cell::Cell;
use std::fmt::Write;
use std::sync::{Arc, OnceLock};

use binnacle_model::Labels;

use super::Query;
use super::expander::{PrometheusHost, prefixed};
use super::functions::table;
use super::lint::{self, Problem, Reference};
use crate::Error;
use crate::set::{MissingKey, Set};
use crate::value::{Class, Element, Field, Map, Object, Value};

/// What Prometheus puts before each text. It is part of the text here too, so that
/// columns in messages are the same.
pub(super) const PRELUDE: &str = "{{$labels := .Labels}}{{$externalLabels := .ExternalLabels}}\
{{$externalURL := .ExternalURL}}{{$value := .Value}}";

/// A text, parsed. A text without actions is not parsed and not executed.
#[derive(Clone, Debug)]
pub struct AlertTemplate {
    name: Arc<str>,
    text: Arc<str>,
    /// None for a text without actions.
    set: Option<Arc<Set>>,
}

/// What an alert's texts are expanded with.
#[derive(Clone, Copy)]
pub struct AlertContext<'a> {
    /// `$labels` and `.Labels`.
    pub labels: &'a Labels,
    /// `$externalLabels` and `.ExternalLabels`.
    pub external_labels: &'a Labels,
    /// `$externalURL` and `.ExternalURL`.
    pub external_url: &'a str,
    /// `$value` and `.Value`.
    pub value: f64,
    /// Time of the evaluation, milliseconds since the Unix epoch.
    pub now_ms: i64,
    /// Answers `query` at that time.
    pub query: &'a Query<'a>,
}

/// A set without templates, whose table of functions is shared by all texts.
fn empty_set() -> Set {
    static EMPTY: OnceLock<Set> = OnceLock::new();
    EMPTY
        .get_or_init(|| Set::new(table().clone()).with_missing_key(MissingKey::Zero))
        .clone()
}

impl AlertTemplate {
    /// Parses a text. Prometheus names it `__alert_` and the alert's name.
    ///
    /// # Errors
    /// [`Error::Parse`]
    pub fn parse(name: &str, text: &str) -> Result<Self, Error> {
        let mut set = None;
        if text.contains("{{") {
            let mut parsed = empty_set();
            parsed.parse(name, &format!("{PRELUDE}{text}"))?;
            set = Some(Arc::new(parsed));
        }
        Ok(Self {
            name: Arc::from(name),
            text: Arc::from(text),
            set,
        })
    }

    /// The text as written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether the text expands to itself always.
    #[must_use]
    pub fn is_constant(&self) -> bool {
        self.set.is_none()
    }

    /// Whether the text asks for data ([`AlertContext::query`]).
    #[must_use]
    pub fn uses_query(&self) -> bool {
        self.set.as_ref().is_some_and(|set| {
            let trees = set.names().into_iter().filter_map(|n| set.tree(n));
            trees.into_iter().any(|tree| lint::uses(tree, "query"))
        })
    }

    /// The labels and other data that the text refers to, with their places.
    #[must_use]
    pub fn references(&self) -> Vec<Reference> {
        match &self.set {
            Some(set) => lint::inspect(set, &self.name).0,
            None => Vec::new(),
        }
    }

    /// What can never work whatever the data, with its place.
    #[must_use]
    pub fn lint(&self) -> Vec<Problem> {
        match &self.set {
            Some(set) => lint::inspect(set, &self.name).1,
            None => Vec::new(),
        }
    }

    /// Expands the text for an alert.
    ///
    /// # Errors
    /// [`Error::Execute`] and [`Error::Limit`], with Prometheus' words in front.
    pub fn expand(&self, context: &AlertContext<'_>) -> Result<String, Error> {
        let Some(set) = &self.set else {
            return Ok(self.text.to_string());
        };
        let data = Value::object(AlertData {
            labels: Map::of_strings(context.labels).into(),
            external_labels: Map::of_strings(context.external_labels).into(),
            external_url: context.external_url.into(),
            value: Value::Float(context.value),
        });
        let host = PrometheusHost {
            query: context.query,
            now_ms: context.now_ms,
            external_url: context.external_url,
            pages: None,
            includes: Cell::new(0),
        };
        let mut out = String::with_capacity(self.text.len() + 32);
        set.execute(&self.name, &data, &host, &mut out)
            .map_err(|e| prefixed("executing", &self.name, e))?;
        Ok(out)
    }

    /// Expands the text, or says in its place why it cannot be expanded, as Prometheus
    /// does: an alert with a broken text is still an alert.
    #[must_use]
    pub fn expand_or_error(&self, context: &AlertContext<'_>) -> (String, Option<Error>) {
        match self.expand(context) {
            Ok(text) => (text, None),
            Err(error) => {
                let mut text = String::new();
                // Writing to a string does not fail.
                let _ = write!(text, "<error expanding template: {error}>");
                (text, Some(error))
            }
        }
    }
}

/// The dot of an alert's text.
struct AlertData {
    labels: Value,
    external_labels: Value,
    external_url: Value,
    value: Value,
}

static ALERT_DATA: Class = Class::plain(
    "struct { Labels map[string]string; ExternalLabels map[string]string; \
     ExternalURL string; Value interface {} }",
    Element::Typed,
);

impl Object for AlertData {
    fn class(&self) -> &'static Class {
        &ALERT_DATA
    }

    fn field(&self, name: &str) -> Option<Value> {
        match name {
            "Labels" => Some(self.labels.clone()),
            "ExternalLabels" => Some(self.external_labels.clone()),
            "ExternalURL" => Some(self.external_url.clone()),
            "Value" => Some(self.value.clone()),
            _ => None,
        }
    }

    fn fields(&self) -> Vec<Field> {
        ["Labels", "ExternalLabels", "ExternalURL", "Value"]
            .into_iter()
            .filter_map(|name| Some((name, name, self.field(name)?)))
            .collect()
    }

    fn as_any(&self) -> &dyn std::any::Any {
        self
    }
}
