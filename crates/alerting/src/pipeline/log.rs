//! What was told last to whom: the notification log.
//!
//! It is in memory for the question that each flush asks, and in the state for the time
//! after a restart; the service writes each entry there once a notification was taken.

use std::sync::Arc;

use binnacle_model::alert::Texts;
use hashbrown::HashMap;

use super::LaneKey;

/// What one integration was told of one group.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Logged {
    /// When, milliseconds.
    pub at_ms: i64,
    /// Alerts that fired, ascending.
    pub firing: Vec<u64>,
    /// Alerts that had ended, ascending.
    pub resolved: Vec<u64>,
    /// What the integration wants to see again.
    pub store: Texts,
    /// When it may be forgotten, milliseconds.
    pub expires_ms: i64,
}

/// The last notifications by integration and group.
#[derive(Debug, Default)]
pub struct NotificationLog {
    lanes: HashMap<LaneKey, HashMap<Arc<str>, Arc<Logged>>>,
}

impl NotificationLog {
    /// What was told last.
    #[must_use]
    pub fn get(&self, lane: &LaneKey, group: &str) -> Option<Arc<Logged>> {
        self.lanes.get(lane)?.get(group).cloned()
    }

    /// Notes what was told.
    pub fn set(&mut self, lane: &LaneKey, group: &Arc<str>, logged: Arc<Logged>) {
        self.lanes
            .entry_ref(lane)
            .or_default()
            .insert(Arc::clone(group), logged);
    }

    /// Forgets what has expired.
    pub fn forget_expired(&mut self, now_ms: i64) {
        self.lanes.retain(|_, groups| {
            groups.retain(|_, logged| logged.expires_ms > now_ms);
            !groups.is_empty()
        });
    }

    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lanes.values().map(HashMap::len).sum()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lanes.is_empty()
    }
}
