//! Texts that are queries, and the trees they make.

use std::fmt::Write as _;

use binnacle_promql::ast::{
    At, Duration, DurationExpr, DurationExprKind, Expr, ExprKind, NumberLiteral, RangeMode,
    VectorSelector,
};
use binnacle_promql::parse::{parse, parse_selector};
use binnacle_promql::print::number;
use serde_json::Value;

use crate::conformance::{same, suite};

#[test]
fn upstream() {
    let Some(suite) = suite("prometheus/promql_parse_ok") else {
        return;
    };
    suite.run(|case| {
        let text = case["input"].as_str().unwrap_or_default();
        let expr = parse(text).map_err(|errors| format!("{text:?}: {errors}"))?;
        let want = &case["ast"];
        let text_of_it = want.to_string();
        if text_of_it.contains("\"$go\"") || text_of_it.contains("\"$b64\"") {
            // Trees that the suite could not carry over.
            return Ok(());
        }
        same(&theirs(want), &ours(&expr)).map_err(|why| format!("{text:?}: {why}"))?;
        let again = parse(&expr.to_string()).map_err(|errors| format!("{expr}: {errors}"))?;
        same(&again.to_string(), &expr.to_string())
    });
}

#[test]
fn selectors_within() {
    let Some(suite) = suite("prometheus/promql_extract_selectors") else {
        return;
    };
    suite.run(|case| {
        let text = case["input"].as_str().unwrap_or_default();
        let expr = parse(text).map_err(|errors| errors.to_string())?;
        let mut got = Vec::new();
        expr.selectors(&mut |vector| got.push(vector.matchers.clone()));
        let mut want = Vec::new();
        for selector in case["expected"].as_array().into_iter().flatten() {
            let text = selector.as_str().unwrap_or_default();
            want.push(parse_selector(text).map_err(|errors| errors.to_string())?);
        }
        same(&format!("{got:?}"), &format!("{want:?}"))
    });
}

/// A tree of the suite in a short form that both sides can be brought to.
fn theirs(node: &Value) -> String {
    let text = |field: &str| node[field].as_str().unwrap_or_default().to_owned();
    let float = |field: &str| match node[field].as_str() {
        Some("+Inf") => f64::INFINITY,
        Some("-Inf") => f64::NEG_INFINITY,
        Some(_) => f64::NAN,
        None => node[field].as_f64().unwrap_or_default(),
    };
    let flag = |field: &str| node[field].as_bool().unwrap_or_default();
    let pos = &node["PosRange"];
    let span = |start: &Value, end: &Value| {
        format!(
            "@{}..{}",
            start.as_u64().unwrap_or(0),
            end.as_u64().unwrap_or(0)
        )
    };
    match node["$type"].as_str().unwrap_or_default() {
        "NumberLiteral" => {
            let suffix = if flag("Duration") { "s" } else { "" };
            format!(
                "{}{suffix}{}",
                number(float("Val")),
                span(&pos["Start"], &pos["End"])
            )
        }
        "StringLiteral" => format!("{:?}{}", text("Val"), span(&pos["Start"], &pos["End"])),
        "ParenExpr" => format!(
            "({}){}",
            theirs(&node["Expr"]),
            span(&pos["Start"], &pos["End"])
        ),
        "UnaryExpr" => format!("{}{}", text("Op"), theirs(&node["Expr"])),
        "BinaryExpr" => {
            let matching = &node["VectorMatching"];
            let mut out = format!("<{} {}", theirs(&node["LHS"]), text("Op"));
            if flag("ReturnBool") {
                out += " bool";
            }
            if !matching.is_null() {
                let _ = write!(
                    out,
                    " {} {} {} {}",
                    matching["Card"].as_str().unwrap_or("one-to-one"),
                    matching["On"].as_bool().unwrap_or_default(),
                    names(&matching["MatchingLabels"]),
                    names(&matching["Include"]),
                );
            }
            out + " " + &theirs(&node["RHS"]) + ">"
        }
        "AggregateExpr" => format!(
            "{} {} {}({}, {}){}",
            text("Op"),
            flag("Without"),
            names(&node["Grouping"]),
            if node["Param"].is_null() {
                String::new()
            } else {
                theirs(&node["Param"])
            },
            theirs(&node["Expr"]),
            span(&pos["Start"], &pos["End"]),
        ),
        "Call" => {
            let args: Vec<String> = node["Args"]
                .as_array()
                .into_iter()
                .flatten()
                .map(theirs)
                .collect();
            format!(
                "{}({}){}",
                text("Func"),
                args.join(", "),
                span(&pos["Start"], &pos["End"])
            )
        }
        "VectorSelector" => format!("{}{}", their_vector(node), span(&pos["Start"], &pos["End"])),
        "MatrixSelector" => {
            let vector = &node["VectorSelector"];
            format!(
                "{}[{}]{}",
                their_vector(vector),
                their_duration(&node["Range"], &node["RangeExpr"]),
                span(&vector["PosRange"]["Start"], &node["EndPos"]),
            )
        }
        "SubqueryExpr" => format!(
            "{}[{}:{}] {} {}",
            theirs(&node["Expr"]),
            their_duration(&node["Range"], &node["RangeExpr"]),
            their_duration(&node["Step"], &node["StepExpr"]),
            their_duration(&node["OriginalOffset"], &node["OriginalOffsetExpr"]),
            their_at(node),
        ),
        "DurationExpr" => {
            let side = |field: &str| {
                if node[field].is_null() {
                    "-".to_owned()
                } else {
                    theirs(&node[field])
                }
            };
            let wrapped = if flag("Wrapped") { "w" } else { "" };
            format!(
                "{{{}{wrapped} {} {}}}",
                text("Op"),
                side("LHS"),
                side("RHS")
            )
        }
        other => panic!("unknown node {other:?} in {node}"),
    }
}

fn names(list: &Value) -> String {
    let names: Vec<&str> = list
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    format!("{names:?}")
}

fn their_vector(node: &Value) -> String {
    let matchers: Vec<String> = node["LabelMatchers"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|matcher| {
            format!(
                "{} {} {}",
                matcher["name"], matcher["type"], matcher["value"]
            )
        })
        .collect();
    let flag = |field: &str| node[field].as_bool().unwrap_or_default();
    format!(
        "{}{matchers:?} {} {} {}{}",
        node["Name"].as_str().unwrap_or_default(),
        their_duration(&node["OriginalOffset"], &node["OriginalOffsetExpr"]),
        their_at(node),
        if flag("Anchored") { "anchored" } else { "" },
        if flag("Smoothed") { "smoothed" } else { "" },
    )
}

fn their_duration(nanoseconds: &Value, expr: &Value) -> String {
    if expr.is_null() {
        (nanoseconds.as_i64().unwrap_or(0) / 1_000_000).to_string()
    } else {
        theirs(expr)
    }
}

fn their_at(node: &Value) -> String {
    if let Some(ms) = node["Timestamp"].as_i64() {
        return format!("@{ms}");
    }
    node["StartOrEnd"]
        .as_str()
        .unwrap_or_default()
        .to_lowercase()
}

/// Our tree in the same short form.
fn ours(expr: &Expr) -> String {
    let span = format!("@{}..{}", expr.span.start, expr.span.end);
    match &expr.kind {
        ExprKind::Number(literal) => our_number(*literal) + &span,
        ExprKind::String(value) => format!("{value:?}{span}"),
        ExprKind::Paren(inner) => format!("({}){span}", ours(inner)),
        ExprKind::Unary(op, inner) => format!("{}{}", op.as_str(), ours(inner)),
        ExprKind::Binary(binary) => {
            let mut out = format!("<{} {}", ours(&binary.lhs), binary.op.as_str());
            if binary.return_bool {
                out += " bool";
            }
            if let Some(matching) = &binary.matching {
                // The suite leaves out what is the default.
                if *matching != Default::default() {
                    let _ = write!(
                        out,
                        " {} {} {:?} {:?}",
                        matching.card.as_str(),
                        matching.on,
                        matching.labels,
                        matching.include,
                    );
                } else {
                    out += " one-to-one false [] []";
                }
            }
            out + " " + &ours(&binary.rhs) + ">"
        }
        ExprKind::Aggregate(aggregate) => format!(
            "{} {} {:?}({}, {}){span}",
            aggregate.op.as_str(),
            aggregate.without,
            aggregate.grouping,
            aggregate.param.as_ref().map(ours).unwrap_or_default(),
            ours(&aggregate.expr),
        ),
        ExprKind::Call(call) => {
            let args: Vec<String> = call.args.iter().map(ours).collect();
            format!("{}({}){span}", call.function.name, args.join(", "))
        }
        ExprKind::Vector(vector) => our_vector(vector) + &span,
        ExprKind::Matrix(matrix) => {
            format!(
                "{}[{}]{span}",
                our_vector(&matrix.vector),
                our_duration(&matrix.range)
            )
        }
        ExprKind::Subquery(subquery) => format!(
            "{}[{}:{}] {} {}",
            ours(&subquery.expr),
            our_duration(&subquery.range),
            subquery.step.as_ref().map_or("0".to_owned(), our_duration),
            our_duration(&subquery.offset),
            our_at(subquery.at),
        ),
    }
}

fn our_number(literal: NumberLiteral) -> String {
    number(literal.value) + if literal.duration { "s" } else { "" }
}

fn our_vector(vector: &VectorSelector) -> String {
    let matchers: Vec<String> = vector
        .matchers
        .iter()
        .map(|matcher| {
            format!(
                "{} {} {}",
                Value::from(matcher.name.as_str()),
                Value::from(matcher.op.as_str()),
                Value::from(matcher.value.as_str()),
            )
        })
        .collect();
    format!(
        "{}{matchers:?} {} {} {}",
        vector.name.as_deref().unwrap_or_default(),
        our_duration(&vector.offset),
        our_at(vector.at),
        match vector.mode {
            RangeMode::Plain => "",
            RangeMode::Anchored => "anchored",
            RangeMode::Smoothed => "smoothed",
        },
    )
}

fn our_at(at: Option<At>) -> String {
    match at {
        None => String::new(),
        Some(At::Time(ms)) => format!("@{ms}"),
        Some(At::Start) => "start".to_owned(),
        Some(At::End) => "end".to_owned(),
    }
}

fn our_duration(duration: &Duration) -> String {
    match duration {
        Duration::Fixed(ms) => ms.to_string(),
        Duration::Expr(expr) => our_duration_expr(expr),
    }
}

fn our_duration_expr(expr: &DurationExpr) -> String {
    use DurationExprKind as Kind;
    let none = || "-".to_owned();
    let (op, lhs, rhs) = match &expr.kind {
        Kind::Number(literal) => {
            let trim = usize::from(expr.wrapped);
            let literal = format!(
                "{}@{}..{}",
                our_number(*literal),
                expr.span.start + trim,
                expr.span.end - trim
            );
            if !expr.wrapped {
                return literal;
            }
            ("+", none(), literal)
        }
        Kind::Step => ("step", none(), none()),
        Kind::Range => ("range", none(), none()),
        Kind::Neg(inner) => ("-", none(), our_duration_expr(inner)),
        Kind::Pos(inner) => ("+", none(), our_duration_expr(inner)),
        Kind::Add(a, b) => ("+", our_duration_expr(a), our_duration_expr(b)),
        Kind::Sub(a, b) => ("-", our_duration_expr(a), our_duration_expr(b)),
        Kind::Mul(a, b) => ("*", our_duration_expr(a), our_duration_expr(b)),
        Kind::Div(a, b) => ("/", our_duration_expr(a), our_duration_expr(b)),
        Kind::Mod(a, b) => ("%", our_duration_expr(a), our_duration_expr(b)),
        Kind::Pow(a, b) => ("^", our_duration_expr(a), our_duration_expr(b)),
        Kind::Min(a, b) => ("min_of", our_duration_expr(a), our_duration_expr(b)),
        Kind::Max(a, b) => ("max_of", our_duration_expr(a), our_duration_expr(b)),
    };
    let wrapped = if expr.wrapped { "w" } else { "" };
    format!("{{{op}{wrapped} {lhs} {rhs}}}")
}

/// The expression with parentheses around every operator's operands.
fn grouped(expr: &Expr) -> String {
    match &expr.kind {
        ExprKind::Binary(binary) => {
            format!(
                "({} {} {})",
                grouped(&binary.lhs),
                binary.op.as_str(),
                grouped(&binary.rhs)
            )
        }
        ExprKind::Unary(op, inner) => format!("({}{})", op.as_str(), grouped(inner)),
        ExprKind::Paren(inner) => grouped(inner),
        _ => expr.to_string(),
    }
}

#[test]
fn operators_bind_as_they_should() {
    let check = |text: &str, want: &str| {
        assert_eq!(grouped(&parse(text).expect(text)), want, "{text}");
    };
    check("a + b * c", "(a + (b * c))");
    check("a - b - c", "((a - b) - c)");
    check("a ^ b ^ c", "(a ^ (b ^ c))");
    check("-a ^ b", "(-(a ^ b))");
    check("-a * b", "((-a) * b)");
    check("a ^ -b * c", "((a ^ (-b)) * c)");
    check("-1 ^ 2", "(-(1 ^ 2))");
    check("-1 * 2", "(-1 * 2)");
    check("a or b and c unless d", "(a or ((b and c) unless d))");
    check("a == b + c atan2 d", "(a == (b + (c atan2 d)))");
    check("a > b and c", "((a > b) and c)");
    check("a </ 1 >/ 2", "((a </ 1) >/ 2)");
}

#[test]
fn words_that_are_names_where_names_may_stand() {
    let check = |text: &str| {
        assert_eq!(parse(text).expect(text).to_string(), text);
    };
    check("sum");
    check("sum(sum)");
    check("offset offset 5m");
    check("by + without");
    check("fill + fill (0) fill_left");
    check("start + end @ start()");
    check("step() + step");
    check("anchored anchored");
    check("sum by (bool, on, group_left, atan2, offset) (and)");
    check("max_of{and=\"x\",sum=\"y\"}");
    check("min_of(1, 2) + min_of");
    for text in [
        "bool",
        "on",
        "ignoring",
        "group_left",
        "atan2",
        "sum by (without) (a)",
    ] {
        assert!(parse(text).is_err(), "{text}");
    }
}

#[test]
fn where_things_stand() {
    let text = " sum by (x) ( rate(up{a='b'}[5m] offset 1m) ) > bool  on (x) 0 - a";
    let expr = parse(text).expect(text);
    let at = |span: binnacle_model::annotation::Span| &text[span.start..span.end];
    assert_eq!(at(expr.span), text.trim());
    let ExprKind::Binary(binary) = &expr.kind else {
        panic!("{expr}")
    };
    assert_eq!(at(binary.op_span), "> bool  on (x)");
    assert_eq!(at(binary.rhs.span), "0 - a");
    let ExprKind::Aggregate(sum) = &binary.lhs.kind else {
        panic!("{expr}")
    };
    assert_eq!(at(sum.expr.span), "rate(up{a='b'}[5m] offset 1m)");
    let ExprKind::Call(rate) = &sum.expr.kind else {
        panic!("{expr}")
    };
    assert_eq!(at(rate.args[0].span), "up{a='b'}[5m] offset 1m");
    let ExprKind::Matrix(matrix) = &rate.args[0].kind else {
        panic!("{expr}")
    };
    assert_eq!(at(matrix.vector_span), "up{a='b'}");
}
