//! Silences: alerts that nobody wants to hear of for a while.
//!
//! Changes are planned against the silences as they stand ([`Silences::plan_set`],
//! [`Silences::plan_expire`]), stored by the caller, and only then applied, so a silence
//! that was answered for is on disk and one that is not does nothing.
//!
//! Which silences match an alert is remembered by the alert's fingerprint together with
//! the version of the silences that were looked at. A new silence raises the version;
//! an alert then looks at the newer ones alone. A change in place keeps the matchers
//! and so the version. Whether a matching silence holds right now (its times, its
//! weekly windows) is asked each time.

mod change;
mod recurrence;
mod validate;

use std::collections::BTreeMap;

use binnacle_model::Labels;
use binnacle_model::alert::{Fingerprint, Silence, SilenceId, SilenceState};
use binnacle_model::matcher::all_match;
use parking_lot::Mutex;

use crate::alerts::ByFingerprint;

pub use change::{Plan, SilenceError, can_update};
pub use recurrence::{holds_at, times_between};
pub use validate::{validate, validate_matcher};

/// How many silences there may be, and how large.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Limits {
    /// Silences, expired ones included; 0: no limit.
    pub silences: usize,
    /// Bytes of a silence's texts; 0: no limit.
    pub silence_bytes: usize,
}

/// Whether a named time interval holds at the time in question.
pub type IntervalHolds<'a> = dyn Fn(&str) -> bool + 'a;

#[derive(Debug)]
struct Stored {
    silence: Silence,
    /// For [`Silence::until_resolved`]: whether an alert that it matches has fired.
    seen_firing: bool,
}

#[derive(Debug, Clone, Default)]
struct Known {
    version: u64,
    ids: Vec<SilenceId>,
}

/// All silences.
#[derive(Debug, Default)]
pub struct Silences {
    stored: BTreeMap<SilenceId, Stored>,
    /// In the order in which they came: version and id.
    versions: Vec<(u64, SilenceId)>,
    version: u64,
    known: Mutex<ByFingerprint<Known>>,
}

/// Whether a silence's matchers match, whatever its times.
#[must_use]
pub fn matches(silence: &Silence, labels: &Labels) -> bool {
    silence
        .matcher_sets
        .iter()
        .any(|set| all_match(set, labels))
}

impl Silences {
    /// Those that were stored.
    #[must_use]
    pub fn new(silences: Vec<Silence>, now_ns: i64) -> Self {
        let mut all = Self::default();
        for silence in silences {
            // Its alerts may have ended while nobody looked.
            let seen_firing = silence.state_at(now_ns) == SilenceState::Active;
            all.insert(silence, seen_firing);
        }
        all
    }

    fn insert(&mut self, silence: Silence, seen_firing: bool) {
        let id = silence.id.clone();
        match self.stored.get_mut(&id) {
            Some(stored) => stored.silence = silence,
            None => {
                self.version += 1;
                self.versions.push((self.version, id.clone()));
                let stored = Stored {
                    silence,
                    seen_firing,
                };
                self.stored.insert(id, stored);
            }
        }
    }

    /// Makes a planned change.
    pub fn apply(&mut self, plan: Plan) {
        for (silence, _) in plan.writes {
            self.insert(silence, false);
        }
    }

    /// The silence with this id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Silence> {
        self.stored.get(id).map(|s| &s.silence)
    }

    /// All, by id.
    pub fn iter(&self) -> impl Iterator<Item = &Silence> {
        self.stored.values().map(|s| &s.silence)
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.stored.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.stored.is_empty()
    }

    /// All as they are shown: active ones by end, pending ones by start, expired ones
    /// newest first.
    #[must_use]
    pub fn listed(&self, now_ns: i64) -> Vec<Silence> {
        let mut all: Vec<Silence> = self.iter().cloned().collect();
        all.sort_by_key(|s| {
            let state = s.state_at(now_ns);
            let by = match state {
                SilenceState::Active => s.ends_at_ns,
                SilenceState::Pending => s.starts_at_ns,
                SilenceState::Expired => -s.ends_at_ns,
            };
            (state, by)
        });
        all
    }

    /// The silences that hide an alert at `now_ns`.
    pub fn silencing(
        &self,
        fingerprint: Fingerprint,
        labels: &Labels,
        now_ns: i64,
        interval_holds: &IntervalHolds<'_>,
    ) -> Vec<SilenceId> {
        if self.stored.is_empty() {
            return Vec::new();
        }
        let mut known = self.known.lock();
        let entry = known.entry(fingerprint).or_default();
        if entry.version == self.version && entry.ids.is_empty() {
            return Vec::new();
        }
        entry.ids.retain(|id| self.is_alive(id, now_ns));
        let newer = self.versions.partition_point(|(v, _)| *v <= entry.version);
        for (_, id) in &self.versions[newer..] {
            if self.is_alive(id, now_ns)
                && self.get(id).is_some_and(|s| matches(s, labels))
                && !entry.ids.contains(id)
            {
                entry.ids.push(id.clone());
            }
        }
        entry.version = self.version;
        let holds = |id: &&SilenceId| {
            self.get(id)
                .is_some_and(|s| holds_at(s, now_ns, interval_holds))
        };
        entry.ids.iter().filter(holds).cloned().collect()
    }

    fn is_alive(&self, id: &str, now_ns: i64) -> bool {
        self.get(id)
            .is_some_and(|s| s.state_at(now_ns) != SilenceState::Expired)
    }

    /// Forgets what was remembered of alerts.
    pub fn forget_alerts(&self, fingerprints: &[Fingerprint]) {
        let mut known = self.known.lock();
        for fingerprint in fingerprints {
            known.remove(fingerprint);
        }
    }

    /// Forgets silences that ended before.
    pub fn forget_ended(&mut self, before_ns: i64) {
        self.stored.retain(|_, s| s.silence.ends_at_ns >= before_ns);
        let stored = &self.stored;
        self.versions.retain(|(_, id)| stored.contains_key(id));
    }

    /// The active silences that hold until what they match has ended, and now has.
    pub fn ended_with_alerts<'a>(
        &mut self,
        firing: impl Fn() -> Box<dyn Iterator<Item = &'a Labels> + 'a>,
        now_ns: i64,
    ) -> Vec<SilenceId> {
        let mut ended = Vec::new();
        for (id, stored) in &mut self.stored {
            let silence = &stored.silence;
            if !silence.until_resolved || silence.state_at(now_ns) != SilenceState::Active {
                continue;
            }
            let fires = firing().any(|labels| matches(silence, labels));
            if fires {
                stored.seen_firing = true;
            } else if stored.seen_firing {
                ended.push(id.clone());
            }
        }
        ended
    }
}
