//! What following files counts, under Promtail's names.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering::Relaxed;

use binnacle_collect::stages::{MetricKind, SeriesValue};
use binnacle_model::metadata::MetricType;

use super::super::tail::Shown;
use super::Families;

/// Files that have series of their own, at most.
const FILES_MAX: usize = 1_000;

/// Writes the families.
pub(super) fn write(f: &mut Families, tail: &Shown) {
    let counters = &tail.counters;
    // Promtail's names, which end as those of counters do; so they have no type.
    f.start(
        "promtail_files_active_total",
        MetricType::Unknown,
        "Number of active files.",
    );
    f.sample(&[], counters.files_active.load(Relaxed) as f64);
    let totals = [
        (
            "promtail_sent_entries_total",
            "Lines of files that were stored.",
            &counters.sent_rows,
        ),
        (
            "promtail_dropped_entries_total",
            "Lines of files that were refused by a limit.",
            &counters.refused_rows,
        ),
        (
            "promtail_batch_retries_total",
            "Times that lines of files had to wait because the store refused them.",
            &counters.retries,
        ),
        (
            "binnacle_tail_read_bytes_total",
            "Bytes read from all files.",
            &counters.read_bytes,
        ),
        (
            "binnacle_tail_read_lines_total",
            "Lines read from all files.",
            &counters.read_lines,
        ),
        (
            "binnacle_tail_cut_lines_total",
            "Lines that were longer than they may be and came in pieces.",
            &counters.cut_lines,
        ),
        (
            "binnacle_tail_truncations_total",
            "Files that were cut off and read from their beginning.",
            &counters.truncations,
        ),
        (
            "binnacle_tail_errors_total",
            "Files and checkpoints that could not be read or written.",
            &counters.errors,
        ),
    ];
    for (name, help, counter) in totals {
        f.counter(name, help, counter.load(Relaxed) as f64);
    }
    // A file that was rotated is read on under its name beside the one that has it now.
    let mut files: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    for file in tail.files.lock().iter() {
        let path = file.path.to_string_lossy().into_owned();
        files.insert(path, (file.size, file.offset));
    }
    f.start(
        "promtail_file_bytes_total",
        MetricType::Unknown,
        "Number of bytes total.",
    );
    for (path, (size, _)) in files.iter().take(FILES_MAX) {
        f.sample(&[("path", path)], *size as f64);
    }
    f.start(
        "promtail_read_bytes_total",
        MetricType::Counter,
        "Number of bytes read.",
    );
    for (path, (_, offset)) in files.iter().take(FILES_MAX) {
        f.sample(&[("path", path)], *offset as f64);
    }
    stages(f, tail);
}

/// What stages dropped, and the metrics that they make of lines.
fn stages(f: &mut Families, tail: &Shown) {
    f.start(
        "logentry_dropped_lines_total",
        MetricType::Counter,
        "A count of all log lines dropped as a result of a pipeline stage",
    );
    for (reason, count) in tail.stages.dropped_lines() {
        f.sample(&[("reason", &reason)], count as f64);
    }
    let now_ns = tail.clock.now_ms().saturating_mul(1_000_000);
    for family in tail.stages.snapshot(now_ns) {
        let kind = match family.kind {
            MetricKind::Counter => MetricType::Counter,
            MetricKind::Gauge => MetricType::Gauge,
            MetricKind::Histogram => MetricType::Histogram,
        };
        f.start(&family.name, kind, &family.help);
        for series in &family.series {
            let labels: Vec<(&str, &str)> = series
                .labels
                .iter()
                .map(|(n, v)| (n.as_str(), v.as_str()))
                .collect();
            match &series.value {
                SeriesValue::Number(value) => f.sample(&labels, *value),
                SeriesValue::Histogram(h) => f.histogram(&labels, &h.buckets, h.sum),
            }
        }
    }
}
