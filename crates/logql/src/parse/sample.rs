//! Metric queries.

use std::sync::Arc;

use binnacle_model::annotation::Span;

use super::lexer::Token;
use super::{Parser, Problem, Result, problem};
use crate::ast::{
    Binary, BinaryOp, Conversion, Group, Grouping, LabelReplace, LogExpr, LogRange, Matching,
    RangeAggregation, RangeOp, SampleExpr, Unwrap, Variants, VectorAggregation, VectorOp,
};

/// Names of range aggregations.
pub(crate) const RANGE_OPS: &[(&str, RangeOp)] = &[
    ("count_over_time", RangeOp::CountOverTime),
    ("rate", RangeOp::Rate),
    ("rate_counter", RangeOp::RateCounter),
    ("bytes_over_time", RangeOp::BytesOverTime),
    ("bytes_rate", RangeOp::BytesRate),
    ("avg_over_time", RangeOp::AvgOverTime),
    ("sum_over_time", RangeOp::SumOverTime),
    ("min_over_time", RangeOp::MinOverTime),
    ("max_over_time", RangeOp::MaxOverTime),
    ("stdvar_over_time", RangeOp::StdvarOverTime),
    ("stddev_over_time", RangeOp::StddevOverTime),
    ("quantile_over_time", RangeOp::QuantileOverTime),
    ("first_over_time", RangeOp::FirstOverTime),
    ("last_over_time", RangeOp::LastOverTime),
    ("absent_over_time", RangeOp::AbsentOverTime),
];

/// Names of vector aggregations.
pub(crate) const VECTOR_OPS: &[(&str, VectorOp)] = &[
    ("sum", VectorOp::Sum),
    ("avg", VectorOp::Avg),
    ("min", VectorOp::Min),
    ("max", VectorOp::Max),
    ("count", VectorOp::Count),
    ("stddev", VectorOp::Stddev),
    ("stdvar", VectorOp::Stdvar),
    ("topk", VectorOp::Topk),
    ("bottomk", VectorOp::Bottomk),
    ("approx_topk", VectorOp::ApproxTopk),
    ("sort", VectorOp::Sort),
    ("sort_desc", VectorOp::SortDesc),
];

/// How tightly an operator binds.
pub(crate) fn precedence(op: BinaryOp) -> u8 {
    match op {
        BinaryOp::Or => 1,
        BinaryOp::And | BinaryOp::Unless => 2,
        BinaryOp::Equal
        | BinaryOp::NotEqual
        | BinaryOp::Greater
        | BinaryOp::GreaterOrEqual
        | BinaryOp::Less
        | BinaryOp::LessOrEqual => 3,
        BinaryOp::Add | BinaryOp::Sub => 4,
        BinaryOp::Mul | BinaryOp::Div | BinaryOp::Mod => 5,
        BinaryOp::Pow => 6,
    }
}

fn find<T: Copy>(table: &[(&str, T)], word: &str) -> Option<T> {
    table
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(word))
        .map(|(_, op)| *op)
}

fn name_of<T: PartialEq>(table: &[(&'static str, T)], op: &T) -> &'static str {
    table.iter().find(|(_, o)| o == op).map_or("", |(n, _)| n)
}

/// What is wrong with a log query as a side of an operation.
pub(super) fn lines_as_operand(leg: &str, op: BinaryOp) -> String {
    format!(
        "unexpected type for {leg} leg of binary operation ({op}): a log query gives lines, no \
         numbers; put an aggregation such as count_over_time around it"
    )
}

impl Parser<'_> {
    pub(super) fn sample(&mut self) -> Result<SampleExpr> {
        self.binary(0)
    }

    pub(super) fn binary_op(&self) -> Option<(BinaryOp, u8)> {
        let op = match self.peek() {
            Token::Word(w) if w.eq_ignore_ascii_case("or") => BinaryOp::Or,
            Token::Word(w) if w.eq_ignore_ascii_case("and") => BinaryOp::And,
            Token::Word(w) if w.eq_ignore_ascii_case("unless") => BinaryOp::Unless,
            Token::Symbol("==") => BinaryOp::Equal,
            Token::Symbol("!=") => BinaryOp::NotEqual,
            Token::Symbol(">") => BinaryOp::Greater,
            Token::Symbol(">=") => BinaryOp::GreaterOrEqual,
            Token::Symbol("<") => BinaryOp::Less,
            Token::Symbol("<=") => BinaryOp::LessOrEqual,
            Token::Symbol("+") => BinaryOp::Add,
            Token::Symbol("-") => BinaryOp::Sub,
            Token::Symbol("*") => BinaryOp::Mul,
            Token::Symbol("/") => BinaryOp::Div,
            Token::Symbol("%") => BinaryOp::Mod,
            Token::Symbol("^") => BinaryOp::Pow,
            _ => return None,
        };
        Some((op, precedence(op)))
    }

    fn binary(&mut self, lowest: u8) -> Result<SampleExpr> {
        let start = self.at();
        let mut left = self.deeper(Self::unary)?;
        while let Some((op, strength)) = self.binary_op().filter(|(_, s)| *s > lowest) {
            self.next += 1;
            let (return_bool, matching) = self.modifiers(op)?;
            // The power binds to the right.
            let inner = if op == BinaryOp::Pow {
                strength - 1
            } else {
                strength
            };
            if self.is_log_ahead() {
                return problem(self.at(), lines_as_operand("right", op));
            }
            let right = self.deeper(|p| p.binary(inner))?;
            let at = Span {
                start,
                end: self.behind(),
            };
            left = combine(op, return_bool, matching, left, right, at)?;
        }
        Ok(left)
    }

    fn modifiers(&mut self, op: BinaryOp) -> Result<(bool, Option<Arc<Matching>>)> {
        let at = self.at();
        let return_bool = self.eat_word("bool");
        if return_bool && !is_comparison(op) {
            return problem(at, "bool goes with comparisons alone");
        }
        let on = self.is_word("on");
        if !on && !self.is_word("ignoring") {
            return Ok((return_bool, None));
        }
        self.next += 1;
        let mut matching = Matching {
            on,
            labels: self.label_list()?,
            group: None,
            include: Vec::new(),
        };
        let left = self.is_word("group_left");
        if left || self.is_word("group_right") {
            let at = self.at();
            self.next += 1;
            if matches!(op, BinaryOp::And | BinaryOp::Or | BinaryOp::Unless) {
                return problem(at, "no grouping is allowed for set operations");
            }
            matching.group = Some(if left { Group::Left } else { Group::Right });
            if self.is_symbol("(") {
                matching.include = self.label_list()?;
            }
        }
        Ok((return_bool, Some(Arc::new(matching))))
    }

    fn label_list(&mut self) -> Result<Vec<String>> {
        self.expect("(")?;
        let mut labels = Vec::new();
        while !self.eat(")") {
            if !labels.is_empty() {
                self.expect(",")?;
                if self.eat(")") {
                    break;
                }
            }
            labels.push(match self.peek() {
                Token::Text(_) => self.string()?,
                _ => self.word()?,
            });
        }
        Ok(labels)
    }

    fn unary(&mut self) -> Result<SampleExpr> {
        match self.peek().clone() {
            Token::Number(value) => {
                self.next += 1;
                Ok(SampleExpr::Literal(value))
            }
            Token::Symbol(sign @ ("-" | "+")) => {
                if let Token::Number(value) = self.peek_second() {
                    let value = *value;
                    self.next += 2;
                    return Ok(SampleExpr::Literal(if sign == "-" {
                        -value
                    } else {
                        value
                    }));
                }
                self.unexpected("expecting a number behind a sign")
            }
            Token::Symbol("(") => {
                self.next += 1;
                let inner = self.sample()?;
                self.expect(")")?;
                Ok(inner)
            }
            Token::Word(word) => self.call(&word),
            _ => self.unexpected("expecting an aggregation, a number or a stream selector"),
        }
    }

    fn call(&mut self, word: &str) -> Result<SampleExpr> {
        let start = self.at();
        self.next += 1;
        if let Some(op) = find(RANGE_OPS, word) {
            return self.range_aggregation(op, start);
        }
        if let Some(op) = find(VECTOR_OPS, word) {
            return self.vector_aggregation(op, start);
        }
        match word.to_ascii_lowercase().as_str() {
            "vector" => {
                self.expect("(")?;
                let negative = self.eat("-");
                let Token::Number(value) = self.take() else {
                    self.next -= 1;
                    return self.unexpected("expecting a number");
                };
                self.expect(")")?;
                Ok(SampleExpr::VectorOf(if negative { -value } else { value }))
            }
            "label_replace" => self.label_replace(),
            "variants" => self.variants(),
            _ => {
                self.next -= 1;
                self.unexpected("expecting an aggregation such as rate, count_over_time or sum")
            }
        }
    }

    fn label_replace(&mut self) -> Result<SampleExpr> {
        self.expect("(")?;
        let expr = self.sample()?;
        let mut texts = Vec::new();
        let mut at = 0;
        for _ in 0..4 {
            self.expect(",")?;
            at = self.at();
            texts.push(self.string()?);
        }
        self.expect(")")?;
        binnacle_model::pattern::Pattern::new(&texts[3]).map_err(|e| Problem {
            at,
            message: format!("invalid regex in label_replace: {e}"),
        })?;
        let [destination, replacement, source, regex] =
            texts.try_into().unwrap_or_else(|_| Default::default());
        Ok(SampleExpr::LabelReplace(Box::new(LabelReplace {
            expr,
            destination,
            replacement,
            source,
            regex,
        })))
    }

    fn variants(&mut self) -> Result<SampleExpr> {
        self.expect("(")?;
        let mut variants = vec![self.sample()?];
        while self.eat(",") {
            variants.push(self.sample()?);
        }
        self.expect(")")?;
        if !self.eat_word("of") {
            return self.unexpected("expecting of");
        }
        self.expect("(")?;
        let of = self.log_range()?;
        self.expect(")")?;
        Ok(SampleExpr::Variants(Box::new(Variants { variants, of })))
    }

    fn grouping(&mut self) -> Result<Option<Grouping>> {
        let without = self.is_word("without");
        if !without && !self.is_word("by") {
            return Ok(None);
        }
        self.next += 1;
        Ok(Some(Grouping {
            without,
            labels: self.label_list()?,
        }))
    }

    fn vector_aggregation(&mut self, op: VectorOp, start: usize) -> Result<SampleExpr> {
        let mut grouping = self.grouping()?;
        self.expect("(")?;
        let takes_number = matches!(
            op,
            VectorOp::Topk | VectorOp::Bottomk | VectorOp::ApproxTopk
        );
        let mut parameter = None;
        if let (false, Token::Number(value), Token::Symbol(",")) =
            (takes_number, self.peek(), self.peek_second())
        {
            let name = name_of(VECTOR_OPS, &op);
            let message = format!("unsupported parameter for operation {name}({value},");
            return problem(self.at(), message);
        }
        if takes_number {
            let at = self.at();
            let negative = self.eat("-");
            let Token::Number(value) = self.take() else {
                self.next -= 1;
                return self.unexpected("expecting a number first");
            };
            if negative || value < 1.0 || value.fract() != 0.0 {
                return problem(
                    at,
                    "invalid parameter: a whole number greater than 0 is needed",
                );
            }
            parameter = Some(value as i64);
            self.expect(",")?;
        }
        let expr = self.sample()?;
        self.expect(")")?;
        if grouping.is_none() {
            grouping = self.grouping()?;
        }
        if grouping.is_some()
            && matches!(
                op,
                VectorOp::Sort | VectorOp::SortDesc | VectorOp::ApproxTopk
            )
        {
            let name = name_of(VECTOR_OPS, &op);
            return problem(
                start,
                format!("grouping not allowed for {name} aggregation"),
            );
        }
        Ok(SampleExpr::Vector(Box::new(VectorAggregation {
            op,
            parameter,
            expr,
            grouping,
            span: Span {
                start,
                end: self.behind(),
            },
        })))
    }

    fn range_aggregation(&mut self, op: RangeOp, start: usize) -> Result<SampleExpr> {
        self.expect("(")?;
        let mut parameter = None;
        if op == RangeOp::QuantileOverTime {
            let at = self.at();
            let Token::Number(value) = self.take() else {
                return problem(
                    at,
                    "parameter required for operation quantile_over_time: a number first",
                );
            };
            parameter = Some(value);
            self.expect(",")?;
        }
        let range = self.log_range()?;
        self.expect(")")?;
        let grouping = self.grouping()?;
        let aggregation = RangeAggregation {
            op,
            parameter,
            range,
            grouping,
            span: Span {
                start,
                end: self.behind(),
            },
        };
        check_range(&aggregation, start)?;
        Ok(SampleExpr::Range(Box::new(aggregation)))
    }

    fn log_range(&mut self) -> Result<LogRange> {
        let start = self.at();
        let mut parens = 0;
        while self.eat("(") {
            parens += 1;
        }
        let mut log = self.log()?;
        let mut unwrap = self.unwrap()?;
        while parens > 0 && self.eat(")") {
            parens -= 1;
            if unwrap.is_none() {
                self.stages(&mut log.stages)?;
                unwrap = self.unwrap()?;
            }
        }
        let at = self.at();
        if !self.eat("[") {
            return self.unexpected("expecting a range such as [5m]");
        }
        let range_ns = match self.take() {
            Token::Duration(_, ns) if ns > 0 => ns,
            Token::Number(_) if !self.is_symbol("]") => {
                return problem(
                    at,
                    "missing closing ']' in duration: a range is a duration, such as [5m]",
                );
            }
            _ => return problem(at, "a range is a duration longer than zero, such as [5m]"),
        };
        if !self.is_symbol("]") {
            return problem(at, "missing closing ']' in duration");
        }
        self.next += 1;
        let mut offset_ns = self.offset()?;
        if unwrap.is_none() {
            self.stages(&mut log.stages)?;
            unwrap = self.unwrap()?;
        }
        for _ in 0..parens {
            self.expect(")")?;
        }
        if offset_ns == 0 {
            offset_ns = self.offset()?;
        }
        log = LogExpr {
            span: Span {
                start,
                end: self.behind(),
            },
            ..log
        };
        Ok(LogRange {
            log,
            range_ns,
            offset_ns,
            unwrap,
        })
    }

    fn offset(&mut self) -> Result<i64> {
        if !self.eat_word("offset") {
            return Ok(0);
        }
        let negative = self.eat("-");
        match self.take() {
            Token::Duration(_, ns) => Ok(if negative { -ns } else { ns }),
            Token::Number(0.0) => Ok(0),
            _ => {
                self.next -= 1;
                self.unexpected("expecting a duration")
            }
        }
    }

    fn unwrap(&mut self) -> Result<Option<Unwrap>> {
        if !self.is_symbol("|") {
            return Ok(None);
        }
        self.next += 1;
        if !self.eat_word("unwrap") {
            self.next -= 1;
            return Ok(None);
        }
        let at = self.at();
        let word = self.word()?;
        let (label, conversion) = if self.eat("(") {
            let conversion = match word.as_str() {
                "bytes" => Conversion::Bytes,
                "duration" => Conversion::Duration,
                "duration_seconds" => Conversion::DurationSeconds,
                _ => {
                    return problem(
                        at,
                        format!(
                            "unknown conversion {word:?}: there are bytes, duration and \
                             duration_seconds"
                        ),
                    );
                }
            };
            let label = self.word()?;
            self.expect(")")?;
            (label, Some(conversion))
        } else {
            (word, None)
        };
        let mut filters = Vec::new();
        while self.is_symbol("|") {
            self.next += 1;
            filters.push(self.label_filter()?);
        }
        Ok(Some(Unwrap {
            label,
            conversion,
            filters,
        }))
    }
}

pub(crate) fn is_comparison(op: BinaryOp) -> bool {
    matches!(
        op,
        BinaryOp::Equal
            | BinaryOp::NotEqual
            | BinaryOp::Greater
            | BinaryOp::GreaterOrEqual
            | BinaryOp::Less
            | BinaryOp::LessOrEqual
    )
}

fn combine(
    op: BinaryOp,
    return_bool: bool,
    matching: Option<Arc<Matching>>,
    left: SampleExpr,
    right: SampleExpr,
    span: Span,
) -> Result<SampleExpr> {
    let literals = (&left, &right);
    if matches!(op, BinaryOp::And | BinaryOp::Or | BinaryOp::Unless) {
        for (leg, side) in [("left", literals.0), ("right", literals.1)] {
            if let SampleExpr::Literal(value) = side {
                let message = format!(
                    "unexpected literal for {leg} leg of logical/set binary operation ({op}): \
                     {value:.6}"
                );
                return problem(span.start, message);
            }
        }
    }
    if let (SampleExpr::Literal(a), SampleExpr::Literal(b)) = literals {
        return Ok(SampleExpr::Literal(crate::eval::binary::of_numbers(
            op, *a, *b,
        )));
    }
    Ok(SampleExpr::Binary(Box::new(Binary {
        op,
        return_bool,
        matching,
        left,
        right,
        span,
    })))
}

fn check_range(aggregation: &RangeAggregation, at: usize) -> Result<()> {
    use RangeOp as R;
    let op = aggregation.op;
    let name = name_of(RANGE_OPS, &op);
    let may_group = matches!(
        op,
        R::AvgOverTime
            | R::StddevOverTime
            | R::StdvarOverTime
            | R::QuantileOverTime
            | R::MaxOverTime
            | R::MinOverTime
            | R::FirstOverTime
            | R::LastOverTime
    );
    if aggregation.grouping.is_some() && !may_group {
        return problem(at, format!("grouping not allowed for {name} aggregation"));
    }
    let has_unwrap = aggregation.range.unwrap.is_some();
    let needs = !matches!(
        op,
        R::CountOverTime | R::Rate | R::BytesOverTime | R::BytesRate | R::AbsentOverTime
    );
    let refuses = matches!(op, R::CountOverTime | R::BytesOverTime | R::BytesRate);
    if needs && !has_unwrap {
        return problem(at, format!("invalid aggregation {name} without unwrap"));
    }
    if refuses && has_unwrap {
        return problem(at, format!("invalid aggregation {name} with unwrap"));
    }
    Ok(())
}
