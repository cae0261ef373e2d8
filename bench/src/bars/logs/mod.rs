//! L1 to L6: logs. One file per bar, or per family of bars.

mod export;
mod ingest;
mod queries;
mod question;
mod tail;
mod week;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::Result;

pub use export::l6;
pub use ingest::l1;
pub use queries::{l3, l5};
pub use tail::tail;
pub use week::l4;

use crate::http::Client;
use crate::logs_workload::{Request, Requests};
use crate::peer::{Kind, Options, Peer};
use crate::table::Table;

/// Connections that push at the same time.
const CONNECTIONS: usize = 2;

/// How much of the workloads is sent, from the environment: `SCALE=0.1` for a
/// quick run.
fn scale() -> f64 {
    std::env::var("SCALE")
        .ok()
        .and_then(|s| s.parse().ok())
        .filter(|s| *s > 0.0 && *s <= 10.0)
        .unwrap_or(1.0)
}

/// Those of `wanted` that can be started here and keep logs; says which cannot.
/// An error when that leaves none.
fn kinds(table: &mut Table, wanted: &[Kind]) -> Result<Vec<Kind>> {
    let mut found = Vec::new();
    for kind in wanted {
        match Peer::start(*kind, &Options::default()).and_then(|peer| peer.keeps_logs()) {
            Ok(()) => found.push(*kind),
            Err(error) => table
                .notes
                .push(format!("{} not measured: {error:#}", kind.name())),
        }
    }
    anyhow::ensure!(
        !found.is_empty(),
        "no server for logs: {}",
        table.notes.join("; ")
    );
    table.servers = found.iter().map(|k| k.name().to_owned()).collect();
    if scale() != 1.0 {
        table.notes.push(format!("{} of the workload", scale()));
    }
    Ok(found)
}

/// Pushes what was made before, on all connections.
fn push_made(peer: &Peer, requests: &[Request]) -> Result<()> {
    let next = AtomicUsize::new(0);
    on_all_connections(peer, |client| {
        while let Some(request) = requests.get(next.fetch_add(1, Ordering::Relaxed)) {
            peer.push_logs(client, &request.body)?;
        }
        Ok(())
    })
}

/// Pushes while the requests are made; answers the bytes of their lines.
fn push_making(peer: &Peer, requests: Requests) -> Result<u64> {
    let making = Mutex::new((requests, 0));
    on_all_connections(peer, |client| {
        loop {
            let made = {
                let mut making = making.lock().unwrap_or_else(|e| e.into_inner());
                let made = making.0.next_request()?;
                making.1 += made.as_ref().map_or(0, |r| r.raw_bytes);
                made
            };
            let Some(request) = made else { return Ok(()) };
            peer.push_logs(client, &request.body)?;
        }
    })?;
    Ok(making.into_inner().unwrap_or_else(|e| e.into_inner()).1)
}

fn on_all_connections(peer: &Peer, push: impl Fn(&mut Client) -> Result<()> + Sync) -> Result<()> {
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..CONNECTIONS)
            .map(|_| scope.spawn(|| push(&mut Client::new(peer.address))))
            .collect();
        threads
            .into_iter()
            .try_for_each(|thread| match thread.join() {
                Ok(result) => result,
                Err(_) => anyhow::bail!("a connection's thread panicked"),
            })
    })
}
