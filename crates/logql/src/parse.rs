//! From a text to a tree, with places in the errors.

mod filters;
mod lexer;
mod sample;
pub(crate) mod sample_tables {
    pub(crate) use super::sample::{RANGE_OPS, VECTOR_OPS, is_comparison, precedence};
}
mod stages;
pub mod units;

use binnacle_model::annotation::Span;
use binnacle_model::matcher::MatchOp;
use binnacle_model::{Labels, Matcher};

use crate::ast::{Expr, LogExpr, Stage};
use lexer::{Token, lex};

/// Deepest nesting of an expression.
const DEPTH_MAX: usize = 200;

/// Longest query, bytes: Loki's limit.
pub const QUERY_BYTES_MAX: usize = 131_072;

/// Why a text is no query.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("parse error at line {line}, col {column}: {message}")]
pub struct ParseError {
    /// What is wrong.
    pub message: String,
    /// Where, in bytes of the text.
    pub span: Span,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

type Result<T> = std::result::Result<T, Problem>;

/// An error with its place in bytes.
#[derive(Debug)]
struct Problem {
    at: usize,
    message: String,
}

fn problem<T>(at: usize, message: impl Into<String>) -> Result<T> {
    Err(Problem {
        at,
        message: message.into(),
    })
}

/// Reads a query.
///
/// # Errors
/// When it is none; see [`ParseError`].
pub fn parse(text: &str) -> std::result::Result<Expr, ParseError> {
    with_parser(text, |p| {
        let expr = p.expr()?;
        p.end()?;
        Ok(expr)
    })
}

/// Reads a stream selector such as `{app="x"}`.
///
/// # Errors
/// When it is none.
pub fn parse_selector(text: &str) -> std::result::Result<Vec<Matcher>, ParseError> {
    with_parser(text, |p| {
        let matchers = p.matchers()?;
        p.end()?;
        Ok(matchers)
    })
}

/// Reads a selector of lines of which the labels are known: matchers, all of which may
/// match the empty text, and line filters. This is what a `match` stage of Promtail takes.
///
/// # Errors
/// When it is none, has no matcher at all, or has other stages than line filters.
pub fn parse_line_selector(text: &str) -> std::result::Result<LogExpr, ParseError> {
    with_parser(text, |p| {
        let start = p.at();
        let matchers = p.matchers()?;
        if matchers.is_empty() {
            return problem(start, "a selector needs at least one matcher");
        }
        let log = LogExpr {
            matchers,
            stages: Vec::new(),
            span: Span { start, end: start },
        };
        let log = p.with_stages(log, start)?;
        p.end()?;
        match log.stages.iter().all(|s| matches!(s, Stage::Line(_))) {
            true => Ok(log),
            false => problem(start, "only line filters may stand behind this selector"),
        }
    })
}

/// Reads the labels of a stream, as senders write them: `{app="x", env="y"}`.
///
/// # Errors
/// When a matcher is not `=`.
pub fn parse_labels(text: &str) -> std::result::Result<Labels, ParseError> {
    with_parser(text, |p| {
        let matchers = p.matchers()?;
        p.end()?;
        if matchers.iter().any(|m| m.op != MatchOp::Equal) {
            return problem(0, "labels are set by =");
        }
        Ok(Labels::from_pairs(
            matchers.iter().map(|m| (&m.name, &m.value)),
        ))
    })
}

fn with_parser<T>(
    text: &str,
    read: impl FnOnce(&mut Parser<'_>) -> Result<T>,
) -> std::result::Result<T, ParseError> {
    let run = || {
        if text.len() > QUERY_BYTES_MAX {
            return problem(
                0,
                format!("input size too long ({} > {QUERY_BYTES_MAX})", text.len()),
            );
        }
        let tokens = lex(text)?;
        read(&mut Parser {
            text,
            tokens,
            next: 0,
            depth: 0,
        })
    };
    run().map_err(|p| {
        let at = p.at.min(text.len());
        let before = text.get(..at).unwrap_or(text);
        let line = before.matches('\n').count() + 1;
        let start = before.rfind('\n').map_or(0, |i| i + 1);
        ParseError {
            message: p.message,
            span: Span { start: at, end: at },
            line,
            column: before[start..].chars().count() + 1,
        }
    })
}

struct Parser<'t> {
    text: &'t str,
    tokens: Vec<(Token, usize, usize)>,
    next: usize,
    depth: usize,
}

impl Parser<'_> {
    fn peek(&self) -> &Token {
        self.tokens.get(self.next).map_or(&Token::End, |t| &t.0)
    }

    fn peek_second(&self) -> &Token {
        self.tokens.get(self.next + 1).map_or(&Token::End, |t| &t.0)
    }

    /// Where the next token begins.
    fn at(&self) -> usize {
        self.tokens.get(self.next).map_or(self.text.len(), |t| t.1)
    }

    /// Where the last token ended.
    fn behind(&self) -> usize {
        self.next
            .checked_sub(1)
            .and_then(|i| self.tokens.get(i))
            .map_or(0, |t| t.2)
    }

    fn take(&mut self) -> Token {
        let token = self.peek().clone();
        self.next += 1;
        token
    }

    fn eat(&mut self, symbol: &str) -> bool {
        let found = matches!(self.peek(), Token::Symbol(s) if *s == symbol);
        if found {
            self.next += 1;
        }
        found
    }

    fn is_symbol(&self, symbol: &str) -> bool {
        matches!(self.peek(), Token::Symbol(s) if *s == symbol)
    }

    fn is_word(&self, word: &str) -> bool {
        matches!(self.peek(), Token::Word(w) if w.eq_ignore_ascii_case(word))
    }

    fn eat_word(&mut self, word: &str) -> bool {
        let found = self.is_word(word);
        if found {
            self.next += 1;
        }
        found
    }

    fn expect(&mut self, symbol: &str) -> Result<()> {
        if self.eat(symbol) {
            return Ok(());
        }
        self.unexpected(&format!("expecting {symbol:?}"))
    }

    fn unexpected<T>(&self, wanted: &str) -> Result<T> {
        problem(
            self.at(),
            format!("syntax error: unexpected {}, {wanted}", self.peek()),
        )
    }

    fn end(&self) -> Result<()> {
        match self.peek() {
            Token::End => Ok(()),
            _ => self.unexpected("expecting the end of the query"),
        }
    }

    fn word(&mut self) -> Result<String> {
        match self.peek() {
            Token::Word(word) => {
                let word = word.clone();
                self.next += 1;
                Ok(word)
            }
            _ => self.unexpected("expecting a name"),
        }
    }

    fn string(&mut self) -> Result<String> {
        match self.peek() {
            Token::Text(text) => {
                let text = text.clone();
                self.next += 1;
                Ok(text)
            }
            _ => self.unexpected("expecting a string"),
        }
    }

    fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        if self.depth >= DEPTH_MAX {
            return problem(
                self.at(),
                format!("the query is nested more than {DEPTH_MAX} deep"),
            );
        }
        self.depth += 1;
        let result = read(self);
        self.depth -= 1;
        result
    }

    /// A whole query.
    fn expr(&mut self) -> Result<Expr> {
        if self.is_log_ahead() {
            let start = self.at();
            let log = self.log()?;
            if let Some((op, _)) = self.binary_op() {
                return problem(start, sample::lines_as_operand("left", op));
            }
            self.end()?;
            return Ok(Expr::Log(log));
        }
        self.sample().map(Expr::Sample)
    }

    /// Whether a log expression, perhaps in parentheses, comes.
    fn is_log_ahead(&self) -> bool {
        let mut at = self.next;
        while matches!(self.tokens.get(at), Some((Token::Symbol("("), ..))) {
            at += 1;
        }
        matches!(self.tokens.get(at), Some((Token::Symbol("{"), ..)))
    }

    /// `{…}` and the stages behind it.
    fn log(&mut self) -> Result<LogExpr> {
        let start = self.at();
        if self.eat("(") {
            let inner = self.deeper(Self::log)?;
            self.expect(")")?;
            return self.with_stages(inner, start);
        }
        let matchers = self.selector()?;
        let log = LogExpr {
            matchers,
            stages: Vec::new(),
            span: Span { start, end: start },
        };
        self.with_stages(log, start)
    }

    fn with_stages(&mut self, mut log: LogExpr, start: usize) -> Result<LogExpr> {
        self.stages(&mut log.stages)?;
        log.span = Span {
            start,
            end: self.behind(),
        };
        Ok(log)
    }

    /// Matchers of which one at least does not match the empty text.
    fn selector(&mut self) -> Result<Vec<Matcher>> {
        let at = self.at();
        let matchers = self.matchers()?;
        if matchers.iter().all(Matcher::matches_empty) {
            return problem(
                at,
                "queries require at least one regexp or equality matcher that does not have an \
                 empty-compatible value. For instance, app=~\".*\" does not meet this \
                 requirement, but app=~\".+\" will",
            );
        }
        Ok(matchers)
    }

    fn matchers(&mut self) -> Result<Vec<Matcher>> {
        self.expect("{")?;
        let mut matchers = Vec::new();
        while !self.eat("}") {
            if !matchers.is_empty() {
                self.expect(",")?;
                if self.eat("}") {
                    break;
                }
            }
            matchers.push(self.matcher()?);
        }
        Ok(matchers)
    }

    fn matcher(&mut self) -> Result<Matcher> {
        let name = match self.peek() {
            Token::Text(_) => self.string()?,
            _ => self.word()?,
        };
        let op = self.match_op()?;
        let at = self.at();
        let value = self.string()?;
        Matcher::new(name, op, value).map_err(|e| Problem {
            at,
            message: e.to_string(),
        })
    }

    fn match_op(&mut self) -> Result<MatchOp> {
        let op = match self.peek() {
            Token::Symbol("=") => MatchOp::Equal,
            Token::Symbol("!=") => MatchOp::NotEqual,
            Token::Symbol("=~") => MatchOp::Regex,
            Token::Symbol("!~") => MatchOp::NotRegex,
            _ => return self.unexpected("expecting =, !=, =~ or !~"),
        };
        self.next += 1;
        Ok(op)
    }
}
