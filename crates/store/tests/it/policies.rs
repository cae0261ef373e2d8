//! What is dropped.

use binnacle_store::manifest::BlockMeta;
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
