//! Binary operators, their precedence and their modifiers.

use binnacle_model::annotation::Span;

use super::cursor::{Context, Cursor, Stopped};
use super::expr::sign;
use crate::ast::{BinaryExpr, BinaryOp, Cardinality, Expr, ExprKind, UnaryOp, VectorMatching};
use crate::lexer::{Keyword, TokenKind};

/// Binds weakest: `or`.
pub(super) const LOWEST: u8 = 1;
/// Binds strongest: `^`.
pub(super) const POWER: u8 = 6;

pub(super) fn precedence(op: BinaryOp) -> u8 {
    use BinaryOp as Op;
    match op {
        Op::Or => LOWEST,
        Op::And | Op::Unless => 2,
        Op::Equal
        | Op::NotEqual
        | Op::Less
        | Op::LessOrEqual
        | Op::Greater
        | Op::GreaterOrEqual
        | Op::TrimUpper
        | Op::TrimLower => 3,
        Op::Add | Op::Sub => 4,
        Op::Mul | Op::Div | Op::Mod | Op::Atan2 => 5,
        Op::Pow => POWER,
    }
}

/// The weakest operator that the right side of `op` may contain: its own kind for
/// `^`, which groups from the right, and a stronger one for all others.
pub(super) fn right_side(op: BinaryOp) -> u8 {
    if op == BinaryOp::Pow {
        POWER
    } else {
        precedence(op) + 1
    }
}

impl Cursor<'_> {
    /// Operands and operators that bind at least as strongly as `weakest`.
    pub(super) fn binary(&mut self, weakest: u8) -> Result<Expr, Stopped> {
        let mut lhs = self.unary()?;
        let mut height = self.height;
        while let TokenKind::Operator(op) = self.token.kind {
            if precedence(op) < weakest {
                break;
            }
            let op_start = self.advance()?.span.start;
            let return_bool = self.eat(TokenKind::Keyword(Keyword::Bool))?;
            let matching = self.matching()?;
            let op_span = self.span_from(op_start);
            let rhs = self.deeper(|cursor| cursor.binary(right_side(op)))?;
            self.grow(height.max(self.height))?;
            height = self.height;
            let span = Span {
                start: lhs.span.start,
                end: rhs.span.end,
            };
            if !self.options.fill_modifiers
                && (matching.fill_left.is_some() || matching.fill_right.is_some())
            {
                self.note(
                    span,
                    "binop fill modifiers are experimental and not enabled",
                );
            }
            let matching = Some(matching);
            let binary = BinaryExpr {
                op,
                lhs,
                rhs,
                matching,
                return_bool,
                op_span,
            };
            lhs = Expr {
                kind: ExprKind::Binary(Box::new(binary)),
                span,
            };
        }
        self.height = height;
        Ok(lhs)
    }

    /// `on (…) group_left (…) fill (…)`, any part of which may be missing.
    fn matching(&mut self) -> Result<VectorMatching, Stopped> {
        let mut matching = VectorMatching::default();
        let on = TokenKind::Keyword(Keyword::On);
        if self.token.kind == on || self.token.kind == TokenKind::Keyword(Keyword::Ignoring) {
            matching.on = self.token.kind == on;
            self.advance()?;
            matching.labels = self.label_list()?;
            matching.card = match self.token.kind {
                TokenKind::Keyword(Keyword::GroupLeft) => Cardinality::ManyToOne,
                TokenKind::Keyword(Keyword::GroupRight) => Cardinality::OneToMany,
                _ => Cardinality::OneToOne,
            };
            if matching.card != Cardinality::OneToOne {
                self.advance()?;
                if self.token.kind == TokenKind::LeftParen {
                    matching.include = self.label_list()?;
                }
            }
        }
        self.fill(&mut matching)?;
        Ok(matching)
    }

    fn fill(&mut self, matching: &mut VectorMatching) -> Result<(), Stopped> {
        if self.eat(TokenKind::Keyword(Keyword::Fill))? {
            let value = Some(self.fill_value()?);
            matching.fill_left = value;
            matching.fill_right = value;
            return Ok(());
        }
        loop {
            let slot = match self.token.kind {
                TokenKind::Keyword(Keyword::FillLeft) => &mut matching.fill_left,
                TokenKind::Keyword(Keyword::FillRight) => &mut matching.fill_right,
                _ => return Ok(()),
            };
            if slot.is_some() {
                return Err(self.unexpected());
            }
            self.advance()?;
            *slot = Some(self.fill_value()?);
        }
    }

    fn fill_value(&mut self) -> Result<f64, Stopped> {
        self.expect(TokenKind::LeftParen)?;
        let sign = sign(self.token.kind);
        if sign.is_some() {
            self.advance()?;
        }
        if !matches!(self.token.kind, TokenKind::Number | TokenKind::Duration) {
            return Err(self.unexpected());
        }
        let (number, _) = self.number()?;
        self.expect(TokenKind::RightParen)?;
        Ok(if sign == Some(UnaryOp::Minus) {
            -number.value
        } else {
            number.value
        })
    }

    /// `(a, b, "c d")`.
    pub(super) fn label_list(&mut self) -> Result<Vec<String>, Stopped> {
        let opts = |expected| Context {
            place: "grouping opts",
            expected,
        };
        if self.token.kind != TokenKind::LeftParen {
            return Err(self.unexpected_in(opts("\"(\"")));
        }
        self.advance()?;
        let mut labels = Vec::new();
        while self.token.kind != TokenKind::RightParen {
            let (label, span) = match self.token.kind {
                TokenKind::String => self.string()?,
                kind if kind.is_grouping_label() => {
                    let span = self.advance()?.span;
                    (self.written(span).to_owned(), span)
                }
                _ => return Err(self.unexpected_in(opts("label"))),
            };
            if label.is_empty() {
                self.note(span, format!("invalid label name for grouping: {label:?}"));
            }
            labels.push(label);
            match self.token.kind {
                TokenKind::Comma => self.advance()?,
                TokenKind::RightParen => break,
                _ => return Err(self.unexpected_in(opts("\",\" or \")\""))),
            };
        }
        self.advance()?;
        Ok(labels)
    }
}
