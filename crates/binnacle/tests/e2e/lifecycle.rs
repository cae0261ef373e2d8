//! Start, reload, stop, and configurations that are wrong.

use std::fs;
use std::time::Duration;

use crate::server::{QUIET, Server, binnacle, eventually, get, signal};

#[test]
fn without_a_configuration_it_watches_itself_and_its_host() {
    let server = Server::start("metrics:\n  scrape_interval: 1s\n");
    eventually("both targets are up", || {
        let data = server.data("/api/v1/targets?state=active");
        let targets = data["activeTargets"].as_array().expect("targets");
        targets.len() == 2 && targets.iter().all(|t| t["health"] == "up")
    });
    let now = server.data("/api/v1/query?query=count(node_cpu_seconds_total)");
    let count: f64 = now["result"][0]["value"][1]
        .as_str()
        .expect("a value")
        .parse()
        .expect("number");
    assert!(count >= 8.0, "eight modes for each processor: {count}");
    let own = server.data("/api/v1/query?query=process_resident_memory_bytes{job=\"binnacle\"}");
    assert_eq!(own["result"].as_array().map(Vec::len), Some(1));
}

#[test]
fn a_signal_stops_it_within_seconds() {
    let mut server = Server::start(QUIET);
    let (code, took) = server.stop();
    assert_eq!(code, Some(0));
    assert!(took < Duration::from_secs(5), "{took:?}");
}

#[test]
fn a_good_configuration_replaces_the_old_and_a_bad_one_does_not() {
    let server = Server::start_with(
        "metrics:\n  prometheus_file: prometheus.yml\n  self_scrape: false\n  host: {enabled: false}\n",
        &[("prometheus.yml", "global: {scrape_interval: 1m}\n")],
    );
    let file = server.directory().join("prometheus.yml");
    assert_eq!(
        server.data("/api/v1/scrape_pools")["scrapePools"],
        serde_json::json!([])
    );

    fs::write(
        &file,
        "scrape_configs:\n- job_name: one\n  static_configs:\n  - targets: ['127.0.0.1:1']\n",
    )
    .expect("write");
    assert_eq!(post(&server.url("/-/reload")).0, 200);
    assert_eq!(
        server.data("/api/v1/scrape_pools")["scrapePools"],
        serde_json::json!(["one"])
    );

    fs::write(&file, "scrape_configs:\n- job_nam: two\n").expect("write");
    let (status, text) = post(&server.url("/-/reload"));
    assert_eq!(status, 500);
    assert!(
        text.contains("prometheus.yml:2") && text.contains("job_name"),
        "{text}"
    );
    assert_eq!(
        server.data("/api/v1/scrape_pools")["scrapePools"],
        serde_json::json!(["one"])
    );
    assert_eq!(
        server.data("/api/v1/status/runtimeinfo")["reloadConfigSuccess"],
        false
    );

    fs::write(&file, "scrape_configs:\n- job_name: three\n").expect("write");
    signal(server.pid(), "HUP");
    eventually("SIGHUP reloads", || {
        server.data("/api/v1/scrape_pools")["scrapePools"] == serde_json::json!(["three"])
    });
}

fn post(url: &str) -> (u16, String) {
    crate::server::runtime(async {
        let response = crate::server::client()
            .post(url)
            .send()
            .await
            .expect("an answer");
        let status = response.status().as_u16();
        (status, response.text().await.expect("a text"))
    })
}

#[test]
fn a_typo_is_named_with_its_place_and_the_right_word() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("binnacle.yaml");
    fs::write(&file, "listen:\n  adress: 127.0.0.1:0\n").expect("write");
    for command in [&["serve", "--config"][..], &["check"][..]] {
        let output = binnacle().args(command).arg(&file).output().expect("run");
        assert_ne!(output.status.code(), Some(0));
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(text.contains("binnacle.yaml:2:3"), "{text}");
        assert!(
            text.contains("adress") && text.contains("address"),
            "{text}"
        );
    }
}

#[test]
fn two_processes_do_not_share_a_data_directory() {
    let server = Server::start(QUIET);
    let output = binnacle()
        .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
        .arg(server.directory().join("data"))
        .output()
        .expect("run");
    assert_ne!(output.status.code(), Some(0));
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(text.contains("in use by another process"), "{text}");
}

#[test]
fn health_names_every_component() {
    let server = Server::start(QUIET);
    let (status, text) = get(&server.url("/health/ready"));
    assert_eq!(status, 200, "{text}");
    let json: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(json["status"], "ok");
    let names: Vec<&str> = json["components"]
        .as_array()
        .expect("components")
        .iter()
        .filter_map(|c| c["name"].as_str())
        .collect();
    assert!(
        names.contains(&"storage") && names.contains(&"collector"),
        "{names:?}"
    );
    assert_eq!(get(&server.url("/health/live")).0, 200);
    assert_eq!(get(&server.url("/-/healthy")).0, 200);
}

#[test]
fn a_second_signal_ends_at_once() {
    let mut server = Server::start(QUIET);
    // A query that is still running keeps the first signal waiting.
    let slow = crate::server::escape("max_over_time((vector(1) + vector(1))[40000000s:1s])");
    let url = server.url(&format!("/api/v1/query?query={slow}"));
    let asked = std::thread::spawn(move || {
        crate::server::runtime(async { crate::server::client().get(url).send().await.is_ok() })
    });
    eventually("the query runs", || {
        let running = server.data("/api/binnacle/v1/queries")["running"].clone();
        running.as_array().is_some_and(|r| !r.is_empty())
    });
    signal(server.pid(), "TERM");
    eventually("it stops listening", || {
        std::net::TcpStream::connect(server.address()).is_err()
    });
    let (code, _) = server.stop();
    assert_eq!(code, Some(130));
    assert!(!asked.join().expect("the asker"), "the query was cut off");
}
