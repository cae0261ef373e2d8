//! Making, changing and ending silences.

use binnacle_model::alert::{Silence, SilenceEvent, SilenceId, SilenceState};
use binnacle_model::relabel::NameScheme;

use super::{Limits, Silences, validate};
use crate::alerts::NS_PER_MS;

/// Why a silence could not be changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SilenceError {
    /// It cannot be.
    #[error("invalid silence: {0}")]
    Invalid(String),
    /// There is none with this id.
    #[error("silence {0} not found")]
    NotFound(SilenceId),
    /// There are too many, or it is too large.
    #[error("{0}")]
    Limit(String),
}

/// A change that is to be stored and then applied.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// The silence that the asker gets.
    pub id: SilenceId,
    /// What is to be stored, in order.
    pub writes: Vec<(Silence, SilenceEvent)>,
}

/// Whether `old` may become `new` in place, without changing what was silenced in the
/// past.
#[must_use]
pub fn can_update(old: &Silence, new: &Silence, now_ns: i64) -> bool {
    const SECOND_NS: i64 = 1_000_000_000;
    if old.matcher_sets != new.matcher_sets
        || old.recurrence != new.recurrence
        || old.until_resolved != new.until_resolved
    {
        return false;
    }
    match old.state_at(now_ns) {
        SilenceState::Active => {
            let second = |s: &Silence| s.starts_at_ns.div_euclid(SECOND_NS);
            second(old) == second(new) && new.ends_at_ns >= now_ns
        }
        SilenceState::Pending => new.starts_at_ns >= now_ns,
        SilenceState::Expired => false,
    }
}

impl Silences {
    /// Plans to store a silence. One with an id changes the one that there is: in place
    /// where that does not change the past, else the old one ends and a new one begins.
    ///
    /// # Errors
    /// As [`SilenceError`] says.
    pub fn plan_set(
        &self,
        mut silence: Silence,
        now_ns: i64,
        names: NameScheme,
        limits: Limits,
        new_id: impl FnOnce() -> SilenceId,
    ) -> Result<Plan, SilenceError> {
        if silence.starts_at_ns == 0 {
            silence.starts_at_ns = now_ns;
        }
        validate(&silence, names).map_err(SilenceError::Invalid)?;
        let old = self.get(&silence.id);
        if !silence.id.is_empty() && old.is_none() {
            return Err(SilenceError::NotFound(silence.id));
        }
        limits.check_size(&silence)?;
        silence.updated_at_ns = now_ns;
        let in_place = old.is_some_and(|old| can_update(old, &silence, now_ns));
        let mut plan = Plan::default();
        if !in_place {
            limits.check_count(self.len())?;
            if let Some(old) = old
                && old.state_at(now_ns) != SilenceState::Expired
            {
                let by = silence.created_by.clone();
                plan.writes.push(expire(old.clone(), now_ns, &by));
            }
            silence.id = new_id();
            silence.starts_at_ns = silence.starts_at_ns.max(now_ns);
        }
        plan.id.clone_from(&silence.id);
        let what = if in_place { "updated" } else { "created" };
        let by = silence.created_by.clone();
        let event = event(&silence, what, by, now_ns);
        plan.writes.push((silence, event));
        Ok(plan)
    }

    /// Plans to end a silence now; nothing is written when it has ended already.
    ///
    /// # Errors
    /// [`SilenceError::NotFound`].
    pub fn plan_expire(&self, id: &str, now_ns: i64, by: &str) -> Result<Plan, SilenceError> {
        let silence = self
            .get(id)
            .ok_or_else(|| SilenceError::NotFound(id.to_owned()))?;
        let mut plan = Plan {
            id: id.to_owned(),
            writes: Vec::new(),
        };
        if silence.state_at(now_ns) != SilenceState::Expired {
            plan.writes.push(expire(silence.clone(), now_ns, by));
        }
        Ok(plan)
    }
}

fn expire(mut silence: Silence, now_ns: i64, by: &str) -> (Silence, SilenceEvent) {
    silence.starts_at_ns = silence.starts_at_ns.min(now_ns);
    silence.ends_at_ns = now_ns;
    silence.updated_at_ns = now_ns;
    let event = event(&silence, "expired", by.to_owned(), now_ns);
    (silence, event)
}

fn event(silence: &Silence, what: &str, by: String, now_ns: i64) -> SilenceEvent {
    let sets: Vec<String> = silence
        .matcher_sets
        .iter()
        .map(|set| {
            let set: Vec<String> = set.iter().map(ToString::to_string).collect();
            format!("{{{}}}", set.join(","))
        })
        .collect();
    SilenceEvent {
        at_ms: now_ns / NS_PER_MS,
        silence: silence.id.clone(),
        what: what.to_owned(),
        by,
        text: format!("{} {}", sets.join(" or "), silence.comment)
            .trim_end()
            .to_owned(),
    }
}

impl Limits {
    fn check_count(self, count: usize) -> Result<(), SilenceError> {
        if self.silences > 0 && count + 1 > self.silences {
            return Err(SilenceError::Limit(format!(
                "exceeded maximum number of silences: {count} (limit: {})",
                self.silences
            )));
        }
        Ok(())
    }

    fn check_size(self, silence: &Silence) -> Result<(), SilenceError> {
        let matchers = silence.matcher_sets.iter().flatten();
        let bytes = matchers
            .map(|m| m.name.len() + m.value.len() + 4)
            .chain(silence.annotations.iter().map(|(n, v)| n.len() + v.len()))
            .sum::<usize>()
            + silence.comment.len()
            + silence.created_by.len();
        if self.silence_bytes > 0 && bytes > self.silence_bytes {
            return Err(SilenceError::Limit(format!(
                "silence exceeded maximum size: {bytes} bytes (limit: {} bytes)",
                self.silence_bytes
            )));
        }
        Ok(())
    }
}
