//! Alerts and everything about them: the nouns that rules, alerting, state and
//! server share, and the traits where they meet.
//!
//! [`AlertSink`] lies between whoever has alerts (rules, the API, other servers)
//! and whoever takes them; [`Alerting`] between the alerting room and whoever shows
//! or commands it.
//!
//! Times of alerts and silences are nanoseconds since the Unix epoch, because that
//! is what clients send and expect back; 0 says "not set". Times that this product
//! takes itself (history, evaluations) are milliseconds.

mod alerting;
mod fingerprint;
mod history;
mod rules;
mod silence;
mod view;

use std::future::Future;
use std::pin::Pin;

pub use alerting::{
    Alerting, AlertingError, AlertingStatus, DrillPlan, DrillReport, DrilledRoute, DrilledTemplate,
    ReceiverTest, TestOutcome,
};
pub use fingerprint::Fingerprint;
pub use history::{
    Acknowledgement, BudgetReport, Episode, EpisodeFilter, Judgement, NotificationFilter,
    NotificationOutcome, NotificationRecord, QualityReport, RuleQuality, SilenceEvent, TeamBudget,
};
pub use rules::{
    ActiveAlert, AlertState, Replay, ReplayQuery, ReplayedAlert, RuleGroup, RuleHealth, RuleKind,
    RuleStatus, Rules,
};
pub use silence::{Recurrence, Silence, SilenceId, SilencePreview, SilenceState, WeeklyWindow};
pub use view::{
    AlertFilter, AlertGroup, AlertStatus, AlertView, ExplainedRoute, Explanation, ReceiverView,
    RouteView, Suppression,
};

use crate::labels::Labels;

/// A future that a trait object can return.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Texts by name, ascending by name. Unlike [`Labels`], empty values are kept.
pub type Texts = Vec<(String, String)>;

/// An alert: something that is wrong, or was.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Alert {
    /// What it is; two alerts with the same labels are the same alert.
    pub labels: Labels,
    /// What there is to say about it.
    pub annotations: Texts,
    /// Since when, nanoseconds since the Unix epoch; 0: not set.
    pub starts_at_ns: i64,
    /// Until when, nanoseconds since the Unix epoch; 0: not set.
    pub ends_at_ns: i64,
    /// When it was told last, nanoseconds since the Unix epoch.
    pub updated_at_ns: i64,
    /// Whether [`Alert::ends_at_ns`] was filled in from the resolve timeout.
    pub timeout: bool,
    /// Where it comes from.
    pub generator_url: String,
}

impl Alert {
    /// Whether it has ended at `now_ns`.
    #[must_use]
    pub fn resolved_at(&self, now_ns: i64) -> bool {
        self.ends_at_ns != 0 && self.ends_at_ns <= now_ns
    }

    /// The label `alertname`, or nothing.
    #[must_use]
    pub fn name(&self) -> &str {
        self.labels.get("alertname").unwrap_or("")
    }

    /// The annotation `name`.
    #[must_use]
    pub fn annotation(&self, name: &str) -> Option<&str> {
        let at = self
            .annotations
            .binary_search_by(|(n, _)| n.as_str().cmp(name))
            .ok()?;
        Some(&self.annotations[at].1)
    }

    /// Its number: a hash of its labels, as Alertmanager shows it.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(&self.labels)
    }
}

/// What became of alerts that were handed over.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Accepted {
    /// How many were taken.
    pub taken: usize,
    /// What was wrong with the others: index and why.
    pub refused: Vec<(usize, String)>,
}

/// Where alerts go.
pub trait AlertSink: Send + Sync {
    /// Takes alerts. When it returns `Ok`, those that were taken survive a crash.
    /// `starts_at_ns` and `ends_at_ns` of 0 are filled in by the taker.
    fn post(&self, alerts: Vec<Alert>) -> BoxFuture<'_, Result<Accepted, AlertingError>>;
}
