//! The queries that run now: listed, and stopped one by one.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use binnacle_model::limits::Meter;
use binnacle_model::query::RunningQuery;
use parking_lot::Mutex;

struct Running {
    text: String,
    client: String,
    started_ms: i64,
    started: Instant,
    meter: Arc<Meter>,
}

#[derive(Default)]
struct Inner {
    queries: Mutex<BTreeMap<u64, Running>>,
    next: AtomicU64,
}

/// All queries that run.
#[derive(Default, Clone)]
pub(super) struct Registry(Arc<Inner>);

/// A query is listed for as long as this lives; when it goes, the query stops.
pub(super) struct Entry {
    registry: Registry,
    id: u64,
}

impl Registry {
    /// Lists a query.
    pub(super) fn enter(&self, text: &str, client: &str, now_ms: i64, meter: Arc<Meter>) -> Entry {
        let id = self.0.next.fetch_add(1, Ordering::Relaxed) + 1;
        let query = Running {
            text: text.to_owned(),
            client: client.to_owned(),
            started_ms: now_ms,
            started: Instant::now(),
            meter,
        };
        self.0.queries.lock().insert(id, query);
        Entry {
            registry: self.clone(),
            id,
        }
    }

    /// All that run, oldest first.
    pub(super) fn list(&self) -> Vec<RunningQuery> {
        let queries = self.0.queries.lock();
        queries
            .iter()
            .map(|(&id, q)| RunningQuery {
                id,
                text: q.text.clone(),
                client: q.client.clone(),
                started_ms: q.started_ms,
                running_seconds: q.started.elapsed().as_secs_f64(),
                samples: q.meter.samples_total(),
            })
            .collect()
    }

    /// Asks a query to stop; false when it does not run.
    pub(super) fn kill(&self, id: u64) -> bool {
        match self.0.queries.lock().get(&id) {
            None => false,
            Some(query) => {
                query.meter.cancel();
                true
            }
        }
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        if let Some(query) = self.registry.0.queries.lock().remove(&self.id) {
            query.meter.cancel();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use binnacle_model::limits::{QueryLimits, Stopped};

    #[test]
    fn a_query_is_listed_until_its_entry_goes_and_then_stops() {
        let registry = Registry::default();
        let meter = Arc::new(Meter::new(QueryLimits::default()));
        let entry = registry.enter("up", "127.0.0.1", 1_000, meter.clone());
        let list = registry.list();
        assert_eq!(list.len(), 1);
        assert_eq!((list[0].text.as_str(), list[0].started_ms), ("up", 1_000));
        assert_eq!(meter.check(), Ok(()));
        drop(entry);
        assert!(registry.list().is_empty());
        assert_eq!(meter.check(), Err(Stopped::Canceled));
    }

    #[test]
    fn kill_stops_only_what_runs() {
        let registry = Registry::default();
        let meter = Arc::new(Meter::new(QueryLimits::default()));
        let _entry = registry.enter("up", "", 0, meter.clone());
        assert!(!registry.kill(99));
        assert!(registry.kill(registry.list()[0].id));
        assert_eq!(meter.check(), Err(Stopped::Canceled));
    }
}
