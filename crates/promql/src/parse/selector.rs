//! Instant selectors: `up{job="x"}`, `{"http.requests", job=~"a|b"}`.

use binnacle_model::annotation::Span;
use binnacle_model::labels::METRIC_NAME;
use binnacle_model::{MatchOp, Matcher};

use super::cursor::{Context, Cursor, Stopped};
use crate::ast::{BinaryOp, Duration, Expr, ExprKind, RangeMode, VectorSelector};
use crate::lexer::TokenKind;

const MATCHING: &str = "label matching";

impl Cursor<'_> {
    pub(super) fn vector_selector(&mut self) -> Result<Expr, Stopped> {
        let start = self.token.span.start;
        let mut name = None;
        if self.token.kind.is_metric_name() {
            let span = self.advance()?.span;
            name = Some(self.written(span).to_owned());
        } else if self.token.kind != TokenKind::LeftBrace {
            return Err(self.unexpected());
        }
        let mut matchers = Vec::new();
        if self.token.kind == TokenKind::LeftBrace {
            self.matchers(&mut matchers)?;
        }
        let span = self.span_from(start);
        if let Some(name) = &name {
            for matcher in matchers
                .iter()
                .filter(|matcher| matcher.name == METRIC_NAME)
            {
                let message = format!(
                    "metric name must not be set twice: {name:?} or {:?}",
                    matcher.value
                );
                self.note(span, message);
            }
            matchers.push(Matcher::equal(METRIC_NAME, name.clone()));
        }
        let vector = VectorSelector {
            name,
            matchers,
            offset: Duration::Fixed(0),
            at: None,
            mode: RangeMode::Plain,
        };
        Ok(Expr {
            kind: ExprKind::Vector(vector),
            span,
        })
    }

    fn matchers(&mut self, matchers: &mut Vec<Matcher>) -> Result<(), Stopped> {
        self.expect(TokenKind::LeftBrace)?;
        while self.token.kind != TokenKind::RightBrace {
            if let Some(matcher) = self.matcher()? {
                matchers.push(matcher);
            }
            match self.token.kind {
                TokenKind::Comma => self.advance()?,
                TokenKind::RightBrace => break,
                _ => return Err(self.wrong_matcher("\",\" or \"}\"")),
            };
        }
        self.advance()?;
        Ok(())
    }

    /// One matcher; `None` after an error that does not keep the rest from being
    /// read.
    fn matcher(&mut self) -> Result<Option<Matcher>, Stopped> {
        let quoted = self.token.kind == TokenKind::String;
        let (name, name_span) = match self.token.kind {
            TokenKind::Identifier => {
                let span = self.advance()?.span;
                (self.written(span).to_owned(), span)
            }
            TokenKind::String => self.string()?,
            _ => return Err(self.wrong_matcher("identifier or \"}\"")),
        };
        let op = match self.token.kind {
            TokenKind::Assign => MatchOp::Equal,
            TokenKind::Operator(BinaryOp::NotEqual) => MatchOp::NotEqual,
            TokenKind::EqualRegex => MatchOp::Regex,
            TokenKind::NotRegex => MatchOp::NotRegex,
            TokenKind::Comma | TokenKind::RightBrace if quoted => {
                return Ok(Some(Matcher::equal(METRIC_NAME, name)));
            }
            _ if quoted => return Err(self.wrong_matcher("\",\" or \"}\"")),
            _ => return Err(self.wrong_matcher("label matching operator")),
        };
        self.advance()?;
        if self.token.kind != TokenKind::String {
            return Err(self.wrong_matcher("string"));
        }
        let (value, value_span) = self.string()?;
        match Matcher::new(name, op, value) {
            Ok(matcher) => Ok(Some(matcher)),
            Err(error) => {
                let span = Span {
                    start: name_span.start,
                    end: value_span.end,
                };
                self.note(span, error.to_string());
                Ok(None)
            }
        }
    }

    fn wrong_matcher(&mut self, expected: &'static str) -> Stopped {
        self.unexpected_in(Context {
            place: MATCHING,
            expected,
        })
    }
}
