//! Durations of ranges, steps and offsets: `5m`, `300`, `step() * 2`.

use binnacle_model::annotation::Span;
use binnacle_model::duration::{self, DurationError};

use super::binary::{POWER, precedence, right_side};
use super::cursor::{Cursor, Stopped};
use super::expr::sign;
use crate::ast::{
    BinaryOp, Duration, DurationExpr, DurationExprKind as Kind, NumberLiteral, UnaryOp,
};
use crate::lexer::{Keyword, TokenKind};

/// The weakest operators that durations have: `+` and `-`.
const WEAKEST: u8 = 4;

/// Seconds that fit into 64 bits of nanoseconds, which is what Prometheus counts in.
const SECONDS_MAX: f64 = (1_u64 << 63) as f64 / 1e9;

impl Cursor<'_> {
    /// The length of a range or a step.
    pub(super) fn positive_duration(&mut self) -> Result<Duration, Stopped> {
        let expr = self.duration(WEAKEST)?;
        if let Some(number) = literal(&expr)
            && number.value <= 0.0
        {
            self.note(expr.span, "duration must be greater than 0");
        }
        Ok(settle(expr))
    }

    /// An offset: one operand, so that `a offset 1h * 2` multiplies `a`.
    pub(super) fn offset_duration(&mut self) -> Result<Duration, Stopped> {
        let start = self.token.span.start;
        let sign = sign(self.token.kind);
        if sign.is_some() {
            self.advance()?;
        }
        let operand = self.duration_operand()?;
        let is_function = matches!(
            operand.kind,
            Kind::Step | Kind::Range | Kind::Min(..) | Kind::Max(..)
        ) && !operand.wrapped;
        Ok(settle(match sign {
            // Says nothing, but the tree keeps it as Prometheus' does.
            Some(UnaryOp::Plus) if is_function => self.node(Kind::Pos(Box::new(operand)), start),
            Some(sign) => self.signed(sign, operand, start)?,
            None => operand,
        }))
    }

    fn duration(&mut self, weakest: u8) -> Result<DurationExpr, Stopped> {
        let mut lhs = self.duration_unary()?;
        let mut height = self.height;
        while let TokenKind::Operator(op) = self.token.kind {
            let Some(combine) = combination(op) else {
                break;
            };
            if precedence(op) < weakest {
                break;
            }
            let op_span = self.advance()?.span;
            let rhs = self.deeper(|cursor| cursor.duration(right_side(op)))?;
            self.grow(height.max(self.height))?;
            height = self.height;
            self.experimental(lhs.span);
            if literal(&rhs).is_some_and(|number| number.value == 0.0) {
                match op {
                    BinaryOp::Div => self.note(op_span, "division by zero"),
                    BinaryOp::Mod => self.note(op_span, "modulo by zero"),
                    _ => {}
                }
            }
            let span = Span {
                start: lhs.span.start,
                end: rhs.span.end,
            };
            let kind = combine(Box::new(lhs), Box::new(rhs));
            lhs = DurationExpr {
                kind,
                span,
                wrapped: false,
            };
        }
        self.height = height;
        Ok(lhs)
    }

    fn duration_unary(&mut self) -> Result<DurationExpr, Stopped> {
        let Some(sign) = sign(self.token.kind) else {
            return self.duration_operand();
        };
        let start = self.advance()?.span.start;
        let operand = self.deeper(|cursor| cursor.duration(POWER))?;
        self.signed(sign, operand, start)
    }

    fn signed(
        &mut self,
        sign: UnaryOp,
        mut operand: DurationExpr,
        start: usize,
    ) -> Result<DurationExpr, Stopped> {
        if let (Kind::Number(number), false) = (&mut operand.kind, operand.wrapped) {
            if sign == UnaryOp::Minus {
                number.value = -number.value;
            }
            operand.span.start = start;
            return Ok(operand);
        }
        if sign == UnaryOp::Plus {
            return Ok(operand);
        }
        self.grow(self.height)?;
        Ok(self.node(Kind::Neg(Box::new(operand)), start))
    }

    fn duration_operand(&mut self) -> Result<DurationExpr, Stopped> {
        self.height = 1;
        let start = self.token.span.start;
        match self.token.kind {
            TokenKind::Number | TokenKind::Duration => {
                let (mut number, span) = self.number()?;
                if number.value.is_nan() || number.value.abs() > SECONDS_MAX {
                    self.note(span, "duration out of range");
                    number.value = 0.0;
                }
                Ok(self.node(Kind::Number(number), start))
            }
            TokenKind::LeftParen => {
                self.advance()?;
                let mut inner = self.deeper(|cursor| cursor.duration(WEAKEST))?;
                self.expect(TokenKind::RightParen)?;
                self.experimental(inner.span);
                inner.wrapped = true;
                inner.span = self.span_from(start);
                Ok(inner)
            }
            TokenKind::Keyword(keyword) => self.duration_function(keyword, start),
            _ => Err(self.unexpected()),
        }
    }

    fn duration_function(
        &mut self,
        keyword: Keyword,
        start: usize,
    ) -> Result<DurationExpr, Stopped> {
        let kind = match keyword {
            Keyword::Step | Keyword::Range => {
                self.advance()?;
                self.expect(TokenKind::LeftParen)?;
                self.expect(TokenKind::RightParen)?;
                if keyword == Keyword::Step {
                    Kind::Step
                } else {
                    Kind::Range
                }
            }
            Keyword::MaxOf | Keyword::MinOf => {
                self.advance()?;
                let (a, b) = self.deeper(Self::duration_pair)?;
                if keyword == Keyword::MaxOf {
                    Kind::Max(a, b)
                } else {
                    Kind::Min(a, b)
                }
            }
            _ => return Err(self.unexpected()),
        };
        self.experimental(self.span_from(start));
        Ok(self.node(kind, start))
    }

    fn duration_pair(&mut self) -> Result<(Box<DurationExpr>, Box<DurationExpr>), Stopped> {
        self.expect(TokenKind::LeftParen)?;
        let a = self.duration(WEAKEST)?;
        let height = self.height;
        self.expect(TokenKind::Comma)?;
        let b = self.duration(WEAKEST)?;
        self.expect(TokenKind::RightParen)?;
        self.grow(height.max(self.height))?;
        Ok((Box::new(a), Box::new(b)))
    }

    fn node(&self, kind: Kind, start: usize) -> DurationExpr {
        DurationExpr {
            kind,
            span: self.span_from(start),
            wrapped: false,
        }
    }

    fn experimental(&mut self, span: Span) {
        if !self.options.duration_expressions {
            self.note(span, "experimental duration expression is not enabled");
        }
    }

    /// The seconds of a duration's text.
    pub(super) fn duration_literal(&mut self, text: &str, span: Span) -> f64 {
        match duration::parse(text) {
            Ok(ms) => ms as f64 / 1000.0,
            Err(error) => {
                let message = match (error, unknown_unit(text)) {
                    (DurationError::Malformed(_), Some(unit)) => {
                        format!("unknown unit {unit:?} in duration {text:?}")
                    }
                    (error, _) => error.to_string(),
                };
                self.note(span, message);
                0.0
            }
        }
    }
}

type Combine = fn(Box<DurationExpr>, Box<DurationExpr>) -> Kind;

fn combination(op: BinaryOp) -> Option<Combine> {
    Some(match op {
        BinaryOp::Add => Kind::Add,
        BinaryOp::Sub => Kind::Sub,
        BinaryOp::Mul => Kind::Mul,
        BinaryOp::Div => Kind::Div,
        BinaryOp::Mod => Kind::Mod,
        BinaryOp::Pow => Kind::Pow,
        _ => return None,
    })
}

/// The number that `expr` is, unless it is in parentheses: those make it an
/// expression, so that it prints as it was written.
fn literal(expr: &DurationExpr) -> Option<NumberLiteral> {
    match expr.kind {
        Kind::Number(number) if !expr.wrapped => Some(number),
        _ => None,
    }
}

fn settle(expr: DurationExpr) -> Duration {
    match literal(&expr) {
        Some(number) => Duration::Fixed(milliseconds(number.value)),
        None => Duration::Expr(Box::new(expr)),
    }
}

/// Seconds to whole milliseconds; what is below one is cut off, as in Prometheus.
fn milliseconds(seconds: f64) -> i64 {
    let ms = seconds * 1000.0;
    // `0.3` is a little less than 300 ms as a float, and 300 ms is meant.
    let nearest = ms.round();
    let is_whole = (ms - nearest).abs() <= (ms.abs() * f64::EPSILON).max(1e-6);
    (if is_whole { nearest } else { ms.trunc() }) as i64
}

fn unknown_unit(text: &str) -> Option<&str> {
    text.split(|c: char| c.is_ascii_digit())
        .find(|unit| !unit.is_empty() && !matches!(*unit, "y" | "w" | "d" | "h" | "m" | "s" | "ms"))
}
