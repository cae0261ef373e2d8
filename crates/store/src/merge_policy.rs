//! Which blocks to merge: a pure function over what the manifest knows.
//!
//! Blocks grow by time: the head writes windows of two hours, three neighbours become
//! one of six hours, three of those one of eighteen, and so on, up to a tenth of the
//! retention time, so that dropping a block never keeps or takes much more than was
//! asked. Windows are aligned to the epoch, as Prometheus aligns them. Blocks that
//! overlap in time (late samples, imports) come first, because every query pays for
//! them.

use crate::manifest::BlockMeta;

/// Settings of merging.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MergeOptions {
    /// The window of a block straight from the head. Default: two hours.
    pub window_ms: i64,
    /// How many windows make one of the next level. Default: 3.
    pub factor: i64,
    /// No merged block spans more than this. Default: 31 days.
    pub window_max_ms: i64,
    /// How long data are kept: no merged block spans more than a tenth of it.
    pub retention_ms: Option<i64>,
    /// No merged block is made of more bytes than this. Default: 64 GiB.
    pub bytes_max: u64,
}

impl Default for MergeOptions {
    fn default() -> Self {
        Self {
            window_ms: 2 * 3_600_000,
            factor: 3,
            window_max_ms: 31 * 24 * 3_600_000,
            retention_ms: None,
            bytes_max: 64 << 30,
        }
    }
}

/// One merge to do: these blocks become one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merge {
    /// Numbers of the blocks, oldest data first.
    pub inputs: Vec<u64>,
    /// The level of the result.
    pub level: u32,
    /// Why, for logs and metrics.
    pub reason: MergeReason,
}

/// Why blocks are merged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MergeReason {
    /// They overlap in time.
    Overlap,
    /// They fill a larger window.
    Window,
}

/// The next merge to do, if any; ask again when it is done.
#[must_use]
pub fn next_merge(blocks: &[BlockMeta], options: &MergeOptions) -> Option<Merge> {
    let mut tiers: Vec<i64> = blocks.iter().map(|b| b.resolution_ms).collect();
    tiers.sort_unstable();
    tiers.dedup();
    tiers.into_iter().find_map(|resolution_ms| {
        let mut tier: Vec<&BlockMeta> = blocks
            .iter()
            .filter(|b| b.resolution_ms == resolution_ms)
            .collect();
        tier.sort_by_key(|b| (b.min_ms, b.id));
        overlapping(&tier, options).or_else(|| filled_window(&tier, options))
    })
}

/// The windows that blocks may grow to, smallest first, without the head's own.
fn windows(options: &MergeOptions) -> Vec<i64> {
    let tenth = options.retention_ms.map_or(i64::MAX, |r| r / 10);
    let max = options.window_max_ms.min(tenth);
    let factor = options.factor.max(2);
    std::iter::successors(Some(options.window_ms.max(1)), |w| w.checked_mul(factor))
        .skip(1)
        .take_while(|&w| w <= max)
        .collect()
}

/// The largest span that a merge may make, also of overlapping blocks.
fn span_max(options: &MergeOptions) -> i64 {
    windows(options)
        .last()
        .copied()
        .unwrap_or(options.window_ms)
}

fn overlapping(tier: &[&BlockMeta], options: &MergeOptions) -> Option<Merge> {
    let mut from = 0;
    while from < tier.len() {
        let mut to = from + 1;
        let mut max_ms = tier[from].max_ms;
        while to < tier.len() && tier[to].min_ms <= max_ms {
            max_ms = max_ms.max(tier[to].max_ms);
            to += 1;
        }
        let group = within_limits(&tier[from..to], options);
        if group.len() > 1 {
            return Some(merge(group, MergeReason::Overlap));
        }
        from = to;
    }
    None
}

/// As many of the first blocks as the limits on span and bytes allow, but blocks that
/// lie within the span of those before them always.
fn within_limits<'a, 'b>(
    group: &'a [&'b BlockMeta],
    options: &MergeOptions,
) -> &'a [&'b BlockMeta] {
    let span_max = span_max(options);
    let (mut bytes, mut max_ms) = (0u64, i64::MIN);
    let fitting = group.iter().take_while(|b| {
        bytes = bytes.saturating_add(b.bytes);
        let inside = b.max_ms <= max_ms;
        max_ms = max_ms.max(b.max_ms);
        inside || max_ms.saturating_sub(group[0].min_ms) < span_max && bytes <= options.bytes_max
    });
    &group[..fitting.count()]
}

fn filled_window(tier: &[&BlockMeta], options: &MergeOptions) -> Option<Merge> {
    // The newest block may still get neighbours: its window is not filled yet.
    let newest_ms = tier.iter().map(|b| b.max_ms).max()?;
    windows(options).into_iter().find_map(|window| {
        let mut from = 0;
        while from < tier.len() {
            let start = tier[from].min_ms.div_euclid(window) * window;
            let end = start.saturating_add(window);
            let to = from + tier[from..].iter().take_while(|b| b.min_ms < end).count();
            let group = &tier[from..to];
            let inside = group.iter().all(|b| b.max_ms < end);
            let bytes = group
                .iter()
                .fold(0u64, |sum, b| sum.saturating_add(b.bytes));
            if group.len() > 1 && inside && newest_ms >= end && bytes <= options.bytes_max {
                return Some(merge(group, MergeReason::Window));
            }
            from = to;
        }
        None
    })
}

fn merge(group: &[&BlockMeta], reason: MergeReason) -> Merge {
    Merge {
        inputs: group.iter().map(|b| b.id).collect(),
        level: group.iter().map(|b| b.level).max().unwrap_or(0) + 1,
        reason,
    }
}
