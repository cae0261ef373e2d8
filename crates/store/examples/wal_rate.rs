//! How fast the log takes records, and what compressing them would cost. Run with
//! `cargo run --profile fast -p binnacle-store --example wal_rate [FOLDER]`.

use std::hint::black_box;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use binnacle_stdx::bits::{put_varint, put_varint_signed};
use binnacle_stdx::random::Random;
use binnacle_store::disk;
use binnacle_store::wal::{SyncPolicy, Wal, WalOptions};

const SAMPLES: usize = 2_000;

/// A request of 2,000 samples: gap of ids, time less a base, eight bytes of value.
fn payload(random: &mut Random) -> Vec<u8> {
    let mut out = Vec::new();
    for i in 0..SAMPLES {
        put_varint(&mut out, 1 + u64::from(i % 50 == 0));
        put_varint_signed(&mut out, random.between(0, 3));
        let value = match i % 20 {
            0..11 => random.between(0, 1_000_000) as f64,
            11..15 => random.between(0, 10_000) as f64 / 100.0,
            15..19 => 1.0,
            _ => random.unit(),
        };
        out.extend_from_slice(&value.to_le_bytes());
    }
    out
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let dir = std::env::args()
        .nth(1)
        .map_or_else(std::env::temp_dir, PathBuf::from);
    let dir = dir.join(format!("binnacle-wal-rate-{}", std::process::id()));
    let mut random = Random::new(1);
    let payload = payload(&mut random);
    println!("{} bytes for {SAMPLES} samples", payload.len());
    for (policy, threads, seconds) in [
        (SyncPolicy::Never, 1, 1.0),
        (SyncPolicy::Interval(Duration::from_secs(1)), 1, 2.0),
        (SyncPolicy::Interval(Duration::from_secs(1)), 8, 2.0),
        (SyncPolicy::Always, 1, 1.0),
        (SyncPolicy::Always, 8, 1.0),
    ] {
        let options = WalOptions {
            sync: policy,
            ..WalOptions::default()
        };
        let (wal, _) = Wal::open(disk::files(), &dir, options)?;
        let start = Instant::now();
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    while start.elapsed().as_secs_f64() < seconds {
                        wal.append_one(1, &payload).expect("append");
                    }
                });
            }
        });
        let seconds = start.elapsed().as_secs_f64();
        let stats = wal.stats();
        println!(
            "{policy:?}, {threads} threads: {:.1} M samples/s, {:.0} MB/s, {:.1} records a write",
            (stats.records as usize * SAMPLES) as f64 / seconds / 1e6,
            stats.bytes as f64 / seconds / 1e6,
            stats.records as f64 / stats.writes as f64,
        );
        drop(wal);
        let start = Instant::now();
        let (_wal, recovery) = Wal::open(disk::files(), &dir, options)?;
        let mut replay = recovery.replay();
        let mut bytes = 0;
        while let Some(record) = replay.next_record()? {
            bytes += black_box(record.payload).len();
        }
        let rate = bytes as f64 / start.elapsed().as_secs_f64() / 1e6;
        println!("  replayed at {rate:.0} MB/s");
        std::fs::remove_dir_all(&dir)?;
    }
    let start = Instant::now();
    let rounds = 500;
    let mut len = 0;
    for _ in 0..rounds {
        len = black_box(zstd::bulk::compress(&payload, 1)?).len();
    }
    println!(
        "zstd-1 would take {:.2} of the bytes, at {:.1} M samples/s",
        len as f64 / payload.len() as f64,
        (rounds * SAMPLES) as f64 / start.elapsed().as_secs_f64() / 1e6,
    );
    Ok(())
}
