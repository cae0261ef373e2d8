//! M7 and M8: instant and range queries over one hour of data.

use anyhow::{Context, Result};

use super::{kinds, now_ms};
use crate::http::{Client, escape};
use crate::peer::{Options, Peer};
use crate::table::{Table, median};
use crate::workload::write_request;

const STEP_MS: i64 = 15_000;
const HOUR_STEPS: i64 = 240;

/// A metric to load: its name, its series over instances of a hundred, and its
/// samples each, the last at the end. It counts up.
type Load = (&'static str, usize, i64);

fn labels(metric: &str, i: usize) -> Vec<(String, String)> {
    let bounds = [
        "0.1", "0.5", "1", "2.5", "5", "10", "25", "50", "100", "+Inf",
    ];
    [
        ("__name__", metric.to_owned()),
        ("code", ["200", "404", "500"][i % 3].to_owned()),
        ("handler", format!("/api/v1/resource/{:03}", i % 100)),
        (
            "instance",
            format!("10.0.{}.{}:9100", i / 100 / 250, i / 100 % 250),
        ),
        ("job", "service".to_owned()),
        ("le", bounds[i % 10].to_owned()),
        ("series", i.to_string()),
    ]
    .map(|(n, v)| (n.to_owned(), v))
    .to_vec()
}

/// Loads all metrics side by side in the order of time, as agents send, a few
/// samples of each series in a request: Prometheus takes nothing that is old.
fn load(peer: &Peer, loads: &[Load], end_ms: i64) -> Result<()> {
    const AT_ONCE: i64 = 10;
    let mut client = Client::new(peer.address);
    let mut encoder = snap::raw::Encoder::new();
    let mut body = Vec::new();
    let all: Vec<Vec<Vec<(String, String)>>> = loads
        .iter()
        .map(|(metric, series, _)| (0..*series).map(|i| labels(metric, i)).collect())
        .collect();
    let longest = loads.iter().map(|(.., steps)| *steps).max().unwrap_or(0);
    for before_end in (0..longest).step_by(AT_ONCE as usize).map(|n| longest - n) {
        for ((_, _, steps), labels) in loads.iter().zip(&all) {
            let (from, to) = (steps - before_end, steps - before_end + AT_ONCE);
            for (chunk, group) in labels.chunks(1_000).enumerate() {
                let points: Vec<Vec<(i64, f64)>> = (0..group.len())
                    .map(|j| {
                        let i = (chunk * 1_000 + j) as i64;
                        let rate = (1 + i % 97) * (1 + i % 10);
                        (from.max(0)..to.min(*steps))
                            .map(|n| (end_ms - (steps - 1 - n) * STEP_MS, (n * rate) as f64))
                            .collect()
                    })
                    .collect();
                if points.iter().all(Vec::is_empty) {
                    continue;
                }
                write_request(
                    group.iter().zip(&points).map(|(l, p)| (&l[..], &p[..])),
                    &mut body,
                );
                peer.push(&mut client, &encoder.compress_vec(&body)?)?;
            }
        }
    }
    Ok(())
}

/// CPU milliseconds of one request, and a number that says how much came back.
fn cost(peer: &Peer, path: &str) -> Result<(f64, usize)> {
    let mut client = Client::new(peer.address);
    let mut ask = || -> Result<usize> {
        let response = client.get(path)?;
        anyhow::ensure!(
            response.status == 200,
            "{}: {}",
            response.status,
            String::from_utf8_lossy(&response.body)
        );
        Ok(response.body.len())
    };
    // Warm, and see how long one takes.
    let begun = std::time::Instant::now();
    let bytes = ask()?;
    let one = begun.elapsed().as_secs_f64();
    // The kernel counts CPU in ticks of 10 ms: run until there are enough of them.
    let repeats = ((0.4 / one.max(1e-5)) as usize).clamp(3, 3_000);
    let before = peer.cpu_seconds();
    for _ in 0..repeats {
        ask()?;
    }
    Ok(((peer.cpu_seconds() - before) * 1e3 / repeats as f64, bytes))
}

fn measure(
    loads: &[Load],
    queries: &[(&str, &str)],
    path: impl Fn(&str, i64) -> String,
) -> Result<Table> {
    let mut table = Table::default();
    let kinds = kinds(&mut table);
    let end_ms = now_ms() / STEP_MS * STEP_MS;
    let peers: Vec<Peer> = kinds
        .iter()
        .map(|k| Peer::start(*k, &Options::default()))
        .collect::<Result<_>>()?;
    for peer in &peers {
        load(peer, loads, end_ms).with_context(|| format!("load {}", peer.kind.name()))?;
    }
    for peer in &peers {
        peer.settle();
    }
    for (title, query) in queries {
        let path = path(query, end_ms);
        let mut costs: Vec<Vec<f64>> = peers.iter().map(|_| Vec::new()).collect();
        for _ in 0..super::rounds() {
            for (peer, costs) in peers.iter().zip(&mut costs) {
                match cost(peer, &path) {
                    Ok((ms, _)) => costs.push(ms),
                    Err(error) => {
                        table
                            .notes
                            .push(format!("{title}: {}: {error:#}", peer.kind.name()));
                    }
                }
            }
        }
        table.row(*title, true, costs.iter().map(|c| median(c)).collect());
    }
    Ok(table)
}

pub fn m7() -> Result<Table> {
    measure(
        &[("small", 5_000, HOUR_STEPS), ("large", 100_000, 8)],
        &[
            ("one series", "small{series=\"77\"}"),
            ("count of 5 k", "count(small)"),
            ("count of 100 k", "count(large)"),
            ("sum(rate[5m]) of 5 k", "sum(rate(small[5m]))"),
            (
                "regex on instance",
                "count(small{instance=~\"10.0.0.1.*\"})",
            ),
            ("topk of rates", "topk(5, rate(small[5m]))"),
            (
                "histogram_quantile, 500 x 10",
                "histogram_quantile(0.9, sum by (le, handler, instance) (rate(small[5m])))",
            ),
        ],
        |query, end_ms| {
            format!(
                "/api/v1/query?nocache=1&query={}&time={}",
                escape(query),
                end_ms / 1000
            )
        },
    )
}

pub fn m8() -> Result<Table> {
    measure(
        &[
            ("small", 5_000, HOUR_STEPS + 20),
            ("other", 5_000, HOUR_STEPS + 20),
            ("wide", 45_000, 60),
        ],
        &[
            ("one series", "small{series=\"77\"}"),
            (
                "rate of 50",
                "rate(small{handler=\"/api/v1/resource/007\"}[5m])",
            ),
            ("sum(rate) of 5 k", "sum(rate(small[5m]))"),
            (
                "sum by (instance) of 5 k",
                "sum by (instance) (rate(small[5m]))",
            ),
            ("max_over_time of 5 k", "max(max_over_time(small[5m]))"),
            (
                "quantile by of 5 k",
                "quantile by (instance) (0.9, rate(small[5m]))",
            ),
            (
                "join 5 k x 5 k",
                "sum(rate(small[5m]) / on (series) group_left () rate(other[5m]))",
            ),
            ("sum of 45 k", "sum(wide)"),
        ],
        |query, end_ms| {
            format!(
                "/api/v1/query_range?nocache=1&query={}&start={}&end={}&step=15",
                escape(query),
                end_ms / 1000 - 3600,
                end_ms / 1000
            )
        },
    )
}

/// CPU milliseconds of one range query; used by the bar of long ranges.
pub(super) fn range_cost(peer: &Peer, path: &str) -> Result<f64> {
    cost(peer, path).map(|(ms, _)| ms)
}
