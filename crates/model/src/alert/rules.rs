//! Rules as they stand, and rules tried on the past.

use std::sync::Arc;

use super::Texts;
use crate::labels::Labels;
use crate::query::Answer;

/// Whether a rule's last evaluation worked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum RuleHealth {
    Unknown,
    Ok,
    Error,
}

impl RuleHealth {
    /// The API's word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Ok => "ok",
            Self::Error => "err",
        }
    }
}

/// State of an alert within its rule. Ordered from good to bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum AlertState {
    Unknown,
    Inactive,
    Pending,
    Firing,
}

impl AlertState {
    /// The API's word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Inactive => "inactive",
            Self::Pending => "pending",
            Self::Firing => "firing",
        }
    }
}

/// An alert that a rule holds now.
#[derive(Debug, Clone, PartialEq)]
pub struct ActiveAlert {
    /// Labels, `alertname` among them.
    pub labels: Labels,
    /// Annotations, expanded.
    pub annotations: Texts,
    /// Pending or firing.
    pub state: AlertState,
    /// Since when the expression holds, milliseconds.
    pub active_at_ms: i64,
    /// Since when it only fires because of `keep_firing_for`, milliseconds.
    pub keep_firing_since_ms: Option<i64>,
    /// Value of the expression.
    pub value: f64,
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
        /// Templates of the annotations.
        annotations: Texts,
        /// The worst state of its alerts.
        state: AlertState,
        /// Its alerts.
        alerts: Vec<ActiveAlert>,
    },
}

/// A rule as it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleStatus {
    /// What `record` or `alert` says.
    pub name: String,
    /// The expression, as the language prints it.
    pub expr: String,
    /// What it is written in: `promql` or `logql`.
    pub language: &'static str,
    /// Labels of the rule, the group's included.
    pub labels: Labels,
    /// Recording or alerting.
    pub kind: RuleKind,
    /// Whether it works.
    pub health: RuleHealth,
    /// Why not, or empty.
    pub last_error: String,
    /// Milliseconds; 0: never.
    pub last_evaluation_ms: i64,
    /// Seconds that the last evaluation took.
    pub evaluation_seconds: f64,
    /// Samples that the last evaluation looked at.
    pub samples: u64,
    /// Series or alerts that it gave.
    pub series: u64,
    /// Line in the file, from 1.
    pub line: u32,
    /// What the linter says of it.
    pub findings: Vec<String>,
}

/// A group of rules.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleGroup {
    /// Unique within its file.
    pub name: String,
    /// Its file.
    pub file: String,
    /// Milliseconds.
    pub interval_ms: i64,
    /// At most that many series or alerts of a rule; 0: no limit.
    pub limit: u64,
    /// `query_offset`, milliseconds.
    pub query_offset_ms: i64,
    /// Its rules, in order.
    pub rules: Vec<RuleStatus>,
    /// Milliseconds; 0: never.
    pub last_evaluation_ms: i64,
    /// Seconds that its last evaluation took.
    pub evaluation_seconds: f64,
    /// Evaluations so far.
    pub iterations: u64,
    /// Evaluations that were left out because the one before took too long.
    pub missed: u64,
}

/// A rule to be tried on the past.
#[derive(Debug, Clone, Default)]
pub struct ReplayQuery {
    /// A rule file's text, whole: `groups:` and so on.
    pub rules: String,
    /// Milliseconds.
    pub start_ms: i64,
    /// Milliseconds.
    pub end_ms: i64,
    /// Milliseconds; 0: each group's interval.
    pub step_ms: i64,
    /// Only this group.
    pub group: Option<String>,
    /// Only this rule.
    pub rule: Option<String>,
}

/// An alert that would have been.
#[derive(Debug, Clone, PartialEq)]
pub struct ReplayedAlert {
    /// The rule.
    pub rule: String,
    /// Labels.
    pub labels: Labels,
    /// When it became pending, milliseconds.
    pub pending_ms: i64,
    /// When it fired, milliseconds; `None`: never.
    pub firing_ms: Option<i64>,
    /// When it ended, milliseconds; `None`: it had not by the end.
    pub ended_ms: Option<i64>,
    /// Highest value of the expression while it lasted.
    pub value_max: f64,
    /// Summary or description, expanded.
    pub summary: String,
}

/// What rules would have done.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Replay {
    /// Alerts, by the time they became pending.
    pub alerts: Vec<ReplayedAlert>,
    /// Rule by rule: name, firings, firings a day.
    pub firings: Vec<(String, u64, f64)>,
    /// Recording rules: name, series, samples that they would have written.
    pub recorded: Vec<(String, u64, u64)>,
    /// Evaluations.
    pub steps: u64,
    /// Seconds that the replay took.
    pub seconds: f64,
    /// What could not be evaluated: rule and why.
    pub errors: Vec<(String, String)>,
}

/// The rules of this server.
pub trait Rules: Send + Sync {
    /// All groups by file and name.
    fn groups(&self) -> Vec<Arc<RuleGroup>>;
    /// Tries rules on the stored past.
    fn replay(&self, query: ReplayQuery) -> Answer<'_, Replay>;
    /// What the linter says of a rule file's text: line, rule and what.
    ///
    /// # Errors
    /// [`crate::query::QueryError::BadData`] when it is no rule file.
    fn lint(&self, rules: &str) -> Result<Vec<(u32, String)>, crate::query::QueryError>;
}
