//! Rates over too few samples, or over sums of counters.

use binnacle_model::duration;
use binnacle_promql::ast::{AggregateOp, Expr, ExprKind};
use binnacle_promql::functions::FunctionId;

use super::super::walk::{is_counter_safe, millis, name_of, unparen, walk};
use super::super::{Report, Severity, Subject};
use crate::file::RuleKind;

pub(super) const CHECK: &str = "promql/rate";

/// A rate needs two samples in its window, and sees resets of single counters only.
pub(super) fn check(subject: &Subject<'_>, report: &mut Report<'_>) {
    walk(&subject.rule.expr.tree, &mut |expr, _| {
        let ExprKind::Call(call) = &expr.kind else {
            return;
        };
        let name = call.function.name;
        if !matches!(
            call.function.id,
            FunctionId::Rate | FunctionId::Irate | FunctionId::Increase | FunctionId::Delta
        ) {
            return;
        }
        let Some(series) = call.args.first() else {
            return;
        };
        let line = subject.line_of(series.span.start);
        match &unparen(series).kind {
            ExprKind::Matrix(matrix) => {
                short_window(subject, report, line, name, millis(&matrix.range));
                if call.function.id == FunctionId::Delta {
                    return;
                }
                if let Some(metric) = name_of(&matrix.vector)
                    && is_sum_of_counters(subject, metric)
                {
                    report.add(
                        CHECK,
                        Severity::Bug,
                        line,
                        format!("{name}() of {metric}, which is recorded as a sum of counters: a reset of one looks like a jump of all"),
                        "record the sum of the rates instead",
                    );
                }
            }
            ExprKind::Subquery(subquery)
                if call.function.id != FunctionId::Delta && sums_counters(&subquery.expr) =>
            {
                report.add(
                    CHECK,
                    Severity::Bug,
                    line,
                    format!(
                        "{name}() of a sum of counters: a reset of one looks like a jump of all"
                    ),
                    format!("write sum({name}(...)), never {name}(sum(...))"),
                );
            }
            _ => {}
        }
    });
}

fn short_window(
    subject: &Subject<'_>,
    report: &mut Report<'_>,
    line: u32,
    name: &str,
    range_ms: Option<i64>,
) {
    let enough_ms = 2 * subject.settings.scrape_interval_ms;
    let Some(range_ms) = range_ms.filter(|ms| *ms < enough_ms) else {
        return;
    };
    report.add(
        CHECK,
        Severity::Bug,
        line,
        format!(
            "{name}() over {} sees fewer than two samples when targets are scraped every {}",
            duration::print(range_ms),
            duration::print(subject.settings.scrape_interval_ms)
        ),
        format!(
            "use a window of at least {}, better of {}",
            duration::print(enough_ms),
            duration::print(2 * enough_ms)
        ),
    );
}

/// Whether a rule of the files records `metric` as a sum of counters as they are.
fn is_sum_of_counters(subject: &Subject<'_>, metric: &str) -> bool {
    let groups = subject.files.iter().flat_map(|file| &file.groups);
    groups
        .flat_map(|group| &group.rules)
        .filter(|rule| rule.kind == RuleKind::Recording && rule.name == metric)
        .any(|rule| sums_counters(&rule.expr.tree))
}

/// Whether an expression is a sum over counters without a rate.
fn sums_counters(expr: &Expr) -> bool {
    let ExprKind::Aggregate(aggregate) = &unparen(expr).kind else {
        return false;
    };
    if aggregate.op != AggregateOp::Sum {
        return false;
    }
    let mut raw = false;
    walk(&aggregate.expr, &mut |inner, around| {
        let safe = around
            .iter()
            .any(|e| matches!(&e.kind, ExprKind::Call(call) if is_counter_safe(call.function.id)));
        if let ExprKind::Vector(selector) = &inner.kind
            && name_of(selector).is_some_and(|n| n.ends_with("_total"))
        {
            raw |= !safe;
        }
    });
    raw
}
