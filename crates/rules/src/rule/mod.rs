//! One rule: what was typed, made ready to be evaluated, and what it remembers.

mod alerts;
mod recording;
mod series;

use binnacle_model::Labels;
use binnacle_model::alert::{self, AlertState, RuleHealth, RuleStatus, Texts};
use parking_lot::Mutex;

use crate::expand::Template;
use crate::file::{Expression, Field, GroupSpec, RuleKind, RuleSpec, merge};

pub(crate) use alerts::{ALERTS, ALERTS_FOR_STATE, Alerts, Candidate, Holds, Instance};
pub(crate) use recording::{canonical, laid_over, lay_over};
pub(crate) use series::SeriesBook;

/// The label that holds an alert's name.
pub(crate) const ALERTNAME: &str = "alertname";

/// An evaluation that takes less is quick.
const QUICK_SECONDS: f64 = 0.01;

/// See the module's text.
pub(crate) struct Rule {
    pub(crate) name: String,
    pub(crate) expr: Expression,
    /// Those of the group and its own, by name.
    pub(crate) labels: Texts,
    pub(crate) kind: Kind,
    pub(crate) state: Mutex<State>,
    /// What may change without the rule becoming another one.
    shown: Mutex<Shown>,
}

/// What a rule does with its results.
pub(crate) enum Kind {
    Recording {
        /// Name and labels, by name.
        over: Texts,
    },
    Alerting(Box<Alerting>),
}

/// What only an alerting rule has.
pub(crate) struct Alerting {
    pub(crate) holds: Holds,
    /// As they were written, by name.
    pub(crate) annotation_texts: Texts,
    pub(crate) annotations: Vec<(String, Template)>,
    /// Labels to lay over a result, by name: the rule's, the alert's name, and no
    /// metric's name.
    pub(crate) over: Vec<(String, Template)>,
}

/// What a rule remembers.
pub(crate) struct State {
    pub(crate) series: SeriesBook,
    pub(crate) alerts: Alerts,
    /// Whether `for` states of an earlier run are taken over, or there are none to
    /// be taken: before that no `ALERTS` are written, which would hide them.
    pub(crate) restored: bool,
    pub(crate) health: RuleHealth,
    pub(crate) last_error: String,
    /// Wall clock; `None`: never.
    pub(crate) last_evaluation_ms: Option<i64>,
    pub(crate) evaluation_seconds: f64,
    pub(crate) samples: u64,
    pub(crate) results: u64,
}

#[derive(Debug, Clone, Default, PartialEq)]
struct Shown {
    line: u32,
    findings: Vec<String>,
}

impl Rule {
    /// `restore`: whether `for` states of an earlier run are to be taken over.
    pub(crate) fn new(group: &GroupSpec, spec: &RuleSpec, restore: bool) -> Self {
        let labels = spec.labels_in(group);
        let kind = match &spec.kind {
            RuleKind::Recording => Kind::Recording {
                over: named(&labels, "__name__", &spec.name),
            },
            RuleKind::Alerting {
                hold_ms,
                keep_firing_for_ms,
                annotations,
            } => Kind::Alerting(Box::new(Alerting::new(
                &spec.name,
                &labels,
                Holds {
                    hold_ms: *hold_ms,
                    keep_firing_for_ms: *keep_firing_for_ms,
                },
                annotations,
            ))),
        };
        Self {
            name: spec.name.clone(),
            expr: spec.expr.clone(),
            labels,
            kind,
            state: Mutex::new(State::new(!restore)),
            shown: Mutex::new(Shown {
                line: spec.at.line,
                findings: Vec::new(),
            }),
        }
    }

    /// Whether it was evaluated last in so little time that a thread of its own would cost
    /// more.
    pub(crate) fn is_quick(&self) -> bool {
        let state = self.state.lock();
        state.last_evaluation_ms.is_some() && state.evaluation_seconds < QUICK_SECONDS
    }

    pub(crate) fn alerting(&self) -> Option<&Alerting> {
        match &self.kind {
            Kind::Recording { .. } => None,
            Kind::Alerting(alerting) => Some(alerting),
        }
    }

    /// Whether `other` does the same, wherever it stands.
    pub(crate) fn same(&self, other: &Self) -> bool {
        let alike = match (&self.kind, &other.kind) {
            (Kind::Recording { .. }, Kind::Recording { .. }) => true,
            (Kind::Alerting(a), Kind::Alerting(b)) => {
                a.holds == b.holds && a.annotation_texts == b.annotation_texts
            }
            _ => false,
        };
        alike
            && self.name == other.name
            && self.expr.text == other.expr.text
            && self.expr.language == other.expr.language
            && self.labels == other.labels
    }

    /// Takes over where `other`, which does the same, stands.
    pub(crate) fn move_to(&self, other: &Self) {
        let there = other.shown.lock().clone();
        *self.shown.lock() = there;
    }

    /// Takes over what the linter says.
    pub(crate) fn set_findings(&self, findings: Vec<String>) {
        self.shown.lock().findings = findings;
    }

    /// Its line in the file.
    pub(crate) fn line(&self) -> u32 {
        self.shown.lock().line
    }

    pub(crate) fn status(&self) -> RuleStatus {
        let shown = self.shown.lock().clone();
        let state = self.state.lock();
        RuleStatus {
            name: self.name.clone(),
            expr: self.expr.text.clone(),
            language: self.expr.language.as_str(),
            labels: Labels::from_pairs(self.labels.iter().map(|(n, v)| (n, v))),
            kind: match &self.kind {
                Kind::Recording { .. } => alert::RuleKind::Recording,
                Kind::Alerting(alerting) => alert::RuleKind::Alerting {
                    hold_ms: alerting.holds.hold_ms,
                    keep_firing_for_ms: alerting.holds.keep_firing_for_ms,
                    annotations: alerting.annotation_texts.clone(),
                    state: if state.last_evaluation_ms.is_none() {
                        AlertState::Unknown
                    } else {
                        state.alerts.state()
                    },
                    alerts: state.alerts.shown(),
                },
            },
            health: state.health,
            last_error: state.last_error.clone(),
            last_evaluation_ms: state.last_evaluation_ms.unwrap_or(0),
            evaluation_seconds: state.evaluation_seconds,
            samples: state.samples,
            series: state.results,
            line: shown.line,
            findings: shown.findings,
        }
    }
}

impl Alerting {
    fn new(name: &str, labels: &Texts, holds: Holds, annotations: &[Field]) -> Self {
        let annotation_texts = merge(annotations);
        let template = |(n, text): &(String, String)| (n.clone(), Template::new(name, text));
        let mut over: Vec<(String, Template)> = labels.iter().map(template).collect();
        for (label, value) in [("__name__", ""), (ALERTNAME, name)] {
            over.retain(|(n, _)| n != label);
            over.push((label.to_owned(), Template::literal(value)));
        }
        over.sort_by(|(a, _), (b, _)| a.cmp(b));
        Self {
            holds,
            annotations: annotation_texts.iter().map(template).collect(),
            annotation_texts,
            over,
        }
    }
}

impl State {
    fn new(restored: bool) -> Self {
        Self {
            series: SeriesBook::new(),
            alerts: Alerts::default(),
            restored,
            health: RuleHealth::Unknown,
            last_error: String::new(),
            last_evaluation_ms: None,
            evaluation_seconds: 0.0,
            samples: 0,
            results: 0,
        }
    }

    pub(crate) fn succeeded(&mut self) {
        self.health = RuleHealth::Ok;
        self.last_error.clear();
    }

    pub(crate) fn failed(&mut self, error: String) {
        self.health = RuleHealth::Error;
        self.last_error = error;
    }
}

/// `labels` with `name` set to `value`, by name.
fn named(labels: &Texts, name: &str, value: &str) -> Texts {
    let mut all = labels.clone();
    all.retain(|(n, _)| n != name);
    all.push((name.to_owned(), value.to_owned()));
    all.sort_unstable();
    all
}
