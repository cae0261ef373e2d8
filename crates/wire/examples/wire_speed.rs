//! How fast bytes become series and values, on one core: a repeated scrape
//! through [`ScrapeCache`], the scanner alone, and remote write.
//!
//! `cargo run --profile fast -p binnacle-wire --example wire_speed [page.txt]`
//!
//! Without a page, a target of workload M is made up: 1,000 series with 8 or 9
//! labels of some 190 bytes.

use std::hint::black_box;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use binnacle_model::append::{Batch, SeriesRef};
use binnacle_model::labels::Labels;
use binnacle_model::metadata::MetricType;
use binnacle_stdx::random::splitmix64;
use binnacle_wire::remote_write::{Decoder, Encoder};
use binnacle_wire::text::{Dialect, FamilyLine, Lookup, Sample, ScrapeCache, Visitor, scan};

/// Series of one target.
const SERIES: usize = 1_000;

/// How long each measurement runs.
const RUN: Duration = Duration::from_secs(2);

fn main() {
    let mut seed = 1;
    let series: Vec<Labels> = (0..SERIES).map(labels).collect();
    let page = match std::env::args().nth(1) {
        Some(path) => std::fs::read(&path).unwrap_or_else(|e| panic!("{path}: {e}")),
        None => series
            .iter()
            .flat_map(|l| line(l, &mut seed).into_bytes())
            .collect(),
    };
    println!("page: {} bytes, {} samples", page.len(), count(&page));
    report("scrape, known series", page.len(), count(&page), {
        let (page, mut cache) = (page.clone(), ScrapeCache::default());
        move || scrape(&page, &mut cache)
    });
    report("scan alone", page.len(), count(&page), move || {
        let mut counter = Counter(0);
        scan(&page, Dialect::Prometheus, &mut counter).expect("the page is valid");
        black_box(counter.0);
    });
    for samples in [1, 20] {
        let body = request(&series, samples, &mut seed);
        let message = snap::raw::decompress_len(&body).expect("a body of ours");
        let compressed = body.clone();
        report("  of which snappy", message, SERIES * samples, move || {
            let mut out = vec![0; message];
            black_box(
                snap::raw::Decoder::new()
                    .decompress(&compressed, &mut out)
                    .is_ok(),
            );
        });
        let (mut decoder, mut batch) = (Decoder::new(64 << 20), Batch::default());
        report(
            &format!("remote write, {samples} a series"),
            message,
            SERIES * samples,
            move || {
                batch.clear();
                decoder.decode(&body, &mut batch).expect("a body of ours");
                black_box(&batch);
            },
        );
    }
}

fn report(what: &str, bytes: usize, samples: usize, mut once: impl FnMut()) {
    // The best of many rounds: others use the machine, too.
    let start = Instant::now();
    let mut per = f64::MAX;
    while start.elapsed() < RUN {
        let round = Instant::now();
        for _ in 0..4 {
            once();
        }
        per = per.min(round.elapsed().as_secs_f64() / 4.0);
    }
    println!(
        "{what:28} {:6.2} GB/s  {:7.2} M samples/s  {:6.1} ns a sample",
        bytes as f64 / per / 1e9,
        samples as f64 / per / 1e6,
        per * 1e9 / samples as f64,
    );
}

fn labels(i: usize) -> Labels {
    let pairs = [
        (
            "__name__",
            format!("app_request_duration_kind_{:02}_total", i % 20),
        ),
        (
            "instance",
            format!("host-{:04}.eu-central.example.com:9100", i / 500),
        ),
        ("job", "node-exporter-production".to_owned()),
        ("cluster", "eu-central-1-prod".to_owned()),
        ("namespace", format!("team-{:03}", i % 37)),
        ("pod", format!("api-server-{:05}-x7k2p", i)),
        ("method", ["GET", "POST", "PUT", "DELETE"][i % 4].to_owned()),
        ("code", (200 + i % 5).to_string()),
    ];
    Labels::from_pairs(pairs)
}

/// Values as workload M mixes them.
fn value(i: u64, seed: &mut u64) -> f64 {
    let random = splitmix64(seed);
    match i % 20 {
        0..8 => (random % 100_000_000) as f64,
        8..10 => (random % 100_000_000) as f64 / 100.0,
        10..14 => 1.0,
        14..17 => (random % 4096) as f64,
        17..19 => (random % 100_000) as f64 / 10.0,
        _ => (random >> 11) as f64 / 9_007_199_254_740_992.0,
    }
}

fn line(labels: &Labels, seed: &mut u64) -> String {
    let mut line = labels.metric_name().unwrap_or_default().to_owned();
    for (i, (name, value)) in labels.iter().filter(|(n, _)| *n != "__name__").enumerate() {
        line.push(if i == 0 { '{' } else { ',' });
        line.push_str(&format!("{name}=\"{value}\""));
    }
    let kind = splitmix64(seed);
    line.push_str(&format!("}} {}\n", value(kind, seed)));
    line
}

fn request(series: &[Labels], samples: usize, seed: &mut u64) -> Vec<u8> {
    let mut encoder = Encoder::default();
    for (i, labels) in series.iter().enumerate() {
        let samples: Vec<_> = (0..samples as i64)
            .map(|n| (1_700_000_000_000 + n * 15_000, value(i as u64, seed)))
            .collect();
        encoder.push(labels, &samples);
    }
    encoder.finish().expect("a small request")
}

struct Counter(usize);

impl Visitor for Counter {
    fn sample(&mut self, sample: &Sample<'_>) -> ControlFlow<()> {
        self.0 += 1;
        black_box(sample.value);
        ControlFlow::Continue(())
    }

    fn family(&mut self, _: &str, _: FamilyLine<'_>) {}
}

fn count(page: &[u8]) -> usize {
    let mut counter = Counter(0);
    scan(page, Dialect::Prometheus, &mut counter).expect("the page is valid");
    counter.0
}

struct Scrape<'a> {
    cache: &'a mut ScrapeCache,
    out: Vec<(SeriesRef, f64)>,
}

impl Visitor for Scrape<'_> {
    #[inline]
    fn recognise(&mut self, rest: &[u8]) -> usize {
        self.cache.recognise(rest)
    }

    #[inline]
    fn sample(&mut self, sample: &Sample<'_>) -> ControlFlow<()> {
        match self.cache.lookup(sample.series) {
            Lookup::Known { series, .. } => self.out.push((series, sample.value)),
            Lookup::New => {
                let entry = self.cache.insert(sample.series);
                self.cache.bind(entry, SeriesRef(self.cache.len() as u64));
            }
            Lookup::Unbound { .. } | Lookup::Dropped => {}
        }
        ControlFlow::Continue(())
    }

    fn family(&mut self, _: &str, _: FamilyLine<'_>) {}

    fn recognise_comment(&mut self, line: &[u8]) -> Option<MetricType> {
        self.cache.recognise_comment(line)
    }

    fn comment_told(&mut self, line: &[u8], kind: MetricType) {
        self.cache.comment_told(line, kind);
    }
}

fn scrape(page: &[u8], cache: &mut ScrapeCache) {
    cache.begin();
    let mut visitor = Scrape {
        cache,
        out: Vec::with_capacity(SERIES),
    };
    scan(page, Dialect::Prometheus, &mut visitor).expect("the page is valid");
    black_box(&visitor.out);
}
