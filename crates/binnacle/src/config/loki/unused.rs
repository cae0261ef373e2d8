//! Keys that Loki knows and that mean nothing here, because what they are about is not
//! here: they are named in one warning.

use std::path::Path;

use binnacle_config::error::{At, ConfigError};
use binnacle_config::reader::Reader;

/// At the top of the file.
pub(super) const TOP: &[&str] = &[
    "analytics",
    "ballast_bytes",
    "block_builder",
    "block_scheduler",
    "bloom_build",
    "bloom_compactor",
    "bloom_gateway",
    "compactor_grpc_client",
    "dataobj",
    "frontend",
    "frontend_worker",
    "index_gateway",
    "ingest_limits",
    "ingest_limits_frontend",
    "ingest_limits_frontend_client",
    "ingester",
    "ingester_client",
    "ingester_rf1",
    "ingester_rf1_client",
    "internal_server",
    "kafka_config",
    "lbac",
    "memberlist",
    "metastore",
    "metastore_client",
    "metrics_namespace",
    "no_auth_tenant",
    "operational_config",
    "pattern_ingester",
    "profiling",
    "querier",
    "query_engine",
    "query_range",
    "query_scheduler",
    "ruler_storage",
    "runtime_config",
    "schema_config",
    "shutdown_delay",
    "storage_config",
    "target",
    "tenant_limits_allow_publish",
    "tracing",
    "ui",
];

/// In `server`.
pub(super) const SERVER: &[&str] = &[
    "cluster_validation",
    "create_new_traces",
    "graceful_shutdown_timeout",
    "grpc_collect_max_streams_by_conn",
    "grpc_listen_address",
    "grpc_listen_conn_limit",
    "grpc_listen_network",
    "grpc_listen_port",
    "grpc_server_keepalive_time",
    "grpc_server_keepalive_timeout",
    "grpc_server_max_concurrent_streams",
    "grpc_server_max_connection_age",
    "grpc_server_max_connection_age_grace",
    "grpc_server_max_connection_idle",
    "grpc_server_max_recv_msg_size",
    "grpc_server_max_send_msg_size",
    "grpc_server_min_time_between_pings",
    "grpc_server_num_workers",
    "grpc_server_ping_without_stream_allowed",
    "grpc_server_read_buffer_size",
    "grpc_server_recv_buffer_pools_enabled",
    "grpc_server_stats_tracking_enabled",
    "grpc_server_write_buffer_size",
    "grpc_tls_config",
    "http_listen_conn_limit",
    "http_listen_network",
    "http_log_closed_connections_without_response_enabled",
    "http_path_prefix",
    "http_server_idle_timeout",
    "http_server_read_header_timeout",
    "http_server_read_timeout",
    "http_server_write_timeout",
    "http_tls_config",
    "log_format",
    "log_level",
    "log_request_at_info_level_enabled",
    "log_request_exclude_headers_list",
    "log_request_headers",
    "log_source_ips_enabled",
    "log_source_ips_full",
    "log_source_ips_header",
    "log_source_ips_regex",
    "proxy_protocol_enabled",
    "register_instrumentation",
    "report_grpc_codes_in_instrumentation_label_enabled",
    "tls_cipher_suites",
    "tls_min_version",
    "trace_request_exclude_headers_list",
    "trace_request_headers",
];

/// In `limits_config`.
pub(super) const LIMITS: &[&str] = &[
    "allow_deletes",
    "block_ingestion_policy_until",
    "block_ingestion_status_code",
    "block_ingestion_until",
    "blocked_queries",
    "bloom_block_encoding",
    "bloom_build_builder_response_timeout",
    "bloom_build_max_builders",
    "bloom_build_task_max_retries",
    "bloom_creation_enabled",
    "bloom_gateway_enable_filtering",
    "bloom_max_block_size",
    "bloom_max_bloom_size",
    "bloom_planning_strategy",
    "bloom_prefetch_blocks",
    "bloom_split_series_keyspace_by",
    "bloom_task_target_series_chunk_size",
    "cardinality_limit",
    "dataobj_index_compaction_enabled",
    "dataobj_log_compaction_enabled",
    "debug_engine_streams",
    "debug_engine_tasks",
    "enforce_metric_name",
    "enforced_labels",
    "engine_results_cache_time_bucket_interval",
    "increment_duplicate_timestamp",
    "index_gateway_max_capacity",
    "index_gateway_shard_size",
    "ingestion_partitions_tenant_shard_size",
    "ingestion_rate_strategy",
    "max_cache_freshness_per_query",
    "max_chunks_per_query",
    "max_concurrent_tail_requests",
    "max_line_size_truncate_identifier",
    "max_metadata_cache_freshness",
    "max_querier_bytes_read",
    "max_queriers_per_tenant",
    "max_queriers_per_user",
    "max_query_bytes_read",
    "max_query_capacity",
    "max_query_parallelism",
    "max_query_range",
    "max_stats_cache_freshness",
    "max_streams_matchers_per_query",
    "metric_aggregation_enabled",
    "min_sharding_lookback",
    "minimum_labels_number",
    "pattern_ingester_tokenizable_json_fields_append",
    "pattern_ingester_tokenizable_json_fields_default",
    "pattern_ingester_tokenizable_json_fields_delete",
    "pattern_persistence_enabled",
    "pattern_persistence_granularity",
    "pattern_rate_threshold",
    "per_tenant_override_config",
    "per_tenant_override_period",
    "policy_enforced_labels",
    "policy_stream_mapping",
    "query_ready_index_num_days",
    "recent_metadata_query_window",
    "required_labels",
    "ruler_alertmanager_config",
    "ruler_evaluation_delay_duration",
    "ruler_max_rule_groups_per_tenant",
    "ruler_max_rules_per_rule_group",
    "ruler_remote_evaluation_max_response_size",
    "ruler_remote_evaluation_timeout",
    "ruler_remote_write_config",
    "ruler_remote_write_disabled",
    "ruler_tenant_shard_size",
    "s3_sse_kms_encryption_context",
    "s3_sse_kms_key_id",
    "s3_sse_type",
    "shard_aggregations",
    "shard_streams",
    "simulated_push_latency",
    "split_ingester_queries_by_interval",
    "split_instant_metric_queries_by_interval",
    "split_metadata_queries_by_interval",
    "split_queries_by_interval",
    "split_recent_metadata_queries_by_interval",
    "tsdb_max_bytes_per_shard",
    "tsdb_max_query_parallelism",
    "tsdb_precompute_chunks",
    "tsdb_sharding_strategy",
    "unordered_writes",
    "use_owned_stream_count",
    "volume_max_series",
];

/// In `distributor`.
pub(super) const DISTRIBUTOR: &[&str] = &[
    "circuit_breaker",
    "dataobj_tee",
    "default_policy_stream_mappings",
    "ingest_limits_dry_run_enabled",
    "ingest_limits_enabled",
    "ingester_writes_enabled",
    "kafka_writes_enabled",
    "max_decompressed_size",
    "max_inflight_bytes",
    "max_recv_msg_size",
    "otlp_attribute_logging",
    "push_worker_count",
    "rate_store",
    "ring",
    "tenant_topic",
    "write_failures_logging",
];

/// In `compactor`.
pub(super) const COMPACTOR: &[&str] = &[
    "apply_retention_interval",
    "backup_delete_request_store_db_type",
    "compaction_interval",
    "compactor_ring",
    "delete_batch_size",
    "delete_max_interval",
    "delete_request_cancel_period",
    "delete_request_store",
    "delete_request_store_db_type",
    "delete_request_store_key_prefix",
    "deletion_marker_object_store_prefix",
    "horizontal_scaling_mode",
    "jobs_config",
    "max_compaction_parallelism",
    "retention_backoff_config",
    "retention_delete_delay",
    "retention_delete_worker_count",
    "retention_table_timeout",
    "run_once",
    "shared_store",
    "shared_store_key_prefix",
    "skip_latest_n_tables",
    "tables_to_compact",
    "upload_parallelism",
    "worker_config",
    "working_directory",
];

/// In `table_manager`.
pub(super) const TABLE_MANAGER: &[&str] = &[
    "chunk_tables_provisioning",
    "creation_grace_period",
    "index_tables_provisioning",
    "poll_interval",
    "throughput_updates_disabled",
];

/// In `chunk_store_config`.
pub(super) const CHUNK_STORE: &[&str] = &[
    "cache_lookups_older_than",
    "chunk_cache_config",
    "chunk_cache_config_l2",
    "l2_chunk_cache_handoff",
    "skip_query_writeback_cache_older_than",
    "write_dedupe_cache_config",
];

/// In `common`.
pub(super) const COMMON: &[&str] = &[
    "compactor_address",
    "compactor_grpc_address",
    "instance_addr",
    "instance_interface_names",
    "persist_tokens",
    "replication_factor",
    "ring",
    "scratch_path",
];

/// In `ruler`.
pub(super) const RULER: &[&str] = &[
    "alert_relabel_configs",
    "alertmanager_client",
    "alertmanager_refresh_interval",
    "datasource_uid",
    "disable_rule_group_label",
    "disabled_tenants",
    "enable_alertmanager_discovery",
    "enable_alertmanager_v2",
    "enable_api",
    "enable_sharding",
    "enabled_tenants",
    "evaluation",
    "external_labels",
    "external_url",
    "flush_period",
    "for_grace_period",
    "for_outage_tolerance",
    "notification_queue_capacity",
    "notification_timeout",
    "poll_interval",
    "query_stats_enabled",
    "remote_write",
    "resend_delay",
    "ring",
    "rule_path",
    "ruler_client",
    "search_pending_for",
    "sharding_algo",
    "sharding_strategy",
    "wal",
    "wal_cleaner",
];

/// Keys that were found and mean nothing here.
#[derive(Debug, Default)]
pub(super) struct Unused {
    found: Vec<(At, String)>,
}

impl Unused {
    /// Takes `keys` of a section whatever they hold.
    pub(super) fn take_all(&mut self, r: &mut Reader<'_>, keys: &'static [&'static str]) {
        for key in keys {
            if r.node(key).is_some_and(|node| !node.is_null()) {
                self.found.push((r.at(key), r.path_of(key)));
            }
        }
    }

    /// All of them in one sentence, at the first.
    pub(super) fn warning(mut self, file: &Path) -> Option<ConfigError> {
        self.found.sort();
        let at = self.found.first()?.0;
        let names: Vec<&str> = self.found.iter().map(|(_, key)| key.as_str()).collect();
        let message = format!(
            "without meaning here, where there are no rings, ingesters, indexes, object stores \
             and caches of Loki: {}",
            names.join(", ")
        );
        Some(ConfigError::new(file, at, message))
    }
}
