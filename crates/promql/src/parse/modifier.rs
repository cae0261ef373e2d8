//! What may follow an operand: `[5m]`, `[1h:1m]`, `offset`, `@`, `anchored`,
//! `smoothed`.

use binnacle_model::annotation::Span;

use super::cursor::{Context, Cursor, Stopped};
use super::expr::sign;
use crate::ast::{At, Duration, Expr, ExprKind, MatrixSelector, RangeMode, Subquery, UnaryOp};
use crate::lexer::{Keyword, TokenKind};

impl Cursor<'_> {
    /// `expr` with all that follows it.
    pub(super) fn modified(&mut self, mut expr: Expr) -> Result<Expr, Stopped> {
        loop {
            expr = match self.token.kind {
                TokenKind::LeftBracket => self.bracket(expr)?,
                TokenKind::Keyword(Keyword::Offset) => self.offset(expr)?,
                TokenKind::At => self.at(expr)?,
                TokenKind::Keyword(Keyword::Anchored) => self.mode(expr, RangeMode::Anchored)?,
                TokenKind::Keyword(Keyword::Smoothed) => self.mode(expr, RangeMode::Smoothed)?,
                _ => return Ok(expr),
            };
        }
    }

    /// `[5m]` or `[1h:1m]` behind `expr`.
    fn bracket(&mut self, expr: Expr) -> Result<Expr, Stopped> {
        const DURATION: &str = "number, duration, step(), or range()";
        let inner_height = self.height;
        let open = self.advance()?.span;
        let place = "subquery or range selector";
        let range = self.within(place, DURATION, Self::positive_duration)?;
        let mut height = inner_height.max(self.height);
        if self.eat(TokenKind::RightBracket)? {
            self.height = height;
            return Ok(self.matrix(expr, range, open));
        }
        let context = Context {
            place: "subquery or range",
            expected: "\":\" or \"]\"",
        };
        if self.token.kind != TokenKind::Colon {
            return Err(self.unexpected_in(context));
        }
        self.advance()?;
        let place = "subquery selector";
        let mut step = None;
        if self.token.kind != TokenKind::RightBracket {
            const OR_CLOSE: &str = "number, duration, step(), range(), or \"]\"";
            step = Some(self.within(place, OR_CLOSE, Self::positive_duration)?);
            height = height.max(self.height);
        }
        self.within(place, "\"]\"", |cursor| {
            cursor.expect(TokenKind::RightBracket)
        })?;
        self.grow(height)?;
        let span = self.span_from(expr.span.start);
        let subquery = Subquery {
            expr,
            range,
            step,
            offset: Duration::Fixed(0),
            at: None,
        };
        Ok(Expr {
            kind: ExprKind::Subquery(Box::new(subquery)),
            span,
        })
    }

    fn matrix(&mut self, expr: Expr, range: Duration, open: Span) -> Expr {
        let span = self.span_from(expr.span.start);
        let wrong = match &expr.kind {
            ExprKind::Vector(vector) if vector.offset != Duration::Fixed(0) => {
                Some("no offset modifiers allowed before range")
            }
            ExprKind::Vector(vector) if vector.at.is_some() => {
                Some("no @ modifiers allowed before range")
            }
            ExprKind::Vector(_) => None,
            _ => Some("ranges only allowed for vector selectors"),
        };
        if let Some(message) = wrong {
            self.note(self.span_from(open.start), message);
        }
        match expr.kind {
            ExprKind::Vector(vector) => {
                let matrix = MatrixSelector {
                    vector,
                    vector_span: expr.span,
                    range,
                };
                Expr {
                    kind: ExprKind::Matrix(Box::new(matrix)),
                    span,
                }
            }
            // An error was noted; go on with what there is.
            kind => Expr { kind, span },
        }
    }

    fn offset(&mut self, mut expr: Expr) -> Result<Expr, Stopped> {
        self.advance()?;
        let before = expr.span;
        let inner_height = self.height;
        let place = "offset";
        let offset = self.within(
            place,
            "number, duration, step(), or range()",
            Self::offset_duration,
        )?;
        self.height = self.height.max(inner_height);
        let slot = match &mut expr.kind {
            ExprKind::Vector(vector) => &mut vector.offset,
            ExprKind::Matrix(matrix) => &mut matrix.vector.offset,
            ExprKind::Subquery(subquery) => &mut subquery.offset,
            _ => {
                self.note(before, "offset modifier must be preceded by an instant vector selector or range vector selector or a subquery");
                return Ok(expr);
            }
        };
        if *slot == Duration::Fixed(0) {
            *slot = offset;
        } else {
            self.note(before, "offset may not be set multiple times");
        }
        expr.span.end = self.last_end;
        Ok(expr)
    }

    fn at(&mut self, mut expr: Expr) -> Result<Expr, Stopped> {
        self.advance()?;
        let before = expr.span;
        let at = self.within("@", "timestamp", |cursor| cursor.timestamp(before))?;
        let slot = match &mut expr.kind {
            ExprKind::Vector(vector) => &mut vector.at,
            ExprKind::Matrix(matrix) => &mut matrix.vector.at,
            ExprKind::Subquery(subquery) => &mut subquery.at,
            _ => {
                self.note(before, "@ modifier must be preceded by an instant vector selector or range vector selector or a subquery");
                return Ok(expr);
            }
        };
        if slot.is_none() {
            *slot = Some(at);
        } else {
            self.note(before, "@ <timestamp> may not be set multiple times");
        }
        expr.span.end = self.last_end;
        Ok(expr)
    }

    fn timestamp(&mut self, before: Span) -> Result<At, Stopped> {
        let bound = match self.token.kind {
            TokenKind::Keyword(Keyword::Start) => Some(At::Start),
            TokenKind::Keyword(Keyword::End) => Some(At::End),
            _ => None,
        };
        if let Some(bound) = bound {
            self.advance()?;
            self.expect(TokenKind::LeftParen)?;
            self.expect(TokenKind::RightParen)?;
            return Ok(bound);
        }
        let sign = sign(self.token.kind);
        if sign.is_some() {
            self.advance()?;
        }
        if !matches!(self.token.kind, TokenKind::Number | TokenKind::Duration) {
            return Err(self.unexpected());
        }
        let (number, _) = self.number()?;
        let seconds = if sign == Some(UnaryOp::Minus) {
            -number.value
        } else {
            number.value
        };
        // 2^63, which is not an i64 any more; milliseconds then saturate.
        const LIMIT: f64 = 9_223_372_036_854_775_808.0;
        if !seconds.is_finite() || seconds.abs() >= LIMIT {
            let shown = if seconds.is_finite() {
                format!("{seconds:.6}")
            } else {
                crate::print::number(seconds)
            };
            self.note(
                before,
                format!("timestamp out of bounds for @ modifier: {shown}"),
            );
        }
        Ok(At::Time((seconds * 1000.0).round() as i64))
    }

    fn mode(&mut self, mut expr: Expr, mode: RangeMode) -> Result<Expr, Stopped> {
        let before = expr.span;
        self.advance()?;
        let word = if mode == RangeMode::Anchored {
            "anchored"
        } else {
            "smoothed"
        };
        if !self.options.extended_range_selectors {
            self.note(
                before,
                format!("{word} modifier is experimental and not enabled"),
            );
            return Ok(expr);
        }
        let slot = match &mut expr.kind {
            ExprKind::Vector(vector) => &mut vector.mode,
            ExprKind::Matrix(matrix) => &mut matrix.vector.mode,
            ExprKind::Subquery(_) => {
                self.note(
                    before,
                    format!("{word} modifier is not supported for subqueries"),
                );
                return Ok(expr);
            }
            _ => {
                self.note(before, format!("{word} modifier not implemented"));
                return Ok(expr);
            }
        };
        if *slot != RangeMode::Plain && *slot != mode {
            self.note(
                before,
                "anchored and smoothed modifiers cannot be used together",
            );
        }
        *slot = mode;
        expr.span.end = self.last_end;
        Ok(expr)
    }
}
