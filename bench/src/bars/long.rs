//! M10: seven days of data, windows from minutes to the whole.

use anyhow::Result;

use super::queries::range_cost;
use super::{kinds, now_ms, rounds};
use crate::http::{Client, escape};
use crate::peer::{Options, Peer};
use crate::table::{Table, median};
use crate::workload::{Series, write_request};

const DAYS: i64 = 7;
const STEP_MS: i64 = 30_000;

pub fn m10() -> Result<Table> {
    let mut table = Table::default();
    let kinds = kinds(&mut table);
    let end_ms = now_ms() / 60_000 * 60_000;
    let peers: Vec<Peer> = kinds
        .iter()
        .map(|k| Peer::start(*k, &Options::default()))
        .collect::<Result<_>>()?;
    load(&peers, end_ms)?;
    for peer in &peers {
        peer.settle();
    }
    let queries = [
        ("sum(rate[5m])", "sum(rate(long[5m]))", 3_600),
        ("avg_over_time[1h]", "sum(avg_over_time(long[1h]))", 3_600),
        ("max_over_time[7d]", "max(max_over_time(long[7d]))", 0),
        (
            "quantile_over_time[1d]",
            "max(quantile_over_time(0.9, long[1d]))",
            21_600,
        ),
    ];
    for (title, query, step) in queries {
        let end = end_ms / 1000;
        let path = if step == 0 {
            format!("/api/v1/query?nocache=1&query={}&time={end}", escape(query))
        } else {
            format!(
                "/api/v1/query_range?nocache=1&query={}&start={}&end={end}&step={step}",
                escape(query),
                end - DAYS * 86_400
            )
        };
        let mut costs: Vec<Vec<f64>> = peers.iter().map(|_| Vec::new()).collect();
        for _ in 0..rounds() {
            for (peer, costs) in peers.iter().zip(&mut costs) {
                match range_cost(peer, &path) {
                    Ok(ms) => costs.push(ms),
                    Err(error) => {
                        table
                            .notes
                            .push(format!("{title}: {}: {error:#}", peer.kind.name()));
                    }
                }
            }
        }
        table.row(title, true, costs.iter().map(|c| median(c)).collect());
    }
    Ok(table)
}

fn load(peers: &[Peer], end_ms: i64) -> Result<()> {
    let steps = DAYS * 86_400_000 / STEP_MS;
    // All kinds under one name: functions drop the name, and the rest must differ.
    let mut series: Vec<Series> = (0..1_000)
        .map(|i| {
            let mut series = Series::new(0, i);
            series.labels[0].1 = "long".to_owned();
            series.labels.push(("series".to_owned(), i.to_string()));
            series
        })
        .collect();
    let mut clients: Vec<Client> = peers.iter().map(|p| Client::new(p.address)).collect();
    let mut encoder = snap::raw::Encoder::new();
    let mut body = Vec::new();
    for from in (0..steps).step_by(20) {
        for group in series.chunks_mut(250) {
            let points: Vec<Vec<(i64, f64)>> = group
                .iter_mut()
                .map(|s| {
                    (from..(from + 20).min(steps))
                        .map(|n| (end_ms - (steps - 1 - n) * STEP_MS, s.next_value()))
                        .collect()
                })
                .collect();
            let with_points = group
                .iter()
                .zip(&points)
                .map(|(s, p)| (&s.labels[..], &p[..]));
            write_request(with_points, &mut body);
            let compressed = encoder.compress_vec(&body)?;
            for (peer, client) in peers.iter().zip(&mut clients) {
                peer.push(client, &compressed)?;
            }
        }
    }
    Ok(())
}
