//! The process dies, the power goes, the disk fails: what was acknowledged is there, and
//! nothing is there that nobody sent.

use std::path::Path;
use std::sync::Arc;

use binnacle_events::{Engine, EngineOptions, SyncPolicy, Tier};
use binnacle_model::Matcher;
use binnacle_model::event::AppendEvents;
use binnacle_stdx::clock::ManualClock;
use binnacle_stdx::files::{Crash, Fault, Files, SimulatedFiles};
use binnacle_stdx::random::Random;

use crate::world::{DAY_MS, DIR, NOW_MS, Row, all, batch, open, options, plain, row, unique};

/// What a life left behind.
#[derive(Default)]
struct Sent {
    /// What must be there.
    kept: Vec<Row>,
    /// What may be there: its append failed.
    unsure: Vec<Row>,
    /// What must not be there any more.
    deleted: Vec<Row>,
}

fn settings() -> EngineOptions {
    EngineOptions {
        sync: SyncPolicy::Always,
        head_bytes_max: 6_000,
        block_rows: 32,
        tiers: vec![Tier {
            after_ms: 2 * DAY_MS,
            directory: "/cold".into(),
            rewrite: false,
        }],
        ..options()
    }
}

/// Appends, flushes, merges, moves and deletes until something fails or all is done.
fn live(engine: &Engine, seed: u64) -> Sent {
    let mut random = Random::new(seed);
    let mut sent = Sent::default();
    for step in 0..40 {
        let rows: Vec<Row> = (0..1 + random.below(12))
            .map(|_| row(&mut random))
            .collect();
        match engine.append(&batch(&rows)) {
            Ok(_) => sent.kept.extend(rows),
            Err(_) => {
                sent.unsure.extend(rows);
                break;
            }
        }
        let failed = match random.below(6) {
            0 => engine.flush().is_err(),
            1 => engine.tick().is_err(),
            _ => false,
        };
        if failed {
            break;
        }
        if step == 25 {
            let app = [Matcher::equal("app", "a1")];
            let (gone, kept) = sent
                .kept
                .drain(..)
                .partition(|r| r.labels.get("app") == Some("a1"));
            sent.kept = kept;
            match engine.delete("", &app, i64::MIN, i64::MAX, &[]) {
                Ok(()) => sent.deleted = gone,
                Err(_) => {
                    sent.unsure.extend(gone);
                    break;
                }
            }
        }
    }
    sent
}

fn check(files: &SimulatedFiles, sent: &Sent, what: &dyn std::fmt::Debug) {
    let clock = Arc::new(ManualClock::new(NOW_MS));
    let files = Arc::new(files.clone());
    for _ in 0..2 {
        let (engine, report) = open(&files, &clock, settings());
        assert_eq!(report.quarantined, [""; 0], "{what:?}");
        assert_eq!(report.rows_lost, 0, "{what:?}");
        let found = unique(all(&engine));
        for row in &sent.kept {
            assert!(found.binary_search(row).is_ok(), "{what:?} lost {row:?}");
        }
        for row in &found {
            let is_known = sent.kept.contains(row) || sent.unsure.contains(row);
            assert!(is_known, "{what:?} invented {row:?}");
        }
        // And life goes on.
        let last = plain("last", NOW_MS * 1_000_000, "x");
        engine
            .append(&batch(std::slice::from_ref(&last)))
            .expect("append");
        assert!(all(&engine).contains(&last));
        engine
            .delete(
                "",
                &[Matcher::equal("app", "last")],
                i64::MIN,
                i64::MAX,
                &[],
            )
            .expect("delete");
        while engine.tick().expect("tick") {}
    }
}

#[test]
fn a_write_that_is_torn_anywhere_loses_nothing() {
    // How much is written when nothing fails.
    let files = Arc::new(SimulatedFiles::new());
    let clock = Arc::new(ManualClock::new(NOW_MS));
    let engine = open(&files, &clock, settings()).0;
    let sent = live(&engine, 1);
    assert!(!sent.deleted.is_empty() && engine.stats().parts_moved > 0);
    let total = files.bytes_written();
    let mut random = Random::new(2);
    for _ in 0..60 {
        let after_bytes = random.below(total);
        let files = Arc::new(SimulatedFiles::new());
        let engine = open(&files, &clock, settings()).0;
        files.inject(Fault::TornWrite { after_bytes });
        let sent = live(&engine, 1);
        for crash in [
            Crash::Process,
            Crash::Power,
            Crash::PowerTorn { keep_bytes: 37 },
        ] {
            check(&files.after(crash), &sent, &(after_bytes, crash));
        }
    }
}

#[test]
fn a_sync_that_fails_anywhere_loses_nothing() {
    let files = Arc::new(SimulatedFiles::new());
    let clock = Arc::new(ManualClock::new(NOW_MS));
    let engine = open(&files, &clock, settings()).0;
    live(&engine, 3);
    let total = files.syncs();
    for after_syncs in (0..total).step_by(2) {
        let files = Arc::new(SimulatedFiles::new());
        let engine = open(&files, &clock, settings()).0;
        files.inject(Fault::FailedSync { after_syncs });
        let sent = live(&engine, 3);
        for crash in [Crash::Process, Crash::Power] {
            check(&files.after(crash), &sent, &(after_syncs, crash));
        }
    }
}

#[test]
fn a_power_cut_at_any_step_loses_nothing() {
    let clock = Arc::new(ManualClock::new(NOW_MS));
    let files = Arc::new(SimulatedFiles::new());
    let engine = open(&files, &clock, settings()).0;
    let mut random = Random::new(7);
    let mut sent = Sent::default();
    for step in 0..60 {
        let rows: Vec<Row> = (0..8).map(|_| row(&mut random)).collect();
        engine.append(&batch(&rows)).expect("append");
        sent.kept.extend(rows);
        if step % 5 == 0 {
            engine.tick().expect("tick");
        }
        if step % 10 == 9 {
            check(&files.after(Crash::Power), &sent, &step);
        }
    }
}

#[test]
fn a_failed_sync_poisons_and_reads_go_on() {
    let clock = Arc::new(ManualClock::new(NOW_MS));
    let files = Arc::new(SimulatedFiles::new());
    let settings = EngineOptions {
        sync: SyncPolicy::Always,
        ..options()
    };
    let engine = open(&files, &clock, settings).0;
    let first = plain("a", 1, "one");
    engine
        .append(&batch(std::slice::from_ref(&first)))
        .expect("append");
    files.inject(Fault::FailedSync { after_syncs: 0 });
    assert!(engine.append(&batch(&[plain("a", 2, "two")])).is_err());
    assert!(engine.poisoned().is_some());
    assert!(engine.stats().wal.poisoned.is_some());
    assert!(engine.append(&batch(&[plain("a", 3, "three")])).is_err());
    assert_eq!(all(&engine), [first]);
}

#[test]
fn a_log_that_is_cut_at_any_byte_keeps_whole_records() {
    let clock = Arc::new(ManualClock::new(NOW_MS));
    let files = Arc::new(SimulatedFiles::new());
    let engine = open(&files, &clock, options()).0;
    let rows: Vec<Row> = (0..6)
        .map(|n| plain(["a", "b"][n as usize % 2], n, "x"))
        .collect();
    let mut ends = Vec::new();
    for row in &rows {
        engine
            .append(&batch(std::slice::from_ref(row)))
            .expect("append");
        ends.push(engine.stats().wal.segment_bytes);
    }
    let log = files
        .list(&Path::new(DIR).join("wal"))
        .expect("list")
        .remove(0);
    let len = files.len(&log).expect("len");
    for cut in 0..len {
        let copy = Arc::new(files.after(Crash::Process));
        copy.append(&log).expect("open").set_len(cut).expect("cut");
        let (engine, _) = open(&copy, &clock, options());
        let whole = ends.iter().filter(|end| **end <= cut).count();
        assert_eq!(all(&engine), unique(rows[..whole].to_vec()), "cut at {cut}");
    }
}

#[test]
fn a_damaged_record_takes_no_other_streams_labels() {
    // The first record of each stream has its labels; damage in it must not give its rows
    // to another stream, not even one of an earlier process with the same number.
    let clock = Arc::new(ManualClock::new(NOW_MS));
    let files = Arc::new(SimulatedFiles::new());
    let engine = open(&files, &clock, options()).0;
    engine
        .append(&batch(&[plain("old", 1, "x")]))
        .expect("append");
    let mark = engine.stats().wal.segment_bytes;
    drop(engine);
    let (engine, _) = open(&files, &clock, options());
    engine
        .append(&batch(&[plain("new", 2, "x")]))
        .expect("append");
    engine
        .append(&batch(&[plain("new", 3, "x")]))
        .expect("append");
    drop(engine);
    let log = files
        .list(&Path::new(DIR).join("wal"))
        .expect("list")
        .remove(0);
    files.flip_bit(&log, mark as usize + 16, 3);
    let (engine, report) = open(&files, &clock, options());
    assert_eq!(all(&engine), [plain("old", 1, "x")]);
    assert_eq!(report.rows_lost, 1);
    assert!(!report.dropped.is_empty());
}

#[test]
fn a_full_disk_refuses_and_goes_on_when_there_is_room() {
    let clock = Arc::new(ManualClock::new(NOW_MS));
    let files = Arc::new(SimulatedFiles::new());
    let settings = EngineOptions {
        head_bytes_max: 3_000,
        ..options()
    };
    let engine = open(&files, &clock, settings.clone()).0;
    files.set_capacity(Some(12_000));
    let mut random = Random::new(11);
    let mut kept = Vec::new();
    let mut refused = 0;
    for _ in 0..400 {
        let rows: Vec<Row> = (0..3).map(|_| row(&mut random)).collect();
        match engine.append(&batch(&rows)) {
            Ok(_) => kept.extend(rows),
            Err(error) => {
                let text = error.to_string();
                assert!(text.contains("full"), "{text}");
                refused += 1;
            }
        }
        // Fails as well, and says so.
        let _ = engine.tick();
    }
    assert!(refused > 0);
    assert_eq!(unique(all(&engine)), unique(kept.clone()));
    files.set_capacity(None);
    clock.advance(61_000);
    let more = plain("more", 1, "x");
    engine
        .append(&batch(std::slice::from_ref(&more)))
        .expect("append");
    kept.push(more);
    while engine.tick().expect("tick") {}
    assert!(engine.stats().parts > 0);
    assert_eq!(unique(all(&engine)), unique(kept.clone()));
    drop(engine);
    let engine = open(&files, &clock, settings).0;
    assert_eq!(unique(all(&engine)), unique(kept));
}
