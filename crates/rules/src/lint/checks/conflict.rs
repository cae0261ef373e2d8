//! External labels: set by rules too, or read by templates and not there.

use super::super::{Report, Severity, Subject, text};

pub(super) const CHECK: &str = "labels/conflict";
pub(super) const EXTERNAL: &str = "alerts/external_labels";

/// Labels that a rule sets and that the server adds to all that leaves it.
pub(super) fn check(subject: &Subject<'_>, report: &mut Report<'_>) {
    let Some(external) = &subject.settings.external_labels else {
        return;
    };
    for label in subject.group.labels.iter().chain(&subject.rule.labels) {
        let Some(value) = external.get(&label.name) else {
            continue;
        };
        let problem = if label.value == value {
            format!(
                "the label {}={value:?} is an external label of this server anyway",
                label.name
            )
        } else {
            format!(
                "the label {}={:?} hides the external label with the value {value:?}",
                label.name, label.value
            )
        };
        report.add(
            CHECK,
            Severity::Warning,
            label.name_at.line,
            problem,
            "leave it out, or choose another name",
        );
    }
}

/// External labels that templates read.
pub(super) fn templates(subject: &Subject<'_>, report: &mut Report<'_>) {
    let Some(external) = &subject.settings.external_labels else {
        return;
    };
    for field in subject.rule.labels.iter().chain(subject.annotations()) {
        for label in text::labels(&field.value, "ExternalLabels") {
            if external.get(&label).is_none() {
                report.add(
                    EXTERNAL,
                    Severity::Warning,
                    field.at.line,
                    format!(
                        "{} reads the external label {label}, which this server has not",
                        field.name
                    ),
                    "set it in external_labels, or leave it out",
                );
            }
        }
    }
}
