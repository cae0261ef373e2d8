//! Silences as people make them: storing, ending, and looking before.

use binnacle_model::alert::{AlertFilter, AlertingError, Silence, SilencePreview};

use super::Service;
use super::marks::asked;
use crate::alerts::NS_PER_MS;
use crate::silence::{Plan, SilenceError, matches, times_between, validate};

impl From<SilenceError> for AlertingError {
    fn from(error: SilenceError) -> Self {
        match error {
            SilenceError::Invalid(_) | SilenceError::Limit(_) => Self::BadData(error.to_string()),
            SilenceError::NotFound(_) => Self::NotFound(error.to_string()),
        }
    }
}

impl Service {
    pub(super) async fn store_silence(&self, silence: Silence) -> Result<String, AlertingError> {
        let _one_at_a_time = self.changing.lock().await;
        let plan = self.plan();
        let planned = self.silences.read().plan_set(
            silence,
            self.now_ns(),
            plan.policy.names,
            plan.policy.silences,
            new_id,
        )?;
        self.carry_out(planned).await
    }

    pub(super) async fn end_silence(&self, id: &str, by: &str) -> Result<(), AlertingError> {
        let _one_at_a_time = self.changing.lock().await;
        let planned = self.silences.read().plan_expire(id, self.now_ns(), by)?;
        self.carry_out(planned).await.map(drop)
    }

    async fn carry_out(&self, planned: Plan) -> Result<String, AlertingError> {
        let id = planned.id.clone();
        if !planned.writes.is_empty() {
            let writes = planned.writes.iter().cloned();
            let writes = writes.map(|(silence, event)| (silence, Some(event)));
            self.ledger
                .put_silences(writes.collect())
                .await
                .map_err(asked)?;
            self.silences.write().apply(planned);
        }
        Ok(id)
    }

    /// What a silence hides now and would have hidden.
    pub(super) async fn look_before(
        &self,
        mut silence: Silence,
        past_ms: i64,
    ) -> Result<SilencePreview, AlertingError> {
        let now_ms = self.clock.now_ms();
        if silence.starts_at_ns == 0 {
            silence.starts_at_ns = now_ms * NS_PER_MS;
        }
        if silence.ends_at_ns == 0 {
            silence.ends_at_ns = i64::MAX;
        }
        validate(&silence, self.plan().policy.names).map_err(SilenceError::Invalid)?;
        let past_ms = past_ms.max(0);
        let from_ms = now_ms.saturating_sub(past_ms);
        let times = self.times_of(&silence, from_ms, now_ms);
        let holds_now = times.last().is_some_and(|(_, to_ms)| *to_ms >= now_ms);
        let mut now = self.view_alerts(&AlertFilter::default());
        now.retain(|view| holds_now && matches(&silence, &view.alert.labels));
        let sets = silence.matcher_sets;
        let past = self.ledger.fired(sets.clone(), times.clone());
        let past = past.await.map_err(asked)?;
        let past_notifications = self.ledger.notifications_about(sets, times);
        Ok(SilencePreview {
            now,
            past,
            past_notifications: past_notifications.await.map_err(asked)?,
            past_ms,
        })
    }

    /// When a silence like this would have held, had there been one all the time.
    fn times_of(&self, silence: &Silence, from_ms: i64, to_ms: i64) -> Vec<(i64, i64)> {
        let Some(recurrence) = &silence.recurrence else {
            return vec![(from_ms, to_ms)];
        };
        let plan = self.plan();
        let intervals = &plan.settings.intervals;
        let holds = |name: &str, at_ms| intervals.holds(name, at_ms).unwrap_or(false);
        times_between(recurrence, (from_ms, to_ms), &holds)
    }
}

/// A random UUID (version 4).
fn new_id() -> String {
    use binnacle_stdx::hash::HashKey;
    let mut bits = HashKey::random().hash128(b"silence");
    bits = (bits & !(0xf << 76)) | (0x4 << 76);
    bits = (bits & !(0b11 << 62)) | (0b10 << 62);
    let hex = format!("{bits:032x}");
    let parts = [
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..],
    ];
    parts.join("-")
}

#[cfg(test)]
mod tests {
    #[test]
    fn ids_are_uuids() {
        let id = super::new_id();
        let bytes = id.as_bytes();
        assert_eq!((id.len(), bytes[8], bytes[14]), (36, b'-', b'4'), "{id}");
        assert!(b"89ab".contains(&bytes[19]), "{id}");
        assert_ne!(id, super::new_id());
    }
}
