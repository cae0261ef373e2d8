//! Burn rates of error budgets: one window where two are needed, and factors of
//! another period.
//!
//! A burn rate of `f` over a window `w` spends `f × w / period` of the budget. The
//! factors 14.4 and 6 that everyone copies spend 2 % in an hour and 5 % in six hours
//! of a period of 30 days, and of no other (Google, *The Site Reliability Workbook*,
//! chapter 5). A second, shorter window ends the alert soon after the trouble.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use binnacle_model::duration;
use binnacle_promql::ast::{BinaryOp, Expr, ExprKind};
use regex::Regex;

use super::super::walk::{constant, millis, name_of, unparen, walk};
use super::super::{Report, Severity, Subject};

pub(super) const CHECK: &str = "slo/burn_rate";

const DAY_MS: i64 = 86_400_000;

/// A window in the name of a recorded series: `…burnrate1h`, `…ratio_rate5m`.
static SUFFIX: LazyLock<Regex> =
    LazyLock::new(|| regex(r"(?:burn_?rate|ratio_rate|ratio|rate|increase)_?(\d+(?:m|h|d|w))$"));
/// A period in a text: `7d SLO`, `30-day`, `28 day window`.
static PERIOD: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?i)\b(\d{1,3})[ -]?(?:d|days?)\b[ -]*(?:rolling[ -]*)?(?:slo|window|period|budget|objective)",
    )
});

fn regex(text: &'static str) -> Regex {
    Regex::new(text).expect("a fixed expression, compiled by every test")
}

/// A comparison with a factor times a budget.
struct Burn {
    factor: f64,
    windows: BTreeSet<i64>,
    byte: usize,
}

pub(super) fn check(subject: &Subject<'_>, report: &mut Report<'_>) {
    if !subject.is_alert() {
        return;
    }
    let burns = burns(&subject.rule.expr.tree);
    let Some(first) = burns.first() else {
        return;
    };
    let windows: BTreeSet<i64> = burns.iter().flat_map(|b| &b.windows).copied().collect();
    if windows.len() == 1 {
        let long_ms = windows.first().copied().unwrap_or_default();
        report.add(
            CHECK,
            Severity::Warning,
            subject.line_of(first.byte),
            format!(
                "the burn rate is looked at over one window of {}: it fires on for up to {} after the trouble is over",
                duration::print(long_ms),
                duration::print(long_ms)
            ),
            format!("add: and the same over {}", duration::print((long_ms / 12).max(1))),
        );
    }
    let Some(days) = period(subject).filter(|days| !(28..=31).contains(days)) else {
        return;
    };
    for burn in &burns {
        let known = [14.4, 6.0]
            .into_iter()
            .find(|f| (burn.factor - f).abs() < 1e-9);
        let (Some(factor), Some(long_ms)) = (known, burn.windows.last()) else {
            continue;
        };
        let spent = factor * *long_ms as f64 / (days * DAY_MS) as f64 * 100.0;
        report.add(
            CHECK,
            Severity::Warning,
            subject.line_of(burn.byte),
            format!(
                "a burn rate of {factor} over {} spends {spent:.1} % of a budget of {days} days: {factor} is made for 30 days",
                duration::print(*long_ms)
            ),
            format!("use {:.2} for the same share", factor * days as f64 / 30.0),
        );
    }
}

/// All comparisons with a factor (over 1) times a budget (below a half).
fn burns(expr: &Expr) -> Vec<Burn> {
    let mut all = Vec::new();
    walk(expr, &mut |inner, _| {
        let ExprKind::Binary(binary) = &inner.kind else {
            return;
        };
        if !matches!(binary.op, BinaryOp::Greater | BinaryOp::GreaterOrEqual) {
            return;
        }
        let Some(factor) = factor(&binary.rhs) else {
            return;
        };
        let windows = windows(&binary.lhs);
        if !windows.is_empty() {
            all.push(Burn {
                factor,
                windows,
                byte: binary.op_span.start,
            });
        }
    });
    all
}

/// The factor of `14.4 * 0.001` and `14.4 * (1 - 0.999)`.
fn factor(expr: &Expr) -> Option<f64> {
    let ExprKind::Binary(binary) = &unparen(expr).kind else {
        return None;
    };
    if binary.op != BinaryOp::Mul {
        return None;
    }
    let (a, b) = (constant(&binary.lhs)?, constant(&binary.rhs)?);
    let (factor, budget) = if a > b { (a, b) } else { (b, a) };
    (factor > 1.0 && factor <= 1000.0 && budget > 0.0 && budget < 0.5).then_some(factor)
}

/// The windows that an expression looks at, in the text or in recorded names.
fn windows(expr: &Expr) -> BTreeSet<i64> {
    let mut windows = BTreeSet::new();
    walk(expr, &mut |inner, _| match &inner.kind {
        ExprKind::Matrix(matrix) => windows.extend(millis(&matrix.range)),
        ExprKind::Subquery(subquery) => windows.extend(millis(&subquery.range)),
        ExprKind::Vector(selector) => {
            let suffix = name_of(selector).and_then(|name| SUFFIX.captures(name));
            windows.extend(suffix.and_then(|found| duration::parse(&found[1]).ok()));
        }
        _ => {}
    });
    windows
}

/// The period of the objective in days, where labels or annotations tell it.
fn period(subject: &Subject<'_>) -> Option<i64> {
    let fields = subject.group.labels.iter().chain(&subject.rule.labels);
    for field in fields.chain(subject.annotations()) {
        let name = field.name.to_ascii_lowercase();
        if (name.contains("period") || name == "slo_window")
            && let Ok(ms) = duration::parse(&field.value)
        {
            return Some(ms / DAY_MS);
        }
        if let Some(found) = PERIOD.captures(&field.value) {
            return found[1].parse().ok();
        }
    }
    None
}
