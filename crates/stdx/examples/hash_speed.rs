//! Speed of the hash. Run with `cargo run --profile fast -p binnacle-stdx --example
//! hash_speed`.

use std::hint::black_box;
use std::time::Instant;

use binnacle_stdx::hash::HashKey;
use binnacle_stdx::random::Random;

fn main() {
    let key = HashKey::new(1);
    let mut bytes = vec![0; (1 << 20) + (1 << 12)];
    Random::new(1).fill(&mut bytes);
    for len in [8, 20, 60, 190, 1_000, 1 << 20] {
        // The best of many short runs: what the code can do on a busy machine.
        let rounds = (1usize << 22) / (len + 64) + 1;
        let seconds = (0..64)
            .map(|_| run(&key, &bytes, len, rounds))
            .fold(f64::MAX, f64::min);
        println!(
            "{len:8} bytes: {:7.1} ns, {:5.1} GB/s",
            seconds * 1e9 / rounds as f64,
            (rounds * len) as f64 / seconds / 1e9
        );
    }
}

fn run(key: &HashKey, bytes: &[u8], len: usize, rounds: usize) -> f64 {
    let start = Instant::now();
    for i in 0..rounds {
        let from = i & 0xfff;
        black_box(key.hash128(black_box(&bytes[from..from + len])));
    }
    start.elapsed().as_secs_f64()
}
