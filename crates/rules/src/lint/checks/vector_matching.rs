//! Sides of an operator that can never meet.

use std::collections::BTreeSet;

use binnacle_promql::ast::{BinaryExpr, BinaryOp, Cardinality, Expr, ExprKind, VectorMatching};
use binnacle_promql::functions::FunctionId;

use super::super::labels::{Possible, possible};
use super::super::walk::{name_of, unparen, walk};
use super::super::{Report, Severity, Subject};

pub(super) const CHECK: &str = "promql/vector_matching";

/// Without `on`, series meet when all their labels are the same.
pub(super) fn check(subject: &Subject<'_>, report: &mut Report<'_>) {
    walk(&subject.rule.expr.tree, &mut |expr, _| {
        let ExprKind::Binary(binary) = &expr.kind else {
            return;
        };
        let Some(matching) = &binary.matching else {
            return;
        };
        if matching.on || binary.op == BinaryOp::Or {
            return;
        }
        if let Some((lacks, label)) = mismatch(binary, matching) {
            let advice = match binary.op {
                BinaryOp::And | BinaryOp::Unless => format!(
                    "say which labels are meant: {} on (...)",
                    binary.op.as_str()
                ),
                op => format!(
                    "say which labels are meant: {} on (...) or ignoring ({label})",
                    op.as_str()
                ),
            };
            report.add(
                CHECK,
                Severity::Bug,
                subject.line_of(binary.op_span.start),
                format!(
                    "the sides of {} never meet: the {lacks} one has no label {label}, the other one has",
                    binary.op.as_str()
                ),
                advice,
            );
        }
    });
}

/// Which side lacks which label that the other one surely has.
fn mismatch(binary: &BinaryExpr, matching: &VectorMatching) -> Option<(&'static str, String)> {
    if matching.card == Cardinality::ManyToOne || matching.card == Cardinality::OneToMany {
        return None;
    }
    let (left, right) = (possible(&binary.lhs), possible(&binary.rhs));
    let sure = |expr: &Expr| {
        let mut labels = sure(expr)?;
        labels.retain(|label| !matching.labels.contains(label));
        Some(labels)
    };
    let lacking = |side: &Possible, other: &Expr| {
        let labels = sure(other)?;
        labels.into_iter().find(|label| !side.has(label))
    };
    let left_lacks = lacking(&left, &binary.rhs).map(|label| ("left", label));
    left_lacks.or_else(|| lacking(&right, &binary.lhs).map(|label| ("right", label)))
}

/// Labels that the series of an expression surely have: those of an aggregation `by`
/// that its selectors name or that every scraped series has, and the latter for a
/// scraped series itself.
fn sure(expr: &Expr) -> Option<BTreeSet<String>> {
    match &unparen(expr).kind {
        ExprKind::Vector(selector) => scraped(name_of(selector)?),
        ExprKind::Matrix(matrix) => scraped(name_of(&matrix.vector)?),
        ExprKind::Call(call) => match call.args.as_slice() {
            [one] if !makes_labels(call.function.id) => sure(one),
            _ => None,
        },
        ExprKind::Binary(binary) if binary.matching.is_none() => {
            sure(&binary.lhs).or_else(|| sure(&binary.rhs))
        }
        ExprKind::Aggregate(aggregate) if !aggregate.without => {
            let inner = sure(&aggregate.expr)?;
            Some(
                aggregate
                    .grouping
                    .iter()
                    .filter(|label| inner.contains(*label))
                    .cloned()
                    .collect(),
            )
        }
        _ => None,
    }
}

/// Whether the labels of a function's value are not those of its argument.
fn makes_labels(id: FunctionId) -> bool {
    matches!(
        id,
        FunctionId::Absent
            | FunctionId::AbsentOverTime
            | FunctionId::Scalar
            | FunctionId::Vector
            | FunctionId::Info
    )
}

/// Series that were scraped have these; recorded ones (with a colon in the name), and
/// those of rules themselves, may have any.
fn scraped(name: &str) -> Option<BTreeSet<String>> {
    let own = name.contains(':') || matches!(name, "ALERTS" | "ALERTS_FOR_STATE");
    (!own).then(|| ["instance", "job"].map(str::to_owned).into())
}
