//! Random changes, to state and to plain maps; both must say the same all along,
//! and after every reopening.

use std::collections::BTreeMap;
use std::path::Path;

use binnacle_model::alert::{
    Acknowledgement, Episode, EpisodeFilter, Fingerprint, Judgement, Recurrence, Silence,
    SilenceEvent, WeeklyWindow,
};
use binnacle_model::{MatchOp, Matcher};
use binnacle_state::{LogEntry, LogKey, Mark, MarkEvent, Saved, State, StateError};
use binnacle_stdx::random::Random;

use super::{episode, labels, open};

/// What state must hold.
#[derive(Default)]
struct Plain {
    silences: BTreeMap<String, Silence>,
    silence_events: Vec<SilenceEvent>,
    log: BTreeMap<LogKey, LogEntry>,
    episodes: BTreeMap<i64, Episode>,
    marks: BTreeMap<i64, Mark>,
    mark_events: Vec<MarkEvent>,
    saved: BTreeMap<String, Saved>,
}

fn word(random: &mut Random) -> String {
    (*random.pick(&[
        "",
        "a",
        "b \"c\"",
        "d\\\n",
        "ü€😀",
        "it's",
        "%_;--",
        "\u{0}x",
    ]))
    .to_owned()
}

fn alert(random: &mut Random) -> Fingerprint {
    Fingerprint(*random.pick(&[0, 1, u64::MAX, 1 << 63, 42]))
}

async fn silences(random: &mut Random, state: &State, plain: &mut Plain) {
    let id = format!("silence-{}", random.below(12));
    if random.one_in(4) {
        let before = random.between(0, 100);
        let gone = state.delete_silences(before).await.expect("deleted");
        let old = |s: &Silence| s.ends_at_ns < before;
        let want: Vec<String> = plain
            .silences
            .values()
            .filter(|s| old(s))
            .map(|s| s.id.clone())
            .collect();
        assert_eq!(gone, want);
        plain.silences.retain(|_, s| !old(s));
        return;
    }
    let silence = Silence {
        id: id.clone(),
        matcher_sets: (0..random.below(3))
            .map(|_| {
                vec![Matcher::new(word(random), MatchOp::NotEqual, word(random)).expect("one")]
            })
            .collect(),
        starts_at_ns: random.between(0, 50),
        ends_at_ns: random.between(0, 100),
        updated_at_ns: random.between(i64::MIN, i64::MAX),
        created_by: word(random),
        comment: word(random),
        annotations: vec![("k".to_owned(), word(random))],
        recurrence: random.one_in(2).then(|| Recurrence {
            windows: vec![WeeklyWindow {
                days: 127,
                start_minute: 1439,
                duration_minutes: 60,
            }],
            time_interval: random.one_in(2).then(|| word(random)),
            time_zone: word(random),
        }),
        until_resolved: random.one_in(2),
    };
    let event = random.one_in(2).then(|| SilenceEvent {
        at_ms: random.between(0, 1_000),
        silence: id.clone(),
        what: "updated".to_owned(),
        by: word(random),
        text: word(random),
    });
    state
        .put_silence(silence.clone(), event.clone())
        .await
        .expect("stored");
    plain.silences.insert(id, silence);
    plain.silence_events.extend(event);
}

async fn log(random: &mut Random, state: &State, plain: &mut Plain) {
    if random.one_in(6) {
        let now = random.between(0, 100);
        let want = plain.log.values().filter(|e| e.expires_ms <= now).count();
        assert_eq!(state.expire_log(now).await, Ok(want as u64));
        plain.log.retain(|_, e| e.expires_ms > now);
        return;
    }
    let entry = LogEntry {
        key: LogKey {
            group_key: word(random),
            receiver: word(random),
            integration: "slack".to_owned(),
            index: random.below(2) as u32,
        },
        at_ms: random.between(0, 1_000),
        firing: (0..random.below(5)).map(|_| random.next_u64()).collect(),
        resolved: (0..random.below(2)).map(|_| random.next_u64()).collect(),
        data: vec![(word(random), word(random))],
        expires_ms: random.between(0, 150),
    };
    state.put_log(entry.clone()).await.expect("stored");
    plain.log.insert(entry.key.clone(), entry);
}

async fn episodes(random: &mut Random, state: &State, plain: &mut Plain) {
    if plain.episodes.is_empty() || random.one_in(3) {
        let many: Vec<Episode> = (0..random.below(100))
            .map(|i| {
                let mut one = episode(
                    labels(&[("alertname", &word(random)), ("i", &i.to_string())]),
                    random.between(0, 1_000),
                    None,
                );
                one.generator_url = word(random);
                one.annotations = vec![("a".to_owned(), word(random))];
                one.assigned_to = random.one_in(5).then(|| word(random));
                one
            })
            .collect();
        let ids = state.begin_episodes(many.clone()).await.expect("stored");
        assert_eq!(ids.len(), many.len());
        for (id, mut one) in ids.into_iter().zip(many) {
            assert!(
                plain
                    .episodes
                    .last_key_value()
                    .is_none_or(|(&last, _)| last < id)
            );
            one.id = id;
            plain.episodes.insert(id, one);
        }
        return;
    }
    let known: Vec<i64> = plain.episodes.keys().copied().collect();
    let mut ids: Vec<i64> = known.into_iter().filter(|_| random.one_in(3)).collect();
    ids.push(i64::MAX);
    let at_ms = random.between(1_000, 2_000);
    let some = |plain: &mut Plain, change: &dyn Fn(&mut Episode)| {
        for id in &ids {
            if let Some(one) = plain.episodes.get_mut(id) {
                change(one);
            }
        }
    };
    match random.below(2) {
        0 => {
            let ended = ids.iter().map(|&id| (id, at_ms + id % 9)).collect();
            state.resolve_episodes(ended).await.expect("stored");
            some(plain, &|one| one.resolved_ms = Some(at_ms + one.id % 9));
        }
        _ => {
            let told = ids.iter().map(|&id| (id, at_ms - id % 5)).collect();
            state.notified_episodes(told).await.expect("stored");
            some(plain, &|one| {
                one.notified_ms.get_or_insert(at_ms - one.id % 5);
            });
        }
    }
}

async fn marks(random: &mut Random, state: &State, plain: &mut Plain) {
    let fingerprint = alert(random);
    let key = fingerprint.0.cast_signed();
    let episode = plain.episodes.keys().next_back().copied();
    let by = word(random);
    let mut event = MarkEvent {
        at_ms: 1_000_000,
        fingerprint,
        by: by.clone(),
        ..MarkEvent::default()
    };
    match random.below(5) {
        0 => {
            let said = Acknowledgement {
                by: by.clone(),
                at_ms: random.between(0, 2_000),
                comment: word(random),
                until_ms: if random.one_in(2) { 0 } else { 5_000 },
                via: "ui".to_owned(),
            };
            state
                .acknowledge(fingerprint, said.clone(), episode)
                .await
                .expect("stored");
            event.at_ms = said.at_ms;
            event.what = if said.until_ms == 0 {
                "acknowledged"
            } else {
                "snoozed"
            }
            .to_owned();
            event.text.clone_from(&said.comment);
            event.until_ms = said.until_ms;
            event.via.clone_from(&said.via);
            if let Some(one) = episode.and_then(|id| plain.episodes.get_mut(&id)) {
                one.acknowledged.get_or_insert_with(|| said.clone());
            }
            plain.marks.entry(key).or_default().acknowledged = Some(said);
        }
        1 => {
            let known = plain
                .marks
                .get_mut(&key)
                .and_then(|mark| mark.acknowledged.take());
            let done = state.unacknowledge(fingerprint, by).await;
            assert_eq!(done.is_ok(), known.is_some(), "{done:?}");
            if known.is_none() {
                return;
            }
            event.what = "unacknowledged".to_owned();
        }
        2 => {
            let to = random.one_in(2).then(|| word(random));
            state
                .assign(fingerprint, to.clone(), by, episode)
                .await
                .expect("stored");
            event.what = "assigned".to_owned();
            event.text = to.clone().unwrap_or_default();
            if let Some(one) = episode.and_then(|id| plain.episodes.get_mut(&id)) {
                one.assigned_to.clone_from(&to);
            }
            plain.marks.entry(key).or_default().assigned_to = to;
        }
        3 => {
            state.clear_marks(vec![fingerprint]).await.expect("stored");
            plain.marks.remove(&key);
            return;
        }
        _ => {
            let judgement = *random.pick(&[
                None,
                Some(Judgement::Useful),
                Some(Judgement::FalsePositive),
            ]);
            let id = episode.unwrap_or(7);
            let done = state.judge(id, judgement, by).await;
            let Some(one) = plain.episodes.get_mut(&id) else {
                assert!(matches!(done, Err(StateError::NotFound { .. })), "{done:?}");
                return;
            };
            one.judgement = judgement;
            event.fingerprint = one.fingerprint;
            event.what = "judged".to_owned();
            event.text = match judgement {
                None => "",
                Some(Judgement::Useful) => "useful",
                Some(Judgement::FalsePositive) => "false positive",
            }
            .to_owned();
        }
    }
    plain.mark_events.push(event);
    plain.marks.retain(|key, mark| {
        mark.fingerprint = Fingerprint(key.cast_unsigned());
        mark.acknowledged.is_some() || mark.assigned_to.is_some()
    });
}

async fn saved(random: &mut Random, state: &State, plain: &mut Plain) {
    let id = word(random);
    let stored = plain.saved.get(&id).map_or(0, |s| s.version);
    if random.one_in(4) {
        let gone = state.unsave("kind".to_owned(), id.clone()).await;
        assert_eq!(gone, Ok(plain.saved.remove(&id).is_some()));
        return;
    }
    let expected = random.one_in(2).then(|| random.between(0, 2));
    let body = word(random);
    let done = state
        .save(
            "kind".to_owned(),
            id.clone(),
            body.clone(),
            "me".to_owned(),
            expected,
        )
        .await;
    if expected.is_some_and(|expected| expected != stored) {
        assert!(matches!(done, Err(StateError::Conflict { .. })), "{done:?}");
        return;
    }
    assert_eq!(done, Ok(stored + 1));
    let new = Saved {
        kind: "kind".to_owned(),
        id: id.clone(),
        version: stored + 1,
        updated_ms: 1_000_000,
        by: "me".to_owned(),
        body,
    };
    plain.saved.insert(id, new);
}

async fn compare(state: &State, plain: &Plain) {
    let silences: Vec<Silence> = plain.silences.values().cloned().collect();
    assert_eq!(state.silences().await, Ok(silences));
    let mut events = plain.silence_events.clone();
    events.reverse();
    events.sort_by_key(|event| std::cmp::Reverse(event.at_ms));
    assert_eq!(state.silence_events(0, 0, usize::MAX).await, Ok(events));
    let log: Vec<LogEntry> = plain.log.values().cloned().collect();
    assert_eq!(state.log().await, Ok(log));
    let all = EpisodeFilter {
        limit: usize::MAX,
        ..EpisodeFilter::default()
    };
    let episodes: Vec<Episode> = plain.episodes.values().rev().cloned().collect();
    assert_eq!(state.episodes(all).await, Ok(episodes));
    let open = plain
        .episodes
        .values()
        .filter(|e| e.resolved_ms.is_none())
        .cloned()
        .collect();
    assert_eq!(state.open_episodes().await, Ok(open));
    let marks: Vec<Mark> = plain.marks.values().cloned().collect();
    assert_eq!(state.marks().await, Ok(marks));
    let mut events = plain.mark_events.clone();
    events.reverse();
    events.sort_by_key(|event| std::cmp::Reverse(event.at_ms));
    assert_eq!(
        state.mark_events(None, 0, 0, usize::MAX).await,
        Ok(events.clone())
    );
    let of_one = Fingerprint(u64::MAX);
    events.retain(|event| event.fingerprint == of_one);
    assert_eq!(
        state.mark_events(Some(of_one), 0, 0, usize::MAX).await,
        Ok(events)
    );
    let saved: Vec<Saved> = plain.saved.values().cloned().collect();
    assert_eq!(state.saved("kind").await, Ok(saved));
}

async fn run(dir: &Path, seed: u64) {
    let mut random = Random::new(seed);
    let mut plain = Plain::default();
    let mut state = open(dir).await;
    for _ in 0..250 {
        match random.below(16) {
            0..3 => silences(&mut random, &state, &mut plain).await,
            3..6 => log(&mut random, &state, &mut plain).await,
            6..9 => episodes(&mut random, &state, &mut plain).await,
            9..13 => marks(&mut random, &state, &mut plain).await,
            13..15 => saved(&mut random, &state, &mut plain).await,
            _ => {
                if random.one_in(2) {
                    state.close().await;
                    state = open(dir).await;
                }
                compare(&state, &plain).await;
            }
        }
    }
    compare(&state, &plain).await;
    state.close().await;
}

#[tokio::test]
async fn state_is_what_plain_maps_are() {
    for seed in 1..=4 {
        let dir = tempfile::tempdir().expect("a folder");
        println!("seed {seed}");
        run(dir.path(), seed).await;
    }
}

#[tokio::test]
async fn a_silence_without_an_id_is_refused() {
    let dir = tempfile::tempdir().expect("a folder");
    let state = open(dir.path()).await;
    let error = state
        .put_silence(Silence::default(), None)
        .await
        .expect_err("no id");
    assert!(matches!(error, StateError::BadData { .. }), "{error:?}");
    state.close().await;
}
