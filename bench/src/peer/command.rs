//! How each server is started: its defaults, on loopback, with a data directory
//! of its own, and no limit that would refuse a workload.

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::Command;

use anyhow::Result;

use super::{Kind, Options};

/// The command that starts `kind` on `address` with everything below `directory`.
pub(super) fn command(
    kind: Kind,
    address: SocketAddr,
    directory: &Path,
    options: &Options,
) -> Result<Command> {
    let mut command = Command::new(kind.program()?);
    let data = directory.join("data");
    match kind {
        Kind::Binnacle => {
            let config = directory.join("binnacle.yaml");
            prometheus_yml(directory, options)?;
            fs::write(&config, binnacle_yaml(directory, options)?)?;
            command
                .arg("serve")
                .arg("--config")
                .arg(config)
                .arg("--data-dir")
                .arg(&data)
                .arg("--listen")
                .arg(address.to_string())
                .args(["--log-level", "warn"]);
        }
        Kind::Prometheus => {
            prometheus_yml(directory, options)?;
            command
                .arg(format!(
                    "--config.file={}",
                    directory.join("prometheus.yml").display()
                ))
                .arg(format!("--storage.tsdb.path={}", data.display()))
                .arg(format!("--web.listen-address={address}"))
                .args([
                    "--web.enable-remote-write-receiver",
                    "--web.enable-admin-api",
                    "--storage.tsdb.retention.time=100y",
                    "--log.level=error",
                ]);
        }
        Kind::Victoria => {
            prometheus_yml(directory, options)?;
            command
                .arg(format!("-storageDataPath={}", data.display()))
                .arg(format!("-httpListenAddr={address}"))
                .args([
                    "-retentionPeriod=100y",
                    "-search.latencyOffset=0s",
                    "-loggerLevel=ERROR",
                ]);
            if options.prometheus_yml.is_some() {
                command.arg(format!(
                    "-promscrape.config={}",
                    directory.join("prometheus.yml").display()
                ));
            }
        }
        Kind::VictoriaLogs => {
            command
                .arg(format!("-storageDataPath={}", data.display()))
                .arg(format!("-httpListenAddr={address}"))
                .args(["-retentionPeriod=100y", "-loggerLevel=ERROR"]);
        }
        Kind::Loki => {
            let config = directory.join("loki.yaml");
            fs::write(&config, loki_yaml(address, &data)?)?;
            command.arg(format!("-config.file={}", config.display()));
        }
    }
    // What a server writes beside its data directory goes with the rest.
    command.current_dir(directory);
    Ok(command)
}

/// The `prometheus.yml` that all servers of metrics read, and the rules beside it.
fn prometheus_yml(directory: &Path, options: &Options) -> Result<()> {
    let text = options.prometheus_yml.as_deref().unwrap_or("global: {}\n");
    fs::write(directory.join("prometheus.yml"), text)?;
    if let Some(rules) = &options.rules {
        fs::write(directory.join("rules.yml"), rules)?;
    }
    Ok(())
}

fn binnacle_yaml(directory: &Path, options: &Options) -> Result<String> {
    let watch = options.watch_host;
    let alerting = match &options.alertmanager_yml {
        None => "",
        Some(text) => {
            fs::write(directory.join("alertmanager.yml"), text)?;
            "alerting:\n  alertmanager_file: alertmanager.yml\n"
        }
    };
    Ok(format!(
        "metrics:\n  prometheus_file: prometheus.yml\n  self_scrape: {watch}\n  \
         self_interval: 15s\n  host:\n    enabled: {watch}\n    interval: 15s\n\
         data:\n  retention_time: 100y\nrules:\n  builtin: {watch}\n{alerting}"
    ))
}

/// Loki as its own example for one process has it. Its usage reports are off, its
/// rate limits are out of the way, and it is ready at once instead of after 15 s.
fn loki_yaml(address: SocketAddr, data: &Path) -> Result<String> {
    let grpc = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let (port, data) = (address.port(), data.display());
    Ok(format!(
        "auth_enabled: false
server:
  http_listen_address: 127.0.0.1
  http_listen_port: {port}
  grpc_listen_address: 127.0.0.1
  grpc_listen_port: {grpc}
  log_level: error
common:
  instance_addr: 127.0.0.1
  path_prefix: {data}
  storage:
    object_store:
      filesystem:
        dir: {data}/chunks
  replication_factor: 1
  ring:
    kvstore:
      store: inmemory
ingester:
  lifecycler:
    min_ready_duration: 0s
schema_config:
  configs:
    - from: 2020-10-24
      store: tsdb
      object_store: filesystem
      schema: v13
      index:
        prefix: index_
        period: 24h
limits_config:
  ingestion_rate_mb: 10000
  ingestion_burst_size_mb: 10000
  per_stream_rate_limit: 10GB
  per_stream_rate_limit_burst: 10GB
  reject_old_samples: false
  max_query_series: 1000000
analytics:
  reporting_enabled: false
"
    ))
}
