//! The queue of facts and its writer.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use binnacle_model::alert::{Episode, Fingerprint, NotificationOutcome, NotificationRecord};
use binnacle_state::{Begun, NewNotification, StateError};
use parking_lot::Mutex;
use tokio::sync::Notify;

use super::Ledger;
use crate::alerts::ByFingerprint;

/// At most that many facts are written together.
const BATCH_MAX: usize = 4_000;

/// So long facts are gathered before they are written: in a storm of alerts a few large
/// transactions cost a fraction of many small ones.
const GATHER: Duration = Duration::from_millis(100);

/// At most that many episodes are remembered behind their end.
const LATELY_MAX: usize = 10_000;

/// Something that has happened.
#[derive(Debug, Clone)]
pub enum Fact {
    /// An alert began to fire.
    Began(Begun),
    /// An alert ended.
    Ended {
        /// Its number.
        fingerprint: Fingerprint,
        /// When, milliseconds.
        at_ms: i64,
    },
    /// Somebody was told, or was not reached.
    Notified(Box<NewNotification>),
}

/// The way of facts into the ledger.
pub struct History {
    ledger: Arc<dyn Ledger>,
    queue: Mutex<VecDeque<Fact>>,
    waiting_max: usize,
    wake: Notify,
    closed: Notify,
    closing: AtomicBool,
    dropped: AtomicU64,
    failed: AtomicU64,
    /// Numbers of the episodes that have not ended.
    open: Mutex<ByFingerprint<i64>>,
    /// Numbers of the episodes that ended lately: what was told of them may be noted
    /// behind their end.
    lately: Mutex<ByFingerprint<i64>>,
}

impl History {
    /// A way into `ledger` for at most `waiting_max` facts at a time; `open` are the
    /// episodes that have not ended.
    #[must_use]
    pub fn new(ledger: Arc<dyn Ledger>, waiting_max: usize, open: &[Episode]) -> Self {
        let open = open.iter().map(|e| (e.fingerprint, e.id)).collect();
        Self {
            ledger,
            queue: Mutex::new(VecDeque::new()),
            waiting_max,
            wake: Notify::new(),
            closed: Notify::new(),
            closing: AtomicBool::new(false),
            dropped: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            open: Mutex::new(open),
            lately: Mutex::default(),
        }
    }

    /// Notes facts; never waits.
    pub fn note(&self, facts: impl IntoIterator<Item = Fact>) {
        let mut queue = self.queue.lock();
        let mut noted = false;
        for fact in facts {
            if queue.len() >= self.waiting_max {
                self.dropped.fetch_add(1, Relaxed);
            } else {
                queue.push_back(fact);
                noted = true;
            }
        }
        drop(queue);
        if noted {
            self.wake.notify_one();
        }
    }

    /// The number of the episode of an alert that fires, once it is written.
    #[must_use]
    pub fn episode(&self, fingerprint: Fingerprint) -> Option<i64> {
        self.open.lock().get(&fingerprint).copied()
    }

    /// How many facts wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.queue.lock().len()
    }

    /// How many facts were left out because too many waited, and how many could not be
    /// written.
    #[must_use]
    pub fn lost(&self) -> (u64, u64) {
        (self.dropped.load(Relaxed), self.failed.load(Relaxed))
    }

    /// Makes [`History::run`] write what waits and end.
    pub fn close(&self) {
        self.closing.store(true, Relaxed);
        self.closed.notify_one();
        self.wake.notify_one();
    }

    /// Writes facts until it is closed.
    pub async fn run(&self) {
        loop {
            if !self.closing.load(Relaxed) && (1..BATCH_MAX).contains(&self.waiting()) {
                // Whoever closes does not wait for the rest of it.
                let _ = tokio::time::timeout(GATHER, self.closed.notified()).await;
            }
            let batch = self.take();
            if !batch.is_empty() {
                self.write(batch).await;
            } else if self.closing.load(Relaxed) {
                return;
            } else {
                self.wake.notified().await;
            }
        }
    }

    fn take(&self) -> Vec<Fact> {
        let mut queue = self.queue.lock();
        let count = queue.len().min(BATCH_MAX);
        let batch = queue.drain(..count).collect();
        if queue.is_empty() && queue.capacity() > 4 * BATCH_MAX {
            queue.shrink_to_fit();
        }
        batch
    }

    /// Writes facts in order; neighbours of one kind go together.
    async fn write(&self, batch: Vec<Fact>) {
        let mut batch = batch.into_iter().peekable();
        while let Some(first) = batch.next() {
            let count = match first {
                Fact::Began(begun) => {
                    let mut began = vec![begun];
                    while let Some(Fact::Began(begun)) =
                        batch.next_if(|f| matches!(f, Fact::Began(_)))
                    {
                        began.push(begun);
                    }
                    (began.len(), self.begin(began).await)
                }
                Fact::Ended { fingerprint, at_ms } => {
                    let mut ended = vec![(fingerprint, at_ms)];
                    while let Some(Fact::Ended { fingerprint, at_ms }) =
                        batch.next_if(|f| matches!(f, Fact::Ended { .. }))
                    {
                        ended.push((fingerprint, at_ms));
                    }
                    (ended.len(), self.end(&ended).await)
                }
                Fact::Notified(record) => {
                    let mut records = vec![*record];
                    while let Some(Fact::Notified(record)) =
                        batch.next_if(|f| matches!(f, Fact::Notified(_)))
                    {
                        records.push(*record);
                    }
                    (records.len(), self.notified(records).await)
                }
            };
            if let (facts, Err(error)) = count {
                self.failed.fetch_add(facts as u64, Relaxed);
                tracing::error!(%error, facts, "history could not be written");
            }
        }
    }

    async fn begin(&self, begun: Vec<Begun>) -> Result<(), StateError> {
        let fingerprints: Vec<Fingerprint> = begun.iter().map(|b| b.fingerprint).collect();
        let ids = self.ledger.begin_alerts(begun).await?;
        self.open.lock().extend(fingerprints.into_iter().zip(ids));
        Ok(())
    }

    async fn end(&self, ended: &[(Fingerprint, i64)]) -> Result<(), StateError> {
        let episodes: Vec<(i64, i64)> = {
            let mut open = self.open.lock();
            let mut lately = self.lately.lock();
            if lately.len() > LATELY_MAX {
                lately.clear();
            }
            let mut of = |(f, at_ms): &(Fingerprint, i64)| {
                let id = open.remove(f)?;
                lately.insert(*f, id);
                Some((id, *at_ms))
            };
            ended.iter().filter_map(&mut of).collect()
        };
        if episodes.is_empty() {
            return Ok(());
        }
        self.ledger.resolve_episodes(episodes).await
    }

    async fn notified(&self, records: Vec<NewNotification>) -> Result<(), StateError> {
        let told: Vec<(i64, i64)> = {
            let open = self.open.lock();
            let lately = self.lately.lock();
            let counts = |record: &&NotificationRecord| {
                record.outcome == NotificationOutcome::Delivered && !record.test
            };
            let number = |f: &Fingerprint| open.get(f).or_else(|| lately.get(f)).copied();
            let delivered = records.iter().map(|new| &new.record).filter(counts);
            delivered
                .flat_map(|record| {
                    let numbers = record.firing.iter().filter_map(number);
                    numbers.map(|id| (id, record.at_ms))
                })
                .collect()
        };
        if !told.is_empty() {
            self.ledger.notified_episodes(told).await?;
        }
        self.ledger.append_notifications(records).await.map(drop)
    }
}
