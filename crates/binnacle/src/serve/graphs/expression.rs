//! What of an alert's expression is shown: `rate(x[5m]) > 3` is a line and a threshold.

use binnacle_alerting::graph::{Side, Threshold, Unit};
use binnacle_promql::ast::{AggregateOp, BinaryOp, Call, Expr, ExprKind, UnaryOp};
use binnacle_promql::parse;
use url::Url;

/// Bytes of an expression at most.
const TEXT_MAX: usize = 16 << 10;

/// What is shown.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Shown {
    /// PromQL.
    pub(super) text: String,
    /// What its value was compared with.
    pub(super) thresholds: Vec<Threshold>,
    /// What its value is, by the name of the metric.
    pub(super) unit: Unit,
}

impl Shown {
    /// From a link to the expression, of ours or of a Prometheus: `/graph?g0.expr=…`.
    pub(super) fn of(generator_url: &str) -> Option<Self> {
        let url = Url::parse(generator_url).or_else(|_| {
            let any = Url::parse("http://localhost")?;
            any.join(generator_url)
        });
        let url = url.ok()?;
        let mut pairs = url.query_pairs();
        let (_, text) = pairs.find(|(name, _)| name == "g0.expr")?;
        if text.len() > TEXT_MAX {
            return None;
        }
        let expr = parse::parse(&text).ok()?;
        let mut thresholds = Vec::new();
        let left = split(&expr, &mut thresholds);
        Some(Self {
            text: left.to_string(),
            thresholds,
            unit: unit_of(left),
        })
    }
}

/// The side of a comparison whose values the alert has. Of `a and b` and `a unless b`
/// it is `a`.
fn split<'a>(expr: &'a Expr, thresholds: &mut Vec<Threshold>) -> &'a Expr {
    let binary = match &expr.kind {
        ExprKind::Paren(inner) => return split(inner, thresholds),
        ExprKind::Binary(binary) => binary,
        _ => return expr,
    };
    if matches!(binary.op, BinaryOp::And | BinaryOp::Unless) {
        return split(&binary.lhs, thresholds);
    }
    // With `bool` the values are 0 and 1, and none is filtered.
    if !binary.op.is_comparison() || binary.return_bool {
        return expr;
    }
    let side = match binary.op {
        BinaryOp::Greater | BinaryOp::GreaterOrEqual => Side::Above,
        BinaryOp::Less | BinaryOp::LessOrEqual => Side::Below,
        _ => Side::Neither,
    };
    if let Some(value) = constant(&binary.rhs) {
        thresholds.push(Threshold { value, side });
        return split(&binary.lhs, thresholds);
    }
    if let Some(value) = constant(&binary.lhs) {
        let side = match side {
            Side::Above => Side::Below,
            Side::Below => Side::Above,
            Side::Neither => Side::Neither,
        };
        thresholds.push(Threshold { value, side });
        return split(&binary.rhs, thresholds);
    }
    split(&binary.lhs, thresholds)
}

/// The value of a number, and of arithmetic with numbers: `5 * 1024`.
fn constant(expr: &Expr) -> Option<f64> {
    match &expr.kind {
        ExprKind::Number(number) => Some(number.value),
        ExprKind::Paren(inner) | ExprKind::Unary(UnaryOp::Plus, inner) => constant(inner),
        ExprKind::Unary(UnaryOp::Minus, inner) => Some(-constant(inner)?),
        ExprKind::Binary(binary) => {
            let (a, b) = (constant(&binary.lhs)?, constant(&binary.rhs)?);
            match binary.op {
                BinaryOp::Add => Some(a + b),
                BinaryOp::Sub => Some(a - b),
                BinaryOp::Mul => Some(a * b),
                BinaryOp::Div => Some(a / b),
                BinaryOp::Pow => Some(a.powf(b)),
                _ => None,
            }
        }
        _ => None,
    }
}

/// What the values are, as far as the names of metrics say.
fn unit_of(expr: &Expr) -> Unit {
    match &expr.kind {
        ExprKind::Paren(inner) | ExprKind::Unary(_, inner) => unit_of(inner),
        ExprKind::Vector(vector) => unit_of_name(vector.name.as_deref()),
        ExprKind::Matrix(matrix) => unit_of_name(matrix.vector.name.as_deref()),
        ExprKind::Subquery(subquery) => unit_of(&subquery.expr),
        ExprKind::Call(call) => unit_of_call(call),
        ExprKind::Aggregate(aggregate) => match aggregate.op {
            AggregateOp::Sum
            | AggregateOp::Avg
            | AggregateOp::Min
            | AggregateOp::Max
            | AggregateOp::Topk
            | AggregateOp::Bottomk
            | AggregateOp::Stddev
            | AggregateOp::Quantile => unit_of(&aggregate.expr),
            _ => Unit::Number,
        },
        ExprKind::Binary(binary) if matches!(binary.op, BinaryOp::Add | BinaryOp::Sub) => {
            match (unit_of(&binary.lhs), unit_of(&binary.rhs)) {
                (a, b) if a == b => a,
                _ => Unit::Number,
            }
        }
        _ => Unit::Number,
    }
}

fn unit_of_call(call: &Call) -> Unit {
    let argument = |n: usize| call.args.get(n).map_or(Unit::Number, unit_of);
    match call.function.name {
        "time" | "timestamp" => Unit::Seconds,
        // Seconds in each second are no seconds.
        "rate" | "irate" | "deriv" if argument(0) == Unit::Seconds => Unit::Number,
        "rate" | "irate" | "deriv" | "increase" | "delta" | "idelta" | "abs" | "ceil" | "floor"
        | "round" | "clamp_min" | "clamp_max" | "clamp" | "avg_over_time" | "min_over_time"
        | "max_over_time" | "last_over_time" | "predict_linear" | "sort" | "sort_desc" => {
            argument(0)
        }
        "quantile_over_time" => argument(1),
        "histogram_quantile" => call.args.get(1).map_or(Unit::Number, unit_of_histogram),
        _ => Unit::Number,
    }
}

/// The unit of what a histogram observes: that of its buckets' name, however they are
/// rated and summed up.
fn unit_of_histogram(expr: &Expr) -> Unit {
    let mut unit = Unit::Number;
    expr.selectors(&mut |vector| unit = unit_of_name(vector.name.as_deref()));
    unit
}

fn unit_of_name(name: Option<&str>) -> Unit {
    let name = name.unwrap_or_default();
    let base = ["_total", "_bucket", "_sum"]
        .iter()
        .find_map(|suffix| name.strip_suffix(suffix))
        .unwrap_or(name);
    if base.ends_with("_bytes") {
        Unit::Bytes
    } else if base.ends_with("_seconds") {
        Unit::Seconds
    } else if base.ends_with("_ratio") {
        Unit::Ratio
    } else {
        Unit::Number
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Option<Shown> {
        let mut url = Url::parse("http://prometheus:9090/graph").expect("a URL");
        url.query_pairs_mut()
            .append_pair("g0.expr", text)
            .append_pair("g0.tab", "1");
        Shown::of(url.as_str())
    }

    #[test]
    fn comparisons_are_a_line_and_a_threshold() {
        let check = |text: &str, left: &str, want: &[(f64, Side)]| {
            let shown = shown(text).expect("an expression");
            let thresholds = shown.thresholds.iter().map(|t| (t.value, t.side));
            assert_eq!(shown.text, left, "{text}");
            assert_eq!(thresholds.collect::<Vec<_>>(), want, "{text}");
        };
        check("up == 0", "up", &[(0.0, Side::Neither)]);
        check("(up) < 1", "up", &[(1.0, Side::Below)]);
        check("5 < a", "a", &[(5.0, Side::Above)]);
        check("a > 5 * 1024 ^ 2", "a", &[(5_242_880.0, Side::Above)]);
        check("a >= -(1)", "a", &[(-1.0, Side::Above)]);
        check(
            "(a > 1) < 9",
            "a",
            &[(9.0, Side::Below), (1.0, Side::Above)],
        );
        check("a > 1 and b > 2", "a", &[(1.0, Side::Above)]);
        check("a > 1 unless on (x) b", "a", &[(1.0, Side::Above)]);
        check("a > 1 or b > 2", "a > 1 or b > 2", &[]);
        check("a > bool 1", "a > bool 1", &[]);
        check("a > on (x) b", "a", &[]);
        check("absent(a)", "absent(a)", &[]);
        check(
            "rate(a{b=\"c d+e%\"}[5m]) > 1",
            "rate(a{b=\"c d+e%\"}[5m])",
            &[(1.0, Side::Above)],
        );
    }

    #[test]
    fn links_of_both_kinds_are_read() {
        let check = |url: &str, want: Option<&str>| {
            assert_eq!(Shown::of(url).map(|s| s.text).as_deref(), want, "{url}");
        };
        check("/graph?g0.expr=m+%3E+0&g0.tab=1", Some("m"));
        check("http://p:9090/graph?g0.tab=1&g0.expr=up%3D%3D0", Some("up"));
        check("http://p:9090/graph?g0.expr=%28", None);
        check("http://p:9090/graph", None);
        check("", None);
        check("::", None);
        let long = format!("/graph?g0.expr={}", "a".repeat(TEXT_MAX + 1));
        assert_eq!(Shown::of(&long), None);
    }

    #[test]
    fn names_say_what_values_are() {
        let check = |text: &str, want: Unit| {
            assert_eq!(shown(text).map(|s| s.unit), Some(want), "{text}");
        };
        check("node_memory_free_bytes < 1", Unit::Bytes);
        check("sum by (x) (rate(sent_bytes_total[5m])) > 1", Unit::Bytes);
        check("rate(cpu_seconds_total[5m])", Unit::Number);
        check("time() - boot_time_seconds < 600", Unit::Seconds);
        check(
            "histogram_quantile(0.9, sum by (le) (rate(d_seconds_bucket[5m]))) > 1",
            Unit::Seconds,
        );
        check("free_bytes / size_bytes < 0.1", Unit::Number);
        check("used_ratio > 0.9", Unit::Ratio);
        check("count(x_bytes)", Unit::Number);
        check("up == 0", Unit::Number);
    }
}
