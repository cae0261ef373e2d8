//! What only data tell: whether metrics exist, and the labels that rules group by.

use std::collections::HashMap;

use binnacle_model::query::{MetricsQuery, SeriesQuery};
use binnacle_model::{Labels, Matcher};
use binnacle_promql::ast::{BinaryOp, Expr, ExprKind, VectorSelector};
use binnacle_promql::functions::FunctionId;

use super::checks::{AGGREGATE, SERIES};
use super::walk::{constant, name_of, walk};
use super::{Finding, Report, Settings, Severity, Subject, checks, subjects};
use crate::file::{RuleFile, RuleKind};

/// How far back is looked for series, milliseconds.
const PAST_MS: i64 = 24 * 3_600_000;
/// Series that are looked at for labels.
const SERIES_MAX: usize = 1_000;

/// Findings about what is not there.
pub(super) async fn look(
    files: &[RuleFile],
    settings: &Settings,
    metrics: &dyn MetricsQuery,
    now_ms: i64,
) -> Vec<Finding> {
    let mut store = Store {
        metrics,
        now_ms,
        known: HashMap::new(),
    };
    let mut findings = Vec::new();
    for subject in subjects(files, settings) {
        let mut report = Report::new(subject);
        for (selector, byte) in wanted(&subject) {
            exists(&subject, &mut report, &mut store, selector, byte).await;
        }
        for (selector, label, byte) in grouped(&subject.rule.expr.tree) {
            if is_recorded(&subject, selector) {
                continue;
            }
            let series = store.series(selector.matchers.clone()).await;
            if !series.is_empty() && series.iter().all(|labels| labels.get(label).is_none()) {
                checks::no_label(&subject, &mut report, byte, label);
            }
        }
        findings.extend(report.into_findings());
    }
    debug_assert!(
        findings
            .iter()
            .all(|f| [AGGREGATE, SERIES].contains(&f.check))
    );
    findings
}

/// Series of the store, asked for once.
struct Store<'a> {
    metrics: &'a dyn MetricsQuery,
    now_ms: i64,
    known: HashMap<String, Vec<Labels>>,
}

impl Store<'_> {
    async fn series(&mut self, matchers: Vec<Matcher>) -> &[Labels] {
        let key = matchers
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(",");
        if !self.known.contains_key(&key) {
            let query = SeriesQuery {
                selectors: vec![matchers],
                start_ms: self.now_ms.saturating_sub(PAST_MS),
                end_ms: self.now_ms,
                limit: SERIES_MAX,
            };
            // What cannot be asked is not known to be missing.
            let found = match self.metrics.series(query).await {
                Ok((series, _)) => series,
                Err(_) => vec![Labels::empty()],
            };
            self.known.insert(key.clone(), found);
        }
        self.known.get(&key).map_or(&[], Vec::as_slice)
    }
}

/// The selectors that must find something for the rule to work, and where they stand.
fn wanted<'a>(subject: &Subject<'a>) -> Vec<(&'a VectorSelector, usize)> {
    let mut all = Vec::new();
    walk(&subject.rule.expr.tree, &mut |expr, around| {
        let selector = match &expr.kind {
            ExprKind::Vector(selector) => selector,
            ExprKind::Matrix(matrix) => &matrix.vector,
            _ => return,
        };
        if !may_be_missing(expr, around) && name_of(selector).is_some() {
            all.push((selector, expr.span.start));
        }
    });
    all
}

/// Whether the rule is made for the series to be missing: `absent(x)`, `x or
/// vector(0)`, `y unless x`.
fn may_be_missing(expr: &Expr, around: &[&Expr]) -> bool {
    around.iter().enumerate().any(|(i, outer)| {
        let inner = around.get(i + 1).copied().unwrap_or(expr);
        match &outer.kind {
            ExprKind::Call(call) => matches!(
                call.function.id,
                FunctionId::Absent | FunctionId::AbsentOverTime
            ),
            ExprKind::Binary(binary) => match binary.op {
                BinaryOp::Or => {
                    constant(&binary.rhs).is_some()
                        || matches!(&binary.rhs.kind, ExprKind::Call(c) if c.function.id == FunctionId::Vector)
                }
                BinaryOp::Unless => std::ptr::eq(inner, &raw const binary.rhs),
                _ => false,
            },
            _ => false,
        }
    })
}

async fn exists(
    subject: &Subject<'_>,
    report: &mut Report<'_>,
    store: &mut Store<'_>,
    selector: &VectorSelector,
    byte: usize,
) {
    let Some(name) = name_of(selector) else {
        return;
    };
    if matches!(name, "ALERTS" | "ALERTS_FOR_STATE") || is_recorded(subject, selector) {
        return;
    }
    if !store.series(selector.matchers.clone()).await.is_empty() {
        return;
    }
    let line = subject.line_of(byte);
    let by_name = vec![Matcher::equal("__name__", name)];
    if store.series(by_name).await.is_empty() {
        report.add(
            SERIES,
            Severity::Bug,
            line,
            format!("no series of the last day has the name {name}"),
            "check the name, and whether what exports it is scraped",
        );
        return;
    }
    for matcher in &selector.matchers {
        if matcher.name == "__name__" || matcher.matches_empty() {
            continue;
        }
        let one = vec![Matcher::equal("__name__", name), matcher.clone()];
        if store.series(one).await.is_empty() {
            report.add(
                SERIES,
                Severity::Warning,
                line,
                format!("no series of {name} of the last day fulfils {matcher}"),
                "check the label and its values",
            );
            return;
        }
    }
    report.add(
        SERIES,
        Severity::Warning,
        line,
        format!("no series of {name} of the last day fulfils all of its conditions"),
        "check which series there are",
    );
}

/// Selectors right within an aggregation `by`, with the labels that it groups by.
fn grouped(expr: &Expr) -> Vec<(&VectorSelector, &str, usize)> {
    let mut all = Vec::new();
    walk(expr, &mut |inner, _| {
        let ExprKind::Aggregate(aggregate) = &inner.kind else {
            return;
        };
        if aggregate.without {
            return;
        }
        let selector = match direct(&aggregate.expr) {
            Some(selector) if name_of(selector).is_some() => selector,
            _ => return,
        };
        for label in &aggregate.grouping {
            all.push((selector, label.as_str(), inner.span.start));
        }
    });
    all
}

/// The selector of an expression that keeps its labels: `x`, `rate(x[5m])`.
fn direct(expr: &Expr) -> Option<&VectorSelector> {
    match &expr.kind {
        ExprKind::Paren(inner) => direct(inner),
        ExprKind::Vector(selector) => Some(selector),
        ExprKind::Matrix(matrix) => Some(&matrix.vector),
        ExprKind::Call(call) => match call.args.as_slice() {
            [one] => direct(one),
            _ => None,
        },
        _ => None,
    }
}

/// Whether a rule of the files records what the selector is for.
fn is_recorded(subject: &Subject<'_>, selector: &VectorSelector) -> bool {
    let name = name_of(selector);
    let groups = subject.files.iter().flat_map(|file| &file.groups);
    groups
        .flat_map(|group| &group.rules)
        .any(|rule| rule.kind == RuleKind::Recording && Some(rule.name.as_str()) == name)
}
