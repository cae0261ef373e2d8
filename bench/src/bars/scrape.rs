//! M5: many targets, scraped for a minute.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;

use super::kinds;
use crate::peer::{Options, Peer};
use crate::table::Table;
use crate::workload::{SERIES_PER_TARGET, Series};

const TARGETS: usize = 500;
const SECONDS: u64 = 60;

pub fn m5() -> Result<Table> {
    let mut table = Table::default();
    let kinds = kinds(&mut table);
    let mut rate = Vec::new();
    let mut resident = Vec::new();
    for kind in kinds {
        // Targets of its own for each, so that none is served from warm buffers.
        let address = serve_targets()?;
        let options = Options {
            prometheus_yml: Some(config(address)),
            ..Options::default()
        };
        let peer = Peer::start(kind, &options)?;
        // The first scrapes register the series; what is measured is the steady state.
        std::thread::sleep(Duration::from_secs(12));
        let before = peer.cpu_seconds();
        std::thread::sleep(Duration::from_secs(SECONDS));
        let cpu = peer.cpu_seconds() - before;
        let samples = (TARGETS * SERIES_PER_TARGET) as f64 * (SECONDS as f64 / 5.0);
        rate.push(Some(samples / cpu / 1e6));
        resident.push(Some(peer.resident_bytes() / 1048576.0));
    }
    table.row("M samples a CPU second", false, rate);
    table.row("memory, MiB", true, resident);
    table.notes.push(format!(
        "{SECONDS} s behind the first two scrapes, one round"
    ));
    Ok(table)
}

fn config(address: SocketAddr) -> String {
    let mut text = String::new();
    text.push_str("global:\n  scrape_interval: 5s\n  scrape_timeout: 5s\nscrape_configs:\n- job_name: bench\n  static_configs:\n");
    for t in 0..TARGETS {
        text.push_str(&format!(
            "  - targets: [\"{address}\"]\n    labels: {{__metrics_path__: \"/{t}\", target: \"t{t}\"}}\n"
        ));
    }
    text
}

/// Serves `/0` to `/499`; values move with every request.
fn serve_targets() -> Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let targets: Arc<Vec<std::sync::Mutex<Target>>> = Arc::new(
        (0..TARGETS)
            .map(|t| std::sync::Mutex::new(Target::new(t)))
            .collect(),
    );
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let targets = targets.clone();
            std::thread::spawn(move || {
                // The scraper closes the connection when it is done with the target.
                let _ = answer(stream, &targets);
            });
        }
    });
    Ok(address)
}

pub(super) struct Target {
    series: Vec<Series>,
    heads: Vec<String>,
}

impl Target {
    pub(super) fn new(t: usize) -> Self {
        let mut series: Vec<Series> = (0..SERIES_PER_TARGET).map(|i| Series::new(t, i)).collect();
        // Families must be together in the text.
        series.sort_by(|a, b| a.labels.cmp(&b.labels));
        let heads = series
            .iter()
            .map(|s| {
                let others: Vec<String> = s
                    .labels
                    .iter()
                    .filter(|(n, _)| !matches!(n.as_str(), "__name__" | "instance" | "job"))
                    .map(|(n, v)| format!("{n}=\"{v}\""))
                    .collect();
                format!("{}{{{}}} ", s.labels[0].1, others.join(","))
            })
            .collect();
        Self { series, heads }
    }

    pub(super) fn render(&mut self, out: &mut Vec<u8>) {
        for (series, head) in self.series.iter_mut().zip(&self.heads) {
            out.extend_from_slice(head.as_bytes());
            let _ = writeln!(out, "{}", series.next_value());
        }
    }
}

fn answer(stream: TcpStream, targets: &[std::sync::Mutex<Target>]) -> Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    let mut body = Vec::new();
    loop {
        line.clear();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let path = line.split(' ').nth(1).unwrap_or("/").to_owned();
        loop {
            line.clear();
            reader.read_line(&mut line)?;
            if line.trim_end().is_empty() {
                break;
            }
        }
        body.clear();
        let number: usize = path.trim_start_matches('/').parse().unwrap_or(0);
        if let Some(target) = targets.get(number)
            && let Ok(mut target) = target.lock()
        {
            target.render(&mut body);
        }
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: text/plain; version=0.0.4\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        reader.get_mut().write_all(head.as_bytes())?;
        reader.get_mut().write_all(&body)?;
    }
}
