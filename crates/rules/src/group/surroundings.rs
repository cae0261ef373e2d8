//! What a group needs of the rest of the house to be evaluated.

use std::sync::Arc;

use binnacle_model::Batch;
use binnacle_model::alert::Alert;
use binnacle_model::event::EvaluateLogs;
use binnacle_model::query::MetricsQuery;
use binnacle_stdx::clock::Clock;
use parking_lot::Mutex;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::counters::Timings;
use crate::settings::Settings;

/// Batches that are kept to be used again.
const BATCHES_KEPT: usize = 16;
/// A batch with more series than that is not kept.
const BATCH_KEPT_SERIES: usize = 10_000;

/// Takes alerts that are to be sent. Must not block.
pub type Send = Arc<dyn Fn(Vec<Alert>) + std::marker::Send + Sync>;

/// See the module's text.
#[derive(Clone)]
pub struct Surroundings {
    /// Where rules read and write.
    pub metrics: Arc<dyn MetricsQuery>,
    /// Where rules over lines read; `None`: there are no lines here.
    pub logs: Option<Arc<dyn EvaluateLogs>>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// What holds for all groups.
    pub settings: Arc<Settings>,
    /// Where alerts go.
    pub send: Send,
    /// Durations of evaluations.
    pub timings: Arc<Timings>,
    /// Cancelled: no further rule is begun.
    pub stop: CancellationToken,
    pub(crate) slots: Arc<Semaphore>,
    /// Whether this evaluation has a thread on which it may block.
    pub(crate) may_block: bool,
    batches: Arc<Mutex<Vec<Batch>>>,
}

impl Surroundings {
    /// With these, and none of the alerts sent anywhere else than to `send`.
    #[must_use]
    pub fn new(
        metrics: Arc<dyn MetricsQuery>,
        clock: Arc<dyn Clock>,
        settings: impl Into<Arc<Settings>>,
        send: Send,
    ) -> Self {
        let settings = settings.into();
        let slots = Arc::new(Semaphore::new(settings.concurrency.saturating_sub(1)));
        Self {
            metrics,
            logs: None,
            clock,
            settings,
            send,
            timings: Arc::default(),
            stop: CancellationToken::new(),
            slots,
            may_block: false,
            batches: Arc::default(),
        }
    }

    /// The same with other settings.
    #[must_use]
    pub fn with_settings(&self, settings: Settings) -> Self {
        let slots = if settings.concurrency == self.settings.concurrency {
            Arc::clone(&self.slots)
        } else {
            Arc::new(Semaphore::new(settings.concurrency.saturating_sub(1)))
        };
        Self {
            settings: Arc::new(settings),
            slots,
            ..self.clone()
        }
    }

    /// An empty batch, with memory when there is one left over.
    pub(crate) fn batch(&self) -> Batch {
        self.batches.lock().pop().unwrap_or_default()
    }

    /// Takes a batch back.
    pub(crate) fn give_back(&self, mut batch: Batch) {
        batch.clear();
        let mut kept = self.batches.lock();
        if kept.len() < BATCHES_KEPT && batch.series.capacity() <= BATCH_KEPT_SERIES {
            kept.push(batch);
        }
    }
}
