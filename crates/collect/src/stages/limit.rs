//! `limit` and `sampling`: only so many lines.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

use super::settings::{LimitSettings, StageError};
use super::{Change, Entry, Run, StageMetrics};

/// Values of the label that a limit is by, at most, whatever less is set; with more the
/// counts begin anew.
const LABEL_VALUES_MIN: usize = 10_000;

const SECOND_NS: f64 = 1e9;

/// Tokens that fill up over time.
#[derive(Debug, Clone, Copy)]
struct Bucket {
    tokens: f64,
    at_ns: i64,
}

impl Bucket {
    fn refill(&mut self, settings: &LimitSettings, now_ns: i64) {
        let elapsed = now_ns.saturating_sub(self.at_ns).max(0) as f64 / SECOND_NS;
        self.tokens = (self.tokens + elapsed * settings.rate).min(settings.burst as f64);
        self.at_ns = self.at_ns.max(now_ns);
    }

    fn take(&mut self, settings: &LimitSettings, now_ns: i64) -> bool {
        self.refill(settings, now_ns);
        let has = self.tokens >= 1.0;
        if has {
            self.tokens -= 1.0;
        }
        has
    }
}

#[derive(Default)]
struct Buckets {
    all: Option<Bucket>,
    by_value: HashMap<String, Bucket>,
}

/// `limit`: all sources of a job together. Without `drop` no line is lost: the source is
/// slowed down.
pub(super) struct Limit {
    settings: LimitSettings,
    buckets: Arc<Mutex<Buckets>>,
    metrics: Arc<StageMetrics>,
}

impl Limit {
    pub(super) fn new(
        settings: &LimitSettings,
        metrics: &Arc<StageMetrics>,
    ) -> Result<Self, StageError> {
        if settings.rate <= 0.0 || settings.burst == 0 {
            return Err(StageError::new(
                "rate",
                "limit stage failed to parse rate or burst",
            ));
        }
        if !settings.by_label_name.is_empty() && !settings.drop {
            return Err(StageError::new(
                "by_label_name",
                "When ratelimiting by label, drop must be true",
            ));
        }
        Ok(Self {
            settings: settings.clone(),
            buckets: Arc::default(),
            metrics: metrics.clone(),
        })
    }

    fn full(&self, now_ns: i64) -> Bucket {
        Bucket {
            tokens: self.settings.burst as f64,
            at_ns: now_ns,
        }
    }
}

impl Run for Limit {
    fn run(&mut self, entry: Entry, now_ns: i64, out: &mut Vec<Entry>) {
        let new = self.full(now_ns);
        let mut buckets = self.buckets.lock();
        let name = &self.settings.by_label_name;
        let passes = if !name.is_empty() {
            let Some(value) = entry.labels.get(name) else {
                out.push(entry);
                return;
            };
            let most = self.settings.max_distinct_labels.max(LABEL_VALUES_MIN);
            if buckets.by_value.len() >= most && !buckets.by_value.contains_key(value) {
                buckets.by_value.clear();
            }
            let own = buckets.by_value.entry(value.clone()).or_insert(new);
            own.take(&self.settings, now_ns)
        } else {
            let all = buckets.all.get_or_insert(new);
            if self.settings.drop {
                all.take(&self.settings, now_ns)
            } else {
                all.refill(&self.settings, now_ns);
                all.tokens -= 1.0;
                true
            }
        };
        drop(buckets);
        if passes {
            out.push(entry);
        } else {
            self.metrics.dropped("ratelimit_drop_stage");
        }
    }

    fn pause_ns(&self, now_ns: i64) -> i64 {
        let mut buckets = self.buckets.lock();
        let Some(all) = &mut buckets.all else {
            return 0;
        };
        all.refill(&self.settings, now_ns);
        if all.tokens >= 0.0 {
            return 0;
        }
        (-all.tokens / self.settings.rate * SECOND_NS) as i64
    }

    fn fresh(&self) -> Box<dyn Run> {
        Box::new(Self {
            settings: self.settings.clone(),
            buckets: self.buckets.clone(),
            metrics: self.metrics.clone(),
        })
    }
}

/// `sampling`: a share of the lines, spread by a sequence without chance.
pub(super) struct Sampling {
    rate: f64,
    count: AtomicU64,
    metrics: Arc<StageMetrics>,
}

impl Sampling {
    pub(super) fn new(rate: f64, metrics: &Arc<StageMetrics>) -> Result<Self, StageError> {
        if !(0.0..=1.0).contains(&rate) {
            let message = format!(
                "sampling stage failed to parse rate,Sampling Rate must be between 0.0 and 1.0, \
                 received {rate:.6}"
            );
            return Err(StageError::new("rate", message));
        }
        Ok(Self {
            rate,
            count: AtomicU64::new(0),
            metrics: metrics.clone(),
        })
    }
}

impl Change for Sampling {
    fn change(&self, _: &mut Entry, _: i64) -> bool {
        // Multiples of the golden ratio are spread evenly over 0 to 1 (Weyl).
        const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;
        let n = self.count.fetch_add(1, Ordering::Relaxed);
        let share = n.wrapping_mul(GOLDEN) as f64 / u64::MAX as f64;
        let keeps = share < self.rate || self.rate >= 1.0;
        if !keeps {
            self.metrics.dropped("sampling_stage");
        }
        keeps
    }
}
