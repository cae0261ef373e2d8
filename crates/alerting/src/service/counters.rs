//! What alerting counts of itself.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use binnacle_model::alert::SilenceState;
use parking_lot::Mutex;

use super::Service;
use crate::notify::{FailureReason, NotifyError, Sent};
use crate::pipeline::MuteCounts;

/// Upper bounds of the buckets of the latency of notifications, milliseconds.
pub const LATENCY_BUCKETS_MS: [u64; 8] = [50, 250, 1_000, 5_000, 10_000, 15_000, 20_000, 60_000];

/// Figures of one kind of integration.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct IntegrationCounts {
    /// `alertmanager_notifications_total`
    pub notifications: u64,
    /// `alertmanager_notifications_failed_total`, by reason.
    pub failed: BTreeMap<&'static str, u64>,
    /// `alertmanager_notification_requests_total`
    pub requests: u64,
    /// `alertmanager_notification_requests_failed_total`
    pub requests_failed: u64,
    /// `alertmanager_notification_latency_seconds`: how many were within each bound of
    /// [`LATENCY_BUCKETS_MS`], cumulative.
    pub latency_buckets: [u64; LATENCY_BUCKETS_MS.len()],
    /// Sum of the latencies, seconds.
    pub latency_seconds: f64,
}

/// All figures, under Alertmanager's names.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Snapshot {
    /// `alertmanager_alerts{state="active"}`
    pub alerts_active: u64,
    /// `alertmanager_alerts{state="suppressed"}`
    pub alerts_suppressed: u64,
    /// `alertmanager_alerts_received_total{status="firing"}`
    pub received_firing: u64,
    /// `alertmanager_alerts_received_total{status="resolved"}`
    pub received_resolved: u64,
    /// `alertmanager_alerts_invalid_total`
    pub invalid: u64,
    /// `alertmanager_alerts_limited_total`
    pub limited: u64,
    /// By kind of integration.
    pub integrations: BTreeMap<String, IntegrationCounts>,
    /// `alertmanager_notifications_suppressed_total`, by reason.
    pub suppressed: MuteCounts,
    /// `alertmanager_dispatcher_aggregation_groups`
    pub groups: u64,
    /// `alertmanager_dispatcher_aggregation_group_limit_reached_total`
    pub group_limit_reached: u64,
    /// `alertmanager_silences`, by state: active, pending, expired.
    pub silences: [u64; 3],
    /// Entries of the notification log.
    pub log_entries: u64,
    /// Writes of the notification log that failed.
    pub ledger_failed: u64,
    /// Deliveries that run.
    pub deliveries_running: u64,
    /// Deliveries that wait for their turn.
    pub deliveries_waiting: u64,
    /// Facts that wait to be written to the history.
    pub history_waiting: u64,
    /// Facts that were left out because too many waited.
    pub history_dropped: u64,
    /// Facts that could not be written.
    pub history_failed: u64,
    /// Bytes of the journal.
    pub journal_bytes: u64,
    /// Why the journal takes no more, if so.
    pub journal_poisoned: Option<String>,
}

/// All reasons for a failure.
const REASONS: [FailureReason; 7] = [
    FailureReason::Other,
    FailureReason::ClientError,
    FailureReason::AuthError,
    FailureReason::RateLimited,
    FailureReason::ServerError,
    FailureReason::ContextCanceled,
    FailureReason::ContextDeadlineExceeded,
];

#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) received_firing: AtomicU64,
    pub(super) received_resolved: AtomicU64,
    pub(super) invalid: AtomicU64,
    pub(super) limited: AtomicU64,
    ledger_failed: AtomicU64,
    suppressed: Mutex<MuteCounts>,
    integrations: Mutex<BTreeMap<Arc<str>, IntegrationCounts>>,
}

impl Counters {
    pub(super) fn muted(&self, counts: &MuteCounts) {
        if *counts == MuteCounts::default() {
            return;
        }
        let mut sum = self.suppressed.lock();
        sum.inhibition += counts.inhibition;
        sum.active_time_interval += counts.active_time_interval;
        sum.mute_time_interval += counts.mute_time_interval;
        sum.silence += counts.silence;
    }

    pub(super) fn ledger_failed(&self) {
        self.ledger_failed.fetch_add(1, Relaxed);
    }

    fn with(&self, integration: &Arc<str>, count: impl FnOnce(&mut IntegrationCounts)) {
        let mut all = self.integrations.lock();
        count(all.entry(Arc::clone(integration)).or_default());
    }

    pub(super) fn told(&self, integration: &Arc<str>, result: &Result<Sent, NotifyError>) {
        self.with(integration, |counts| {
            counts.notifications += 1;
            if let Err(error) = result {
                *counts.failed.entry(error.reason.as_str()).or_default() += 1;
            }
        });
    }

    pub(super) fn request(&self, integration: &Arc<str>, is_ok: bool, took: Duration) {
        self.with(integration, |counts| {
            counts.requests += 1;
            counts.requests_failed += u64::from(!is_ok);
            counts.latency_seconds += took.as_secs_f64();
            for (bucket, bound_ms) in counts.latency_buckets.iter_mut().zip(LATENCY_BUCKETS_MS) {
                *bucket += u64::from(took <= Duration::from_millis(bound_ms));
            }
        });
    }
}

impl Service {
    /// All figures now.
    #[must_use]
    pub fn counters(&self) -> Snapshot {
        let counters = &self.counters;
        let now_ns = self.now_ns();
        let mut snapshot = Snapshot {
            received_firing: counters.received_firing.load(Relaxed),
            received_resolved: counters.received_resolved.load(Relaxed),
            invalid: counters.invalid.load(Relaxed),
            limited: counters.limited.load(Relaxed),
            ledger_failed: counters.ledger_failed.load(Relaxed),
            suppressed: *counters.suppressed.lock(),
            log_entries: self.log.lock().len() as u64,
            history_waiting: self.history.waiting() as u64,
            ..Snapshot::default()
        };
        (snapshot.history_dropped, snapshot.history_failed) = self.history.lost();
        self.count_integrations(&mut snapshot);
        self.count_board(&mut snapshot, now_ns);
        for silence in self.silences.read().iter() {
            let at = match silence.state_at(now_ns) {
                SilenceState::Active => 0,
                SilenceState::Pending => 1,
                SilenceState::Expired => 2,
            };
            snapshot.silences[at] += 1;
        }
        let (running, waiting) = self.lanes.lock().load();
        snapshot.deliveries_running = running as u64;
        snapshot.deliveries_waiting = waiting as u64;
        let journal = self.journal.lock().stats();
        snapshot.journal_bytes = journal.segment_bytes;
        snapshot.journal_poisoned = journal.poisoned;
        snapshot
    }

    /// Every kind that is configured is there from the start, and every reason, so that a
    /// rate over them works from the first failure on.
    fn count_integrations(&self, snapshot: &mut Snapshot) {
        let plan = self.plan();
        let mut all = self.counters.integrations.lock().clone();
        for receiver in &plan.settings.receivers {
            for integration in &receiver.integrations {
                all.entry(integration.kind().into()).or_default();
            }
        }
        for (kind, mut counts) in all {
            for reason in REASONS {
                counts.failed.entry(reason.as_str()).or_default();
            }
            snapshot.integrations.insert(kind.to_string(), counts);
        }
    }

    fn count_board(&self, snapshot: &mut Snapshot, now_ns: i64) {
        let standing = self.standing.read();
        let silences = self.silences.read();
        let board = &standing.board;
        snapshot.groups = board.groups().count() as u64;
        snapshot.group_limit_reached = board.overflows();
        let intervals = &standing.plan.settings.intervals;
        let holds = |name: &str| {
            intervals
                .holds(name, now_ns / crate::alerts::NS_PER_MS)
                .unwrap_or(false)
        };
        for (fingerprint, slot) in board.alerts().iter() {
            if slot.alert.resolved_at(now_ns) {
                continue;
            }
            let labels = &slot.alert.labels;
            let inhibited = board
                .inhibitions()
                .inhibited_by(labels, board.alerts(), now_ns, true);
            let suppressed = !inhibited.is_empty()
                || !silences
                    .silencing(fingerprint, labels, now_ns, &holds)
                    .is_empty();
            if suppressed {
                snapshot.alerts_suppressed += 1;
            } else {
                snapshot.alerts_active += 1;
            }
        }
    }
}
