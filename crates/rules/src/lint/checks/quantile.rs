//! `histogram_quantile` of what it is not made for.

use binnacle_promql::ast::{AggregateExpr, AggregateOp, Expr, ExprKind};
use binnacle_promql::functions::FunctionId;

use super::super::walk::{name_of, unparen, walk};
use super::super::{Report, Severity, Subject};

pub(super) const CHECK: &str = "promql/histogram_quantile";

/// Buckets are rates, summed by `le` and what the quantile is wanted of.
pub(super) fn check(subject: &Subject<'_>, report: &mut Report<'_>) {
    walk(&subject.rule.expr.tree, &mut |expr, _| {
        let ExprKind::Call(call) = &expr.kind else {
            return;
        };
        let (FunctionId::HistogramQuantile, Some(buckets)) = (call.function.id, call.args.get(1))
        else {
            return;
        };
        let line = subject.line_of(buckets.span.start);
        let Some(metric) = classic(buckets) else {
            // A native histogram has no le, and a recorded series may be anything.
            return;
        };
        match aggregate(buckets) {
            Some(aggregate) => of_aggregate(report, line, aggregate),
            None => report.add(
                CHECK,
                Severity::Warning,
                line,
                format!("the quantile is of every single series of {metric}, not of the service"),
                format!("write histogram_quantile(..., sum by (le) (rate({metric}[...]))), with the labels that matter beside le"),
            ),
        }
        if !has_rate(buckets) && !metric.contains(':') {
            report.add(
                CHECK,
                Severity::Warning,
                line,
                format!("{metric} as it is counts since its process started, so the quantile is of all that time"),
                format!("take rate({metric}[...])"),
            );
        }
    });
}

fn of_aggregate(report: &mut Report<'_>, line: u32, aggregate: &AggregateExpr) {
    let keeps_le = aggregate.grouping.iter().any(|name| name == "le") != aggregate.without;
    if !keeps_le {
        report.add(
            CHECK,
            Severity::Bug,
            line,
            "the aggregation takes le away, and without it there is no quantile",
            "add le to by (...), or take it out of without (...)",
        );
    }
    if aggregate.op != AggregateOp::Sum {
        report.add(
            CHECK,
            Severity::Bug,
            line,
            format!(
                "{} of buckets is no histogram, so its quantile is none either",
                aggregate.op.as_str()
            ),
            "aggregate buckets with sum",
        );
    }
}

/// The metric of classic buckets that an expression is of.
fn classic(expr: &Expr) -> Option<&str> {
    let mut found = None;
    expr.selectors(&mut |selector| {
        let name = name_of(selector).filter(|n| n.ends_with("_bucket"));
        found = found.or(name);
    });
    found
}

/// The outermost aggregation, if there is one.
fn aggregate(expr: &Expr) -> Option<&AggregateExpr> {
    let mut found = None;
    walk(unparen(expr), &mut |inner, _| {
        if let ExprKind::Aggregate(aggregate) = &inner.kind {
            found = found.or(Some(&**aggregate));
        }
    });
    found
}

fn has_rate(expr: &Expr) -> bool {
    let mut found = false;
    walk(expr, &mut |inner, _| {
        found |= matches!(
            &inner.kind,
            ExprKind::Call(call) if matches!(
                call.function.id,
                FunctionId::Rate | FunctionId::Irate | FunctionId::Increase | FunctionId::Delta
            )
        ) || matches!(
            &inner.kind,
            ExprKind::Binary(binary) if binary.op == binnacle_promql::ast::BinaryOp::Sub
        );
    });
    found
}
