//! Measures the engine alone on workload M: `cargo run --profile fast -p
//! binnacle-metrics --example engine_bench -- [m1|m2|m3|m9]...`. Prints samples per
//! CPU second (user and system, all threads) of each step, bytes on disk and memory.
//!
//! The generator makes the series of the performance page: of 20 kinds, 8 integer
//! counters, 2 counters of CPU seconds, 4 constants, 3 integer gauges, 2 decimal
//! gauges and 1 float of full entropy; 9 labels of some 190 bytes; 1,000 series a
//! target.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use binnacle_metrics::{Engine, EngineOptions};
use binnacle_model::append::{Append, AppendOptions, Batch};
use binnacle_model::labels::Labels;
use binnacle_model::limits::{Meter, QueryLimits};
use binnacle_model::matcher::Matcher;
use binnacle_model::sample::Samples;
use binnacle_model::select::{Select, Selection};
use binnacle_stdx::clock::ManualClock;
use binnacle_stdx::random::Random;

const START_MS: i64 = 1_760_000_000_000;

struct Series {
    labels: Labels,
    kind: u64,
    value: f64,
    rate: f64,
}

struct Workload {
    series: Vec<Series>,
    random: Random,
}

impl Workload {
    fn new(count: usize) -> Self {
        let mut random = Random::new(7);
        let series = (0..count).map(|i| series(i, &mut random)).collect();
        Self { series, random }
    }

    fn next(&mut self, i: usize) -> f64 {
        let r = &mut self.random;
        let s = &mut self.series[i];
        let noisy = |r: &mut Random, rate: f64| rate * (0.5 + r.unit());
        match s.kind {
            0..8 => s.value += noisy(r, s.rate).floor(),
            8 | 9 => s.value = ((s.value + noisy(r, s.rate / 1000.0)) * 100.0).round() / 100.0,
            10..14 => {}
            14..17 if r.one_in(3) => {}
            14..17 => s.value = (s.value + r.between(-4096, 4096) as f64).abs(),
            17 => s.value = ((s.value + r.unit() - 0.5) * 100.0).round() / 100.0,
            18 => s.value = ((s.value + r.unit() - 0.5) * 10.0).round() / 10.0,
            _ => s.value = r.unit(),
        }
        s.value
    }
}

fn series(i: usize, random: &mut Random) -> Series {
    let (target, n) = (i / 1000, i % 1000);
    let labels = Labels::from_pairs([
        (
            "__name__",
            format!("app_component_{:02}_metric_{:03}_total", n % 20, n / 20),
        ),
        ("cluster", "production-eu-central-1".to_owned()),
        ("code", ["200", "404", "500"][n % 3].to_owned()),
        ("env", "production".to_owned()),
        ("handler", format!("/api/v1/resource/{:02}", n % 37)),
        (
            "instance",
            format!("10.20.{}.{}:9100", target / 250, target % 250),
        ),
        ("job", format!("service-{:02}", target % 20)),
        ("namespace", format!("team-{:02}", target % 10)),
        (
            "pod",
            format!("service-{:02}-7d9f8b6c5-{:05}", target % 20, target),
        ),
    ]);
    let idle = random.one_in(5);
    let rate = if idle {
        0.0
    } else {
        10f64.powf(random.unit() * 4.0)
    };
    Series {
        labels,
        kind: (n % 20) as u64,
        value: random.below(100_000) as f64,
        rate,
    }
}

struct Bench {
    dir: PathBuf,
    clock: Arc<ManualClock>,
    engine: Option<Engine>,
}

impl Bench {
    fn new(name: &str) -> Self {
        let dir =
            std::env::temp_dir().join(format!("binnacle-bench-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&dir);
        let mut bench = Self {
            dir,
            clock: Arc::new(ManualClock::new(START_MS)),
            engine: None,
        };
        bench.open();
        bench
    }

    fn open(&mut self) {
        let files = binnacle_store::disk::files();
        let options = EngineOptions {
            future_max_ms: 0,
            ..EngineOptions::default()
        };
        let (engine, _) =
            Engine::open(files, &self.dir, options, self.clock.clone()).expect("opened");
        self.engine = Some(engine);
    }

    fn engine(&self) -> &Engine {
        self.engine.as_ref().expect("open")
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        self.engine = None;
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

/// Runs `run`, which answers how many of `what` it did, and prints a line.
fn measure(name: &str, what: &str, run: impl FnOnce() -> u64) {
    let (cpu, wall) = (cpu_seconds(), Instant::now());
    let done = run();
    let (cpu, wall) = (cpu_seconds() - cpu, wall.elapsed().as_secs_f64());
    let rate = done as f64 / cpu / 1e6;
    println!(
        "{name:<44} {done:>11} {what:<8} {cpu:>7.3} s CPU {wall:>7.3} s wall {rate:>9.2} M/s {:>6} MB",
        rss_mb()
    );
}

/// User and system time of the process so far.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(") ").next().unwrap_or("").split(' ').collect();
    let ticks = |i: usize| {
        fields
            .get(i)
            .and_then(|f| f.parse::<f64>().ok())
            .unwrap_or(0.0)
    };
    (ticks(11) + ticks(12)) / 100.0
}

fn rss_mb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status
        .lines()
        .find(|l| l.starts_with("VmRSS"))
        .unwrap_or("");
    line.split_whitespace()
        .nth(1)
        .and_then(|kb| kb.parse::<u64>().ok())
        .unwrap_or(0)
        / 1024
}

fn disk_bytes(dir: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(dir) else {
        return 0;
    };
    entries
        .flatten()
        .map(|e| {
            if e.path().is_dir() {
                disk_bytes(&e.path())
            } else {
                e.metadata().map_or(0, |m| m.len())
            }
        })
        .sum()
}

/// Batches of one round: `per_series` samples of each series from `first_ms` on.
fn round(
    work: &mut Workload,
    range: std::ops::Range<usize>,
    per_series: i64,
    first_ms: i64,
    step_ms: i64,
    per_batch: usize,
) -> Vec<Batch> {
    let mut batches = Vec::new();
    let ids: Vec<usize> = range.collect();
    for chunk in ids.chunks(per_batch) {
        let mut batch = Batch::default();
        for &i in chunk {
            let samples: Vec<(i64, f64)> = (0..per_series)
                .map(|k| (first_ms + k * step_ms, work.next(i)))
                .collect();
            let labels = work.series[i].labels.clone();
            batch.push(&labels, &samples);
        }
        batches.push(batch);
    }
    batches
}

fn append(engine: &Engine, batches: &[Batch]) -> u64 {
    let mut done = 0;
    for batch in batches {
        let answer = engine
            .append(batch, AppendOptions::default())
            .expect("appended");
        assert!(answer.refused.is_empty(), "{:?}", answer.refused.first());
        done += answer.samples;
    }
    done
}

/// As background work would: what is due, on another thread's account.
fn tick(engine: &Engine) {
    while engine.tick().expect("ticked") {}
}

fn read_all(engine: &Engine, name: &str) {
    let meter = Arc::new(Meter::new(QueryLimits::default()));
    let selection = Selection {
        start_ms: i64::MIN,
        end_ms: i64::MAX,
        ..Selection::default()
    };
    measure(&format!("{name}: select and read all"), "samples", || {
        let set = engine.select(&selection, false, &meter).expect("selected");
        let mut samples = Samples::default();
        let mut done = 0;
        for i in 0..set.len() {
            samples.clear();
            set.read(i, i64::MIN, i64::MAX, &mut samples).expect("read");
            done += samples.len() as u64;
        }
        done
    });
}

fn queries(engine: &Engine, now_ms: i64) {
    let meter = Arc::new(Meter::new(QueryLimits::default()));
    let of = |matchers: Vec<Matcher>, start_ms: i64| Selection {
        matchers,
        start_ms,
        end_ms: now_ms,
        ..Selection::default()
    };
    let all = of(vec![], now_ms - 300_000);
    measure("latest of every series within 5 minutes", "series", || {
        let set = engine.select(&all, false, &meter).expect("selected");
        (0..set.len())
            .filter(|&i| {
                set.latest(i, now_ms - 300_000, now_ms)
                    .expect("latest")
                    .is_some()
            })
            .count() as u64
    });
    measure("groups by instance of every series", "series", || {
        let set = engine.select(&all, false, &meter).expect("selected");
        let (of, groups) = set.groups(&["instance".to_owned()], true);
        assert!(!groups.is_empty());
        of.len() as u64
    });
    let name = Matcher::equal("__name__", "app_component_03_metric_007_total");
    let one = of(vec![name], now_ms - 3_600_000);
    measure("100 selections of one metric, 1 h, read", "samples", || {
        let mut done = 0;
        for _ in 0..100 {
            let set = engine.select(&one, false, &meter).expect("selected");
            let mut samples = Samples::default();
            for i in 0..set.len() {
                samples.clear();
                set.read(i, now_ms - 3_600_000, now_ms, &mut samples)
                    .expect("read");
                done += samples.len() as u64;
            }
        }
        done
    });
}

fn flush_and_merge(bench: &Bench, name: &str, samples: u64) {
    let engine = bench.engine();
    measure(&format!("{name}: flush"), "samples", || {
        engine.flush().expect("flushed");
        samples
    });
    println!(
        "  on disk after flush: {:.3} bytes a sample",
        disk_bytes(&bench.dir.join("blocks")) as f64 / samples as f64
    );
    measure(&format!("{name}: merge all"), "samples", || {
        engine.merge_all().expect("merged");
        samples
    });
    println!(
        "  on disk after merge: {:.3} bytes a sample, {} blocks",
        disk_bytes(&bench.dir.join("blocks")) as f64 / samples as f64,
        engine.stats().blocks
    );
}

fn m1() {
    let bench = Bench::new("m1");
    let mut work = Workload::new(100_000);
    let rounds: Vec<Vec<Batch>> = (0..60)
        .map(|k| {
            round(
                &mut work,
                0..100_000,
                1,
                START_MS + k * 15_000,
                15_000,
                2000,
            )
        })
        .collect();
    println!("generated, {} MB", rss_mb());
    bench.clock.set(START_MS + 60 * 15_000);
    measure("M1: first sample of 100 k series", "samples", || {
        append(bench.engine(), &rounds[0])
    });
    measure("M1: 59 more, 2,000 a batch", "samples", || {
        rounds[1..].iter().map(|r| append(bench.engine(), r)).sum()
    });
    queries(bench.engine(), START_MS + 59 * 15_000);
    flush_and_merge(&bench, "M1", 6_000_000);
    read_all(bench.engine(), "M1");
    queries(bench.engine(), START_MS + 59 * 15_000);
}

fn m2() {
    let bench = Bench::new("m2");
    let mut work = Workload::new(1000);
    // A backfill: the clock stands at its end.
    bench.clock.set(START_MS + 20_160 * 30_000);
    let mut samples = 0;
    let mut cpu = 0.0;
    for k in 0..1008 {
        let first = START_MS + k * 20 * 30_000;
        let batches = round(&mut work, 0..1000, 20, first, 30_000, 100);
        let before = cpu_seconds();
        samples += append(bench.engine(), &batches);
        tick(bench.engine());
        cpu += cpu_seconds() - before;
    }
    println!(
        "M2: append, flush and merge {samples} samples: {cpu:.2} s CPU, {:.2} M/s, {} MB",
        samples as f64 / cpu / 1e6,
        rss_mb()
    );
    println!(
        "  blocks {} of {} bytes",
        bench.engine().stats().blocks,
        bench.engine().stats().block_bytes
    );
    flush_and_merge(&bench, "M2", samples);
    read_all(bench.engine(), "M2");
    read_all(bench.engine(), "M2 again");
}

fn m3() {
    let bench = Bench::new("m3");
    let before = rss_mb();
    let mut random = Random::new(1);
    // Labels are made as they are sent, so that memory is the engine's alone.
    measure(
        "M3: 1 M new series (with making the labels)",
        "series",
        || {
            let mut done = 0;
            let mut batch = Batch::default();
            for i in 0..1_000_000 {
                batch.push(&series(i, &mut random).labels, &[(START_MS, i as f64)]);
                if batch.series.len() == 2000 {
                    done += append(bench.engine(), std::slice::from_ref(&batch));
                    batch.clear();
                }
            }
            done
        },
    );
    measure("M3: making the labels alone", "series", || {
        (0..1_000_000)
            .filter(|&i| !series(i, &mut random).labels.is_empty())
            .count() as u64
    });
    for k in 1..=3 {
        bench.clock.set(START_MS + k * 15_000);
        measure("M3: 4 more samples each, with labels", "samples", || {
            let mut done = 0;
            let mut batch = Batch::default();
            for i in 0..1_000_000 {
                let t = START_MS + k * 60_000;
                let s: Vec<(i64, f64)> = (0..4).map(|j| (t + j * 15_000, (i + j) as f64)).collect();
                batch.push(&series(i as usize, &mut random).labels, &s);
                if batch.series.len() == 2000 {
                    done += append(bench.engine(), std::slice::from_ref(&batch));
                    batch.clear();
                }
            }
            done
        });
    }
    println!(
        "M3: memory of 1 M series x 13 samples: {} MB",
        rss_mb() - before
    );
    measure("M3: flush", "samples", || {
        bench.engine().flush().expect("flushed");
        13_000_000
    });
    println!(
        "  on disk {:.3} bytes a sample",
        disk_bytes(&bench.dir.join("blocks")) as f64 / 13e6
    );
}

fn m9() {
    let mut bench = Bench::new("m9");
    let mut work = Workload::new(100_000);
    let mut samples = 0;
    for k in 0..250 {
        let batches = round(
            &mut work,
            0..100_000,
            1,
            START_MS + k * 15_000,
            15_000,
            2000,
        );
        samples += append(bench.engine(), &batches);
        tick(bench.engine());
    }
    println!(
        "M9: {samples} samples, log {} MB",
        bench.engine().stats().wal.segment_bytes >> 20
    );
    bench.engine = None;
    measure("M9: open", "samples", || {
        bench.open();
        samples
    });
    println!(
        "  replayed {} samples",
        bench.engine().stats().replayed_samples
    );
    let engine = bench.engine();
    measure("M9: first selection of everything", "series", || {
        let meter = Arc::new(Meter::new(QueryLimits::default()));
        let selection = Selection {
            start_ms: i64::MIN,
            end_ms: i64::MAX,
            ..Selection::default()
        };
        engine
            .select(&selection, false, &meter)
            .expect("selected")
            .len() as u64
    });
    read_all(engine, "M9");
}

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    for (name, run) in [("m1", m1 as fn()), ("m2", m2), ("m3", m3), ("m9", m9)] {
        if wanted.is_empty() || wanted.iter().any(|w| w == name) {
            run();
        }
    }
}
