//! The bars, one file per family, and the table that lists them.

mod alerts;
mod crash;
mod idle;
mod ingest;
mod logs;
mod long;
mod queries;
mod scrape;
mod text;

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Result;

use crate::peer::{Kind, Options, Peer};
use crate::table::Table;

/// A bar's name, its title, and what measures it.
pub type Bar = (&'static str, &'static str, fn() -> Result<Table>);

/// All bars.
pub const ALL: &[Bar] = &[
    (
        "m1",
        "remote write: 100 k series x 60 samples, 1 sample a series a request",
        ingest::m1,
    ),
    (
        "m2",
        "backfill: 1,000 series x 20,160 samples, 20 samples a series a request",
        ingest::m2,
    ),
    ("m3", "1 M new series x 1 sample, then x 12", ingest::m3),
    (
        "m5",
        "scrape 500 targets x 1,000 series every 5 s for 60 s",
        scrape::m5,
    ),
    (
        "m6",
        "exposition text to series ids and values, one core",
        text::m6,
    ),
    ("m7", "instant queries, CPU milliseconds each", queries::m7),
    (
        "m8",
        "range queries over 1 h at 15 s, CPU milliseconds each",
        queries::m8,
    ),
    ("m9", "kill -9 with 24 M samples in 100 k series", crash::m9),
    (
        "m10",
        "7 days of 1,000 series, CPU milliseconds each",
        long::m10,
    ),
    (
        "l1",
        "logs: 2.5 M lines of an hour pushed, and their bytes on disk (bar L2)",
        logs::l1,
    ),
    ("l3", "logs: ten questions to an hour", logs::l3),
    (
        "l4",
        "logs: a week at a twentieth of the rate, 1,200 streams",
        logs::l4,
    ),
    ("l5", "logs: filters on what lines hold", logs::l5),
    ("l5tail", "logs: ten live tails", logs::tail),
    ("l6", "logs: every line back, bit for bit", logs::l6),
    (
        "a1",
        "1,000 rules of 10 to 50 series every 5 s over 100 k series",
        alerts::a1,
    ),
    ("a2", "20 k alerts posted", alerts::a2),
    ("a3", "alert in to webhook out, group_wait 1 ms", alerts::a3),
    (
        "z1",
        "idle: everything that watches this host, for 60 s",
        idle::z1,
    ),
];

/// Rounds of each measurement; the median counts.
fn rounds() -> usize {
    std::env::var("ROUNDS")
        .ok()
        .and_then(|r| r.parse().ok())
        .unwrap_or(3)
}

fn now_ms() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// Names of the servers that can be started here, ours first; says which cannot.
fn kinds(table: &mut Table) -> Vec<Kind> {
    let mut found = Vec::new();
    for kind in Kind::METRICS {
        match Peer::start(kind, &Options::default()) {
            Ok(_) => found.push(kind),
            Err(error) => table
                .notes
                .push(format!("without {}: {error:#}", kind.name())),
        }
    }
    table.servers = found.iter().map(|k| k.name().to_owned()).collect();
    found
}
