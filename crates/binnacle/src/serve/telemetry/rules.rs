//! What rules count, under Prometheus' names.

use binnacle_model::metadata::MetricType;
use binnacle_rules::counters::{
    BUCKETS_SECONDS, Durations, GroupSnapshot, RulesSnapshot, SinkSnapshot,
};

use super::Families;

/// One figure of every group: its name, kind and help, and where it is.
type GroupFigure = (
    &'static str,
    MetricType,
    &'static str,
    fn(&GroupSnapshot) -> f64,
);

const GROUP_FIGURES: &[GroupFigure] = &[
    (
        "prometheus_rule_evaluations_total",
        MetricType::Counter,
        "The total number of rule evaluations.",
        |g| g.evaluations as f64,
    ),
    (
        "prometheus_rule_evaluation_failures_total",
        MetricType::Counter,
        "The total number of rule evaluation failures.",
        |g| g.failures as f64,
    ),
    (
        "prometheus_rule_group_iterations_total",
        MetricType::Counter,
        "The total number of scheduled rule group evaluations, whether executed or missed.",
        |g| g.iterations as f64,
    ),
    (
        "prometheus_rule_group_iterations_missed_total",
        MetricType::Counter,
        "The total number of rule group evaluations missed due to slow rule group evaluation.",
        |g| g.missed as f64,
    ),
    (
        "prometheus_rule_group_interval_seconds",
        MetricType::Gauge,
        "The interval of a rule group.",
        |g| g.interval_seconds,
    ),
    (
        "prometheus_rule_group_last_evaluation_timestamp_seconds",
        MetricType::Gauge,
        "The timestamp of the last rule group evaluation in seconds.",
        |g| g.last_evaluation_seconds,
    ),
    (
        "prometheus_rule_group_last_duration_seconds",
        MetricType::Gauge,
        "The duration of the last rule group evaluation.",
        |g| g.last_duration_seconds,
    ),
    (
        "prometheus_rule_group_last_rule_duration_sum_seconds",
        MetricType::Gauge,
        "The sum of time in seconds it took to evaluate each rule in the group regardless of concurrency.",
        |g| g.last_rule_duration_sum_seconds,
    ),
    (
        "prometheus_rule_group_last_evaluation_samples",
        MetricType::Gauge,
        "The number of samples returned during the last rule group evaluation.",
        |g| g.last_samples as f64,
    ),
    (
        "prometheus_rule_group_rules",
        MetricType::Gauge,
        "The number of rules.",
        |g| g.rules as f64,
    ),
];

pub(super) fn write(f: &mut Families, snapshot: &RulesSnapshot) {
    for (name, kind, help, figure) in GROUP_FIGURES {
        f.start(name, *kind, help);
        for group in &snapshot.groups {
            f.sample(&[("rule_group", &group.key)], figure(group));
        }
    }
    restores(f, snapshot);
    durations(
        f,
        "prometheus_rule_evaluation_duration_seconds",
        "The duration for a rule to execute.",
        &snapshot.evaluation,
    );
    durations(
        f,
        "prometheus_rule_group_duration_seconds",
        "The duration of rule group evaluations.",
        &snapshot.iteration,
    );
    sinks(f, snapshot);
}

fn restores(f: &mut Families, snapshot: &RulesSnapshot) {
    f.start(
        "prometheus_rule_group_last_restore_duration_seconds",
        MetricType::Gauge,
        "The duration of the last alert rules alerts restoration using the `ALERTS_FOR_STATE` series.",
    );
    for group in &snapshot.groups {
        if let Some(seconds) = group.last_restore_duration_seconds {
            f.sample(&[("rule_group", &group.key)], seconds);
        }
    }
}

fn durations(f: &mut Families, name: &str, help: &str, durations: &Durations) {
    f.start(name, MetricType::Histogram, help);
    f.histogram(&[], &cumulative(durations), durations.sum_seconds);
}

fn cumulative(durations: &Durations) -> Vec<(f64, u64)> {
    let mut sum = 0;
    BUCKETS_SECONDS
        .iter()
        .zip(durations.buckets)
        .map(|(bound, count)| {
            sum += count;
            (*bound, sum)
        })
        .collect()
}

/// The same of every sink.
type SinkFigure = (
    &'static str,
    MetricType,
    &'static str,
    fn(&SinkSnapshot) -> u64,
);

fn sinks(f: &mut Families, snapshot: &RulesSnapshot) {
    let figures: [SinkFigure; 4] = [
        (
            "prometheus_notifications_sent_total",
            MetricType::Counter,
            "Total number of alerts sent.",
            |s| s.sent,
        ),
        (
            "prometheus_notifications_errors_total",
            MetricType::Counter,
            "Total number of sent alerts affected by errors.",
            |s| s.failed,
        ),
        (
            "prometheus_notifications_dropped_total",
            MetricType::Counter,
            "Total number of alerts dropped due to errors when sending to Alertmanager.",
            |s| s.dropped,
        ),
        (
            "prometheus_notifications_queue_length",
            MetricType::Gauge,
            "The number of alert notifications in the queue.",
            |s| s.queued,
        ),
    ];
    for (name, kind, help, figure) in figures {
        f.start(name, kind, help);
        for sink in &snapshot.sinks {
            f.sample(&[("alertmanager", &sink.name)], figure(sink) as f64);
        }
    }
    f.start(
        "prometheus_notifications_latency_seconds",
        MetricType::Histogram,
        "Latency quantiles for sending alert notifications.",
    );
    for sink in &snapshot.sinks {
        let labels = [("alertmanager", sink.name.as_str())];
        f.histogram(
            &labels,
            &cumulative(&sink.latency),
            sink.latency.sum_seconds,
        );
    }
    f.gauge(
        "prometheus_notifications_queue_capacity",
        "The capacity of the alert notifications queue.",
        snapshot.queue_capacity as f64,
    );
}
