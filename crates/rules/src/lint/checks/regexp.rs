//! Regular expressions that need none.

use binnacle_model::MatchOp;
use binnacle_promql::ast::ExprKind;

use super::super::walk::walk;
use super::super::{Report, Severity, Subject};

pub(super) const CHECK: &str = "promql/regexp";

/// Expressions are anchored at both ends anyway, and text without special characters
/// is compared faster as it is.
pub(super) fn check(subject: &Subject<'_>, report: &mut Report<'_>) {
    walk(&subject.rule.expr.tree, &mut |expr, _| {
        let (matchers, start) = match &expr.kind {
            ExprKind::Vector(selector) => (&selector.matchers, expr.span.start),
            ExprKind::Matrix(matrix) => (&matrix.vector.matchers, expr.span.start),
            _ => return,
        };
        for matcher in matchers {
            let plain = match matcher.op {
                MatchOp::Regex => "=",
                MatchOp::NotRegex => "!=",
                MatchOp::Equal | MatchOp::NotEqual => continue,
            };
            let line = subject.line_of(start);
            let text = matcher.value.as_str();
            if !text.is_empty() && !text.contains(|c: char| r"\.+*?()|[]{}^$".contains(c)) {
                report.add(
                    CHECK,
                    Severity::Info,
                    line,
                    format!("{matcher} compares with plain text by a regular expression"),
                    format!("write {}{plain}{text:?}", matcher.name),
                );
            } else if (text.starts_with('^') || ends_in_anchor(text)) && !text.contains('|') {
                report.add(
                    CHECK,
                    Severity::Info,
                    line,
                    format!("{matcher} is anchored twice: it is anchored at both ends anyway"),
                    "leave ^ and $ out",
                );
            } else if text == ".*" {
                let (problem, advice) = match matcher.op {
                    MatchOp::Regex => (
                        "matches everything, the label's absence too",
                        "leave it out",
                    ),
                    _ => ("matches nothing", "say what is not wanted"),
                };
                let severity = match matcher.op {
                    MatchOp::Regex => Severity::Info,
                    _ => Severity::Bug,
                };
                report.add(
                    CHECK,
                    severity,
                    line,
                    format!("{matcher} {problem}"),
                    advice,
                );
            }
        }
    });
}

fn ends_in_anchor(text: &str) -> bool {
    text.strip_suffix('$')
        .is_some_and(|rest| !rest.ends_with('\\'))
}
