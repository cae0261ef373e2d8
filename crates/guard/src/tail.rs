//! Live copies of what was stored, for those who follow it.
//!
//! Each subscriber has a bounded queue; one that is too slow loses its oldest batches,
//! and is told how many rows. Nobody waits for a subscriber, and without any nothing is
//! copied. Synchronous: whoever lives in an async world gives a waker.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use binnacle_model::event::EventBatch;
use parking_lot::{Condvar, Mutex};

use crate::settings::TailSettings;

/// Called when something is waiting; must not block.
pub type Waker = Box<dyn Fn() + Send + Sync>;

#[derive(Default)]
struct Queue {
    batches: VecDeque<Arc<EventBatch>>,
    bytes: usize,
    rows_lost: u64,
}

struct Subscriber {
    queue: Mutex<Queue>,
    arrived: Condvar,
    waker: Option<Waker>,
}

impl Subscriber {
    fn offer(&self, batch: &Arc<EventBatch>, settings: TailSettings) {
        let bytes = batch.content_bytes();
        {
            let mut queue = self.queue.lock();
            queue.batches.push_back(Arc::clone(batch));
            queue.bytes = queue.bytes.saturating_add(bytes);
            while queue.batches.len() > settings.queue_batches_max.max(1)
                || (queue.bytes > settings.queue_bytes_max && queue.batches.len() > 1)
            {
                let Some(lost) = queue.batches.pop_front() else {
                    break;
                };
                queue.bytes = queue.bytes.saturating_sub(lost.content_bytes());
                queue.rows_lost += lost.len() as u64;
            }
        }
        self.arrived.notify_one();
        if let Some(waker) = &self.waker {
            waker();
        }
    }
}

/// All subscribers.
#[derive(Default)]
pub(crate) struct Tails {
    subscribers: Mutex<Vec<Arc<Subscriber>>>,
    count: AtomicUsize,
}

impl Tails {
    /// How many there are; cheap.
    pub(crate) fn count(&self) -> usize {
        self.count.load(Ordering::Acquire)
    }

    pub(crate) fn subscribe(self: &Arc<Self>, waker: Option<Waker>) -> Subscription {
        let own = Arc::new(Subscriber {
            queue: Mutex::default(),
            arrived: Condvar::new(),
            waker,
        });
        let mut all = self.subscribers.lock();
        all.push(Arc::clone(&own));
        self.count.store(all.len(), Ordering::Release);
        drop(all);
        Subscription {
            own,
            tails: Arc::clone(self),
        }
    }

    pub(crate) fn publish(&self, batch: &Arc<EventBatch>, settings: TailSettings) {
        for subscriber in self.subscribers.lock().iter() {
            subscriber.offer(batch, settings);
        }
    }
}

/// Follows what is stored until it is dropped.
pub struct Subscription {
    own: Arc<Subscriber>,
    tails: Arc<Tails>,
}

impl Subscription {
    /// The next batch when there is one: rows that are stored, as they are stored.
    #[must_use]
    pub fn next(&self) -> Option<Arc<EventBatch>> {
        let mut queue = self.own.queue.lock();
        let batch = queue.batches.pop_front()?;
        queue.bytes = queue.bytes.saturating_sub(batch.content_bytes());
        Some(batch)
    }

    /// Waits for the next batch; `None` when none came in time.
    #[must_use]
    pub fn wait(&self, timeout: Duration) -> Option<Arc<EventBatch>> {
        {
            let mut queue = self.own.queue.lock();
            self.own
                .arrived
                .wait_while_for(&mut queue, |q| q.batches.is_empty(), timeout);
        }
        self.next()
    }

    /// Rows that were lost because this subscriber was too slow, since it was last asked.
    #[must_use]
    pub fn take_lost(&self) -> u64 {
        std::mem::take(&mut self.own.queue.lock().rows_lost)
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        let mut all = self.tails.subscribers.lock();
        all.retain(|s| !Arc::ptr_eq(s, &self.own));
        self.tails.count.store(all.len(), Ordering::Release);
    }
}
