//! Conditions on labels.

use super::lexer::Token;
use super::{Parser, Problem, Result, problem};
use crate::ast::{CompareOp, LabelFilter};
use binnacle_model::Matcher;
use binnacle_model::matcher::MatchOp;

impl Parser<'_> {
    pub(super) fn label_filter(&mut self) -> Result<LabelFilter> {
        let mut left = self.filter_and()?;
        while self.eat_word("or") {
            let right = self.filter_and()?;
            left = LabelFilter::Or(Box::new(left), Box::new(right));
        }
        Ok(left)
    }

    fn filter_and(&mut self) -> Result<LabelFilter> {
        let mut left = self.filter_one()?;
        loop {
            let goes_on = self.eat_word("and")
                || self.eat(",")
                || self.is_symbol("(")
                || matches!(
                    (self.peek(), self.peek_second()),
                    (
                        Token::Word(_),
                        Token::Symbol("=" | "!=" | "=~" | "!~" | "==" | ">" | ">=" | "<" | "<=")
                    )
                );
            if !goes_on {
                return Ok(left);
            }
            let right = self.filter_one()?;
            left = LabelFilter::And(Box::new(left), Box::new(right));
        }
    }

    fn filter_one(&mut self) -> Result<LabelFilter> {
        if self.eat("(") {
            let inner = self.deeper(Self::label_filter)?;
            self.expect(")")?;
            return Ok(inner);
        }
        let name = self.word()?;
        let at = self.at();
        let Token::Symbol(symbol) = self.take() else {
            self.next -= 1;
            return self.unexpected("expecting a comparison");
        };
        if self.is_word("ip") && matches!(self.peek_second(), Token::Symbol("(")) {
            let op = match symbol {
                "=" => MatchOp::Equal,
                "!=" => MatchOp::NotEqual,
                _ => return self.unexpected("which goes with = and != alone"),
            };
            self.next += 2;
            let pattern = self.string()?;
            self.expect(")")?;
            return Ok(LabelFilter::Ip { name, op, pattern });
        }
        if let Token::Text(_) = self.peek() {
            let op = match symbol {
                "=" => MatchOp::Equal,
                "!=" => MatchOp::NotEqual,
                "=~" => MatchOp::Regex,
                "!~" => MatchOp::NotRegex,
                _ => return problem(at, format!("{symbol:?} does not compare with a string")),
            };
            let at = self.at();
            let value = self.string()?;
            return Matcher::new(name, op, value)
                .map(LabelFilter::Text)
                .map_err(|e| Problem {
                    at,
                    message: e.to_string(),
                });
        }
        let op = match symbol {
            "=" | "==" => CompareOp::Equal,
            "!=" => CompareOp::NotEqual,
            ">" => CompareOp::Greater,
            ">=" => CompareOp::GreaterOrEqual,
            "<" => CompareOp::Less,
            "<=" => CompareOp::LessOrEqual,
            _ => return self.unexpected("expecting a string"),
        };
        self.filter_value(name, op)
    }

    fn filter_value(&mut self, name: String, op: CompareOp) -> Result<LabelFilter> {
        let negative = self.eat("-");
        if !negative {
            self.eat("+");
        }
        let sign = if negative { "-" } else { "" };
        match self.take() {
            Token::Number(value) => Ok(LabelFilter::Number {
                name,
                op,
                value: if negative { -value } else { value },
            }),
            Token::Duration(text, ns) => Ok(LabelFilter::Duration {
                name,
                op,
                text: format!("{sign}{text}"),
                value_ns: if negative { -ns } else { ns },
            }),
            Token::Bytes(text, value) if !negative => Ok(LabelFilter::Bytes {
                name,
                op,
                text,
                value,
            }),
            _ => {
                self.next -= 1;
                self.unexpected("expecting a string, a number, a duration or a size")
            }
        }
    }
}
