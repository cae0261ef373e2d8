//! The engine against a plain list: random appends, flushes, merges, deletions, crashes
//! and questions, from a seed.

use std::sync::Arc;

use binnacle_events::{Engine, EngineOptions, StreamRetention};
use binnacle_model::event::select::ValueTest;
use binnacle_model::event::{AppendEvents, Condition, LineMatch, LineRegex, LineTest};
use binnacle_model::matcher::all_match;
use binnacle_model::{Labels, MatchOp, Matcher};
use binnacle_stdx::clock::ManualClock;
use binnacle_stdx::files::SimulatedFiles;
use binnacle_stdx::random::Random;

use crate::world::{Row, all, batch, open, options, read};

const NOW_MS: i64 = 1_700_000_000_000;
const HOUR_NS: i64 = 3_600_000_000_000;

fn line(random: &mut Random) -> Vec<u8> {
    let words = [
        "GET",
        "error",
        "timeout",
        "user=7",
        "αβγ",
        "{\"a\":1}",
        "",
        "trace",
    ];
    let mut line = Vec::new();
    for _ in 0..random.below(8) {
        line.extend_from_slice(words[random.below(words.len() as u64) as usize].as_bytes());
        line.push(b' ');
    }
    if random.below(4) == 0 {
        line.extend_from_slice(format!("id={:032x}", random.below(50)).as_bytes());
    }
    if random.below(20) == 0 {
        line.extend_from_slice(&[0, 0xff, 0xfe, b'\n', 0]);
    }
    line
}

fn row(random: &mut Random) -> Row {
    let labels = Labels::from_pairs([
        ("app", format!("a{}", random.below(4))),
        ("pod", format!("p{}", random.below(3))),
    ]);
    let t_ns = NOW_MS * 1_000_000 - random.below(80 * HOUR_NS as u64) as i64;
    let mut fields = Vec::new();
    if random.below(3) == 0 {
        fields.push((
            "level".to_owned(),
            ["info", "error"][random.below(2) as usize].to_owned(),
        ));
    }
    if random.below(5) == 0 {
        fields.push(("trace_id".to_owned(), format!("{:016x}", random.below(9))));
    }
    (labels, t_ns, line(random), fields)
}

fn conditions(random: &mut Random) -> Vec<Condition> {
    let mut all = Vec::new();
    let literals = [
        "error", "user=", "id=0000", "er", "\"a\"", "nothing", "β", " ", "",
    ];
    match random.below(5) {
        0 | 1 => {
            let literal = literals[random.below(literals.len() as u64) as usize];
            all.push(Condition::Line(LineTest {
                any: vec![LineMatch::Contains(literal.as_bytes().to_vec())],
                negated: random.below(3) == 0,
            }));
        }
        2 => {
            let text = ["err.r", "id=0+1", "^GET", "(time|user)"][random.below(4) as usize];
            let regex = LineRegex::new(text).expect("an expression");
            all.push(Condition::Line(LineTest {
                any: vec![LineMatch::Regex(Arc::new(regex))],
                negated: random.below(3) == 0,
            }));
        }
        3 => {
            let op = [MatchOp::Equal, MatchOp::NotEqual][random.below(2) as usize];
            let value = ["info", "error", ""][random.below(3) as usize];
            all.push(Condition::Field {
                name: "level".to_owned(),
                test: ValueTest::Text(Matcher::new("level", op, value).expect("a matcher")),
            });
        }
        _ => {}
    }
    all
}

fn passes(row: &Row, conditions: &[Condition]) -> bool {
    conditions.iter().all(|condition| match condition {
        Condition::Line(test) => test.passes(&row.2),
        Condition::Field {
            name,
            test: ValueTest::Text(matcher),
        } => {
            let value = row.3.iter().find(|(n, _)| n == name);
            matcher.matches(value.map_or("", |(_, v)| v))
        }
        _ => unreachable!("there is none here"),
    })
}

fn matchers(random: &mut Random) -> Vec<Matcher> {
    let (op, value) = [
        (MatchOp::Equal, "a1"),
        (MatchOp::NotEqual, "a2"),
        (MatchOp::Regex, "a[0-2]"),
        (MatchOp::Regex, ".*"),
    ][random.below(4) as usize];
    vec![Matcher::new("app", op, value).expect("a matcher")]
}

fn wanted(rows: &[Row], matchers: &[Matcher], from: i64, to: i64, c: &[Condition]) -> Vec<Row> {
    let mut wanted: Vec<Row> = rows
        .iter()
        .filter(|r| r.1 >= from && r.1 < to && all_match(matchers, &r.0) && passes(r, c))
        .cloned()
        .collect();
    wanted.sort();
    wanted
}

fn small() -> EngineOptions {
    EngineOptions {
        head_bytes_max: 4_000,
        ..options()
    }
}

fn question(engine: &Engine, rows: &[Row], random: &mut Random) {
    let matchers = matchers(random);
    let from = NOW_MS * 1_000_000 - random.below(90 * HOUR_NS as u64) as i64;
    let to = from + random.below(90 * HOUR_NS as u64) as i64;
    let conditions = conditions(random);
    let mut got = read(engine, &matchers, from, to, &conditions);
    // What came twice may be there once.
    got.dedup();
    let mut want = wanted(rows, &matchers, from, to, &conditions);
    want.dedup();
    assert_eq!(got, want, "{matchers:?} {conditions:?}");
}

fn run(seed: u64, steps: usize) {
    let mut random = Random::new(seed);
    let files = Arc::new(SimulatedFiles::new());
    let clock = Arc::new(ManualClock::new(NOW_MS));
    let mut engine = open(&files, &clock, small()).0;
    let mut rows: Vec<Row> = Vec::new();
    for _ in 0..steps {
        match random.below(20) {
            0 => engine.flush().expect("flush"),
            1 | 2 => engine.tick().expect("tick"),
            3 => {
                drop(engine);
                engine = open(&files, &clock, small()).0;
            }
            4 => {
                let matchers = matchers(&mut random);
                let from = NOW_MS * 1_000_000 - random.below(80 * HOUR_NS as u64) as i64;
                let to = from + random.below(5 * HOUR_NS as u64) as i64;
                let tests = conditions(&mut random);
                if tests.iter().any(|c| !matches!(c, Condition::Line(_))) {
                    continue;
                }
                engine
                    .delete("{}", &matchers, from, to, &tests)
                    .expect("delete");
                rows.retain(|r| {
                    !(r.1 >= from && r.1 <= to && all_match(&matchers, &r.0) && passes(r, &tests))
                });
            }
            5..12 => {
                let new: Vec<Row> = (0..1 + random.below(30))
                    .map(|_| row(&mut random))
                    .collect();
                let answer = engine.append(&batch(&new)).expect("append");
                assert_eq!(answer.rows, new.len() as u64);
                rows.extend(new);
            }
            _ => question(&engine, &rows, &mut random),
        }
    }
    for _ in 0..20 {
        engine.tick().expect("tick");
    }
    let mut got = all(&engine);
    got.dedup();
    rows.sort();
    rows.dedup();
    assert_eq!(got, rows, "seed {seed}");
}

#[test]
fn random_lives() {
    for seed in 0..12 {
        run(seed, 150);
    }
}

#[test]
fn what_comes_twice_is_stored_once_when_it_is_written_out() {
    let files = Arc::new(SimulatedFiles::new());
    let clock = Arc::new(ManualClock::new(NOW_MS));
    let engine = open(&files, &clock, options()).0;
    let mut random = Random::new(5);
    let rows: Vec<Row> = (0..50).map(|_| row(&mut random)).collect();
    engine.append(&batch(&rows)).expect("append");
    engine.append(&batch(&rows)).expect("append");
    engine.flush().expect("flush");
    let mut unique = rows;
    unique.sort();
    unique.dedup();
    assert_eq!(all(&engine), unique);
}

#[test]
fn retention_by_time_and_by_stream() {
    let files = Arc::new(SimulatedFiles::new());
    let clock = Arc::new(ManualClock::new(NOW_MS));
    let day_ms = 86_400_000;
    let settings = EngineOptions {
        retention_ms: 10 * day_ms,
        stream_retention: vec![StreamRetention {
            matchers: vec![Matcher::equal("app", "short")],
            period_ms: 2 * day_ms,
        }],
        ..options()
    };
    let engine = open(&files, &clock, settings).0;
    let of = |app: &str, days: i64| -> Row {
        let t_ns = (NOW_MS - days * day_ms) * 1_000_000;
        (
            Labels::from_pairs([("app", app)]),
            t_ns,
            b"x".to_vec(),
            Vec::new(),
        )
    };
    let rows = [
        of("short", 1),
        of("short", 5),
        of("long", 5),
        of("long", 20),
    ];
    engine.append(&batch(&rows)).expect("append");
    engine.flush().expect("flush");
    for _ in 0..5 {
        engine.tick().expect("tick");
    }
    let mut want = vec![of("short", 1), of("long", 5)];
    want.sort();
    assert_eq!(all(&engine), want);
    clock.set(NOW_MS + 30 * day_ms);
    for _ in 0..5 {
        engine.tick().expect("tick");
    }
    assert!(all(&engine).is_empty());
}

#[test]
fn merging_keeps_every_row_and_few_parts() {
    let files = Arc::new(SimulatedFiles::new());
    let clock = Arc::new(ManualClock::new(NOW_MS));
    let engine = open(&files, &clock, options()).0;
    let mut random = Random::new(9);
    let mut rows = Vec::new();
    for _ in 0..30 {
        let new: Vec<Row> = (0..20)
            .map(|_| {
                let mut row = row(&mut random);
                row.1 = NOW_MS * 1_000_000 - random.below(HOUR_NS as u64) as i64;
                row
            })
            .collect();
        engine.append(&batch(&new)).expect("append");
        engine.flush().expect("flush");
        rows.extend(new);
    }
    engine.tick().expect("tick");
    rows.sort();
    assert_eq!(all(&engine), rows);
    let stats = engine.stats();
    assert!(stats.parts < 16, "{} parts", stats.parts);
    assert!(stats.merges > 0);
}
