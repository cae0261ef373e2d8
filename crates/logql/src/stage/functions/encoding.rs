//! Functions that read or write an encoding.

use std::sync::Arc;

use binnacle_template::value::{LIST, MAP};
use binnacle_template::{Function, List, Map, Value};

use super::{STR, str, text};

pub(super) fn set() -> Vec<Function> {
    vec![
        Function::plain("urldecode", STR, |a| urldecode(str(a, 0)).map(Into::into)),
        Function::plain("urlencode", STR, |a| text(urlencode(str(a, 0)))),
        Function::plain("b64enc", STR, |a| text(b64_encode(str(a, 0).as_bytes()))),
        // What is no Base64 is told in the output.
        Function::plain("b64dec", STR, |a| {
            text(match b64_decode(str(a, 0)) {
                Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
                Err(at) => format!("illegal base64 data at input byte {at}"),
            })
        }),
        Function::plain("fromJson", STR, |a| {
            Ok(serde_json::from_str(str(a, 0)).map_or(Value::Nil, |json| of_json(&json)))
        }),
    ]
}

fn urldecode(text: &str) -> Result<String, String> {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'%' => {
                let hex = bytes.get(at + 1..at + 3).unwrap_or_default();
                let digit = |i: usize| hex.get(i).and_then(|b| char::from(*b).to_digit(16));
                let (Some(high), Some(low)) = (digit(0), digit(1)) else {
                    let escape = &bytes[at..bytes.len().min(at + 3)];
                    let escape = String::from_utf8_lossy(escape);
                    return Err(format!("invalid URL escape {escape:?}"));
                };
                out.push((high * 16 + low) as u8);
                at += 3;
            }
            b'+' => {
                out.push(b' ');
                at += 1;
            }
            byte => {
                out.push(*byte);
                at += 1;
            }
        }
    }
    Ok(String::from_utf8_lossy(&out).into_owned())
}

fn urlencode(text: &str) -> String {
    use std::fmt::Write;
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                out.push(char::from(byte));
            }
            b' ' => out.push('+'),
            // Writing to a string does not fail.
            byte => drop(write!(out, "%{byte:02X}")),
        }
    }
    out
}

const B64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn b64_encode(bytes: &[u8]) -> String {
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let n =
            chunk.iter().fold(0_u32, |n, b| (n << 8) | u32::from(*b)) << (8 * (3 - chunk.len()));
        for i in 0..4 {
            if i <= chunk.len() {
                out.push(char::from(B64[(n >> (18 - 6 * i)) as usize & 63]));
            } else {
                out.push('=');
            }
        }
    }
    out
}

/// What is encoded, or the byte that cannot be. Padding may be missing; line ends count for
/// nothing.
fn b64_decode(text: &str) -> Result<Vec<u8>, usize> {
    let body = text.trim_end_matches(['\r', '\n']);
    let digits = body.trim_end_matches('=');
    let mut out = Vec::with_capacity(digits.len() / 4 * 3);
    let (mut n, mut count) = (0_u32, 0_usize);
    for (at, byte) in digits.bytes().enumerate() {
        if matches!(byte, b'\r' | b'\n') {
            continue;
        }
        let digit = B64.iter().position(|b| *b == byte).ok_or(at)?;
        n = (n << 6) | digit as u32;
        count += 1;
        if count % 4 != 1 {
            let shift = [0, 0, 4, 2][count % 4];
            out.push((n >> shift) as u8);
        }
    }
    let padding = body.len() - digits.len();
    let missing = (4 - count % 4) % 4;
    if missing == 3 || padding > missing {
        return Err(digits.len() - usize::from(missing == 3));
    }
    Ok(out)
}

fn of_json(json: &serde_json::Value) -> Value {
    match json {
        serde_json::Value::Null => Value::Nil,
        serde_json::Value::Bool(v) => Value::Bool(*v),
        serde_json::Value::Number(n) => Value::Float(n.as_f64().unwrap_or(0.0)),
        serde_json::Value::String(text) => text.as_str().into(),
        serde_json::Value::Array(items) => Value::List(Arc::new(List::new(
            &LIST,
            items.iter().map(of_json).collect(),
        ))),
        serde_json::Value::Object(object) => Value::Map(Arc::new(Map::new(
            &MAP,
            object
                .iter()
                .map(|(k, v)| (Arc::from(k.as_str()), of_json(v)))
                .collect(),
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64() {
        for (text, encoded) in [("", ""), ("a", "YQ=="), ("ab", "YWI="), ("abc", "YWJj")] {
            assert_eq!(b64_encode(text.as_bytes()), encoded);
            assert_eq!(b64_decode(encoded), Ok(text.as_bytes().to_vec()));
            let bare = encoded.trim_end_matches('=');
            assert_eq!(b64_decode(bare), Ok(text.as_bytes().to_vec()));
        }
        assert_eq!(b64_decode("YWJjYWJjYQ"), Ok(b"abcabca".to_vec()));
        assert_eq!(b64_decode("YW*j"), Err(2));
        assert_eq!(b64_decode("YWJjY"), Err(4));
        assert_eq!(b64_decode("YWJj="), Err(4));
    }

    #[test]
    fn urls() {
        assert_eq!(urlencode("a b/\u{e9}~"), "a+b%2F%C3%A9~");
        assert_eq!(urldecode("a+b%2F%c3%A9").as_deref(), Ok("a b/\u{e9}"));
        assert_eq!(urldecode("%2"), Err("invalid URL escape \"%2\"".to_owned()));
        assert_eq!(
            urldecode("%zz1"),
            Err("invalid URL escape \"%zz\"".to_owned())
        );
    }
}
