//! Values of attributes and bodies.

use std::borrow::Cow;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use binnacle_model::event::FieldValue;

use crate::json::push_text;

/// Deepest nesting of a value.
pub(super) const DEPTH_MAX: usize = 32;

/// An `AnyValue`.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum AnyValue<'a> {
    Empty,
    Text(Cow<'a, [u8]>),
    Bool(bool),
    Int(i64),
    Double(f64),
    Array(Vec<AnyValue<'a>>),
    Map(Vec<Attribute<'a>>),
    Bytes(Cow<'a, [u8]>),
}

/// A `KeyValue`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Attribute<'a> {
    pub(super) key: Cow<'a, str>,
    pub(super) value: AnyValue<'a>,
}

impl AnyValue<'_> {
    /// As text: texts as they are, lists and maps as JSON with their keys in order, bytes in
    /// base 64.
    pub(super) fn to_text(&self) -> Cow<'_, [u8]> {
        let mut out = Vec::new();
        match self {
            Self::Empty => {}
            Self::Text(text) => return Cow::Borrowed(text),
            Self::Bytes(bytes) => out = BASE64_STANDARD.encode(bytes).into_bytes(),
            other => other.push_json(&mut out),
        }
        Cow::Owned(out)
    }

    /// As a field: numbers and truth as they are, all else as text.
    pub(super) fn with_field(&self, take: impl FnOnce(FieldValue<'_>)) {
        match self {
            Self::Bool(v) => take(FieldValue::Bool(*v)),
            Self::Int(v) => take(FieldValue::Int(*v)),
            Self::Double(v) if v.is_finite() => take(FieldValue::Float(*v)),
            other => take(FieldValue::Text(&other.to_text())),
        }
    }

    fn push_json(&self, out: &mut Vec<u8>) {
        match self {
            Self::Empty => out.extend_from_slice(b"null"),
            Self::Text(text) => push_text(out, text),
            Self::Bool(v) => out.extend_from_slice(if *v { b"true" } else { b"false" }),
            Self::Int(v) => out.extend_from_slice(itoa::Buffer::new().format(*v).as_bytes()),
            Self::Double(v) => push_double(out, *v),
            Self::Bytes(bytes) => push_text(out, BASE64_STANDARD.encode(bytes).as_bytes()),
            Self::Array(values) => {
                out.push(b'[');
                for (i, value) in values.iter().enumerate() {
                    if i > 0 {
                        out.push(b',');
                    }
                    value.push_json(out);
                }
                out.push(b']');
            }
            Self::Map(pairs) => {
                let mut sorted: Vec<&Attribute<'_>> = pairs.iter().collect();
                sorted.sort_by(|a, b| a.key.cmp(&b.key));
                out.push(b'{');
                for (i, pair) in sorted.iter().enumerate() {
                    if i > 0 {
                        out.push(b',');
                    }
                    push_text(out, pair.key.as_bytes());
                    out.push(b':');
                    pair.value.push_json(out);
                }
                out.push(b'}');
            }
        }
    }
}

/// As Go's JSON has it: with an exponent below 1e-6 and from 1e21 on.
fn push_double(out: &mut Vec<u8>, value: f64) {
    if !value.is_finite() {
        return push_text(out, format!("{value}").as_bytes());
    }
    let size = value.abs();
    let text = if size != 0.0 && !(1e-6..1e21).contains(&size) {
        let text = format!("{value:e}");
        if text.contains("e-") {
            text
        } else {
            text.replace('e', "e+")
        }
    } else {
        format!("{value}")
    };
    out.extend_from_slice(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts() {
        let text = |t: &'static str| AnyValue::Text(Cow::Borrowed(t.as_bytes()));
        let pair = |key: &'static str, value| Attribute {
            key: Cow::Borrowed(key),
            value,
        };
        let check = |value: AnyValue<'_>, want: &str| {
            assert_eq!(String::from_utf8_lossy(&value.to_text()), want);
        };
        check(AnyValue::Empty, "");
        check(text("a\"b"), "a\"b");
        check(AnyValue::Bool(true), "true");
        check(AnyValue::Int(-5), "-5");
        check(AnyValue::Double(637.704), "637.704");
        check(AnyValue::Double(1e21), "1e+21");
        check(AnyValue::Double(2.5e-7), "2.5e-7");
        check(AnyValue::Double(3.0), "3");
        check(AnyValue::Bytes(Cow::Borrowed(b"\x00\xff")), "AP8=");
        let map = AnyValue::Map(vec![
            pair("z", AnyValue::Array(vec![text("a\"b"), AnyValue::Empty])),
            pair("a", AnyValue::Double(1.0)),
        ]);
        check(map, "{\"a\":1,\"z\":[\"a\\\"b\",null]}");
    }
}
