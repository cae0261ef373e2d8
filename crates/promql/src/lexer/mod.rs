//! Text to tokens.
//!
//! The lexer is lazy and knows where it stands: within braces every word is a
//! label's name and never a keyword, within brackets only durations and their
//! operators may come. Its errors therefore appear in the order in which a reader
//! of the text would meet them. It never looks at a byte twice, but for the
//! contents of strings, which [`string::unquote`] reads again.

pub(crate) mod number;
pub(crate) mod string;
mod token;

#[cfg(test)]
mod tests;

use binnacle_model::annotation::Span;

use crate::ast::BinaryOp;
pub(crate) use token::{Keyword, Token, TokenKind};

/// Where a text stops being PromQL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LexError {
    pub(crate) span: Span,
    pub(crate) message: String,
}

/// What is known of the bracket that is open.
#[derive(Debug, Clone, Copy)]
struct Bracket {
    /// No number or duration was seen yet: only duration expressions may come.
    fresh: bool,
    /// The colon of a subquery was seen.
    colon: bool,
}

/// Reads tokens from a text.
#[derive(Debug)]
pub(crate) struct Lexer<'a> {
    text: &'a str,
    /// Where the token being read starts.
    start: usize,
    /// Where the next character stands.
    at: usize,
    parens: usize,
    in_braces: bool,
    bracket: Option<Bracket>,
}

impl<'a> Lexer<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self {
            text,
            start: 0,
            at: 0,
            parens: 0,
            in_braces: false,
            bracket: None,
        }
    }

    pub(crate) fn text(&self) -> &'a str {
        self.text
    }

    /// The next token; [`TokenKind::Eof`] at the end, again and again.
    pub(crate) fn next(&mut self) -> Result<Token, LexError> {
        self.skip_space_and_comments();
        self.start = self.at;
        let kind = if self.in_braces {
            self.inside_braces()?
        } else {
            self.statement()?
        };
        Ok(Token {
            kind,
            span: Span {
                start: self.start,
                end: self.at,
            },
        })
    }

    fn statement(&mut self) -> Result<TokenKind, LexError> {
        use TokenKind as T;
        let fresh = self.bracket.is_some_and(|bracket| bracket.fresh);
        let Some(c) = self.advance() else {
            return self.end_of_text(fresh);
        };
        Ok(match c {
            ',' => T::Comma,
            '+' => T::Operator(BinaryOp::Add),
            '-' => T::Operator(BinaryOp::Sub),
            '*' => T::Operator(BinaryOp::Mul),
            '/' => T::Operator(BinaryOp::Div),
            '%' => T::Operator(BinaryOp::Mod),
            '^' => T::Operator(BinaryOp::Pow),
            '(' => {
                self.parens += 1;
                T::LeftParen
            }
            ')' => {
                let Some(open) = self.parens.checked_sub(1) else {
                    self.start = self.at;
                    return self.fail("unexpected right parenthesis ')'".to_owned());
                };
                self.parens = open;
                T::RightParen
            }
            ']' => {
                if self.bracket.take().is_none() {
                    return self.fail("unexpected right bracket ']'".to_owned());
                }
                T::RightBracket
            }
            '0'..='9' => self.number_or_duration()?,
            '.' if self.peek().is_some_and(|c| c.is_ascii_digit()) => self.number_or_duration()?,
            ':' if self.bracket.is_some() => self.colon()?,
            'a'..='z' | 'A'..='Z' | '_' if self.bracket.is_some() => {
                self.duration_keyword(c, fresh)?
            }
            c if fresh => {
                return self.fail(format!(
                    "unexpected character in duration expression: {c:?}"
                ));
            }
            'a'..='z' | 'A'..='Z' | '_' | ':' => self.word(),
            '=' => self.after_equal()?,
            '!' => match self.advance() {
                Some('=') => T::Operator(BinaryOp::NotEqual),
                other => return self.fail(unexpected_after("'!'", other)),
            },
            '<' => match self.peek() {
                Some('=') => self.two(BinaryOp::LessOrEqual),
                Some('/') => self.two(BinaryOp::TrimUpper),
                _ => T::Operator(BinaryOp::Less),
            },
            '>' => match self.peek() {
                Some('=') => self.two(BinaryOp::GreaterOrEqual),
                Some('/') => self.two(BinaryOp::TrimLower),
                _ => T::Operator(BinaryOp::Greater),
            },
            '"' | '\'' | '`' => self.string(c)?,
            '{' => {
                self.in_braces = true;
                T::LeftBrace
            }
            '[' => {
                if self.bracket.is_some() {
                    return self.fail("unexpected left bracket '['".to_owned());
                }
                self.bracket = Some(Bracket {
                    fresh: true,
                    colon: false,
                });
                T::LeftBracket
            }
            '@' => T::At,
            c => return self.fail(format!("unexpected character: {c:?}")),
        })
    }

    fn inside_braces(&mut self) -> Result<TokenKind, LexError> {
        use TokenKind as T;
        let Some(c) = self.advance() else {
            return self.fail("unexpected end of input inside braces".to_owned());
        };
        Ok(match c {
            'a'..='z' | 'A'..='Z' | '_' => {
                self.skip_while(|b| b.is_ascii_alphanumeric() || b == b'_');
                T::Identifier
            }
            ',' => T::Comma,
            '"' | '\'' | '`' => self.string(c)?,
            '=' if self.peek() == Some('~') => {
                self.at += 1;
                T::EqualRegex
            }
            '=' => T::Assign,
            '!' => match self.advance() {
                Some('~') => T::NotRegex,
                Some('=') => T::Operator(BinaryOp::NotEqual),
                other => return self.fail(unexpected_after("'!' inside braces", other)),
            },
            '{' => return self.fail("unexpected left brace '{'".to_owned()),
            '}' => {
                self.in_braces = false;
                T::RightBrace
            }
            c => return self.fail(format!("unexpected character inside braces: {c:?}")),
        })
    }

    fn end_of_text(&mut self, fresh: bool) -> Result<TokenKind, LexError> {
        if fresh {
            return self.fail("unexpected end of input in duration expression".to_owned());
        }
        if self.parens > 0 {
            return self.fail("unclosed left parenthesis".to_owned());
        }
        if self.bracket.is_some() {
            return self.fail("unclosed left bracket".to_owned());
        }
        Ok(TokenKind::Eof)
    }

    fn after_equal(&mut self) -> Result<TokenKind, LexError> {
        match self.peek() {
            Some('=') => Ok(self.two(BinaryOp::Equal)),
            Some('~') => self.fail("unexpected character after '=': '~'".to_owned()),
            _ => Ok(TokenKind::Assign),
        }
    }

    fn colon(&mut self) -> Result<TokenKind, LexError> {
        match &mut self.bracket {
            Some(bracket) if !bracket.colon => {
                bracket.colon = true;
                Ok(TokenKind::Colon)
            }
            _ => self.fail("unexpected colon ':'".to_owned()),
        }
    }

    /// The only words that may stand in brackets.
    fn duration_keyword(&mut self, first: char, fresh: bool) -> Result<TokenKind, LexError> {
        self.skip_while(|b| b.is_ascii_alphabetic() || b == b'_');
        let word = &self.text[self.start..self.at];
        match token::keyword(word) {
            Some(
                kind @ TokenKind::Keyword(
                    Keyword::Step | Keyword::Range | Keyword::MaxOf | Keyword::MinOf,
                ),
            ) => Ok(kind),
            _ if fresh => self.fail(format!(
                "unexpected character in duration expression: {first:?}"
            )),
            _ => self.fail(format!("unexpected character: {first:?}, expected ':'")),
        }
    }

    fn word(&mut self) -> TokenKind {
        self.skip_while(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b':');
        let word = &self.text[self.start..self.at];
        match token::keyword(word) {
            // `fill` came late to the language: only with a parenthesis behind it is
            // it a keyword, so that metrics of that name go on working.
            Some(TokenKind::Keyword(Keyword::Fill | Keyword::FillLeft | Keyword::FillRight))
                if !self.text[self.at..]
                    .trim_start_matches(is_space)
                    .starts_with('(') =>
            {
                TokenKind::Identifier
            }
            Some(kind) => kind,
            None if word.contains(':') => TokenKind::MetricIdentifier,
            None => TokenKind::Identifier,
        }
    }

    fn number_or_duration(&mut self) -> Result<TokenKind, LexError> {
        if let Some(bracket) = &mut self.bracket {
            bracket.fresh = false;
        }
        let (length, kind) = number::scan(&self.text[self.start..]);
        self.at = self.start + length;
        kind.map_or_else(
            || {
                let text = &self.text[self.start..self.at];
                self.fail(format!("bad number or duration syntax: {text:?}"))
            },
            Ok,
        )
    }

    fn string(&mut self, quote: char) -> Result<TokenKind, LexError> {
        if let Some(bracket) = &mut self.bracket {
            bracket.fresh = false;
        }
        match string::scan(&self.text[self.start..], quote) {
            Ok(length) => {
                self.at = self.start + length;
                Ok(TokenKind::String)
            }
            Err(message) => self.fail(message),
        }
    }

    fn two(&mut self, op: BinaryOp) -> TokenKind {
        self.at += 1;
        TokenKind::Operator(op)
    }

    fn skip_space_and_comments(&mut self) {
        loop {
            self.skip_while(|b| is_space(char::from(b)));
            if !self.text[self.at..].starts_with('#') || self.in_fresh_bracket() {
                return;
            }
            self.skip_while(|b| b != b'\n' && b != b'\r');
        }
    }

    fn in_fresh_bracket(&self) -> bool {
        self.bracket.is_some_and(|bracket| bracket.fresh)
    }

    fn advance(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn skip_while(&mut self, skip: impl Fn(u8) -> bool) {
        let rest = &self.text.as_bytes()[self.at..];
        self.at += rest.iter().position(|&b| !skip(b)).unwrap_or(rest.len());
    }

    fn fail<T>(&self, message: String) -> Result<T, LexError> {
        // What stands behind an error cannot be understood, so the rest of the
        // text is part of it.
        Err(LexError {
            span: Span {
                start: self.start,
                end: self.text.len(),
            },
            message,
        })
    }
}

pub(crate) fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r')
}

fn unexpected_after(what: &str, found: Option<char>) -> String {
    match found {
        Some(c) => format!("unexpected character after {what}: {c:?}"),
        None => format!("unexpected end of input after {what}"),
    }
}
