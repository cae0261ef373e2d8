//! L5, live tails: what ten of them cost while lines come, and how late a line is.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde_json::Value;

use super::kinds;
use crate::bars::{now_ms, rounds};
use crate::http::{Client, escape};
use crate::logs_workload::{Lines, Requests, Shape};
use crate::peer::{Kind, Options, Peer};
use crate::table::{Table, median};
use crate::websocket::WebSocket;

const CLIENTS: usize = 10;
const SECONDS: u64 = 20;
const REQUESTS_A_SECOND: u64 = 10;
const LINES_A_REQUEST: u64 = 1_000;
/// What is tailed: some two lines of a hundred.
const QUERY: &str = "{app=~\".+\"} |= \"error\"";
/// What lines must hold for it.
const WORD: &str = "error";

struct Cost {
    cpu_seconds: f64,
    /// Lines that all tails got, of those that they should have got.
    part: f64,
    late_ms: Vec<f64>,
}

pub fn tail() -> Result<Table> {
    let mut table = Table::default();
    let kinds = kinds(&mut table, &[Kind::Binnacle, Kind::Loki])?;
    let mut rows: [Vec<Option<f64>>; 4] = Default::default();
    for kind in kinds {
        let mut figures: [Vec<f64>; 4] = Default::default();
        for _ in 0..rounds() {
            let without = window(kind, 0)?;
            let mut with = window(kind, CLIENTS)?;
            with.late_ms.sort_by(f64::total_cmp);
            let late = |part: usize| {
                let at = with.late_ms.len() * part / 100;
                with.late_ms.get(at).copied().unwrap_or(f64::NAN)
            };
            figures[0].push(with.cpu_seconds - without.cpu_seconds);
            figures[1].push(late(50));
            figures[2].push(late(99));
            figures[3].push(with.part);
        }
        for (row, figures) in rows.iter_mut().zip(&figures) {
            row.push(median(figures));
        }
    }
    let [cpu, middle, late, part] = rows;
    table.row("CPU seconds of ten tails", true, cpu);
    table.row("a line is late, p50 ms", true, middle);
    table.row("a line is late, p99 ms", true, late);
    table.row("part of the lines that arrived", false, part);
    table.notes.push(format!(
        "{SECONDS} s with {} lines a second, less the same without tails; {QUERY}",
        REQUESTS_A_SECOND * LINES_A_REQUEST
    ));
    Ok(table)
}

fn window(kind: Kind, clients: usize) -> Result<Cost> {
    let peer = Peer::start(kind, &Options::default())?;
    let pushed = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let listeners: Vec<_> = (0..clients)
            .map(|_| {
                let socket = open(&peer);
                scope.spawn(|| listen(socket?, &pushed))
            })
            .collect();
        // Loki looks for its ingesters first.
        std::thread::sleep(Duration::from_secs(2));
        let before = peer.cpu_seconds();
        let result = push_for_a_while(&peer);
        let cpu_seconds = peer.cpu_seconds() - before;
        pushed.store(true, Ordering::Relaxed);
        let mut late_ms = Vec::new();
        for listener in listeners {
            late_ms.extend(listener.join().ok().context("a listener panicked")??);
        }
        Ok(Cost {
            cpu_seconds,
            part: late_ms.len() as f64 / (result? * clients) as f64,
            late_ms,
        })
    })
}

fn open(peer: &Peer) -> Result<WebSocket> {
    let path = format!(
        "/loki/api/v1/tail?query={}&limit=5000&start={}",
        escape(QUERY),
        now_ms() * 1_000_000
    );
    WebSocket::open(peer.address, &path, Duration::from_secs(2))
}

/// How late each line came, milliseconds, until nothing comes behind the end.
fn listen(mut socket: WebSocket, pushed: &AtomicBool) -> Result<Vec<f64>> {
    let mut late_ms = Vec::new();
    loop {
        let Some(message) = socket.next_message()? else {
            // The first one may be long in coming.
            if pushed.load(Ordering::Relaxed) || !late_ms.is_empty() {
                return Ok(late_ms);
            }
            continue;
        };
        let now_ns = now_ns();
        let json: Value = serde_json::from_slice(&message)?;
        let streams = json["streams"].as_array().map_or(&[][..], Vec::as_slice);
        for entry in streams
            .iter()
            .filter_map(|s| s["values"].as_array())
            .flatten()
        {
            let t_ns: i64 = entry[0].as_str().context("no time")?.parse()?;
            late_ms.push((now_ns - t_ns) as f64 / 1e6);
        }
    }
}

/// Pushes at an even pace, every line with the time of its push; answers how many
/// of the lines are tailed.
fn push_for_a_while(peer: &Peer) -> Result<usize> {
    let mut tailed = 0;
    let mut text = String::new();
    let mut client = Client::new(peer.address);
    let begun = Instant::now();
    for n in 0..SECONDS * REQUESTS_A_SECOND {
        let due = Duration::from_millis(n * 1_000 / REQUESTS_A_SECOND);
        std::thread::sleep(due.saturating_sub(begun.elapsed()));
        let shape = Shape {
            lines: LINES_A_REQUEST,
            span_ns: 1_000_000,
            end_ns: now_ns(),
            seed: n,
            ..Shape::hour(0, 1.0)
        };
        let request = Requests::new(shape)
            .next_request()?
            .context("a request of no lines")?;
        peer.push_logs(&mut client, &request.body)?;
        let mut lines = Lines::new(shape);
        while lines.next_into(&mut text).is_some() {
            tailed += usize::from(text.contains(WORD));
        }
    }
    Ok(tailed)
}

fn now_ns() -> i64 {
    let since = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
}
