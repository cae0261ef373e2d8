//! Which blocks to drop: a pure function over what the manifest knows.

use crate::manifest::BlockMeta;

/// How long and how much is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RetentionOptions {
    /// Blocks whose last sample is older than this are dropped; `None` keeps all.
    pub time_ms: Option<i64>,
    /// When all blocks and the log take more bytes than this, the oldest blocks are
    /// dropped; `None` keeps all.
    pub bytes_max: Option<u64>,
}

/// Why a block is dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DropReason {
    /// Its data are too old.
    Time,
    /// There is too much.
    Size,
}

/// The blocks to drop, with the reason of each, oldest data first. `other_bytes` is
/// what counts towards the size and cannot be dropped: the log.
#[must_use]
pub fn to_drop(
    blocks: &[BlockMeta],
    options: &RetentionOptions,
    now_ms: i64,
    other_bytes: u64,
) -> Vec<(u64, DropReason)> {
    let oldest_ms = options
        .time_ms
        .map_or(i64::MIN, |time| now_ms.saturating_sub(time));
    let bytes_max = options.bytes_max.unwrap_or(u64::MAX);
    let mut newest_first: Vec<&BlockMeta> = blocks.iter().collect();
    newest_first.sort_by_key(|b| std::cmp::Reverse((b.max_ms, b.id)));
    let mut kept_bytes = other_bytes;
    let mut full = false;
    let mut dropped = Vec::new();
    for block in newest_first {
        if block.max_ms < oldest_ms {
            dropped.push((block.id, DropReason::Time));
            continue;
        }
        // Nothing older than a block that did not fit is kept, even if it would fit:
        // there are no holes in what is kept.
        full |= kept_bytes.saturating_add(block.bytes) > bytes_max;
        if full {
            dropped.push((block.id, DropReason::Size));
        } else {
            kept_bytes += block.bytes;
        }
    }
    dropped.reverse();
    dropped
}
