//! A child process writes and says what was acknowledged; it is killed at a seeded
//! moment; all that it said must be there.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use binnacle_model::alert::NotificationFilter;
use binnacle_state::{LogEntry, LogKey, NewHeld, State};
use binnacle_stdx::random::Random;

use super::{labels, notification, open};

const DIR: &str = "BINNACLE_STATE_CRASH_DIR";
const ROUND: &str = "BINNACLE_STATE_CRASH_ROUND";
const ROUNDS: u64 = 20;
const KEYS: u64 = 8;

fn entry(key: u64, version: u64) -> LogEntry {
    LogEntry {
        key: LogKey {
            group_key: format!("group-{key}"),
            receiver: "ops".to_owned(),
            integration: "slack".to_owned(),
            index: 0,
        },
        at_ms: version as i64,
        firing: vec![version; (version % 7) as usize],
        resolved: vec![!version],
        data: vec![("version".to_owned(), version.to_string())],
        expires_ms: version as i64 + 1,
    }
}

/// One line, in one write, so that what was said is said whole.
fn say(what: &str) {
    let mut out = std::io::stdout().lock();
    let line = format!("said {what}\n");
    out.write_all(line.as_bytes()).expect("a pipe");
    out.flush().expect("a pipe");
}

/// What the child does, until it is killed. Run as a test of its own it is nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child() {
    let (Some(dir), Ok(round)) = (std::env::var_os(DIR), std::env::var(ROUND)) else {
        return;
    };
    let round: u64 = round.parse().expect("a number");
    let state = open(&PathBuf::from(dir)).await;
    for key in 0..KEYS {
        let state = state.clone();
        tokio::spawn(async move {
            for i in 0.. {
                let version = round * 1_000_000 + i;
                state.put_log(entry(key, version)).await.expect("stored");
                say(&format!("log {key} {version}"));
            }
        });
    }
    let held = state.clone();
    tokio::spawn(async move {
        for i in 0.. {
            let payload = format!("{round}-{i}");
            let new = NewHeld {
                notification: notification(1, Vec::new(), "team"),
                due_ms: 1,
                payload: payload.clone(),
            };
            held.hold(vec![new]).await.expect("stored");
            say(&format!("held {payload}"));
        }
    });
    let digests = state.clone();
    tokio::spawn(async move {
        loop {
            if let Some(digest) = digests.take_digest("team", 1).await.expect("taken") {
                let mut sent = notification(2, Vec::new(), "digest");
                sent.record.receiver = "digest".to_owned();
                let held = digest.held.iter().map(|held| held.payload.as_str());
                sent.record.text = held.collect::<Vec<_>>().join(" ");
                digests
                    .finish_digest(digest.id, vec![sent], Vec::new())
                    .await
                    .expect("finished");
            }
        }
    });
    for i in 0.. {
        let one = super::episode(labels(&[("alertname", &format!("{round}-{i}"))]), i, None);
        let ids = state.begin_episodes(vec![one; 3]).await.expect("stored");
        say(&format!("episodes {}", ids[0]));
        state
            .resolve_episodes(vec![(ids[1], i + 1)])
            .await
            .expect("stored");
        say(&format!("resolved {}", ids[1]));
    }
}

/// What children have said.
#[derive(Default)]
struct Said {
    log: BTreeMap<u64, u64>,
    held: BTreeSet<String>,
    begun: BTreeSet<i64>,
    resolved: BTreeSet<i64>,
}

impl Said {
    fn hear(&mut self, line: &str) -> bool {
        let mut words = line.split(' ');
        if words.next() != Some("said") {
            return false;
        }
        let what = words.next().expect("what");
        let mut number = || words.next().expect("a word").to_owned();
        match what {
            "log" => {
                let key = number().parse().expect("a number");
                self.log.insert(key, number().parse().expect("a number"));
            }
            "held" => {
                self.held.insert(number());
            }
            "episodes" => {
                self.begun.insert(number().parse().expect("a number"));
            }
            "resolved" => {
                self.resolved.insert(number().parse().expect("a number"));
            }
            other => panic!("said {other}"),
        }
        true
    }
}

/// Runs a child until it has said `lines` things, kills it, hears the rest.
fn run(dir: &Path, round: u64, lines: u64, said: &mut Said) {
    let mut child = Command::new(std::env::current_exe().expect("this binary"))
        .args(["crash::child", "--exact", "--nocapture", "--test-threads=1"])
        .env(DIR, dir)
        .env(ROUND, round.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .expect("a child");
    let mut out = BufReader::new(child.stdout.take().expect("a pipe"));
    let mut heard = 0;
    let mut line = String::new();
    while out.read_line(&mut line).expect("a line") > 0 {
        if line.ends_with('\n') && said.hear(line.trim_end()) {
            heard += 1;
        }
        line.clear();
        if heard == lines {
            child.kill().expect("killed");
        }
    }
    child.wait().expect("an end");
    assert!(
        heard >= lines,
        "the child ended by itself after {heard} lines"
    );
}

async fn check(state: &State, said: &Said) {
    let log = state.log().await.expect("a log");
    let log: BTreeMap<&str, &LogEntry> =
        log.iter().map(|e| (e.key.group_key.as_str(), e)).collect();
    for (key, version) in &said.log {
        let stored = log[format!("group-{key}").as_str()];
        assert!(
            stored.at_ms >= *version as i64,
            "{key}: {version}: {stored:?}"
        );
        assert_eq!(*stored, entry(*key, stored.at_ms as u64));
    }
    for &id in &said.begun {
        for id in id..id + 3 {
            assert!(state.episode(id).await.expect("a read").is_some(), "{id}");
        }
    }
    for &id in &said.resolved {
        let found = state
            .episode(id)
            .await
            .expect("a read")
            .expect("an episode");
        assert!(found.resolved_ms.is_some(), "{found:?}");
    }
    let mut held: Vec<String> = Vec::new();
    let filter = NotificationFilter {
        receiver: Some("digest".to_owned()),
        limit: usize::MAX,
        ..NotificationFilter::default()
    };
    for sent in state.notifications(filter).await.expect("a read") {
        held.extend(sent.text.split(' ').map(str::to_owned));
    }
    let mut digests = state.digests().await.expect("a read");
    digests.extend(state.take_digest("team", 1).await.expect("taken"));
    for digest in digests {
        let all = digest.held.iter().map(|held| held.notification).collect();
        let back = state.finish_digest(digest.id, Vec::new(), all);
        back.await.expect("put back");
        held.extend(digest.held.into_iter().map(|held| held.payload));
    }
    let once: BTreeSet<String> = held.iter().cloned().collect();
    assert_eq!(once.len(), held.len(), "something is in two digests");
    let lost: Vec<&String> = said.held.difference(&once).collect();
    assert!(lost.is_empty(), "lost: {lost:?}");
}

#[tokio::test]
async fn all_that_was_acknowledged_survives_a_kill() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut random = Random::new(7);
    let mut said = Said::default();
    for round in 1..=ROUNDS {
        run(dir.path(), round, 1 + random.below(800), &mut said);
        let state = open(dir.path()).await;
        check(&state, &said).await;
        state.close().await;
    }
    assert!(said.log.len() == KEYS as usize && said.begun.len() > 10 && said.held.len() > 10);
}
