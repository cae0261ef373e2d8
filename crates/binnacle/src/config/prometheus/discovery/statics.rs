//! `static_configs`: target groups that stand in the file.

use binnacle_collect::settings::TargetGroup;
use binnacle_model::labels::Labels;
use binnacle_model::relabel::relabel;

use binnacle_config::reader::{Placed, Reader};

use super::Relabelling;

/// The label that holds where a target is.
const ADDRESS: &str = "__address__";

/// One group as it was typed.
pub(super) struct Group {
    targets: Vec<Placed<String>>,
    labels: Labels,
}

/// One section.
pub(super) fn read(r: &mut Reader<'_>) -> Group {
    let targets = r.texts("targets");
    let labels = r.text_map("labels");
    for (name, _) in &labels {
        if name.value.is_empty() {
            r.refuse_at(name.at, "\"\" is not a valid label name");
        }
    }
    let labels = labels
        .into_iter()
        .map(|(name, value)| (name.value, value.value));
    Group {
        targets,
        labels: Labels::from_pairs(labels),
    }
}

impl Group {
    /// Refuses URLs where hosts are wanted. Where rules could have made hosts of them
    /// and did not, that is noted only: Prometheus loads such a file, and the target
    /// fails when it is used.
    pub(super) fn check_targets(&self, r: &Reader<'_>, relabelling: &Relabelling<'_>) {
        for target in self.targets.iter().filter(|t| t.value.contains('/')) {
            if relabelling.rules.is_empty() {
                r.refuse_at(
                    target.at,
                    format!("{:?} is not a valid hostname", target.value),
                );
                continue;
            }
            let mut labels = self.labels.to_builder();
            for (name, value) in &relabelling.labels {
                if labels.get(name).is_empty() {
                    labels.set(name, value);
                }
            }
            labels.set(ADDRESS, &target.value);
            let kept = relabel(relabelling.rules, &mut labels);
            if kept && labels.get(ADDRESS).contains('/') {
                let message = format!("{:?} is not a valid hostname", labels.get(ADDRESS));
                r.context().late(target.at, message);
            }
        }
    }

    /// The group, with its number as its source.
    pub(super) fn resolve(self, number: usize) -> TargetGroup {
        let address = |t: Placed<String>| Labels::from_pairs([(ADDRESS, t.value)]);
        TargetGroup {
            source: number.to_string(),
            targets: self.targets.into_iter().map(address).collect(),
            labels: self.labels,
        }
    }
}
