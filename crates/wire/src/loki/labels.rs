//! The text of a stream's labels.

use binnacle_model::labels::{Labels, LabelsBuilder, is_legacy_label_name};

/// Reads `{name="value", …}`. Values are Go strings: in double or single quotes with
/// escapes, or in back quotes as they stand. Empty values are the same as no label.
///
/// # Errors
/// What is wrong, and where, in words.
pub fn parse_labels(text: &str) -> Result<Labels, String> {
    let mut reader = Reader { text, at: 0 };
    let mut builder = LabelsBuilder::default();
    reader.expect('{')?;
    if reader.take('}') {
        return reader.end().map(|()| builder.build());
    }
    loop {
        let name = reader.name()?;
        reader.expect('=')?;
        let value = reader.value()?;
        if !builder.get(&name).is_empty() {
            return Err(format!("duplicate label {name:?}"));
        }
        builder.set(&name, &value);
        if reader.take(',') {
            // A comma may stand before the end.
            if reader.take('}') {
                break;
            }
            continue;
        }
        reader.expect('}')?;
        break;
    }
    reader.end()?;
    Ok(builder.build())
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn space(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
    }

    fn take(&mut self, c: char) -> bool {
        self.space();
        let there = self.rest().starts_with(c);
        if there {
            self.at += c.len_utf8();
        }
        there
    }

    fn fault(&self, wanted: &str) -> String {
        let found = match self.rest().chars().next() {
            Some(c) => format!("{c:?}"),
            None => "the end".to_owned(),
        };
        format!(
            "1:{}: parse error: expected {wanted}, found {found}",
            self.at + 1
        )
    }

    fn expect(&mut self, c: char) -> Result<(), String> {
        if self.take(c) {
            Ok(())
        } else {
            Err(self.fault(&format!("{c:?}")))
        }
    }

    fn end(&mut self) -> Result<(), String> {
        self.space();
        if self.rest().is_empty() {
            Ok(())
        } else {
            Err(self.fault("the end"))
        }
    }

    fn name(&mut self) -> Result<String, String> {
        self.space();
        let rest = self.rest();
        if rest.starts_with('"') {
            return self.value();
        }
        let len = rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
            .unwrap_or(rest.len());
        let name = rest[..len].to_owned();
        if !is_legacy_label_name(&name) {
            return Err(self.fault("a label name"));
        }
        self.at += len;
        Ok(name)
    }

    fn value(&mut self) -> Result<String, String> {
        self.space();
        let mut chars = self.rest().char_indices();
        let Some((_, quote @ ('"' | '\'' | '`'))) = chars.next() else {
            return Err(self.fault("a quoted value"));
        };
        let mut out = Vec::new();
        while let Some((at, c)) = chars.next() {
            if c == quote {
                self.at += at + 1;
                return String::from_utf8(out)
                    .map_err(|_| self.fault("a value that is UTF-8 before here"));
            }
            match c {
                '\\' if quote != '`' => {
                    let read = escape(&mut chars, quote, &mut out);
                    read.ok_or_else(|| self.fault("a string with valid escapes"))?;
                }
                '\n' if quote != '`' => break,
                c => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
        Err(self.fault("a string that ends"))
    }
}

/// A Go escape behind its backslash.
fn escape(chars: &mut std::str::CharIndices<'_>, quote: char, out: &mut Vec<u8>) -> Option<()> {
    let (_, letter) = chars.next()?;
    let mut number = |digits: u32, radix: u32, first: u32| {
        (1..=digits).try_fold(first, |n, _| {
            let digit = chars.next()?.1.to_digit(radix)?;
            n.checked_mul(radix)?.checked_add(digit)
        })
    };
    let byte = match letter {
        'a' => 7,
        'b' => 8,
        'f' => 12,
        'n' => b'\n',
        'r' => b'\r',
        't' => b'\t',
        'v' => 11,
        '\\' => b'\\',
        c if c == quote => c as u8,
        'x' => u8::try_from(number(2, 16, 0)?).ok()?,
        '0'..='7' => u8::try_from(number(2, 8, letter.to_digit(8)?)?).ok()?,
        'u' | 'U' => {
            let code = number(if letter == 'u' { 4 } else { 8 }, 16, 0)?;
            let c = char::from_u32(code)?;
            out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            return Some(());
        }
        _ => return None,
    };
    out.push(byte);
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts() {
        let check = |text: &str, want: Option<&str>| {
            let got = parse_labels(text).map(|l| l.to_string());
            match want {
                Some(want) => assert_eq!(got.as_deref(), Ok(want), "{text}"),
                None => assert!(got.is_err(), "{text}: {got:?}"),
            }
        };
        check(r#"{a="b"}"#, Some(r#"{a="b"}"#));
        check(r#" { b = "x" , a='y', } "#, Some(r#"{a="y", b="x"}"#));
        check("{a=`x\\y`}", Some(r#"{a="x\\y"}"#));
        check(r#"{a="\u00e4\x41\101\n\""}"#, Some("{a=\"äAA\\n\\\"\"}"));
        check(r#"{a="", b="x"}"#, Some(r#"{b="x"}"#));
        check("{}", Some("{}"));
        check(r#"{"a.b"="c"}"#, Some(r#"{"a.b"="c"}"#));
        check("", None);
        check("{", None);
        check(r#"{a="b""#, None);
        check(r#"{a=b}"#, None);
        check(r#"{a-b="c"}"#, None);
        check(r#"{1a="c"}"#, None);
        check(r#"{a="b" c="d"}"#, None);
        check(r#"{a="b", a="c"}"#, None);
        check(r#"{a="b"} x"#, None);
        check(r#"{a="\q"}"#, None);
        check(r#"{a="\xff"}"#, None);
        check(r#"{a="\777"}"#, None);
        check("{a=\"", None);
        check("{a=\"\\", None);
        check("{ä=\"x\"}", None);
    }
}
