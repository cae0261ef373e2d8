//! Values as JSON, as Go's `encoding/json` writes them: objects in the order of the
//! declaration, maps by name, and the characters of HTML escaped.

use std::fmt::Write;

use binnacle_model::number::{text, write_json};

use crate::value::{Value, layout, time};

/// The JSON of a value.
///
/// # Errors
/// In Go's words, for what JSON cannot say: functions, infinities.
pub fn to_json(value: &Value) -> Result<String, String> {
    let mut out = String::new();
    write(&mut out, value)?;
    Ok(out)
}

fn write(out: &mut String, value: &Value) -> Result<(), String> {
    match value {
        Value::Missing | Value::Nil => out.push_str("null"),
        Value::Bool(b) => out.push_str(if *b { "true" } else { "false" }),
        Value::Int(i) | Value::Duration(i) => {
            // Writing to a string does not fail.
            let _ = write!(out, "{i}");
        }
        Value::Float(f) if !f.is_finite() => {
            return Err(format!("json: unsupported value: {value}"));
        }
        Value::Float(f) => {
            let shown = text(write_json, *f);
            // A negative exponent of one digit has no zero here.
            out.push_str(&shown.replacen("e-0", "e-", 1));
        }
        Value::Str(text) | Value::Safe(_, text) => write_string(out, text),
        Value::Time(time) => write_string(out, &layout::format(time, layout::RFC3339_NANO)),
        Value::Function(_) => return Err("json: unsupported type: func".to_owned()),
        Value::List(list) => {
            out.push('[');
            for (at, item) in list.items().iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                write(out, item)?;
            }
            out.push(']');
        }
        Value::Map(map) => {
            let entries = map
                .entries()
                .iter()
                .map(|(name, item)| (name.as_ref(), item));
            write_object(out, entries)?;
        }
        Value::Object(object) => match time::number_of(value) {
            Some(number) => {
                let _ = write!(out, "{number}");
            }
            None => {
                let fields = object.fields();
                write_object(out, fields.iter().map(|(_, name, item)| (*name, item)))?;
            }
        },
    }
    Ok(())
}

fn write_object<'v>(
    out: &mut String,
    entries: impl Iterator<Item = (&'v str, &'v Value)>,
) -> Result<(), String> {
    out.push('{');
    for (at, (name, item)) in entries.enumerate() {
        if at > 0 {
            out.push(',');
        }
        write_string(out, name);
        out.push(':');
        write(out, item)?;
    }
    out.push('}');
    Ok(())
}

fn write_string(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        // Writing to a string does not fail.
        let _ = match c {
            '"' => out.write_str("\\\""),
            '\\' => out.write_str("\\\\"),
            '\n' => out.write_str("\\n"),
            '\r' => out.write_str("\\r"),
            '\t' => out.write_str("\\t"),
            '\u{8}' => out.write_str("\\b"),
            '\u{c}' => out.write_str("\\f"),
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' | '\0'..='\x1f' => {
                write!(out, "\\u{:04x}", u32::from(c))
            }
            c => out.write_char(c),
        };
    }
    out.push('"');
}
