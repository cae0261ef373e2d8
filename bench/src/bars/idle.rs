//! Z1: what it costs to have this host watched and nothing asked.

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result};

use crate::peer::{Kind, Options, Peer};
use crate::table::Table;

const SECONDS: u64 = 60;

pub fn z1() -> Result<Table> {
    let mut table = Table::new(&["binnacle", "debian's three"]);
    let ours = Peer::start(
        Kind::Binnacle,
        &Options {
            prometheus_yml: Some("global: {scrape_interval: 15s}\n".to_owned()),
            watch_host: true,
        },
    )?;
    let exporter = Other::start("/usr/bin/prometheus-node-exporter", |address, _| {
        vec![format!("--web.listen-address={address}")]
    })?;
    let alertmanager = Other::start("/usr/bin/prometheus-alertmanager", |address, directory| {
        vec![
            format!("--web.listen-address={address}"),
            format!("--config.file={directory}/alertmanager.yml"),
            format!("--storage.path={directory}/data"),
            "--cluster.listen-address=".to_owned(),
        ]
    })?;
    let yml = format!(
        "global: {{scrape_interval: 15s}}\nalerting:\n  alertmanagers:\n  - static_configs:\n    - \
         targets: [\"{}\"]\nscrape_configs:\n- job_name: host\n  static_configs:\n  - targets: \
         [\"{}\"]\n",
        alertmanager.address, exporter.address
    );
    let prometheus = Peer::start(
        Kind::Prometheus,
        &Options {
            prometheus_yml: Some(yml),
            watch_host: false,
        },
    )?;
    std::thread::sleep(Duration::from_secs(20));
    let theirs = || prometheus.cpu_seconds() + exporter.cpu_seconds() + alertmanager.cpu_seconds();
    let (our_before, their_before) = (ours.cpu_seconds(), theirs());
    std::thread::sleep(Duration::from_secs(SECONDS));
    table.row(
        format!("CPU seconds in {SECONDS} s"),
        true,
        vec![
            Some(ours.cpu_seconds() - our_before),
            Some(theirs() - their_before),
        ],
    );
    let their_bytes =
        prometheus.resident_bytes() + exporter.resident_bytes() + alertmanager.resident_bytes();
    table.row(
        "memory, MiB",
        true,
        vec![
            Some(ours.resident_bytes() / 1048576.0),
            Some(their_bytes / 1048576.0),
        ],
    );
    table
        .notes
        .push("every 15 s; ours also lists the largest processes".to_owned());
    Ok(table)
}

/// A server that is only there to be scraped or notified.
struct Other {
    address: SocketAddr,
    child: Child,
}

impl Other {
    fn start(program: &str, arguments: impl Fn(SocketAddr, &str) -> Vec<String>) -> Result<Self> {
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let directory = std::env::temp_dir().join(format!("binnacle-bench-{address}"));
        fs::create_dir_all(&directory)?;
        fs::write(
            directory.join("alertmanager.yml"),
            "route: {receiver: none}\nreceivers: [{name: none}]\n",
        )?;
        let child = Command::new(program)
            .args(arguments(address, &directory.display().to_string()))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("{program} is not installed"))?;
        Ok(Self { address, child })
    }

    fn cpu_seconds(&self) -> f64 {
        crate::peer::cpu_seconds(self.child.id())
    }

    fn resident_bytes(&self) -> f64 {
        crate::peer::memory(self.child.id(), "VmRSS")
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
