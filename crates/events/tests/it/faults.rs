//! What the disk can do to the engine.

use std::path::Path;
use std::sync::Arc;

use binnacle_model::Labels;
use binnacle_model::append::AppendError;
use binnacle_model::event::append::EventRefusal;
use binnacle_model::event::{AppendEvents, EventBatch};
use binnacle_stdx::clock::ManualClock;
use binnacle_stdx::files::{Files, SimulatedFiles};

use crate::world::{DIR, Row, all, batch, open, options};

fn row(n: i64) -> Row {
    let labels = Labels::from_pairs([("app", "a")]);
    (labels, n, format!("line {n}").into_bytes(), Vec::new())
}

#[test]
fn garbage_in_any_file_is_told_and_does_no_harm() {
    let clock = Arc::new(ManualClock::new(1_000));
    let files = Arc::new(SimulatedFiles::new());
    let engine = open(&files, &clock, options()).0;
    engine.append(&batch(&[row(1), row(2)])).expect("append");
    engine.flush().expect("flush");
    engine.append(&batch(&[row(3)])).expect("append");
    drop(engine);
    let part = files
        .list(Path::new(DIR))
        .expect("list")
        .into_iter()
        .find(|p| p.extension().is_some_and(|e| e == "events"))
        .expect("a part");
    let good = files.read(&part).expect("read");
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 0x55;
        let file = files.create(&part).expect("create");
        file.write_all(&bad).expect("write");
        let copy = Arc::new(SimulatedFiles::new());
        copy.create_dir_all(&Path::new(DIR).join("wal"))
            .expect("dir");
        for dir in [Path::new(DIR).to_owned(), Path::new(DIR).join("wal")] {
            for path in files.list(&dir).expect("list") {
                if let Ok(bytes) = files.read(&path) {
                    let file = copy.create(&path).expect("create");
                    file.write_all(&bytes).expect("write");
                }
            }
        }
        let opened = binnacle_events::Engine::open(
            copy.clone() as Arc<dyn Files>,
            Path::new(DIR),
            options(),
            clock.clone(),
        );
        // A newer version is refused as a whole; all else opens.
        let Ok((engine, _)) = opened else { continue };
        let selection = binnacle_model::event::EventSelection {
            start_ns: i64::MIN,
            end_ns: i64::MAX,
            ..Default::default()
        };
        let meter = Arc::new(binnacle_model::limits::Meter::new(Default::default()));
        use binnacle_model::event::SelectEvents;
        let set = engine.select(&selection, &meter).expect("select");
        let mut rows = binnacle_model::event::Rows::default();
        for unit in 0..set.units().len() {
            // Damage shows as an error, not as other rows.
            if set.read(unit, i64::MIN, i64::MAX, &mut rows).is_ok() {
                assert!(rows.times_ns.iter().all(|t| (1..=3).contains(t)), "at {at}");
            }
        }
    }
}

#[test]
fn streams_have_a_limit_and_labels_are_checked() {
    let clock = Arc::new(ManualClock::new(1_000));
    let files = Arc::new(SimulatedFiles::new());
    let settings = binnacle_events::EngineOptions {
        streams_max: 1,
        ..options()
    };
    let engine = open(&files, &clock, settings).0;
    let mut mixed = EventBatch::default();
    mixed.begin_stream(&Labels::from_pairs([("app", "a")]));
    mixed.push_row(1, b"one");
    mixed.begin_stream(&Labels::from_pairs([("app", "b")]));
    mixed.push_row(2, b"two");
    mixed.begin_stream_bytes(b"\x05broken");
    mixed.push_row(3, b"three");
    let answer = engine.append(&mixed).expect("append");
    assert_eq!(answer.rows, 1);
    assert_eq!(
        answer.refused,
        [
            (1, EventRefusal::TooManyStreams),
            (2, EventRefusal::BadLabels)
        ]
    );
    assert_eq!(all(&engine).len(), 1);
}

#[test]
fn a_closed_engine_takes_nothing() {
    let clock = Arc::new(ManualClock::new(1_000));
    let files = Arc::new(SimulatedFiles::new());
    let engine = open(&files, &clock, options()).0;
    engine.append(&batch(&[row(1)])).expect("append");
    engine.close().expect("close");
    assert_eq!(engine.append(&batch(&[row(2)])), Err(AppendError::Closed));
    drop(engine);
    assert_eq!(all(&open(&files, &clock, options()).0), [row(1)]);
}
