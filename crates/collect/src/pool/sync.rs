//! From target groups to the targets that a pool shall have: no I/O, no loops.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::snapshot::DroppedTarget;
use crate::scrape::{Populated, Target, discovered_labels, populate};
use crate::settings::{ScrapeSettings, TargetGroup};

/// What a pool shall have.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    /// Targets by their hash; those that relabelling makes equal are one.
    pub(super) active: BTreeMap<u64, Arc<Target>>,
    pub(super) dropped: Vec<DroppedTarget>,
    pub(super) dropped_count: u64,
    pub(super) refused_count: u64,
}

/// Works out the targets of these groups.
pub(super) fn wanted<'a>(
    settings: &ScrapeSettings,
    groups: impl Iterator<Item = &'a TargetGroup>,
) -> Wanted {
    let mut wanted = Wanted::default();
    for group in groups {
        for own in &group.targets {
            let discovered = discovered_labels(settings, own, &group.labels);
            let before = discovered.clone().build();
            match populate(settings, discovered) {
                Populated::Active(labels) => {
                    let target = Target::new(settings, labels, before);
                    wanted
                        .active
                        .entry(target.hash())
                        .or_insert_with(|| Arc::new(target));
                }
                Populated::Dropped => wanted.drop_target(settings, before, None),
                Populated::Refused(reason) => {
                    wanted.refused_count += 1;
                    tracing::warn!(
                        pool = settings.job_name,
                        group = group.source,
                        reason,
                        "target refused"
                    );
                    wanted.drop_target(settings, before, Some(reason));
                }
            }
        }
    }
    wanted
}

impl Wanted {
    fn drop_target(
        &mut self,
        settings: &ScrapeSettings,
        discovered: binnacle_model::labels::Labels,
        refused: Option<String>,
    ) {
        self.dropped_count += 1;
        let keep = settings.limits.keep_dropped_targets;
        if keep == 0 || (self.dropped.len() as u64) < keep {
            self.dropped.push(DroppedTarget {
                discovered,
                refused,
            });
        }
    }
}
