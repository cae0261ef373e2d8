//! Rules that give the same series or the same alert.

use binnacle_model::labels::METRIC_NAME;
use binnacle_promql::ast::Expr;

use super::super::{Report, Severity, Subject};
use crate::file::RuleKind;

pub(super) const CHECK: &str = "rule/duplicate";

/// Two recording rules with the same name and labels write the same series; two
/// alerts with the same name and labels are one alert to whoever gets them.
pub(super) fn check(subject: &Subject<'_>, report: &mut Report<'_>) {
    let rule = subject.rule;
    let labels = rule.labels_in(subject.group);
    for file in subject.files {
        for group in &file.groups {
            for other in &group.rules {
                if std::ptr::eq(other, rule) {
                    // Each is compared with those before it only.
                    return;
                }
                let same = other.name == rule.name
                    && (other.kind == RuleKind::Recording) != subject.is_alert()
                    && other.labels_in(group) == labels;
                if !same {
                    continue;
                }
                if apart(&other.expr.tree, &rule.expr.tree) {
                    continue;
                }
                let place = format!("{}:{}", file.path.display(), other.name_at.line);
                let same_query = other.expr.text == rule.expr.text;
                let (severity, problem) = match (subject.is_alert(), same_query) {
                    (_, true) => (Severity::Bug, format!("the same rule is at {place}")),
                    (true, false) => (
                        Severity::Info,
                        format!(
                            "an alert with the same name and labels is at {place}: where both fire, they are one alert"
                        ),
                    ),
                    (false, false) => (
                        Severity::Warning,
                        format!(
                            "a rule at {place} records the same name with the same labels: where both give a series, one of them is lost"
                        ),
                    ),
                };
                report.add(
                    CHECK,
                    severity,
                    rule.name_at.line,
                    problem,
                    "remove one, or give it a label of its own",
                );
                return;
            }
        }
    }
}

/// Whether two expressions look at the same metrics with conditions that are not the
/// same, and so most likely at other series.
fn apart(a: &Expr, b: &Expr) -> bool {
    let of = |expr: &Expr| {
        let mut all = Vec::new();
        expr.selectors(&mut |selector| all.extend(selector.matchers.iter().cloned()));
        all
    };
    let (a, b) = (of(a), of(b));
    a.iter().any(|one| {
        let same_label = b.iter().filter(|other| other.name == one.name);
        let mut same_label = same_label.peekable();
        one.name != METRIC_NAME
            && same_label.peek().is_some()
            && same_label.all(|other| other != one)
    })
}
