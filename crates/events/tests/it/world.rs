//! What the tests share: an engine on simulated files with a clock by hand.

use std::path::Path;
use std::sync::Arc;

use binnacle_events::{Engine, EngineOptions, OpenReport};
use binnacle_model::event::select::{Fields, Lines, Wanted};
use binnacle_model::event::{
    Condition, EventBatch, EventSelection, FieldValue, Rows, SelectEvents,
};
use binnacle_model::limits::{Meter, QueryLimits};
use binnacle_model::{Labels, Matcher};
use binnacle_stdx::clock::ManualClock;
use binnacle_stdx::files::SimulatedFiles;
use binnacle_store::wal::SyncPolicy;

/// A row as it is expected back.
pub type Row = (Labels, i64, Vec<u8>, Vec<(String, String)>);

pub const DIR: &str = "/data/logs";

pub fn options() -> EngineOptions {
    EngineOptions {
        sync: SyncPolicy::Never,
        reserve_bytes: 0,
        retention_ms: 0,
        ..EngineOptions::default()
    }
}

pub fn open(
    files: &Arc<SimulatedFiles>,
    clock: &Arc<ManualClock>,
    options: EngineOptions,
) -> (Engine, OpenReport) {
    let files = files.clone() as Arc<dyn binnacle_stdx::files::Files>;
    Engine::open(files, Path::new(DIR), options, clock.clone()).expect("open")
}

/// A batch of rows.
pub fn batch(rows: &[Row]) -> EventBatch {
    let mut batch = EventBatch::default();
    for (labels, t_ns, line, fields) in rows {
        batch.begin_stream(labels);
        batch.push_row(*t_ns, line);
        for (name, value) in fields {
            batch.push_field(name, FieldValue::Text(value.as_bytes()));
        }
    }
    batch
}

/// All rows that match, in a fixed order.
pub fn read(
    engine: &Engine,
    matchers: &[Matcher],
    start_ns: i64,
    end_ns: i64,
    conditions: &[Condition],
) -> Vec<Row> {
    let selection = EventSelection {
        matchers: matchers.to_vec(),
        start_ns,
        end_ns,
        conditions: conditions.to_vec(),
        wanted: Wanted {
            lines: Lines::All,
            fields: Fields::All,
            ..Wanted::default()
        },
    };
    let meter = Arc::new(Meter::new(QueryLimits::default()));
    let set = engine.select(&selection, &meter).expect("select");
    for i in 0..conditions.len() {
        assert!(set.applies(i));
    }
    let mut found = Vec::new();
    let mut rows = Rows::default();
    for (unit, known) in set.units().iter().enumerate() {
        set.read(unit, start_ns, end_ns, &mut rows).expect("read");
        assert!(rows.len() as u64 <= known.rows);
        for row in 0..rows.len() {
            let t_ns = rows.times_ns[row];
            assert!(t_ns >= known.min_ns && t_ns <= known.max_ns);
            let mut fields = Vec::new();
            for column in &rows.fields {
                let mut text = Vec::new();
                if column.values.write_text(row, &mut text) {
                    fields.push((column.name.clone(), String::from_utf8(text).expect("UTF-8")));
                }
            }
            fields.sort();
            found.push((
                set.labels(rows.streams[row]),
                t_ns,
                rows.lines.get(row).to_vec(),
                fields,
            ));
        }
    }
    found.sort();
    found
}

/// Everything.
pub fn all(engine: &Engine) -> Vec<Row> {
    read(engine, &[], i64::MIN, i64::MAX, &[])
}
