//! M1 to M3, and M4 with them: pushing, and what it costs in CPU, memory and disk.

use anyhow::Result;

use super::{kinds, now_ms, rounds};
use crate::http::Client;
use crate::peer::{Kind, Options, Peer};
use crate::table::{Table, median};
use crate::workload::{SERIES_PER_TARGET, Series, write_request};

/// How a workload is cut into requests.
struct Shape {
    series: usize,
    samples: usize,
    step_ms: i64,
    series_a_request: usize,
    samples_a_request: usize,
}

/// Compressed requests in the order of sending.
fn requests(shape: &Shape, end_ms: i64) -> Vec<Vec<u8>> {
    let mut all: Vec<Series> = (0..shape.series)
        .map(|i| Series::new(i / SERIES_PER_TARGET, i % SERIES_PER_TARGET))
        .collect();
    let start_ms = end_ms - shape.samples as i64 * shape.step_ms;
    let mut requests = Vec::new();
    let mut encoder = snap::raw::Encoder::new();
    let mut body = Vec::new();
    for from in (0..shape.samples).step_by(shape.samples_a_request) {
        let to = (from + shape.samples_a_request).min(shape.samples);
        for group in all.chunks_mut(shape.series_a_request) {
            let points: Vec<Vec<(i64, f64)>> = group
                .iter_mut()
                .map(|s| {
                    (from..to)
                        .map(|n| (start_ms + n as i64 * shape.step_ms, s.next_value()))
                        .collect()
                })
                .collect();
            let series = group
                .iter()
                .zip(&points)
                .map(|(s, p)| (&s.labels[..], &p[..]));
            write_request(series, &mut body);
            requests.push(
                encoder
                    .compress_vec(&body)
                    .expect("snappy compresses anything"),
            );
        }
    }
    requests
}

struct Cost {
    cpu_seconds: f64,
    peak_bytes: f64,
    stored_bytes: f64,
}

fn push_all(kind: Kind, requests: &[Vec<u8>]) -> Result<Cost> {
    let peer = Peer::start(kind, &Options::default())?;
    let mut client = Client::new(peer.address);
    let before = peer.cpu_seconds();
    for body in requests {
        peer.push(&mut client, body)?;
    }
    peer.settle();
    let cpu_seconds = peer.cpu_seconds() - before;
    let peak_bytes = peer.peak_bytes();
    Ok(Cost {
        cpu_seconds,
        peak_bytes,
        stored_bytes: peer.stored_bytes()?,
    })
}

fn measure(shape: &Shape) -> Result<Table> {
    let mut table = Table::default();
    let kinds = kinds(&mut table);
    let requests = requests(shape, now_ms());
    let samples = (shape.series * shape.samples) as f64;
    let mut costs: Vec<Vec<Cost>> = kinds.iter().map(|_| Vec::new()).collect();
    for _ in 0..rounds() {
        for (kind, costs) in kinds.iter().zip(&mut costs) {
            costs.push(push_all(*kind, &requests)?);
        }
    }
    let figure = |of: fn(&Cost) -> f64| -> Vec<Option<f64>> {
        costs
            .iter()
            .map(|c| median(&c.iter().map(of).collect::<Vec<_>>()))
            .collect()
    };
    let rate = figure(|c| c.cpu_seconds)
        .into_iter()
        .map(|s| s.map(|s| samples / s / 1e6))
        .collect();
    table.row("M samples a CPU second, merges included", false, rate);
    let mib = figure(|c| c.peak_bytes)
        .into_iter()
        .map(|b| b.map(|b| b / 1048576.0))
        .collect();
    table.row("peak memory, MiB", true, mib);
    let each = figure(|c| c.stored_bytes)
        .into_iter()
        .map(|b| b.map(|b| b / samples))
        .collect();
    table.row("bytes a sample on disk, all in (bar M4)", true, each);
    table.notes.push(
        "VictoriaMetrics acknowledges before data is durable; ours is in the log before".to_owned(),
    );
    Ok(table)
}

pub fn m1() -> Result<Table> {
    measure(&Shape {
        series: 100_000,
        samples: 60,
        step_ms: 15_000,
        series_a_request: 2_000,
        samples_a_request: 1,
    })
}

pub fn m2() -> Result<Table> {
    measure(&Shape {
        series: 1_000,
        samples: 20_160,
        step_ms: 30_000,
        series_a_request: 100,
        samples_a_request: 20,
    })
}

pub fn m3() -> Result<Table> {
    let mut table = Table::default();
    let kinds = kinds(&mut table);
    let mut registrations = Vec::new();
    let mut steady = Vec::new();
    let mut memory = Vec::new();
    let series = 1_000_000;
    let shape = |samples| Shape {
        series,
        samples,
        step_ms: 15_000,
        series_a_request: 2_000,
        samples_a_request: 1,
    };
    let requests = requests(&shape(13), now_ms());
    let (first, rest) = requests.split_at(series / 2_000);
    for kind in &kinds {
        let peer = Peer::start(*kind, &Options::default())?;
        let mut client = Client::new(peer.address);
        let mut push = |bodies: &[Vec<u8>]| -> Result<f64> {
            let before = peer.cpu_seconds();
            for body in bodies {
                peer.push(&mut client, body)?;
            }
            peer.settle();
            Ok(peer.cpu_seconds() - before)
        };
        registrations.push(Some(series as f64 / push(first)? / 1e3));
        steady.push(Some(12.0 * series as f64 / push(rest)? / 1e6));
        memory.push(Some(peer.peak_bytes() / 1048576.0));
    }
    table.row("k new series a CPU second", false, registrations);
    table.row("then M samples a CPU second", false, steady);
    table.row("peak memory, MiB", true, memory);
    table
        .notes
        .push("one round: a run takes minutes".to_owned());
    Ok(table)
}
