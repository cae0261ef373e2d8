//! Damaged files, limits, and an engine that is closed.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use binnacle_events::{Engine, EngineError, EngineOptions};
use binnacle_model::append::AppendError;
use binnacle_model::event::append::EventRefusal;
use binnacle_model::event::select::ValueTest;
use binnacle_model::event::{AppendEvents, Condition, EventBatch, Rows, SelectEvents};
use binnacle_model::limits::{Meter, QueryLimits};
use binnacle_model::{Labels, Matcher};
use binnacle_stdx::clock::ManualClock;
use binnacle_stdx::files::{Crash, Files, SimulatedFiles};

use crate::world::{DIR, NOW_MS, Question, all, batch, everything, open, options, plain};

fn in_dir(files: &SimulatedFiles) -> Vec<PathBuf> {
    let dir = Path::new(DIR);
    [dir.to_owned(), dir.join("parts"), dir.join("wal")]
        .iter()
        .flat_map(|dir| files.list(dir).expect("list"))
        .filter(|path| files.read(path).is_ok())
        .collect()
}

/// Rows that can be read; damage shows as an error, never as other rows.
fn readable(engine: &Engine) -> Vec<i64> {
    let question = Question::all();
    let meter = Arc::new(Meter::new(QueryLimits::default()));
    let Ok(set) = engine.select(&question.selection(everything()), &meter) else {
        return Vec::new();
    };
    let mut times = Vec::new();
    let mut rows = Rows::default();
    for unit in 0..set.units().len() {
        if set.read(unit, i64::MIN, i64::MAX, &mut rows).is_ok() {
            for row in 0..rows.len() {
                let t_ns = rows.times_ns[row];
                assert_eq!(rows.lines.get(row), format!("line {t_ns}").as_bytes());
                times.push(t_ns);
            }
        }
    }
    times
}

#[test]
fn garbage_in_any_file_is_told_and_does_no_harm() {
    let clock = Arc::new(ManualClock::new(NOW_MS));
    let files = Arc::new(SimulatedFiles::new());
    let engine = open(&files, &clock, options()).0;
    let row = |n: i64| plain(["a", "b"][n as usize % 2], n, &format!("line {n}"));
    engine.append(&batch(&[row(1), row(2)])).expect("append");
    engine.flush().expect("flush");
    engine.append(&batch(&[row(3)])).expect("append");
    engine
        .delete("", &[Matcher::equal("app", "a")], 9, 9, &[])
        .expect("delete");
    engine.append(&batch(&[row(4), row(5)])).expect("append");
    drop(engine);
    let paths = in_dir(&files);
    assert!(paths.len() >= 5, "manifest, tombstones, two parts, log");
    for path in &paths {
        let len = files.read(path).expect("read").len();
        for at in 0..len {
            let copy = Arc::new(files.after(Crash::Process));
            copy.flip_bit(path, at, (at % 8) as u8);
            let opened = Engine::open(
                copy.clone() as Arc<dyn Files>,
                Path::new(DIR),
                options(),
                clock.clone(),
            );
            // A newer version is refused as a whole; all else opens.
            let Ok((engine, report)) = opened else {
                continue;
            };
            let times = readable(&engine);
            assert!(times.iter().all(|t| (1..=5).contains(t)), "{path:?} {at}");
            let told = !report.quarantined.is_empty()
                || !report.dropped.is_empty()
                || engine.stats().corrupt_reads > 0;
            assert!(times.len() >= 5 || told, "{path:?} at {at}: {times:?}");
            engine.append(&batch(&[row(6)])).expect("append");
            let _ = engine.tick();
        }
    }
}

#[test]
fn garbage_instead_of_any_file_is_told_and_does_no_harm() {
    let clock = Arc::new(ManualClock::new(NOW_MS));
    let files = Arc::new(SimulatedFiles::new());
    let engine = open(&files, &clock, options()).0;
    engine
        .append(&batch(&[plain("a", 1, "line 1")]))
        .expect("append");
    engine.delete("", &[], 9, 9, &[]).expect("delete");
    engine
        .append(&batch(&[plain("a", 2, "line 2")]))
        .expect("append");
    drop(engine);
    for path in in_dir(&files) {
        for garbage in [&b""[..], &[0; 5000], &[0xa5; 5000]] {
            let copy = Arc::new(files.after(Crash::Process));
            let file = copy.create(&path).expect("create");
            file.write_all(garbage).expect("write");
            let (engine, report) = open(&copy, &clock, options());
            let told = report.quarantined.len() + report.dropped.len();
            let is_empty_log = garbage.is_empty() && path.starts_with(Path::new(DIR).join("wal"));
            assert!(told > 0 || is_empty_log, "{path:?}");
            assert!(readable(&engine).len() <= 3);
            engine
                .append(&batch(&[plain("a", 3, "line 3")]))
                .expect("append");
            assert!(readable(&engine).contains(&3));
        }
    }
}

#[test]
fn without_its_manifest_it_serves_what_is_there() {
    let clock = Arc::new(ManualClock::new(NOW_MS));
    let files = Arc::new(SimulatedFiles::new());
    let engine = open(&files, &clock, options()).0;
    let rows = [plain("a", 1, "line 1"), plain("a", 2, "line 2")];
    engine.append(&batch(&rows[..1])).expect("append");
    engine.flush().expect("flush");
    engine.append(&batch(&rows[1..])).expect("append");
    drop(engine);
    files
        .remove(&Path::new(DIR).join("manifest"))
        .expect("remove");
    let (engine, report) = open(&files, &clock, options());
    assert_eq!(report.parts, 1);
    assert_eq!(all(&engine), rows);
    engine.flush().expect("flush");
    assert_eq!(engine.stats().parts, 2);
}

#[test]
fn streams_have_a_limit_and_labels_are_checked() {
    let clock = Arc::new(ManualClock::new(1_000));
    let files = Arc::new(SimulatedFiles::new());
    let settings = EngineOptions {
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
    mixed.begin_stream_bytes(b"");
    mixed.push_row(4, b"four");
    let answer = engine.append(&mixed).expect("append");
    assert_eq!(answer.rows, 1);
    assert_eq!(
        answer.refused,
        [
            (1, EventRefusal::TooManyStreams),
            (2, EventRefusal::BadLabels),
            (3, EventRefusal::BadLabels),
        ]
    );
    assert_eq!(all(&engine), [plain("a", 1, "one")]);
}

#[test]
fn a_stream_that_is_gone_makes_room_for_another() {
    let clock = Arc::new(ManualClock::new(NOW_MS));
    let files = Arc::new(SimulatedFiles::new());
    let settings = EngineOptions {
        streams_max: 1,
        retention_ms: 1_000,
        ..options()
    };
    let engine = open(&files, &clock, settings).0;
    let old = plain("old", NOW_MS * 1_000_000, "x");
    engine.append(&batch(&[old])).expect("append");
    engine.flush().expect("flush");
    clock.advance(100_000);
    engine.tick().expect("tick");
    let new = plain("new", (NOW_MS + 100_000) * 1_000_000, "x");
    let answer = engine
        .append(&batch(std::slice::from_ref(&new)))
        .expect("append");
    assert_eq!(answer.refused, []);
    assert_eq!(all(&engine), [new]);
}

#[test]
fn a_closed_engine_takes_nothing() {
    let clock = Arc::new(ManualClock::new(1_000));
    let files = Arc::new(SimulatedFiles::new());
    let engine = open(&files, &clock, options()).0;
    let row = plain("a", 1, "x");
    engine
        .append(&batch(std::slice::from_ref(&row)))
        .expect("append");
    engine.close().expect("close");
    assert_eq!(
        engine.append(&batch(&[plain("a", 2, "y")])),
        Err(AppendError::Closed)
    );
    drop(engine);
    assert_eq!(all(&open(&files, &clock, options()).0), [row]);
}

#[test]
fn one_process_for_each_directory() {
    let dir = tempfile::tempdir().expect("a folder");
    let clock = Arc::new(ManualClock::new(1_000));
    let settings = EngineOptions {
        lock: true,
        ..options()
    };
    let open = || {
        let files = binnacle_store::disk::files();
        Engine::open(files, dir.path(), settings.clone(), clock.clone())
    };
    let (engine, _) = open().expect("open");
    engine
        .append(&batch(&[plain("a", 1, "x")]))
        .expect("append");
    assert!(matches!(open(), Err(EngineError::Locked { .. })));
    drop(engine);
    assert_eq!(all(&open().expect("open").0).len(), 1);
}

#[test]
fn what_is_extracted_cannot_be_deleted_by() {
    let clock = Arc::new(ManualClock::new(1_000));
    let files = Arc::new(SimulatedFiles::new());
    let engine = open(&files, &clock, options()).0;
    let condition = Condition::Extracted {
        extract: 0,
        test: ValueTest::Text(Matcher::equal("a", "b")),
    };
    let answer = engine.delete("", &[], 0, 1, &[condition]);
    assert!(matches!(answer, Err(EngineError::NotDeletable)));
    assert!(engine.deletions().is_empty());
}

#[test]
fn a_head_that_cannot_be_written_out_has_a_limit() {
    let clock = Arc::new(ManualClock::new(NOW_MS));
    let files = Arc::new(SimulatedFiles::new());
    let settings = EngineOptions {
        head_bytes_max: 2_000,
        ..options()
    };
    let engine = open(&files, &clock, settings).0;
    // Where parts would be is a file.
    let dir = Path::new(DIR);
    files.remove_dir_all(&dir.join("parts")).expect("remove");
    let mut error = None;
    for n in 0..2_000 {
        let row = plain("a", n, "some line of some length");
        if let Err(e) = engine.append(&batch(&[row])) {
            error = Some(e);
            break;
        }
    }
    let Some(AppendError::Full { message }) = error else {
        panic!("{error:?}");
    };
    assert!(message.contains("16000"), "{message}");
    assert!(engine.stats().head_bytes < 20_000);
}
