//! What holds for any text and any tree.

use binnacle_model::annotation::Span;
use binnacle_model::{MatchOp, Matcher};
use binnacle_promql::ast::{
    AggregateExpr, AggregateOp, At, BinaryExpr, BinaryOp, Call, Cardinality, Duration,
    DurationExpr, DurationExprKind, Expr, ExprKind, MatrixSelector, NumberLiteral, RangeMode,
    Subquery, UnaryOp, ValueType, VectorMatching, VectorSelector,
};
use binnacle_promql::functions::{FUNCTIONS, FunctionId};
use binnacle_promql::parse::{parse, parse_metric, parse_selector, parse_series_description};
use binnacle_promql::print::pretty_within;
use binnacle_promql::syntax_tree::syntax_tree;

/// Splitmix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    fn pick<T: Clone>(&mut self, items: &[T]) -> T {
        items[self.below(items.len())].clone()
    }
}

fn read_all(text: &str) {
    let _ = parse_selector(text);
    let _ = parse_metric(text);
    let _ = parse_series_description(text);
    match parse(text) {
        Ok(expr) => {
            let printed = expr.to_string();
            let again = parse(&printed).unwrap_or_else(|e| panic!("{text:?}: {printed:?}: {e}"));
            assert_eq!(again.to_string(), printed, "{text:?}");
            let _ = syntax_tree(&expr);
        }
        Err(errors) => {
            for error in errors.iter() {
                assert!(error.span.start <= error.span.end, "{text:?}: {error:?}");
                assert!(error.span.end <= text.len(), "{text:?}: {error:?}");
            }
        }
    }
}

#[test]
fn any_characters() {
    const CHARACTERS: &[char] = &[
        '(', ')', '[', ']', '{', '}', '"', '\'', '`', '\\', ',', ':', '=', '~', '!', '<', '>', '+',
        '-', '*', '/', '%', '^', '@', '#', '_', '.', ' ', '\n', 'a', 'e', 'x', 's', 'm', 'n', 'u',
        '0', '1', '7', '9', 'é', '\u{fffd}', '😀', '\0',
    ];
    let mut random = Random(1);
    for _ in 0..60_000 {
        let length = random.below(24);
        let text: String = (0..length).map(|_| random.pick(CHARACTERS)).collect();
        read_all(&text);
    }
}

#[test]
fn any_tokens() {
    const TOKENS: &[&str] = &[
        "a",
        "foo:bar",
        "sum",
        "by",
        "without",
        "on",
        "ignoring",
        "group_left",
        "group_right",
        "fill",
        "fill_left",
        "(",
        ")",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        "5m",
        "1h30m",
        "1",
        "0x1f",
        "1e3",
        "inf",
        "nan",
        "\"s\"",
        "`r`",
        "offset",
        "@",
        "start()",
        "end()",
        "step()",
        "range()",
        "min_of(",
        "max_of(",
        ",",
        ":",
        "=",
        "=~",
        "!=",
        "!~",
        "==",
        ">",
        "<=",
        "</",
        ">/",
        "+",
        "-",
        "*",
        "/",
        "%",
        "^",
        "atan2",
        "and",
        "or",
        "unless",
        "bool",
        "rate",
        "abs",
        "time()",
        "anchored",
        "smoothed",
        "topk",
        "count_values",
        "quantile",
        "#c\n",
        "_",
        "stale",
        "x3",
        "{{",
        "}}",
        "schema:1",
    ];
    let mut random = Random(2);
    for _ in 0..60_000 {
        let length = random.below(12);
        let mut text = String::new();
        for _ in 0..length {
            text += random.pick(TOKENS);
            if !random.one_in(3) {
                text.push(' ');
            }
        }
        read_all(&text);
    }
}

#[test]
fn broken_queries() {
    const QUERIES: &[&str] = &[
        "sum by (job, \"a b\") (rate(http_requests_total{code=~\"5..\", job!=''}[5m] offset -1h)) / on (job) group_left (x) up",
        "max_over_time(deriv(a{b='c'}[1h:5m] @ end())[30m + step():1m]) > bool 0x1f or topk(3, a)",
        "label_replace(up, \"a\", \"$1\", \"b\", '(.*)\\u00e4') unless on () a @ -1.5 smoothed",
    ];
    let mut random = Random(3);
    for _ in 0..20_000 {
        let mut chars: Vec<char> = random.pick(QUERIES).chars().collect();
        for _ in 0..=random.below(3) {
            let (a, b) = (random.below(chars.len()), random.below(chars.len()));
            match random.below(3) {
                0 => drop(chars.remove(a)),
                1 => chars.insert(a, chars[b]),
                _ => chars.swap(a, b),
            }
        }
        read_all(&chars.into_iter().collect::<String>());
    }
}

#[test]
fn trees_survive_printing() {
    let mut random = Random(4);
    for _ in 0..8_000 {
        let depth = 1 + random.below(5);
        let expr = tree(&mut random, depth, ValueType::Vector);
        for text in [expr.to_string(), pretty_within(&expr, 20)] {
            let mut again = parse(&text).unwrap_or_else(|errors| panic!("{text:?}: {errors}"));
            forget_places(&mut again);
            assert_eq!(again, expr, "{text}");
        }
    }
}

fn at(kind: ExprKind) -> Expr {
    Expr {
        kind,
        span: Span::default(),
    }
}

fn paren(expr: Expr) -> Expr {
    at(ExprKind::Paren(Box::new(expr)))
}

fn tree(random: &mut Random, depth: usize, wanted: ValueType) -> Expr {
    match wanted {
        ValueType::Scalar => scalar(random, depth),
        ValueType::Matrix => matrix(random, depth),
        ValueType::String => at(ExprKind::String(name(random))),
        ValueType::Vector | ValueType::None => vector(random, depth),
    }
}

fn scalar(random: &mut Random, depth: usize) -> Expr {
    if depth == 0 || random.one_in(3) {
        let duration = random.one_in(4);
        let value = if duration {
            (1 + random.below(100_000)) as f64
        } else {
            random.pick(&[0.0, 1.0, -1.0, 0.1, 1e300, 1e-7, f64::INFINITY, 123_456.789])
        };
        return at(ExprKind::Number(NumberLiteral { value, duration }));
    }
    let (lhs, rhs) = (scalar(random, depth - 1), scalar(random, depth - 1));
    let op = random.pick(&[BinaryOp::Add, BinaryOp::Pow, BinaryOp::Mod, BinaryOp::Less]);
    paren(binary(op, paren(lhs), paren(rhs), None, op.is_comparison()))
}

fn binary(
    op: BinaryOp,
    lhs: Expr,
    rhs: Expr,
    matching: Option<VectorMatching>,
    return_bool: bool,
) -> Expr {
    let op_span = Span::default();
    at(ExprKind::Binary(Box::new(BinaryExpr {
        op,
        lhs,
        rhs,
        matching,
        return_bool,
        op_span,
    })))
}

fn vector(random: &mut Random, depth: usize) -> Expr {
    if depth == 0 {
        return at(ExprKind::Vector(selector(random, true)));
    }
    match random.below(5) {
        0 => at(ExprKind::Vector(selector(random, true))),
        1 => {
            let inner = paren(vector(random, depth - 1));
            at(ExprKind::Unary(
                random.pick(&[UnaryOp::Minus, UnaryOp::Plus]),
                Box::new(inner),
            ))
        }
        2 => {
            let op = random.pick(&[
                BinaryOp::Mul,
                BinaryOp::Atan2,
                BinaryOp::And,
                BinaryOp::Or,
                BinaryOp::Equal,
                BinaryOp::TrimLower,
            ]);
            let matching = Some(matching(random, op));
            let lhs = paren(vector(random, depth - 1));
            let rhs = paren(vector(random, depth - 1));
            let return_bool = op.is_comparison() && random.one_in(2);
            binary(op, lhs, rhs, matching, return_bool)
        }
        3 => {
            let op = random.pick(&[
                AggregateOp::Sum,
                AggregateOp::Topk,
                AggregateOp::CountValues,
                AggregateOp::Group,
            ]);
            let param = op
                .param_type()
                .map(|wanted| tree(random, depth - 1, wanted));
            let expr = vector(random, depth - 1);
            let grouping = names(random);
            let without = random.one_in(2);
            at(ExprKind::Aggregate(Box::new(AggregateExpr {
                op,
                expr,
                param,
                grouping,
                without,
            })))
        }
        _ => loop {
            let function = &FUNCTIONS[random.below(FUNCTIONS.len())];
            if function.return_type != ValueType::Vector || function.id == FunctionId::Info {
                continue;
            }
            let args = (0..function.args_min())
                .map(|index| tree(random, depth - 1, function.arg_type(index)))
                .collect();
            return at(ExprKind::Call(Call { function, args }));
        },
    }
}

fn matching(random: &mut Random, op: BinaryOp) -> VectorMatching {
    let mut matching = VectorMatching {
        labels: names(random),
        ..VectorMatching::default()
    };
    matching.on = random.one_in(2);
    if op.is_set() {
        matching.card = Cardinality::ManyToMany;
        return matching;
    }
    matching.card = random.pick(&[
        Cardinality::OneToOne,
        Cardinality::ManyToOne,
        Cardinality::OneToMany,
    ]);
    if matching.card != Cardinality::OneToOne && !matching.on {
        matching.include = names(random);
    }
    if random.one_in(3) {
        matching.fill_left = Some(random.pick(&[0.0, -1.5, 1e30]));
    }
    if random.one_in(3) {
        matching.fill_right = Some(random.pick(&[0.0, 42.0]));
    }
    matching
}

fn matrix(random: &mut Random, depth: usize) -> Expr {
    if depth > 0 && random.one_in(3) {
        let subquery = Subquery {
            expr: paren(vector(random, depth - 1)),
            range: duration(random),
            step: random.one_in(2).then(|| duration(random)),
            offset: offset(random),
            at: time(random),
        };
        return at(ExprKind::Subquery(Box::new(subquery)));
    }
    at(ExprKind::Matrix(Box::new(MatrixSelector {
        vector: selector(random, true),
        vector_span: Span::default(),
        range: duration(random),
    })))
}

fn selector(random: &mut Random, modifiers: bool) -> VectorSelector {
    let named = random.pick(&[None, Some("up"), Some("a:b"), Some("sum"), Some("fill")]);
    let mut matchers = Vec::new();
    // In the order of their texts, which is how they are printed.
    for (i, label) in ["a", "b", "c"].into_iter().enumerate() {
        if random.one_in(2) || (named.is_none() && i == 2) {
            let op = random.pick(&[MatchOp::Equal, MatchOp::Regex]);
            let value = if op == MatchOp::Regex {
                "x+|y".to_owned()
            } else {
                "v".to_owned() + &name(random)
            };
            matchers.push(Matcher::new(label, op, value).expect("a matcher"));
        }
    }
    if let Some(name) = named {
        matchers.push(Matcher::equal("__name__", name));
    }
    VectorSelector {
        name: named.map(str::to_owned),
        matchers,
        offset: if modifiers {
            offset(random)
        } else {
            Duration::Fixed(0)
        },
        at: if modifiers { time(random) } else { None },
        mode: random.pick(&[RangeMode::Plain, RangeMode::Plain, RangeMode::Smoothed]),
    }
}

fn time(random: &mut Random) -> Option<At> {
    random.pick(&[
        None,
        None,
        Some(At::Start),
        Some(At::End),
        Some(At::Time(-1_001)),
    ])
}

fn offset(random: &mut Random) -> Duration {
    match random.below(4) {
        0 => Duration::Fixed(-(random.below(10_000_000) as i64)),
        1 => Duration::Fixed(random.below(10_000_000) as i64),
        2 => Duration::Expr(Box::new(wrapped(DurationExprKind::Neg(Box::new(step()))))),
        _ => Duration::Fixed(0),
    }
}

fn duration(random: &mut Random) -> Duration {
    if random.one_in(3) {
        let seconds = DurationExprKind::Number(NumberLiteral {
            value: 90.0,
            duration: true,
        });
        let sides = (Box::new(step()), Box::new(wrapped(seconds)));
        let kind = match random.below(5) {
            0 => DurationExprKind::Add(sides.0, sides.1),
            1 => DurationExprKind::Pow(sides.0, sides.1),
            2 => DurationExprKind::Max(sides.0, sides.1),
            3 => DurationExprKind::Neg(sides.1),
            _ => DurationExprKind::Range,
        };
        let plain = DurationExpr {
            kind,
            span: Span::default(),
            wrapped: false,
        };
        return Duration::Expr(Box::new(plain));
    }
    Duration::Fixed(1 + random.below(1 << 40) as i64)
}

fn step() -> DurationExpr {
    DurationExpr {
        kind: DurationExprKind::Step,
        span: Span::default(),
        wrapped: false,
    }
}

fn wrapped(kind: DurationExprKind) -> DurationExpr {
    DurationExpr {
        kind,
        span: Span::default(),
        wrapped: true,
    }
}

fn names(random: &mut Random) -> Vec<String> {
    (0..random.below(3))
        .map(|i| format!("l{i}{}", name(random)))
        .collect()
}

fn name(random: &mut Random) -> String {
    random
        .pick(&["x", "and", "a b", "ä", "q\"\\\n'", "\u{1}"])
        .to_owned()
}

/// Makes a tree that was read comparable with one that was not.
fn forget_places(expr: &mut Expr) {
    expr.span = Span::default();
    match &mut expr.kind {
        ExprKind::Number(_) | ExprKind::String(_) => {}
        ExprKind::Paren(inner) | ExprKind::Unary(_, inner) => forget_places(inner),
        ExprKind::Binary(binary) => {
            binary.op_span = Span::default();
            forget_places(&mut binary.lhs);
            forget_places(&mut binary.rhs);
        }
        ExprKind::Aggregate(aggregate) => {
            forget_places(&mut aggregate.expr);
            aggregate.param.iter_mut().for_each(forget_places);
        }
        ExprKind::Call(call) => call.args.iter_mut().for_each(forget_places),
        ExprKind::Vector(vector) => forget_duration(&mut vector.offset),
        ExprKind::Matrix(matrix) => {
            matrix.vector_span = Span::default();
            forget_duration(&mut matrix.range);
            forget_duration(&mut matrix.vector.offset);
        }
        ExprKind::Subquery(subquery) => {
            forget_places(&mut subquery.expr);
            forget_duration(&mut subquery.range);
            forget_duration(&mut subquery.offset);
            subquery.step.iter_mut().for_each(forget_duration);
        }
    }
}

fn forget_duration(duration: &mut Duration) {
    if let Duration::Expr(expr) = duration {
        forget_duration_expr(expr);
    }
}

fn forget_duration_expr(expr: &mut DurationExpr) {
    use DurationExprKind as Kind;
    expr.span = Span::default();
    match &mut expr.kind {
        Kind::Number(_) | Kind::Step | Kind::Range => {}
        Kind::Neg(inner) | Kind::Pos(inner) => forget_duration_expr(inner),
        Kind::Add(a, b)
        | Kind::Sub(a, b)
        | Kind::Mul(a, b)
        | Kind::Div(a, b)
        | Kind::Mod(a, b)
        | Kind::Pow(a, b)
        | Kind::Min(a, b)
        | Kind::Max(a, b) => {
            forget_duration_expr(a);
            forget_duration_expr(b);
        }
    }
}
