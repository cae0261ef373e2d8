//! Writers, readers and background work at the same time.

use std::sync::atomic::{AtomicBool, Ordering};

use binnacle_metrics::EngineOptions;
use binnacle_model::append::{Append, AppendOptions, Batch};
use binnacle_model::matcher::Matcher;
use binnacle_model::sample::Samples;
use binnacle_model::select::{Select, Selection};

use crate::world::{EPOCH, World, labels, meter, small};

const WRITERS: i64 = 2;
const BATCHES: i64 = 400;
const SERIES: i64 = 20;

fn batch(writer: i64, i: i64) -> Batch {
    let mut batch = Batch::default();
    for s in 0..SERIES {
        let l = labels(&[
            ("__name__", "m"),
            ("writer", &writer.to_string()),
            ("s", &s.to_string()),
            // New series all the time, so that the registry grows while it is read.
            ("round", &(i / 50).to_string()),
        ]);
        batch.push(&l, &[(EPOCH + i * 1000, i as f64)]);
    }
    batch
}

/// Every series of a writer and round has the samples of the same batches.
fn check(world: &World, writer: i64, round: i64) {
    let matchers = vec![
        Matcher::equal("writer", writer.to_string()),
        Matcher::equal("round", round.to_string()),
    ];
    let (start_ms, end_ms) = (EPOCH, EPOCH + BATCHES * 1000);
    let selection = Selection {
        matchers,
        start_ms,
        end_ms,
        ..Selection::default()
    };
    let set = world
        .engine
        .select(&selection, false, &meter())
        .expect("selected");
    assert!(
        set.is_empty() || set.len() as i64 == SERIES,
        "{} series",
        set.len()
    );
    let mut first = None;
    for i in 0..set.len() {
        let mut samples = Samples::default();
        set.read(i, start_ms, end_ms, &mut samples).expect("read");
        let times = first.get_or_insert_with(|| samples.times_ms.clone());
        assert_eq!(*times, samples.times_ms, "a batch is seen as a whole");
    }
}

#[test]
fn batches_are_seen_whole_while_everything_moves() {
    let options = EngineOptions {
        head_samples: 500,
        future_max_ms: 0,
        ..small()
    };
    let world = World::new(options);
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let writers: Vec<_> = (0..WRITERS)
            .map(|w| {
                let world = &world;
                scope.spawn(move || {
                    for i in 0..BATCHES {
                        let options = AppendOptions::default();
                        let answer = world
                            .engine
                            .append(&batch(w, i), options)
                            .expect("appended");
                        assert_eq!(answer.samples as i64, SERIES);
                    }
                })
            })
            .collect();
        let ticker = scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                world.engine.flush().expect("flushed");
                world.engine.tick().expect("ticked");
            }
        });
        let reader = scope.spawn(|| {
            let mut n = 0;
            while !done.load(Ordering::Relaxed) {
                check(&world, n % WRITERS, (n / WRITERS) % (BATCHES / 50));
                n += 1;
            }
        });
        for writer in writers {
            writer.join().expect("no panic");
        }
        done.store(true, Ordering::Relaxed);
        ticker.join().expect("no panic");
        reader.join().expect("no panic");
    });
    let all = world.all();
    assert_eq!(all.len() as i64, WRITERS * SERIES * (BATCHES / 50));
    assert_eq!(
        all.values().map(Vec::len).sum::<usize>() as i64,
        WRITERS * SERIES * BATCHES
    );
}
