//! How fast the guard is, by kind of line and by part. Run with
//! `cargo run --profile fast -p binnacle-guard --example guard_rates`.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use binnacle_guard::{EnrichmentSettings, Guard, GuardSettings, LimitSettings, PrivacySettings};
use binnacle_model::Labels;
use binnacle_model::append::AppendError;
use binnacle_model::event::append::{AppendEvents, EventsAppended};
use binnacle_model::event::{EventBatch, LogSink, Source};
use binnacle_stdx::clock::SystemClock;
use binnacle_stdx::random::Random;

const ROWS: usize = 5_000;
const SECONDS: f64 = 0.5;

struct Nothing;

impl AppendEvents for Nothing {
    fn append(&self, batch: &EventBatch) -> Result<EventsAppended, AppendError> {
        Ok(EventsAppended {
            rows: black_box(batch).len() as u64,
            ..EventsAppended::default()
        })
    }
}

const KINDS: [&str; 5] = ["plain", "access log", "logfmt", "JSON", "words only"];

fn line(kind: usize, random: &mut Random) -> String {
    let id = random.next_u64();
    let (n, ms) = (random.below(100_000), random.below(5_000));
    let level = *random.pick(&["INFO", "INFO", "DEBUG", "WARN", "ERROR"]);
    match kind {
        0 => format!(
            "2024-05-06T07:08:09.{ms:06}Z {level} [worker-{}] com.example.shop.Order - order {n} of \
             session {id:016x} was handled in {ms} ms, 3 items, next step is shipping",
            n % 32
        ),
        1 => format!(
            "10.{}.{}.{} - - [06/May/2024:07:08:09 +0000] \"GET /api/v1/items/{n}?page=2 HTTP/1.1\" \
             200 {ms} \"https://shop.example.com/\" \"Mozilla/5.0 (X11; Linux x86_64) \
             AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36\"",
            n % 256,
            ms % 256,
            id % 256
        ),
        2 => format!(
            "ts=2024-05-06T07:08:09.{ms:06}Z caller=main.go:{} level={} component=shop \
             msg=\"order was handled\" order={n} duration={ms}ms trace_id={id:016x}{id:016x}",
            n % 900,
            level.to_lowercase()
        ),
        3 => format!(
            "{{\"timestamp\":\"2024-05-06T07:08:09.{ms:06}Z\",\"level\":\"{}\",\"service\":\"shop\",\
             \"message\":\"order {n} was handled\",\"trace_id\":\"{id:016x}{id:016x}\",\"user\":\
             {{\"id\":{n},\"plan\":\"free\"}},\"duration_ms\":{ms}}}",
            level.to_lowercase()
        ),
        _ => "the quick brown fox jumps over the lazy dog while nobody looks ".repeat(3),
    }
}

fn batch(kind: usize) -> EventBatch {
    let mut random = Random::new(kind as u64);
    let mut batch = EventBatch::default();
    for stream in 0..5 {
        batch.begin_stream(&Labels::from_pairs([("app", format!("app-{stream}"))]));
        for row in 0..ROWS / 5 {
            let line = line(kind, &mut random);
            batch.push_row(1_700_000_000_000_000_000 + row as i64, line.as_bytes());
        }
    }
    batch
}

fn rate(settings: &GuardSettings, batch: &EventBatch) -> f64 {
    let guard = Guard::new(settings.clone(), Arc::new(Nothing), Arc::new(SystemClock))
        .expect("the settings are right");
    let source = Source {
        protocol: "bench",
        sender: "bench".to_owned(),
    };
    let line_bytes: usize = batch.lines.iter().map(ExactSizeIterator::len).sum();
    let (mut bytes, mut spent) = (0usize, 0.0);
    while spent < SECONDS {
        let mut copy = batch.clone();
        let begun = Instant::now();
        let taken = guard.push(&source, &mut copy).expect("it is taken");
        spent += begun.elapsed().as_secs_f64();
        assert_eq!(taken.rows as usize, batch.len());
        bytes += line_bytes;
    }
    bytes as f64 / spent / 1e6
}

fn main() {
    let off = GuardSettings {
        limits: LimitSettings::default(),
        enrichment: EnrichmentSettings::off(),
        privacy: PrivacySettings::profile("off").expect("it is there"),
        ..GuardSettings::default()
    };
    let enrichment = GuardSettings {
        enrichment: EnrichmentSettings::default(),
        ..off.clone()
    };
    let privacy = GuardSettings {
        privacy: PrivacySettings::default(),
        ..off.clone()
    };
    let strict = GuardSettings {
        privacy: PrivacySettings::profile("strict").expect("it is there"),
        ..GuardSettings::default()
    };
    let all = [
        ("limits", off),
        ("+ level", enrichment),
        ("+ privacy", privacy),
        ("default", GuardSettings::default()),
        ("strict", strict),
    ];
    println!("MB of lines a second, one thread");
    print!("{:12}", "");
    for (name, _) in &all {
        print!("{name:>12}");
    }
    println!();
    for (kind, name) in KINDS.iter().enumerate() {
        let batch = batch(kind);
        print!("{name:12}");
        for (_, settings) in &all {
            print!("{:12.0}", rate(settings, &batch));
        }
        println!();
    }
}
