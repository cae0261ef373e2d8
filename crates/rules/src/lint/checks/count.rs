//! What the text calls the value, and what the expression computes.

use std::sync::LazyLock;

use binnacle_promql::ast::{AggregateOp, BinaryOp, Expr, ExprKind};
use binnacle_promql::functions::FunctionId;
use regex::Regex;

use super::super::text::{Piece, is_value, pieces};
use super::super::walk::{constant, is_per_second, unparen, walk};
use super::super::{Report, Severity, Subject};

pub(super) const CHECK: &str = "alerts/count";
pub(super) const HUMANIZE: &str = "alerts/humanize";

/// What follows a number of things that happened: a noun of things that are counted,
/// or a stretch of time in which they were; but not "per second".
static COUNTED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?ix)^\s*
        (?: times\b
          | (?:[\w-]+\s+){0,2}(?:restarts|crashes|errors|failures|requests|events|timeouts|retries|occurrences|messages|exceptions|evictions|kills)
            \s+(?:[\w-]+\s+){0,3}(?:in|within|during|over)\s+(?:the\s+)?(?:last|past|previous)\b
        )",
    )
    .expect("a fixed expression, compiled by every test")
});

/// "restarted {{ $value }} times" and a rate.
pub(super) fn check(subject: &Subject<'_>, report: &mut Report<'_>) {
    if !subject.is_alert() {
        return;
    }
    let Some(rate) = per_second(&subject.rule.expr.tree) else {
        return;
    };
    for field in subject.annotations() {
        if !says_count(&field.value) {
            continue;
        }
        let threshold = threshold(&subject.rule.expr.tree);
        let (severity, more) = match threshold {
            Some(limit) if limit >= 1.0 => (
                Severity::Bug,
                format!(", and the limit of {limit} means so many every second"),
            ),
            _ => (Severity::Warning, String::new()),
        };
        report.add(
            CHECK,
            severity,
            field.at.line,
            format!(
                "{} calls the value a count, and {rate}() gives a rate per second{more}",
                field.name
            ),
            "use increase() over the same window",
        );
    }
}

/// A rate or a quantile printed as it is: `0.017083333333333336`.
pub(super) fn humanize(subject: &Subject<'_>, report: &mut Report<'_>) {
    if !subject.is_alert() {
        return;
    }
    let Some(function) = long_number(&subject.rule.expr.tree) else {
        return;
    };
    for field in subject.annotations() {
        let bare = pieces(&field.value).into_iter().any(
            |piece| matches!(piece, Piece::Action(action) if matches!(action, "$value" | ".Value")),
        );
        if bare && !says_count(&field.value) {
            report.add(
                HUMANIZE,
                Severity::Info,
                field.at.line,
                format!(
                    "{} prints the value of {function}() with all its digits",
                    field.name
                ),
                "write {{ $value | humanize }}, or humanizeDuration or humanizePercentage",
            );
        }
    }
}

/// Whether a text says that the value is how often something happened.
fn says_count(template: &str) -> bool {
    pieces(template).windows(2).any(|pair| match pair {
        [Piece::Action(action), Piece::Text(text)] => is_value(action) && COUNTED.is_match(text),
        _ => false,
    })
}

/// The function whose rate per second the value is, if it is one and not scaled.
fn per_second(expr: &Expr) -> Option<&'static str> {
    match &expr.kind {
        ExprKind::Paren(inner) | ExprKind::Unary(_, inner) => per_second(inner),
        ExprKind::Call(call) if is_per_second(call.function.id) => Some(call.function.name),
        ExprKind::Call(call) => match call.function.id {
            FunctionId::Round
            | FunctionId::Sort
            | FunctionId::SortDesc
            | FunctionId::LabelReplace => per_second(call.args.first()?),
            _ => None,
        },
        ExprKind::Aggregate(aggregate) => match aggregate.op {
            AggregateOp::Count | AggregateOp::CountValues | AggregateOp::Group => None,
            _ => per_second(&aggregate.expr),
        },
        ExprKind::Binary(binary) => match binary.op {
            BinaryOp::And | BinaryOp::Unless => per_second(&binary.lhs),
            op if op.is_comparison() => {
                let vector = constant(&binary.lhs).map_or(&binary.lhs, |_| &binary.rhs);
                per_second(vector)
            }
            BinaryOp::Add | BinaryOp::Sub => {
                per_second(&binary.lhs).and_then(|name| per_second(&binary.rhs).map(|_| name))
            }
            BinaryOp::Or => per_second(&binary.lhs).or_else(|| per_second(&binary.rhs)),
            _ => None,
        },
        _ => None,
    }
}

/// The function that gives a number with many digits: a rate, or a quantile.
fn long_number(expr: &Expr) -> Option<&'static str> {
    if let Some(name) = per_second(expr) {
        return Some(name);
    }
    let value = match &unparen(expr).kind {
        ExprKind::Binary(binary) if binary.op.is_comparison() => &binary.lhs,
        _ => expr,
    };
    match &unparen(value).kind {
        ExprKind::Call(call) if call.function.id == FunctionId::HistogramQuantile => {
            Some(call.function.name)
        }
        _ => None,
    }
}

/// The constant that the value is compared with.
fn threshold(expr: &Expr) -> Option<f64> {
    let mut found = None;
    walk(expr, &mut |inner, around| {
        if let ExprKind::Binary(binary) = &inner.kind
            && binary.op.is_comparison()
            && around.is_empty()
        {
            found = constant(&binary.rhs);
        }
    });
    found
}

#[cfg(test)]
mod tests {
    use super::says_count;

    #[test]
    fn counts() {
        let check = |text: &str, want: bool| assert_eq!(says_count(text), want, "{text}");
        check("restarted {{ $value }} times in the last hour", true);
        check("{{ $value }} errors in the last 5 minutes", true);
        check(
            "{{ $value | humanize }} failed HTTP requests within the past hour",
            true,
        );
        check("{{ $value }}/s", false);
        check("{{ $value }} requests per second", false);
        check("{{ $value }}s of latency", false);
        check("{{ $labels.pod }} times in the last hour", false);
    }
}
