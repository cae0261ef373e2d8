//! Texts of alerts with templates in them.
//!
//! Templates run at once and cannot wait, and their function `query` must ask a
//! signal that may be a network away. So a text that queries is expanded until it
//! asks what is not known yet; the answer is fetched, and the text is expanded anew
//! with all answers so far. No thread waits, and the alerts of one evaluation share
//! their answers, which are all of the same time.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashMap;

use binnacle_model::Labels;
use binnacle_model::query::{InstantQuery, MetricsQuery, QueryOptions, QueryValue, Value};
use binnacle_template::prometheus::{AlertContext, AlertTemplate};

/// Different queries that the texts of one rule may ask in one evaluation; one more
/// is answered by an error.
const QUERIES_MAX: usize = 1_000;

/// The text of a label or an annotation.
#[derive(Debug, Clone)]
pub(crate) enum Template {
    /// Nothing to expand.
    Literal(String),
    /// To be expanded.
    Parsed(AlertTemplate),
    /// No template at all: what to say instead.
    Broken(String),
}

/// What a query in a template answers.
type Answer = Result<Vec<(Labels, f64)>, String>;

impl Template {
    /// The text `text` of the alert `alert`. Files are checked when they are read;
    /// a text that is no template all the same expands to what is wrong with it.
    pub(crate) fn new(alert: &str, text: &str) -> Self {
        if !text.contains("{{") {
            return Self::literal(text);
        }
        match AlertTemplate::parse(&name(alert), text) {
            Ok(template) => Self::Parsed(template),
            Err(error) => Self::Broken(format!("<error expanding template: {error}>")),
        }
    }

    /// A text that is never expanded.
    pub(crate) fn literal(text: &str) -> Self {
        Self::Literal(text.to_owned())
    }

    /// What is wrong with `text`.
    pub(crate) fn check(alert: &str, text: &str) -> Result<(), String> {
        match AlertTemplate::parse(&name(alert), text) {
            Ok(_) => Ok(()),
            Err(error) => Err(error.to_string()),
        }
    }

    /// The text for one alert.
    pub(crate) async fn expand(
        &self,
        alert: &Subject<'_>,
        answers: &mut Answers<'_>,
    ) -> Cow<'_, str> {
        match self {
            Self::Literal(text) | Self::Broken(text) => Cow::Borrowed(text),
            Self::Parsed(template) => loop {
                match alert.expand(template, answers) {
                    Expanded::Text(text) => return Cow::Owned(text),
                    Expanded::Wants(query) => answers.fetch(query).await,
                }
            },
        }
    }
}

fn name(alert: &str) -> String {
    format!("__alert_{alert}")
}

enum Expanded {
    Text(String),
    Wants(String),
}

/// What templates know of an alert.
pub(crate) struct Subject<'a> {
    /// Labels of the result, the metric's name among them.
    pub(crate) labels: &'a Labels,
    /// Its value.
    pub(crate) value: f64,
    pub(crate) external_labels: &'a Labels,
    pub(crate) external_url: &'a str,
}

impl Subject<'_> {
    fn expand(&self, template: &AlertTemplate, answers: &Answers<'_>) -> Expanded {
        let wants = RefCell::new(None);
        let query = |text: &str| match answers.known.get(text) {
            Some(answer) => answer.clone(),
            None => {
                *wants.borrow_mut() = Some(text.to_owned());
                Err("the answer is awaited".to_owned())
            }
        };
        let context = AlertContext {
            labels: self.labels,
            external_labels: self.external_labels,
            external_url: self.external_url,
            value: self.value,
            now_ms: answers.now_ms,
            query: &query,
        };
        let (text, error) = template.expand_or_error(&context);
        if let Some(query) = wants.take() {
            return Expanded::Wants(query);
        }
        if let Some(error) = error {
            tracing::warn!(%error, labels = %self.labels, "a template of an alert failed");
        }
        Expanded::Text(text)
    }
}

/// What queries in templates have answered in one evaluation of a rule.
pub(crate) struct Answers<'a> {
    metrics: &'a dyn MetricsQuery,
    now_ms: i64,
    client: &'a str,
    known: HashMap<String, Answer>,
}

impl<'a> Answers<'a> {
    /// None yet; queries are evaluated at `now_ms`.
    pub(crate) fn new(metrics: &'a dyn MetricsQuery, now_ms: i64, client: &'a str) -> Self {
        Self {
            metrics,
            now_ms,
            client,
            known: HashMap::new(),
        }
    }

    async fn fetch(&mut self, text: String) {
        let answer = if self.known.len() < QUERIES_MAX {
            self.ask(text.clone()).await
        } else {
            Err(format!("more than {QUERIES_MAX} different queries"))
        };
        self.known.insert(text, answer);
    }

    async fn ask(&self, text: String) -> Answer {
        let query = InstantQuery {
            text,
            at_ms: self.now_ms,
            options: QueryOptions {
                client: self.client.to_owned(),
                ..QueryOptions::default()
            },
        };
        let answer = self.metrics.instant(query).await;
        match answer.map_err(|error| error.to_string())?.value {
            QueryValue::Vector(elements) => Ok(elements
                .into_iter()
                .map(|element| (element.labels, number(&element.value)))
                .collect()),
            QueryValue::Scalar(sample) => Ok(vec![(Labels::empty(), sample.value)]),
            QueryValue::String { .. } | QueryValue::Matrix(_) => {
                Err("rule result is not a vector or scalar".to_owned())
            }
        }
    }
}

/// The number that stands for a value: 0 for a native histogram, as in Prometheus.
pub(crate) fn number(value: &Value) -> f64 {
    match value {
        Value::Float(number) => *number,
        Value::Histogram(_) => 0.0,
    }
}
