//! Takes an expression apart: what reads the store only, and what reads what rules
//! give.
//!
//! The largest parts that read the store only, and whose value is a vector, are cut
//! out and fetched for all steps at once; a selector for the fetched values takes
//! their place. Within a subquery times are others than the steps, so nothing is cut
//! out there: its selectors are fetched sample by sample.

use binnacle_model::labels::METRIC_NAME;
use binnacle_model::{MatchOp, Matcher};
use binnacle_promql::ast::{Duration, Expr, ExprKind, ValueType, VectorSelector};

use super::layer::PART;
use super::plan::Plan;
use crate::lint::walk;

/// An expression taken apart.
pub(super) struct Split {
    /// What is left to be evaluated, over the parts and memory.
    pub(super) tree: Expr,
    /// What is fetched; the selector for part `i` asks for `first + i`.
    pub(super) parts: Vec<Expr>,
    /// Selectors whose samples must be in memory.
    pub(super) raw: Vec<Raw>,
}

/// A selector whose samples must be in memory.
#[derive(Debug, Clone)]
pub(super) struct Raw {
    pub(super) matchers: Vec<Matcher>,
    /// How far before a step it looks, milliseconds, offsets and subqueries included.
    pub(super) reach_ms: i64,
    /// Whether it can only find what a rule gives, so that of the store only what was
    /// before the start matters.
    pub(super) given: bool,
}

/// Takes `tree` apart; `first` is the number of the next part.
pub(super) fn split(tree: &Expr, plan: &Plan, first: usize, lookback_ms: i64) -> Split {
    let mut split = Split {
        tree: tree.clone(),
        parts: Vec::new(),
        raw: Vec::new(),
    };
    let Split { tree, parts, raw } = &mut split;
    cut(tree, plan, first, parts);
    walk(tree, &mut |expr, around| {
        let (selector, range) = match &expr.kind {
            ExprKind::Vector(selector) => (selector, None),
            ExprKind::Matrix(matrix) => (&matrix.vector, Some(&matrix.range)),
            _ => return,
        };
        if selector.matchers.iter().any(|m| m.name == PART) {
            return;
        }
        let outer: i64 = around.iter().map(|e| subquery_reach(e)).sum();
        let own = range
            .map_or(0, millis)
            .saturating_add(millis(&selector.offset));
        raw.push(Raw {
            matchers: selector.matchers.clone(),
            reach_ms: own.saturating_add(outer).saturating_add(lookback_ms),
            given: is_given(selector, plan),
        });
    });
    split
}

/// Replaces the largest parts of `expr` that read the store only.
fn cut(expr: &mut Expr, plan: &Plan, first: usize, parts: &mut Vec<Expr>) {
    if !depends(expr, plan) {
        if expr.value_type() == ValueType::Vector && has_selector(expr) {
            let number = first + parts.len();
            let selector = ExprKind::Vector(VectorSelector {
                name: None,
                matchers: vec![Matcher::equal(PART, number.to_string())],
                offset: Duration::Fixed(0),
                at: None,
                mode: Default::default(),
            });
            let span = expr.span;
            let kind = std::mem::replace(&mut expr.kind, selector);
            parts.push(Expr { kind, span });
            return;
        }
        // A scalar of a vector: its vector can be cut out.
        if expr.value_type() != ValueType::Scalar {
            return;
        }
    }
    match &mut expr.kind {
        ExprKind::Paren(inner) | ExprKind::Unary(_, inner) => cut(inner, plan, first, parts),
        ExprKind::Binary(binary) => {
            cut(&mut binary.lhs, plan, first, parts);
            cut(&mut binary.rhs, plan, first, parts);
        }
        ExprKind::Aggregate(aggregate) => {
            if let Some(param) = &mut aggregate.param {
                cut(param, plan, first, parts);
            }
            cut(&mut aggregate.expr, plan, first, parts);
        }
        ExprKind::Call(call) => {
            for arg in &mut call.args {
                cut(arg, plan, first, parts);
            }
        }
        ExprKind::Number(_)
        | ExprKind::String(_)
        | ExprKind::Vector(_)
        | ExprKind::Matrix(_)
        | ExprKind::Subquery(_) => {}
    }
}

fn depends(expr: &Expr, plan: &Plan) -> bool {
    let mut depends = false;
    expr.selectors(&mut |selector| depends |= plan.may_read(selector));
    depends
}

fn has_selector(expr: &Expr) -> bool {
    let mut has = false;
    expr.selectors(&mut |_| has = true);
    has
}

/// Whether a selector is for the name of a recording rule of the plan.
fn is_given(selector: &VectorSelector, plan: &Plan) -> bool {
    let name = selector
        .matchers
        .iter()
        .find(|m| m.name == METRIC_NAME && m.op == MatchOp::Equal);
    name.is_some_and(|name| {
        plan.rules
            .iter()
            .any(|planned| planned.rule.alerting().is_none() && planned.rule.name == name.value)
    })
}

fn subquery_reach(expr: &Expr) -> i64 {
    match &expr.kind {
        ExprKind::Subquery(subquery) => {
            millis(&subquery.range).saturating_add(millis(&subquery.offset))
        }
        _ => 0,
    }
}

/// A duration, as far as it is fixed and not negative.
fn millis(duration: &Duration) -> i64 {
    match duration {
        Duration::Fixed(ms) => (*ms).max(0),
        Duration::Expr(_) => 0,
    }
}
