//! Counters of what scraping did, for the process's own metrics.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counters since the process started; names are those of Prometheus' own metrics
/// (`prometheus_target_...`).
#[derive(Debug, Default)]
pub struct ScrapeMetrics {
    /// Scrapes done, good and failed.
    pub scrapes: AtomicU64,
    /// Scrapes that failed.
    pub scrapes_failed: AtomicU64,
    /// Samples appended.
    pub samples_appended: AtomicU64,
    /// Samples that came twice with one time.
    pub sample_duplicate_timestamp: AtomicU64,
    /// Samples older than what was there.
    pub sample_out_of_order: AtomicU64,
    /// Samples too old or too far in the future.
    pub sample_out_of_bounds: AtomicU64,
    /// Samples that a limit of the engine kept out.
    pub sample_series_limit: AtomicU64,
    /// Scrapes over `sample_limit`.
    pub exceeded_sample_limit: AtomicU64,
    /// Scrapes over `body_size_limit`.
    pub exceeded_body_size_limit: AtomicU64,
    /// Scrapes over one of the label limits.
    pub exceeded_label_limits: AtomicU64,
    /// Pools that had more targets than `target_limit` when they were synced.
    pub exceeded_target_limit: AtomicU64,
    /// Scrapes whose batch the engine did not take.
    pub appends_failed: AtomicU64,
    /// Times that pools were synced with their discovery.
    pub syncs: AtomicU64,
    /// Discovered targets that could not be used.
    pub targets_refused: AtomicU64,
    /// Times that a discovery failed to refresh.
    pub discovery_failed: AtomicU64,
    /// Native histograms in protobuf bodies, of which only the classic part is kept.
    pub native_histograms_left_out: AtomicU64,
    /// Bytes of bodies, after decompression.
    pub body_bytes: AtomicU64,
}

/// Adds to a counter.
pub(crate) fn bump(counter: &AtomicU64, by: u64) {
    counter.fetch_add(by, Ordering::Relaxed);
}
