//! Programs that others wrote, against the real binary: promtool, exporters, the
//! official client library.

use std::process::Command;

use crate::server::{Other, QUIET, Server, eventually, free_address, get, program};

#[test]
fn promtool_asks_and_approves() {
    let Some(promtool) = program("/usr/bin/promtool", "promtool") else {
        return;
    };
    let server = Server::start("metrics:\n  scrape_interval: 1s\n");
    eventually("there is something to ask for", || {
        server.data("/api/v1/query?query=node_load1")["result"]
            .as_array()
            .is_some_and(|r| !r.is_empty())
    });
    let url = server.url("");
    let run = |arguments: &[&str]| {
        let output = Command::new(&promtool)
            .args(arguments)
            .output()
            .expect("run promtool");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(
            output.status.success(),
            "{arguments:?}: {text}{}",
            String::from_utf8_lossy(&output.stderr)
        );
        text
    };
    assert!(run(&["query", "instant", &url, "node_load1"]).contains("node_load1{"));
    assert!(run(&["query", "range", &url, "up"]).contains("up{"));
    assert!(run(&["query", "series", "--match=up", &url]).contains("up"));
    assert!(run(&["query", "labels", &url, "job"]).contains("binnacle"));

    let mut check = Command::new(&promtool)
        .args(["check", "metrics"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("run promtool");
    let (_, metrics) = get(&server.url("/metrics"));
    std::io::Write::write_all(&mut check.stdin.take().expect("stdin"), metrics.as_bytes())
        .expect("write");
    let output = check.wait_with_output().expect("wait");
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}\n{metrics}");
}

#[test]
fn exporters_are_scraped() {
    let exporters = [
        ("/usr/bin/prometheus-node-exporter", "node", "node_load1"),
        (
            "/usr/bin/prometheus-blackbox-exporter",
            "blackbox",
            "blackbox_exporter_build_info",
        ),
        (
            "/usr/bin/prometheus-postgres-exporter",
            "postgres",
            "pg_exporter_last_scrape_error",
        ),
        (
            "/usr/bin/prometheus-redis-exporter",
            "redis",
            "redis_exporter_build_info",
        ),
    ];
    let mut running = Vec::new();
    // The PostgreSQL exporter waits a second for its database before it answers.
    let mut config = String::from("global: {scrape_interval: 3s}\nscrape_configs:\n");
    for (path, job, metric) in exporters {
        let Some(program) = program(path, job) else {
            continue;
        };
        let address = free_address();
        let mut command = Command::new(program);
        command.arg(format!("--web.listen-address={address}"));
        if job == "blackbox" {
            command.arg("--config.file=/etc/prometheus/blackbox.yml");
        }
        if job == "postgres" {
            command.env(
                "DATA_SOURCE_NAME",
                "postgresql://nobody@127.0.0.1:1/none?sslmode=disable",
            );
        }
        running.push((Other::start(&mut command), job, metric));
        config.push_str(&format!(
            "- job_name: {job}\n  static_configs: [{{targets: ['{address}']}}]\n"
        ));
    }
    let files = [("prometheus.yml", config.as_str())];
    let main = QUIET.replace(
        "metrics:\n",
        "metrics:\n  prometheus_file: prometheus.yml\n",
    );
    let server = Server::start_with(&main, &files);
    for (_, job, metric) in &running {
        eventually(&format!("{metric} of {job}"), || {
            let query = format!("/api/v1/query?query={metric}{{job=\"{job}\"}}");
            let up = server.data(&format!("/api/v1/query?query=up{{job=\"{job}\"}}==1"));
            let there = server.data(&query);
            [up, there]
                .iter()
                .all(|d| d["result"].as_array().is_some_and(|r| !r.is_empty()))
        });
    }
}

/// The reference client for Python, from its package index.
const CLIENT: &str = r#"
import sys
from prometheus_api_client import PrometheusConnect
c = PrometheusConnect(url=sys.argv[1])
assert c.check_prometheus_connection()
assert "up" in c.all_metrics()
v = c.custom_query("up")
assert v and v[0]["value"][1] in ("0", "1"), v
print(len(v))
"#;

#[test]
fn a_python_client_reads_us() {
    let directory = tempfile::tempdir().expect("a directory");
    let packages = directory.path().join("packages");
    let installed = Command::new("python3")
        .args(["-m", "pip", "install", "--quiet", "--target"])
        .arg(&packages)
        .arg("prometheus-api-client")
        .output();
    if !installed.is_ok_and(|o| o.status.success()) {
        println!("skipped: prometheus-api-client cannot be installed here");
        return;
    }
    let server = Server::start("metrics:\n  scrape_interval: 1s\n");
    eventually("there is something to read", || {
        server.data("/api/v1/query?query=up")["result"]
            .as_array()
            .is_some_and(|r| !r.is_empty())
    });
    let output = Command::new("python3")
        .args(["-c", CLIENT, &server.url("")])
        .env("PYTHONPATH", &packages)
        .output()
        .expect("run python");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn the_official_client_for_go_reads_us() {
    let Some(go) = program("/usr/bin/go", "client_golang") else {
        return;
    };
    if program(
        "/usr/share/gocode/src/github.com/prometheus/client_golang",
        "client_golang",
    )
    .is_none()
    {
        return;
    }
    let directory = tempfile::tempdir().expect("a directory");
    let client = directory.path().join("client");
    let source = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/e2e/client_golang/main.go"
    );
    let built = Command::new(go)
        .args(["build", "-o"])
        .arg(&client)
        .arg(source)
        .env("GO111MODULE", "off")
        .env("GOPATH", "/usr/share/gocode")
        .env("GOCACHE", directory.path().join("cache"))
        .output()
        .expect("run go");
    assert!(
        built.status.success(),
        "{}",
        String::from_utf8_lossy(&built.stderr)
    );
    let server = Server::start("metrics:\n  self_interval: 1s\n");
    eventually("there is something to read", || {
        server.data("/api/v1/query?query=up")["result"]
            .as_array()
            .is_some_and(|r| !r.is_empty())
    });
    let output = Command::new(client)
        .arg(server.url(""))
        .output()
        .expect("run the client");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(
        text.ends_with("series true\ntargets true\ndone\n"),
        "{text}"
    );
}
