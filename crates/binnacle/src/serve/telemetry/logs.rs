//! What the logs count.

use std::sync::atomic::Ordering::Relaxed;

use binnacle_model::event::Source;
use binnacle_model::metadata::MetricType;

use binnacle_server::receive::logs::{LogCounters, WayIn};

use super::super::logs::Logs;
use super::Families;
use crate::embedded::ServiceCounts;

/// Writes the families.
pub(super) fn write(f: &mut Families, logs: &Logs, ways: &LogCounters) {
    received(f, logs, ways);
    let stats = logs.engine.stats();
    let gauges = [
        ("binnacle_logs_streams", "Streams known.", stats.streams),
        (
            "binnacle_logs_head_rows",
            "Lines in memory, not yet written out.",
            stats.head_rows,
        ),
        (
            "binnacle_logs_head_bytes",
            "Bytes of the lines in memory.",
            stats.head_bytes,
        ),
        ("binnacle_logs_parts", "Parts on disk.", stats.parts),
        (
            "binnacle_logs_part_rows",
            "Lines in parts.",
            stats.part_rows,
        ),
        (
            "binnacle_logs_part_bytes",
            "Bytes of parts on disk.",
            stats.part_bytes,
        ),
        (
            "binnacle_logs_part_raw_bytes",
            "Bytes of lines and fields in parts before compression.",
            stats.part_raw_bytes,
        ),
        (
            "binnacle_logs_wal_bytes",
            "Bytes of the write-ahead log of logs.",
            stats.wal.segment_bytes,
        ),
        (
            "binnacle_logs_parts_quarantined",
            "Damaged parts that were moved aside at the start.",
            stats.quarantined,
        ),
    ];
    for (name, help, value) in gauges {
        f.gauge(name, help, value as f64);
    }
    let queries = logs.query.counters();
    let counters = [
        (
            "binnacle_logs_rows_appended_total",
            "Lines stored.",
            stats.rows_appended,
        ),
        (
            "binnacle_logs_flushes_total",
            "Times that memory was written out.",
            stats.flushes,
        ),
        (
            "binnacle_logs_merges_total",
            "Merges of parts.",
            stats.merges,
        ),
        (
            "binnacle_logs_parts_dropped_total",
            "Parts dropped by retention.",
            stats.parts_dropped,
        ),
        (
            "binnacle_logs_duplicates_total",
            "Lines that came twice and were stored once.",
            stats.duplicates,
        ),
        (
            "binnacle_logs_queries_total",
            "LogQL queries evaluated.",
            queries.queries.load(Relaxed),
        ),
        (
            "binnacle_logs_queries_failed_total",
            "LogQL queries that gave no answer.",
            queries.failed.load(Relaxed),
        ),
        (
            "binnacle_logs_query_rows_total",
            "Lines looked at by queries.",
            queries.rows.load(Relaxed),
        ),
        (
            "binnacle_logs_query_bytes_total",
            "Bytes looked at by queries.",
            queries.bytes.load(Relaxed),
        ),
    ];
    for (name, help, value) in counters {
        f.counter(name, help, value as f64);
    }
    f.counter(
        "binnacle_logs_query_seconds_total",
        "Seconds that queries took.",
        queries.nanoseconds.load(Relaxed) as f64 / 1e9,
    );
    sources(f, logs);
    patterns(f, logs);
}

/// The patterns of each service. All counters are there from the first line of a service
/// on, so that their first increase is seen.
fn patterns(f: &mut Families, logs: &Logs) {
    let counts = logs.patterns.counts();
    type Value = fn(&ServiceCounts) -> u64;
    let families: [(&str, MetricType, &str, Value); 5] = [
        (
            "binnacle_log_patterns",
            MetricType::Gauge,
            "Patterns of lines that are known, by service.",
            |c| c.known,
        ),
        (
            "binnacle_log_patterns_away",
            MetricType::Gauge,
            "Regular patterns that stay away while their service goes on, by service.",
            |c| c.away,
        ),
        (
            "binnacle_log_patterns_new_total",
            MetricType::Counter,
            "Patterns that came after their service was learnt, by service.",
            |c| c.new,
        ),
        (
            "binnacle_log_patterns_new_errors_total",
            MetricType::Counter,
            "Patterns of errors that came after their service was learnt, by service.",
            |c| c.new_errors,
        ),
        (
            "binnacle_log_patterns_vanished_total",
            MetricType::Counter,
            "Times that a regular pattern stayed away, by service.",
            |c| c.vanished,
        ),
    ];
    for (name, kind, help, value) in families {
        f.start(name, kind, help);
        for (service, counts) in &counts {
            f.sample(&[("service_name", service)], value(counts) as f64);
        }
    }
}

/// Reads a counter of a way in.
type Count = fn(&WayIn) -> u64;

/// What came in by which way. Where Loki counts the same thing its names are used, so that
/// dashboards and alerts for a Loki work.
fn received(f: &mut Families, logs: &Logs, ways: &LogCounters) {
    let stats = logs.guard.stats();
    f.start(
        "loki_distributor_bytes_received_total",
        MetricType::Counter,
        "The total number of uncompressed bytes received per tenant.",
    );
    for s in &stats.sources {
        f.sample(&source(&s.source), s.bytes as f64);
    }
    f.start(
        "loki_distributor_lines_received_total",
        MetricType::Counter,
        "The total number of lines received per tenant.",
    );
    for s in &stats.sources {
        let refused: u64 = s.refused.iter().map(|(_, lines)| lines).sum();
        f.sample(&source(&s.source), s.rows.saturating_add(refused) as f64);
    }
    f.start(
        "loki_discarded_samples_total",
        MetricType::Counter,
        "The total number of samples that were discarded.",
    );
    for s in &stats.sources {
        for (reason, lines) in &s.refused {
            let [protocol, tenant] = source(&s.source);
            f.sample(
                &[protocol, ("reason", reason.as_str()), tenant],
                *lines as f64,
            );
        }
    }
    let counters: [(&str, &str, Count); 4] = [
        (
            "binnacle_logs_requests_total",
            "Requests with logs, or messages on sockets, by way in.",
            |way| way.requests.load(Relaxed),
        ),
        (
            "binnacle_logs_wire_bytes_total",
            "Bytes of logs as they came over the wire, by way in.",
            |way| way.bytes.load(Relaxed),
        ),
        (
            "binnacle_logs_lines_total",
            "Lines stored, by way in.",
            |way| way.lines.load(Relaxed),
        ),
        (
            "binnacle_logs_connections_refused_total",
            "Connections for logs that were turned away because there were too many.",
            |way| way.connections_refused.load(Relaxed),
        ),
    ];
    for (name, help, count) in counters {
        f.start(name, MetricType::Counter, help);
        for (protocol, way) in ways.iter() {
            f.sample(&[("protocol", protocol)], count(way) as f64);
        }
    }
    f.start(
        "binnacle_logs_requests_refused_total",
        MetricType::Counter,
        "Requests with logs of which nothing was taken, by way in and reason.",
    );
    for (protocol, way) in ways.iter() {
        for (reason, requests) in way.refused_requests() {
            let labels = [("protocol", protocol), ("reason", reason)];
            f.sample(&labels, requests as f64);
        }
    }
    f.start(
        "binnacle_logs_lines_refused_total",
        MetricType::Counter,
        "Lines that were not stored, by way in and reason.",
    );
    for (protocol, way) in ways.iter() {
        for (reason, lines) in way.refused_lines() {
            let labels = [("protocol", protocol), ("reason", reason)];
            f.sample(&labels, lines as f64);
        }
    }
}

/// A source in the labels of Loki's metrics.
fn source(source: &Source) -> [(&'static str, &str); 2] {
    [("protocol", source.protocol), ("tenant", &source.sender)]
}

/// What each source sent, what was refused of it, and what privacy rules found in it.
fn sources(f: &mut Families, logs: &Logs) {
    let stats = logs.guard.stats();
    f.start(
        "binnacle_logs_received_rows_total",
        MetricType::Counter,
        "Lines stored, by source.",
    );
    for s in &stats.sources {
        let labels = [
            ("protocol", s.source.protocol),
            ("sender", &s.source.sender),
        ];
        f.sample(&labels, s.rows as f64);
    }
    f.start(
        "binnacle_logs_received_bytes_total",
        MetricType::Counter,
        "Bytes of lines and fields taken, by source.",
    );
    for s in &stats.sources {
        let labels = [
            ("protocol", s.source.protocol),
            ("sender", &s.source.sender),
        ];
        f.sample(&labels, s.bytes as f64);
    }
    f.start(
        "binnacle_logs_refused_rows_total",
        MetricType::Counter,
        "Lines refused, by source and reason.",
    );
    for s in &stats.sources {
        for (reason, count) in &s.refused {
            let labels = [
                ("protocol", s.source.protocol),
                ("reason", reason.as_str()),
                ("sender", &s.source.sender),
            ];
            f.sample(&labels, *count as f64);
        }
    }
    f.start(
        "binnacle_logs_privacy_findings_total",
        MetricType::Counter,
        "What privacy rules found, by rule, action and source.",
    );
    for found in &stats.findings {
        let labels = [
            ("action", found.action),
            ("detector", found.detector),
            ("protocol", found.source.protocol),
            ("rule", found.rule.as_str()),
            ("sender", &found.source.sender),
        ];
        f.sample(&labels, found.count as f64);
    }
}
