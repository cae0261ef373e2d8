//! `kill -9` while alerts come and are told: none is lost, and what is told twice is
//! counted and explained.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use binnacle_stdx::random::Random;
use serde_json::json;

use crate::receiver::{Arrival, Receiver};
use crate::server::{QUIET, Server, client, eventually, runtime};

const KILLS: u64 = 100;

/// Posts alert `n`; whether it was acknowledged.
fn post(server: &Server, n: u64) -> bool {
    let body = json!([{ "labels": { "alertname": format!("A{n}") } }]).to_string();
    let sent = runtime(async {
        client()
            .post(server.url("/api/v2/alerts"))
            .header("content-type", "application/json")
            .body(body)
            .send()
            .await
    });
    sent.is_ok_and(|response| response.status().is_success())
}

#[test]
fn a_hundred_crashes_lose_no_alert() {
    let seed = std::env::var("SEED")
        .ok()
        .and_then(|s| s.parse().ok())
        .unwrap_or(11);
    println!("seed {seed}");
    let mut random = Random::new(seed);
    let receiver = Receiver::start();
    let yml = format!(
        "route: {{receiver: hook, group_by: [alertname], group_wait: 1ms, group_interval: 1h, repeat_interval: 2h}}\n\
         receivers:\n- name: hook\n  webhook_configs: [{{url: \"{}\"}}]\n",
        receiver.url("/")
    );
    let config = format!(
        "{QUIET}rules:\n  builtin: false\nalerting:\n  alertmanager_file: alertmanager.yml\n"
    );
    let mut server = Server::start_with(&config, &[("alertmanager.yml", &yml)]);
    let mut acknowledged = Vec::new();
    let mut told: BTreeMap<String, u64> = BTreeMap::new();
    let mut next = 0;
    for _ in 0..KILLS {
        for _ in 0..1 + random.below(4) {
            if post(&server, next) {
                acknowledged.push(format!("A{next}"));
            }
            next += 1;
        }
        // Somewhere between the post and the entry in the notification log.
        let until = Instant::now() + Duration::from_micros(random.below(6_000));
        while Instant::now() < until {
            std::hint::spin_loop();
        }
        server.kill();
        count(&receiver.drain_dead(), &mut told);
        server.restart();
    }
    let mut last = Vec::new();
    eventually("every acknowledged alert is told", || {
        last.extend(receiver.drain());
        let known = |name: &String| {
            told.contains_key(name) || last.iter().any(|a| a.alerts()[0].1 == *name)
        };
        acknowledged.iter().all(known)
    });
    server.kill();
    last.extend(receiver.drain_dead());
    count(&last, &mut told);
    let twice = told.values().filter(|count| **count > 1).count();
    println!(
        "{} alerts acknowledged, all told; {twice} more than once, in lives that ended behind the \
         delivery and before the entry in the notification log",
        acknowledged.len()
    );
}

/// Counts what one life of the process told: within a life nothing is told twice.
fn count(life: &[Arrival], told: &mut BTreeMap<String, u64>) {
    let mut names: Vec<String> = life
        .iter()
        .flat_map(|arrival| arrival.alerts().into_iter().map(|(_, name)| name))
        .collect();
    names.sort();
    let all = names.len();
    names.dedup();
    assert_eq!(names.len(), all, "one life told an alert twice: {names:?}");
    for name in names {
        *told.entry(name).or_default() += 1;
    }
}
