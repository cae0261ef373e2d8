//! Prometheus takes from us, and gives to us.

use std::fs;
use std::process::Command;

use crate::server::{Other, Server, eventually, free_address, program};

const WATCHING: &str = "metrics:\n  scrape_interval: 1s\n";

/// Prometheus with a configuration, in the server's directory.
fn prometheus(server: &Server, config: &str) -> Option<(Other, std::net::SocketAddr)> {
    let path = program("/usr/bin/prometheus", "Prometheus beside us")?;
    let address = free_address();
    let yml = server.directory().join("theirs.yml");
    fs::write(&yml, config).expect("write");
    let other = Other::start(
        Command::new(path)
            .arg(format!("--config.file={}", yml.display()))
            .arg(format!(
                "--storage.tsdb.path={}",
                server.directory().join("theirs").display()
            ))
            .arg(format!("--web.listen-address={address}")),
    );
    Some((other, address))
}

fn has_result(url: &str) -> bool {
    let answer = crate::server::runtime(async {
        crate::server::client()
            .get(url)
            .send()
            .await
            .ok()?
            .text()
            .await
            .ok()
    });
    answer
        .and_then(|text| serde_json::from_str::<serde_json::Value>(&text).ok())
        .is_some_and(|json| {
            json["data"]["result"]
                .as_array()
                .is_some_and(|r| !r.is_empty())
        })
}

#[test]
fn prometheus_federates_from_us() {
    let server = Server::start(WATCHING);
    let config = format!(
        "global: {{scrape_interval: 1s}}\nscrape_configs:\n- job_name: federate\n  \
         honor_labels: true\n  metrics_path: /federate\n  params: {{'match[]': ['{{job=\"host\"}}']}}\n  \
         static_configs: [{{targets: ['{}']}}]\n",
        server.address()
    );
    let Some((_prometheus, address)) = prometheus(&server, &config) else {
        return;
    };
    eventually("our host's load is at Prometheus", || {
        has_result(&format!(
            "http://{address}/api/v1/query?query=node_load1{{job=\"host\"}}"
        ))
    });
}

#[test]
fn prometheus_writes_to_us() {
    let server = Server::start("metrics:\n  self_scrape: false\n  host: {enabled: false}\n");
    let config = format!(
        "global: {{scrape_interval: 1s, external_labels: {{site: there}}}}\nremote_write:\n- url: {}\n\
         scrape_configs:\n- job_name: themselves\n  static_configs: [{{targets: ['{}']}}]\n",
        server.url("/api/v1/write"),
        server.address(),
    );
    let Some((_prometheus, _)) = prometheus(&server, &config) else {
        return;
    };
    eventually("what Prometheus scrapes of us comes back to us", || {
        has_result(&server.url("/api/v1/query?query=up{site=\"there\"}"))
    });
}
