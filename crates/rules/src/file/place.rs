//! From a byte of a scalar's text back to the line and column where it stands.
//!
//! A scalar's text is what YAML made of it: quotes and indentation are gone, lines
//! may be folded, escapes resolved. Text and file are walked side by side from the
//! scalar's start; wherever they part (a new line, an escape) a new run begins.

use std::iter::Peekable;
use std::str::Chars;

use binnacle_config::error::At;

/// Where the bytes of a scalar's text stand.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Places(Vec<Run>);

/// Bytes that stand side by side in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Run {
    byte: usize,
    at: At,
}

impl Places {
    /// Of the scalar `text` whose value starts at `at` of `file`.
    pub(super) fn of(file: &str, at: At, text: &str) -> Self {
        let mut places = Self(vec![Run { byte: 0, at }]);
        if let Some(mut walk) = Walk::to(file, at) {
            places.follow(&mut walk, text);
        }
        places
    }

    /// Where byte `byte` of `text` stands.
    pub(super) fn place_of(&self, text: &str, byte: usize) -> At {
        let i = self.0.partition_point(|run| run.byte <= byte);
        let Some(run) = self.0.get(i.saturating_sub(1)) else {
            return At::default();
        };
        let between = text.get(run.byte..byte).unwrap_or("").chars().count();
        At {
            line: run.at.line,
            column: run.at.column + u32::try_from(between).unwrap_or(0),
        }
    }

    fn follow(&mut self, walk: &mut Walk<'_>, text: &str) {
        let style = walk.enter();
        let mut broken = true;
        for (byte, c) in text.char_indices() {
            if c.is_whitespace() && walk.next_is(c) && style.keeps(c) {
                walk.step();
                continue;
            }
            if c.is_whitespace() {
                // Folded or escaped: what follows is found again by its letters.
                if style == Style::Double && walk.next_is('\\') {
                    walk.step();
                    walk.step();
                }
                broken = true;
                continue;
            }
            match walk.find(c, style) {
                Found::Here => {}
                Found::Further => broken = true,
                Found::Lost => return,
            }
            if broken {
                self.start(byte, walk.at);
                broken = false;
            }
            walk.step();
            if c == '\'' && style == Style::Single {
                walk.step();
                broken = true;
            }
        }
    }

    fn start(&mut self, byte: usize, at: At) {
        self.0.retain(|run| run.byte < byte);
        self.0.push(Run { byte, at });
    }
}

/// How a scalar is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Style {
    Plain,
    Single,
    Double,
    Block,
}

impl Style {
    /// Whether white space of the text that stands in the file as well is the same
    /// one: a line's end is only in blocks, where the next line is indented.
    fn keeps(self, c: char) -> bool {
        c != '\n' && (c != '\\' || self != Self::Double)
    }
}

enum Found {
    Here,
    Further,
    Lost,
}

/// A place in the file that moves on.
struct Walk<'a> {
    rest: Peekable<Chars<'a>>,
    at: At,
}

impl<'a> Walk<'a> {
    fn to(file: &'a str, at: At) -> Option<Self> {
        let file = file.strip_prefix('\u{feff}').unwrap_or(file);
        let line = file
            .split_inclusive('\n')
            .nth(at.line.checked_sub(1)? as usize)?;
        let from = line.as_ptr() as usize - file.as_ptr() as usize;
        let mut rest = file[from..].chars().peekable();
        for _ in 1..at.column {
            rest.next()?;
        }
        Some(Self { rest, at })
    }

    /// Steps over what opens the scalar.
    fn enter(&mut self) -> Style {
        match self.rest.peek() {
            Some('\'') => {
                self.step();
                Style::Single
            }
            Some('"') => {
                self.step();
                Style::Double
            }
            Some('|' | '>') => {
                while self.rest.peek().is_some_and(|c| *c != '\n') {
                    self.step();
                }
                Style::Block
            }
            _ => Style::Plain,
        }
    }

    fn next_is(&mut self, c: char) -> bool {
        self.rest.peek() == Some(&c)
    }

    fn step(&mut self) {
        match self.rest.next() {
            Some('\n') => {
                self.at.line += 1;
                self.at.column = 1;
            }
            Some(_) => self.at.column += 1,
            None => {}
        }
    }

    /// Goes to the next `c`, over white space and the marks of escapes.
    fn find(&mut self, c: char, style: Style) -> Found {
        let mut found = Found::Here;
        loop {
            match self.rest.peek() {
                Some('\\') if style == Style::Double => {
                    self.step();
                    found = Found::Further;
                    if self.next_is(c) {
                        return found;
                    }
                }
                Some(next) if *next == c => return found,
                Some(next) if next.is_whitespace() => {
                    self.step();
                    found = Found::Further;
                }
                _ => return Found::Lost,
            }
        }
    }
}
