//! Measures state: `cargo run --profile fast -p binnacle-state --example measure -- DIR [episodes]`.
//! Prints one line per figure. Uses a new folder in DIR and leaves it there.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use binnacle_model::alert::{
    Episode, EpisodeFilter, Fingerprint, NotificationFilter, NotificationOutcome,
    NotificationRecord,
};
use binnacle_model::{Labels, MatchOp, Matcher};
use binnacle_state::{LogEntry, LogKey, NewNotification, Settings, State};
use binnacle_stdx::clock::SystemClock;
use binnacle_stdx::random::Random;

const YEAR_MS: i64 = 365 * 24 * 3_600_000;

type Outcome = Result<(), Box<dyn std::error::Error + Send + Sync>>;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Outcome {
    let mut args = std::env::args().skip(1);
    let dir = PathBuf::from(args.next().ok_or("which folder?")?)
        .join(format!("measure-{}", std::process::id()));
    let episodes: usize = args.next().map_or(Ok(500_000), |n| n.parse())?;
    let state = State::open(&dir, Settings::default(), Arc::new(SystemClock)).await?;

    log(&state, 1, 20_000).await?;
    log(&state, 100, 200_000).await?;

    let mut random = Random::new(1);
    let start = (Instant::now(), cpu_seconds());
    let first: Vec<Episode> = (0..100_000).map(|i| episode(&mut random, i, 0)).collect();
    let made = (start.0.elapsed(), cpu_seconds() - start.1);
    let ids = state.begin_episodes(first).await?;
    println!(
        "begin 100,000 episodes: {:.2} s, {:.2} CPU s (of which making them {:.2})",
        start.0.elapsed().as_secs_f64(),
        cpu_seconds() - start.1,
        made.1
    );
    let start = (Instant::now(), cpu_seconds());
    let ended = ids.iter().map(|&id| (id, 60_000 + id)).collect();
    state.resolve_episodes(ended).await?;
    println!(
        "resolve 100,000 episodes: {:.2} s, {:.2} CPU s",
        start.0.elapsed().as_secs_f64(),
        cpu_seconds() - start.1
    );

    fill(&state, &mut random, episodes).await?;
    println!("on disk: {:?}", state.size().await?);
    search(&state).await?;
    state.close().await;
    Ok(())
}

async fn log(state: &State, callers: usize, upserts: usize) -> Outcome {
    let start = (Instant::now(), cpu_seconds());
    let mut tasks = Vec::new();
    for caller in 0..callers {
        let state = state.clone();
        tasks.push(tokio::spawn(async move {
            for i in 0..upserts / callers {
                let entry = LogEntry {
                    key: LogKey {
                        group_key: format!("{{}}/{{team=\"a\"}}:{{alertname=\"{}\"}}", i % 500),
                        receiver: format!("receiver-{caller}"),
                        integration: "slack".to_owned(),
                        index: 0,
                    },
                    at_ms: i as i64,
                    firing: vec![1, 2, 3, i as u64],
                    expires_ms: 1,
                    ..LogEntry::default()
                };
                state.put_log(entry).await?;
            }
            Ok::<(), binnacle_state::StateError>(())
        }));
    }
    for task in tasks {
        task.await??;
    }
    let seconds = start.0.elapsed().as_secs_f64();
    println!(
        "notification log, {callers} callers: {:.0} upserts/s, {:.1} CPU us each",
        upserts as f64 / seconds,
        (cpu_seconds() - start.1) * 1e6 / upserts as f64
    );
    Ok(())
}

fn episode(random: &mut Random, i: usize, at_ms: i64) -> Episode {
    let labels = Labels::from_pairs([
        ("alertname", format!("Alert{}", random.below(200))),
        (
            "severity",
            (*random.pick(&["critical", "warning", "info"])).to_owned(),
        ),
        ("team", format!("team-{}", random.below(12))),
        ("cluster", format!("prod-eu-{}", random.below(8))),
        ("namespace", format!("namespace-{}", random.below(150))),
        (
            "pod",
            format!("service-{}-{:08x}", random.below(900), random.below(30_000)),
        ),
        (
            "instance",
            format!("10.1.{}.{}:9100", random.below(250), random.below(250)),
        ),
        ("prometheus", "monitoring/main".to_owned()),
    ]);
    Episode {
        fingerprint: Fingerprint::of(&labels),
        annotations: vec![
            (
                "description".to_owned(),
                format!("The value of the thing {i} is over its limit."),
            ),
            (
                "runbook_url".to_owned(),
                "https://runbooks.example/thing".to_owned(),
            ),
            ("summary".to_owned(), format!("Thing {i} is over its limit")),
        ],
        labels,
        generator_url: "http://binnacle.example/graph?g0.expr=up".to_owned(),
        started_ms: at_ms,
        received_ms: at_ms,
        ..Episode::default()
    }
}

/// A year of history.
async fn fill(state: &State, random: &mut Random, episodes: usize) -> Outcome {
    let start = Instant::now();
    for from in (0..episodes).step_by(10_000) {
        let (mut some, mut told) = (Vec::new(), Vec::new());
        for i in from..(from + 10_000).min(episodes) {
            let at_ms = (i as i64) * (YEAR_MS / episodes as i64);
            let mut one = episode(random, i, at_ms);
            one.resolved_ms = Some(at_ms + random.between(60_000, 7_200_000));
            one.notified_ms = Some(at_ms + 30_000);
            told.push(notification(&one, i));
            some.push(one);
        }
        state.begin_episodes(some).await?;
        state.append_notifications(told).await?;
    }
    println!(
        "a year of {episodes} episodes and notifications: {:.1} s",
        start.elapsed().as_secs_f64()
    );
    Ok(())
}

fn notification(episode: &Episode, i: usize) -> NewNotification {
    NewNotification {
        record: NotificationRecord {
            id: 0,
            at_ms: episode.started_ms + 30_000,
            receiver: format!("receiver-{}", i % 20),
            integration: "slack".to_owned(),
            index: 0,
            group_key: "{}/{team=\"a\"}:{alertname=\"x\"}".to_owned(),
            group_labels: episode.labels.keep_only(&["alertname"]),
            reason: "first notification".to_owned(),
            firing: vec![episode.fingerprint],
            resolved: Vec::new(),
            title: format!("[FIRING:1] thing {i}"),
            text: "The value of the thing is over its limit. ".repeat(5),
            outcome: if i.is_multiple_of(997) {
                NotificationOutcome::Failed {
                    error: "429".to_owned(),
                }
            } else {
                NotificationOutcome::Delivered
            },
            attempts: 1,
            duration_ms: 120,
            test: false,
        },
        team: format!("team-{}", i % 12),
        exempt: false,
    }
}

async fn search(state: &State) -> Outcome {
    let some = state
        .episodes(EpisodeFilter {
            limit: 1,
            ..EpisodeFilter::default()
        })
        .await?;
    let some = some.first().ok_or("no episodes")?.clone();
    let all = EpisodeFilter::default();
    let regex = |name: &str, text: &str| Matcher::new(name, MatchOp::Regex, text);
    let pod = some.labels.get("pod").unwrap_or_default();
    let cases = [
        ("newest 1,000", all.clone()),
        (
            "one alert",
            EpisodeFilter {
                fingerprint: Some(some.fingerprint),
                ..all.clone()
            },
        ),
        (
            "alertname, newest 1,000",
            with(vec![Matcher::equal("alertname", "Alert7")]),
        ),
        (
            "alertname, a day half a year ago",
            EpisodeFilter {
                from_ms: YEAR_MS / 2,
                to_ms: YEAR_MS / 2 + YEAR_MS / 365,
                ..with(vec![Matcher::equal("alertname", "Alert7")])
            },
        ),
        (
            "a day half a year ago",
            EpisodeFilter {
                from_ms: YEAR_MS / 2,
                to_ms: YEAR_MS / 2 + YEAR_MS / 365,
                ..all.clone()
            },
        ),
        (
            "the first hour",
            EpisodeFilter {
                to_ms: 3_600_000,
                from_ms: 1,
                limit: 10,
                ..all.clone()
            },
        ),
        (
            "severity and team, newest 1,000",
            with(vec![
                Matcher::equal("severity", "critical"),
                Matcher::equal("team", "team-3"),
            ]),
        ),
        (
            "namespace, newest 1,000",
            with(vec![Matcher::equal("namespace", "namespace-3")]),
        ),
        ("pod, whole year", with(vec![Matcher::equal("pod", pod)])),
        (
            "alertname=~, newest 1,000",
            with(vec![regex("alertname", "Alert1.")?]),
        ),
        (
            "pod=~, nothing found, whole year",
            with(vec![regex("pod", "nothing.*")?]),
        ),
        (
            "word, nothing found, whole year",
            EpisodeFilter {
                text: "nonesuch".to_owned(),
                ..all
            },
        ),
    ];
    for (what, filter) in cases {
        let (mut best, mut cpu, mut found) = (f64::MAX, f64::MAX, 0);
        for _ in 0..3 {
            let start = (Instant::now(), cpu_seconds());
            found = state.episodes(filter.clone()).await?.len();
            best = best.min(start.0.elapsed().as_secs_f64());
            cpu = cpu.min(cpu_seconds() - start.1);
        }
        println!(
            "episodes, {what}: {:.1} ms, {:.1} CPU ms, {found} found",
            best * 1e3,
            cpu * 1e3
        );
    }
    let all = NotificationFilter::default();
    let cases = [
        ("newest 1,000", all.clone()),
        (
            "one alert",
            NotificationFilter {
                fingerprint: Some(some.fingerprint),
                ..all.clone()
            },
        ),
        (
            "receiver",
            NotificationFilter {
                receiver: Some("receiver-3".to_owned()),
                ..all.clone()
            },
        ),
        (
            "failed",
            NotificationFilter {
                failed: true,
                ..all.clone()
            },
        ),
        (
            "a day half a year ago",
            NotificationFilter {
                from_ms: YEAR_MS / 2,
                to_ms: YEAR_MS / 2 + YEAR_MS / 365,
                ..all.clone()
            },
        ),
        (
            "word, nothing found",
            NotificationFilter {
                text: "nonesuch".to_owned(),
                ..all
            },
        ),
    ];
    for (what, filter) in cases {
        let (mut best, mut cpu, mut found) = (f64::MAX, f64::MAX, 0);
        for _ in 0..3 {
            let start = (Instant::now(), cpu_seconds());
            found = state.notifications(filter.clone()).await?.len();
            best = best.min(start.0.elapsed().as_secs_f64());
            cpu = cpu.min(cpu_seconds() - start.1);
        }
        println!(
            "notifications, {what}: {:.1} ms, {:.1} CPU ms, {found} found",
            best * 1e3,
            cpu * 1e3
        );
    }
    for (what, days) in [("30 days", 30), ("a year", 365)] {
        let start = (Instant::now(), cpu_seconds());
        let report = state
            .quality(YEAR_MS - days * YEAR_MS / 365, YEAR_MS)
            .await?;
        println!(
            "quality of {what}: {:.1} ms, {:.1} CPU ms, {} rules",
            start.0.elapsed().as_secs_f64() * 1e3,
            (cpu_seconds() - start.1) * 1e3,
            report.rules.len()
        );
    }
    let start = (Instant::now(), cpu_seconds());
    let sets = [vec![Matcher::equal("namespace", "namespace-3")]];
    let month = [(YEAR_MS - 30 * YEAR_MS / 365, YEAR_MS)];
    let names = state.fired(&sets, &month).await?;
    let told = state.notifications_about(&sets, &month).await?;
    println!(
        "silence preview of 30 days: {:.1} ms, {:.1} CPU ms, {} names, {told} notifications",
        start.0.elapsed().as_secs_f64() * 1e3,
        (cpu_seconds() - start.1) * 1e3,
        names.len()
    );
    let start = (Instant::now(), cpu_seconds());
    let teams = state.budgets(YEAR_MS).await?;
    println!(
        "budgets: {:.1} ms, {:.1} CPU ms, {} teams",
        start.0.elapsed().as_secs_f64() * 1e3,
        (cpu_seconds() - start.1) * 1e3,
        teams.len()
    );
    Ok(())
}

fn with(matchers: Vec<Matcher>) -> EpisodeFilter {
    EpisodeFilter {
        matchers,
        ..EpisodeFilter::default()
    }
}

/// User and system time of this process.
fn cpu_seconds() -> f64 {
    // SAFETY: `getrusage` fills the zeroed struct that it is given.
    let usage = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        libc::getrusage(libc::RUSAGE_SELF, &raw mut usage);
        usage
    };
    let seconds = |t: libc::timeval| t.tv_sec as f64 + t.tv_usec as f64 / 1e6;
    seconds(usage.ru_utime) + seconds(usage.ru_stime)
}
