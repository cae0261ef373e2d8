//! What rules say of themselves, for the server's own metrics.
//!
//! Names in the comments are Prometheus'. Durations are counted into buckets; the
//! quantiles of Prometheus' summaries are left to whoever queries the buckets.

use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

/// Upper bounds of the buckets of [`Durations`], seconds; the last one has none.
pub const BUCKETS_SECONDS: [f64; 8] = [0.0001, 0.001, 0.01, 0.1, 1.0, 10.0, 60.0, f64::INFINITY];

/// Durations of something that happens often.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Durations {
    /// How often it took at most the bound of [`BUCKETS_SECONDS`] and more than the
    /// one before.
    pub buckets: [u64; BUCKETS_SECONDS.len()],
    /// All of them together, seconds.
    pub sum_seconds: f64,
}

impl Durations {
    /// How many there were.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.buckets.iter().sum()
    }

    pub(crate) fn add(&mut self, seconds: f64) {
        let at = BUCKETS_SECONDS.partition_point(|bound| *bound < seconds);
        self.buckets[at.min(BUCKETS_SECONDS.len() - 1)] += 1;
        self.sum_seconds += seconds;
    }
}

/// Durations of all evaluations since the start.
#[derive(Debug, Default)]
pub struct Timings {
    rules: Mutex<Durations>,
    groups: Mutex<Durations>,
}

impl Timings {
    pub(crate) fn rule(&self, seconds: f64) {
        self.rules.lock().add(seconds);
    }

    pub(crate) fn group(&self, seconds: f64) {
        self.groups.lock().add(seconds);
    }

    pub(crate) fn rules(&self) -> Durations {
        self.rules.lock().clone()
    }

    pub(crate) fn groups(&self) -> Durations {
        self.groups.lock().clone()
    }
}

/// Counts of alerts that were sent to one sink.
#[derive(Debug, Default)]
pub(crate) struct SinkCounts {
    pub(crate) sent: AtomicU64,
    pub(crate) failed: AtomicU64,
    pub(crate) dropped: AtomicU64,
    pub(crate) latency: Mutex<Durations>,
}

impl SinkCounts {
    pub(crate) fn add(counter: &AtomicU64, n: usize) {
        counter.fetch_add(n as u64, Ordering::Relaxed);
    }
}

/// One group's figures; the label `rule_group` is `<file>;<name>`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct GroupSnapshot {
    /// `<file>;<name>`
    pub key: String,
    /// `prometheus_rule_evaluations_total`
    pub evaluations: u64,
    /// `prometheus_rule_evaluation_failures_total`
    pub failures: u64,
    /// `prometheus_rule_group_iterations_total`, missed ones included
    pub iterations: u64,
    /// `prometheus_rule_group_iterations_missed_total`
    pub missed: u64,
    /// `prometheus_rule_group_interval_seconds`
    pub interval_seconds: f64,
    /// `prometheus_rule_group_last_evaluation_timestamp_seconds`; 0: never
    pub last_evaluation_seconds: f64,
    /// `prometheus_rule_group_last_duration_seconds`
    pub last_duration_seconds: f64,
    /// `prometheus_rule_group_last_rule_duration_sum_seconds`
    pub last_rule_duration_sum_seconds: f64,
    /// `prometheus_rule_group_last_restore_duration_seconds`
    pub last_restore_duration_seconds: Option<f64>,
    /// `prometheus_rule_group_rules`
    pub rules: u64,
    /// `prometheus_rule_group_last_evaluation_samples`
    pub last_samples: u64,
}

/// One sink's figures; the label `alertmanager` is its name.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SinkSnapshot {
    /// The name that it was given.
    pub name: String,
    /// `prometheus_notifications_sent_total`
    pub sent: u64,
    /// `prometheus_notifications_errors_total`: alerts in sendings that failed
    pub failed: u64,
    /// `prometheus_notifications_dropped_total`: alerts that were not sent
    pub dropped: u64,
    /// `prometheus_notifications_queue_length`
    pub queued: u64,
    /// `prometheus_notifications_latency_seconds`
    pub latency: Durations,
}

/// All figures.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RulesSnapshot {
    /// By key.
    pub groups: Vec<GroupSnapshot>,
    /// `prometheus_rule_evaluation_duration_seconds`
    pub evaluation: Durations,
    /// `prometheus_rule_group_duration_seconds`
    pub iteration: Durations,
    /// By the order in which they were given.
    pub sinks: Vec<SinkSnapshot>,
    /// `prometheus_notifications_queue_capacity`
    pub queue_capacity: u64,
}
