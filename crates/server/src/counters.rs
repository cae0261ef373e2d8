//! The server's own counters.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::receive::logs::LogCounters;

/// Counts since start.
#[derive(Debug, Default)]
#[allow(missing_docs)]
pub struct Counters {
    pub requests: AtomicU64,
    pub responses_4xx: AtomicU64,
    pub responses_5xx: AtomicU64,
    pub connections: AtomicU64,
    pub connections_open: AtomicU64,
    pub tls_errors: AtomicU64,
    pub unauthorized: AtomicU64,
    pub rate_limited: AtomicU64,
    pub federation_errors: AtomicU64,
    pub push_requests: AtomicU64,
    pub push_bytes: AtomicU64,
    pub push_samples: AtomicU64,
    pub push_rejected_requests: AtomicU64,
    pub push_rejected_samples: AtomicU64,
    pub push_histograms_unsupported: AtomicU64,
    pub logs: LogCounters,
}

impl Counters {
    /// Adds one.
    pub fn count(counter: &AtomicU64) {
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// Adds `n`.
    pub fn add(counter: &AtomicU64, n: u64) {
        counter.fetch_add(n, Ordering::Relaxed);
    }
}
