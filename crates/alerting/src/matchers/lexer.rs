//! Tokens of the UTF-8 matchers.

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub(super) enum Kind {
    OpenBrace,
    CloseBrace,
    Comma,
    Equals,
    NotEquals,
    Matches,
    NotMatches,
    Quoted,
    Unquoted,
}

/// A token and its place: columns count characters from 0, the end is exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token<'a> {
    pub(super) kind: Kind,
    pub(super) text: &'a str,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// Cuts a text into tokens. Copying it is looking ahead.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lexer<'a> {
    input: &'a str,
    /// Byte at which the next token is looked for.
    at: usize,
    /// The same in characters.
    column: usize,
}

/// Whether `c` ends a text without quotes.
pub(super) fn is_reserved(c: char) -> bool {
    c.is_whitespace() || "{}!=~,\\\"'`".contains(c)
}

impl<'a> Lexer<'a> {
    pub(super) fn new(input: &'a str) -> Self {
        Self {
            input,
            at: 0,
            column: 0,
        }
    }

    /// Characters that were taken so far.
    pub(super) fn column(&self) -> usize {
        self.column
    }

    /// The next token, or `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<Token<'a>>, String> {
        let rest = &self.input[self.at..];
        let trimmed = rest.trim_start();
        self.skip(&rest[..rest.len() - trimmed.len()]);
        let mut chars = trimmed.chars();
        let Some(first) = chars.next() else {
            return Ok(None);
        };
        let second = chars.next();
        let (kind, text) = match (first, second) {
            ('{', _) => (Kind::OpenBrace, &trimmed[..1]),
            ('}', _) => (Kind::CloseBrace, &trimmed[..1]),
            (',', _) => (Kind::Comma, &trimmed[..1]),
            ('=', Some('~')) => (Kind::Matches, &trimmed[..2]),
            ('=', _) => (Kind::Equals, &trimmed[..1]),
            ('!', Some('=')) => (Kind::NotEquals, &trimmed[..2]),
            ('!', Some('~')) => (Kind::NotMatches, &trimmed[..2]),
            ('!', _) => return Err(self.lonely_exclamation(second.is_none())),
            ('"', _) => (Kind::Quoted, self.quoted(trimmed)?),
            (c, _) if is_reserved(c) => return Err(self.refused(&trimmed[..1], "invalid input")),
            _ => {
                let end = trimmed.find(is_reserved).unwrap_or(trimmed.len());
                (Kind::Unquoted, &trimmed[..end])
            }
        };
        let start = self.column;
        self.skip(text);
        Ok(Some(Token {
            kind,
            text,
            start,
            end: self.column,
        }))
    }

    /// The next token, which stays the next one.
    pub(super) fn peek(&self) -> Result<Option<Token<'a>>, String> {
        let mut ahead = *self;
        ahead.next()
    }

    fn skip(&mut self, text: &str) {
        self.at += text.len();
        self.column += text.chars().count();
    }

    /// The text in quotes at the start of `rest`, quotes included.
    fn quoted(&self, rest: &'a str) -> Result<&'a str, String> {
        let mut escaped = false;
        for (at, c) in rest.char_indices().skip(1) {
            match c {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '"' => return Ok(&rest[..=at]),
                _ => {}
            }
        }
        Err(self.refused(rest, "missing end \""))
    }

    fn refused(&self, text: &str, why: &str) -> String {
        let (start, end) = (self.column, self.column + text.chars().count());
        format!("{start}:{end}: {text}: {why}")
    }

    fn lonely_exclamation(&self, at_end: bool) -> String {
        let (start, end) = (self.column, self.column + 1);
        let what = if at_end {
            "unexpected end of input,"
        } else {
            "!:"
        };
        format!("{start}:{end}: {what} expected one of '=~'")
    }
}
