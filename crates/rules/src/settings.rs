//! What holds for all rules of a server.

use binnacle_model::Labels;
use binnacle_model::relabel::RelabelRule;

/// Settings of all groups. [`Default`] has Prometheus' defaults.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Time between evaluations of groups that name none, milliseconds.
    pub interval_ms: i64,
    /// How far in the past groups that say nothing of it are evaluated, milliseconds
    /// (`rule_query_offset`).
    pub query_offset_ms: i64,
    /// Labels that tell this server from others: templates see them, and alerts get
    /// those that they do not have.
    pub external_labels: Labels,
    /// How this server is reached, without a slash at the end.
    pub external_url: String,
    /// An alert that goes on is told again after that many milliseconds.
    pub resend_delay_ms: i64,
    /// How old a `for` state may be to be taken over at the start, milliseconds.
    pub outage_tolerance_ms: i64,
    /// An alert whose `for` state was taken over fires that many milliseconds after
    /// the start at the earliest; rules with a shorter `for` begin anew.
    pub grace_period_ms: i64,
    /// Rules that are evaluated at once besides one of each group, where they do
    /// not depend on each other; 1: none.
    pub concurrency: usize,
    /// Alerts that wait to be sent to one sink, at most; older ones give way.
    pub queue_alerts_max: usize,
    /// What to do with the labels of alerts before they are sent.
    pub alert_relabel: Vec<RelabelRule>,
    /// How far instant selectors look back, milliseconds; for lint and replay.
    pub lookback_ms: i64,
    /// How often targets are scraped, milliseconds; for lint.
    pub scrape_interval_ms: i64,
    /// How long samples are kept, milliseconds, when that is known; for lint.
    pub retention_ms: Option<i64>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            interval_ms: 60_000,
            query_offset_ms: 0,
            external_labels: Labels::empty(),
            external_url: String::new(),
            resend_delay_ms: 60_000,
            outage_tolerance_ms: 3_600_000,
            grace_period_ms: 600_000,
            concurrency: 4,
            queue_alerts_max: 10_000,
            alert_relabel: Vec::new(),
            lookback_ms: 300_000,
            scrape_interval_ms: 15_000,
            retention_ms: None,
        }
    }
}
