//! Many streams, and many threads.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use binnacle_events::EngineOptions;
use binnacle_model::event::{AppendEvents, EventBatch, SelectEvents};
use binnacle_model::limits::{Meter, QueryLimits};
use binnacle_model::{Labels, MatchOp, Matcher};
use binnacle_stdx::clock::ManualClock;
use binnacle_stdx::files::SimulatedFiles;

use crate::world::{NOW_MS, Question, all, batch, open, options, plain};

const STREAMS: u32 = 100_000;

fn labels(n: u32) -> Labels {
    Labels::from_pairs([
        ("app", format!("app-{}", n % 50)),
        ("pod", format!("pod-{n}")),
    ])
}

#[test]
fn a_hundred_thousand_streams() {
    let files = Arc::new(SimulatedFiles::new());
    let clock = Arc::new(ManualClock::new(NOW_MS));
    let engine = open(&files, &clock, options()).0;
    for round in 0..2 {
        let mut rows = EventBatch::default();
        for n in 0..STREAMS {
            rows.begin_stream(&labels(n));
            rows.push_row(i64::from(n) + round, b"x");
        }
        let answer = engine.append(&rows).expect("append");
        assert_eq!(answer.rows, u64::from(STREAMS));
        assert_eq!(answer.streams_created > 0, round == 0);
        if round == 0 {
            engine.flush().expect("flush");
        }
    }
    let check = |engine: &binnacle_events::Engine| {
        let ask = |name: &str, op: MatchOp, value: &str| {
            let question = Question {
                matchers: vec![Matcher::new(name, op, value).expect("a matcher")],
                ..Question::all()
            };
            question.ask(engine).len()
        };
        assert_eq!(ask("pod", MatchOp::Equal, "pod-77"), 2);
        assert_eq!(ask("pod", MatchOp::Regex, "pod-777.."), 200);
        assert_eq!(
            ask("app", MatchOp::Equal, "app-7"),
            2 * STREAMS as usize / 50
        );
        let meter = Meter::new(QueryLimits::default());
        let volumes = engine
            .volumes(&[], i64::MIN, i64::MAX, &meter)
            .expect("volumes");
        assert_eq!(volumes.len(), STREAMS as usize);
        assert!(volumes.iter().all(|v| v.rows == 2));
    };
    check(&engine);
    drop(engine);
    let (engine, report) = open(&files, &clock, options());
    assert_eq!((report.parts, report.rows), (1, u64::from(STREAMS)));
    assert_eq!(engine.stats().streams, u64::from(STREAMS));
    check(&engine);
}

#[test]
fn readers_see_each_batch_as_a_whole() {
    let files = Arc::new(SimulatedFiles::new());
    let clock = Arc::new(ManualClock::new(NOW_MS));
    let settings = EngineOptions {
        head_bytes_max: 20_000,
        block_rows: 64,
        ..options()
    };
    let engine = Arc::new(open(&files, &clock, settings).0);
    let done = Arc::new(AtomicBool::new(false));
    let (writers, batches, width) = (3_i64, 60_i64, 5_i64);
    std::thread::scope(|scope| {
        let mut appending = Vec::new();
        for writer in 0..writers {
            let engine = engine.clone();
            appending.push(scope.spawn(move || {
                for n in 0..batches {
                    // One row in each of some streams, new ones among them.
                    let rows: Vec<_> = (0..width)
                        .map(|i| plain(&format!("{writer}-{n}-{i}"), n, "x"))
                        .collect();
                    engine.append(&batch(&rows)).expect("append");
                }
            }));
        }
        let ticking = scope.spawn({
            let (engine, done) = (engine.clone(), done.clone());
            move || {
                while !done.load(Ordering::Relaxed) {
                    engine.tick().expect("tick");
                }
            }
        });
        let reading = scope.spawn({
            let (engine, done) = (engine.clone(), done.clone());
            move || {
                let mut seen = 0;
                while !done.load(Ordering::Relaxed) {
                    let rows = all(&engine).len();
                    assert_eq!(rows as i64 % width, 0, "a batch is there as a whole");
                    assert!(rows >= seen, "nothing goes");
                    seen = rows;
                }
            }
        });
        for thread in appending {
            thread.join().expect("appends");
        }
        done.store(true, Ordering::Relaxed);
        ticking.join().expect("ticks");
        reading.join().expect("reads");
    });
    assert_eq!(all(&engine).len() as i64, writers * batches * width);
}

#[test]
fn a_background_thread_writes_out_and_ends() {
    let files = Arc::new(SimulatedFiles::new());
    let clock = Arc::new(ManualClock::new(NOW_MS));
    let settings = EngineOptions {
        head_bytes_max: 1_000,
        ..options()
    };
    let engine = open(&files, &clock, settings).0;
    engine.start_background().expect("a thread");
    engine.start_background().expect("no second one");
    for n in 0..200 {
        engine
            .append(&batch(&[plain("a", n, "x")]))
            .expect("append");
    }
    engine.close().expect("close");
    // Appends wait when it cannot keep up, so something was written in any case.
    assert!(engine.stats().flushes > 0);
    assert_eq!(all(&engine).len(), 200);
}
