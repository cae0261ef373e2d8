//! The UTF-8 matchers: names and values are any text; what holds a space or one of
//! ``{}!=~,\"'` `` stands in double quotes, with Go's escapes.

use binnacle_model::{MatchOp, Matcher};

use super::lexer::{Kind, Lexer, Token};
use super::quote::unquote;
use super::{MatcherError, matcher};

/// Why a wanted token was not there.
enum Missing {
    /// The text ends.
    End,
    /// Another token, or none that there is.
    Other(String),
}

impl Missing {
    /// The message, with what was wanted.
    fn wanted(self, what: &str) -> MatcherError {
        match self {
            Self::End => MatcherError(format!("end of input: {what}")),
            Self::Other(message) => MatcherError(format!("{message}: {what}")),
        }
    }
}

/// Reads any number of matchers, with or without braces.
pub(super) fn parse(text: &str) -> Result<Vec<Matcher>, MatcherError> {
    let mut lexer = Lexer::new(text);
    let mut matchers = Vec::new();
    let Some(first) = lexer.peek().map_err(MatcherError)? else {
        return Ok(matchers);
    };
    let braces = first.kind == Kind::OpenBrace;
    if braces {
        lexer.next().map_err(MatcherError)?;
    }
    let next = lexer.peek().map_err(MatcherError)?;
    if next.is_some_and(|t| t.kind != Kind::CloseBrace) {
        parse_list(&mut lexer, &mut matchers)?;
    }
    close(&mut lexer, braces)?;
    end(&mut lexer)?;
    Ok(matchers)
}

/// Reads one matcher.
pub(super) fn parse_one(text: &str) -> Result<Matcher, MatcherError> {
    let mut matchers = parse(text)?;
    match (matchers.len(), matchers.pop()) {
        (1, Some(matcher)) => Ok(matcher),
        (0, _) => Err(MatcherError("no matchers".to_owned())),
        (n, _) => Err(MatcherError(format!("expected 1 matcher, found {n}"))),
    }
}

/// Matchers with commas between them; the last may have a comma behind it.
fn parse_list(lexer: &mut Lexer<'_>, matchers: &mut Vec<Matcher>) -> Result<(), MatcherError> {
    loop {
        matchers.push(parse_matcher(lexer)?);
        match peek(lexer, &[Kind::Comma, Kind::CloseBrace]) {
            Err(Missing::End) => return Ok(()),
            Err(missing) => return Err(missing.wanted("expected a comma or close brace")),
            Ok(token) if token.kind == Kind::CloseBrace => return Ok(()),
            Ok(_) => lexer.next().map_err(MatcherError)?,
        };
        match peek(lexer, &[Kind::CloseBrace, Kind::Unquoted, Kind::Quoted]) {
            Err(Missing::End) => return Ok(()),
            Err(missing) => {
                return Err(missing.wanted("expected a matcher or close brace after comma"));
            }
            Ok(token) if token.kind == Kind::CloseBrace => return Ok(()),
            Ok(_) => {}
        }
    }
}

fn parse_matcher(lexer: &mut Lexer<'_>) -> Result<Matcher, MatcherError> {
    const TEXT: [Kind; 2] = [Kind::Quoted, Kind::Unquoted];
    const OPERATORS: [Kind; 4] = [
        Kind::Equals,
        Kind::NotEquals,
        Kind::Matches,
        Kind::NotMatches,
    ];
    let name = take(lexer, &TEXT).map_err(|m| m.wanted("expected label name"))?;
    let name = text_of(name)?;
    let op = take(lexer, &OPERATORS)
        .map_err(|m| m.wanted("expected an operator such as '=', '!=', '=~' or '!~'"))?;
    let op = match op.kind {
        Kind::NotEquals => MatchOp::NotEqual,
        Kind::Matches => MatchOp::Regex,
        Kind::NotMatches => MatchOp::NotRegex,
        _ => MatchOp::Equal,
    };
    let value = take(lexer, &TEXT).map_err(|m| m.wanted("expected label value"))?;
    matcher(&name, op, text_of(value)?)
        .map_err(|why| MatcherError(format!("failed to create matcher: {why}")))
}

/// The closing brace, when there was an opening one, and only then.
fn close(lexer: &mut Lexer<'_>, braces: bool) -> Result<(), MatcherError> {
    let column = lexer.column();
    match (take(lexer, &[Kind::CloseBrace]), braces) {
        (Ok(_), true) | (Err(_), false) => Ok(()),
        (Err(missing), true) => {
            let MatcherError(why) = missing.wanted("expected close brace");
            Err(MatcherError(format!("0:{column}: {why}")))
        }
        (Ok(token), false) => Err(MatcherError(format!(
            "0:{}: }}: expected opening brace",
            token.end
        ))),
    }
}

fn end(lexer: &mut Lexer<'_>) -> Result<(), MatcherError> {
    let what = "expected end of input";
    match lexer.next() {
        Ok(None) => Ok(()),
        Ok(Some(Token {
            text, start, end, ..
        })) => Err(MatcherError(format!("{start}:{end}: {text}: {what}"))),
        Err(why) => Err(MatcherError(format!("{why}: {what}"))),
    }
}

fn text_of(token: Token<'_>) -> Result<String, MatcherError> {
    if token.kind == Kind::Unquoted {
        return Ok(token.text.to_owned());
    }
    let Token {
        text, start, end, ..
    } = token;
    unquote(text).ok_or_else(|| MatcherError(format!("{start}:{end}: {text}: invalid input")))
}

fn peek<'a>(lexer: &Lexer<'a>, kinds: &[Kind]) -> Result<Token<'a>, Missing> {
    let token = lexer.peek().map_err(Missing::Other)?.ok_or(Missing::End)?;
    if kinds.contains(&token.kind) {
        return Ok(token);
    }
    let Token {
        text, start, end, ..
    } = token;
    Err(Missing::Other(format!("{start}:{end}: unexpected {text}")))
}

fn take<'a>(lexer: &mut Lexer<'a>, kinds: &[Kind]) -> Result<Token<'a>, Missing> {
    let token = peek(lexer, kinds)?;
    lexer.next().map_err(Missing::Other)?;
    Ok(token)
}
