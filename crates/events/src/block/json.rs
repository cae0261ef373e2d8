//! Lines that are JSON objects, taken apart into values.
//!
//! Stricter than a parser needs to be: a line that is taken apart is one that every
//! parser of JSON reads, and reads alike. What is not sure is no JSON here.

/// Values of a line at most.
pub(super) const VALUES_MAX: usize = 256;

/// Objects and arrays within each other at most.
const DEPTH_MAX: usize = 16;

/// Longer numbers are not sure to be within the range of a float.
const NUMBER_BYTES_MAX: usize = 40;

/// The keys of an object that is being read.
#[derive(Default)]
struct Frame {
    prefix: String,
    keys: Vec<String>,
}

/// Labels of values, as `| json` of LogQL gives them out.
#[derive(Default)]
pub(super) struct Labels {
    frames: Vec<Frame>,
    /// The label of each value.
    pub(super) of_value: Vec<String>,
    /// For each value the key of the outermost object that it is at or below, and whether
    /// it is at it.
    pub(super) keys: Vec<(String, bool)>,
    /// Keys of the outermost object whose values are objects.
    pub(super) objects: Vec<String>,
    /// A key stands twice in one object.
    pub(super) has_twins: bool,
}

struct Lexer<'l> {
    line: &'l [u8],
    at: usize,
    values: &'l mut Vec<(u32, u32)>,
    labels: Option<&'l mut Labels>,
}

/// Appends the values of a JSON object as ranges: strings without their quotes, arrays
/// whole. False when it is none.
pub(super) fn split(line: &[u8], values: &mut Vec<(u32, u32)>) -> bool {
    read(line, values, None)
}

/// The labels of the values of a line.
pub(super) fn labels(line: &[u8]) -> Option<Labels> {
    let mut labels = Labels::default();
    read(line, &mut Vec::new(), Some(&mut labels)).then_some(labels)
}

fn read(line: &[u8], values: &mut Vec<(u32, u32)>, labels: Option<&mut Labels>) -> bool {
    // Without an early exit this is done many bytes at a time.
    let has_control = line.iter().fold(false, |has, b| has | (*b < 0x20));
    if has_control || std::str::from_utf8(line).is_err() {
        return false;
    }
    let before = values.len();
    let mut lexer = Lexer {
        line,
        at: 0,
        values,
        labels,
    };
    lexer.space();
    let is_whole = lexer.object(0).is_some() && {
        lexer.space();
        lexer.at == line.len()
    };
    is_whole && values.len() - before <= VALUES_MAX
}

impl Lexer<'_> {
    fn peek(&self) -> Option<u8> {
        self.line.get(self.at).copied()
    }

    fn expect(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then(|| self.at += 1)
    }

    fn space(&mut self) {
        while self.peek() == Some(b' ') {
            self.at += 1;
        }
    }

    fn object(&mut self, depth: usize) -> Option<()> {
        if depth >= DEPTH_MAX {
            return None;
        }
        self.expect(b'{')?;
        if let Some(labels) = &mut self.labels {
            labels.open();
        }
        self.space();
        if self.peek()? == b'}' {
            self.at += 1;
            self.close(true);
            return Some(());
        }
        loop {
            let from = self.at + 1;
            self.string()?;
            let key = self.line.get(from..self.at - 1)?;
            if key.contains(&b'\\') {
                return None;
            }
            if let Some(labels) = &mut self.labels {
                labels.key(key);
            }
            self.space();
            self.expect(b':')?;
            self.space();
            self.value(depth)?;
            self.space();
            match self.peek()? {
                b',' => self.at += 1,
                b'}' => {
                    self.at += 1;
                    self.close(false);
                    return Some(());
                }
                _ => return None,
            }
            self.space();
        }
    }

    fn close(&mut self, is_empty: bool) {
        if let Some(labels) = &mut self.labels {
            labels.close(is_empty);
        }
    }

    fn value(&mut self, depth: usize) -> Option<()> {
        let from = self.at;
        match self.peek()? {
            b'{' => return self.object(depth + 1),
            b'"' => {
                self.string()?;
                self.push(from + 1, self.at - 1);
            }
            b'[' => {
                self.array(depth + 1)?;
                self.push(from, self.at);
            }
            _ => {
                self.scalar()?;
                self.push(from, self.at);
            }
        }
        Some(())
    }

    fn push(&mut self, from: usize, to: usize) {
        self.values.push((from as u32, to as u32));
        if let Some(labels) = &mut self.labels {
            labels.value();
        }
    }

    /// An array or an object within one: only looked through.
    fn array(&mut self, depth: usize) -> Option<()> {
        if depth >= DEPTH_MAX {
            return None;
        }
        self.expect(b'[')?;
        self.space();
        if self.peek()? == b']' {
            self.at += 1;
            return Some(());
        }
        loop {
            self.inner(depth)?;
            self.space();
            match self.peek()? {
                b',' => self.at += 1,
                b']' => {
                    self.at += 1;
                    return Some(());
                }
                _ => return None,
            }
            self.space();
        }
    }

    fn inner(&mut self, depth: usize) -> Option<()> {
        match self.peek()? {
            b'[' => self.array(depth + 1),
            b'"' => self.string(),
            b'{' => {
                if depth >= DEPTH_MAX {
                    return None;
                }
                self.at += 1;
                self.space();
                if self.peek()? == b'}' {
                    self.at += 1;
                    return Some(());
                }
                loop {
                    self.string()?;
                    self.space();
                    self.expect(b':')?;
                    self.space();
                    self.inner(depth + 1)?;
                    self.space();
                    match self.peek()? {
                        b',' => self.at += 1,
                        b'}' => {
                            self.at += 1;
                            return Some(());
                        }
                        _ => return None,
                    }
                    self.space();
                }
            }
            _ => self.scalar(),
        }
    }

    fn string(&mut self) -> Option<()> {
        self.expect(b'"')?;
        loop {
            let rest = self.line.get(self.at..)?;
            let at = memchr::memchr2(b'"', b'\\', rest)?;
            self.at += at;
            if rest[at] == b'"' {
                self.at += 1;
                return Some(());
            }
            match rest.get(at + 1)? {
                b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => self.at += 2,
                b'u' => {
                    let digits = rest.get(at + 2..at + 6)?;
                    // Halves of pairs are left to those who know what to do with them.
                    let is_half = matches!(digits[0], b'd' | b'D')
                        && matches!(digits[1], b'8'..=b'9' | b'a'..=b'f' | b'A'..=b'F');
                    if is_half || !digits.iter().all(u8::is_ascii_hexdigit) {
                        return None;
                    }
                    self.at += 6;
                }
                _ => return None,
            }
        }
    }

    fn scalar(&mut self) -> Option<()> {
        let rest = self.line.get(self.at..)?;
        let len = rest
            .iter()
            .position(|b| matches!(b, b',' | b'}' | b']' | b' '))
            .unwrap_or(rest.len());
        let text = &rest[..len];
        if !matches!(text, b"true" | b"false" | b"null") && !is_number(text) {
            return None;
        }
        self.at += len;
        Some(())
    }
}

/// `-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]{1,2})?`
fn is_number(text: &[u8]) -> bool {
    if text.len() > NUMBER_BYTES_MAX {
        return false;
    }
    let digits = |text: &[u8]| text.iter().take_while(|b| b.is_ascii_digit()).count();
    let text = text.strip_prefix(b"-").unwrap_or(text);
    let whole = digits(text);
    if whole == 0 || (whole > 1 && text[0] == b'0') {
        return false;
    }
    let mut rest = &text[whole..];
    if let Some(fraction) = rest.strip_prefix(b".") {
        let len = digits(fraction);
        if len == 0 {
            return false;
        }
        rest = &fraction[len..];
    }
    match rest {
        [] => true,
        [b'e' | b'E', exponent @ ..] => {
            let exponent = match exponent {
                [b'+' | b'-', rest @ ..] => rest,
                rest => rest,
            };
            (1..=2).contains(&exponent.len()) && digits(exponent) == exponent.len()
        }
        _ => false,
    }
}

impl Labels {
    fn open(&mut self) {
        if let [outermost] = self.frames.as_slice() {
            self.objects.extend(outermost.keys.last().cloned());
        }
        let prefix = match self.frames.last() {
            None => String::new(),
            Some(outer) => self.current(outer),
        };
        self.frames.push(Frame {
            prefix,
            keys: Vec::new(),
        });
    }

    /// The label of the value that stands behind the last key.
    fn current(&self, frame: &Frame) -> String {
        let key = frame.keys.last().map(String::as_str).unwrap_or_default();
        if self.frames.len() == 1 {
            return first_key(key);
        }
        format!("{}_{}", frame.prefix, inner_key(key))
    }

    fn key(&mut self, key: &[u8]) {
        let key = String::from_utf8_lossy(key).into_owned();
        if let Some(frame) = self.frames.last_mut() {
            self.has_twins |= frame.keys.contains(&key);
            frame.keys.push(key);
        }
    }

    fn value(&mut self) {
        if let Some(frame) = self.frames.last() {
            let label = self.current(frame);
            let key = self.frames.first().and_then(|f| f.keys.last().cloned());
            let is_at = self.frames.len() == 1;
            self.keys.push((key.unwrap_or_default(), is_at));
            self.of_value.push(label);
        }
    }

    fn close(&mut self, _is_empty: bool) {
        self.frames.pop();
    }
}

/// A key of the outermost object as a label.
pub(super) fn first_key(key: &str) -> String {
    let key = key.trim();
    let zero = key.starts_with(|c: char| c.is_ascii_digit());
    let mut label = String::from(if zero { "_" } else { "" });
    label.push_str(&inner_key(key));
    label
}

fn inner_key(key: &str) -> String {
    let clean = |c: char| {
        if c.is_ascii_alphanumeric() || c == '_' {
            c
        } else {
            '_'
        }
    };
    key.chars().map(clean).collect()
}

/// What a value in a line becomes as a label.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Meant {
    /// Nothing.
    Nothing,
    /// The text as it stands.
    AsWritten,
    /// The text that was appended.
    Other,
    /// That is not sure.
    Unknown,
}

/// What the value of a string, between its quotes, means; appends it to `out` when it is
/// not as it is written.
pub(super) fn string_meant(text: &[u8], out: &mut Vec<u8>) -> Meant {
    if has_replacement(text) {
        return Meant::Unknown;
    }
    if memchr::memchr(b'\\', text).is_none() {
        return Meant::AsWritten;
    }
    let mut bytes = text.iter();
    while let Some(&byte) = bytes.next() {
        if byte != b'\\' {
            out.push(byte);
            continue;
        }
        out.push(match bytes.next() {
            Some(b'n') => b'\n',
            Some(b't') => b'\t',
            Some(b'r') => b'\r',
            Some(b'b') => 8,
            Some(b'f') => 12,
            Some(byte @ (b'"' | b'\\' | b'/')) => *byte,
            _ => return Meant::Unknown,
        });
    }
    Meant::Other
}

/// Whether there is a U+FFFD, which stands for what could not be read.
pub(super) fn has_replacement(text: &[u8]) -> bool {
    !text.is_ascii() && memchr::memmem::find(text, "\u{fffd}".as_bytes()).is_some()
}

/// What a value without quotes means: numbers and words are what is written.
pub(super) fn bare_meant(text: &[u8]) -> Meant {
    match text {
        [b'[', ..] | b"null" => Meant::Nothing,
        _ => Meant::AsWritten,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, want: Option<&[&str]>) {
        let mut values = Vec::new();
        let got = split(line.as_bytes(), &mut values).then(|| {
            let texts = values.iter().map(|(a, b)| &line[*a as usize..*b as usize]);
            texts.collect::<Vec<_>>()
        });
        assert_eq!(got.as_deref(), want, "{line}");
    }

    #[test]
    fn values_of_lines() {
        check(r#"{}"#, Some(&[]));
        check(
            r#"{"a":"b","c":1,"d":{"e":true,"f":[1,"]",{"x":null}]},"g":null}"#,
            Some(&["b", "1", "true", r#"[1,"]",{"x":null}]"#, "null"]),
        );
        check(
            r#" { "a" : "x\"y\\" , "b" : -1.5e3 } "#,
            Some(&[r#"x\"y\\"#, "-1.5e3"]),
        );
        for line in [
            "",
            "{",
            "[1]",
            "1",
            r#"{"a"}"#,
            r#"{"a":}"#,
            r#"{"a":01}"#,
            r#"{"a":1,}"#,
            r#"{"a":"\x"}"#,
            r#"{"a":"\ud800"}"#,
            r#"{"a\n":1}"#,
            r#"{"a":1}x"#,
            r#"{"a":nul}"#,
            r#"{"a":1e400}"#,
            r#"{"a":.5}"#,
            r#"{"a":1.}"#,
            "{\"a\":\"\t\"}",
            r#"{"a":"b}"#,
            r#"{"a":[1,]}"#,
            r#"{"a":[{"b":}]}"#,
            r#"{a:1}"#,
            r#"{"a":"\u00"}"#,
        ] {
            check(line, None);
        }
        check(
            &format!("{}1{}", r#"{"a":"#.repeat(17), "}".repeat(17)),
            None,
        );
    }

    #[test]
    fn labels_of_values() {
        let got = |line: &str| labels(line.as_bytes()).map(|l| (l.of_value, l.has_twins));
        let own = |of: &[&str]| of.iter().map(|l| (*l).to_owned()).collect::<Vec<_>>();
        assert_eq!(
            got(r#"{"a":1,"b.c":{"1 d":2,"e":{"f":[3]}},"0":{},"é":4}"#),
            Some((own(&["a", "b_c_1_d", "b_c_e_f", "_"]), false))
        );
        assert_eq!(got(r#"{"a":1,"a":2}"#), Some((own(&["a", "a"]), true)));
        assert_eq!(
            got(r#"{"a":{"b":1},"c":{"b":2}}"#).map(|l| l.1),
            Some(false)
        );
    }

    #[test]
    fn what_values_mean() {
        for text in [
            "1",
            "-1",
            "0",
            "12.5",
            "0.5",
            "0.25",
            "true",
            "123456789012345",
            "1.0",
            "1e3",
            "-0",
            "0.10",
            "0.00001",
            "12345678901234567890",
        ] {
            assert_eq!(bare_meant(text.as_bytes()), Meant::AsWritten, "{text}");
        }
        assert_eq!(bare_meant(b"null"), Meant::Nothing);
        assert_eq!(bare_meant(b"[1]"), Meant::Nothing);
        let mut out = Vec::new();
        assert_eq!(string_meant(b"a b", &mut out), Meant::AsWritten);
        assert_eq!(string_meant(br#"a\"\n\/"#, &mut out), Meant::Other);
        assert_eq!(out, b"a\"\n/");
        assert_eq!(string_meant(br"\u0041", &mut out), Meant::Unknown);
        assert_eq!(
            string_meant("\u{fffd}".as_bytes(), &mut out),
            Meant::Unknown
        );
    }
}
