//! The engine against a plain list: random appends, flushes, merges, deletions, crashes
//! and questions, from a seed.

use std::sync::Arc;

use binnacle_events::{Engine, EngineOptions, StreamRetention, SyncPolicy, Tier};
use binnacle_model::Matcher;
use binnacle_model::event::{AppendEvents, SelectEvents};
use binnacle_model::limits::{Meter, QueryLimits};
use binnacle_stdx::clock::ManualClock;
use binnacle_stdx::files::{Crash, SimulatedFiles};
use binnacle_stdx::random::Random;

use crate::world::{
    DAY_MS, HOUR_NS, NOW_MS, Question, Row, all, batch, conditions, matchers, open, options, plain,
    row, unique,
};

/// An engine and what it should have.
struct Life {
    engine: Engine,
    files: Arc<SimulatedFiles>,
    clock: Arc<ManualClock>,
    options: EngineOptions,
    rows: Vec<Row>,
    random: Random,
}

impl Life {
    fn new(seed: u64, options: EngineOptions) -> Self {
        let files = Arc::new(SimulatedFiles::new());
        let clock = Arc::new(ManualClock::new(NOW_MS));
        Self {
            engine: open(&files, &clock, options.clone()).0,
            files,
            clock,
            options,
            rows: Vec::new(),
            random: Random::new(seed),
        }
    }

    fn step(&mut self) {
        match self.random.below(24) {
            0 => self.engine.flush().expect("flush"),
            1 | 2 => drop(self.engine.tick().expect("tick")),
            3 => self.crash(),
            4 => self.delete(),
            5 => self.volumes(),
            6..14 => {
                let news = 1 + self.random.below(30);
                let mut rows: Vec<Row> = (0..news).map(|_| row(&mut self.random)).collect();
                if self.random.one_in(8)
                    && let Some(old) = self.rows.first()
                {
                    // Sent again.
                    rows.push(old.clone());
                }
                let answer = self.engine.append(&batch(&rows)).expect("append");
                assert_eq!(answer.rows, rows.len() as u64);
                self.rows.extend(rows);
            }
            _ => {
                let question = Question::random(&mut self.random);
                self.ask(&question);
            }
        }
    }

    fn ask(&self, question: &Question) {
        let want = self.rows.iter().filter(|r| question.has(r));
        let want = unique(want.cloned().collect());
        assert_eq!(unique(question.ask(&self.engine)), want, "{question:?}");
    }

    fn crash(&mut self) {
        let crash = match self.options.sync {
            SyncPolicy::Always if self.random.one_in(2) => Crash::Power,
            _ => Crash::Process,
        };
        self.files = Arc::new(self.files.after(crash));
        let (engine, report) = open(&self.files, &self.clock, self.options.clone());
        assert_eq!(report.quarantined, [""; 0]);
        assert_eq!(report.dropped, [""; 0]);
        assert_eq!(report.rows_lost, 0);
        self.engine = engine;
    }

    fn delete(&mut self) {
        let start_ns = NOW_MS * 1_000_000 - self.random.below(80 * HOUR_NS as u64) as i64;
        let end_ns = start_ns + self.random.below(5 * HOUR_NS as u64) as i64;
        let gone = Question {
            matchers: matchers(&mut self.random),
            start_ns,
            // The end of a deletion is part of it.
            end_ns: end_ns + 1,
            conditions: conditions(&mut self.random),
        };
        self.engine
            .delete("{}", &gone.matchers, start_ns, end_ns, &gone.conditions)
            .expect("delete");
        self.rows.retain(|r| !gone.has(r));
    }

    /// Volumes of all time count each row, those that came twice perhaps once.
    fn volumes(&self) {
        let meter = Meter::new(QueryLimits::default());
        let volumes = self
            .engine
            .volumes(&[], i64::MIN, i64::MAX, &meter)
            .expect("volumes");
        let once = unique(self.rows.clone());
        let of = |rows: &[Row], volume: &binnacle_model::event::select::StreamVolume| {
            rows.iter().filter(|r| r.labels == volume.labels).count() as u64
        };
        for volume in &volumes {
            let range = of(&once, volume)..=of(&self.rows, volume);
            assert!(range.contains(&volume.rows), "{volume:?} not in {range:?}");
        }
        let mut streams: Vec<_> = once.iter().map(|r| r.labels.clone()).collect();
        streams.dedup();
        let found: Vec<_> = volumes.into_iter().map(|v| v.labels).collect();
        assert_eq!(found, streams);
    }

    fn end(mut self) {
        for _ in 0..20 {
            self.clock.advance(61_000);
            self.engine.tick().expect("tick");
        }
        self.ask(&Question::all());
        for request in self.engine.deletions() {
            assert_eq!(request.status, "processed");
        }
        self.crash();
        self.ask(&Question::all());
    }
}

fn small() -> EngineOptions {
    EngineOptions {
        head_bytes_max: 4_000,
        ..options()
    }
}

#[test]
fn random_lives() {
    for seed in 0..8 {
        let mut life = Life::new(seed, small());
        (0..150).for_each(|_| life.step());
        life.end();
    }
}

#[test]
fn random_lives_with_small_blocks() {
    let options = EngineOptions {
        block_rows: 16,
        ..small()
    };
    for seed in 20..26 {
        let mut life = Life::new(seed, options.clone());
        (0..150).for_each(|_| life.step());
        life.end();
    }
}

#[test]
fn random_lives_that_sync_and_have_tiers() {
    let tier = |name: &str, days: i64, rewrite| Tier {
        after_ms: days * DAY_MS,
        directory: format!("/{name}").into(),
        rewrite,
    };
    let options = EngineOptions {
        sync: SyncPolicy::Always,
        block_rows: 32,
        tiers: vec![tier("warm", 1, false), tier("cold", 2, true)],
        ..small()
    };
    for seed in 40..46 {
        let mut life = Life::new(seed, options.clone());
        (0..150).for_each(|_| life.step());
        assert!(life.engine.stats().parts_moved > 0 || life.engine.stats().parts == 0);
        life.end();
    }
}

#[test]
fn what_comes_twice_is_stored_once_when_it_is_written_out() {
    let files = Arc::new(SimulatedFiles::new());
    let clock = Arc::new(ManualClock::new(NOW_MS));
    let engine = open(&files, &clock, options()).0;
    let mut random = Random::new(5);
    let mut rows: Vec<Row> = (0..50).map(|_| row(&mut random)).collect();
    // Many at one time, with others between.
    rows.extend((0..40).map(|n| plain("a0", NOW_MS, &format!("line {n}"))));
    engine.append(&batch(&rows)).expect("append");
    engine.append(&batch(&rows)).expect("append");
    engine.flush().expect("flush");
    assert_eq!(all(&engine), unique(rows));
    assert_eq!(engine.stats().duplicates, 90);
}

#[test]
fn retention_by_time_and_by_stream() {
    let files = Arc::new(SimulatedFiles::new());
    let clock = Arc::new(ManualClock::new(NOW_MS));
    let of = |app: &str, days: i64| plain(app, (NOW_MS - days * DAY_MS) * 1_000_000, "x");
    let period = |app: &str, days: i64| StreamRetention {
        matchers: vec![Matcher::equal("app", app)],
        period_ms: days * DAY_MS,
    };
    let settings = EngineOptions {
        retention_ms: 10 * DAY_MS,
        stream_retention: vec![period("short", 2), period("ever", 0)],
        ..options()
    };
    let engine = open(&files, &clock, settings).0;
    let rows = [
        of("short", 1),
        of("short", 5),
        of("long", 5),
        of("long", 20),
        of("ever", 200),
    ];
    engine.append(&batch(&rows)).expect("append");
    engine.flush().expect("flush");
    engine.tick().expect("tick");
    let want = vec![of("short", 1), of("long", 5), of("ever", 200)];
    assert_eq!(all(&engine), unique(want));
    clock.set(NOW_MS + 30 * DAY_MS);
    engine.tick().expect("tick");
    assert_eq!(all(&engine), [of("ever", 200)]);
    assert_eq!(engine.stats().streams, 1, "the other streams are forgotten");
    // Nothing is left to do.
    assert!(!engine.tick().expect("tick"));
}

#[test]
fn retention_by_bytes_takes_the_oldest() {
    let files = Arc::new(SimulatedFiles::new());
    let clock = Arc::new(ManualClock::new(NOW_MS));
    let settings = EngineOptions {
        retention_bytes: 20_000,
        ..options()
    };
    let engine = open(&files, &clock, settings).0;
    let mut random = Random::new(3);
    for day in (0..12).rev() {
        let rows: Vec<Row> = (0..200)
            .map(|n| {
                let line = format!("{:016x}{:016x}", random.next_u64(), random.next_u64());
                plain("a", (NOW_MS - day * DAY_MS) * 1_000_000 + n, &line)
            })
            .collect();
        engine.append(&batch(&rows)).expect("append");
        engine.flush().expect("flush");
        engine.tick().expect("tick");
    }
    let stats = engine.stats();
    assert!(stats.part_bytes <= 20_000, "{stats:?}");
    assert!(stats.parts_dropped > 0 && stats.parts > 0, "{stats:?}");
    let oldest = all(&engine)[0].t_ns;
    let newest_dropped = (NOW_MS - stats.parts as i64 * DAY_MS) * 1_000_000;
    assert!(oldest > newest_dropped, "the newest days stay");
}

#[test]
fn merging_copies_full_blocks_and_joins_small_ones() {
    let files = Arc::new(SimulatedFiles::new());
    let clock = Arc::new(ManualClock::new(NOW_MS));
    let settings = EngineOptions {
        block_rows: 64,
        ..options()
    };
    let engine = open(&files, &clock, settings).0;
    let mut random = Random::new(9);
    let mut rows = Vec::new();
    for _ in 0..30 {
        let news: Vec<Row> = (0..100)
            .map(|_| {
                let mut row = row(&mut random);
                row.t_ns = NOW_MS * 1_000_000 - random.below(HOUR_NS as u64) as i64;
                row
            })
            .collect();
        engine.append(&batch(&news)).expect("append");
        engine.flush().expect("flush");
        rows.extend(news);
    }
    let before = engine.stats();
    engine.merge().expect("merge");
    assert_eq!(all(&engine), unique(rows));
    let stats = engine.stats();
    assert!(stats.parts < 16, "{} parts", stats.parts);
    assert!(stats.merges > 0 && stats.blocks < before.blocks);
    assert!(stats.blocks_copied > stats.blocks_rewritten, "{stats:?}");
}

#[test]
fn a_deletion_hides_at_once_and_is_done_by_a_merge() {
    let files = Arc::new(SimulatedFiles::new());
    let clock = Arc::new(ManualClock::new(NOW_MS));
    let engine = open(&files, &clock, options()).0;
    let rows: Vec<Row> = (0..10).map(|n| plain("a", n, &format!("n{n}"))).collect();
    let others: Vec<Row> = (0..10).map(|n| plain("b", n, &format!("n{n}"))).collect();
    engine.append(&batch(&rows)).expect("append");
    engine.flush().expect("flush");
    engine.append(&batch(&others)).expect("append");
    let app = [Matcher::equal("app", "a")];
    engine
        .delete("{app=\"a\"}", &app, 2, 4, &[])
        .expect("delete");
    let want: Vec<Row> = rows
        .iter()
        .filter(|r| !(2..=4).contains(&r.t_ns))
        .chain(&others)
        .cloned()
        .collect();
    assert_eq!(all(&engine), want);
    assert_eq!(engine.deletions()[0].status, "received");
    // The same times, come later, stay.
    let late = plain("a", 3, "later");
    engine
        .append(&batch(std::slice::from_ref(&late)))
        .expect("append");
    let before = engine.stats();
    engine.tick().expect("tick");
    let stats = engine.stats();
    assert_eq!(engine.deletions()[0].status, "processed");
    assert_eq!(stats.merges, before.merges + 1, "the other part stays");
    assert_eq!(stats.part_rows, before.part_rows - 3);
    let want = unique(want.into_iter().chain([late]).collect());
    assert_eq!(all(&engine), want);
    drop(engine);
    let engine = open(&files, &clock, options()).0;
    assert_eq!(all(&engine), want);
    assert_eq!(engine.deletions()[0].query, "{app=\"a\"}");
}
