//! Rules that read what another rule gives later, or in another group.

use std::collections::BTreeSet;

use binnacle_promql::ast::ExprKind;

use super::super::walk::{name_of, walk};
use super::super::{Report, Severity, Subject};
use crate::file::RuleKind;

pub(super) const CHECK: &str = "rule/dependency";

/// What is recorded later is read one evaluation late; what another group records,
/// up to one interval late.
pub(super) fn check(subject: &Subject<'_>, report: &mut Report<'_>) {
    let mut reads = BTreeSet::new();
    walk(&subject.rule.expr.tree, &mut |expr, _| {
        // To a window, one evaluation more or less is no matter.
        if let ExprKind::Vector(selector) = &expr.kind {
            let name = name_of(selector).filter(|name| *name != subject.rule.name);
            reads.extend(name.map(str::to_owned));
        }
    });
    let records = |rule: &crate::file::RuleSpec, name: &str| {
        rule.kind == RuleKind::Recording && rule.name == name
    };
    for name in &reads {
        let own = &subject.group.rules;
        let here = own.iter().position(|rule| std::ptr::eq(rule, subject.rule));
        let given = own.iter().position(|rule| records(rule, name));
        if let (Some(here), Some(given)) = (here, given) {
            if given > here {
                report.add(
                    CHECK,
                    Severity::Warning,
                    subject.rule.name_at.line,
                    format!("{name} is recorded further down in this group, so the rule reads what it was one evaluation before"),
                    "move the recording rule up",
                );
            }
            continue;
        }
        if subject.is_alert() {
            // That an alert comes an interval later is most often no matter.
            continue;
        }
        let elsewhere = subject
            .files
            .iter()
            .flat_map(|file| &file.groups)
            .find(|group| group.rules.iter().any(|rule| records(rule, name)));
        if let Some(group) = elsewhere {
            report.add(
                CHECK,
                Severity::Info,
                subject.rule.name_at.line,
                format!(
                    "{name} is recorded by the group {}, so it is read up to one interval late",
                    group.name
                ),
                "move both rules into one group",
            );
        }
    }
}
