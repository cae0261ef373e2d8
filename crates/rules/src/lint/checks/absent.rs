//! `absent()` without `for`.

use binnacle_model::duration;
use binnacle_promql::ast::ExprKind;
use binnacle_promql::functions::FunctionId;

use super::super::walk::walk;
use super::super::{Report, Severity, Subject};

pub(super) const CHECK: &str = "alerts/absent";

/// After a restart nothing has been scraped yet, and everything is absent.
pub(super) fn check(subject: &Subject<'_>, report: &mut Report<'_>) {
    let enough_ms = 2 * subject.settings.scrape_interval_ms;
    if !subject.is_alert() || subject.hold_ms() >= enough_ms {
        return;
    }
    walk(&subject.rule.expr.tree, &mut |expr, _| {
        if let ExprKind::Call(call) = &expr.kind
            && call.function.id == FunctionId::Absent
        {
            report.add(
                CHECK,
                Severity::Warning,
                subject.line_of(expr.span.start),
                "absent() is true after every restart until the first scrape",
                format!("set for to at least {}", duration::print(enough_ms)),
            );
        }
    });
}
