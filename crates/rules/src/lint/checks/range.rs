//! Windows and offsets longer than samples are kept.

use binnacle_model::duration;
use binnacle_promql::ast::{Duration, Expr, ExprKind};

use super::super::walk::{millis, walk};
use super::super::{Report, Severity, Subject};

pub(super) const CHECK: &str = "promql/range_query";

/// What is asked of the past and is no longer there makes half a result, silently.
pub(super) fn check(subject: &Subject<'_>, report: &mut Report<'_>) {
    let Some(retention_ms) = subject.settings.retention_ms else {
        return;
    };
    walk(&subject.rule.expr.tree, &mut |expr, around| {
        let Some((range_ms, offset)) = reach(expr) else {
            return;
        };
        let offset_ms = millis(offset).unwrap_or(0);
        let outer: i64 = around
            .iter()
            .filter_map(|e| reach(e))
            .map(|(ms, _)| ms)
            .sum();
        let reach_ms = range_ms + offset_ms + outer;
        if reach_ms <= retention_ms {
            return;
        }
        report.add(
            CHECK,
            Severity::Warning,
            subject.line_of(expr.span.start),
            format!(
                "it reads {} of the past, and samples are kept for {}: the result is of a part only, and nothing says so",
                duration::print(reach_ms),
                duration::print(retention_ms)
            ),
            "keep samples longer, or record a short window and aggregate the recorded series",
        );
    });
}

/// How far a range or an instant selector with an offset reaches by itself.
fn reach(expr: &Expr) -> Option<(i64, &Duration)> {
    match &expr.kind {
        ExprKind::Matrix(matrix) => Some((millis(&matrix.range)?, &matrix.vector.offset)),
        ExprKind::Subquery(subquery) => Some((millis(&subquery.range)?, &subquery.offset)),
        ExprKind::Vector(selector) if selector.offset != Duration::Fixed(0) => {
            Some((0, &selector.offset))
        }
        _ => None,
    }
}
