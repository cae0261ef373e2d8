//! Z1: what it costs to have this host watched and nothing asked.

use std::time::Duration;

use anyhow::Result;

use crate::other::Other;
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
            ..Options::default()
        },
    )?;
    let exporter = Other::start("/usr/bin/prometheus-node-exporter", |address, _| {
        vec![format!("--web.listen-address={address}")]
    })?;
    let alertmanager = Other::alertmanager("route: {receiver: none}\nreceivers: [{name: none}]\n")?;
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
            ..Options::default()
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
