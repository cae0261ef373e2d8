//! Finding one value in a line of JSON, reading no more than needed.
//!
//! Lenient as a scanner is: it checks only what it must to know where it stands, and ends
//! at the first thing it does not understand.

use memchr::memchr2;

/// Deepest object that is looked into, whatever is asked for.
const DEPTH_MAX: usize = 64;

/// The text of the first key among `keys` that has a string, in the order of the line, not
/// more than `depth_max` objects deep (0 for any depth).
pub(super) fn find_string<'a>(
    line: &'a [u8],
    keys: &[String],
    depth_max: usize,
) -> Option<&'a [u8]> {
    let depth_max = if depth_max == 0 {
        DEPTH_MAX
    } else {
        depth_max.min(DEPTH_MAX)
    };
    let mut walk = Walk { line, at: 0 };
    walk.object(
        &mut |depth, key, value, _| {
            (depth <= depth_max && keys.iter().any(|k| k.as_bytes() == key))
                .then_some(value)
                .and_then(Value::string)
        },
        depth_max,
    )
}

/// The value at a dotted path: strings without quotes, the rest as it stands.
pub(super) fn find_path<'a>(line: &'a [u8], path: &str) -> Option<&'a [u8]> {
    let mut line = line;
    let mut parts = path.split('.').peekable();
    while let Some(part) = parts.next() {
        let mut walk = Walk { line, at: 0 };
        let found = walk.object(
            &mut |_, key, value, raw| (key == part.as_bytes()).then_some((value, raw)),
            1,
        )?;
        match (found, parts.peek()) {
            ((Value::String(text), _), None) => return Some(text),
            ((_, raw), None) => return Some(raw),
            ((Value::Object, raw), Some(_)) => line = raw,
            _ => return None,
        }
    }
    None
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Value<'a> {
    String(&'a [u8]),
    Object,
    Other,
}

impl<'a> Value<'a> {
    fn string(self) -> Option<&'a [u8]> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }
}

struct Walk<'a> {
    line: &'a [u8],
    at: usize,
}

impl<'a> Walk<'a> {
    fn skip_space(&mut self) {
        while self.peek().is_some_and(|b| b.is_ascii_whitespace()) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.line.get(self.at).copied()
    }

    fn take(&mut self, b: u8) -> Option<()> {
        self.skip_space();
        (self.peek()? == b).then(|| self.at += 1)
    }

    /// A string behind its first quote; its text without quotes, escapes left in.
    fn string(&mut self) -> Option<&'a [u8]> {
        self.take(b'"')?;
        let from = self.at;
        loop {
            self.at += memchr2(b'"', b'\\', self.line.get(self.at..)?)?;
            if self.line[self.at] == b'"' {
                let text = &self.line[from..self.at];
                self.at += 1;
                return Some(text);
            }
            self.at += 2;
        }
    }

    /// Goes over an object and the objects in it; ends with the first answer of `visit`,
    /// which is given the depth (1 for the outermost), the key, the value and, for all but
    /// objects that are gone into, its text.
    fn object<T>(
        &mut self,
        visit: &mut impl FnMut(usize, &[u8], Value<'a>, &'a [u8]) -> Option<T>,
        depth_max: usize,
    ) -> Option<T> {
        self.take(b'{')?;
        let mut depth = 1;
        loop {
            self.skip_space();
            match self.peek()? {
                b'}' => {
                    self.at += 1;
                    depth -= 1;
                    if depth == 0 {
                        return None;
                    }
                    continue;
                }
                b',' => {
                    self.at += 1;
                    continue;
                }
                _ => {}
            }
            let key = self.string()?;
            self.take(b':')?;
            self.skip_space();
            let from = self.at;
            match self.peek()? {
                b'"' => {
                    let text = self.string()?;
                    let raw = &self.line[from..self.at];
                    if let Some(found) = visit(depth, key, Value::String(text), raw) {
                        return Some(found);
                    }
                }
                b'{' if depth < depth_max => {
                    self.at += 1;
                    depth += 1;
                }
                first => {
                    self.skip_value(first)?;
                    let raw = self.line[from..self.at].trim_ascii_end();
                    let value = if first == b'{' {
                        Value::Object
                    } else {
                        Value::Other
                    };
                    if let Some(found) = visit(depth, key, value, raw) {
                        return Some(found);
                    }
                }
            }
        }
    }

    /// Goes behind a value that is no string.
    fn skip_value(&mut self, first: u8) -> Option<()> {
        if first != b'{' && first != b'[' {
            while self
                .peek()
                .is_some_and(|b| !matches!(b, b',' | b'}' | b']'))
            {
                self.at += 1;
            }
            return Some(());
        }
        let mut open = 0usize;
        loop {
            match self.peek()? {
                b'"' => {
                    self.string()?;
                    continue;
                }
                b'{' | b'[' => open += 1,
                b'}' | b']' => open = open.saturating_sub(1),
                _ => {}
            }
            self.at += 1;
            if open == 0 {
                return Some(());
            }
        }
    }
}
