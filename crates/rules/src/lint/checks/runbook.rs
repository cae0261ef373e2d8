//! Alerts that do not say what to do.

use super::super::{Report, Severity, Subject};

pub(super) const CHECK: &str = "alerts/runbook";

/// Words in the names of labels and annotations that say what to do.
const WORDS: [&str; 5] = ["runbook", "playbook", "action", "resolution", "remediation"];

/// Whoever is woken wants to know what to do.
pub(super) fn check(subject: &Subject<'_>, report: &mut Report<'_>) {
    if !subject.is_alert() {
        return;
    }
    let labels = subject.group.labels.iter().chain(&subject.rule.labels);
    let told = labels.chain(subject.annotations()).any(|field| {
        let name = field.name.to_ascii_lowercase();
        !field.value.trim().is_empty() && WORDS.iter().any(|word| name.contains(word))
    });
    if !told {
        report.add(
            CHECK,
            Severity::Info,
            subject.rule.name_at.line,
            "the alert has no runbook and names no action",
            "add an annotation runbook_url, or action",
        );
    }
}
