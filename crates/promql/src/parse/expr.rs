//! Operands: literals, parentheses, calls, and signs before them.

use binnacle_model::annotation::Span;

use super::cursor::{Cursor, Stopped};
use crate::ast::{BinaryOp, Call, Expr, ExprKind, NumberLiteral, UnaryOp};
use crate::functions;
use crate::lexer::{TokenKind, number};

impl Cursor<'_> {
    /// A whole query.
    pub(super) fn expression(&mut self) -> Result<Expr, Stopped> {
        if self.token.kind == TokenKind::Eof {
            return Err(self.stop(Span::default(), "no expression found in input"));
        }
        self.binary(super::binary::LOWEST)
    }

    /// A sign before an operand, or an operand.
    ///
    /// A sign binds like a multiplication: `-a ^ b` is `-(a ^ b)`.
    pub(super) fn unary(&mut self) -> Result<Expr, Stopped> {
        let Some(op) = sign(self.token.kind) else {
            return self.operand();
        };
        let start = self.advance()?.span.start;
        let mut inner = self.deeper(|cursor| cursor.binary(super::binary::POWER))?;
        if let ExprKind::Number(number) = &mut inner.kind {
            if op == UnaryOp::Minus {
                number.value = -number.value;
            }
            inner.span.start = start;
            return Ok(inner);
        }
        self.grow(self.height)?;
        let span = Span {
            start,
            end: inner.span.end,
        };
        Ok(Expr {
            kind: ExprKind::Unary(op, Box::new(inner)),
            span,
        })
    }

    fn operand(&mut self) -> Result<Expr, Stopped> {
        let expr = self.primary()?;
        self.modified(expr)
    }

    fn primary(&mut self) -> Result<Expr, Stopped> {
        self.height = 1;
        let kind = self.token.kind;
        match kind {
            TokenKind::Number | TokenKind::Duration => {
                let (number, span) = self.number()?;
                Ok(Expr {
                    kind: ExprKind::Number(number),
                    span,
                })
            }
            TokenKind::String => self.string_literal(),
            TokenKind::LeftParen => self.paren(),
            TokenKind::LeftBrace => self.vector_selector(),
            TokenKind::Aggregate(op) if self.aggregation_follows() => self.aggregate(op),
            kind if kind.is_function_name() && self.paren_follows() => self.call(),
            kind if kind.is_metric_name() => self.vector_selector(),
            _ => Err(self.unexpected()),
        }
    }

    /// Whether a parenthesis stands behind the token at hand.
    ///
    /// This looks at the text and not at the next token, because a lexer's error
    /// there must not come before what is wrong here.
    pub(super) fn paren_follows(&self) -> bool {
        self.behind_token().starts_with('(')
    }

    /// The text behind the token at hand, without space and comments.
    pub(super) fn behind_token(&self) -> &str {
        let mut rest = &self.text()[self.token.span.end..];
        loop {
            rest = rest.trim_start_matches(crate::lexer::is_space);
            if !rest.starts_with('#') {
                return rest;
            }
            rest = rest.find(['\n', '\r']).map_or("", |at| &rest[at..]);
        }
    }

    fn paren(&mut self) -> Result<Expr, Stopped> {
        let start = self.advance()?.span.start;
        let inner = self.deeper(|cursor| cursor.binary(super::binary::LOWEST))?;
        self.expect(TokenKind::RightParen)?;
        self.grow(self.height)?;
        Ok(Expr {
            kind: ExprKind::Paren(Box::new(inner)),
            span: self.span_from(start),
        })
    }

    fn call(&mut self) -> Result<Expr, Stopped> {
        let name_span = self.advance()?.span;
        let name = self.written(name_span);
        let args = self.arguments()?;
        let Some(function) = functions::lookup(name) else {
            let message = match functions::nearest(name) {
                Some(nearest) => {
                    format!("unknown function with name {name:?}, did you mean {nearest:?}?")
                }
                None => format!("unknown function with name {name:?}"),
            };
            return Err(self.stop(name_span, message));
        };
        if function.experimental && !self.options.experimental_functions {
            self.note(name_span, format!("function {name:?} is not enabled"));
        }
        let span = self.span_from(name_span.start);
        Ok(Expr {
            kind: ExprKind::Call(Call { function, args }),
            span,
        })
    }

    /// `(a, b, …)`; grows the height by one over the highest argument.
    pub(super) fn arguments(&mut self) -> Result<Vec<Expr>, Stopped> {
        self.expect(TokenKind::LeftParen)?;
        let mut args = Vec::new();
        let mut highest = 0;
        while self.token.kind != TokenKind::RightParen || !args.is_empty() {
            args.push(self.deeper(|cursor| cursor.binary(super::binary::LOWEST))?);
            highest = highest.max(self.height);
            if self.token.kind != TokenKind::Comma {
                break;
            }
            let comma = self.advance()?.span;
            if self.token.kind == TokenKind::RightParen {
                self.note(comma, "trailing commas not allowed in function call args");
                break;
            }
        }
        self.expect(TokenKind::RightParen)?;
        self.grow(highest)?;
        Ok(args)
    }

    pub(super) fn number(&mut self) -> Result<(NumberLiteral, Span), Stopped> {
        let span = self.token.span;
        let text = self.written(span);
        let duration = self.token.kind == TokenKind::Duration;
        let value = if duration {
            self.duration_literal(text, span)
        } else {
            number::value(text).unwrap_or_else(|| {
                self.note(
                    span,
                    format!("error parsing number: {text:?} is out of range"),
                );
                0.0
            })
        };
        self.advance()?;
        Ok((NumberLiteral { value, duration }, span))
    }

    /// A string as an expression.
    ///
    /// A query that is nothing but a string may hold bytes that are not UTF-8; they
    /// come out as replacement characters, as they would in the JSON of the answer.
    /// Strings that name labels or match them must be UTF-8 as labels are.
    fn string_literal(&mut self) -> Result<Expr, Stopped> {
        let span = self.token.span;
        if self.is_outermost()
            && let Ok(bytes) = super::unquote(self.written(span))
        {
            self.advance()?;
            let value = String::from_utf8_lossy(&bytes).into_owned();
            return Ok(Expr {
                kind: ExprKind::String(value),
                span,
            });
        }
        let (value, span) = self.string()?;
        Ok(Expr {
            kind: ExprKind::String(value),
            span,
        })
    }

    /// The contents of the string at hand.
    pub(super) fn string(&mut self) -> Result<(String, Span), Stopped> {
        let span = self.expect(TokenKind::String)?.span;
        let unquoted = super::unquote(self.written(span))
            .and_then(|bytes| String::from_utf8(bytes).map_err(|_| "invalid UTF-8".to_owned()));
        match unquoted {
            Ok(value) => Ok((value, span)),
            Err(why) => {
                let written = self.written(span);
                Err(self.stop(span, format!("error unquoting string {written:?}: {why}")))
            }
        }
    }
}

pub(super) fn sign(kind: TokenKind) -> Option<UnaryOp> {
    match kind {
        TokenKind::Operator(BinaryOp::Add) => Some(UnaryOp::Plus),
        TokenKind::Operator(BinaryOp::Sub) => Some(UnaryOp::Minus),
        _ => None,
    }
}
