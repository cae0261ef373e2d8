//! Text to tokens: what lies outside of `{{` and `}}` is one token, trimmed by `-`
//! markers; inside, the tokens of pipelines.

/// Kinds of tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The token's text is a message.
    Error,
    Bool,
    /// A printable character that means something in its place, such as a comma.
    Char,
    CharConstant,
    /// A number with an imaginary part.
    Complex,
    Assign,
    Declare,
    Eof,
    Field,
    Identifier,
    LeftDelim,
    LeftParen,
    Number,
    Pipe,
    RawString,
    RightDelim,
    RightParen,
    Space,
    Str,
    Text,
    Variable,
    Dot,
    Nil,
    Keyword(Keyword),
}

/// The words that begin an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keyword {
    Block,
    Break,
    Continue,
    Define,
    Else,
    End,
    If,
    Range,
    Template,
    With,
}

const KEYWORDS: [(&str, Keyword); 10] = [
    ("block", Keyword::Block),
    ("break", Keyword::Break),
    ("continue", Keyword::Continue),
    ("define", Keyword::Define),
    ("else", Keyword::Else),
    ("end", Keyword::End),
    ("if", Keyword::If),
    ("range", Keyword::Range),
    ("template", Keyword::Template),
    ("with", Keyword::With),
];

/// A token.
#[derive(Debug, Clone)]
pub(crate) struct Token<'t> {
    pub kind: Kind,
    /// Its text, or the message of an error.
    pub text: std::borrow::Cow<'t, str>,
    /// Byte in the whole text.
    pub pos: u32,
    /// Line, from 1.
    pub line: u32,
}

impl std::fmt::Display for Token<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.kind {
            Kind::Eof => f.write_str("EOF"),
            Kind::Error => f.write_str(&self.text),
            Kind::Keyword(_) | Kind::Dot | Kind::Nil => write!(f, "<{}>", self.text),
            _ if self.text.chars().count() > 10 => {
                let head: String = self.text.chars().take(10).collect();
                write!(f, "{}...", crate::format::quote(&head))
            }
            _ => f.write_str(&crate::format::quote(&self.text)),
        }
    }
}

/// Where the lexer stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Text,
    LeftDelim,
    Action,
    Done,
}

const LEFT: &str = "{{";
const RIGHT: &str = "}}";
/// A space and the `-`, or the other way round.
const MARKER_BYTES: usize = 2;

pub(crate) struct Lexer<'t> {
    input: &'t str,
    pos: usize,
    start: usize,
    line: u32,
    place: Place,
    parens: u32,
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

fn is_word(c: char) -> bool {
    c == '_' || c.is_alphabetic() || c.is_numeric()
}

fn trims_left(text: &str) -> bool {
    text.starts_with('-') && text[1..].starts_with(is_space)
}

fn trims_right(text: &str) -> bool {
    text.starts_with(is_space) && text[1..].starts_with('-')
}

impl<'t> Lexer<'t> {
    pub(crate) fn new(input: &'t str) -> Self {
        Self {
            input,
            pos: 0,
            start: 0,
            line: 1,
            place: Place::Text,
            parens: 0,
        }
    }

    fn rest(&self) -> &'t str {
        &self.input[self.pos..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn bump(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.pos += c.len_utf8();
        Some(c)
    }

    fn accept(&mut self, valid: &str) -> bool {
        let found = self.peek().is_some_and(|c| valid.contains(c));
        if found {
            self.pos += 1;
        }
        found
    }

    fn accept_run(&mut self, valid: &str) {
        while self.accept(valid) {}
    }

    /// The token from `start` to here.
    fn emit(&mut self, kind: Kind) -> Token<'t> {
        let text = &self.input[self.start..self.pos];
        let token = Token {
            kind,
            text: text.into(),
            pos: u32::try_from(self.start).unwrap_or(u32::MAX),
            line: self.line,
        };
        self.skip();
        token
    }

    fn skip(&mut self) {
        let passed = &self.input.as_bytes()[self.start..self.pos];
        let lines = passed.iter().filter(|b| **b == b'\n').count();
        self.line += u32::try_from(lines).unwrap_or(0);
        self.start = self.pos;
    }

    fn error(&mut self, message: impl Into<String>) -> Token<'t> {
        self.place = Place::Done;
        Token {
            kind: Kind::Error,
            text: message.into().into(),
            pos: u32::try_from(self.start).unwrap_or(u32::MAX),
            line: self.line,
        }
    }

    /// The next token; after the end or an error, the end for ever.
    pub(crate) fn next(&mut self) -> Token<'t> {
        loop {
            let token = match self.place {
                Place::Text => self.text(),
                Place::LeftDelim => self.left_delim(),
                Place::Action => Some(self.action()),
                Place::Done => {
                    self.start = self.pos;
                    Some(self.emit(Kind::Eof))
                }
            };
            if let Some(token) = token {
                return token;
            }
        }
    }

    fn text(&mut self) -> Option<Token<'t>> {
        let Some(found) = self.rest().find(LEFT) else {
            self.pos = self.input.len();
            self.place = Place::Done;
            return (self.pos > self.start).then(|| self.emit(Kind::Text));
        };
        let delim = self.pos + found;
        let mut text = &self.input[self.start..delim];
        if trims_left(&self.input[delim + LEFT.len()..]) {
            text = text.trim_end_matches(is_space);
        }
        self.pos = self.start + text.len();
        let token = (!text.is_empty()).then(|| self.emit(Kind::Text));
        self.pos = delim;
        self.skip();
        self.place = Place::LeftDelim;
        token
    }

    fn left_delim(&mut self) -> Option<Token<'t>> {
        self.pos += LEFT.len();
        let marker = if trims_left(self.rest()) {
            MARKER_BYTES
        } else {
            0
        };
        if self.input[self.pos + marker..].starts_with("/*") {
            self.pos += marker;
            self.skip();
            return self.comment();
        }
        let token = self.emit(Kind::LeftDelim);
        self.pos += marker;
        self.skip();
        self.parens = 0;
        self.place = Place::Action;
        Some(token)
    }

    fn comment(&mut self) -> Option<Token<'t>> {
        let Some(end) = self.input[self.pos + 2..].find("*/") else {
            return Some(self.error("unclosed comment"));
        };
        self.pos += 2 + end + 2;
        let Some(trim) = self.at_right_delim() else {
            return Some(self.error("comment ends before closing delimiter"));
        };
        if trim {
            self.pos += MARKER_BYTES;
        }
        self.pos += RIGHT.len();
        if trim {
            self.pass_spaces();
        }
        self.skip();
        self.place = Place::Text;
        None
    }

    /// Whether `}}` is next, and with a trim marker.
    fn at_right_delim(&self) -> Option<bool> {
        let rest = self.rest();
        if trims_right(rest) && rest[MARKER_BYTES..].starts_with(RIGHT) {
            return Some(true);
        }
        rest.starts_with(RIGHT).then_some(false)
    }

    fn right_delim(&mut self, trim: bool) -> Token<'t> {
        if trim {
            self.pos += MARKER_BYTES;
            self.skip();
        }
        self.pos += RIGHT.len();
        let token = self.emit(Kind::RightDelim);
        if trim {
            self.pass_spaces();
            self.skip();
        }
        self.place = Place::Text;
        token
    }

    fn pass_spaces(&mut self) {
        let rest = self.rest();
        self.pos += rest.len() - rest.trim_start_matches(is_space).len();
    }

    fn action(&mut self) -> Token<'t> {
        if let Some(trim) = self.at_right_delim() {
            if self.parens == 0 {
                return self.right_delim(trim);
            }
            return self.error("unclosed left paren");
        }
        let Some(c) = self.peek() else {
            return self.error("unclosed action");
        };
        if is_space(c) {
            return self.space();
        }
        match c {
            '+' | '-' | '0'..='9' => return self.number(),
            _ if is_word(c) => return self.identifier(),
            _ => {}
        }
        self.bump();
        match c {
            '=' => self.emit(Kind::Assign),
            ':' if self.accept("=") => self.emit(Kind::Declare),
            ':' => self.error("expected :="),
            '|' => self.emit(Kind::Pipe),
            '"' => self.quoted('"', Kind::Str, "unterminated quoted string"),
            '\'' => self.quoted('\'', Kind::CharConstant, "unterminated character constant"),
            '`' => self.raw_quoted(),
            '$' => self.name(Kind::Variable, Kind::Variable),
            '.' if self.peek().is_some_and(|c| c.is_ascii_digit()) => {
                self.pos -= 1;
                self.number()
            }
            '.' => self.name(Kind::Field, Kind::Dot),
            '(' => {
                self.parens += 1;
                self.emit(Kind::LeftParen)
            }
            ')' if self.parens == 0 => self.error("unexpected right paren"),
            ')' => {
                self.parens -= 1;
                self.emit(Kind::RightParen)
            }
            ' '..='~' => self.emit(Kind::Char),
            c => self.error(format!(
                "unrecognized character in action: {}",
                code_point(c)
            )),
        }
    }

    /// Spaces are tokens, because they part arguments; a last one may belong to the
    /// trim marker.
    fn space(&mut self) -> Token<'t> {
        while self.peek().is_some_and(is_space) {
            self.pos += 1;
        }
        let last = &self.input[self.pos - 1..];
        if trims_right(last) && last[MARKER_BYTES..].starts_with(RIGHT) {
            self.pos -= 1;
            if self.pos == self.start {
                return self.action();
            }
        }
        self.emit(Kind::Space)
    }

    fn identifier(&mut self) -> Token<'t> {
        while self.peek().is_some_and(is_word) {
            self.bump();
        }
        if let Some(c) = self.not_terminated() {
            return self.error(format!("bad character {}", code_point(c)));
        }
        let word = &self.input[self.start..self.pos];
        let keyword = KEYWORDS.iter().find(|(name, _)| *name == word);
        self.emit(match (word, keyword) {
            (_, Some((_, keyword))) => Kind::Keyword(*keyword),
            ("true" | "false", _) => Kind::Bool,
            ("nil", _) => Kind::Nil,
            _ => Kind::Identifier,
        })
    }

    /// What follows a `.` or `$`; alone, the token is of the kind `bare`.
    fn name(&mut self, kind: Kind, bare: Kind) -> Token<'t> {
        if self.not_terminated().is_none() {
            return self.emit(bare);
        }
        while self.peek().is_some_and(is_word) {
            self.bump();
        }
        if let Some(c) = self.not_terminated() {
            return self.error(format!("bad character {}", code_point(c)));
        }
        self.emit(kind)
    }

    /// The next character, when it cannot follow a word.
    fn not_terminated(&self) -> Option<char> {
        let c = self.peek()?;
        let ends = is_space(c)
            || matches!(c, '.' | ',' | '|' | ':' | ')' | '(')
            || self.rest().starts_with(RIGHT);
        (!ends).then_some(c)
    }

    fn quoted(&mut self, quote: char, kind: Kind, unterminated: &str) -> Token<'t> {
        loop {
            match self.bump() {
                None | Some('\n') => return self.error(unterminated),
                Some('\\') if matches!(self.bump(), None | Some('\n')) => {
                    return self.error(unterminated);
                }
                Some(c) if c == quote => return self.emit(kind),
                Some(_) => {}
            }
        }
    }

    fn raw_quoted(&mut self) -> Token<'t> {
        match self.rest().find('`') {
            Some(end) => {
                self.pos += end + 1;
                self.emit(Kind::RawString)
            }
            None => self.error("unterminated raw quoted string"),
        }
    }

    fn number(&mut self) -> Token<'t> {
        let mut good = self.scan_number();
        let mut kind = Kind::Number;
        if good && matches!(self.peek(), Some('+' | '-')) {
            good = self.scan_number() && self.input[..self.pos].ends_with('i');
            kind = Kind::Complex;
        }
        if !good {
            let text = crate::format::quote(&self.input[self.start..self.pos]);
            return self.error(format!("bad number syntax: {text}"));
        }
        self.emit(kind)
    }

    /// Passes what may be a number; whether it is one is seen when it is read.
    fn scan_number(&mut self) -> bool {
        const DECIMAL: &str = "0123456789_";
        const HEX: &str = "0123456789abcdefABCDEF_";
        self.accept("+-");
        let mut digits = DECIMAL;
        if self.accept("0") {
            if self.accept("xX") {
                digits = HEX;
            } else if self.accept("oO") {
                digits = "01234567_";
            } else if self.accept("bB") {
                digits = "01_";
            }
        }
        self.accept_run(digits);
        if self.accept(".") {
            self.accept_run(digits);
        }
        let exponent = match digits {
            DECIMAL => self.accept("eE"),
            HEX => self.accept("pP"),
            _ => false,
        };
        if exponent {
            self.accept("+-");
            self.accept_run(DECIMAL);
        }
        self.accept("i");
        if self.peek().is_some_and(is_word) {
            self.bump();
            return false;
        }
        true
    }
}

/// `U+0025 '%'`
fn code_point(c: char) -> String {
    let number = format!("U+{:04X}", u32::from(c));
    if c.is_control() {
        number
    } else {
        format!("{number} '{c}'")
    }
}
