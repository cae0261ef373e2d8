//! Expressions on one line.

use std::fmt;

use binnacle_model::labels::{METRIC_NAME, is_legacy_label_name, write_quoted};
use binnacle_model::{MatchOp, Matcher};

use super::number::short_number;
use crate::ast::{
    AggregateExpr, At, BinaryExpr, Call, Cardinality, Duration, Expr, ExprKind, MatrixSelector,
    RangeMode, Subquery, VectorMatching, VectorSelector,
};

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind.fmt(f)
    }
}

impl fmt::Display for ExprKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::String(value) => write_quoted(f, value),
            Self::Paren(inner) => write!(f, "({inner})"),
            Self::Unary(op, inner) => write!(f, "{}{inner}", op.as_str()),
            Self::Binary(binary) => binary.fmt(f),
            Self::Aggregate(aggregate) => aggregate.fmt(f),
            Self::Call(call) => call.fmt(f),
            Self::Vector(vector) => vector.fmt(f),
            Self::Matrix(matrix) => matrix.fmt(f),
            Self::Subquery(subquery) => {
                subquery.expr.fmt(f)?;
                subquery_suffix(f, subquery)
            }
        }
    }
}

impl fmt::Display for BinaryExpr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.lhs)?;
        operator(f, self)?;
        write!(f, " {}", self.rhs)
    }
}

impl fmt::Display for AggregateExpr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        aggregation(f, self)?;
        f.write_str("(")?;
        if let Some(param) = &self.param {
            write!(f, "{param}, ")?;
        }
        write!(f, "{})", self.expr)
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}(", self.function.name)?;
        for (i, arg) in self.args.iter().enumerate() {
            if i > 0 {
                f.write_str(", ")?;
            }
            arg.fmt(f)?;
        }
        f.write_str(")")
    }
}

impl fmt::Display for VectorSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        series(f, self)?;
        at(f, self.at)?;
        mode(f, self.mode)?;
        offset(f, &self.offset)
    }
}

impl fmt::Display for MatrixSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        series(f, &self.vector)?;
        write!(f, "[{}]", self.range)?;
        mode(f, self.vector.mode)?;
        at(f, self.vector.at)?;
        offset(f, &self.vector.offset)
    }
}

/// `sum by (a, b) `, up to the parenthesis.
pub(super) fn aggregation(f: &mut dyn fmt::Write, aggregate: &AggregateExpr) -> fmt::Result {
    f.write_str(aggregate.op.as_str())?;
    if aggregate.without || !aggregate.grouping.is_empty() {
        f.write_str(if aggregate.without {
            " without ("
        } else {
            " by ("
        })?;
        labels(f, &aggregate.grouping)?;
        f.write_str(") ")?;
    }
    Ok(())
}

/// `+ on (a) group_left (b)`: the operator with its modifiers.
pub(super) fn operator(f: &mut dyn fmt::Write, binary: &BinaryExpr) -> fmt::Result {
    f.write_str(binary.op.as_str())?;
    if binary.return_bool {
        f.write_str(" bool")?;
    }
    match &binary.matching {
        Some(matching) => modifiers(f, matching),
        None => Ok(()),
    }
}

fn modifiers(f: &mut dyn fmt::Write, matching: &VectorMatching) -> fmt::Result {
    let group = match matching.card {
        Cardinality::ManyToOne => Some(" group_left ("),
        Cardinality::OneToMany => Some(" group_right ("),
        Cardinality::OneToOne | Cardinality::ManyToMany => None,
    };
    if !matching.labels.is_empty() || matching.on || group.is_some() {
        f.write_str(if matching.on { " on (" } else { " ignoring (" })?;
        labels(f, &matching.labels)?;
        f.write_str(")")?;
    }
    if let Some(group) = group {
        f.write_str(group)?;
        labels(f, &matching.include)?;
        f.write_str(")")?;
    }
    match (matching.fill_left, matching.fill_right) {
        (Some(left), Some(right)) if left == right => write!(f, " fill ({})", short_number(left)),
        (left, right) => {
            if let Some(left) = left {
                write!(f, " fill_left ({})", short_number(left))?;
            }
            if let Some(right) = right {
                write!(f, " fill_right ({})", short_number(right))?;
            }
            Ok(())
        }
    }
}

fn labels(f: &mut dyn fmt::Write, labels: &[String]) -> fmt::Result {
    for (i, label) in labels.iter().enumerate() {
        if i > 0 {
            f.write_str(", ")?;
        }
        if is_legacy_label_name(label) {
            f.write_str(label)?;
        } else {
            write_quoted(f, label)?;
        }
    }
    Ok(())
}

/// Name and matchers, the matchers in the order of their texts.
fn series(f: &mut fmt::Formatter<'_>, vector: &VectorSelector) -> fmt::Result {
    let name = vector.name.as_deref().unwrap_or_default();
    f.write_str(name)?;
    let is_name = |matcher: &&Matcher| {
        matcher.name == METRIC_NAME
            && matcher.op == MatchOp::Equal
            && matcher.value == name
            && !name.is_empty()
    };
    let mut matchers: Vec<String> = vector
        .matchers
        .iter()
        .filter(|m| !is_name(m))
        .map(Matcher::to_string)
        .collect();
    if matchers.is_empty() {
        // Without a name, nothing at all would be left to read back.
        return if name.is_empty() {
            f.write_str("{}")
        } else {
            Ok(())
        };
    }
    matchers.sort_unstable();
    write!(f, "{{{}}}", matchers.join(","))
}

fn at(f: &mut dyn fmt::Write, at: Option<At>) -> fmt::Result {
    match at {
        None => Ok(()),
        Some(At::Start) => f.write_str(" @ start()"),
        Some(At::End) => f.write_str(" @ end()"),
        Some(At::Time(ms)) => {
            let sign = if ms < 0 { "-" } else { "" };
            let ms = ms.unsigned_abs();
            write!(f, " @ {sign}{}.{:03}", ms / 1000, ms % 1000)
        }
    }
}

fn mode(f: &mut dyn fmt::Write, mode: RangeMode) -> fmt::Result {
    f.write_str(match mode {
        RangeMode::Plain => "",
        RangeMode::Anchored => " anchored",
        RangeMode::Smoothed => " smoothed",
    })
}

fn offset(f: &mut dyn fmt::Write, offset: &Duration) -> fmt::Result {
    match offset {
        Duration::Fixed(0) => Ok(()),
        offset => write!(f, " offset {offset}"),
    }
}

/// `[1h:5m] @ start() offset 1m`.
pub(super) fn subquery_suffix(f: &mut dyn fmt::Write, subquery: &Subquery) -> fmt::Result {
    write!(f, "[{}:", subquery.range)?;
    if let Some(step) = &subquery.step {
        write!(f, "{step}")?;
    }
    f.write_str("]")?;
    at(f, subquery.at)?;
    offset(f, &subquery.offset)
}
