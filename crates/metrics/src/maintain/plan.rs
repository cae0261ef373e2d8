//! Which blocks to merge: a pure function over what is known of them.
//!
//! Windows of time are aligned to the epoch and nest: two hours, three times that,
//! and so on up to a tenth of the retention. All blocks of a window that is past are
//! merged, unless one of them is most of it already: a few late samples are not
//! worth writing a day again. In the window that is still filling, flushes of a busy
//! engine pile up, so blocks of like size are merged in steps (a log-structured
//! merge), each sample some times instead of each time.
//!
//! Blocks that overlap are not merged for that reason alone: two flushes of a busy
//! engine always overlap by a moment, and each flush would write the window again.

use crate::options::EngineOptions;

/// How many windows make the next wider one.
const FACTOR: i64 = 3;

/// No window is wider than this.
const WINDOW_MAX_MS: i64 = 31 * 86_400_000;

/// Blocks of like size that are merged in a window that is still filling.
const TIER: usize = 4;

/// In a window that is past, blocks are merged when all but the largest have this
/// part (one in so many) of its bytes together, or are this many.
const SMALL_SHARE: u64 = 8;

/// What is known of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Planned {
    pub(super) id: u64,
    pub(super) seq: u64,
    pub(super) min_ms: i64,
    pub(super) max_ms: i64,
    pub(super) bytes: u64,
}

/// The widths of windows, ascending.
pub(super) fn windows(options: &EngineOptions) -> Vec<i64> {
    let max = if options.retention_ms > 0 {
        options.retention_ms / 10
    } else {
        i64::MAX
    };
    let max = max.min(WINDOW_MAX_MS).max(options.block_ms);
    std::iter::successors(Some(options.block_ms), |w| w.checked_mul(FACTOR))
        .take_while(|&w| w <= max)
        .collect()
}

/// The blocks to merge next, if any. A window is past when samples as new as
/// `settled_ms` were stored.
pub(super) fn next_merge(blocks: &[Planned], widths: &[i64], settled_ms: i64) -> Option<Vec<u64>> {
    for (i, &width) in widths.iter().enumerate() {
        let mut sorted: Vec<&Planned> = blocks
            .iter()
            .filter(|b| b.min_ms.div_euclid(width) == b.max_ms.div_euclid(width))
            .collect();
        sorted.sort_by_key(|b| (b.min_ms.div_euclid(width), b.seq));
        for group in
            sorted.chunk_by(|a, b| a.min_ms.div_euclid(width) == b.min_ms.div_euclid(width))
        {
            let end_ms = (group[0].min_ms.div_euclid(width) + 1).saturating_mul(width);
            let candidate = if end_ms <= settled_ms {
                past(group)
            } else if i == 0 {
                filling(group)
            } else {
                None
            };
            if let Some(candidate) = candidate.filter(|c| keeps_order(c, blocks)) {
                return Some(candidate.iter().map(|b| b.id).collect());
            }
        }
    }
    None
}

fn past<'a>(group: &[&'a Planned]) -> Option<Vec<&'a Planned>> {
    let largest = group.iter().map(|b| b.bytes).max()?;
    let all: u64 = group.iter().map(|b| b.bytes).sum();
    let worth = (all - largest) * SMALL_SHARE >= largest || group.len() as u64 >= SMALL_SHARE;
    (group.len() > 1 && worth).then(|| group.to_vec())
}

/// The newest blocks, each at most twice as large as those after it together.
fn filling<'a>(group: &[&'a Planned]) -> Option<Vec<&'a Planned>> {
    let mut newer = 0u64;
    let fitting = group
        .iter()
        .rev()
        .take_while(|b| {
            let fits = newer == 0 || b.bytes <= 2 * newer;
            newer += b.bytes;
            fits
        })
        .count();
    (fitting >= TIER).then(|| group[group.len() - fitting..].to_vec())
}

/// Whether no other block that shares time with these was written between them: the
/// merged block could not stand before and behind it.
fn keeps_order(candidate: &[&Planned], blocks: &[Planned]) -> bool {
    let fold = |f: fn(i64, i64) -> i64, of: fn(&Planned) -> i64| {
        candidate.iter().map(|b| of(b)).reduce(f).unwrap_or(0)
    };
    let (min_ms, max_ms) = (fold(i64::min, |b| b.min_ms), fold(i64::max, |b| b.max_ms));
    let first = candidate.iter().map(|b| b.seq).min().unwrap_or(0);
    let last = candidate.iter().map(|b| b.seq).max().unwrap_or(0);
    blocks
        .iter()
        .filter(|b| candidate.iter().all(|c| c.id != b.id))
        .all(|b| b.max_ms < min_ms || b.min_ms > max_ms || b.seq < first || b.seq > last)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WIDTHS: [i64; 3] = [10, 30, 90];

    fn check(blocks: &[(i64, i64, u64)], settled: i64, want: Option<&[u64]>) {
        let blocks: Vec<Planned> = blocks
            .iter()
            .zip(0..)
            .map(|(&(min_ms, max_ms, bytes), id)| Planned {
                id,
                seq: id,
                min_ms,
                max_ms,
                bytes,
            })
            .collect();
        let got = next_merge(&blocks, &WIDTHS, settled);
        assert_eq!(got.as_deref(), want, "{blocks:?} at {settled}");
    }

    #[test]
    fn windows_that_are_past_are_merged() {
        check(&[(0, 4, 1), (4, 9, 1), (10, 19, 2)], 10, Some(&[0, 1]));
        check(&[(0, 4, 1), (4, 9, 1)], 9, None);
        check(
            &[(0, 9, 1), (10, 19, 1), (20, 29, 1), (30, 39, 1)],
            30,
            Some(&[0, 1, 2]),
        );
        check(
            &[(0, 9, 1), (10, 19, 1), (20, 29, 1), (30, 39, 1)],
            29,
            None,
        );
        check(&[(-10, -1, 1), (0, 9, 1)], 30, None);
        check(
            &[(0, 29, 9), (30, 59, 9), (60, 89, 9), (90, 99, 9)],
            100,
            Some(&[0, 1, 2]),
        );
    }

    #[test]
    fn a_few_late_samples_do_not_rewrite_a_window() {
        check(&[(0, 29, 1000), (5, 6, 1)], 100, None);
        check(&[(0, 29, 1000), (5, 6, 200)], 100, Some(&[0, 1]));
    }

    #[test]
    fn a_window_that_fills_is_merged_in_steps() {
        check(&[(0, 1, 1), (1, 2, 1), (2, 3, 1)], 5, None);
        check(
            &[(0, 1, 1), (1, 2, 1), (2, 3, 1), (3, 4, 1)],
            5,
            Some(&[0, 1, 2, 3]),
        );
        check(&[(0, 1, 100), (1, 2, 1), (2, 3, 1), (3, 4, 1)], 5, None);
        check(
            &[(0, 1, 100), (1, 2, 1), (2, 3, 1), (3, 4, 1), (4, 5, 1)],
            5,
            Some(&[1, 2, 3, 4]),
        );
    }

    #[test]
    fn what_was_written_in_between_is_not_jumped_over() {
        check(&[(0, 4, 1), (0, 29, 1), (4, 9, 1)], 10, None);
        check(&[(0, 4, 1), (0, 29, 1), (4, 9, 1)], 30, Some(&[0, 1, 2]));
    }
}
