//! `kill -9` at random moments while samples arrive: nothing that was acknowledged
//! is lost, and nothing is there twice.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use binnacle_model::Labels;
use binnacle_stdx::random::Random;
use binnacle_wire::remote_write::Encoder;

use crate::server::{QUIET, Server, client, escape, runtime};

const SERIES: usize = 50;
const KILLS: u64 = 100;

fn labels(i: usize) -> Labels {
    Labels::from_pairs([("__name__", "crash"), ("i", i.to_string().as_str())])
}

/// A request with one sample of every series at step `n`; its value is `n`.
fn request(n: i64) -> Vec<u8> {
    let mut encoder = Encoder::default();
    for i in 0..SERIES {
        encoder.push(&labels(i), &[(n * 1000, n as f64)]);
    }
    encoder.finish().expect("encode")
}

#[test]
fn a_hundred_crashes_lose_nothing_that_was_acknowledged() {
    let seed = std::env::var("SEED")
        .ok()
        .and_then(|s| s.parse().ok())
        .unwrap_or(7);
    println!("seed {seed}");
    let mut random = Random::new(seed);
    let mut server = Server::start(QUIET);
    let next = Arc::new(AtomicI64::new(1));
    let acknowledged = Arc::new(Mutex::new(Vec::new()));
    for _ in 0..KILLS {
        let stop = Arc::new(AtomicBool::new(false));
        let writer = {
            let (next, acknowledged, stop) = (next.clone(), acknowledged.clone(), stop.clone());
            let url = server.url("/api/v1/write");
            std::thread::spawn(move || {
                runtime(async {
                    let client = client();
                    while !stop.load(Ordering::Relaxed) {
                        let n = next.fetch_add(1, Ordering::Relaxed);
                        let sent = client
                            .post(&url)
                            .header("content-type", "application/x-protobuf")
                            .header("content-encoding", "snappy")
                            .body(request(n))
                            .send()
                            .await;
                        match sent {
                            Ok(response) if response.status().is_success() => {
                                acknowledged.lock().expect("lock").push(n);
                            }
                            // The server is gone: this one was not acknowledged.
                            _ => break,
                        }
                    }
                });
            })
        };
        // Let it write for a random while, the first millisecond included.
        let until = Instant::now() + Duration::from_micros(random.below(30_000));
        while Instant::now() < until {
            std::hint::spin_loop();
        }
        server.kill();
        stop.store(true, Ordering::Relaxed);
        writer.join().expect("the writer");
        server.restart();
    }
    let acknowledged = acknowledged.lock().expect("lock");
    let last = next.load(Ordering::Relaxed);
    println!(
        "{} of {} requests were acknowledged",
        acknowledged.len(),
        last - 1
    );
    assert!(
        acknowledged.len() as u64 > KILLS,
        "too few writes to say anything"
    );
    check(&server, &acknowledged, last);
}

/// Every acknowledged step is there with its value in every series; a step that
/// was not acknowledged is there as a whole or not at all.
fn check(server: &Server, acknowledged: &[i64], last: i64) {
    let query = escape(&format!("crash[{}s]", last + 10));
    let data = server.data(&format!("/api/v1/query?query={query}&time={}", last + 5));
    let series = data["result"].as_array().expect("a matrix");
    assert_eq!(series.len(), SERIES);
    let mut first: Option<Vec<i64>> = None;
    for one in series {
        let points = one["values"].as_array().expect("points");
        let times: Vec<i64> = points
            .iter()
            .map(|p| {
                let t = p[0].as_i64().expect("whole seconds");
                let value: f64 = p[1]
                    .as_str()
                    .and_then(|v| v.parse().ok())
                    .expect("a number");
                assert_eq!(value, t as f64, "the value of step {t}");
                t
            })
            .collect();
        assert!(
            times.windows(2).all(|w| w[0] < w[1]),
            "times ascend, none is there twice"
        );
        for n in acknowledged {
            assert!(
                times.binary_search(n).is_ok(),
                "step {n} was acknowledged and is lost"
            );
        }
        match &first {
            None => first = Some(times),
            Some(first) => assert_eq!(&times, first, "a batch is there as a whole or not at all"),
        }
    }
}
