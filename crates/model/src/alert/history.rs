//! What has been: episodes of alerts, notifications, acknowledgements, and the
//! figures that are computed from them.

use super::{Fingerprint, SilenceId, Texts};
use crate::labels::Labels;
use crate::matcher::Matcher;

/// Somebody has seen an alert.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Acknowledgement {
    /// Who.
    pub by: String,
    /// When, milliseconds.
    pub at_ms: i64,
    /// What they said.
    pub comment: String,
    /// Quiet until then, milliseconds; 0: the alert stays quiet until it ends.
    pub until_ms: i64,
    /// Through what: `ui`, `api`, `slack`, `pagerduty`.
    pub via: String,
}

/// Whether an alert was right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Judgement {
    /// Something was wrong, and somebody had to act.
    Useful,
    /// Nothing was wrong, or nobody could do anything.
    FalsePositive,
}

/// One firing of one alert, from its start to its end.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Episode {
    /// Number of the row.
    pub id: i64,
    /// Which alert.
    pub fingerprint: Fingerprint,
    /// Its labels.
    pub labels: Labels,
    /// Its annotations, as told last.
    pub annotations: Texts,
    /// Where it came from.
    pub generator_url: String,
    /// Milliseconds.
    pub started_ms: i64,
    /// When it was first told to this server, milliseconds.
    pub received_ms: i64,
    /// Milliseconds; `None` while it fires.
    pub resolved_ms: Option<i64>,
    /// First delivered notification, milliseconds.
    pub notified_ms: Option<i64>,
    /// First acknowledgement.
    pub acknowledged: Option<Acknowledgement>,
    /// To whom.
    pub assigned_to: Option<String>,
    /// What people said of it.
    pub judgement: Option<Judgement>,
}

/// Which episodes.
#[derive(Debug, Clone, Default)]
pub struct EpisodeFilter {
    /// All must match.
    pub matchers: Vec<Matcher>,
    /// Only this alert.
    pub fingerprint: Option<Fingerprint>,
    /// Overlapping this time, milliseconds.
    pub from_ms: i64,
    /// Overlapping this time, milliseconds.
    pub to_ms: i64,
    /// Words to be found in labels or annotations; empty: all.
    pub text: String,
    /// At most that many, newest first; 0: the default of 1,000.
    pub limit: usize,
    /// Only those with a smaller number (paging).
    pub before_id: Option<i64>,
}

/// What became of a notification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotificationOutcome {
    /// The receiver took it.
    Delivered,
    /// It could not be delivered.
    Failed {
        /// Why.
        error: String,
    },
    /// Kept for a digest.
    Held {
        /// Which digest, and why.
        reason: String,
    },
}

/// One notification to one integration.
#[derive(Debug, Clone, PartialEq)]
pub struct NotificationRecord {
    /// Number of the row.
    pub id: i64,
    /// Milliseconds.
    pub at_ms: i64,
    /// Receiver.
    pub receiver: String,
    /// Kind of integration, such as `slack`.
    pub integration: String,
    /// Its place among those of its kind in the receiver.
    pub index: u32,
    /// Key of the group.
    pub group_key: String,
    /// Labels of the group.
    pub group_labels: Labels,
    /// Why it was told, such as `first notification`.
    pub reason: String,
    /// Alerts that fired.
    pub firing: Vec<Fingerprint>,
    /// Alerts that had ended.
    pub resolved: Vec<Fingerprint>,
    /// Title or subject, as sent.
    pub title: String,
    /// Text, as sent.
    pub text: String,
    /// What became of it.
    pub outcome: NotificationOutcome,
    /// How often it was tried.
    pub attempts: u32,
    /// How long all tries took, milliseconds.
    pub duration_ms: i64,
    /// Whether it was a test or a drill.
    pub test: bool,
}

/// Which notifications.
#[derive(Debug, Clone, Default)]
pub struct NotificationFilter {
    /// Only about this alert.
    pub fingerprint: Option<Fingerprint>,
    /// Only to this receiver.
    pub receiver: Option<String>,
    /// Only failed ones.
    pub failed: bool,
    /// Milliseconds.
    pub from_ms: i64,
    /// Milliseconds.
    pub to_ms: i64,
    /// Words to be found in title, text or group; empty: all.
    pub text: String,
    /// At most that many, newest first; 0: the default of 1,000.
    pub limit: usize,
    /// Only those with a smaller number (paging).
    pub before_id: Option<i64>,
}

/// What happened to a silence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SilenceEvent {
    /// Milliseconds.
    pub at_ms: i64,
    /// Which.
    pub silence: SilenceId,
    /// `created`, `updated`, `expired`.
    pub what: String,
    /// By whom, as far as it is known.
    pub by: String,
    /// What it said: matchers and comment.
    pub text: String,
}

/// How much a team may be disturbed, and was.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TeamBudget {
    /// The team; empty: alerts without one.
    pub team: String,
    /// Notifications of the last hour.
    pub hour: u64,
    /// Notifications of the last day.
    pub day: u64,
    /// How many an hour it may have; 0: no limit.
    pub hour_limit: u64,
    /// How many a day it may have; 0: no limit.
    pub day_limit: u64,
    /// Held for the next digest.
    pub held: u64,
    /// Sent although the budget was spent, because they are critical.
    pub exempt: u64,
}

/// Budgets of all teams.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct BudgetReport {
    /// By team, ascending.
    pub teams: Vec<TeamBudget>,
}

/// How good one rule is.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RuleQuality {
    /// `alertname`.
    pub name: String,
    /// `severity`, or nothing.
    pub severity: String,
    /// `team`, or nothing.
    pub team: String,
    /// How often it fired.
    pub episodes: u64,
    /// How often it was told.
    pub notifications: u64,
    /// Episodes that somebody judged.
    pub judged: u64,
    /// Episodes that were judged a false positive.
    pub false_positives: u64,
    /// Episodes that somebody acknowledged.
    pub acknowledged: u64,
    /// Episodes shorter than five minutes that nobody acknowledged.
    pub flaps: u64,
    /// Mean milliseconds to acknowledge, of those that were.
    pub acknowledge_ms: Option<i64>,
    /// Mean milliseconds to the end, of those that ended.
    pub resolve_ms: Option<i64>,
}

/// How good alerts are, over a time.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct QualityReport {
    /// Milliseconds.
    pub from_ms: i64,
    /// Milliseconds.
    pub to_ms: i64,
    /// Noisiest first.
    pub rules: Vec<RuleQuality>,
    /// Share of judged episodes that were false positives, 0 to 1.
    pub false_positive_ratio: Option<f64>,
    /// Mean milliseconds from start to first delivered notification.
    pub detect_ms: Option<i64>,
    /// Mean milliseconds to acknowledge.
    pub acknowledge_ms: Option<i64>,
    /// Mean milliseconds to resolve.
    pub resolve_ms: Option<i64>,
}
