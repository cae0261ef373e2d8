//! Aggregation by labels that no target gives.

use std::collections::BTreeSet;

use binnacle_promql::ast::{Expr, ExprKind};
use binnacle_promql::functions::FunctionId;

use super::super::walk::walk;
use super::super::{Report, Severity, Subject};
use crate::file::RuleKind;

pub(in super::super) const CHECK: &str = "promql/aggregate";

/// By a label that is nowhere, all series fall into one.
pub(super) fn check(subject: &Subject<'_>, report: &mut Report<'_>) {
    let Some(known) = &subject.settings.target_labels else {
        return;
    };
    let made = made(subject);
    walk(&subject.rule.expr.tree, &mut |expr, _| {
        let ExprKind::Aggregate(aggregate) = &expr.kind else {
            return;
        };
        if aggregate.without || makes_labels(&aggregate.expr) {
            return;
        }
        for label in &aggregate.grouping {
            if known.contains(label) || made.contains(label.as_str()) || is_given(label) {
                continue;
            }
            add(subject, report, expr.span.start, label);
        }
    });
}

/// Notes that `label` is nowhere.
pub(in super::super) fn add(
    subject: &Subject<'_>,
    report: &mut Report<'_>,
    byte: usize,
    label: &str,
) {
    report.add(
        CHECK,
        Severity::Warning,
        subject.line_of(byte),
        format!("no target gives the label {label}, so all series fall into one without it"),
        format!("add {label} by relabelling or instrumentation, or group by a label that there is"),
    );
}

/// Labels that every scrape gives.
fn is_given(label: &str) -> bool {
    matches!(
        label,
        "job" | "instance" | "le" | "quantile" | "__name__" | "alertname"
    )
}

/// Labels that rules of the files set.
fn made<'a>(subject: &Subject<'a>) -> BTreeSet<&'a str> {
    let groups = subject.files.iter().flat_map(|file| &file.groups);
    groups
        .flat_map(|group| {
            let rules = group.rules.iter();
            let rules = rules.filter(|rule| rule.kind == RuleKind::Recording);
            let labels = rules.flat_map(|rule| &rule.labels);
            group.labels.iter().chain(labels)
        })
        .map(|label| label.name.as_str())
        .collect()
}

/// Whether the expression makes labels itself.
fn makes_labels(expr: &Expr) -> bool {
    let mut makes = false;
    walk(expr, &mut |inner, _| {
        makes |= match &inner.kind {
            ExprKind::Call(call) => matches!(
                call.function.id,
                FunctionId::LabelReplace | FunctionId::LabelJoin | FunctionId::Info
            ),
            ExprKind::Aggregate(aggregate) => {
                aggregate.op == binnacle_promql::ast::AggregateOp::CountValues
            }
            _ => false,
        };
    });
    makes
}
