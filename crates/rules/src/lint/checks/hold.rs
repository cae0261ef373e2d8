//! `for` and `keep_firing_for`.

use binnacle_model::duration;

use super::super::{Report, Severity, Subject};

pub(super) const CHECK: &str = "alerts/for";

/// A `for` below the interval is the interval: an alert is looked at no sooner.
pub(super) fn check(subject: &Subject<'_>, report: &mut Report<'_>) {
    let (hold_ms, interval_ms) = (subject.hold_ms(), subject.interval_ms());
    // Without an interval in the file, the server's is not known well enough.
    if hold_ms > 0 && hold_ms < interval_ms && subject.group.interval_ms.is_some() {
        report.add(
            CHECK,
            Severity::Info,
            subject.rule.name_at.line,
            format!(
                "for is {} and the group is evaluated every {}, so the alert waits for {}",
                duration::print(hold_ms),
                duration::print(interval_ms),
                duration::print(interval_ms)
            ),
            "make for a multiple of the interval",
        );
    }
}
