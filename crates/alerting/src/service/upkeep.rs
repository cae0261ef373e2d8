//! What is not urgent: noticing ends, forgetting, keeping the journal small.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use binnacle_model::Labels;
use binnacle_model::alert::Fingerprint;

use super::Service;
use crate::alerts::NS_PER_MS;
use crate::dispatch::millis;
use crate::history::Fact;
use crate::journal::Batch;

/// How many alerts are written anew at a time, between which others may post.
const REWRITE_AT_ONCE: usize = 1_000;

impl Service {
    pub(super) async fn upkeep(self: &Arc<Self>) {
        let plan = self.plan();
        let now_ms = self.clock.now_ms();
        let retention_ms = millis(plan.policy.retention);
        let keep_ended_ms = millis(plan.policy.keep_ended);
        let sweep = self
            .standing
            .write()
            .board
            .sweep(now_ms, now_ms.saturating_sub(keep_ended_ms));
        let ended: Vec<Fingerprint> = sweep.ended.iter().map(|(f, _)| *f).collect();
        self.history
            .note(sweep.ended.iter().map(|(fingerprint, alert)| Fact::Ended {
                fingerprint: *fingerprint,
                at_ms: alert.ends_at_ns / NS_PER_MS,
            }));
        self.silences.read().forget_alerts(&sweep.forgotten);
        self.clear_marks(&ended).await;
        self.end_silences(now_ms).await;
        self.forget(now_ms, retention_ms).await;
        self.look_for_watchdogs(now_ms);
        self.send_digests(now_ms).await;
        let service = Arc::clone(self);
        let unanswered = async move { service.tell_unanswered(now_ms).await };
        self.spawn_once(unanswered);
        if self.journal.lock().has_grown()
            && let Err(error) = self.rewrite_journal()
        {
            tracing::error!(%error, "the alert journal could not be written anew");
        }
    }

    /// Runs a task in the background, unless the one before still runs.
    fn spawn_once(self: &Arc<Self>, task: impl Future<Output = ()> + Send + 'static) {
        if self.is_busy.swap(true, Ordering::AcqRel) {
            return;
        }
        let service = Arc::clone(self);
        let kill = self.kill.clone();
        self.tasks.spawn(kill.run_until_cancelled_owned(async move {
            task.await;
            service.is_busy.store(false, Ordering::Release);
        }));
    }

    /// Ends silences that hold until what they match has ended.
    async fn end_silences(&self, now_ms: i64) {
        let now_ns = now_ms * NS_PER_MS;
        let ended = {
            let standing = self.standing.read();
            let board = &standing.board;
            let firing = || -> Box<dyn Iterator<Item = &Labels>> {
                let slots = board.alerts().iter().map(|(_, slot)| &slot.alert);
                Box::new(
                    slots
                        .filter(move |a| !a.resolved_at(now_ns))
                        .map(|a| &a.labels),
                )
            };
            self.silences.write().ended_with_alerts(firing, now_ns)
        };
        for id in ended {
            if let Err(error) = self.end_silence(&id, "binnacle").await {
                tracing::error!(%error, silence = %id, "a silence could not be ended");
            }
        }
    }

    async fn forget(&self, now_ms: i64, retention_ms: i64) {
        let before_ms = now_ms.saturating_sub(retention_ms);
        let has_old = {
            let silences = self.silences.read();
            silences
                .iter()
                .any(|s| s.ends_at_ns < before_ms * NS_PER_MS)
        };
        if has_old {
            self.silences.write().forget_ended(before_ms * NS_PER_MS);
            if let Err(error) = self.ledger.delete_silences(before_ms * NS_PER_MS).await {
                tracing::error!(%error, "old silences could not be deleted");
            }
        }
        let (before, after) = {
            let mut log = self.log.lock();
            let before = log.len();
            log.forget_expired(now_ms);
            (before, log.len())
        };
        if after < before
            && let Err(error) = self.ledger.expire_log(now_ms).await
        {
            tracing::error!(%error, "the notification log could not be shortened");
        }
    }

    /// Writes all alerts into a new segment, and lets the older ones go. Posts go on in
    /// between; each alert is written as it stands when its turn comes.
    fn rewrite_journal(&self) -> Result<(), binnacle_store::Error> {
        let mut all: Vec<Fingerprint> = {
            let standing = self.standing.read();
            standing.board.alerts().iter().map(|(f, _)| f).collect()
        };
        all.sort_unstable();
        let mut rewrite = None;
        let mut chunks = all.chunks(REWRITE_AT_ONCE).peekable();
        loop {
            let journal = self.journal.lock();
            let part = match rewrite.take() {
                Some(part) => part,
                None => journal.begin_rewrite()?,
            };
            let Some(chunk) = chunks.next() else {
                return journal.finish_rewrite(part);
            };
            let mut batch = Batch::new();
            {
                let standing = self.standing.read();
                for fingerprint in chunk {
                    if let Some(slot) = standing.board.alerts().get(*fingerprint) {
                        batch.whole(&slot.alert, slot.groups == 0);
                    }
                }
            }
            rewrite = Some(journal.rewrite(part, &batch)?);
        }
    }
}
