//! Which labels the series of an expression can have, as far as the text tells.
//!
//! A selector's series can have any label but those that it demands to be empty. An
//! aggregation `by` leaves some labels and no others; `without` takes some away; a
//! join keeps those it joins on. What comes out is either "only these" or "all but
//! these", and says nothing of whether a label is really there.

use std::collections::BTreeSet;

use binnacle_model::labels::METRIC_NAME;
use binnacle_model::{MatchOp, Matcher};
use binnacle_promql::ast::{
    AggregateExpr, AggregateOp, BinaryExpr, Call, Cardinality, Expr, ExprKind, ValueType,
    VectorMatching,
};
use binnacle_promql::functions::FunctionId;

/// The labels that series can have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Possible {
    /// These and no others.
    Only(BTreeSet<String>),
    /// Any but these.
    AllBut(BTreeSet<String>),
}

impl Possible {
    fn none() -> Self {
        Self::Only(BTreeSet::new())
    }

    /// Any labels at all.
    pub(super) fn any() -> Self {
        Self::AllBut(BTreeSet::new())
    }

    /// Whether a series can have the label.
    pub(super) fn has(&self, label: &str) -> bool {
        match self {
            Self::Only(labels) => labels.contains(label),
            Self::AllBut(labels) => !labels.contains(label),
        }
    }

    /// The labels, when they are known one by one.
    pub(super) fn only(&self) -> Option<&BTreeSet<String>> {
        match self {
            Self::Only(labels) => Some(labels),
            Self::AllBut(_) => None,
        }
    }

    fn keep(self, names: &[String]) -> Self {
        Self::Only(names.iter().filter(|n| self.has(n)).cloned().collect())
    }

    fn drop(mut self, names: &[String]) -> Self {
        for name in names {
            match &mut self {
                Self::Only(labels) => {
                    labels.remove(name);
                }
                Self::AllBut(labels) => {
                    labels.insert(name.clone());
                }
            }
        }
        self
    }

    fn add(mut self, name: &str) -> Self {
        match &mut self {
            Self::Only(labels) => {
                labels.insert(name.to_owned());
            }
            Self::AllBut(labels) => {
                labels.remove(name);
            }
        }
        self
    }

    fn both(self, other: Self) -> Self {
        match (self, other) {
            (Self::Only(a), Self::Only(b)) => Self::Only(a.intersection(&b).cloned().collect()),
            (Self::AllBut(a), Self::AllBut(b)) => Self::AllBut(a.union(&b).cloned().collect()),
            (Self::Only(a), but @ Self::AllBut(_)) | (but @ Self::AllBut(_), Self::Only(a)) => {
                Self::Only(a.into_iter().filter(|n| but.has(n)).collect())
            }
        }
    }

    fn either(self, other: Self) -> Self {
        match (self, other) {
            (Self::Only(a), Self::Only(b)) => Self::Only(a.union(&b).cloned().collect()),
            (Self::AllBut(a), Self::AllBut(b)) => {
                Self::AllBut(a.intersection(&b).cloned().collect())
            }
            (Self::Only(a), Self::AllBut(b)) | (Self::AllBut(b), Self::Only(a)) => {
                Self::AllBut(b.difference(&a).cloned().collect())
            }
        }
    }
}

/// The labels of `expr`'s series; those that `absent` and a scalar make are known.
pub(super) fn possible(expr: &Expr) -> Possible {
    match &expr.kind {
        ExprKind::Number(_) | ExprKind::String(_) => Possible::none(),
        ExprKind::Paren(inner) | ExprKind::Unary(_, inner) => possible(inner),
        ExprKind::Vector(selector) => of_matchers(&selector.matchers),
        ExprKind::Matrix(matrix) => of_matchers(&matrix.vector.matchers),
        ExprKind::Subquery(subquery) => possible(&subquery.expr),
        ExprKind::Aggregate(aggregate) => of_aggregate(aggregate),
        ExprKind::Call(call) => of_call(call),
        ExprKind::Binary(binary) => of_binary(binary),
    }
}

fn of_matchers(matchers: &[Matcher]) -> Possible {
    let empty = |m: &&Matcher| m.op == MatchOp::Equal && m.value.is_empty();
    Possible::AllBut(
        matchers
            .iter()
            .filter(empty)
            .map(|m| m.name.clone())
            .collect(),
    )
}

fn of_aggregate(aggregate: &AggregateExpr) -> Possible {
    let inner = possible(&aggregate.expr);
    match aggregate.op {
        // These choose among series and change none.
        AggregateOp::Topk
        | AggregateOp::Bottomk
        | AggregateOp::Limitk
        | AggregateOp::LimitRatio => inner,
        op => {
            let grouped = if aggregate.without {
                inner.drop(&aggregate.grouping)
            } else {
                inner.keep(&aggregate.grouping)
            };
            match (op, aggregate.param.as_ref().map(|p| &p.kind)) {
                (AggregateOp::CountValues, Some(ExprKind::String(label))) => grouped.add(label),
                _ => grouped,
            }
        }
    }
}

fn of_call(call: &Call) -> Possible {
    let text = |i: usize| match call.args.get(i).map(|a| &a.kind) {
        Some(ExprKind::String(text)) => Some(text.as_str()),
        _ => None,
    };
    let series = call
        .args
        .iter()
        .find(|a| matches!(a.value_type(), ValueType::Vector | ValueType::Matrix));
    let inner = series.map_or_else(Possible::none, possible);
    match call.function.id {
        FunctionId::LabelReplace | FunctionId::LabelJoin => match text(1) {
            Some(label) => inner.add(label),
            None => inner,
        },
        FunctionId::Absent | FunctionId::AbsentOverTime => of_absent(series),
        FunctionId::Vector | FunctionId::Scalar | FunctionId::Time => Possible::none(),
        FunctionId::HistogramQuantile => inner.drop(&["le".to_owned()]),
        FunctionId::Info => Possible::AllBut(BTreeSet::new()),
        _ => inner,
    }
}

/// `absent` has the labels that its selector fixes.
fn of_absent(series: Option<&Expr>) -> Possible {
    let matchers = match series.map(|e| &e.kind) {
        Some(ExprKind::Vector(selector)) => &selector.matchers,
        Some(ExprKind::Matrix(matrix)) => &matrix.vector.matchers,
        _ => return Possible::none(),
    };
    let fixed =
        |m: &&Matcher| m.op == MatchOp::Equal && m.name != METRIC_NAME && !m.value.is_empty();
    Possible::Only(
        matchers
            .iter()
            .filter(fixed)
            .map(|m| m.name.clone())
            .collect(),
    )
}

fn of_binary(binary: &BinaryExpr) -> Possible {
    let Some(matching) = &binary.matching else {
        // A vector and a scalar, or two scalars.
        let vector = [&binary.lhs, &binary.rhs]
            .into_iter()
            .find(|side| side.value_type() == ValueType::Vector);
        return vector.map_or_else(Possible::none, possible);
    };
    let (left, right) = (possible(&binary.lhs), possible(&binary.rhs));
    if binary.op.is_set() {
        return match binary.op {
            binnacle_promql::ast::BinaryOp::Or => left.either(right),
            _ => left,
        };
    }
    match matching.card {
        Cardinality::ManyToOne => include(left, matching),
        Cardinality::OneToMany => include(right, matching),
        Cardinality::OneToOne | Cardinality::ManyToMany => {
            if matching.on {
                left.keep(&matching.labels)
            } else {
                // Both sides must be equal in all labels that are not ignored.
                left.drop(&matching.labels)
                    .both(right.drop(&matching.labels))
            }
        }
    }
}

fn include(many: Possible, matching: &VectorMatching) -> Possible {
    matching
        .include
        .iter()
        .fold(many, |all, name| all.add(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use binnacle_promql::parse::parse;

    #[test]
    fn labels_follow_the_operators() {
        let check = |text: &str, yes: &[&str], no: &[&str]| {
            let labels = possible(&parse(text).expect(text));
            for label in yes {
                assert!(labels.has(label), "{text}: {label}");
            }
            for label in no {
                assert!(!labels.has(label), "{text}: {label}");
            }
        };
        check("up", &["a"], &[]);
        check("up{a=''}", &["b"], &["a"]);
        check("sum(up)", &[], &["a"]);
        check("sum by (a) (up)", &["a"], &["b"]);
        check("sum without (a) (up) > 1", &["b"], &["a"]);
        check("sum by (a, b) (sum by (b) (up))", &["b"], &["a"]);
        check(
            "a / on (x) group_left (y) sum by (x, y) (b)",
            &["x", "y", "z"],
            &[],
        );
        check(
            "sum by (x) (a) / on (x) group_left (y) b",
            &["x", "y"],
            &["z"],
        );
        check("a / on (x) b", &["x"], &["y"]);
        check("sum by (x, y) (a) / sum by (x, y) (b)", &["x", "y"], &["z"]);
        check("sum by (x) (a) or sum by (y) (b)", &["x", "y"], &["z"]);
        check("sum by (x) (a) and b", &["x"], &["z"]);
        check("absent(up{job='x', a=~'y'})", &["job"], &["a", "__name__"]);
        check(
            "histogram_quantile(0.9, sum by (le, x) (rate(b[5m])))",
            &["x"],
            &["le"],
        );
        check(
            "label_replace(sum(a), 'y', '$1', 'x', '(.*)')",
            &["y"],
            &["x"],
        );
        check("topk(3, sum by (x) (a))", &["x"], &["y"]);
        check("vector(1)", &[], &["x"]);
        check("count_values('v', up)", &["v"], &["x"]);
    }
}
