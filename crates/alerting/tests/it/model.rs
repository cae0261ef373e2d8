//! Random scripts of alerts, silences, reloads, kills and receivers that fail, against
//! what must hold whatever happens.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use binnacle_model::alert::{Alerting, Silence, SilenceState};
use binnacle_model::matcher::Matcher;
use binnacle_stdx::random::Random;

use crate::support::{Reply, T0_MS, Told, World};

const CONFIG: &str = "
global: { resolve_timeout: 24h }
route:
  receiver: default
  group_by: [team]
  group_wait: 10s
  group_interval: 1m
  repeat_interval: 30m
  routes:
  - receiver: both
    matchers: [team=b]
    continue: true
receivers:
- name: default
  webhook_configs:
  - url: http://127.0.0.1:1/a
- name: both
  webhook_configs:
  - url: http://127.0.0.1:1/b
  - url: http://127.0.0.1:1/c
";

const REPEAT_MS: i64 = 30 * 60_000;

const ALERTS: [&str; 6] = [
    "A,team=a", "B,team=a", "C,team=b", "D,team=b", "E,team=c", "F",
];

/// What the script did.
#[derive(Default)]
struct Script {
    firing: BTreeSet<usize>,
    silenced_once: BTreeSet<String>,
    /// Name, from, until: milliseconds after the beginning.
    silences: Vec<(String, String, i64, i64)>,
}

fn name(alert: usize) -> String {
    ALERTS[alert].split(',').next().unwrap_or("").to_owned()
}

async fn silence(world: &World, script: &mut Script, random: &mut Random) {
    let of = name(random.below(ALERTS.len() as u64) as usize);
    let from_ms = world.clock_seconds() as i64 * 1000 + random.between(1, 60) * 1000;
    let until_ms = from_ms + random.between(30, 900) * 1000;
    let silence = Silence {
        matcher_sets: vec![vec![Matcher::equal("alertname", of.as_str())]],
        starts_at_ns: (T0_MS + from_ms) * 1_000_000,
        ends_at_ns: (T0_MS + until_ms) * 1_000_000,
        ..Silence::default()
    };
    let id = world.service.set_silence(silence).await.expect("a silence");
    script.silenced_once.insert(of.clone());
    script.silences.push((id, of, from_ms, until_ms));
}

async fn end_silence(world: &World, script: &mut Script, random: &mut Random) {
    if script.silences.is_empty() {
        return;
    }
    let at = random.below(script.silences.len() as u64) as usize;
    let now_ms = (world.clock_seconds() * 1000.0) as i64;
    let (id, _, _, until_ms) = &mut script.silences[at];
    world
        .service
        .expire_silence(id.clone(), "ops".into())
        .await
        .expect("known");
    *until_ms = now_ms.min(*until_ms);
}

async fn act(world: &mut World, script: &mut Script, random: &mut Random) {
    let alert = random.below(ALERTS.len() as u64) as usize;
    match random.below(20) {
        0..=6 => {
            world.fire(&[ALERTS[alert]]).await;
            script.firing.insert(alert);
        }
        7..=11 => {
            if script.firing.remove(&alert) {
                world.resolve(&[ALERTS[alert]]).await;
            }
        }
        12..=13 => silence(world, script, random).await,
        14 => end_silence(world, script, random).await,
        15 => {
            let settings = Arc::clone(&world.settings);
            let reloaded = world.service.reload(settings, world.policy.clone());
            reloaded.expect("reloads");
        }
        16..=17 => world.kill().await,
        _ => {
            // Receivers fail for a while, each in its own way.
            let until_ms = (world.clock_seconds() * 1000.0) as i64 + random.between(1, 200_000);
            let how = random.below(4);
            world.behave(move |to, at_ms| match how {
                _ if at_ms > until_ms => Reply::Take,
                0 => Reply::Fail,
                1 if to.starts_with("both") => Reply::Hang,
                2 => Reply::Refuse,
                _ => Reply::Take,
            });
        }
    }
}

async fn run(seed: u64) {
    let mut random = Random::new(seed);
    let mut script = Script::default();
    let mut world = World::begin(CONFIG).await;
    let mut at = 0.0;
    for _ in 0..120 {
        at += match random.below(3) {
            0 => random.unit(),
            1 => random.unit() * 20.0,
            _ => random.unit() * 200.0,
        };
        world.until(at).await;
        act(&mut world, &mut script, &mut random).await;
    }
    world.behave(|_, _| Reply::Take);
    let silences = world.service.silences();
    let now_ms = world.clock_seconds() as i64 * 1000;
    for silence in silences {
        if silence.state_at((T0_MS + now_ms) * 1_000_000) != SilenceState::Expired {
            world
                .service
                .expire_silence(silence.id.clone(), "ops".into())
                .await
                .expect("known");
        }
    }
    for (_, _, _, until_ms) in &mut script.silences {
        *until_ms = now_ms.min(*until_ms);
    }
    at += 400.0;
    world.until(at).await;
    world.stop().await;
    let told = world.recorder.told.lock().clone();
    check(seed, &script, &told);
}

fn check(seed: u64, script: &Script, told: &[Told]) {
    never_while_silenced(seed, script, told);
    nothing_twice(seed, told);
    // How each alert was told last, by integration.
    let mut last = BTreeMap::<(String, String), bool>::new();
    for told in told {
        for alert in &told.alerts {
            let name = alert.name().to_owned();
            last.insert((told.to.clone(), name), alert.ends_at_ns == 0);
        }
    }
    for (index, alert) in ALERTS.iter().enumerate() {
        let mut to = vec!["default/webhook/0"];
        if alert.ends_with("team=b") {
            // The first child takes it; `continue` has no sibling to go on to.
            to = vec!["both/webhook/0", "both/webhook/1"];
        }
        for to in to {
            let last = last.get(&(to.to_owned(), name(index)));
            if script.firing.contains(&index) {
                assert_eq!(
                    last,
                    Some(&true),
                    "seed {seed}: {alert} fires, {to} must know"
                );
            } else if !script.silenced_once.contains(&name(index)) {
                let knows = last.is_none_or(|firing| !firing);
                assert!(knows, "seed {seed}: {alert} has ended, {to} must know");
            }
        }
    }
}

fn never_while_silenced(seed: u64, script: &Script, told: &[Told]) {
    for told in told {
        for alert in &told.alerts {
            let silenced = script.silences.iter().any(|(_, name, from_ms, until_ms)| {
                name == alert.name() && told.flushed_ms > *from_ms && told.flushed_ms < *until_ms
            });
            assert!(!silenced, "seed {seed}: {told} is silenced");
        }
    }
}

/// The same of a group is told to an integration again only after the repeat interval.
fn nothing_twice(seed: u64, told: &[Told]) {
    let mut last = BTreeMap::<(String, String), (Vec<String>, i64)>::new();
    for told in told {
        let state =
            |a: &Arc<binnacle_model::alert::Alert>| format!("{} {}", a.name(), a.ends_at_ns == 0);
        let alerts: Vec<String> = told.alerts.iter().map(state).collect();
        let key = (told.to.clone(), told.group_key.clone());
        let before = last.insert(key, (alerts.clone(), told.at_ms));
        if let Some((before, at_ms)) = before {
            let again = before == alerts && told.at_ms < at_ms + REPEAT_MS;
            assert!(!again, "seed {seed}: {told} was told at {at_ms} already");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn whatever_happens_everyone_hears_of_everything_once() {
    for seed in 0..60 {
        run(seed).await;
    }
}
