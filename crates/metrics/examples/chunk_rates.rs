//! Bytes per sample and rates of the chunk codecs, on the kinds of series that the
//! benches use. Run with `cargo run --profile fast -p binnacle-metrics --example
//! chunk_rates`.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::Instant;

use binnacle_metrics::chunk::{
    Effort, codec_of, decode_times, decode_values, encode_times, encode_values,
};
use binnacle_stdx::random::Random;

const SAMPLES_PER_SERIES: usize = 2_000;
const KINDS: usize = 20;
const SERIES: usize = KINDS * 20;

const NAMES: [&str; 7] = [
    "counter",
    "counter idle",
    "cpu seconds",
    "constant",
    "integer gauge",
    "decimal gauge",
    "float",
];

/// The kind's name (an index into [`NAMES`]) and the values of one series.
fn series(i: usize, random: &mut Random) -> (usize, Vec<f64>) {
    let n = SAMPLES_PER_SERIES;
    match i % KINDS {
        0..8 => {
            let rate = 10f64.powf(random.unit() * 4.0);
            let idle = random.one_in(5);
            let mut total = (random.unit() * 1e6).floor();
            let values = (0..n).map(|_| {
                if !idle {
                    total += (rate * (0.5 + random.unit())).round();
                }
                total
            });
            (usize::from(idle), values.collect())
        }
        8 | 9 => {
            let mut hundredths = (random.unit() * 1e7).floor();
            let values = (0..n).map(|_| {
                hundredths += (random.unit() * 1500.0).floor();
                hundredths / 100.0
            });
            (2, values.collect())
        }
        10..14 => (3, vec![(random.unit() * 1e4).floor(); n]),
        14 | 15 => {
            let mut pages = 1e6 + (random.unit() * 1e5).floor();
            let values = (0..n).map(|_| {
                if !random.one_in(3) {
                    pages += random.between(-64, 64) as f64;
                }
                pages * 4096.0
            });
            (4, values.collect())
        }
        16 => (4, (0..n).map(|_| random.between(0, 20) as f64).collect()),
        17 => (
            5,
            (0..n)
                .map(|_| random.between(0, 400) as f64 / 100.0)
                .collect(),
        ),
        18 => (
            5,
            (0..n)
                .map(|_| random.between(200, 800) as f64 / 10.0)
                .collect(),
        ),
        _ => (6, (0..n).map(|_| random.unit() * 100.0).collect()),
    }
}

fn main() {
    let mut random = Random::new(1);
    let all: Vec<(usize, Vec<f64>)> = (0..SERIES).map(|i| series(i, &mut random)).collect();
    for (len, effort) in [
        (32, Effort::Quick),
        (60, Effort::Quick),
        (120, Effort::Quick),
        (2_000, Effort::Quick),
        (60, Effort::Thorough),
        (120, Effort::Thorough),
        (2_000, Effort::Thorough),
    ] {
        values(&all, len, effort);
    }
    times(&mut random);
}

fn values(all: &[(usize, Vec<f64>)], len: usize, effort: Effort) {
    let chunks: Vec<(usize, &[f64])> = all
        .iter()
        .flat_map(|(kind, v)| v.chunks_exact(len).map(|c| (*kind, c)))
        .collect();
    let samples = chunks.len() * len;
    let mut encoded: Vec<Vec<u8>> = Vec::with_capacity(chunks.len());
    let mut out = Vec::new();
    let start = Instant::now();
    for (_, chunk) in &chunks {
        out.clear();
        encode_values(black_box(chunk), effort, &mut out);
        encoded.push(out.clone());
    }
    let encode = samples as f64 / start.elapsed().as_secs_f64() / 1e6;

    let mut decode_seconds = f64::MAX;
    let mut by_codec: BTreeMap<String, (usize, f64)> = BTreeMap::new();
    let mut got = Vec::new();
    for round in 0..5 {
        let start = Instant::now();
        for bytes in &encoded {
            got.clear();
            decode_values(black_box(bytes), len, &mut got).expect("just encoded");
            black_box(&got);
        }
        decode_seconds = start.elapsed().as_secs_f64().min(decode_seconds);
        if round == 0 {
            for ((_, chunk), bytes) in chunks.iter().zip(&encoded) {
                let start = Instant::now();
                got.clear();
                decode_values(bytes, len, &mut got).expect("just encoded");
                let seconds = start.elapsed().as_secs_f64();
                assert!(
                    got.iter()
                        .zip(*chunk)
                        .all(|(a, b)| a.to_bits() == b.to_bits())
                );
                let name = format!("{:?}", codec_of(bytes).expect("not empty"));
                let entry = by_codec.entry(name).or_default();
                entry.0 += len;
                entry.1 += seconds;
            }
        }
    }
    let bytes: usize = encoded.iter().map(Vec::len).sum();
    println!(
        "{len:5} samples, {effort:?}: {:.3} bytes a sample; encode {encode:.0} M/s, decode {:.0} M/s",
        bytes as f64 / samples as f64,
        samples as f64 / decode_seconds / 1e6
    );
    print!("      ");
    for (kind, name) in NAMES.iter().enumerate() {
        let of_kind = chunks.iter().zip(&encoded).filter(|((k, _), _)| *k == kind);
        let (n, bytes) = of_kind.fold((0, 0), |(n, b), (_, e)| (n + len, b + e.len()));
        print!(" {name} {:.3};", bytes as f64 / n as f64);
    }
    print!("\n      ");
    for (name, (n, seconds)) in by_codec {
        let share = n as f64 * 100.0 / samples as f64;
        print!(" {name} {share:.0} % {:.0} M/s;", n as f64 / seconds / 1e6);
    }
    println!();
}

fn times(random: &mut Random) {
    let steady: Vec<i64> = (0..2_000).map(|i| 1_700_000_000_000 + i * 15_000).collect();
    let jitter: Vec<i64> = steady.iter().map(|t| t + random.between(-3, 3)).collect();
    for (name, column) in [("steady", &steady), ("jitter of 3 ms", &jitter)] {
        for len in [60, 2_000] {
            let mut out = Vec::new();
            encode_times(&column[..len], &mut out);
            let start = Instant::now();
            let mut got = Vec::new();
            for _ in 0..1_000 {
                got.clear();
                decode_times(black_box(&out), len, &mut got).expect("just encoded");
            }
            let rate = (len * 1_000) as f64 / start.elapsed().as_secs_f64() / 1e6;
            let bytes = out.len() as f64 / len as f64;
            println!("times, {name}, {len}: {bytes:.3} bytes a time; decode {rate:.0} M/s");
        }
    }
}
