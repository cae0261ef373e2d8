//! Where the parser stands: the token at hand, what was read before it, and what
//! was found wrong so far.

use binnacle_model::annotation::Span;

use super::{HEIGHT_MAX, ParseError, ParseErrors, ParseOptions};
use crate::lexer::{Lexer, Token, TokenKind};

/// How deep the parser may call itself. Each level takes several stack frames of
/// the parser, but only one of the height of the tree.
const DEPTH_MAX: usize = 128;

/// The text cannot be read further; why is in the list of errors.
#[derive(Debug)]
pub(super) struct Stopped;

/// What is being read, for the words of an error: `unexpected … in aggregation`.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Context {
    pub(super) place: &'static str,
    pub(super) expected: &'static str,
}

#[derive(Debug)]
pub(super) struct Cursor<'a> {
    lexer: Lexer<'a>,
    pub(super) options: ParseOptions,
    pub(super) errors: Vec<ParseError>,
    /// The token at hand, which was not consumed yet.
    pub(super) token: Token,
    /// Where the token before it ends.
    pub(super) last_end: usize,
    pub(super) context: Context,
    /// Height of the tree that was read last.
    pub(super) height: usize,
    depth: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a str, options: ParseOptions) -> Self {
        Self {
            lexer: Lexer::new(text),
            options,
            errors: Vec::new(),
            token: Token {
                kind: TokenKind::Eof,
                span: Span::default(),
            },
            last_end: 0,
            context: Context::default(),
            height: 0,
            depth: 0,
        }
    }

    /// Reads the whole text with `read`, which must leave nothing over.
    pub(super) fn whole<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, Stopped>,
    ) -> Result<T, Stopped> {
        self.advance()?;
        let value = read(self)?;
        if self.token.kind == TokenKind::Eof {
            Ok(value)
        } else {
            Err(self.unexpected())
        }
    }

    /// `value`, unless something was wrong on the way.
    pub(super) fn finish<T>(self, value: T) -> Result<T, ParseErrors> {
        match ParseErrors::from_list(self.errors) {
            None => Ok(value),
            Some(errors) => Err(errors),
        }
    }

    /// What was wrong, after the reader stopped.
    pub(super) fn into_errors(mut self) -> ParseErrors {
        let last = || ParseError::new("", Span::default(), "unreadable query".to_owned());
        let first = if self.errors.is_empty() {
            last()
        } else {
            self.errors.remove(0)
        };
        ParseErrors::of(first, self.errors)
    }

    pub(super) fn text(&self) -> &'a str {
        self.lexer.text()
    }

    pub(super) fn written(&self, span: Span) -> &'a str {
        self.lexer
            .text()
            .get(span.start..span.end)
            .unwrap_or_default()
    }

    /// Goes to the next token and answers the one that was at hand.
    pub(super) fn advance(&mut self) -> Result<Token, Stopped> {
        let consumed = self.token;
        self.last_end = consumed.span.end;
        match self.lexer.next() {
            Ok(token) => {
                self.token = token;
                Ok(consumed)
            }
            Err(error) => Err(self.stop(error.span, error.message)),
        }
    }

    /// Goes on if the token at hand is a `kind`.
    pub(super) fn eat(&mut self, kind: TokenKind) -> Result<bool, Stopped> {
        if self.token.kind != kind {
            return Ok(false);
        }
        self.advance()?;
        Ok(true)
    }

    pub(super) fn expect(&mut self, kind: TokenKind) -> Result<Token, Stopped> {
        if self.token.kind == kind {
            self.advance()
        } else {
            Err(self.unexpected())
        }
    }

    /// Notes an error and reads on.
    pub(super) fn note(&mut self, span: Span, message: impl Into<String>) {
        self.errors
            .push(ParseError::new(self.text(), span, message.into()));
    }

    /// Notes an error and stops.
    pub(super) fn stop(&mut self, span: Span, message: impl Into<String>) -> Stopped {
        self.note(span, message);
        Stopped
    }

    /// The token at hand cannot stand where it does.
    pub(super) fn unexpected(&mut self) -> Stopped {
        self.unexpected_in(self.context)
    }

    pub(super) fn unexpected_in(&mut self, context: Context) -> Stopped {
        let mut message = format!("unexpected {}", self.token.describe(self.text()));
        if !context.place.is_empty() {
            message += " in ";
            message += context.place;
        }
        if !context.expected.is_empty() {
            message += ", expected ";
            message += context.expected;
        }
        self.stop(self.token.span, message)
    }

    /// Reads with `read`, whose errors name `place`.
    pub(super) fn within<T>(
        &mut self,
        place: &'static str,
        expected: &'static str,
        read: impl FnOnce(&mut Self) -> Result<T, Stopped>,
    ) -> Result<T, Stopped> {
        let outer = std::mem::replace(&mut self.context, Context { place, expected });
        let value = read(self)?;
        self.context = outer;
        Ok(value)
    }

    /// Reads one level deeper with `read`.
    pub(super) fn deeper<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, Stopped>,
    ) -> Result<T, Stopped> {
        if self.depth == DEPTH_MAX {
            let message = format!("expression is nested deeper than {DEPTH_MAX} levels");
            return Err(self.stop(self.token.span, message));
        }
        self.depth += 1;
        let value = read(self)?;
        self.depth -= 1;
        Ok(value)
    }

    /// Whether what is read is the query itself and no part of it.
    pub(super) fn is_outermost(&self) -> bool {
        self.depth == 0
    }

    /// Notes that the tree just read grew by one level over its highest part.
    pub(super) fn grow(&mut self, highest_part: usize) -> Result<(), Stopped> {
        self.height = highest_part + 1;
        if self.height > HEIGHT_MAX {
            let message = format!(
                "expression has more than {HEIGHT_MAX} operators in a row: split it, or put parts of it in parentheses"
            );
            return Err(self.stop(self.token.span, message));
        }
        Ok(())
    }

    /// From `start` to the end of what was consumed last.
    pub(super) fn span_from(&self, start: usize) -> Span {
        Span {
            start,
            end: self.last_end,
        }
    }
}
