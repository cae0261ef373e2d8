//! Searches, each against the same question asked of a plain list.

use binnacle_model::alert::{
    Episode, EpisodeFilter, Fingerprint, NotificationFilter, NotificationOutcome,
    NotificationRecord,
};
use binnacle_model::matcher::all_match;
use binnacle_model::{Labels, MatchOp, Matcher};
use binnacle_stdx::random::Random;

use super::{episode, labels, notification, open};

fn words_in(text: &str, texts: &[&str]) -> bool {
    text.split_whitespace().all(|word| {
        let word = word.to_ascii_lowercase();
        texts
            .iter()
            .any(|text| text.to_ascii_lowercase().contains(&word))
    })
}

fn plain(all: &[Episode], filter: &EpisodeFilter) -> Vec<Episode> {
    let to_ms = if filter.to_ms == 0 {
        i64::MAX
    } else {
        filter.to_ms
    };
    all.iter()
        .rev()
        .filter(|e| e.started_ms <= to_ms)
        .filter(|e| e.resolved_ms.is_none_or(|at| at >= filter.from_ms))
        .filter(|e| filter.fingerprint.is_none_or(|f| f == e.fingerprint))
        .filter(|e| filter.before_id.is_none_or(|id| e.id < id))
        .filter(|e| all_match(&filter.matchers, &e.labels))
        .filter(|e| {
            let labels = e.labels.iter().map(|(_, v)| v);
            let texts = e.annotations.iter().map(|(_, v)| v.as_str());
            words_in(&filter.text, &labels.chain(texts).collect::<Vec<_>>())
        })
        .take(if filter.limit == 0 {
            1_000
        } else {
            filter.limit
        })
        .cloned()
        .collect()
}

/// Labels that share beginnings, ends and lengths, so that a careless search for
/// their bytes finds too much.
fn some_labels(random: &mut Random) -> Labels {
    let values = [
        "", "x", "xy", "yx", "x%y", "x_y", "ü\"\\\n", "critical", "CRITICAL",
    ];
    labels(&[
        ("alertname", *random.pick(&["", "A", "AB", "B"])),
        ("severity", *random.pick(&["", "critical", "warning"])),
        ("a", *random.pick(&values)),
        ("aa", *random.pick(&values)),
        ("b", *random.pick(&values)),
    ])
}

fn some_matcher(random: &mut Random) -> Matcher {
    let name = *random.pick(&["alertname", "severity", "team", "a", "aa", "b"]);
    let op = *random.pick(&[
        MatchOp::Equal,
        MatchOp::Equal,
        MatchOp::NotEqual,
        MatchOp::Regex,
        MatchOp::NotRegex,
    ]);
    let value = *random.pick(&["", "x", "xy", "A", "AB", "critical", "x.y", ".+", "x|A"]);
    Matcher::new(name, op, value).expect("a matcher")
}

fn some_filter(random: &mut Random, all: &[Episode]) -> EpisodeFilter {
    let mut filter = EpisodeFilter::default();
    filter
        .matchers
        .extend((0..random.below(3)).map(|_| some_matcher(random)));
    if random.one_in(4) {
        filter.fingerprint = Some(random.pick(all).fingerprint);
    }
    if random.one_in(2) {
        filter.from_ms = random.between(0, 1_200);
        filter.to_ms = random.between(0, 1_200);
    }
    if random.one_in(3) {
        filter.text =
            (*random.pick(&["crit", "x%", "x_ y", "\"\\", "Ü x", "note 3", "zzz"])).to_owned();
    }
    if random.one_in(3) {
        filter.limit = random.below(20) as usize;
    }
    if random.one_in(3) {
        filter.before_id = Some(random.between(0, 450));
    }
    filter
}

#[tokio::test]
async fn episodes_are_found_as_in_a_list() {
    let dir = tempfile::tempdir().expect("a folder");
    let state = open(dir.path()).await;
    let mut random = Random::new(11);
    let mut all: Vec<Episode> = (0..400)
        .map(|i| {
            let started = random.between(0, 1_000);
            let resolved = (!random.one_in(5)).then(|| started + random.between(0, 200));
            let mut one = episode(some_labels(&mut random), started, resolved);
            one.annotations = vec![("summary".to_owned(), format!("a NOTE {}", i % 7))];
            one
        })
        .collect();
    // One by one and many at once: small runs, merged ones, and a large one.
    let mut rest = all.as_mut_slice();
    while !rest.is_empty() {
        let count = if random.one_in(9) {
            90
        } else {
            1 + random.below(3) as usize
        };
        let (now, later) = rest.split_at_mut(count.min(rest.len()));
        let ids = state.begin_episodes(now.to_vec()).await.expect("stored");
        for (one, id) in now.iter_mut().zip(ids) {
            one.id = id;
        }
        rest = later;
    }
    let mut found_some = 0;
    for _ in 0..600 {
        let filter = some_filter(&mut random, &all);
        let want = plain(&all, &filter);
        let found = state.episodes(filter.clone()).await.expect("a read");
        assert_eq!(found, want, "{filter:?}");
        found_some += usize::from(!found.is_empty());
    }
    assert!(found_some > 150, "{found_some}");

    for _ in 0..100 {
        let sets: Vec<Vec<Matcher>> = (0..random.below(3))
            .map(|_| {
                (0..random.between(1, 2))
                    .map(|_| some_matcher(&mut random))
                    .collect()
            })
            .collect();
        let mut want = std::collections::BTreeMap::new();
        for one in all
            .iter()
            .filter(|e| sets.iter().any(|set| all_match(set, &e.labels)))
        {
            let name = one.labels.get("alertname").unwrap_or_default();
            *want.entry(name.to_owned()).or_insert(0) += 1;
        }
        let mut want: Vec<(String, u64)> = want.into_iter().collect();
        want.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        let always = [(0, i64::MAX)];
        assert_eq!(state.fired(&sets, &always).await, Ok(want), "{sets:?}");
        // Some of the time, in pieces.
        let mut edges: Vec<i64> = (0..6).map(|_| random.between(0, 1_200)).collect();
        edges.sort_unstable();
        edges.dedup();
        let times: Vec<(i64, i64)> = edges
            .as_chunks::<2>()
            .0
            .iter()
            .map(|e| (e[0], e[1]))
            .collect();
        let overlaps = |e: &&Episode| {
            times
                .iter()
                .any(|(from, to)| e.started_ms <= *to && e.resolved_ms.is_none_or(|at| at >= *from))
        };
        let matches = |e: &&Episode| sets.iter().any(|set| all_match(set, &e.labels));
        let want = all.iter().filter(overlaps).filter(matches).count();
        let found = state.fired(&sets, &times).await.expect("a read");
        let found: u64 = found.iter().map(|(_, count)| count).sum();
        assert_eq!(found, want as u64, "{sets:?} {times:?}");
    }
    state.close().await;
}

fn plain_notifications(
    all: &[NotificationRecord],
    filter: &NotificationFilter,
) -> Vec<NotificationRecord> {
    let to_ms = if filter.to_ms == 0 {
        i64::MAX
    } else {
        filter.to_ms
    };
    all.iter()
        .rev()
        .filter(|n| (filter.from_ms..=to_ms).contains(&n.at_ms))
        .filter(|n| {
            filter
                .fingerprint
                .is_none_or(|f| n.firing.contains(&f) || n.resolved.contains(&f))
        })
        .filter(|n| filter.receiver.as_ref().is_none_or(|r| *r == n.receiver))
        .filter(|n| !filter.failed || matches!(n.outcome, NotificationOutcome::Failed { .. }))
        .filter(|n| filter.before_id.is_none_or(|id| n.id < id))
        .filter(|n| {
            let group = n.group_labels.to_string();
            words_in(&filter.text, &[&n.title, &n.text, &group])
        })
        .take(if filter.limit == 0 {
            1_000
        } else {
            filter.limit
        })
        .cloned()
        .collect()
}

#[tokio::test]
async fn notifications_are_found_as_in_a_list() {
    let dir = tempfile::tempdir().expect("a folder");
    let state = open(dir.path()).await;
    let mut random = Random::new(12);
    let some = |random: &mut Random| -> Vec<Fingerprint> {
        (0..random.below(4))
            .map(|_| Fingerprint(u64::MAX - random.below(20)))
            .collect()
    };
    let mut all = Vec::new();
    for i in 0..300 {
        let mut one = notification(random.between(0, 1_000), some(&mut random), "a");
        one.record.resolved = some(&mut random);
        one.record.receiver = format!("r{}", random.below(3));
        one.record.title = format!("title {}", random.below(9));
        one.record.text = (*random.pick(&["100% of it", "a_b", "it's \"so\"", ""])).to_owned();
        one.record.group_labels = labels(&[("job", *random.pick(&["db", "web"]))]);
        one.record.group_key = format!("g{i}");
        if random.one_in(4) {
            one.record.outcome = NotificationOutcome::Failed {
                error: "429".to_owned(),
            };
        }
        all.push(one);
    }
    let ids = state
        .append_notifications(all.clone())
        .await
        .expect("stored");
    let all: Vec<NotificationRecord> = all
        .into_iter()
        .zip(ids)
        .map(|(new, id)| NotificationRecord { id, ..new.record })
        .collect();
    for _ in 0..400 {
        let mut filter = NotificationFilter::default();
        if random.one_in(3) {
            filter.fingerprint = Some(Fingerprint(u64::MAX - random.below(22)));
        }
        if random.one_in(3) {
            filter.receiver = Some(format!("r{}", random.below(4)));
        }
        filter.failed = random.one_in(3);
        if random.one_in(2) {
            filter.from_ms = random.between(0, 1_000);
            filter.to_ms = random.between(0, 1_000);
        }
        if random.one_in(3) {
            filter.text = (*random.pick(&["100%", "a_b", "TITLE 3", "web so", "%"])).to_owned();
        }
        if random.one_in(3) {
            filter.limit = random.below(20) as usize;
        }
        if random.one_in(3) {
            filter.before_id = Some(random.between(0, 310));
        }
        let want = plain_notifications(&all, &filter);
        let found = state.notifications(filter.clone()).await.expect("a read");
        assert_eq!(found, want, "{filter:?}");
    }
    state.close().await;
}

#[tokio::test]
async fn notifications_about_alerts_are_counted_once_each() {
    let dir = tempfile::tempdir().expect("a folder");
    let state = open(dir.path()).await;
    let (a, b) = (labels(&[("alertname", "a")]), labels(&[("alertname", "b")]));
    let (a, b) = (episode(a, 10, Some(20)), episode(b, 10, None));
    let both = vec![a.fingerprint, b.fingerprint];
    let mut told = vec![
        notification(15, both.clone(), "a"),
        notification(25, vec![b.fingerprint], "a"),
        notification(35, both, "a"),
        notification(15, vec![a.fingerprint], "a"),
    ];
    told[3].record.test = true;
    state.begin_episodes(vec![a, b]).await.expect("stored");
    state.append_notifications(told).await.expect("stored");
    let of = |name: &str| vec![Matcher::equal("alertname", name)];
    let check = |sets: Vec<Vec<Matcher>>, times: &'static [(i64, i64)], want| {
        let state = state.clone();
        async move {
            let found = state.notifications_about(&sets, times).await;
            assert_eq!(found, Ok(want), "{sets:?} {times:?}");
        }
    };
    let always = &[(0, i64::MAX)];
    check(vec![of("a")], &[(0, 30)], 1).await;
    check(vec![of("b")], &[(0, 30)], 2).await;
    check(vec![of("b")], &[(0, 14), (16, 34), (36, 40)], 1).await;
    check(vec![of("a"), of("b")], always, 3).await;
    check(vec![of("a")], &[(21, i64::MAX)], 0).await;
    check(vec![], always, 0).await;
    check(vec![vec![]], always, 3).await;
    check(vec![vec![]], &[], 0).await;
    state.close().await;
}
