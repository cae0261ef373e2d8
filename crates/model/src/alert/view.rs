//! Alerts as they stand: what the API and the UI show.

use std::sync::Arc;

use super::{Alert, Fingerprint, SilenceId, Texts};
use crate::labels::Labels;
use crate::matcher::Matcher;

/// What keeps an alert from being told.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Suppression {
    /// Silences that match.
    pub silenced_by: Vec<SilenceId>,
    /// Alerts that inhibit it.
    pub inhibited_by: Vec<Fingerprint>,
    /// Names of the time intervals that mute its group.
    pub muted_by: Vec<String>,
}

/// State of an alert in the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AlertStatus {
    /// Not yet looked at by any group.
    Unprocessed,
    /// Told, or about to be.
    Active,
    /// Kept back by a silence, an inhibition or a time interval.
    Suppressed,
}

impl AlertStatus {
    /// The API's word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unprocessed => "unprocessed",
            Self::Active => "active",
            Self::Suppressed => "suppressed",
        }
    }
}

/// An alert as it stands.
#[derive(Debug, Clone)]
pub struct AlertView {
    /// The alert.
    pub alert: Arc<Alert>,
    /// Its number.
    pub fingerprint: Fingerprint,
    /// Its state.
    pub status: AlertStatus,
    /// What keeps it back.
    pub suppression: Suppression,
    /// Receivers that its routes name, without repetition, in order.
    pub receivers: Vec<String>,
    /// Who has acknowledged it, when (milliseconds), and whether it is snoozed.
    pub acknowledged: Option<super::Acknowledgement>,
    /// To whom it is assigned.
    pub assigned_to: Option<String>,
}

/// A group of alerts that are told together.
#[derive(Debug, Clone)]
pub struct AlertGroup {
    /// The labels that they share by `group_by`.
    pub labels: Labels,
    /// The route's own labels.
    pub route_labels: Labels,
    /// The receiver.
    pub receiver: String,
    /// Key of the group, as in notifications.
    pub key: String,
    /// Its alerts.
    pub alerts: Vec<AlertView>,
    /// When it is told next at the earliest, milliseconds.
    pub next_flush_ms: i64,
}

/// Which alerts to show.
#[derive(Debug, Clone)]
pub struct AlertFilter {
    /// All of them must match.
    pub matchers: Vec<Matcher>,
    /// Name of the receiver must match this expression, anchored.
    pub receiver: Option<crate::pattern::Pattern>,
    /// The receiver's labels must match all.
    pub receiver_matchers: Vec<Matcher>,
    /// Show active ones.
    pub active: bool,
    /// Show silenced ones.
    pub silenced: bool,
    /// Show inhibited ones.
    pub inhibited: bool,
    /// Show muted ones (groups only).
    pub muted: bool,
    /// Show unprocessed ones.
    pub unprocessed: bool,
}

impl Default for AlertFilter {
    fn default() -> Self {
        Self {
            matchers: Vec::new(),
            receiver: None,
            receiver_matchers: Vec::new(),
            active: true,
            silenced: true,
            inhibited: true,
            muted: true,
            unprocessed: true,
        }
    }
}

/// A receiver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceiverView {
    /// Its name.
    pub name: String,
    /// Its labels.
    pub labels: Labels,
    /// Its integrations in order: kind, and where to (no secrets).
    pub integrations: Vec<(String, String)>,
}

/// A route of the tree.
#[derive(Debug, Clone)]
pub struct RouteView {
    /// Unique among all routes.
    pub id: String,
    /// Its matchers as text.
    pub matchers: Vec<String>,
    /// Receiver, after inheriting.
    pub receiver: String,
    /// Group labels; `...` for all.
    pub group_by: Vec<String>,
    /// Milliseconds.
    pub group_wait_ms: i64,
    /// Milliseconds.
    pub group_interval_ms: i64,
    /// Milliseconds.
    pub repeat_interval_ms: i64,
    /// Names.
    pub mute_time_intervals: Vec<String>,
    /// Names.
    pub active_time_intervals: Vec<String>,
    /// Whether later siblings are tried too.
    pub goes_on: bool,
    /// Its children.
    pub routes: Vec<RouteView>,
}

/// What would become of an alert with given labels.
#[derive(Debug, Clone, Default)]
pub struct Explanation {
    /// Routes that it would take, in order.
    pub routes: Vec<ExplainedRoute>,
    /// What would keep it back, wherever it goes.
    pub suppression: Suppression,
}

/// One route that an alert would take.
#[derive(Debug, Clone, Default)]
pub struct ExplainedRoute {
    /// [`RouteView::id`].
    pub route: String,
    /// The receiver.
    pub receiver: String,
    /// Labels of its group.
    pub group_labels: Labels,
    /// How many alerts are in that group now.
    pub group_size: usize,
    /// Time intervals that mute the route now.
    pub muted_by: Vec<String>,
    /// What each integration would say: kind, and fields with their texts; an error
    /// in a template stands in the text.
    pub texts: Vec<(String, Texts)>,
}
