//! Metrics that do not exist.

use binnacle_promql::ast::{AggregateOp, ExprKind};

use super::super::walk::{constant, name_of, unparen, walk};
use super::super::{Report, Severity, Subject};

pub(in super::super) const CHECK: &str = "promql/series";

/// Names that documents and old rules use and that nothing exports (any more), and
/// what is meant.
const GONE: &[(&str, &str)] = &[
    ("prometheus_target_up", "up"),
    ("node_cpu", "node_cpu_seconds_total"),
    ("node_memory_MemTotal", "node_memory_MemTotal_bytes"),
    ("node_memory_MemFree", "node_memory_MemFree_bytes"),
    ("node_memory_MemAvailable", "node_memory_MemAvailable_bytes"),
    ("node_memory_Buffers", "node_memory_Buffers_bytes"),
    ("node_memory_Cached", "node_memory_Cached_bytes"),
    ("node_filesystem_avail", "node_filesystem_avail_bytes"),
    ("node_filesystem_free", "node_filesystem_free_bytes"),
    ("node_filesystem_size", "node_filesystem_size_bytes"),
    ("node_disk_bytes_read", "node_disk_read_bytes_total"),
    ("node_disk_bytes_written", "node_disk_written_bytes_total"),
    ("node_disk_io_time_ms", "node_disk_io_time_seconds_total"),
    (
        "node_network_receive_bytes",
        "node_network_receive_bytes_total",
    ),
    (
        "node_network_transmit_bytes",
        "node_network_transmit_bytes_total",
    ),
    ("node_boot_time", "node_boot_time_seconds"),
    ("node_time", "node_time_seconds"),
    (
        "kube_hpa_status_current_replicas",
        "kube_horizontalpodautoscaler_status_current_replicas",
    ),
    (
        "kube_hpa_spec_max_replicas",
        "kube_horizontalpodautoscaler_spec_max_replicas",
    ),
    (
        "kube_pod_container_resource_requests_cpu_cores",
        "kube_pod_container_resource_requests{resource=\"cpu\"}",
    ),
    (
        "kube_pod_container_resource_requests_memory_bytes",
        "kube_pod_container_resource_requests{resource=\"memory\"}",
    ),
    (
        "kube_pod_container_resource_limits_cpu_cores",
        "kube_pod_container_resource_limits{resource=\"cpu\"}",
    ),
    (
        "kube_pod_container_resource_limits_memory_bytes",
        "kube_pod_container_resource_limits{resource=\"memory\"}",
    ),
    (
        "kube_node_status_capacity_cpu_cores",
        "kube_node_status_capacity{resource=\"cpu\"}",
    ),
    (
        "kube_node_status_allocatable_cpu_cores",
        "kube_node_status_allocatable{resource=\"cpu\"}",
    ),
    ("apiserver_request_count", "apiserver_request_total"),
    (
        "apiserver_request_latencies_bucket",
        "apiserver_request_duration_seconds_bucket",
    ),
    (
        "prometheus_local_storage_memory_series",
        "prometheus_tsdb_head_series",
    ),
];

/// More than a number of targets can be.
const TARGETS_MAX: f64 = 1000.0;

/// Names that are known not to exist, and targets that are counted as series.
pub(super) fn check(subject: &Subject<'_>, report: &mut Report<'_>) {
    walk(&subject.rule.expr.tree, &mut |expr, _| match &expr.kind {
        ExprKind::Vector(selector) => gone(subject, report, name_of(selector), expr.span.start),
        ExprKind::Matrix(matrix) => gone(subject, report, name_of(&matrix.vector), expr.span.start),
        ExprKind::Binary(binary) if binary.op.is_comparison() => {
            let ExprKind::Aggregate(aggregate) = &unparen(&binary.lhs).kind else {
                return;
            };
            let counts_up = aggregate.op == AggregateOp::Count
                && matches!(&unparen(&aggregate.expr).kind, ExprKind::Vector(selector) if name_of(selector) == Some("up"));
            if counts_up && constant(&binary.rhs).is_some_and(|limit| limit >= TARGETS_MAX) {
                report.add(
                    CHECK,
                    Severity::Warning,
                    subject.line_of(expr.span.start),
                    "count(up) counts targets, not series",
                    "compare scrape_samples_post_metric_relabeling, or count by (job) ({__name__!=\"\"})",
                );
            }
        }
        _ => {}
    });
}

fn gone(subject: &Subject<'_>, report: &mut Report<'_>, name: Option<&str>, start: usize) {
    let Some((name, meant)) = GONE.iter().find(|(gone, _)| Some(*gone) == name) else {
        return;
    };
    let recorded = subject.files.iter().flat_map(|file| &file.groups);
    if recorded
        .flat_map(|group| &group.rules)
        .any(|rule| rule.name == *name)
    {
        return;
    }
    report.add(
        CHECK,
        Severity::Bug,
        subject.line_of(start),
        format!("nothing exports {name}"),
        format!("use {meant}"),
    );
}
