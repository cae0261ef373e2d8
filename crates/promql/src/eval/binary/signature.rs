//! Match groups: which series of both sides belong together.

use binnacle_model::Labels;
use binnacle_model::labels::METRIC_NAME;

use super::super::context::Context;
use super::super::vector::Vector;
use crate::ast::VectorMatching;

/// The series of one match group, by their place on each side.
#[derive(Debug, Default, Clone)]
pub(super) struct Group {
    pub(super) lhs: Vec<u32>,
    pub(super) rhs: Vec<u32>,
}

/// The labels that series are matched by.
pub(super) fn match_labels(labels: &Labels, matching: &VectorMatching) -> Labels {
    if matching.on {
        labels.keep_only(&matching.labels)
    } else {
        labels.filter(|name| name != METRIC_NAME && !matching.labels.iter().any(|l| l == name))
    }
}

/// Puts all series into their groups, in order of first sight.
pub(super) fn groups(
    cx: &Context<'_>,
    matching: &VectorMatching,
    lhs: &Vector,
    rhs: &Vector,
) -> Vec<Group> {
    let mut index = cx.label_index(lhs.series.len().max(rhs.series.len()));
    let mut groups: Vec<Group> = Vec::new();
    let mut bytes = Vec::new();
    let matches_all = !matching.on && matching.labels.is_empty();
    let sides = [(&lhs.series, true), (&rhs.series, false)];
    for (series, left) in sides {
        for (i, series) in series.iter().enumerate() {
            bytes.clear();
            if matches_all && let Some(rest) = after_name(series.labels.as_bytes()) {
                let (number, new) = index.number(rest);
                add(&mut groups, number, new, left, i);
                continue;
            }
            for (name, value) in &series.labels {
                let listed = matching.labels.iter().any(|l| l == name);
                if if matching.on {
                    listed
                } else {
                    !listed && name != METRIC_NAME
                } {
                    binnacle_model::labels::push_label(&mut bytes, name, value);
                }
            }
            let (number, new) = index.number(&bytes);
            add(&mut groups, number, new, left, i);
        }
    }
    groups
}

fn add(groups: &mut Vec<Group>, number: usize, new: bool, left: bool, series: usize) {
    if new {
        groups.push(Group::default());
    }
    let group = &mut groups[number];
    if left {
        group.lhs.push(series as u32);
    } else {
        group.rhs.push(series as u32);
    }
}

/// The encoding of all labels but the metric's name, when the name comes first, as
/// it does unless a label starts with a capital letter.
fn after_name(bytes: &[u8]) -> Option<&[u8]> {
    const NAME: &[u8] = b"\x08__name__";
    match bytes.strip_prefix(NAME) {
        // Longer values are rare: their length takes more than one byte.
        Some([len, rest @ ..]) if *len < 0x80 => rest.get(usize::from(*len)..),
        _ => None,
    }
}
