//! L6: every line read back, page by page, and compared bit for bit.

use std::time::Instant;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::{kinds, push_made, scale};
use crate::bars::now_ms;
use crate::http::{Client, escape};
use crate::logs_workload::{Lines, Load, Shape};
use crate::peer::{Kind, Options, Peer};
use crate::table::Table;

/// Lines of one page: what Loki gives at most.
const PAGE: usize = 5_000;

pub fn l6() -> Result<Table> {
    let mut table = Table::default();
    let shape = Shape::hour(now_ms(), scale());
    let load = Load::new(shape)?;
    let (mut cpu, mut wall) = (Vec::new(), Vec::new());
    for kind in kinds(&mut table, &[Kind::Binnacle, Kind::Loki])? {
        let peer = Peer::start(kind, &Options::default())?;
        push_made(&peer, &load.requests)?;
        let peer = peer.flushed()?;
        let before = peer.cpu_seconds();
        match export(&peer, shape) {
            Ok(wall_seconds) => {
                let cpu_seconds = peer.cpu_seconds() - before;
                cpu.push(Some(load.raw_bytes as f64 / cpu_seconds / 1e6));
                wall.push(Some(load.raw_bytes as f64 / wall_seconds / 1e6));
            }
            Err(error) => {
                table.notes.push(format!("{}: {error:#}", kind.name()));
                cpu.push(None);
                wall.push(None);
            }
        }
    }
    table.row("MB a CPU second", false, cpu);
    table.row("MB a second, reading only", false, wall);
    table.notes.push(format!(
        "{:.0} MB of lines in pages of {PAGE} over HTTP, each line compared with what was pushed; one round",
        load.raw_bytes as f64 / 1e6
    ));
    Ok(table)
}

/// Reads all pages in the order of time; an error at the first line that differs.
/// Answers the seconds spent waiting for pages.
fn export(peer: &Peer, shape: Shape) -> Result<f64> {
    let mut client = Client::new(peer.address);
    let mut lines = Lines::new(shape);
    let mut want = String::new();
    let mut start_ns = shape.end_ns - shape.span_ns;
    let (mut read, mut seconds) = (0, 0.0);
    let query = escape("{app=~\".+\"}");
    while read < shape.lines {
        let path = format!(
            "/loki/api/v1/query_range?query={query}&start={start_ns}&end={}&limit={PAGE}&direction=forward",
            shape.end_ns + 1
        );
        let begun = Instant::now();
        let response = client.get(&path)?;
        seconds += begun.elapsed().as_secs_f64();
        ensure!(
            response.status == 200,
            "answered {}: {}",
            response.status,
            String::from_utf8_lossy(&response.body)
        );
        let page = page(&response.body)?;
        ensure!(!page.is_empty(), "only {read} of {} lines", shape.lines);
        for (t_ns, pod, line) in &page {
            let place = lines.next_into(&mut want).context("too many lines")?;
            ensure!(
                *t_ns == place.t_ns && *line == want && *pod == shape.pod(place.stream),
                "line {read} differs:\n  {t_ns} {pod} {line}\nis not\n  {} {} {want}",
                place.t_ns,
                shape.pod(place.stream)
            );
            read += 1;
            start_ns = t_ns + 1;
        }
    }
    Ok(seconds)
}

/// Time, pod and text of the lines of a page, in the order of time.
fn page(body: &[u8]) -> Result<Vec<(i64, String, String)>> {
    let mut json: Value = serde_json::from_slice(body)?;
    let streams = json["data"]["result"].as_array_mut().context("no result")?;
    let mut page = Vec::with_capacity(PAGE);
    for stream in streams {
        let pod = stream["stream"]["pod"]
            .as_str()
            .context("no pod")?
            .to_owned();
        for entry in stream["values"].as_array_mut().context("no values")? {
            let t_ns = entry[0].as_str().context("no time")?.parse()?;
            let Value::String(line) = entry[1].take() else {
                anyhow::bail!("a line that is no text");
            };
            page.push((t_ns, pod.clone(), line));
        }
    }
    page.sort_by_key(|(t_ns, ..)| *t_ns);
    Ok(page)
}
