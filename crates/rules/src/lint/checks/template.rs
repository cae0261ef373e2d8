//! Templates that fail, or read what is not there.

use binnacle_template::prometheus::AlertTemplate;

use super::super::{Report, Severity, Subject, text};

pub(super) const CHECK: &str = "alerts/template";

/// Fields, variables and labels that there are not; values in labels.
pub(super) fn check(subject: &Subject<'_>, report: &mut Report<'_>) {
    if !subject.is_alert() {
        return;
    }
    let labels = subject.possible_labels();
    let own = &subject.rule.labels;
    for field in own.iter().chain(subject.annotations()) {
        let Ok(template) = AlertTemplate::parse("lint", &field.value) else {
            // The loader has refused it.
            continue;
        };
        for problem in template.lint() {
            report.add(
                CHECK,
                Severity::Bug,
                field.at.line,
                format!("{}: {}", field.name, problem.message),
                "use $labels, $value, $externalLabels, $externalURL or a query",
            );
        }
        for label in text::labels(&field.value, "Labels") {
            if labels.has(&label) || label == "__name__" {
                continue;
            }
            report.add(
                CHECK,
                Severity::Warning,
                field.at.line,
                format!(
                    "{} reads the label {label}, which the expression does not give",
                    field.name
                ),
                format!("keep {label} in the expression's grouping, or leave it out of the text"),
            );
        }
    }
    for field in own {
        if text::uses_value(&field.value) {
            report.add(
                CHECK,
                Severity::Bug,
                field.at.line,
                format!("the label {} holds the value: with each new value it is another alert, whose for begins again", field.name),
                "put the value into an annotation",
            );
        }
    }
}
