//! Grouping and joining by labels that are gone.

use binnacle_promql::ast::{Expr, ExprKind};

use super::super::labels::possible;
use super::super::walk::{is_choice, walk};
use super::super::{Report, Severity, Subject};

pub(super) const CHECK: &str = "promql/impossible";

/// A label that an inner aggregation took away is not there for an outer one.
pub(super) fn check(subject: &Subject<'_>, report: &mut Report<'_>) {
    walk(&subject.rule.expr.tree, &mut |expr, _| match &expr.kind {
        ExprKind::Aggregate(aggregate) if !aggregate.without && !is_choice(aggregate.op) => {
            let inner = possible(&aggregate.expr);
            for label in aggregate.grouping.iter().filter(|label| !inner.has(label)) {
                report.add(
                    CHECK,
                    Severity::Warning,
                    subject.line_of(expr.span.start),
                    format!(
                        "{} by ({label}) of series that have no label {label} any more",
                        aggregate.op.as_str()
                    ),
                    format!("keep {label} in the inner aggregation, or leave it out here"),
                );
            }
        }
        ExprKind::Binary(binary) => {
            let Some(matching) = binary.matching.as_ref().filter(|matching| matching.on) else {
                return;
            };
            for side in [&binary.lhs, &binary.rhs] {
                let labels = possible(side);
                for label in matching.labels.iter().filter(|label| !labels.has(label)) {
                    if labels.only().is_some_and(|only| only.is_empty()) && !is_aggregate(side) {
                        continue;
                    }
                    report.add(
                        CHECK,
                        Severity::Bug,
                        subject.line_of(binary.op_span.start),
                        format!(
                            "{} on ({label}), and one side has no label {label} any more",
                            binary.op.as_str()
                        ),
                        format!("keep {label} in that side's aggregation"),
                    );
                }
            }
        }
        _ => {}
    });
}

fn is_aggregate(expr: &Expr) -> bool {
    matches!(
        &super::super::walk::unparen(expr).kind,
        ExprKind::Aggregate(_)
    )
}
