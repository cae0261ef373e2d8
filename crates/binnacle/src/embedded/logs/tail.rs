//! Lines as they are stored, for those who follow a log query.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use binnacle_guard::{Guard, Subscription};
use binnacle_logql::ast::LogExpr;
use binnacle_logql::follow::Follower;
use binnacle_model::alert::BoxFuture;
use binnacle_model::event::logs::{LogStream, Tail};
use binnacle_model::query::QueryError;
use tokio::sync::Notify;

use super::TAILS_MAX;

/// A tail that runs.
pub(super) struct Following {
    subscription: Subscription,
    arrived: Arc<Notify>,
    follower: Follower,
    /// Lines of one message, at most.
    lines_max: usize,
    _count: Count,
}

/// Counts this tail for as long as it lives.
struct Count(Arc<AtomicUsize>);

impl Drop for Count {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Following {
    /// Starts one.
    pub(super) fn start(
        log: &LogExpr,
        limit: usize,
        guard: &Arc<Guard>,
        tails: &Arc<AtomicUsize>,
    ) -> Result<Self, QueryError> {
        let count = Count(tails.clone());
        if tails.fetch_add(1, Ordering::Relaxed) >= TAILS_MAX {
            return Err(QueryError::Unavailable {
                message: format!(
                    "max concurrent tail requests limit exceeded, count > limit ({TAILS_MAX}): \
                     close one first"
                ),
            });
        }
        let follower = Follower::new(log).map_err(|message| QueryError::BadData {
            message,
            span: Some(log.span),
        })?;
        let arrived = Arc::new(Notify::new());
        let waker = {
            let arrived = arrived.clone();
            Box::new(move || arrived.notify_one())
        };
        Ok(Self {
            subscription: guard.subscribe_with(waker),
            arrived,
            follower,
            lines_max: limit.max(1),
            _count: count,
        })
    }
}

impl Tail for Following {
    fn next(&mut self) -> BoxFuture<'_, Option<(Vec<LogStream>, u64)>> {
        Box::pin(async move {
            loop {
                let mut streams = BTreeMap::new();
                let mut lines = 0;
                while lines < self.lines_max {
                    let Some(batch) = self.subscription.next() else {
                        break;
                    };
                    lines += self.follower.take(&batch, &mut streams);
                }
                let lost = self.subscription.take_lost();
                if lines > 0 || lost > 0 {
                    let streams = streams
                        .into_iter()
                        .map(|(labels, entries)| LogStream { labels, entries })
                        .collect();
                    return Some((streams, lost));
                }
                self.arrived.notified().await;
            }
        })
    }
}
