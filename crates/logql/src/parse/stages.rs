//! Stages of a pipeline.

use super::lexer::Token;
use super::{Parser, Problem, Result, problem};
use crate::ast::{
    Extraction, LabelFormat, LabelFormatValue, LineFilter, LineOp, LineOperand, NamedMatcher, Stage,
};
use binnacle_model::Matcher;
use binnacle_model::event::LineRegex;

impl Parser<'_> {
    /// All stages that come; stops before `| unwrap`.
    pub(super) fn stages(&mut self, out: &mut Vec<Stage>) -> Result<()> {
        loop {
            if let Some(op) = self.line_op() {
                self.next += 1;
                out.push(Stage::Line(self.line_filter(op)?));
                continue;
            }
            let is_unwrap =
                matches!(self.peek_second(), Token::Word(w) if w.eq_ignore_ascii_case("unwrap"));
            if !self.is_symbol("|") || is_unwrap {
                return Ok(());
            }
            self.next += 1;
            out.push(self.stage()?);
        }
    }

    fn line_op(&self) -> Option<LineOp> {
        Some(match self.peek() {
            Token::Symbol("|=") => LineOp::Contains,
            Token::Symbol("!=") => LineOp::NotContains,
            Token::Symbol("|~") => LineOp::Matches,
            Token::Symbol("!~") => LineOp::NotMatches,
            Token::Symbol("|>") => LineOp::Pattern,
            Token::Symbol("!>") => LineOp::NotPattern,
            _ => return None,
        })
    }

    fn line_filter(&mut self, op: LineOp) -> Result<LineFilter> {
        let mut any = vec![self.line_operand(op)?];
        while self.eat_word("or") {
            any.push(self.line_operand(op)?);
        }
        Ok(LineFilter { op, any })
    }

    fn line_operand(&mut self, op: LineOp) -> Result<LineOperand> {
        let at = self.at();
        if self.is_word("ip") && matches!(self.peek_second(), Token::Symbol("(")) {
            self.next += 2;
            let pattern = self.string()?;
            self.expect(")")?;
            if !matches!(op, LineOp::Contains | LineOp::NotContains) {
                return problem(at, "ip() goes with |= and != alone");
            }
            crate::stage::ip::IpPattern::new(&pattern)
                .map_err(|message| Problem { at, message })?;
            return Ok(LineOperand::Ip(pattern));
        }
        let text = self.string()?;
        match op {
            LineOp::Matches | LineOp::NotMatches => {
                LineRegex::new(&text).map_err(|e| Problem {
                    at,
                    message: e.to_string(),
                })?;
            }
            LineOp::Pattern | LineOp::NotPattern => {
                crate::stage::pattern::Template::of_line(&text)
                    .map_err(|message| Problem { at, message })?;
            }
            LineOp::Contains | LineOp::NotContains => {}
        }
        Ok(LineOperand::Text(text))
    }

    fn stage(&mut self) -> Result<Stage> {
        let at = self.at();
        let Token::Word(word) = self.peek().clone() else {
            return self.label_filter().map(Stage::Filter);
        };
        let is_filter = matches!(
            self.peek_second(),
            Token::Symbol("=" | "!=" | "=~" | "!~" | "==" | ">" | ">=" | "<" | "<=")
        );
        if is_filter {
            return self.label_filter().map(Stage::Filter);
        }
        self.next += 1;
        match word.to_ascii_lowercase().as_str() {
            "json" => Ok(Stage::Json(self.extractions()?)),
            "logfmt" => self.logfmt(),
            "regexp" => {
                let text = self.string()?;
                crate::stage::regexp::check(&text).map_err(|message| Problem { at, message })?;
                Ok(Stage::Regexp(text))
            }
            "pattern" => {
                let text = self.string()?;
                crate::stage::pattern::Template::of_parser(&text)
                    .map_err(|message| Problem { at, message })?;
                Ok(Stage::Pattern(text))
            }
            "unpack" => Ok(Stage::Unpack),
            "decolorize" => Ok(Stage::Decolorize),
            "line_format" => {
                let text = self.string()?;
                crate::stage::format::check(&text).map_err(|message| Problem { at, message })?;
                Ok(Stage::LineFormat(text))
            }
            "label_format" => self.label_format(),
            "drop" => Ok(Stage::Drop(self.named_matchers()?)),
            "keep" => Ok(Stage::Keep(self.named_matchers()?)),
            "distinct" => problem(at, "the distinct stage was removed from LogQL"),
            _ => {
                self.next -= 1;
                self.unexpected(
                    "expecting a stage (json, logfmt, regexp, pattern, unpack, line_format, \
                     label_format, decolorize, drop, keep, unwrap) or a label filter",
                )
            }
        }
    }

    fn logfmt(&mut self) -> Result<Stage> {
        let (mut strict, mut keep_empty) = (false, false);
        loop {
            if self.eat_word("--strict") {
                strict = true;
            } else if self.eat_word("--keep-empty") {
                keep_empty = true;
            } else {
                break;
            }
        }
        Ok(Stage::Logfmt {
            strict,
            keep_empty,
            extractions: self.extractions()?,
        })
    }

    fn extractions(&mut self) -> Result<Vec<Extraction>> {
        let mut all = Vec::new();
        while matches!(self.peek(), Token::Word(w) if !is_connective(w)) {
            let at = self.at();
            let label = self.word()?;
            let expression = if self.eat("=") {
                self.string()?
            } else {
                label.clone()
            };
            if expression.is_empty() {
                return problem(at, "an extraction needs an expression");
            }
            all.push(Extraction { label, expression });
            if !self.eat(",") {
                break;
            }
        }
        Ok(all)
    }

    fn label_format(&mut self) -> Result<Stage> {
        let mut all: Vec<LabelFormat> = Vec::new();
        loop {
            let at = self.at();
            let label = self.word()?;
            self.expect("=")?;
            let value = match self.peek() {
                Token::Text(_) => {
                    let text = self.string()?;
                    crate::stage::format::check(&text)
                        .map_err(|message| Problem { at, message })?;
                    LabelFormatValue::Template(text)
                }
                _ => LabelFormatValue::Rename(self.word()?),
            };
            if label == "__error__" {
                return problem(at, "__error__ cannot be formatted");
            }
            if all.iter().any(|f| f.label == label) {
                return problem(
                    at,
                    format!(
                        "multiple label name '{label}' not allowed in a single format operation"
                    ),
                );
            }
            all.push(LabelFormat { label, value });
            if !self.eat(",") {
                return Ok(Stage::LabelFormat(all));
            }
        }
    }

    fn named_matchers(&mut self) -> Result<Vec<NamedMatcher>> {
        let mut all = Vec::new();
        loop {
            let name = self.word()?;
            let is_matcher = matches!(self.peek(), Token::Symbol("=" | "!=" | "=~" | "!~"))
                && matches!(self.peek_second(), Token::Text(_));
            if is_matcher {
                let op = self.match_op()?;
                let at = self.at();
                let value = self.string()?;
                let matcher = Matcher::new(name, op, value).map_err(|e| Problem {
                    at,
                    message: e.to_string(),
                })?;
                all.push(NamedMatcher::Matcher(matcher));
            } else {
                all.push(NamedMatcher::Name(name));
            }
            if !self.eat(",") {
                return Ok(all);
            }
        }
    }
}

/// Words that cannot be the name of an extraction because they go on with something else.
fn is_connective(word: &str) -> bool {
    ["and", "or", "unless", "offset", "by", "without"]
        .iter()
        .any(|w| word.eq_ignore_ascii_case(w))
}
