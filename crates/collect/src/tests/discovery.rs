//! Discoveries that change.

use std::time::Duration;

use tokio::time::sleep;

use super::rig::Rig;
use super::server::Server;
use crate::settings::{
    DiscoverySettings, DnsDiscovery, DnsRecord, FileDiscovery, HttpDiscovery, HttpSettings,
};

/// Addresses of the active targets of pool `d`.
fn addresses(rig: &Rig) -> Vec<String> {
    let pool = &rig.collector.pools(Some("d"))[0];
    pool.active
        .iter()
        .map(|t| t.labels().get("instance").unwrap().to_owned())
        .collect()
}

async fn with(discovery: DiscoverySettings) -> Rig {
    let mut rig = Rig::usual("a 1\n").await;
    rig.reload(|s| {
        let mut settings = Rig::settings();
        settings.job_name = "d".into();
        settings.discovery = vec![discovery];
        s.scrapes.push(settings);
    })
    .await;
    sleep(Duration::from_secs(6)).await;
    rig
}

#[tokio::test(start_paused = true)]
async fn files_that_change_and_break() {
    let dir = tempfile::tempdir().unwrap();
    let json = dir.path().join("a.json");
    std::fs::write(&json, r#"[{"targets":["127.0.0.1:1"],"labels":{"x":"y"}}]"#).unwrap();
    std::fs::write(dir.path().join("b.yml"), "- targets: ['127.0.0.1:2']\n").unwrap();
    let rig = with(DiscoverySettings::File(FileDiscovery {
        files: vec![dir.path().join("*.json"), dir.path().join("b.yml")],
        refresh_interval: Duration::from_secs(300),
    }))
    .await;
    assert_eq!(addresses(&rig), ["127.0.0.1:1", "127.0.0.1:2"]);
    let target = rig.collector.pools(Some("d"))[0].active[0].clone();
    assert_eq!(target.labels().get("x"), Some("y"));
    assert_eq!(
        target.discovered_labels().get("__meta_filepath"),
        json.to_str()
    );
    // Broken: what it said last holds.
    std::fs::write(&json, r#"[{"targets":["127.0.0.1:1","127.0.0.1:3"#).unwrap();
    sleep(Duration::from_secs(6)).await;
    assert_eq!(addresses(&rig), ["127.0.0.1:1", "127.0.0.1:2"]);
    assert_eq!(
        rig.collector
            .metrics()
            .discovery_failed
            .load(std::sync::atomic::Ordering::Relaxed),
        1
    );
    std::fs::write(&json, r#"[{"targets":["127.0.0.1:33"]}]"#).unwrap();
    sleep(Duration::from_secs(6)).await;
    assert_eq!(addresses(&rig), ["127.0.0.1:2", "127.0.0.1:33"]);
    std::fs::remove_file(&json).unwrap();
    sleep(Duration::from_secs(6)).await;
    assert_eq!(addresses(&rig), ["127.0.0.1:2"]);
}

#[tokio::test]
async fn a_server_tells_targets() {
    // Real time: paused time would run ahead of the network. Only the first answer
    // is waited for.
    let body = r#"[{"targets":["127.0.0.1:5"],"labels":{"__meta_z":"1"}}]"#;
    let server = Server::start(format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    ))
    .await;
    let settings = HttpDiscovery {
        url: format!("http://{}/sd", server.address),
        refresh_interval: Duration::from_secs(30),
        http: HttpSettings::default(),
    };
    let discovery = crate::discovery::make(&DiscoverySettings::Http(Box::new(settings))).unwrap();
    let (updates, mut told) = tokio::sync::mpsc::channel(1);
    let teller = crate::discovery::Teller {
        id: 7,
        updates,
        metrics: Default::default(),
        pool: "p".into(),
    };
    let stop = tokio_util::sync::CancellationToken::new();
    crate::discovery::start(discovery, teller, stop.clone());
    let update = told.recv().await.unwrap();
    assert_eq!((update.id, update.groups.len()), (7, 1));
    let group = &update.groups[0];
    assert_eq!(
        group.targets[0].to_string(),
        r#"{__address__="127.0.0.1:5"}"#
    );
    assert_eq!(group.labels.get("__meta_z"), Some("1"));
    assert_eq!(
        group.labels.get("__meta_url"),
        Some(format!("http://{}/sd", server.address).as_str())
    );
    assert!(server.requests()[0].contains("x-prometheus-refresh-interval-seconds: 30"));
    stop.cancel();
    assert!(told.recv().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn names_that_resolve() {
    let rig = with(DiscoverySettings::Dns(DnsDiscovery {
        names: vec!["127.0.0.1".into()],
        record: DnsRecord::A,
        port: 80,
        refresh_interval: Duration::from_secs(30),
    }))
    .await;
    assert_eq!(addresses(&rig), ["127.0.0.1:80"]);
}
