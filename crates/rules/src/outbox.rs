//! Alerts on their way to one sink.
//!
//! Rules put alerts here and go on; a task of each sink hands them over in batches.
//! A sink that hangs delays only itself: its queue has a limit, and when it is full
//! the oldest alerts give way, because alerts that go on are told again anyway.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use binnacle_model::Labels;
use binnacle_model::alert::{Alert, AlertSink};
use binnacle_model::relabel::{RelabelRule, relabel};
use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::counters::{SinkCounts, SinkSnapshot};

/// Alerts that are handed over at once, as Prometheus does by default.
const BATCH_MAX: usize = 256;
/// How long the end of the server waits for alerts that are still queued.
const DRAIN_MAX: Duration = Duration::from_secs(10);

/// See the module's text.
pub(crate) struct Outbox {
    name: String,
    sink: Arc<dyn AlertSink>,
    queue: Mutex<VecDeque<Alert>>,
    arrived: Notify,
    /// Alerts of the batch that is handed over now.
    in_flight: AtomicUsize,
    counts: SinkCounts,
}

impl Outbox {
    pub(crate) fn new(name: String, sink: Arc<dyn AlertSink>) -> Self {
        Self {
            name,
            sink,
            queue: Mutex::default(),
            arrived: Notify::new(),
            in_flight: AtomicUsize::new(0),
            counts: SinkCounts::default(),
        }
    }

    /// Adds alerts, and drops the oldest ones beyond `alerts_max`.
    pub(crate) fn push(&self, alerts: Vec<Alert>, alerts_max: usize) {
        let mut queue = self.queue.lock();
        queue.extend(alerts);
        let over = queue.len().saturating_sub(alerts_max.max(1));
        queue.drain(..over);
        drop(queue);
        if over > 0 {
            SinkCounts::add(&self.counts.dropped, over);
            tracing::warn!(
                sink = self.name,
                dropped = over,
                "the queue of alerts is full"
            );
        }
        self.arrived.notify_one();
    }

    /// Sends until `stop`, and then what is left, for a while.
    pub(crate) async fn run(&self, stop: CancellationToken) {
        let send = async {
            loop {
                self.drain().await;
                if stop.is_cancelled() {
                    break;
                }
                stop.run_until_cancelled(self.arrived.notified()).await;
            }
        };
        let patience = async {
            stop.cancelled().await;
            tokio::time::sleep(DRAIN_MAX).await;
        };
        tokio::select! {
            () = send => {}
            () = patience => self.give_up(),
        }
    }

    fn give_up(&self) {
        let queued = std::mem::take(&mut *self.queue.lock()).len();
        let left = queued + self.in_flight.load(Ordering::Relaxed);
        SinkCounts::add(&self.counts.dropped, left);
        tracing::warn!(
            sink = self.name,
            left,
            "alerts were not sent before the end"
        );
    }

    /// Sends all that is queued.
    pub(crate) async fn drain(&self) {
        while self.send_batch().await {}
    }

    /// Sends one batch. False: there is nothing to send.
    async fn send_batch(&self) -> bool {
        let batch: Vec<Alert> = {
            let mut queue = self.queue.lock();
            let n = queue.len().min(BATCH_MAX);
            queue.drain(..n).collect()
        };
        if batch.is_empty() {
            return false;
        }
        let count = batch.len();
        let begun = Instant::now();
        self.in_flight.store(count, Ordering::Relaxed);
        let answer = self.sink.post(batch).await;
        self.in_flight.store(0, Ordering::Relaxed);
        self.counts
            .latency
            .lock()
            .add(begun.elapsed().as_secs_f64());
        match answer {
            Ok(accepted) => {
                SinkCounts::add(&self.counts.sent, accepted.taken);
                SinkCounts::add(&self.counts.failed, accepted.refused.len());
                if let Some((_, why)) = accepted.refused.first() {
                    let refused = accepted.refused.len();
                    tracing::warn!(sink = self.name, refused, why, "alerts were refused");
                }
            }
            Err(error) => {
                SinkCounts::add(&self.counts.failed, count);
                SinkCounts::add(&self.counts.dropped, count);
                tracing::warn!(sink = self.name, %error, count, "sending alerts failed");
            }
        }
        true
    }

    pub(crate) fn snapshot(&self) -> SinkSnapshot {
        SinkSnapshot {
            name: self.name.clone(),
            sent: self.counts.sent.load(Ordering::Relaxed),
            failed: self.counts.failed.load(Ordering::Relaxed),
            dropped: self.counts.dropped.load(Ordering::Relaxed),
            queued: self.queue.lock().len() as u64,
            latency: self.counts.latency.lock().clone(),
        }
    }
}

/// What leaves this server of `alerts`: they get the external labels that they do not
/// have, and go through the rules.
pub(crate) fn address(
    alerts: Vec<Alert>,
    external_labels: &Labels,
    rules: &[RelabelRule],
) -> Vec<Alert> {
    if external_labels.is_empty() && rules.is_empty() {
        return alerts;
    }
    let of = |mut alert: Alert| {
        let mut labels = alert.labels.to_builder();
        for (name, value) in external_labels {
            if labels.get(name).is_empty() {
                labels.set(name, value);
            }
        }
        if !relabel(rules, &mut labels) {
            return None;
        }
        alert.labels = labels.build();
        Some(alert)
    };
    alerts.into_iter().filter_map(of).collect()
}
