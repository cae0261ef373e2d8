//! A1 to A3: rules, alerts posted, and the way from an alert to its webhook.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::{now_ms, rounds};
use crate::http::Client;
use crate::other::Other;
use crate::peer::{Kind, Options, Peer};
use crate::table::{Table, median};
use crate::workload::{SERIES_PER_TARGET, Series, write_request};

const TARGETS: usize = 100;
const RULES: usize = 1_000;
const STEP_MS: i64 = 15_000;
const SAMPLES: i64 = 24;
const SECONDS: u64 = 60;

/// 1,000 rules that look at 10 to 50 series each, every 5 s, over 100 k series.
pub fn a1() -> Result<Table> {
    let mut table = Table::new(&["binnacle", "prometheus"]);
    let mut cost = Vec::new();
    for kind in [Kind::Binnacle, Kind::Prometheus] {
        let mut rounds_of = Vec::new();
        for _ in 0..rounds() {
            let with = window(kind, Some(rules()))?;
            let without = window(kind, None)?;
            let evaluations = RULES as f64 * SECONDS as f64 / 5.0;
            rounds_of.push((with - without) / evaluations * 1e3);
        }
        cost.push(median(&rounds_of));
    }
    table.row("CPU milliseconds a rule", true, cost);
    table.notes.push(format!(
        "{SECONDS} s with the rules less {SECONDS} s without them, 100 k series of 24 samples"
    ));
    Ok(table)
}

/// CPU seconds of a minute behind loading.
fn window(kind: Kind, rules: Option<String>) -> Result<f64> {
    let mut yml = "global: {evaluation_interval: 5s}\n".to_owned();
    if rules.is_some() {
        yml.push_str("rule_files: [rules.yml]\n");
    }
    let peer = Peer::start(
        kind,
        &Options {
            prometheus_yml: Some(yml),
            rules,
            ..Options::default()
        },
    )?;
    load(&peer)?;
    // Compactions of what was loaded are no cost of the rules.
    std::thread::sleep(Duration::from_secs(10));
    let before = peer.cpu_seconds();
    std::thread::sleep(Duration::from_secs(SECONDS));
    Ok(peer.cpu_seconds() - before)
}

fn load(peer: &Peer) -> Result<()> {
    let mut client = Client::new(peer.address);
    let mut encoder = snap::raw::Encoder::new();
    let mut body = Vec::new();
    let mut series: Vec<Series> = (0..TARGETS)
        .flat_map(|t| (0..SERIES_PER_TARGET).map(move |i| Series::new(t, i)))
        .collect();
    let end_ms = now_ms();
    for step in 0..SAMPLES {
        // The last samples lie ahead, so that the window has data to its end.
        let t_ms = end_ms - (SAMPLES - 5 - step) * STEP_MS;
        for chunk in series.chunks_mut(2_000) {
            let points: Vec<[(i64, f64); 1]> =
                chunk.iter_mut().map(|s| [(t_ms, s.next_value())]).collect();
            write_request(
                chunk
                    .iter()
                    .zip(&points)
                    .map(|(s, p)| (&s.labels[..], &p[..])),
                &mut body,
            );
            peer.push(&mut client, &encoder.compress_vec(&body)?)?;
        }
    }
    Ok(())
}

fn rules() -> String {
    let mut text = "groups:\n".to_owned();
    for r in 0..RULES {
        if r % 20 == 0 {
            text.push_str(&format!("- name: group{:02}\n  rules:\n", r / 20));
        }
        let series = Series::new(0, (r / 20) * 20 + r % 20);
        let get = |name: &str| {
            let found = series.labels.iter().find(|(n, _)| n == name);
            found.map_or("", |(_, v)| v.as_str())
        };
        let select = |jobs: &str| {
            format!(
                "{}{{handler=\"{}\",job=~\"service-{jobs}\"}}",
                get("__name__"),
                get("handler")
            )
        };
        let (what, expr) = match r % 4 {
            0 => ("record", format!("rate({}[1m])", select("3"))),
            1 => ("record", format!("avg by (job) ({})", select("[0-4]"))),
            2 => ("alert", format!("{} > 1e12", select("[0-2]"))),
            _ => (
                "record",
                format!("sum by (instance) (rate({}[5m]))", select("[0-3]")),
            ),
        };
        let name = if what == "alert" {
            format!("Rule{r}")
        } else {
            format!("bench:rule{r}")
        };
        text.push_str(&format!("  - {what}: {name}\n    expr: '{expr}'\n"));
    }
    text
}

/// A server that takes alerts.
enum Taker {
    Ours(Peer),
    Theirs(Other),
}

impl Taker {
    fn start(ours: bool, yml: &str) -> Result<Self> {
        if !ours {
            return Ok(Self::Theirs(Other::alertmanager(yml)?));
        }
        let options = Options {
            prometheus_yml: Some("global: {}\n".to_owned()),
            alertmanager_yml: Some(yml.to_owned()),
            ..Options::default()
        };
        Ok(Self::Ours(Peer::start(Kind::Binnacle, &options)?))
    }

    fn address(&self) -> SocketAddr {
        match self {
            Self::Ours(peer) => peer.address,
            Self::Theirs(other) => other.address,
        }
    }

    fn cpu_seconds(&self) -> f64 {
        match self {
            Self::Ours(peer) => peer.cpu_seconds(),
            Self::Theirs(other) => other.cpu_seconds(),
        }
    }

    fn resident_bytes(&self) -> f64 {
        match self {
            Self::Ours(peer) => peer.resident_bytes(),
            Self::Theirs(other) => other.resident_bytes(),
        }
    }
}

const ALERTS: usize = 20_000;
const AT_ONCE: usize = 64;

/// 20,000 alerts, 64 a request as Prometheus sends them, posted and posted again.
pub fn a2() -> Result<Table> {
    let mut table = Table::new(&["binnacle", "alertmanager"]);
    let yml = "route: {receiver: none, group_by: [alertname], group_wait: 5m}\nreceivers: [{name: none}]\n";
    let (mut first, mut again, mut memory) = (Vec::new(), Vec::new(), Vec::new());
    for ours in [true, false] {
        let (mut a, mut b, mut m) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..rounds() {
            let taker = Taker::start(ours, yml)?;
            for into in [&mut a, &mut b] {
                let before = taker.cpu_seconds();
                post_all(taker.address())?;
                // What is written behind belongs to the cost.
                std::thread::sleep(Duration::from_secs(3));
                into.push(ALERTS as f64 / (taker.cpu_seconds() - before) / 1e3);
            }
            m.push(taker.resident_bytes() / 1_048_576.0);
        }
        first.push(median(&a));
        again.push(median(&b));
        memory.push(median(&m));
    }
    table.row("k new alerts a CPU second", false, first);
    table.row("k known alerts a CPU second", false, again);
    table.row("memory, MiB", true, memory);
    table
        .notes
        .push("ours has every alert in its journal before it answers; Alertmanager keeps alerts in memory only".to_owned());
    Ok(table)
}

fn post_all(address: SocketAddr) -> Result<()> {
    let mut client = Client::new(address);
    for from in (0..ALERTS).step_by(AT_ONCE) {
        let alerts: Vec<String> = (from..(from + AT_ONCE).min(ALERTS)).map(alert).collect();
        post(&mut client, &format!("[{}]", alerts.join(",")))?;
    }
    Ok(())
}

fn alert(i: usize) -> String {
    format!(
        "{{\"labels\":{{\"alertname\":\"HighErrorRate{}\",\"severity\":\"warning\",\"team\":\"team-{}\",\
         \"service\":\"service-{}\",\"instance\":\"10.0.{}.{}:9100\",\"job\":\"service\"}},\
         \"annotations\":{{\"summary\":\"Errors of instance {i} are above 5 %\",\"runbook_url\":\"https://example.org/runbooks/errors\"}},\
         \"generatorURL\":\"http://prometheus.example.org:9090/graph?g0.expr=up\"}}",
        i % 100,
        i % 7,
        i % 50,
        i / 250,
        i % 250
    )
}

fn post(client: &mut Client, body: &str) -> Result<()> {
    let headers = [("content-type", "application/json")];
    let response = client.send("POST", "/api/v2/alerts", &headers, body.as_bytes())?;
    anyhow::ensure!(
        response.status == 200,
        "answered {}: {}",
        response.status,
        String::from_utf8_lossy(&response.body)
    );
    Ok(())
}

const WAYS: usize = 300;

/// From the request with an alert to the webhook's request, milliseconds.
pub fn a3() -> Result<Table> {
    let mut table = Table::new(&["binnacle", "alertmanager"]);
    let (mut middle, mut late) = (Vec::new(), Vec::new());
    for ours in [true, false] {
        let (mut p50, mut p99) = (Vec::new(), Vec::new());
        for _ in 0..rounds() {
            let (address, arrivals) = webhook()?;
            let yml = format!(
                "route: {{receiver: hook, group_by: [alertname], group_wait: 1ms, group_interval: 5m}}\n\
                 receivers: [{{name: hook, webhook_configs: [{{url: \"http://{address}/\"}}]}}]\n"
            );
            let taker = Taker::start(ours, &yml)?;
            let mut times = ways(&taker, &arrivals)?;
            times.sort_by(f64::total_cmp);
            p50.push(times[times.len() / 2]);
            p99.push(times[times.len() * 99 / 100]);
        }
        middle.push(median(&p50));
        late.push(median(&p99));
    }
    table.row("p50, ms", true, middle);
    table.row("p99, ms", true, late);
    Ok(table)
}

fn ways(taker: &Taker, arrivals: &Receiver<Instant>) -> Result<Vec<f64>> {
    let mut client = Client::new(taker.address());
    let mut times = Vec::with_capacity(WAYS);
    for n in 0..WAYS + 20 {
        let body = format!("[{{\"labels\":{{\"alertname\":\"Way{n}\"}}}}]");
        let begun = Instant::now();
        post(&mut client, &body)?;
        let arrived = arrivals
            .recv_timeout(Duration::from_secs(10))
            .context("no webhook within 10 s")?;
        // The first ones open connections.
        if n >= 20 {
            times.push((arrived - begun).as_secs_f64() * 1e3);
        }
    }
    Ok(times)
}

/// Takes webhooks and tells when each came.
fn webhook() -> Result<(SocketAddr, Receiver<Instant>)> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let (tell, arrivals) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let tell = tell.clone();
            std::thread::spawn(move || {
                // The sender closes the connection in the end.
                let _ = take(stream, &tell);
            });
        }
    });
    Ok((address, arrivals))
}

fn take(stream: TcpStream, tell: &Sender<Instant>) -> Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    loop {
        line.clear();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let arrived = Instant::now();
        let mut length = 0;
        loop {
            line.clear();
            reader.read_line(&mut line)?;
            let text = line.trim_end().to_ascii_lowercase();
            if text.is_empty() {
                break;
            }
            if let Some(value) = text.strip_prefix("content-length:") {
                length = value.trim().parse()?;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        reader
            .get_mut()
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")?;
        tell.send(arrived)?;
    }
}
