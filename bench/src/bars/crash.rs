//! M9: a crash with data in the head and writes going on.

use anyhow::Result;

use super::{kinds, now_ms};
use crate::http::Client;
use crate::peer::{Kind, Options, Peer};
use crate::table::Table;
use crate::workload::{SERIES_PER_TARGET, Series, write_request};

const SERIES: usize = 100_000;
const SAMPLES: usize = 240;
const STEP_MS: i64 = 15_000;

pub fn m9() -> Result<Table> {
    let mut table = Table::default();
    let kinds = kinds(&mut table);
    let mut ready = Vec::new();
    let mut answer = Vec::new();
    let mut lost = Vec::new();
    for kind in kinds {
        let (ready_seconds, answer_seconds, lost_samples) = crash(kind)?;
        ready.push(Some(ready_seconds));
        answer.push(Some(answer_seconds));
        lost.push(Some(lost_samples));
    }
    table.row("seconds until ready", true, ready);
    table.row("seconds until the first right answer", true, answer);
    table.row("acknowledged samples lost", true, lost);
    table.notes.push(
        "lost: of the last acknowledged step, series that are not there after the restart"
            .to_owned(),
    );
    Ok(table)
}

fn crash(kind: Kind) -> Result<(f64, f64, f64)> {
    let peer = Peer::start(kind, &Options::default())?;
    let mut client = Client::new(peer.address);
    let end_ms = now_ms() / 1000 * 1000;
    let mut series: Vec<Series> = (0..SERIES)
        .map(|i| Series::new(i / SERIES_PER_TARGET, i % SERIES_PER_TARGET))
        .collect();
    let mut encoder = snap::raw::Encoder::new();
    let mut body = Vec::new();
    for from in (0..SAMPLES).step_by(4) {
        for group in series.chunks_mut(1_000) {
            let points: Vec<Vec<(i64, f64)>> = group
                .iter_mut()
                .map(|s| {
                    (from..from + 4)
                        .map(|n| (end_ms - (SAMPLES - 1 - n) as i64 * STEP_MS, s.next_value()))
                        .collect()
                })
                .collect();
            write_request(
                group
                    .iter()
                    .zip(&points)
                    .map(|(s, p)| (&s.labels[..], &p[..])),
                &mut body,
            );
            peer.push(&mut client, &encoder.compress_vec(&body)?)?;
        }
    }
    let begun = std::time::Instant::now();
    let (peer, ready_seconds) = peer.crash_and_restart()?;
    let mut client = Client::new(peer.address);
    // Of every series the newest sample, which was acknowledged just before.
    let query = "count(last_over_time({job=~\"service-.*\"}[14s]))";
    let json = peer.instant(&mut client, query, end_ms)?;
    let found: f64 = json["data"]["result"][0]["value"][1]
        .as_str()
        .and_then(|text| text.parse().ok())
        .unwrap_or(0.0);
    Ok((
        ready_seconds,
        begun.elapsed().as_secs_f64(),
        SERIES as f64 - found,
    ))
}
