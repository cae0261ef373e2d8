//! From Go's regular expressions to those of the `regex` crate.
//!
//! Both descend from RE2 and agree on what a construct means once it is spelled
//! out; they differ in the spelling. A single pass over the text emits, for each
//! construct of Go, one that means the same here: ASCII-only `\d \s \w \b`,
//! `\Q..\E`, octal escapes, `{` that is no repetition, brackets without set
//! operations, groups named by digits. What Go refuses is refused, with Go's
//! words, so that a configuration that loads there loads here and the other way
//! round. Not checked: the names of Unicode classes beyond what `regex` knows.

use super::PatternError;
use super::bracket;

/// Largest count in a repetition, alone or multiplied through nested ones.
const REPEAT_MAX: u32 = 1000;

/// Deepest nesting of groups. Go takes 1000, but the `regex` crate compiles by
/// recursion, and an expression must not be able to use up a thread's stack.
pub(super) const DEPTH_MAX: usize = 200;

/// A translated expression.
#[derive(Debug, Default)]
pub(crate) struct Translated {
    /// In the syntax of `regex`, to be used with `.` matching newlines.
    pub(crate) text: String,
    /// Name of each capture group from group 1 on; empty for groups without.
    pub(crate) groups: Vec<String>,
}

/// The kind of an error, as Go names them.
#[derive(Debug, Clone, Copy)]
pub(super) enum Fault {
    InvalidCharRange,
    InvalidEscape,
    InvalidNamedCapture,
    DuplicateName,
    InvalidPerlOp,
    InvalidRepeatOp,
    InvalidRepeatSize,
    MissingBracket,
    MissingParen,
    MissingRepeatArgument,
    NestingDepth,
    TrailingBackslash,
    UnexpectedParen,
}

impl Fault {
    /// The error at `expr`.
    pub(super) fn at(self, expr: &str) -> PatternError {
        let what = match self {
            Self::InvalidCharRange => "invalid character class range",
            Self::InvalidEscape => "invalid escape sequence",
            Self::InvalidNamedCapture => "invalid named capture",
            Self::DuplicateName => "duplicate capture group name",
            Self::InvalidPerlOp => "invalid or unsupported Perl syntax",
            Self::InvalidRepeatOp => "invalid nested repetition operator",
            Self::InvalidRepeatSize => "invalid repeat count",
            Self::MissingBracket => "missing closing ]",
            Self::MissingParen => "missing closing )",
            Self::MissingRepeatArgument => "missing argument to repetition operator",
            Self::NestingDepth => "expression nests too deeply",
            Self::TrailingBackslash => "trailing backslash at end of expression",
            Self::UnexpectedParen => "unexpected )",
        };
        PatternError {
            message: format!("error parsing regexp: {what}: `{expr}`"),
        }
    }
}

/// What the scanner knows of the group it is in.
#[derive(Clone, Copy)]
struct Group {
    /// Whether something that can be repeated stands before the cursor.
    atom: bool,
    /// Product of nested repetition counts of that atom.
    atom_repeats: u32,
    /// Largest product of any atom of the group.
    repeats: u32,
}

impl Group {
    fn new() -> Self {
        Self {
            atom: false,
            atom_repeats: 1,
            repeats: 1,
        }
    }

    fn set_atom(&mut self, repeats: u32) {
        self.atom = true;
        self.atom_repeats = repeats;
        self.repeats = self.repeats.max(repeats);
    }
}

struct Scanner<'a> {
    whole: &'a str,
    rest: &'a str,
    out: Translated,
    outer: Vec<Group>,
    group: Group,
    /// The repetition operator just read, for Go's check on `a**`.
    last_repeat: Option<&'a str>,
}

/// Translates `text`.
///
/// # Errors
/// When Go's parser would refuse it.
pub(crate) fn translate(text: &str) -> Result<Translated, PatternError> {
    let mut scanner = Scanner {
        whole: text,
        rest: text,
        out: Translated::default(),
        outer: Vec::new(),
        group: Group::new(),
        last_repeat: None,
    };
    while let Some(c) = scanner.rest.chars().next() {
        scanner.step(c)?;
    }
    if scanner.outer.is_empty() {
        Ok(scanner.out)
    } else {
        Err(Fault::MissingParen.at(text))
    }
}

impl<'a> Scanner<'a> {
    fn step(&mut self, c: char) -> Result<(), PatternError> {
        let repeated = self.last_repeat.take();
        match c {
            '*' | '+' | '?' => {
                self.repeat(1, 1, repeated)?;
            }
            '{' => match counts(self.rest) {
                Some(counts) => self.counted(&counts, repeated)?,
                None => self.literal(c),
            },
            '(' => self.open()?,
            ')' => self.close()?,
            '|' => {
                self.bump(1, "|");
                self.group.atom = false;
            }
            '[' => {
                let used = bracket::translate(self.rest, &mut self.out.text)?;
                self.rest = &self.rest[used..];
                self.group.set_atom(1);
            }
            '\\' => self.escape()?,
            '.' | '^' | '$' => {
                self.out.text.push(c);
                self.rest = &self.rest[1..];
                self.group.set_atom(1);
            }
            _ => self.literal(c),
        }
        Ok(())
    }

    /// Passes `bytes` of the input and emits `text`.
    fn bump(&mut self, bytes: usize, text: &str) {
        self.rest = &self.rest[bytes..];
        self.out.text.push_str(text);
    }

    fn literal(&mut self, c: char) {
        self.rest = &self.rest[c.len_utf8()..];
        push_literal(&mut self.out.text, c);
        self.group.set_atom(1);
    }

    /// A repetition operator of `bytes` bytes, and the `?` that makes it lazy.
    fn repeat(
        &mut self,
        bytes: usize,
        factor: u32,
        repeated: Option<&'a str>,
    ) -> Result<(), PatternError> {
        let lazy = usize::from(self.rest[bytes..].starts_with('?'));
        let op = &self.rest[..bytes + lazy];
        if let Some(before) = repeated {
            let start = self.whole.len() - self.rest.len() - before.len();
            return Err(
                Fault::InvalidRepeatOp.at(&self.whole[start..start + before.len() + op.len()])
            );
        }
        if !self.group.atom {
            return Err(Fault::MissingRepeatArgument.at(op));
        }
        let repeats = self.group.atom_repeats.saturating_mul(factor);
        if factor > 1 && repeats > REPEAT_MAX {
            return Err(Fault::InvalidRepeatSize.at(op));
        }
        self.group.set_atom(repeats);
        self.out.text.push_str(op);
        self.rest = &self.rest[op.len()..];
        self.last_repeat = Some(op);
        Ok(())
    }

    fn counted(&mut self, counts: &Counts, repeated: Option<&'a str>) -> Result<(), PatternError> {
        let fits = |n: u32| n <= REPEAT_MAX;
        let ordered = counts.max.is_none_or(|max| fits(max) && counts.min <= max);
        if !fits(counts.min) || !ordered {
            return Err(Fault::InvalidRepeatSize.at(&self.rest[..counts.bytes]));
        }
        let factor = counts.max.unwrap_or(counts.min).max(1);
        self.repeat(counts.bytes, factor, repeated)
    }

    fn enter(&mut self) -> Result<(), PatternError> {
        if self.outer.len() >= DEPTH_MAX {
            return Err(Fault::NestingDepth.at(self.whole));
        }
        self.outer.push(self.group);
        self.group = Group::new();
        Ok(())
    }

    fn close(&mut self) -> Result<(), PatternError> {
        let Some(outer) = self.outer.pop() else {
            return Err(Fault::UnexpectedParen.at(self.whole));
        };
        let repeats = self.group.repeats;
        self.group = outer;
        self.group.set_atom(repeats);
        self.bump(1, ")");
        Ok(())
    }

    fn open(&mut self) -> Result<(), PatternError> {
        let inner = &self.rest[1..];
        if let Some(flags) = inner.strip_prefix('?') {
            for (mark, bytes) in [("P<", 4), ("<", 3)] {
                if let Some(name) = flags.strip_prefix(mark) {
                    return self.open_named(name, bytes);
                }
            }
            return self.flags(flags);
        }
        self.bump(1, "(");
        self.out.groups.push(String::new());
        self.enter()
    }

    /// `(?P<name>` and `(?<name>`. Names stay here: Go takes names of digits,
    /// which `regex` does not.
    fn open_named(&mut self, tail: &str, before: usize) -> Result<(), PatternError> {
        let Some(end) = tail.find('>') else {
            return Err(Fault::InvalidNamedCapture.at(self.rest));
        };
        let name = &tail[..end];
        let whole = &self.rest[..before + end + 1];
        if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
            return Err(Fault::InvalidNamedCapture.at(whole));
        }
        if self.out.groups.iter().any(|n| n == name) {
            return Err(Fault::DuplicateName.at(name));
        }
        self.out.groups.push(name.to_owned());
        self.bump(whole.len(), "(");
        self.enter()
    }

    /// `(?i-s)` and `(?i-s:`. Flags may repeat in Go, and the last one counts.
    fn flags(&mut self, flags: &str) -> Result<(), PatternError> {
        let mut on = true;
        let mut named_since_minus = true;
        let mut set: [Option<bool>; 4] = [None; 4];
        for (i, c) in flags.char_indices() {
            match c {
                ')' | ':' if named_since_minus => {
                    let group = c == ':';
                    self.emit_flags(set, group);
                    self.rest = &self.rest[2 + i + 1..];
                    return if group { self.enter() } else { Ok(()) };
                }
                '-' if on => {
                    on = false;
                    named_since_minus = false;
                }
                'i' | 'm' | 's' | 'U' => {
                    set["imsU".find(c).unwrap_or(0)] = Some(on);
                    named_since_minus = true;
                }
                _ => return Err(Fault::InvalidPerlOp.at(&self.rest[..2 + i + c.len_utf8()])),
            }
        }
        Err(Fault::MissingParen.at(self.whole))
    }

    fn emit_flags(&mut self, set: [Option<bool>; 4], group: bool) {
        let of = |want: bool| {
            "imsU"
                .chars()
                .zip(set)
                .filter(move |(_, f)| *f == Some(want))
                .map(|(c, _)| c)
        };
        let off: String = of(false).collect();
        let on: String = of(true).collect();
        if !group && on.is_empty() && off.is_empty() {
            return;
        }
        let out = &mut self.out.text;
        out.push_str("(?");
        out.push_str(&on);
        if !off.is_empty() {
            out.push('-');
            out.push_str(&off);
        }
        out.push(if group { ':' } else { ')' });
    }

    fn escape(&mut self) -> Result<(), PatternError> {
        let after = &self.rest[1..];
        let Some(c) = after.chars().next() else {
            return Err(Fault::TrailingBackslash.at(""));
        };
        match c {
            'A' | 'z' => self.bump(2, if c == 'A' { r"\A" } else { r"\z" }),
            'b' => self.bump(2, r"(?-u:\b)"),
            'B' => self.bump(2, r"(?-u:\B)"),
            'Q' => {
                self.quoted(&after[1..]);
                return Ok(());
            }
            _ => {
                if let Some(used) = bracket::named_class(self.rest, &mut self.out.text, false)? {
                    self.rest = &self.rest[used..];
                } else {
                    let (c, used) = escaped_char(self.rest)?;
                    self.rest = &self.rest[used..];
                    push_literal(&mut self.out.text, c);
                }
            }
        }
        self.group.set_atom(1);
        Ok(())
    }

    /// `\Q..\E`; without `\E` to the end.
    fn quoted(&mut self, tail: &'a str) {
        let (literal, rest) = tail.split_once(r"\E").unwrap_or((tail, ""));
        for c in literal.chars() {
            push_literal(&mut self.out.text, c);
            self.group.set_atom(1);
        }
        self.rest = rest;
    }
}

/// Emits `c` so that it stands for itself, in a bracket or outside.
pub(super) fn push_literal(out: &mut String, c: char) {
    use std::fmt::Write as _;
    if c.is_ascii_alphanumeric() || c == '_' || (!c.is_ascii() && !c.is_control()) {
        out.push(c);
    } else {
        // Writing to a string does not fail.
        let _ = write!(out, r"\x{{{:X}}}", u32::from(c));
    }
}

/// Reads an escape that stands for one character: the character, and the bytes
/// that the escape takes.
pub(super) fn escaped_char(text: &str) -> Result<(char, usize), PatternError> {
    let mut chars = text[1..].chars();
    let Some(c) = chars.next() else {
        return Err(Fault::TrailingBackslash.at(""));
    };
    let invalid = |bytes: usize| Err(Fault::InvalidEscape.at(&text[..bytes]));
    let simple = match c {
        'a' => '\x07',
        'f' => '\x0c',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\x0b',
        'x' => return hex_escape(text),
        '0'..='7' => {
            // Up to three digits; a single one but zero would be a reference to
            // a group, which there is not.
            let digits = text[1..]
                .bytes()
                .take(3)
                .take_while(|b| (b'0'..=b'7').contains(b))
                .count();
            if c != '0' && digits == 1 {
                return invalid(2);
            }
            let value = u32::from_str_radix(&text[1..=digits], 8)
                .ok()
                .and_then(char::from_u32);
            return value
                .map(|c| (c, 1 + digits))
                .ok_or_else(|| Fault::InvalidEscape.at(text));
        }
        c if c.is_ascii() && !c.is_ascii_alphanumeric() => c,
        c => return invalid(1 + c.len_utf8()),
    };
    Ok((simple, 2))
}

/// `\x7F` or `\x{10FFFF}`.
fn hex_escape(text: &str) -> Result<(char, usize), PatternError> {
    let digits_of = |s: &str| s.bytes().take_while(u8::is_ascii_hexdigit).count();
    let tail = &text[2..];
    let (digits, used) = match tail.strip_prefix('{') {
        Some(inner) => {
            let n = digits_of(inner);
            (
                &inner[..n],
                if inner[n..].starts_with('}') {
                    n + 4
                } else {
                    0
                },
            )
        }
        None => {
            let n = digits_of(tail).min(2);
            (&tail[..n], if n == 2 { 4 } else { 0 })
        }
    };
    let value = if used == 0 {
        None
    } else {
        u32::from_str_radix(digits, 16).ok()
    };
    match value.and_then(char::from_u32) {
        Some(c) => Ok((c, used)),
        None => {
            let shown = text.char_indices().nth(3).map_or(text.len(), |(i, _)| i);
            Err(Fault::InvalidEscape.at(&text[..used.max(shown)]))
        }
    }
}

/// `{min}`, `{min,}` or `{min,max}`.
struct Counts {
    min: u32,
    /// `None`: no upper bound.
    max: Option<u32>,
    bytes: usize,
}

/// Reads a counted repetition; `None` when the brace stands for itself.
fn counts(text: &str) -> Option<Counts> {
    let (inner, _) = text[1..].split_once('}')?;
    let number = |digits: &str| {
        let plain = !digits.is_empty()
            && digits.bytes().all(|b| b.is_ascii_digit())
            && (digits.len() == 1 || !digits.starts_with('0'));
        // A number that does not fit is one, only too large.
        plain.then(|| digits.parse().unwrap_or(u32::MAX))
    };
    let (min, max) = match inner.split_once(',') {
        None => (number(inner)?, Some(number(inner)?)),
        Some((min, "")) => (number(min)?, None),
        Some((min, max)) => (number(min)?, Some(number(max)?)),
    };
    Some(Counts {
        min,
        max,
        bytes: inner.len() + 2,
    })
}
