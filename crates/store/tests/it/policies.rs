//! What is merged, and what is dropped.

use binnacle_stdx::random::Random;
use binnacle_store::manifest::BlockMeta;
use binnacle_store::merge_policy::{MergeOptions, MergeReason, next_merge};
use binnacle_store::retention::{DropReason, RetentionOptions, to_drop};

const HOUR: i64 = 3_600_000;

/// Blocks of one byte, by hours from and to; numbers from 0.
fn blocks(hours: &[(i64, i64)]) -> Vec<BlockMeta> {
    let block = |(id, &(from, to)): (usize, &(i64, i64))| BlockMeta {
        id: id as u64,
        min_ms: from * HOUR,
        max_ms: to * HOUR - 1,
        bytes: 1,
        ..BlockMeta::default()
    };
    hours.iter().enumerate().map(block).collect()
}

fn check_merge(hours: &[(i64, i64)], want: Option<(&[u64], MergeReason)>) {
    let merge = next_merge(&blocks(hours), &MergeOptions::default());
    let got = merge.as_ref().map(|m| (m.inputs.as_slice(), m.reason));
    assert_eq!(got, want, "{hours:?}");
}

#[test]
fn windows_fill_and_overlaps_go_first() {
    use MergeReason::{Overlap, Window};
    check_merge(&[], None);
    check_merge(&[(0, 2)], None);
    check_merge(&[(0, 2), (2, 4), (4, 6)], None);
    check_merge(
        &[(0, 2), (2, 4), (4, 6), (6, 8)],
        Some((&[0, 1, 2], Window)),
    );
    // A hole does not keep a window from being full.
    check_merge(&[(0, 2), (4, 6), (6, 8)], Some((&[0, 1], Window)));
    check_merge(
        &[(0, 6), (6, 12), (12, 18), (18, 20)],
        Some((&[0, 1, 2], Window)),
    );
    check_merge(&[(0, 6), (6, 12), (12, 14)], None);
    check_merge(&[(0, 2), (2, 4), (3, 4)], Some((&[1, 2], Overlap)));
    check_merge(&[(0, 18), (2, 4)], Some((&[0, 1], Overlap)));
    // Negative times are aligned as all others.
    check_merge(&[(-6, -4), (-4, -2), (0, 2)], Some((&[0, 1], Window)));
}

#[test]
fn tiers_and_limits_are_kept() {
    let mut tiered = blocks(&[(0, 2), (2, 4), (6, 8), (1, 2)]);
    tiered[3].resolution_ms = 60_000;
    let merge = next_merge(&tiered, &MergeOptions::default()).expect("a merge");
    assert_eq!((merge.inputs, merge.level), (vec![0, 1], 1));
    let small = MergeOptions {
        bytes_max: 1,
        ..MergeOptions::default()
    };
    assert_eq!(next_merge(&tiered, &small), None);
    // A tenth of the retention is under the first larger window.
    let short = MergeOptions {
        retention_ms: Some(59 * HOUR),
        ..MergeOptions::default()
    };
    assert_eq!(next_merge(&tiered, &short), None);
}

#[test]
fn merging_ends_and_loses_no_block() {
    let mut random = Random::new(1);
    for _ in 0..200 {
        let hours: Vec<(i64, i64)> = (0..random.below(60))
            .map(|i| {
                let from = if random.one_in(6) {
                    random.between(0, 100)
                } else {
                    i as i64 * 2
                };
                (from, from + 2)
            })
            .collect();
        let mut live = blocks(&hours);
        let options = MergeOptions {
            retention_ms: Some(1_000 * HOUR),
            ..MergeOptions::default()
        };
        let (mut next_id, bytes) = (1_000, live.len() as u64);
        let mut merges = 0;
        while let Some(merge) = next_merge(&live, &options) {
            let (old, kept): (Vec<_>, Vec<_>) =
                live.into_iter().partition(|b| merge.inputs.contains(&b.id));
            assert!(old.len() == merge.inputs.len() && old.len() > 1);
            let (min_ms, max_ms) = (
                old.iter().map(|b| b.min_ms).min().expect("some"),
                old.iter().map(|b| b.max_ms).max().expect("some"),
            );
            assert!(max_ms - min_ms < 100 * HOUR, "{merge:?}");
            live = kept;
            let bytes = old.iter().map(|b| b.bytes).sum();
            live.push(BlockMeta {
                id: next_id,
                level: merge.level,
                min_ms,
                max_ms,
                bytes,
                ..old[0]
            });
            next_id += 1;
            merges += 1;
            assert!(merges < 200, "merging does not end");
        }
        assert_eq!(live.iter().map(|b| b.bytes).sum::<u64>(), bytes);
    }
}

#[test]
fn retention_drops_the_oldest() {
    let live = blocks(&[(0, 2), (2, 4), (4, 6), (6, 8)]);
    let check = |time_h: Option<i64>, bytes_max, other, want: &[(u64, DropReason)]| {
        let options = RetentionOptions {
            time_ms: time_h.map(|h| h * HOUR),
            bytes_max,
        };
        assert_eq!(
            to_drop(&live, &options, 10 * HOUR, other),
            want,
            "{options:?}"
        );
    };
    use DropReason::{Size, Time};
    check(None, None, 0, &[]);
    check(Some(7), None, 0, &[(0, Time)]);
    check(Some(6), None, 0, &[(0, Time), (1, Time)]);
    check(None, Some(4), 0, &[]);
    check(None, Some(4), 1, &[(0, Size)]);
    check(Some(7), Some(2), 0, &[(0, Time), (1, Size)]);
    check(
        None,
        Some(0),
        0,
        &[(0, Size), (1, Size), (2, Size), (3, Size)],
    );
    check(Some(i64::MAX / HOUR), None, 0, &[]);
}
