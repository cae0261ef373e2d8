//! Alerts whose series come and go by themselves.

use std::collections::BTreeSet;

use binnacle_model::duration;
use binnacle_promql::ast::{AggregateExpr, BinaryOp, Cardinality, Expr, ExprKind};

use super::super::walk::{constant, is_choice, name_of, unparen, walk};
use super::super::{Report, Severity, Subject};

pub(super) const CHECK: &str = "promql/fragile";

/// Alerts are told apart by their labels, so what changes the series ends and starts
/// alerts.
pub(super) fn check(subject: &Subject<'_>, report: &mut Report<'_>) {
    if !subject.is_alert() {
        return;
    }
    walk(&subject.rule.expr.tree, &mut |expr, around| {
        let line = subject.line_of(expr.span.start);
        match &expr.kind {
            ExprKind::Aggregate(aggregate) if is_choice(aggregate.op) && !picks_one(aggregate) => {
                let merged = around.iter().enumerate().any(|(i, outer)| {
                    let inner = around.get(i + 1).copied().unwrap_or(expr);
                    hides_choice(outer, inner)
                });
                if !merged {
                    report.add(
                        CHECK,
                        Severity::Warning,
                        line,
                        format!("{} chooses other series each time, so alerts end and start without cause", aggregate.op.as_str()),
                        "alert on all series that are over the limit",
                    );
                }
            }
            ExprKind::Binary(binary)
                if matches!(binary.op, BinaryOp::Add | BinaryOp::Sub | BinaryOp::Div)
                    && subject.hold_ms() < subject.settings.scrape_interval_ms =>
            {
                let (Some(left), Some(right)) = (summed(&binary.lhs), summed(&binary.rhs)) else {
                    return;
                };
                if left.is_disjoint(&right) {
                    report.add(
                        CHECK,
                        Severity::Info,
                        line,
                        format!(
                            "{} of two aggregations without for: after a restart one side is there before the other",
                            binary.op.as_str()
                        ),
                        format!("set for to at least {}", duration::print(2 * subject.settings.scrape_interval_ms)),
                    );
                }
            }
            _ => {}
        }
    });
}

/// `topk by (...) (1, ...)`: one series of each group, to get rid of doubles.
fn picks_one(aggregate: &AggregateExpr) -> bool {
    !aggregate.grouping.is_empty() && aggregate.param.as_ref().and_then(constant) == Some(1.0)
}

/// Whether `outer` keeps from the result which series `inner`, within it, has chosen:
/// an aggregation of them, or a join whose one side they are.
fn hides_choice(outer: &Expr, inner: &Expr) -> bool {
    match &outer.kind {
        ExprKind::Aggregate(aggregate) => !is_choice(aggregate.op),
        ExprKind::Binary(binary) => {
            let card = binary.matching.as_ref().map(|matching| matching.card);
            let one = match card {
                Some(Cardinality::ManyToOne) => &binary.rhs,
                Some(Cardinality::OneToMany) => &binary.lhs,
                _ => return false,
            };
            std::ptr::eq(one, inner)
        }
        _ => false,
    }
}

/// The metrics that an aggregation is over; `None` when it is none.
fn summed(expr: &Expr) -> Option<BTreeSet<String>> {
    let ExprKind::Aggregate(aggregate) = &unparen(expr).kind else {
        return None;
    };
    let mut names = BTreeSet::new();
    aggregate.expr.selectors(&mut |selector| {
        names.extend(name_of(selector).map(str::to_owned));
    });
    Some(names)
}
