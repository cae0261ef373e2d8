//! Tree to JSON, in the shape of Prometheus' `/api/v1/parse_query`.
//!
//! The JSON is written by hand: the shape is fixed by another product's API and
//! not by our types, which derive nothing.

use crate::ast::{
    AggregateExpr, At, BinaryExpr, Call, Duration, DurationExpr, DurationExprKind, Expr, ExprKind,
    NumberLiteral, RangeMode, ValueType, VectorMatching, VectorSelector,
};
use crate::print::number;
use binnacle_model::Matcher;

mod json;

use json::Json;

/// The syntax tree as JSON text.
pub fn syntax_tree(expr: &Expr) -> String {
    node(expr).to_string()
}

fn node(expr: &Expr) -> Json {
    match &expr.kind {
        ExprKind::Number(number) => Json::object([
            ("type", Json::text("numberLiteral")),
            ("val", digits(*number)),
        ]),
        ExprKind::String(value) => Json::object([
            ("type", Json::text("stringLiteral")),
            ("val", Json::text(value)),
        ]),
        ExprKind::Paren(inner) => {
            Json::object([("type", Json::text("parenExpr")), ("expr", node(inner))])
        }
        ExprKind::Unary(op, inner) => Json::object([
            ("type", Json::text("unaryExpr")),
            ("op", Json::text(op.as_str())),
            ("expr", node(inner)),
        ]),
        ExprKind::Binary(binary) => binary_node(binary),
        ExprKind::Aggregate(aggregate) => aggregate_node(aggregate),
        ExprKind::Call(call) => call_node(call),
        ExprKind::Vector(vector) => {
            let mut fields = vec![("type", Json::text("vectorSelector"))];
            fields.extend(selector_fields(vector));
            Json::Object(fields)
        }
        ExprKind::Matrix(matrix) => {
            let mut fields = vec![("type", Json::text("matrixSelector"))];
            fields.extend(duration_fields("range", "rangeExpr", Some(&matrix.range)));
            fields.extend(selector_fields(&matrix.vector));
            Json::Object(fields)
        }
        ExprKind::Subquery(subquery) => {
            let mut fields = vec![
                ("type", Json::text("subquery")),
                ("expr", node(&subquery.expr)),
            ];
            fields.extend(duration_fields("range", "rangeExpr", Some(&subquery.range)));
            fields.extend(duration_fields(
                "offset",
                "offsetExpr",
                Some(&subquery.offset),
            ));
            fields.extend(duration_fields("step", "stepExpr", subquery.step.as_ref()));
            fields.extend(at_fields(subquery.at));
            Json::Object(fields)
        }
    }
}

fn binary_node(binary: &BinaryExpr) -> Json {
    Json::object([
        ("type", Json::text("binaryExpr")),
        ("op", Json::text(binary.op.as_str())),
        ("lhs", node(&binary.lhs)),
        ("rhs", node(&binary.rhs)),
        (
            "matching",
            binary.matching.as_ref().map_or(Json::Null, matching),
        ),
        ("bool", Json::Bool(binary.return_bool)),
    ])
}

fn matching(matching: &VectorMatching) -> Json {
    let fill = |value: Option<f64>| value.map_or(Json::Null, Json::Float);
    Json::object([
        ("card", Json::text(matching.card.as_str())),
        ("labels", Json::texts(&matching.labels)),
        ("on", Json::Bool(matching.on)),
        ("include", Json::texts(&matching.include)),
        (
            "fillValues",
            Json::object([
                ("lhs", fill(matching.fill_left)),
                ("rhs", fill(matching.fill_right)),
            ]),
        ),
    ])
}

fn aggregate_node(aggregate: &AggregateExpr) -> Json {
    Json::object([
        ("type", Json::text("aggregation")),
        ("op", Json::text(aggregate.op.as_str())),
        ("expr", node(&aggregate.expr)),
        ("param", aggregate.param.as_ref().map_or(Json::Null, node)),
        ("grouping", Json::texts(&aggregate.grouping)),
        ("without", Json::Bool(aggregate.without)),
    ])
}

fn call_node(call: &Call) -> Json {
    let function = call.function;
    let kind = |kind: &ValueType| Json::text(kind.as_str());
    Json::object([
        ("type", Json::text("call")),
        (
            "func",
            Json::object([
                ("name", Json::text(function.name)),
                (
                    "argTypes",
                    Json::Array(function.arg_types.iter().map(kind).collect()),
                ),
                ("variadic", Json::Int(i64::from(function.variadic))),
                ("returnType", kind(&function.return_type)),
            ]),
        ),
        ("args", Json::Array(call.args.iter().map(node).collect())),
    ])
}

fn selector_fields(vector: &VectorSelector) -> Vec<(&'static str, Json)> {
    let mut fields = vec![(
        "name",
        Json::text(vector.name.as_deref().unwrap_or_default()),
    )];
    fields.extend(duration_fields(
        "offset",
        "offsetExpr",
        Some(&vector.offset),
    ));
    fields.push((
        "matchers",
        Json::Array(vector.matchers.iter().map(matcher).collect()),
    ));
    fields.extend(at_fields(vector.at));
    fields.push(("anchored", Json::Bool(vector.mode == RangeMode::Anchored)));
    fields.push(("smoothed", Json::Bool(vector.mode == RangeMode::Smoothed)));
    fields
}

fn matcher(matcher: &Matcher) -> Json {
    Json::object([
        ("name", Json::text(&matcher.name)),
        ("value", Json::text(&matcher.value)),
        ("type", Json::text(matcher.op.as_str())),
    ])
}

fn at_fields(at: Option<At>) -> [(&'static str, Json); 2] {
    let (timestamp, bound) = match at {
        None => (Json::Null, Json::Null),
        Some(At::Time(ms)) => (Json::Int(ms), Json::Null),
        Some(At::Start) => (Json::Null, Json::text("start")),
        Some(At::End) => (Json::Null, Json::text("end")),
    };
    [("timestamp", timestamp), ("startOrEnd", bound)]
}

/// The milliseconds (0 unless fixed) and the expression (null when fixed).
fn duration_fields(
    fixed: &'static str,
    expr: &'static str,
    duration: Option<&Duration>,
) -> [(&'static str, Json); 2] {
    match duration {
        None => [(fixed, Json::Int(0)), (expr, Json::Null)],
        Some(Duration::Fixed(ms)) => [(fixed, Json::Int(*ms)), (expr, Json::Null)],
        Some(Duration::Expr(inner)) => [(fixed, Json::Int(0)), (expr, duration_node(inner))],
    }
}

fn duration_node(expr: &DurationExpr) -> Json {
    use DurationExprKind as Kind;
    let (op, lhs, rhs) = match &expr.kind {
        Kind::Number(number) => {
            let literal = Json::object([
                ("type", Json::text("numberLiteral")),
                ("val", digits(*number)),
                ("duration", Json::Bool(number.duration)),
            ]);
            if !expr.wrapped {
                return literal;
            }
            // Prometheus has no parentheses around numbers and makes them a sign.
            ("+", Json::Null, literal)
        }
        Kind::Step => ("step", Json::Null, Json::Null),
        Kind::Range => ("range", Json::Null, Json::Null),
        Kind::Neg(inner) => ("-", Json::Null, duration_node(inner)),
        Kind::Pos(inner) => ("+", Json::Null, duration_node(inner)),
        Kind::Add(a, b) => ("+", duration_node(a), duration_node(b)),
        Kind::Sub(a, b) => ("-", duration_node(a), duration_node(b)),
        Kind::Mul(a, b) => ("*", duration_node(a), duration_node(b)),
        Kind::Div(a, b) => ("/", duration_node(a), duration_node(b)),
        Kind::Mod(a, b) => ("%", duration_node(a), duration_node(b)),
        Kind::Pow(a, b) => ("^", duration_node(a), duration_node(b)),
        Kind::Min(a, b) => ("min_of", duration_node(a), duration_node(b)),
        Kind::Max(a, b) => ("max_of", duration_node(a), duration_node(b)),
    };
    Json::object([
        ("type", Json::text("durationExpr")),
        ("op", Json::text(op)),
        ("lhs", lhs),
        ("rhs", rhs),
        ("wrapped", Json::Bool(expr.wrapped)),
    ])
}

fn digits(literal: NumberLiteral) -> Json {
    Json::text(&number(literal.value))
}
