//! How fast the engine takes lines and answers, on a set of log lines from a seed.
//!
//! `cargo run --release -p binnacle-events --example engine_rates -- [lines] [streams] [dir]`

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use binnacle_events::{Engine, EngineOptions};
use binnacle_model::event::select::{Fields, Lines, Wanted};
use binnacle_model::event::{
    AppendEvents, Condition, EventBatch, EventSelection, LineMatch, LineRegex, LineTest, Rows,
    SelectEvents,
};
use binnacle_model::limits::{Meter, QueryLimits};
use binnacle_model::{Labels, MatchOp, Matcher};
use binnacle_stdx::clock::SystemClock;
use binnacle_stdx::random::Random;

const BATCH_LINES: u64 = 5_000;
const START_NS: i64 = 1_700_000_000_000_000_000;
const NEEDLE: &str = "0123456789abcdef0123456789abcdef";

fn line(random: &mut Random, app: u64, trace: u128) -> String {
    let level = if random.below(50) == 0 {
        "error"
    } else {
        "info"
    };
    let (ms, user) = (random.below(2_000), random.below(5_000));
    match app % 4 {
        0 => format!(
            "{{\"level\":\"{level}\",\"method\":\"GET\",\"path\":\"/api/v1/items/{user}\",\"status\":{},\"duration_ms\":{ms},\"trace_id\":\"{trace:032x}\",\"user\":\"u{user}\"}}",
            [200, 200, 201, 404, 500][random.below(5) as usize]
        ),
        1 => format!(
            "level={level} msg=\"request done\" component=worker-{} duration={ms}ms rows={} trace_id={trace:032x}",
            random.below(16),
            random.below(900)
        ),
        2 => format!(
            "10.{}.{}.{} - - \"GET /static/{user}.js HTTP/1.1\" 200 {} \"-\" \"Mozilla/5.0 (X11; Linux x86_64)\" {trace:032x}",
            random.below(256),
            random.below(256),
            random.below(256),
            random.below(90_000)
        ),
        _ => format!(
            "INFO  [exec-{}] com.example.orders.OrderService - order {user} stored in {ms} ms, trace {trace:032x}",
            random.below(64)
        ),
    }
}

fn append(engine: &Engine, lines: u64, streams: u64, writer: u64, now_ns: i64) -> u64 {
    let mut random = Random::new(writer);
    let labels: Vec<Labels> = (0..streams)
        .map(|n| {
            Labels::from_pairs([
                ("app", format!("app-{}", n % 12)),
                ("pod", format!("pod-{n}")),
            ])
        })
        .collect();
    let mut batch = EventBatch::default();
    let mut by_stream: Vec<Vec<(i64, String)>> = vec![Vec::new(); labels.len()];
    let (mut bytes, mut trace) = (0, 0);
    let step_ns = 3_600_000_000_000 / lines.max(1) as i64;
    for n in 0..lines {
        if n % 4 == 0 {
            trace = u128::from(random.next_u64()) << 64 | u128::from(random.next_u64());
        }
        let stream = random.below(streams);
        let mut text = line(&mut random, stream % 12, trace);
        if writer == 0 && n == lines / 3 {
            text.push_str(NEEDLE);
        }
        bytes += text.len() as u64;
        by_stream[stream as usize].push((now_ns + n as i64 * step_ns, text));
        if n % BATCH_LINES == BATCH_LINES - 1 || n + 1 == lines {
            batch.clear();
            for (labels, rows) in labels.iter().zip(&mut by_stream) {
                if rows.is_empty() {
                    continue;
                }
                batch.begin_stream(labels);
                for (t_ns, text) in rows.drain(..) {
                    batch.push_row(t_ns, text.as_bytes());
                }
            }
            engine.append(&batch).expect("append");
        }
    }
    bytes
}

fn ask(engine: &Engine, what: &str, matchers: &[Matcher], test: Option<LineMatch>, lines: Lines) {
    let conditions = test
        .into_iter()
        .map(|m| {
            Condition::Line(LineTest {
                any: vec![m],
                negated: false,
            })
        })
        .collect();
    let selection = EventSelection {
        matchers: matchers.to_vec(),
        start_ns: i64::MIN,
        end_ns: i64::MAX,
        conditions,
        wanted: Wanted {
            lines,
            fields: Fields::None,
            ..Wanted::default()
        },
    };
    let mut best_ms = f64::MAX;
    let (mut found, mut units) = (0, 0);
    for _ in 0..3 {
        let began = Instant::now();
        let meter = Arc::new(Meter::new(QueryLimits::default()));
        let set = engine.select(&selection, &meter).expect("select");
        let mut rows = Rows::default();
        (found, units) = (0, set.units().len());
        for unit in 0..units {
            set.read(unit, i64::MIN, i64::MAX, &mut rows).expect("read");
            found += rows.len();
        }
        best_ms = best_ms.min(began.elapsed().as_secs_f64() * 1e3);
    }
    println!("{what:28} {best_ms:9.2} ms {found:9} rows {units:6} units");
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let mut number = |default: u64| {
        let text = arguments.next();
        text.and_then(|t| t.parse().ok()).unwrap_or(default)
    };
    let (lines, streams) = (number(2_500_000), number(120));
    let dir = std::env::args().nth(3).map_or_else(
        || std::env::temp_dir().join(format!("events-{}", std::process::id())),
        PathBuf::from,
    );
    let files = binnacle_store::disk::files();
    let open = || {
        let options = EngineOptions {
            retention_ms: 0,
            ..EngineOptions::default()
        };
        let began = Instant::now();
        let (engine, report) =
            Engine::open(files.clone(), &dir, options, Arc::new(SystemClock)).expect("open");
        let ms = began.elapsed().as_secs_f64() * 1e3;
        println!("opened in {ms:.0} ms, {} rows from the log", report.rows);
        engine
    };
    let engine = open();
    engine.start_background().expect("a thread");
    let began = Instant::now();
    let bytes: u64 = std::thread::scope(|scope| {
        let engine = &engine;
        let start = |w| scope.spawn(move || append(engine, lines / 2, streams, w, START_NS));
        let writers: Vec<_> = (0..2).map(start).collect();
        writers
            .into_iter()
            .map(|w| w.join().expect("appends"))
            .sum()
    });
    let appended = began.elapsed().as_secs_f64();
    engine.flush().expect("flush");
    engine.merge().expect("merge");
    let all = began.elapsed().as_secs_f64();
    let stats = engine.stats();
    let mb = bytes as f64 / 1e6;
    println!(
        "{mb:.0} MB in: {:.1} MB/s appended, {:.1} MB/s with all merges; {:.1} MB on disk ({:.1}x), {} parts, {} blocks, {} copied, {} rewritten, {} flushes",
        mb / appended,
        mb / all,
        stats.part_bytes as f64 / 1e6,
        bytes as f64 / stats.part_bytes as f64,
        stats.parts,
        stats.blocks,
        stats.blocks_copied,
        stats.blocks_rewritten,
        stats.flushes,
    );
    let contains = |text: &str| Some(LineMatch::Contains(text.into()));
    ask(&engine, "needle", &[], contains(NEEDLE), Lines::All);
    ask(
        &engine,
        "dense word, count",
        &[],
        contains("error"),
        Lines::None,
    );
    let regex = LineRegex::new("order 1[0-9]{3} stored in 1.. ms").expect("an expression");
    ask(
        &engine,
        "regex, count",
        &[],
        Some(LineMatch::Regex(Arc::new(regex))),
        Lines::None,
    );
    ask(
        &engine,
        "one stream, lines",
        &[Matcher::equal("pod", "pod-7")],
        None,
        Lines::All,
    );
    let some = Matcher::new("pod", MatchOp::Regex, "pod-1.*").expect("a matcher");
    ask(&engine, "some streams, times", &[some], None, Lines::None);
    ask(&engine, "everything, lines", &[], None, Lines::All);
    engine.close().expect("close");
    drop(engine);
    drop(open());
    if std::env::args().nth(3).is_none() {
        let _ = std::fs::remove_dir_all(&dir);
    }
}
