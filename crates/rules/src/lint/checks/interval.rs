//! Groups that are evaluated more rarely than series go stale.

use binnacle_model::duration;

use super::super::{Finding, Settings, Severity};
use crate::file::{GroupSpec, RuleFile, RuleKind};

pub(super) const CHECK: &str = "group/interval";

/// A group with a long interval: its series have gaps, its alerts flap.
pub(super) fn check(file: &RuleFile, group: &GroupSpec, settings: &Settings) -> Option<Finding> {
    let interval_ms = group.interval_ms?;
    let covered = |kind: &RuleKind| match kind {
        RuleKind::Recording => false,
        RuleKind::Alerting {
            keep_firing_for_ms, ..
        } => *keep_firing_for_ms >= interval_ms,
    };
    if interval_ms <= settings.lookback_ms || group.rules.iter().all(|rule| covered(&rule.kind)) {
        return None;
    }
    Some(Finding {
        file: file.path.clone(),
        line: group.at.line,
        group: group.name.clone(),
        rule: String::new(),
        check: CHECK,
        severity: Severity::Warning,
        problem: format!(
            "group {} is evaluated every {}, and a series is gone {} after its last sample",
            group.name,
            duration::print(interval_ms),
            duration::print(settings.lookback_ms)
        ),
        advice: "shorten the interval, or give alerts a keep_firing_for of at least the interval"
            .to_owned(),
    })
}
