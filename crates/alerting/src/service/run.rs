//! The task that drives everything.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::Service;

/// How often what is not urgent is looked after.
const UPKEEP_MS: i64 = 15_000;

/// After so many flushes in a row others get their turn.
const FLUSHES_IN_A_ROW: u32 = 64;

/// How long running deliveries have when the service is stopped.
const STOP_WAIT: Duration = Duration::from_secs(10);

impl Service {
    /// Flushes groups at their times and looks after everything else, until `shutdown`.
    /// Then deliveries that run are finished, within ten seconds, and what is queued is
    /// written.
    pub async fn run(self: Arc<Self>, shutdown: CancellationToken) {
        let history = Arc::clone(&self.history);
        let kill = self.kill.clone();
        let writer = tokio::spawn(async move { kill.run_until_cancelled(history.run()).await });
        self.resume_digests().await;
        tokio::select! {
            () = shutdown.cancelled() => {}
            () = self.drive() => {}
            () = Arc::clone(&self).beat() => {}
        }
        self.stop().await;
        self.history.close();
        if let Err(error) = writer.await {
            tracing::error!(%error, "the writer of the history failed");
        }
        if let Err(error) = self.journal.lock().close() {
            tracing::error!(%error, "the alert journal could not be closed");
        }
    }

    async fn drive(self: &Arc<Self>) {
        let mut upkeep_ms = self.clock.now_ms();
        loop {
            self.flush_all().await;
            let now_ms = self.clock.now_ms();
            // A clock that was set back must not put upkeep off.
            if now_ms >= upkeep_ms || upkeep_ms - now_ms > UPKEEP_MS {
                self.upkeep().await;
                upkeep_ms = now_ms + UPKEEP_MS;
                continue;
            }
            let until_ms = self.sleeps_until().min(upkeep_ms);
            let wait_ms = until_ms - self.clock.now_ms();
            if wait_ms > 0 && !(wait_ms == 1 && self.wait_out(until_ms).await) {
                let wait = Duration::from_millis(wait_ms.unsigned_abs());
                tokio::select! {
                    () = tokio::time::sleep(wait) => {}
                    () = self.wake.notified() => {}
                }
            }
        }
    }

    /// Waits for a deadline that is less than a millisecond away by letting others run,
    /// since a timer would come a millisecond or two late. Gives up, and answers no, when
    /// the clock has not come there after a millisecond of real time.
    async fn wait_out(&self, until_ms: i64) -> bool {
        let began = std::time::Instant::now();
        while began.elapsed() < Duration::from_millis(1) {
            if self.clock.now_ms() >= until_ms {
                return true;
            }
            tokio::task::yield_now().await;
        }
        self.clock.now_ms() >= until_ms
    }

    /// When the next group is due. Whoever posts something that is due before then wakes
    /// the driver; the lock is what makes sure of that.
    fn sleeps_until(&self) -> i64 {
        let mut standing = self.standing.write();
        let until_ms = standing.board.next_deadline().unwrap_or(i64::MAX);
        self.sleeps_until_ms.store(until_ms, Relaxed);
        until_ms
    }

    async fn flush_all(self: &Arc<Self>) {
        let mut in_a_row = 0;
        while self.flush_next() {
            in_a_row += 1;
            if in_a_row % FLUSHES_IN_A_ROW == 0 {
                tokio::task::yield_now().await;
            }
        }
    }

    async fn stop(&self) {
        // What waits is told after the next start: its alerts are in the journal.
        for job in self.lanes.lock().take_waiting() {
            job.ticket.done(false);
        }
        self.tasks.close();
        if tokio::time::timeout(STOP_WAIT, self.tasks.wait())
            .await
            .is_err()
        {
            tracing::warn!("deliveries were still running when alerting stopped");
        }
    }
}
