//! JSON as Go's `encoding/json` writes it.
//!
//! Webhooks and their signatures, tests and caches of people's own compare bytes:
//! `<`, `>`, `&`, U+2028 and U+2029 are escaped, and a float without a fraction has
//! no `.0`. The names of a map must come sorted (use a `BTreeMap`).

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::Formatter;

/// `value` in one line, with a newline at its end as Go's encoder has it.
///
/// A value that is no JSON (a map whose names are no texts) gives an empty body; the
/// types of this room cannot hold one.
#[must_use]
pub fn to_json(value: &impl Serialize) -> Vec<u8> {
    let mut out = Vec::with_capacity(1024);
    let mut serializer = serde_json::Serializer::with_formatter(&mut out, Go);
    if value.serialize(&mut serializer).is_err() {
        return Vec::new();
    }
    out.push(b'\n');
    out
}

struct Go;

impl Formatter for Go {
    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let bytes = fragment.as_bytes();
        let mut from = 0;
        let mut at = 0;
        while at < bytes.len() {
            let (escape, len) = match bytes[at] {
                b'<' => ("\\u003c", 1),
                b'>' => ("\\u003e", 1),
                b'&' => ("\\u0026", 1),
                0xe2 if bytes[at..].starts_with(b"\xe2\x80\xa8") => ("\\u2028", 3),
                0xe2 if bytes[at..].starts_with(b"\xe2\x80\xa9") => ("\\u2029", 3),
                _ => {
                    at += 1;
                    continue;
                }
            };
            writer.write_all(&bytes[from..at])?;
            writer.write_all(escape.as_bytes())?;
            at += len;
            from = at;
        }
        writer.write_all(&bytes[from..])
    }

    fn write_f64<W: ?Sized + Write>(&mut self, writer: &mut W, value: f64) -> io::Result<()> {
        writer.write_all(print_float(value).as_bytes())
    }
}

/// The shortest digits that read back the same; an exponent below 1e-6 and from 1e21
/// on.
fn print_float(value: f64) -> String {
    let size = value.abs();
    if size == 0.0 || (1e-6..1e21).contains(&size) {
        return format!("{value}");
    }
    let text = format!("{value:e}");
    match text.split_once('e') {
        Some((digits, power)) if !power.starts_with('-') => format!("{digits}e+{power}"),
        // Go writes at least two digits of a negative exponent but strips `e-09` to
        // `e-9`, which is what Rust writes.
        _ => text,
    }
}

/// Appends `text` as a JSON string.
pub fn push_text(out: &mut Vec<u8>, text: &str) {
    let mut serializer = serde_json::Serializer::with_formatter(out, Go);
    // A text is always JSON, and writing to memory does not fail.
    let _ = text.serialize(&mut serializer);
}
