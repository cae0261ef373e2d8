//! Series as test scripts and rule tests write them: a metric, and values a step
//! apart.
//!
//! ```text
//! up{job="x"} 1 2+3x4 7x2 _ _x3 stale {{schema:0 buckets:[1 2]}}x2
//! ```
//!
//! `a+bxn` is `a` and then `n` more values, each `b` further; `axn` repeats `a`
//! and `_xn` leaves out. See the documentation of Prometheus on unit tests of
//! rules.

use std::sync::Arc;

use binnacle_model::Labels;
use binnacle_model::annotation::Span;
use binnacle_model::histogram::Histogram;
use binnacle_model::sample::STALE_NAN;

use super::cursor::Cursor;
use super::histogram;
use super::{ParseError, ParseErrors, ParseOptions};
use crate::lexer::number;

/// More values than a script can mean; repetition makes it easy to ask for them.
const VALUES_MAX: usize = 1_000_000;

/// A series and its values.
#[derive(Debug, Clone, PartialEq)]
pub struct SeriesDescription {
    /// Name and labels.
    pub labels: Labels,
    /// One value for each step.
    pub values: Vec<SeriesValue>,
}

/// What a series has at one step.
#[derive(Debug, Clone, PartialEq)]
pub enum SeriesValue {
    /// Nothing.
    Omitted,
    /// A float; the staleness marker for `stale`.
    Float(f64),
    /// A native histogram.
    Histogram {
        /// The histogram.
        histogram: Arc<Histogram>,
        /// Whether its reset hint was written, so that a test wants it compared.
        hinted: bool,
    },
}

pub(super) fn parse(text: &str) -> Result<SeriesDescription, ParseErrors> {
    let metric_end = metric_end(text);
    let mut cursor = Cursor::new(&text[..metric_end], ParseOptions::default());
    let labels = match cursor.whole(Cursor::metric) {
        Ok(labels) => cursor.finish(labels)?,
        Err(_) => return Err(cursor.into_errors()),
    };
    let mut reader = Reader {
        text,
        at: metric_end,
    };
    match reader.values() {
        Ok(values) => Ok(SeriesDescription { labels, values }),
        Err(error) => Err(ParseErrors::of(error, Vec::new())),
    }
}

/// Where the metric ends and the values begin: behind the closing brace, or behind
/// the name if no brace follows at once.
fn metric_end(text: &str) -> usize {
    let name = text
        .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == ':'))
        .unwrap_or(text.len());
    if !text[name..].starts_with('{') {
        return name;
    }
    let mut quote = None;
    let mut escaped = false;
    for (at, c) in text[name..].char_indices() {
        match quote {
            Some(open) => {
                if escaped {
                    escaped = false;
                } else if c == '\\' && open != '`' {
                    escaped = true;
                } else if c == open {
                    quote = None;
                }
            }
            None if matches!(c, '"' | '\'' | '`') => quote = Some(c),
            None if c == '}' => return name + at + 1,
            None => {}
        }
    }
    text.len()
}

/// Reads values; `at` is always on the border of a character.
pub(super) struct Reader<'a> {
    text: &'a str,
    pub(super) at: usize,
}

impl<'a> Reader<'a> {
    fn values(&mut self) -> Result<Vec<SeriesValue>, ParseError> {
        let mut values = Vec::new();
        loop {
            let spaces = self.skip_spaces();
            if self.rest().is_empty() {
                return Ok(values);
            }
            if spaces == 0 {
                return Err(self.unexpected(""));
            }
            self.item(&mut values)?;
        }
    }

    fn item(&mut self, values: &mut Vec<SeriesValue>) -> Result<(), ParseError> {
        if self.rest().starts_with("{{") {
            return self.histograms(values);
        }
        let (first, step) = if self.eat('_') {
            (SeriesValue::Omitted, None)
        } else if self.word() == "stale" {
            self.at += "stale".len();
            (SeriesValue::Float(STALE_NAN), self.step()?)
        } else {
            let first = self.signed_number("number or \"stale\"")?;
            (SeriesValue::Float(first), self.step()?)
        };
        if !self.eat('x') {
            if step.is_some() {
                return Err(self.unexpected("\"x\""));
            }
            values.push(first);
            return Ok(());
        }
        // Values are repeated after the first; omissions have no first.
        let more = usize::from(first != SeriesValue::Omitted);
        let count = self.repetition(values.len())? + more;
        let mut value = first;
        for _ in 0..count {
            values.push(value.clone());
            if let (SeriesValue::Float(float), Some(step)) = (&mut value, step) {
                *float += step;
            }
        }
        Ok(())
    }

    /// `+3` of `1+3x4`.
    fn step(&mut self) -> Result<Option<f64>, ParseError> {
        if !self.rest().starts_with(['+', '-']) {
            return Ok(None);
        }
        self.signed_number("number").map(Some)
    }

    fn histograms(&mut self, values: &mut Vec<SeriesValue>) -> Result<(), ParseError> {
        let (first, mut hinted) = histogram::read(self)?;
        let mut step = None;
        for (sign, factor) in [('+', 1.0), ('-', -1.0)] {
            if step.is_none() && self.rest().starts_with(sign) {
                self.at += 1;
                let (by, by_hinted) = histogram::read(self)?;
                hinted = by_hinted;
                step = Some((by, factor));
            }
        }
        let mut value = Arc::new(first);
        if !self.eat('x') {
            if step.is_some() {
                return Err(self.unexpected("\"x\""));
            }
            values.push(SeriesValue::Histogram {
                histogram: value,
                hinted,
            });
            return Ok(());
        }
        let count = self.repetition(values.len())?;
        values.push(SeriesValue::Histogram {
            histogram: Arc::clone(&value),
            hinted,
        });
        for _ in 0..count {
            if let Some((by, factor)) = &step {
                value = Arc::new(
                    histogram::combine(&value, by, *factor).map_err(|why| self.error(why))?,
                );
            }
            values.push(SeriesValue::Histogram {
                histogram: Arc::clone(&value),
                hinted,
            });
        }
        Ok(())
    }

    fn repetition(&mut self, have: usize) -> Result<usize, ParseError> {
        let digits = self.take_while(|c| c.is_ascii_digit());
        match digits.parse::<usize>() {
            Ok(count) if count.saturating_add(have) < VALUES_MAX => Ok(count),
            _ if digits.is_empty() => Err(self.unexpected("number")),
            _ => Err(self.error(format!(
                "invalid repetition in series values: {digits} is more than {VALUES_MAX}"
            ))),
        }
    }

    pub(super) fn signed_number(&mut self, expected: &str) -> Result<f64, ParseError> {
        let negative = self.rest().starts_with('-');
        if negative || self.rest().starts_with('+') {
            self.at += 1;
        }
        let value = self.unsigned_number(expected)?;
        Ok(if negative { -value } else { value })
    }

    pub(super) fn unsigned_number(&mut self, expected: &str) -> Result<f64, ParseError> {
        let rest = self.rest();
        let word = self.word();
        let length = if word.eq_ignore_ascii_case("inf") || word.eq_ignore_ascii_case("nan") {
            word.len()
        } else {
            number::length(rest)
        };
        let Some(value) = rest
            .get(..length)
            .filter(|t| !t.is_empty())
            .and_then(number::value)
        else {
            return Err(self.unexpected(expected));
        };
        self.at += length;
        Ok(value)
    }

    pub(super) fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    pub(super) fn word(&self) -> &'a str {
        let rest = self.rest();
        let end = rest
            .find(|c: char| !(c.is_ascii_alphabetic() || c == '_'))
            .unwrap_or(rest.len());
        // The `x` of a repetition is no part of the word before it.
        match &rest[..end] {
            word if word.len() > 1 && rest[end..].starts_with(|c: char| c.is_ascii_digit()) => {
                word.strip_suffix('x').unwrap_or(word)
            }
            word => word,
        }
    }

    pub(super) fn take_while(&mut self, keep: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|c| !keep(c)).unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    pub(super) fn skip_spaces(&mut self) -> usize {
        self.take_while(crate::lexer::is_space).len()
    }

    pub(super) fn eat(&mut self, c: char) -> bool {
        let found = self.rest().starts_with(c);
        if found {
            self.at += c.len_utf8();
        }
        found
    }

    pub(super) fn unexpected(&self, expected: &str) -> ParseError {
        let found = match self.rest().chars().next() {
            Some(c) => format!("{:?}", c.to_string()),
            None => "end of input".to_owned(),
        };
        let expected = if expected.is_empty() {
            String::new()
        } else {
            format!(", expected {expected}")
        };
        self.error(format!("unexpected {found} in series values{expected}"))
    }

    pub(super) fn error(&self, message: impl Into<String>) -> ParseError {
        let span = Span {
            start: self.at,
            end: self.text.len(),
        };
        ParseError::new(self.text, span, message.into())
    }
}
