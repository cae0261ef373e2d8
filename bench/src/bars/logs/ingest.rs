//! L1 and L2: an hour of logs pushed, what it costs in CPU and memory, and how
//! small it gets on disk.

use anyhow::Result;

use super::{kinds, push_made, scale};
use crate::bars::{now_ms, rounds};
use crate::logs_workload::{Load, Shape};
use crate::peer::{Kind, Options, Peer};
use crate::table::{Table, median};

struct Cost {
    cpu_seconds: f64,
    wall_seconds: f64,
    peak_bytes: f64,
    stored_bytes: f64,
}

pub fn l1() -> Result<Table> {
    let mut table = Table::default();
    let kinds = kinds(&mut table, &Kind::LOGS)?;
    let load = Load::new(Shape::hour(now_ms(), scale()))?;
    let mut costs: Vec<Vec<Cost>> = kinds.iter().map(|_| Vec::new()).collect();
    for _ in 0..rounds() {
        for (kind, costs) in kinds.iter().zip(&mut costs) {
            costs.push(push_all(*kind, &load)?);
        }
    }
    let raw = load.raw_bytes as f64;
    let mut row = |figure: &str, less_is_better, of: &dyn Fn(&Cost) -> f64| {
        let values = costs
            .iter()
            .map(|c| median(&c.iter().map(of).collect::<Vec<_>>()))
            .collect();
        table.row(figure, less_is_better, values);
    };
    row("MB a CPU second, merges included", false, &|c| {
        raw / c.cpu_seconds / 1e6
    });
    row("MB a second until all was taken", false, &|c| {
        raw / c.wall_seconds / 1e6
    });
    row("peak memory, MiB", true, &|c| c.peak_bytes / 1_048_576.0);
    row("times smaller than raw on disk (bar L2)", false, &|c| {
        raw / c.stored_bytes
    });
    table.notes.push(format!(
        "{:.0} MB of lines, 120 streams; VictoriaLogs acknowledges before data is on disk, Loki before its log is synced",
        raw / 1e6
    ));
    Ok(table)
}

fn push_all(kind: Kind, load: &Load) -> Result<Cost> {
    let peer = Peer::start(kind, &Options::default())?;
    let before = peer.cpu_seconds();
    let begun = std::time::Instant::now();
    push_made(&peer, &load.requests)?;
    let wall_seconds = begun.elapsed().as_secs_f64();
    // Compressing, writing and merging belong to the cost.
    let peer = peer.flushed()?;
    Ok(Cost {
        cpu_seconds: peer.cpu_seconds() - before,
        wall_seconds,
        peak_bytes: peer.peak_bytes(),
        stored_bytes: peer.logs_stored_bytes()?,
    })
}
