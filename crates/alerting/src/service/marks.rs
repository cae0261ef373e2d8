//! What people say of alerts: acknowledged, snoozed, assigned, judged.

use binnacle_model::alert::{Acknowledgement, AlertingError, Fingerprint, Judgement};
use binnacle_state::{Mark, StateError};

use super::Service;
use crate::alerts::NS_PER_MS;

/// What an error of the ledger means for whoever asked.
#[allow(clippy::needless_pass_by_value)] // As `map_err` hands it over.
pub(super) fn asked(error: StateError) -> AlertingError {
    match error {
        StateError::NotFound { .. } => AlertingError::NotFound(error.to_string()),
        StateError::BadData { .. } | StateError::Conflict { .. } => {
            AlertingError::BadData(error.to_string())
        }
        StateError::Busy { .. } | StateError::Full { .. } | StateError::Stopped { .. } => {
            AlertingError::Unavailable(error.to_string())
        }
        StateError::Foreign { .. }
        | StateError::Corrupt { .. }
        | StateError::Newer { .. }
        | StateError::Internal { .. }
        | StateError::Io { .. } => AlertingError::Internal(error.to_string()),
    }
}

impl Service {
    fn must_fire(&self, alert: Fingerprint) -> Result<(), AlertingError> {
        let now_ns = self.clock.now_ms() * NS_PER_MS;
        let standing = self.standing.read();
        let slot = standing.board.alerts().get(alert);
        if slot.is_some_and(|slot| !slot.alert.resolved_at(now_ns)) {
            Ok(())
        } else {
            Err(AlertingError::NotFound(format!("no alert {alert} fires")))
        }
    }

    fn mark(&self, alert: Fingerprint, change: impl FnOnce(&mut Mark)) {
        let mut marks = self.marks.write();
        let mark = marks.entry(alert).or_insert_with(|| Mark {
            fingerprint: alert,
            acknowledged: None,
            assigned_to: None,
        });
        change(mark);
        if mark.acknowledged.is_none() && mark.assigned_to.is_none() {
            marks.remove(&alert);
        }
    }

    pub(super) async fn set_acknowledged(
        &self,
        alert: Fingerprint,
        mut acknowledgement: Acknowledgement,
    ) -> Result<(), AlertingError> {
        self.must_fire(alert)?;
        let now_ms = self.clock.now_ms();
        if acknowledgement.until_ms != 0 && acknowledgement.until_ms <= now_ms {
            let why = "the end of a snooze must lie in the future";
            return Err(AlertingError::BadData(why.into()));
        }
        if acknowledgement.at_ms == 0 {
            acknowledgement.at_ms = now_ms;
        }
        let episode = self.history.episode(alert);
        self.ledger
            .acknowledge(alert, acknowledgement.clone(), episode)
            .await
            .map_err(asked)?;
        self.mark(alert, |mark| mark.acknowledged = Some(acknowledgement));
        Ok(())
    }

    pub(super) async fn set_unacknowledged(
        &self,
        alert: Fingerprint,
        by: String,
    ) -> Result<(), AlertingError> {
        self.ledger.unacknowledge(alert, by).await.map_err(asked)?;
        self.mark(alert, |mark| mark.acknowledged = None);
        Ok(())
    }

    pub(super) async fn set_assigned(
        &self,
        alert: Fingerprint,
        to: Option<String>,
        by: String,
    ) -> Result<(), AlertingError> {
        self.must_fire(alert)?;
        let episode = self.history.episode(alert);
        self.ledger
            .assign(alert, to.clone(), by, episode)
            .await
            .map_err(asked)?;
        self.mark(alert, |mark| mark.assigned_to = to);
        Ok(())
    }

    pub(super) async fn set_judged(
        &self,
        episode: i64,
        judgement: Option<Judgement>,
        by: String,
    ) -> Result<(), AlertingError> {
        self.ledger
            .judge(episode, judgement, by)
            .await
            .map_err(asked)
    }

    /// Forgets what was said of alerts that have ended.
    pub(super) async fn clear_marks(&self, ended: &[Fingerprint]) {
        let mut gone = std::mem::take(&mut *self.unmarked.lock());
        {
            let mut marks = self.marks.write();
            let removed = ended.iter().filter(|alert| marks.remove(*alert).is_some());
            gone.extend(removed.copied());
        }
        if !gone.is_empty()
            && let Err(error) = self.ledger.clear_marks(gone).await
        {
            tracing::error!(%error, "marks of ended alerts could not be cleared");
        }
    }
}
