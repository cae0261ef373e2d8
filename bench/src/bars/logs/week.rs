//! L4: a week at a twentieth of the rate, with ten times the streams.

use anyhow::Result;

use super::queries::ten;
use super::question::{Window, ask_all};
use super::{kinds, push_making, scale};
use crate::bars::now_ms;
use crate::logs_workload::{Lines, Requests, Shape};
use crate::peer::{Kind, Options, Peer};
use crate::table::Table;

pub fn l4() -> Result<Table> {
    let mut table = Table::default();
    let shape = Shape::week(now_ms(), scale());
    let needle = needle(shape);
    let mut peers = Vec::new();
    let (mut rate, mut pushed, mut stored) = (Vec::new(), Vec::new(), Vec::new());
    let mut raw = 0.0;
    // Loki's answers to L3 take seconds for an hour.
    for kind in kinds(&mut table, &[Kind::Binnacle, Kind::VictoriaLogs])? {
        let peer = Peer::start(kind, &Options::default())?;
        let before = peer.cpu_seconds();
        raw = push_making(&peer, Requests::new(shape))? as f64;
        let peer = peer.flushed()?;
        rate.push(Some(raw / (peer.cpu_seconds() - before) / 1e6));
        pushed.push(Some(peer.peak_bytes() / 1_048_576.0));
        stored.push(Some(raw / peer.logs_stored_bytes()?));
        peers.push(peer);
    }
    table.row("MB a CPU second, merges included", false, rate);
    table.row("peak memory while pushed, MiB", true, pushed);
    table.row("times smaller than raw on disk", false, stored);
    let window = Window {
        start_ns: shape.end_ns - shape.span_ns,
        end_ns: shape.end_ns,
    };
    ask_all(
        &peers,
        &ten(shape, &needle, "7d", 3_600),
        window,
        &mut table,
    )?;
    let peak = peers.iter().map(|p| Some(p.peak_bytes() / 1_048_576.0));
    table.row("peak memory with the questions, MiB", true, peak.collect());
    table.notes.push(format!(
        "{:.0} MB of lines, 1,200 streams; one round of pushing",
        raw / 1e6
    ));
    Ok(table)
}

/// A trace id from the middle.
fn needle(shape: Shape) -> String {
    let mut lines = Lines::new(shape);
    let mut text = String::new();
    for _ in 0..shape.lines / 2 {
        lines.next_into(&mut text);
    }
    lines.last_trace().to_owned()
}
