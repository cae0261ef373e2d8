//! One rule from step to step: what it records, which alerts it has.

use std::collections::HashMap;
use std::sync::Arc;

use binnacle_model::alert::{AlertState, ReplayedAlert};
use binnacle_model::query::MetricsQuery;
use binnacle_model::{Labels, STALE_NAN};

use super::Settings;
use super::fetch::CLIENT;
use super::plan::Planned;
use crate::expand::{Answers, Subject, Template};
use crate::rule::{Alerting, Alerts, Candidate, Kind, laid_over};
use crate::unit_test::storage::Storage;

/// A sample that a rule writes: number of the series, time, value.
pub(super) type Written = (usize, i64, f64);

/// What a rule has done so far.
pub(super) struct Played<'a> {
    planned: &'a Planned,
    metrics: &'a dyn MetricsQuery,
    settings: &'a Settings,
    /// Number of the step.
    step: u64,
    outputs: Vec<Output>,
    by_labels: HashMap<Labels, usize>,
    /// The output of a result of a recording rule.
    by_result: HashMap<Labels, usize>,
    alerts: Alerts,
    /// Labels of the alert of a result, when they do not change with its value.
    alert_labels: Option<HashMap<Labels, Labels>>,
    open: HashMap<Labels, usize>,
    /// Alerts that were.
    pub(super) replayed: Vec<ReplayedAlert>,
    /// How many fired.
    pub(super) firings: u64,
    /// Samples written, without staleness markers.
    pub(super) samples: u64,
    /// Steps that were evaluated.
    pub(super) steps: u64,
    /// Steps that failed, and the first reason.
    pub(super) failed: u64,
    pub(super) error: Option<Arc<str>>,
    /// What was not told for lack of room.
    pub(super) left_out: u64,
    /// Samples that are to be written into an engine.
    pub(super) written: Vec<Written>,
}

/// A series that a rule writes.
pub(super) struct Output {
    pub(super) labels: Labels,
    /// The last step that gave a value.
    step: u64,
    /// Whether it had a value at the last step that worked.
    present: bool,
}

impl<'a> Played<'a> {
    pub(super) fn new(
        planned: &'a Planned,
        metrics: &'a dyn MetricsQuery,
        settings: &'a Settings,
    ) -> Self {
        let fixed = planned.rule.alerting().is_some_and(has_fixed_labels);
        Self {
            planned,
            metrics,
            settings,
            step: 0,
            outputs: Vec::new(),
            by_labels: HashMap::new(),
            by_result: HashMap::new(),
            alerts: Alerts::default(),
            alert_labels: fixed.then(HashMap::new),
            open: HashMap::new(),
            replayed: Vec::new(),
            firings: 0,
            samples: 0,
            steps: 0,
            failed: 0,
            error: None,
            left_out: 0,
            written: Vec::new(),
        }
    }

    /// Series that were written.
    pub(super) fn outputs(&self) -> &[Output] {
        &self.outputs
    }

    /// The step could not be evaluated; all stays as it is.
    pub(super) fn fail(&mut self, error: Arc<str>) {
        self.steps += 1;
        self.failed += 1;
        self.error.get_or_insert(error);
    }

    /// The step at `at_ms`, whose data are of `data_ms`. What is written goes to
    /// `memory` when somebody reads it there.
    pub(super) async fn step(
        &mut self,
        at_ms: i64,
        data_ms: i64,
        results: &[(Labels, f64)],
        memory: Option<&Storage>,
        keep: bool,
    ) {
        self.step += 1;
        let outcome = match &self.planned.rule.kind {
            Kind::Recording { over } => self.record(over, data_ms, results),
            Kind::Alerting(alerting) => {
                self.alert(alerting, at_ms, data_ms, results, memory.is_some())
                    .await
            }
        };
        let samples = match outcome {
            Ok(samples) => samples,
            Err(error) => return self.fail(error.into()),
        };
        self.steps += 1;
        self.commit(data_ms, samples, memory, keep);
    }

    fn record(
        &mut self,
        over: &[(String, String)],
        data_ms: i64,
        results: &[(Labels, f64)],
    ) -> Result<Vec<Written>, String> {
        let mut samples = Vec::with_capacity(results.len());
        for (labels, value) in results {
            let i = match self.by_result.get(labels) {
                Some(i) => *i,
                None => {
                    let over = over.iter().map(|(n, v)| (n.as_str(), v.as_str()));
                    let i = self.output(laid_over(labels, over, &mut Vec::new()));
                    self.by_result.insert(labels.clone(), i);
                    i
                }
            };
            if std::mem::replace(&mut self.outputs[i].step, self.step) == self.step {
                return Err(
                    "vector contains metrics with the same labelset after applying rule labels"
                        .to_owned(),
                );
            }
            samples.push((i, data_ms, *value));
        }
        let limit = self.planned.limit;
        if limit > 0 && results.len() as u64 > limit {
            return Err(format!(
                "exceeded limit of {limit} with {} series",
                results.len()
            ));
        }
        Ok(samples)
    }

    async fn alert(
        &mut self,
        alerting: &Alerting,
        at_ms: i64,
        data_ms: i64,
        results: &[(Labels, f64)],
        write: bool,
    ) -> Result<Vec<Written>, String> {
        if results.is_empty() && self.alerts.is_empty() {
            return Ok(Vec::new());
        }
        let mut answers = Answers::new(self.metrics, at_ms, CLIENT);
        let mut of_alert: HashMap<Labels, usize> = HashMap::with_capacity(results.len());
        let mut candidates = Vec::with_capacity(results.len());
        for (i, (labels, value)) in results.iter().enumerate() {
            let labels = self.labels(alerting, labels, *value, &mut answers).await;
            if of_alert.insert(labels.clone(), i).is_some() {
                return Err(
                    "vector contains metrics with the same labelset after applying alert labels"
                        .to_owned(),
                );
            }
            candidates.push(Candidate {
                labels,
                annotations: Vec::new(),
                value: *value,
            });
        }
        let count = self.alerts.advance(at_ms, alerting.holds, candidates);
        let limit = self.planned.limit;
        if limit > 0 && count as u64 > limit {
            self.alerts.clear();
            self.end_all(at_ms);
            return Err(format!("exceeded limit of {limit} with {count} alerts"));
        }
        let fired = self.follow(at_ms, &of_alert);
        for (alert, labels) in fired {
            if let Some(i) = of_alert.get(&labels) {
                let (labels, value) = &results[*i];
                let summary = self.summary(alerting, labels, *value, &mut answers).await;
                self.replayed[alert].summary = summary;
            }
        }
        Ok(if write {
            self.alert_series(data_ms)
        } else {
            Vec::new()
        })
    }

    /// Labels of the alert of a result.
    async fn labels(
        &mut self,
        alerting: &Alerting,
        result: &Labels,
        value: f64,
        answers: &mut Answers<'_>,
    ) -> Labels {
        if let Some(known) = self
            .alert_labels
            .as_ref()
            .and_then(|known| known.get(result))
        {
            return known.clone();
        }
        let subject = self.subject(result, value);
        let mut over = Vec::with_capacity(alerting.over.len());
        for (name, template) in &alerting.over {
            let text = template.expand(&subject, answers).await;
            over.push((name.as_str(), text));
        }
        let over = over.iter().map(|(n, v)| (*n, v.as_ref()));
        let labels = laid_over(result, over, &mut Vec::new());
        if let Some(known) = &mut self.alert_labels {
            known.insert(result.clone(), labels.clone());
        }
        labels
    }

    fn subject<'s>(&'s self, labels: &'s Labels, value: f64) -> Subject<'s> {
        Subject {
            labels,
            value,
            external_labels: &self.settings.external_labels,
            external_url: &self.settings.external_url,
        }
    }

    /// Summary or description of an alert, or its first annotation.
    async fn summary(
        &self,
        alerting: &Alerting,
        labels: &Labels,
        value: f64,
        answers: &mut Answers<'_>,
    ) -> String {
        let find = |wanted: &str| alerting.annotations.iter().find(|(name, _)| name == wanted);
        let annotation = find("summary")
            .or_else(|| find("description"))
            .or_else(|| find("message"))
            .or_else(|| alerting.annotations.first());
        let Some((_, template)) = annotation else {
            return String::new();
        };
        let subject = self.subject(labels, value);
        template.expand(&subject, answers).await.into_owned()
    }

    /// Notes what has become of the alerts. Gives those that began to fire.
    fn follow(&mut self, at_ms: i64, of_alert: &HashMap<Labels, usize>) -> Vec<(usize, Labels)> {
        let mut fired = Vec::new();
        let mut going_on = 0;
        for alert in self.alerts.iter_mut() {
            if !alert.is_going_on() {
                continue;
            }
            going_on += 1;
            let place = match self.open.get(&alert.labels) {
                Some(place) => *place,
                None => {
                    if self.replayed.len() >= self.settings.alerts_max {
                        self.left_out += 1;
                        // Its place is past the end: it is counted and not told.
                        self.open.insert(alert.labels.clone(), usize::MAX);
                        usize::MAX
                    } else {
                        self.replayed.push(ReplayedAlert {
                            rule: self.planned.rule.name.clone(),
                            labels: alert.labels.clone(),
                            pending_ms: alert.active_at_ms,
                            firing_ms: None,
                            ended_ms: None,
                            value_max: f64::NEG_INFINITY,
                            summary: String::new(),
                        });
                        let place = self.replayed.len() - 1;
                        self.open.insert(alert.labels.clone(), place);
                        place
                    }
                }
            };
            let begins = alert.state == AlertState::Firing && alert.fired_at_ms == Some(at_ms);
            self.firings += u64::from(begins);
            let Some(told) = self.replayed.get_mut(place) else {
                continue;
            };
            if of_alert.contains_key(&alert.labels) {
                told.value_max = told.value_max.max(alert.value);
            }
            if begins {
                told.firing_ms = Some(at_ms);
                fired.push((place, alert.labels.clone()));
            }
        }
        if going_on < self.open.len() {
            let now: std::collections::HashSet<Labels> = self
                .alerts
                .iter_mut()
                .filter(|alert| alert.is_going_on())
                .map(|alert| alert.labels.clone())
                .collect();
            let replayed = &mut self.replayed;
            self.open.retain(|labels, place| {
                let goes_on = now.contains(labels);
                if !goes_on && let Some(told) = replayed.get_mut(*place) {
                    told.ended_ms = Some(at_ms);
                }
                goes_on
            });
        }
        fired
    }

    fn end_all(&mut self, at_ms: i64) {
        for (_, place) in self.open.drain() {
            if let Some(told) = self.replayed.get_mut(place) {
                told.ended_ms = Some(at_ms);
            }
        }
    }

    /// `ALERTS` and `ALERTS_FOR_STATE`.
    fn alert_series(&mut self, data_ms: i64) -> Vec<Written> {
        let rule = &self.planned.rule;
        let mut series = Vec::new();
        for alert in self.alerts.iter_mut().filter(|alert| alert.is_going_on()) {
            let since_s = alert.active_at_ms.div_euclid(1000) as f64;
            let (state, since) = alert.series(&rule.name, &rule.labels);
            series.push((state.clone(), 1.0));
            series.push((since.clone(), since_s));
        }
        let mut samples = Vec::with_capacity(series.len());
        for (labels, value) in series {
            let i = self.output(labels);
            if std::mem::replace(&mut self.outputs[i].step, self.step) != self.step {
                samples.push((i, data_ms, value));
            }
        }
        samples
    }

    fn output(&mut self, labels: Labels) -> usize {
        if let Some(i) = self.by_labels.get(&labels) {
            return *i;
        }
        let i = self.outputs.len();
        self.by_labels.insert(labels.clone(), i);
        self.outputs.push(Output {
            labels,
            step: 0,
            present: false,
        });
        i
    }

    /// Takes what a step has written, and ends the series that it has not.
    fn commit(
        &mut self,
        data_ms: i64,
        mut samples: Vec<Written>,
        memory: Option<&Storage>,
        keep: bool,
    ) {
        self.samples += samples.len() as u64;
        for (i, output) in self.outputs.iter_mut().enumerate() {
            let now = output.step == self.step;
            if output.present && !now {
                samples.push((i, data_ms, STALE_NAN));
            }
            output.present = now;
        }
        if let Some(memory) = memory {
            for (i, t_ms, value) in &samples {
                // Another rule of the same name and labels was first, as it would
                // have been in the engine.
                let _ = memory.add(&self.outputs[*i].labels, *t_ms, *value);
            }
        }
        if keep {
            self.written.append(&mut samples);
        }
    }
}

/// Whether the labels of a rule's alerts depend on the labels of results alone.
fn has_fixed_labels(alerting: &Alerting) -> bool {
    alerting.over.iter().all(|(_, template)| match template {
        Template::Literal(_) | Template::Broken(_) => true,
        Template::Parsed(template) => {
            let references = template.references();
            !template.uses_query()
                && !references.is_empty()
                && references
                    .iter()
                    .all(|r| r.of != "Value" && r.of != "Sample")
        }
    })
}
