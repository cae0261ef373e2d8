//! Which parts are written anew next, and as what.

use std::sync::Arc;

use hashbrown::HashMap;

use super::{DAY_NS, Maintenance};
use crate::engine::Inner;
use crate::part::Part;

/// Parts of one day and level that are merged together.
pub(super) const PARTS_MERGED: usize = 8;

/// A part that has grown to this many bytes on disk is merged no more: nearly all of it
/// are full blocks, which would only be copied.
const SETTLED_BYTES: u64 = 32 << 20;

/// Parts that become one.
pub(super) struct Job {
    pub(super) parts: Vec<Arc<Part>>,
    /// Level of the new part.
    pub(super) level: u32,
    /// Where it lies.
    pub(super) tier: usize,
    /// Whether full blocks are taken apart as well, for the sake of more effort.
    pub(super) is_thorough: bool,
}

impl Job {
    /// One part, written anew where it is.
    pub(super) fn again(part: Arc<Part>) -> Self {
        Self {
            level: part.meta.level,
            tier: part.tier,
            parts: vec![part],
            is_thorough: false,
        }
    }
}

/// The day of a part; none when its rows are of several.
fn window(part: &Part) -> Option<i64> {
    let day = part.min_ns.div_euclid(DAY_NS);
    (part.max_ns.div_euclid(DAY_NS) == day).then_some(day)
}

impl Inner {
    /// Parts that belong together: one with deleted rows, or enough of one day and level.
    pub(super) fn next_merge(&self, maintenance: &Maintenance) -> Option<Job> {
        if let Some(part) = self.part_with_deleted(maintenance) {
            return Some(Job::again(part));
        }
        let parts = self.state.read().parts.clone();
        let mut groups: HashMap<(Option<i64>, u32, usize), Vec<Arc<Part>>> = HashMap::new();
        for part in parts.iter() {
            if part.meta.bytes >= SETTLED_BYTES || maintenance.is_damaged(part) {
                continue;
            }
            let level = part.meta.level;
            let group = groups.entry((window(part), level, part.tier)).or_default();
            group.push(part.clone());
            if group.len() >= PARTS_MERGED {
                return Some(Job {
                    parts: group.clone(),
                    level: level.saturating_add(1),
                    tier: part.tier,
                    is_thorough: false,
                });
            }
        }
        None
    }
}

impl Maintenance {
    pub(super) fn is_damaged(&self, part: &Part) -> bool {
        self.damaged.contains(&part.meta.id)
    }
}
