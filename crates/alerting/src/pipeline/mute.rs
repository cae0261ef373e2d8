//! What is kept back before anybody is told: inhibited, out of hours, silenced.

use binnacle_model::alert::SilenceId;

use crate::alerts::NS_PER_MS;
use crate::dispatch::{Board, Flush, Told};
use crate::interval::Intervals;
use crate::silence::Silences;

/// How many alerts were kept back, by why.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MuteCounts {
    /// Inhibited by another alert.
    pub inhibition: u64,
    /// Outside of the active time intervals.
    pub active_time_interval: u64,
    /// Within a mute time interval.
    pub mute_time_interval: u64,
    /// Silenced.
    pub silence: u64,
}

/// What is left of a flush.
#[derive(Debug, Clone, Default)]
pub struct Muted {
    /// Alerts to be told.
    pub alerts: Vec<Told>,
    /// Names of the time intervals that mute the group.
    pub muted_by: Vec<String>,
    /// What was kept back.
    pub counts: MuteCounts,
    /// Silences that kept something back.
    pub silences: Vec<SilenceId>,
}

/// Decides what is kept back.
pub struct Muting<'a> {
    /// Alerts and inhibitions.
    pub board: &'a Board,
    /// Silences.
    pub silences: &'a Silences,
    /// Time intervals.
    pub intervals: &'a Intervals,
}

impl Muting<'_> {
    /// What is left of a flush, whose route names these intervals.
    #[must_use]
    pub fn apply(&self, flush: &Flush, active: &[String], mute: &[String]) -> Muted {
        let now_ns = flush.at_ms * NS_PER_MS;
        let free = flush.alerts.iter();
        let free = free.filter(|told| !self.is_inhibited(told, now_ns));
        let mut muted = Muted {
            alerts: free.cloned().collect(),
            ..Muted::default()
        };
        muted.counts.inhibition = (flush.alerts.len() - muted.alerts.len()) as u64;
        if muted.alerts.is_empty() {
            return muted;
        }
        let (muted_by, is_active) = self.muted_by(active, mute, flush.at_ms);
        muted.muted_by = muted_by;
        if !muted.muted_by.is_empty() {
            let count = muted.alerts.len() as u64;
            if is_active {
                muted.counts.mute_time_interval = count;
            } else {
                muted.counts.active_time_interval = count;
            }
            muted.alerts.clear();
            return muted;
        }
        let before = muted.alerts.len();
        let silences = &mut muted.silences;
        muted.alerts.retain(|told| {
            let by = self.silenced_by(told, flush.at_ms);
            for id in &by {
                if !silences.contains(id) {
                    silences.push(id.clone());
                }
            }
            by.is_empty()
        });
        muted.counts.silence = (before - muted.alerts.len()) as u64;
        muted
    }

    /// Whether an alert is kept back wherever it goes: inhibited or silenced.
    #[must_use]
    pub fn is_muted(&self, told: &Told, now_ms: i64) -> bool {
        self.is_inhibited(told, now_ms * NS_PER_MS) || !self.silenced_by(told, now_ms).is_empty()
    }

    fn is_inhibited(&self, told: &Told, now_ns: i64) -> bool {
        !self
            .board
            .inhibitions()
            .inhibited_by(&told.alert.labels, self.board.alerts(), now_ns, true)
            .is_empty()
    }

    fn silenced_by(&self, told: &Told, now_ms: i64) -> Vec<SilenceId> {
        let holds = |name: &str| self.intervals.holds(name, now_ms).unwrap_or(false);
        let now_ns = now_ms * NS_PER_MS;
        self.silences
            .silencing(told.fingerprint, &told.alert.labels, now_ns, &holds)
    }

    /// The names of the intervals that mute a route at `now_ms`, and whether it is within
    /// its active ones. An interval that nobody knows keeps nothing back.
    #[must_use]
    pub fn muted_by(&self, active: &[String], mute: &[String], now_ms: i64) -> (Vec<String>, bool) {
        let holds = |name: &String| self.intervals.holds(name, now_ms).ok();
        if !active.is_empty() && active.iter().all(|name| holds(name) == Some(false)) {
            return (active.to_vec(), false);
        }
        let by = mute
            .iter()
            .filter(|name| holds(name) == Some(true))
            .cloned()
            .collect();
        (by, true)
    }
}
