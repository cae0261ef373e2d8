//! The seam between alerting and whoever shows or commands it.

use super::{
    AlertFilter, AlertGroup, AlertSink, AlertView, BoxFuture, BudgetReport, Episode, EpisodeFilter,
    Explanation, Fingerprint, Judgement, NotificationFilter, NotificationRecord, QualityReport,
    ReceiverView, RouteView, Silence, SilenceEvent, SilencePreview, Texts,
};
use crate::labels::Labels;
use crate::matcher::Matcher;

/// Why something could not be done, by what the asker can do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AlertingError {
    /// The request is wrong.
    #[error("{0}")]
    BadData(String),
    /// There is no such thing.
    #[error("{0}")]
    NotFound(String),
    /// It cannot be done now.
    #[error("{0}")]
    Unavailable(String),
    /// Something failed here.
    #[error("{0}")]
    Internal(String),
}

/// What alerting says of itself.
#[derive(Debug, Clone, Default)]
pub struct AlertingStatus {
    /// The configuration in force as YAML, secrets hidden.
    pub config: String,
    /// Milliseconds.
    pub started_ms: i64,
    /// Warnings of the configuration in force.
    pub warnings: Vec<String>,
}

/// A test notification.
#[derive(Debug, Clone, Default)]
pub struct ReceiverTest {
    /// Which receivers; empty: all.
    pub receivers: Vec<String>,
    /// Labels of the test alert; empty: `alertname=BinnacleDrill, severity=info`.
    pub labels: Labels,
    /// Its annotations.
    pub annotations: Texts,
}

/// What one integration answered to a test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestOutcome {
    /// Receiver.
    pub receiver: String,
    /// Kind of integration.
    pub integration: String,
    /// Its place among those of its kind.
    pub index: u32,
    /// Why it failed; `None`: it was taken.
    pub error: Option<String>,
    /// Templates that failed: field and error.
    pub templates: Texts,
    /// Milliseconds.
    pub duration_ms: i64,
}

/// A drill: everything that can be tried before it is needed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DrillPlan {
    /// Which receivers; empty: all.
    pub receivers: Vec<String>,
    /// Whether test alerts are sent; else only routes and templates are tried.
    pub send: bool,
}

/// A route as a drill found it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DrilledRoute {
    /// [`RouteView::id`](super::RouteView::id).
    pub id: String,
    /// Its receiver.
    pub receiver: String,
    /// Labels that were made up to meet its matchers.
    pub labels: Labels,
    /// Whether an alert with these labels gets there, and what is in the way if not:
    /// the id of the route that takes it instead, or that no labels could be made up.
    pub problem: Option<String>,
}

/// A template that failed when it was tried on an alert.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DrilledTemplate {
    /// Receiver.
    pub receiver: String,
    /// Kind of integration.
    pub integration: String,
    /// Which field.
    pub field: String,
    /// The alert's labels.
    pub alert: Labels,
    /// What is wrong.
    pub error: String,
}

/// What a drill found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DrillReport {
    /// All routes, depth first.
    pub routes: Vec<DrilledRoute>,
    /// Answers of the receivers.
    pub receivers: Vec<TestOutcome>,
    /// Texts that were rendered.
    pub rendered: u64,
    /// Alerts that they were rendered for: those that fire, and the last of the past.
    pub rendered_alerts: u64,
    /// Templates that failed.
    pub templates: Vec<DrilledTemplate>,
}

impl DrillReport {
    /// Whether nothing was wrong.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.routes.iter().all(|r| r.problem.is_none())
            && self.receivers.iter().all(|r| r.error.is_none())
            && self.templates.is_empty()
    }
}

/// Alerting as a whole.
pub trait Alerting: AlertSink {
    /// Reads a matcher as Alertmanager's API and `amtool` write it: `a="b"`, `a=~b`.
    ///
    /// # Errors
    /// [`AlertingError::BadData`].
    fn matcher(&self, text: &str) -> Result<Matcher, AlertingError>;
    /// What it says of itself.
    fn status(&self) -> AlertingStatus;
    /// Alerts that fire now, by fingerprint.
    fn alerts(&self, filter: &AlertFilter) -> Vec<AlertView>;
    /// The same in their groups, by labels and receiver.
    fn groups(&self, filter: &AlertFilter) -> Vec<AlertGroup>;
    /// Receivers whose labels match all.
    fn receivers(&self, matchers: &[Matcher]) -> Vec<ReceiverView>;
    /// The tree of routes.
    fn routes(&self) -> RouteView;
    /// What would become of an alert with these labels and annotations.
    fn explain(&self, labels: &Labels, annotations: &Texts) -> Explanation;

    /// All silences: active ones by end, pending ones by start, expired ones newest first.
    fn silences(&self) -> Vec<Silence>;
    /// Stores a silence: a new one when it has no id, or changes one. Answers its id,
    /// which is a new one when the change cannot be made in place.
    fn set_silence(&self, silence: Silence) -> BoxFuture<'_, Result<String, AlertingError>>;
    /// Ends a silence now. `by`: who does it, as far as it is known.
    fn expire_silence(&self, id: String, by: String) -> BoxFuture<'_, Result<(), AlertingError>>;
    /// What a silence hides now and would have hidden in the `past_ms` before.
    fn preview_silence(
        &self,
        silence: Silence,
        past_ms: i64,
    ) -> BoxFuture<'_, Result<SilencePreview, AlertingError>>;
    /// What happened to silences, newest first.
    fn silence_events(
        &self,
        from_ms: i64,
        to_ms: i64,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<SilenceEvent>, AlertingError>>;

    /// Notes that somebody has seen an alert. `until_ms` of 0 keeps it quiet until it
    /// ends; later than now: until then (snooze).
    fn acknowledge(
        &self,
        alert: Fingerprint,
        acknowledgement: super::Acknowledgement,
    ) -> BoxFuture<'_, Result<(), AlertingError>>;
    /// Takes an acknowledgement back.
    fn unacknowledge(
        &self,
        alert: Fingerprint,
        by: String,
    ) -> BoxFuture<'_, Result<(), AlertingError>>;
    /// Gives an alert to somebody; `None`: to nobody.
    fn assign(
        &self,
        alert: Fingerprint,
        to: Option<String>,
        by: String,
    ) -> BoxFuture<'_, Result<(), AlertingError>>;
    /// Says whether an episode was right.
    fn judge(
        &self,
        episode: i64,
        judgement: Option<Judgement>,
        by: String,
    ) -> BoxFuture<'_, Result<(), AlertingError>>;

    /// Episodes, newest first.
    fn episodes(&self, filter: EpisodeFilter)
    -> BoxFuture<'_, Result<Vec<Episode>, AlertingError>>;
    /// Notifications, newest first.
    fn notifications(
        &self,
        filter: NotificationFilter,
    ) -> BoxFuture<'_, Result<Vec<NotificationRecord>, AlertingError>>;
    /// How much each team is disturbed.
    fn budgets(&self) -> BoxFuture<'_, Result<BudgetReport, AlertingError>>;
    /// How good alerts are.
    fn quality(
        &self,
        from_ms: i64,
        to_ms: i64,
    ) -> BoxFuture<'_, Result<QualityReport, AlertingError>>;

    /// Sends a marked test alert to receivers and says what each answered.
    fn test(&self, test: ReceiverTest) -> BoxFuture<'_, Result<Vec<TestOutcome>, AlertingError>>;
    /// Tries every route, every template and, when the plan says so, every receiver.
    fn drill(&self, plan: DrillPlan) -> BoxFuture<'_, Result<DrillReport, AlertingError>>;
}
