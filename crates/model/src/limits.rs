//! What a query may use, and the meter that counts it while it runs.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Limits of one query; each is a setting, and reaching one is an error that
/// names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryLimits {
    /// Wall time (`--query.timeout`).
    pub timeout: Duration,
    /// Samples held in memory at once (`--query.max-samples`).
    pub samples_max: u64,
    /// Bytes of memory for intermediate results.
    pub memory_bytes_max: u64,
    /// Series that one selector may touch.
    pub series_max: u64,
}

impl Default for QueryLimits {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(120),
            samples_max: 50_000_000,
            memory_bytes_max: 2 << 30,
            series_max: 5_000_000,
        }
    }
}

/// Why a query was stopped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Stopped {
    /// Its time was up.
    #[error(
        "query timed out after {0:?}: narrow its time range or selectors, or raise the query timeout"
    )]
    Timeout(Duration),
    /// Someone cancelled or killed it, or the client went away.
    #[error("query was canceled")]
    Canceled,
    /// It wanted more of `what` than `limit`.
    #[error(
        "query processing would load too many {what} into memory (limit {limit}): narrow its time range or selectors, or raise the limit"
    )]
    Limit {
        /// What there would be too many of: `samples`, `bytes`, `series`.
        what: &'static str,
        /// The limit.
        limit: u64,
    },
}

/// Counts what one query uses. Shared by the threads of the query and by whoever
/// lists or kills it.
#[derive(Debug)]
pub struct Meter {
    limits: QueryLimits,
    deadline: Instant,
    canceled: AtomicBool,
    samples_now: AtomicU64,
    samples_peak: AtomicU64,
    samples_total: AtomicU64,
    bytes_now: AtomicU64,
    bytes_peak: AtomicU64,
}

impl Meter {
    /// A meter whose time starts now.
    #[must_use]
    pub fn new(limits: QueryLimits) -> Self {
        let deadline = Instant::now() + limits.timeout;
        Self {
            limits,
            deadline,
            canceled: AtomicBool::new(false),
            samples_now: AtomicU64::new(0),
            samples_peak: AtomicU64::new(0),
            samples_total: AtomicU64::new(0),
            bytes_now: AtomicU64::new(0),
            bytes_peak: AtomicU64::new(0),
        }
    }

    /// The limits.
    #[must_use]
    pub fn limits(&self) -> &QueryLimits {
        &self.limits
    }

    /// Asks the query to stop at its next check.
    pub fn cancel(&self) {
        self.canceled.store(true, Ordering::Relaxed);
    }

    /// To be called every few thousand steps of work.
    ///
    /// # Errors
    /// When the query must stop.
    pub fn check(&self) -> Result<(), Stopped> {
        if self.canceled.load(Ordering::Relaxed) {
            return Err(Stopped::Canceled);
        }
        if Instant::now() >= self.deadline {
            return Err(Stopped::Timeout(self.limits.timeout));
        }
        Ok(())
    }

    /// Counts `n` samples that are now held in memory.
    ///
    /// # Errors
    /// When there are too many.
    pub fn hold_samples(&self, n: u64) -> Result<(), Stopped> {
        let now = self.samples_now.fetch_add(n, Ordering::Relaxed) + n;
        self.samples_peak.fetch_max(now, Ordering::Relaxed);
        if now > self.limits.samples_max {
            return Err(Stopped::Limit {
                what: "samples",
                limit: self.limits.samples_max,
            });
        }
        Ok(())
    }

    /// Gives back `n` samples of [`Self::hold_samples`].
    pub fn release_samples(&self, n: u64) {
        self.samples_now.fetch_sub(n, Ordering::Relaxed);
    }

    /// Counts `n` samples that were looked at (statistics only).
    pub fn touch_samples(&self, n: u64) {
        self.samples_total.fetch_add(n, Ordering::Relaxed);
    }

    /// Counts `n` bytes of intermediate results.
    ///
    /// # Errors
    /// When there are too many.
    pub fn hold_bytes(&self, n: u64) -> Result<(), Stopped> {
        let now = self.bytes_now.fetch_add(n, Ordering::Relaxed) + n;
        self.bytes_peak.fetch_max(now, Ordering::Relaxed);
        if now > self.limits.memory_bytes_max {
            return Err(Stopped::Limit {
                what: "bytes",
                limit: self.limits.memory_bytes_max,
            });
        }
        Ok(())
    }

    /// Gives back `n` bytes of [`Self::hold_bytes`].
    pub fn release_bytes(&self, n: u64) {
        self.bytes_now.fetch_sub(n, Ordering::Relaxed);
    }

    /// Samples looked at so far.
    #[must_use]
    pub fn samples_total(&self) -> u64 {
        self.samples_total.load(Ordering::Relaxed)
    }

    /// The most samples held at once.
    #[must_use]
    pub fn samples_peak(&self) -> u64 {
        self.samples_peak.load(Ordering::Relaxed)
    }
}
