//! Text taken apart into tokens and what stands between them.

use super::stamp;
use super::words::is_word;

/// How finely a text is taken apart. What one level leaves in a column, the next one may
/// take apart further.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    /// Words between spaces, quotes, brackets and such; quoted texts and times are one.
    Coarse,
    /// Words.
    Words,
    /// Numbers.
    Digits,
    /// Not at all.
    Whole,
}

impl Level {
    /// The next finer one.
    pub(super) fn finer(self) -> Self {
        match self {
            Self::Coarse => Self::Words,
            Self::Words => Self::Digits,
            Self::Digits | Self::Whole => Self::Whole,
        }
    }
}

/// Tokens of a text at most: what has more is kept whole.
pub(super) const TOKENS_MAX: usize = 96;

/// Appends the tokens of a text, as ranges. False when there are too many.
pub(super) fn split(text: &[u8], level: Level, out: &mut Vec<(u32, u32)>) -> bool {
    let before = out.len();
    match level {
        Level::Coarse => coarse(text, before, out),
        Level::Words => words(text, before, out),
        Level::Digits => digits(text, before, out),
        Level::Whole => out.push((0, text.len() as u32)),
    }
    out.len() - before <= TOKENS_MAX
}

const DELIMITER: [bool; 256] = {
    let mut is = [false; 256];
    let bytes = b" \t\r\n\"'()[]{}<>,;=|";
    let mut i = 0;
    while i < bytes.len() {
        is[bytes[i] as usize] = true;
        i += 1;
    }
    is
};

fn is_delimiter(byte: u8) -> bool {
    DELIMITER[usize::from(byte)]
}

fn coarse(text: &[u8], before: usize, out: &mut Vec<(u32, u32)>) {
    let mut at = 0;
    while at < text.len() && out.len() - before <= TOKENS_MAX {
        let byte = text[at];
        if byte == b'"'
            && let Some(len) = quoted(&text[at + 1..])
        {
            if len > 0 {
                out.push((at as u32 + 1, (at + 1 + len) as u32));
            }
            at += len + 2;
        } else if is_delimiter(byte) {
            at += 1;
        } else {
            let mut end = at;
            if (byte.is_ascii_digit() || byte.is_ascii_uppercase())
                && let Some((_, len)) = stamp::recognise(&text[at..])
                && text.get(at + len).is_none_or(|b| is_delimiter(*b))
            {
                end = at + len;
            }
            while end < text.len() && !is_delimiter(text[end]) {
                end += 1;
            }
            out.push((at as u32, end as u32));
            at = end;
        }
    }
}

/// The length of what stands before the closing quote.
fn quoted(text: &[u8]) -> Option<usize> {
    let mut from = 0;
    loop {
        let at = from + memchr::memchr2(b'"', b'\\', text.get(from..)?)?;
        if text[at] == b'"' {
            return Some(at);
        }
        from = at + 2;
    }
}

fn words(text: &[u8], before: usize, out: &mut Vec<(u32, u32)>) {
    let mut at = 0;
    while at < text.len() && out.len() - before <= TOKENS_MAX {
        if !is_word(text[at]) {
            at += 1;
            continue;
        }
        let from = at;
        while at < text.len() && is_word(text[at]) {
            at += 1;
        }
        out.push((from as u32, at as u32));
    }
}

/// Runs of digits; two with a point between are one number, more are several.
fn digits(text: &[u8], before: usize, out: &mut Vec<(u32, u32)>) {
    let mut at = 0;
    while at < text.len() && out.len() - before <= TOKENS_MAX {
        if !text[at].is_ascii_digit() {
            at += 1;
            continue;
        }
        let from = at;
        while at < text.len() && (text[at].is_ascii_digit() || text[at] == b'.') {
            at += 1;
        }
        let run = &text[from..at];
        let points = run.iter().filter(|b| **b == b'.').count();
        if points == 1 && run.last() != Some(&b'.') {
            out.push((from as u32, at as u32));
            continue;
        }
        let mut start = from;
        for (i, byte) in text[from..at].iter().enumerate() {
            if *byte == b'.' {
                if start < from + i {
                    out.push((start as u32, (from + i) as u32));
                }
                start = from + i + 1;
            }
        }
        if start < at {
            out.push((start as u32, at as u32));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, level: Level, want: &[&str]) {
        let mut out = Vec::new();
        assert!(split(text.as_bytes(), level, &mut out));
        let got: Vec<&str> = out
            .iter()
            .map(|(from, to)| &text[*from as usize..*to as usize])
            .collect();
        assert_eq!(got, want, "{text}");
    }

    #[test]
    fn tokens() {
        check("", Level::Coarse, &[]);
        check(
            "10.1.2.3 - - [01/Dec/2026:08:15:02 +0000] \"GET /a b\" 200 \"\" x=\"y\\\"z\" \"",
            Level::Coarse,
            &[
                "10.1.2.3",
                "-",
                "-",
                "01/Dec/2026:08:15:02 +0000",
                "GET /a b",
                "200",
                "x",
                "y\\\"z",
            ],
        );
        check(
            "I1201 08:15:02.123456    1873 a.go:1] \"x y\"",
            Level::Coarse,
            &["I1201 08:15:02.123456", "1873", "a.go:1", "x y"],
        );
        check(
            "2026-12-01 08:15:02x a",
            Level::Coarse,
            &["2026-12-01", "08:15:02x", "a"],
        );
        check(
            "/api/v1/x-2?a_b=é",
            Level::Words,
            &["api", "v1", "x", "2", "a_b", "é"],
        );
        check(
            "u12 1.5ms 10.1.2.3 7. .5",
            Level::Digits,
            &["12", "1.5", "10", "1", "2", "3", "7", "5"],
        );
    }
}
