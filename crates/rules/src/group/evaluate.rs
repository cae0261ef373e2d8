//! One evaluation of one rule: ask, make results of the answer, send alerts, write
//! (see [`super::write`]).

use std::time::Instant;

use binnacle_model::Labels;
use binnacle_model::alert::Alert;
use binnacle_model::append::{AppendError, Refusal};
use binnacle_model::event::logs::{Direction, LogsRequest, LogsTime, LogsValue};
use binnacle_model::query::{
    InstantQuery, QueryAnswer, QueryError, QueryOptions, QueryValue, Value, VectorElement,
};
use binnacle_template::prometheus::{lines_link, table_link};

use super::write::Results;
use super::{Group, Surroundings};
use crate::expand::{Answers, Subject, number};
use crate::file::Language;
use crate::rule::{
    Alerting, Candidate, Instance, Kind, Rule, State, canonical, laid_over, lay_over,
};

/// Why an evaluation of a rule failed. Messages are Prometheus', because people
/// search for them.
#[derive(Debug, thiserror::Error)]
pub(super) enum EvaluateError {
    #[error(transparent)]
    Query(#[from] QueryError),
    #[error("rule result is not a vector or scalar")]
    NotVector,
    #[error("the expression is LogQL, and there are no lines here to ask for")]
    NoLogs,
    #[error("vector contains metrics with the same labelset after applying rule labels")]
    SameSeries,
    #[error("vector contains metrics with the same labelset after applying alert labels")]
    SameAlert,
    #[error("exceeded limit of {limit} with {count} {what}")]
    Limit {
        limit: u64,
        count: usize,
        what: &'static str,
    },
    #[error("{count} native histograms cannot be recorded: only floats can be written")]
    Histograms { count: usize },
    #[error(transparent)]
    Append(#[from] AppendError),
    #[error("the thread that writes results failed: {0}")]
    Thread(String),
    #[error("{}", .0.as_str())]
    Refused(Refusal),
}

impl EvaluateError {
    fn is_canceled(&self) -> bool {
        matches!(self, Self::Query(QueryError::Canceled { .. }))
    }
}

/// One evaluation of a group, seen by its rules.
#[derive(Clone, Copy)]
pub(super) struct Turn<'a> {
    pub(super) group: &'a Group,
    pub(super) around: &'a Surroundings,
    /// The slot.
    pub(super) ts_ms: i64,
    /// The time of the data: the slot less the offset.
    pub(super) data_ms: i64,
}

impl Turn<'_> {
    /// Evaluates a rule and notes how that went. Gives the number of results.
    pub(super) async fn run(self, rule: &Rule) -> u64 {
        let begun = Instant::now();
        let begun_ms = self.around.clock.now_ms();
        let outcome = self.evaluate(rule).await;
        let seconds = begun.elapsed().as_secs_f64();
        self.around.timings.rule(seconds);
        let mut state = rule.state.lock();
        state.evaluation_seconds = seconds;
        state.last_evaluation_ms = Some(begun_ms);
        self.group.count(outcome.is_err());
        match outcome {
            Ok(count) => count,
            Err(error) => {
                if !error.is_canceled() {
                    tracing::warn!(
                        file = self.group.file(), group = self.group.name(), rule = rule.name, %error,
                        "evaluating a rule failed"
                    );
                }
                state.failed(error.to_string());
                0
            }
        }
    }

    async fn evaluate(self, rule: &Rule) -> Result<u64, EvaluateError> {
        let (elements, samples) = self.ask(rule).await?;
        let (results, due) = match &rule.kind {
            Kind::Recording { over } => {
                let mut state = rule.state.lock();
                state.samples = samples;
                let results = self.record(&mut state, over, &elements);
                (end_attempt(&mut state, results)?, Vec::new())
            }
            Kind::Alerting(alerting) => {
                let candidates = self.candidates(alerting, &elements).await?;
                let mut state = rule.state.lock();
                state.samples = samples;
                let results = self.alert(&mut state, rule, alerting, candidates);
                let results = end_attempt(&mut state, results)?;
                (results, self.due(&mut state))
            }
        };
        self.send(rule, due);
        self.write(rule, results).await
    }

    /// Asks for the expression's value at the time of the data.
    async fn ask(self, rule: &Rule) -> Result<(Vec<VectorElement>, u64), EvaluateError> {
        match rule.expr.language {
            Language::Promql => self.ask_metrics(rule).await,
            Language::Logql => self.ask_logs(rule).await,
        }
    }

    async fn ask_logs(self, rule: &Rule) -> Result<(Vec<VectorElement>, u64), EvaluateError> {
        let Some(logs) = &self.around.logs else {
            return Err(EvaluateError::NoLogs);
        };
        let request = LogsRequest {
            text: rule.expr.text.clone(),
            time: LogsTime::Instant {
                at_ns: self.data_ms.saturating_mul(1_000_000),
            },
            limit: 0,
            direction: Direction::Backward,
            options: QueryOptions {
                client: self.group.client().to_owned(),
                ..QueryOptions::default()
            },
        };
        let answer = logs.query(request).await?;
        let element = |labels: Labels, value: f64| VectorElement {
            labels,
            t_ms: self.data_ms,
            value: Value::Float(value),
        };
        let elements = match answer.value {
            LogsValue::Vector(vector) => vector
                .into_iter()
                .map(|(labels, (_, value))| element(Labels::from_pairs(labels.iter()), value))
                .collect(),
            LogsValue::Scalar((_, value)) => vec![element(Labels::empty(), value)],
            LogsValue::Streams(_) | LogsValue::Matrix(_) => return Err(EvaluateError::NotVector),
        };
        Ok((elements, answer.statistics.rows))
    }

    async fn ask_metrics(self, rule: &Rule) -> Result<(Vec<VectorElement>, u64), EvaluateError> {
        let query = InstantQuery {
            text: rule.expr.text.clone(),
            at_ms: self.data_ms,
            options: QueryOptions {
                client: self.group.client().to_owned(),
                in_place: self.around.may_block && rule.is_quick(),
                ..QueryOptions::default()
            },
        };
        let QueryAnswer {
            value, statistics, ..
        } = self.around.metrics.instant(query).await?;
        let elements = match value {
            QueryValue::Vector(elements) => elements,
            QueryValue::Scalar(sample) => vec![VectorElement {
                labels: Labels::empty(),
                t_ms: sample.t_ms,
                value: Value::Float(sample.value),
            }],
            QueryValue::String { .. } | QueryValue::Matrix(_) => {
                return Err(EvaluateError::NotVector);
            }
        };
        Ok((elements, statistics.samples_total))
    }

    /// Results of a recording rule.
    fn record(
        self,
        state: &mut State,
        over: &[(String, String)],
        elements: &[VectorElement],
    ) -> Result<Results, EvaluateError> {
        let limit = self.group.limit();
        let mut results = Results::new(self.around.batch());
        let mut bytes = Vec::with_capacity(256);
        state.series.begin();
        for element in elements {
            let over = over.iter().map(|(n, v)| (n.as_str(), v.as_str()));
            lay_over(&element.labels, over, &mut bytes);
            let series = state
                .series
                .note(&bytes, || canonical(&bytes))
                .ok_or(EvaluateError::SameSeries)?;
            match element.value {
                Value::Float(value) => results.push(state, series, self.data_ms, value),
                Value::Histogram(_) => {
                    state.series.refuse(series);
                    results.histograms += 1;
                }
            }
        }
        if limit > 0 && elements.len() as u64 > limit {
            return Err(EvaluateError::Limit {
                limit,
                count: elements.len(),
                what: "series",
            });
        }
        results.end(state, self.data_ms);
        state.results = elements.len() as u64;
        Ok(results)
    }

    /// The results of an alerting rule, their texts expanded.
    async fn candidates(
        self,
        alerting: &Alerting,
        elements: &[VectorElement],
    ) -> Result<Vec<Candidate>, EvaluateError> {
        let settings = &self.around.settings;
        let mut answers = Answers::new(&*self.around.metrics, self.ts_ms, self.group.client());
        let mut seen = std::collections::HashSet::with_capacity(elements.len());
        let mut candidates = Vec::with_capacity(elements.len());
        let mut bytes = Vec::new();
        for element in elements {
            let subject = Subject {
                labels: &element.labels,
                value: number(&element.value),
                external_labels: &settings.external_labels,
                external_url: &settings.external_url,
            };
            let mut over = Vec::with_capacity(alerting.over.len());
            for (name, template) in &alerting.over {
                let text = template.expand(&subject, &mut answers).await;
                over.push((name.as_str(), text));
            }
            let over = over.iter().map(|(n, v)| (*n, v.as_ref()));
            let labels = laid_over(&element.labels, over, &mut bytes);
            if !seen.insert(labels.clone()) {
                return Err(EvaluateError::SameAlert);
            }
            let mut annotations = Vec::with_capacity(alerting.annotations.len());
            for (name, template) in &alerting.annotations {
                let text = template.expand(&subject, &mut answers).await;
                annotations.push((name.clone(), text.into_owned()));
            }
            candidates.push(Candidate {
                labels,
                annotations,
                value: subject.value,
            });
        }
        Ok(candidates)
    }

    /// Goes on with the alerts of a rule, and gives the series that tell of them.
    fn alert(
        self,
        state: &mut State,
        rule: &Rule,
        alerting: &Alerting,
        candidates: Vec<Candidate>,
    ) -> Result<Results, EvaluateError> {
        let limit = self.group.limit();
        let mut results = Results::new(self.around.batch());
        state.series.begin();
        let count = state.alerts.advance(self.ts_ms, alerting.holds, candidates);
        if limit > 0 && count as u64 > limit {
            state.alerts.clear();
            return Err(EvaluateError::Limit {
                limit,
                count,
                what: "alerts",
            });
        }
        let State {
            alerts,
            series,
            restored,
            ..
        } = state;
        let going_on = alerts
            .iter_mut()
            .filter(|alert| *restored && alert.is_going_on());
        for alert in going_on {
            let since_s = alert.active_at_ms.div_euclid(1000) as f64;
            let (state_series, since_series) = alert.series(&rule.name, &rule.labels);
            for (labels, value) in [(state_series, 1.0), (since_series, since_s)] {
                // Two alerts share a series only when the rule's own labels hide the
                // difference: then one of them stands for both.
                if let Some(i) = series.note(labels.as_bytes(), || labels.clone()) {
                    series.push(i, self.data_ms, value, &mut results.batch);
                    results.of_batch.push(i);
                }
            }
        }
        results.end(state, self.data_ms);
        state.results = count as u64;
        Ok(results)
    }

    /// The alerts that are to be told now.
    fn due(self, state: &mut State) -> Vec<Instance> {
        let delay_ms = self.around.settings.resend_delay_ms;
        // Two evaluations or sendings may fail before an alert ends by itself.
        let valid_ms = 4 * self.group.interval_ms().max(delay_ms);
        state.alerts.take_due(self.ts_ms, delay_ms, valid_ms)
    }

    fn send(self, rule: &Rule, due: Vec<Instance>) {
        if due.is_empty() {
            return;
        }
        let link = match rule.expr.language {
            Language::Promql => table_link(&rule.expr.text),
            Language::Logql => lines_link(&rule.expr.text),
        };
        let url = format!("{}{link}", self.around.settings.external_url);
        let now_ms = self.around.clock.now_ms();
        let alerts = due
            .into_iter()
            .map(|alert| alert.told(&url, now_ms))
            .collect();
        (self.around.send)(alerts);
    }
}

/// Makes an attempt that failed undone.
fn end_attempt(
    state: &mut State,
    results: Result<Results, EvaluateError>,
) -> Result<Results, EvaluateError> {
    results.inspect_err(|_| state.series.forget())
}

impl Instance {
    /// As it is told to others.
    fn told(self, url: &str, now_ms: i64) -> Alert {
        let ns = |ms: i64| ms.saturating_mul(1_000_000);
        Alert {
            labels: self.labels,
            annotations: self.annotations,
            starts_at_ns: self.fired_at_ms.map_or(0, ns),
            ends_at_ns: ns(self.resolved_at_ms.unwrap_or(self.valid_until_ms)),
            updated_at_ns: ns(now_ms),
            timeout: false,
            generator_url: url.to_owned(),
        }
    }
}
