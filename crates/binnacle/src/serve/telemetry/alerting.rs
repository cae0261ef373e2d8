//! What alerting counts, under Alertmanager's names where it has them.

use binnacle_alerting::service::{IntegrationCounts, LATENCY_BUCKETS_MS, Snapshot};
use binnacle_model::metadata::MetricType;

use super::Families;

pub(super) fn write(f: &mut Families, s: &Snapshot) {
    alerts(f, s);
    notifications(f, s);
    suppressed(f, s);
    silences(f, s);
    own(f, s);
}

fn alerts(f: &mut Families, s: &Snapshot) {
    f.start(
        "alertmanager_alerts",
        MetricType::Gauge,
        "How many alerts by state.",
    );
    f.sample(&[("state", "active")], s.alerts_active as f64);
    f.sample(&[("state", "suppressed")], s.alerts_suppressed as f64);
    f.start(
        "alertmanager_alerts_received_total",
        MetricType::Counter,
        "The total number of received alerts.",
    );
    f.sample(&[("status", "firing")], s.received_firing as f64);
    f.sample(&[("status", "resolved")], s.received_resolved as f64);
    f.counter(
        "alertmanager_alerts_invalid_total",
        "The total number of received alerts that were invalid.",
        s.invalid as f64,
    );
    f.counter(
        "alertmanager_alerts_limited_total",
        "The total number of alerts that were dropped due to the limit on alerts.",
        s.limited as f64,
    );
    f.gauge(
        "alertmanager_dispatcher_aggregation_groups",
        "Number of active aggregation groups.",
        s.groups as f64,
    );
    f.counter(
        "alertmanager_dispatcher_aggregation_group_limit_reached_total",
        "Number of times when dispatcher failed to create new aggregation group due to limit.",
        s.group_limit_reached as f64,
    );
}

/// A count of one integration: its name and help, and where it is.
type Count = (&'static str, &'static str, fn(&IntegrationCounts) -> u64);

fn notifications(f: &mut Families, s: &Snapshot) {
    let counts: [Count; 3] = [
        (
            "alertmanager_notifications_total",
            "The total number of attempted notifications.",
            |c| c.notifications,
        ),
        (
            "alertmanager_notification_requests_total",
            "The total number of attempted notification requests.",
            |c| c.requests,
        ),
        (
            "alertmanager_notification_requests_failed_total",
            "The total number of failed notification requests.",
            |c| c.requests_failed,
        ),
    ];
    for (name, help, count) in counts {
        f.start(name, MetricType::Counter, help);
        for (kind, figures) in &s.integrations {
            f.sample(&[("integration", kind)], count(figures) as f64);
        }
    }
    f.start(
        "alertmanager_notifications_failed_total",
        MetricType::Counter,
        "The total number of failed notifications.",
    );
    for (kind, figures) in &s.integrations {
        for (reason, count) in &figures.failed {
            let labels = [("integration", kind.as_str()), ("reason", reason)];
            f.sample(&labels, *count as f64);
        }
    }
    f.start(
        "alertmanager_notification_latency_seconds",
        MetricType::Histogram,
        "The latency of notifications in seconds.",
    );
    for (kind, figures) in &s.integrations {
        let mut buckets: Vec<(f64, u64)> = LATENCY_BUCKETS_MS
            .iter()
            .zip(figures.latency_buckets)
            .map(|(ms, count)| (*ms as f64 / 1000.0, count))
            .collect();
        buckets.push((f64::INFINITY, figures.requests));
        f.histogram(&[("integration", kind)], &buckets, figures.latency_seconds);
    }
}

fn suppressed(f: &mut Families, s: &Snapshot) {
    f.start(
        "alertmanager_notifications_suppressed_total",
        MetricType::Counter,
        "The total number of notifications suppressed for being silenced, inhibited, outside of active \
         time intervals or within muted time intervals.",
    );
    for (reason, count) in [
        ("silence", s.suppressed.silence),
        ("inhibition", s.suppressed.inhibition),
        ("mute_time_interval", s.suppressed.mute_time_interval),
        ("active_time_interval", s.suppressed.active_time_interval),
    ] {
        f.sample(&[("reason", reason)], count as f64);
    }
}

fn silences(f: &mut Families, s: &Snapshot) {
    f.start(
        "alertmanager_silences",
        MetricType::Gauge,
        "How many silences by state.",
    );
    for (state, count) in ["active", "pending", "expired"].iter().zip(s.silences) {
        f.sample(&[("state", state)], count as f64);
    }
}

fn own(f: &mut Families, s: &Snapshot) {
    for (name, help, value) in [
        (
            "binnacle_alerting_log_entries",
            "Entries of the notification log.",
            s.log_entries,
        ),
        (
            "binnacle_alerting_deliveries_running",
            "Deliveries that run.",
            s.deliveries_running,
        ),
        (
            "binnacle_alerting_deliveries_waiting",
            "Deliveries that wait for their turn.",
            s.deliveries_waiting,
        ),
        (
            "binnacle_alerting_history_waiting",
            "Facts that wait to be written to the history.",
            s.history_waiting,
        ),
        (
            "binnacle_alerting_journal_bytes",
            "Bytes of the journal of alerts.",
            s.journal_bytes,
        ),
    ] {
        f.gauge(name, help, value as f64);
    }
    for (name, help, value) in [
        (
            "binnacle_alerting_log_failed_total",
            "Writes of the notification log that failed.",
            s.ledger_failed,
        ),
        (
            "binnacle_alerting_history_dropped_total",
            "Facts that were left out of the history because too many waited.",
            s.history_dropped,
        ),
        (
            "binnacle_alerting_history_failed_total",
            "Facts that could not be written to the history.",
            s.history_failed,
        ),
    ] {
        f.counter(name, help, value as f64);
    }
}
