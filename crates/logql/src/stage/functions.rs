//! The functions of Loki's templates.

use std::sync::OnceLock;

use binnacle_model::event::LineRegex;
use binnacle_template::value::layout;
use binnacle_template::{Function, Functions, Time, Type, Value};

use crate::parse::units;

const STR: &[Type] = &[Type::Str];
const TWO: &[Type] = &[Type::Str, Type::Str];
const THREE: &[Type] = &[Type::Str, Type::Str, Type::Str];
const ANY: &[Type] = &[Type::Any];
const ANYS: &[Type] = &[Type::Any, Type::Any];

/// Longest text that a function makes, bytes.
const TEXT_BYTES_MAX: usize = 16 << 20;

/// The functions of the language and those of Loki.
pub(super) fn functions() -> Functions {
    static TABLE: OnceLock<Functions> = OnceLock::new();
    TABLE
        .get_or_init(|| {
            Functions::builtins()
                .with(row())
                .with(texts())
                .with(numbers())
                .with(times())
        })
        .clone()
}

fn str(arguments: &[Value], i: usize) -> &str {
    match arguments.get(i) {
        Some(Value::Str(text) | Value::Safe(_, text)) => text,
        _ => "",
    }
}

fn text(value: impl AsRef<str>) -> Result<Value, String> {
    Ok(value.as_ref().into())
}

/// A number out of whatever is given; what is none is 0, as in Sprig.
fn float(value: Option<&Value>) -> f64 {
    match value {
        Some(Value::Int(v)) => *v as f64,
        Some(Value::Float(v)) => *v,
        Some(Value::Duration(v)) => *v as f64,
        Some(Value::Bool(true)) => 1.0,
        Some(Value::Str(text) | Value::Safe(_, text)) => text.trim().parse().unwrap_or(0.0),
        _ => 0.0,
    }
}

fn int(value: Option<&Value>) -> i64 {
    match value {
        Some(Value::Int(v) | Value::Duration(v)) => *v,
        Some(Value::Str(text) | Value::Safe(_, text)) => text.trim().parse().unwrap_or(0),
        other => float(other) as i64,
    }
}

fn row() -> Vec<Function> {
    vec![
        Function::host("__line__", &[]),
        Function::host("__timestamp__", &[]),
    ]
}

fn texts() -> Vec<Function> {
    vec![
        Function::plain("ToLower", STR, |a| text(str(a, 0).to_lowercase())),
        Function::plain("ToUpper", STR, |a| text(str(a, 0).to_uppercase())),
        Function::plain("lower", STR, |a| text(str(a, 0).to_lowercase())),
        Function::plain("upper", STR, |a| text(str(a, 0).to_uppercase())),
        Function::plain("title", STR, |a| text(title(str(a, 0)))),
        Function::plain(
            "Replace",
            &[Type::Str, Type::Str, Type::Str, Type::Int],
            |a| {
                let (s, old, new) = (str(a, 0), str(a, 1), str(a, 2));
                match int(a.get(3)) {
                    n if n < 0 => text(s.replace(old, new)),
                    n => text(s.replacen(old, new, usize::try_from(n).unwrap_or(0))),
                }
            },
        ),
        Function::plain("replace", THREE, |a| {
            text(str(a, 2).replace(str(a, 0), str(a, 1)))
        }),
        Function::plain("Trim", TWO, |a| {
            text(str(a, 0).trim_matches(|c| str(a, 1).contains(c)))
        }),
        Function::plain("TrimLeft", TWO, |a| {
            text(str(a, 0).trim_start_matches(|c| str(a, 1).contains(c)))
        }),
        Function::plain("TrimRight", TWO, |a| {
            text(str(a, 0).trim_end_matches(|c| str(a, 1).contains(c)))
        }),
        Function::plain("TrimPrefix", TWO, |a| {
            text(str(a, 0).strip_prefix(str(a, 1)).unwrap_or(str(a, 0)))
        }),
        Function::plain("TrimSuffix", TWO, |a| {
            text(str(a, 0).strip_suffix(str(a, 1)).unwrap_or(str(a, 0)))
        }),
        Function::plain("TrimSpace", STR, |a| text(str(a, 0).trim())),
        Function::plain("trim", STR, |a| text(str(a, 0).trim())),
        Function::plain("trimAll", TWO, |a| {
            text(str(a, 1).trim_matches(|c| str(a, 0).contains(c)))
        }),
        Function::plain("trimPrefix", TWO, |a| {
            text(str(a, 1).strip_prefix(str(a, 0)).unwrap_or(str(a, 1)))
        }),
        Function::plain("trimSuffix", TWO, |a| {
            text(str(a, 1).strip_suffix(str(a, 0)).unwrap_or(str(a, 1)))
        }),
        Function::plain("contains", TWO, |a| {
            Ok(str(a, 1).contains(str(a, 0)).into())
        }),
        Function::plain("hasPrefix", TWO, |a| {
            Ok(str(a, 1).starts_with(str(a, 0)).into())
        }),
        Function::plain("hasSuffix", TWO, |a| {
            Ok(str(a, 1).ends_with(str(a, 0)).into())
        }),
        Function::plain("eq", ANYS, |a| Ok(same(&a[0], &a[1]).into())),
        Function::plain("substr", &[Type::Int, Type::Int, Type::Str], |a| {
            text(substr(int(a.first()), int(a.get(1)), str(a, 2)))
        }),
        Function::plain("trunc", &[Type::Int, Type::Str], |a| {
            text(trunc(int(a.first()), str(a, 1)))
        }),
        Function::plain("repeat", &[Type::Int, Type::Str], |a| {
            let times = usize::try_from(int(a.first())).unwrap_or(0);
            if str(a, 1).len().saturating_mul(times) > TEXT_BYTES_MAX {
                return Err(format!(
                    "repeat: the text would be over {TEXT_BYTES_MAX} bytes"
                ));
            }
            text(str(a, 1).repeat(times))
        }),
        Function::plain("indent", &[Type::Int, Type::Str], |a| {
            text(indent(int(a.first()), str(a, 1)))
        }),
        Function::plain("nindent", &[Type::Int, Type::Str], |a| {
            text(format!("\n{}", indent(int(a.first()), str(a, 1))))
        }),
        Function::plain("alignLeft", &[Type::Int, Type::Any], |a| {
            text(align(int(a.first()), &a[1], false))
        }),
        Function::plain("alignRight", &[Type::Int, Type::Any], |a| {
            text(align(int(a.first()), &a[1], true))
        }),
        Function::plain("default", ANYS, |a| {
            Ok(if is_empty(&a[1]) {
                a[0].clone()
            } else {
                a[1].clone()
            })
        }),
        Function::plain("count", TWO, |a| {
            let regex = LineRegex::new(str(a, 0)).map_err(|e| e.to_string())?;
            let found = regex.regex().find_iter(str(a, 1).as_bytes()).count();
            Ok(Value::Int(found as i64))
        }),
        Function::plain("regexReplaceAll", THREE, |a| {
            let regex = LineRegex::new(str(a, 0)).map_err(|e| e.to_string())?;
            let template = str(a, 2);
            let out = regex
                .regex()
                .replace_all(str(a, 1).as_bytes(), template.as_bytes());
            text(String::from_utf8_lossy(&out))
        }),
        Function::plain("regexReplaceAllLiteral", THREE, |a| {
            let regex = LineRegex::new(str(a, 0)).map_err(|e| e.to_string())?;
            let with = regex::bytes::NoExpand(str(a, 2).as_bytes());
            let out = regex.regex().replace_all(str(a, 1).as_bytes(), with);
            text(String::from_utf8_lossy(&out))
        }),
        Function::plain("urldecode", STR, |a| urldecode(str(a, 0)).map(Into::into)),
        Function::plain("urlencode", STR, |a| text(urlencode(str(a, 0)))),
        Function::plain("b64enc", STR, |a| text(b64_encode(str(a, 0).as_bytes()))),
        Function::plain("b64dec", STR, |a| {
            text(b64_decode(str(a, 0)).map_or_else(
                || "illegal base64 data".to_owned(),
                |bytes| String::from_utf8_lossy(&bytes).into_owned(),
            ))
        }),
        Function::plain("fromJson", STR, |a| {
            serde_json::from_str::<serde_json::Value>(str(a, 0))
                .map(|json| of_json(&json))
                .or(Ok(Value::Nil))
        }),
    ]
}

fn numbers() -> Vec<Function> {
    vec![
        Function::plain("int", ANY, |a| Ok(Value::Int(int(a.first())))),
        Function::plain("float64", ANY, |a| Ok(Value::Float(float(a.first())))),
        Function::plain("add", &[], |a| {
            Ok(Value::Int(
                a.iter().fold(0, |s, v| s.wrapping_add(int(Some(v)))),
            ))
        })
        .with_rest(Type::Any),
        Function::plain("mul", ANY, |a| {
            Ok(Value::Int(
                a.iter().fold(1, |s, v| s.wrapping_mul(int(Some(v)))),
            ))
        })
        .with_rest(Type::Any),
        Function::plain("sub", ANYS, |a| {
            Ok(Value::Int(int(a.first()).wrapping_sub(int(a.get(1)))))
        }),
        Function::plain("div", ANYS, |a| {
            int(a.first())
                .checked_div(int(a.get(1)))
                .map(Value::Int)
                .ok_or_else(|| "runtime error: integer divide by zero".to_owned())
        }),
        Function::plain("mod", ANYS, |a| {
            int(a.first())
                .checked_rem(int(a.get(1)))
                .map(Value::Int)
                .ok_or_else(|| "runtime error: integer divide by zero".to_owned())
        }),
        Function::plain("addf", &[], |a| {
            Ok(Value::Float(a.iter().map(|v| float(Some(v))).sum()))
        })
        .with_rest(Type::Any),
        Function::plain("mulf", &[], |a| {
            Ok(Value::Float(a.iter().map(|v| float(Some(v))).product()))
        })
        .with_rest(Type::Any),
        Function::plain("subf", ANY, |a| {
            let rest: f64 = a[1..].iter().map(|v| float(Some(v))).sum();
            Ok(Value::Float(float(a.first()) - rest))
        })
        .with_rest(Type::Any),
        Function::plain("divf", ANY, |a| {
            let first = float(a.first());
            Ok(Value::Float(
                a[1..].iter().fold(first, |q, v| q / float(Some(v))),
            ))
        })
        .with_rest(Type::Any),
        Function::plain("max", ANY, |a| {
            Ok(Value::Int(
                a.iter().map(|v| int(Some(v))).max().unwrap_or(0),
            ))
        })
        .with_rest(Type::Any),
        Function::plain("min", ANY, |a| {
            Ok(Value::Int(
                a.iter().map(|v| int(Some(v))).min().unwrap_or(0),
            ))
        })
        .with_rest(Type::Any),
        Function::plain("maxf", ANY, |a| {
            Ok(Value::Float(
                a.iter()
                    .map(|v| float(Some(v)))
                    .fold(f64::NEG_INFINITY, f64::max),
            ))
        })
        .with_rest(Type::Any),
        Function::plain("minf", ANY, |a| {
            Ok(Value::Float(
                a.iter()
                    .map(|v| float(Some(v)))
                    .fold(f64::INFINITY, f64::min),
            ))
        })
        .with_rest(Type::Any),
        Function::plain("ceil", ANY, |a| Ok(Value::Float(float(a.first()).ceil()))),
        Function::plain("floor", ANY, |a| Ok(Value::Float(float(a.first()).floor()))),
        Function::plain("round", &[Type::Any, Type::Int], |a| {
            let factor = 10_f64.powi(i32::try_from(int(a.get(1))).unwrap_or(0));
            Ok(Value::Float((float(a.first()) * factor).round() / factor))
        })
        .with_rest(Type::Any),
        Function::plain("bytes", STR, |a| {
            units::bytes(str(a, 0))
                .map(|b| Value::Float(b as f64))
                .ok_or_else(|| format!("unable to parse size {:?}", str(a, 0)))
        }),
        Function::plain("duration", STR, seconds),
        Function::plain("duration_seconds", STR, seconds),
    ]
}

fn seconds(a: &[Value]) -> Result<Value, String> {
    units::go_duration(str(a, 0))
        .map(|ns| Value::Float(ns as f64 / 1e9))
        .ok_or_else(|| format!("time: invalid duration {:?}", str(a, 0)))
}

fn times() -> Vec<Function> {
    let time = |a: &[Value], i: usize| match a.get(i) {
        Some(Value::Time(t)) => Ok(t.clone()),
        Some(other) => Ok(Time::from_unix(int(Some(other)), 0)),
        None => Err("a time is missing".to_owned()),
    };
    let epoch = move |name, unit: i128| {
        Function::shared(name, ANY, move |a| {
            let ns = time(a, 0)?.unix_ns();
            text(ns.div_euclid(unit).to_string())
        })
    };
    vec![
        Function::shared("date", &[Type::Str, Type::Any], move |a| {
            text(layout::format(&time(a, 1)?, str(a, 0)))
        }),
        Function::plain("toDate", TWO, |a| {
            layout::parse(str(a, 0), str(a, 1)).map(Value::Time)
        }),
        epoch("unixEpoch", 1_000_000_000),
        epoch("unixEpochMillis", 1_000_000),
        epoch("unixEpochNanos", 1),
        Function::plain("unixToTime", STR, |a| {
            let digits = str(a, 0);
            let number: i128 = digits
                .parse()
                .map_err(|_| format!("unable to parse time '{digits}': it is no number"))?;
            let unit = match digits.len() {
                5 => 86_400_000_000_000,
                10 => 1_000_000_000,
                13 => 1_000_000,
                16 => 1_000,
                19 => 1,
                _ => {
                    return Err(format!(
                        "unable to parse time '{digits}': it has neither 5, 10, 13, 16 nor 19 digits"
                    ));
                }
            };
            Ok(Value::Time(Time::from_unix_ns(number * unit)))
        }),
    ]
}

fn title(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut begins = true;
    for c in text.chars() {
        if begins {
            out.extend(c.to_uppercase());
        } else {
            out.push(c);
        }
        begins = !(c.is_alphanumeric() || c == '_' || c == '\'');
    }
    out
}

fn substr(start: i64, end: i64, text: &str) -> String {
    let bytes: Vec<char> = text.chars().collect();
    let len = bytes.len() as i64;
    let from = start.clamp(0, len);
    let to = if end < 0 || end > len {
        len
    } else {
        end.max(from)
    };
    bytes[from as usize..to as usize].iter().collect()
}

fn trunc(to: i64, text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let len = chars.len() as i64;
    if to < 0 && len + to > 0 {
        return chars[(len + to) as usize..].iter().collect();
    }
    if to >= 0 && len > to {
        return chars[..to as usize].iter().collect();
    }
    text.to_owned()
}

fn indent(spaces: i64, text: &str) -> String {
    let pad = " ".repeat(usize::try_from(spaces).unwrap_or(0).min(1_000));
    let lines: Vec<String> = text.split('\n').map(|l| format!("{pad}{l}")).collect();
    lines.join("\n")
}

fn printed(value: &Value) -> String {
    match value {
        Value::Str(text) | Value::Safe(_, text) => text.as_ref().to_owned(),
        Value::Int(v) => v.to_string(),
        Value::Float(v) => binnacle_model::number::text(binnacle_model::number::write_default, *v),
        Value::Bool(v) => v.to_string(),
        _ => String::new(),
    }
}

fn align(width: i64, value: &Value, right: bool) -> String {
    let text = printed(value);
    let width = usize::try_from(width).unwrap_or(0).min(10_000);
    let chars: Vec<char> = text.chars().collect();
    if chars.len() >= width {
        let from = if right { chars.len() - width } else { 0 };
        return chars[from..from + width].iter().collect();
    }
    let pad = " ".repeat(width - chars.len());
    if right { pad + &text } else { text + &pad }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Missing | Value::Nil | Value::Bool(false) => true,
        Value::Str(text) | Value::Safe(_, text) => text.is_empty(),
        Value::Int(v) => *v == 0,
        Value::Float(v) => *v == 0.0,
        Value::List(list) => list.items().is_empty(),
        Value::Map(map) => map.entries().is_empty(),
        _ => false,
    }
}

fn same(a: &Value, b: &Value) -> bool {
    let is_number = |v: &Value| matches!(v, Value::Int(_) | Value::Float(_));
    if is_number(a) && is_number(b) {
        return float(Some(a)).total_cmp(&float(Some(b))).is_eq();
    }
    printed(a) == printed(b)
}

fn urldecode(text: &str) -> Result<String, String> {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'%' => {
                let byte = text
                    .get(at + 1..at + 3)
                    .and_then(|hex| u8::from_str_radix(hex, 16).ok())
                    .ok_or_else(|| format!("invalid URL escape in {text:?}"))?;
                out.push(byte);
                at += 3;
            }
            b'+' => {
                out.push(b' ');
                at += 1;
            }
            byte => {
                out.push(byte);
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

fn b64_decode(text: &str) -> Option<Vec<u8>> {
    let text = text.trim_end_matches('=');
    let mut out = Vec::new();
    let (mut n, mut bits) = (0_u32, 0);
    for byte in text.bytes() {
        let digit = B64.iter().position(|b| *b == byte)? as u32;
        n = (n << 6) | digit;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            out.push((n >> bits) as u8);
        }
    }
    Some(out)
}

fn of_json(json: &serde_json::Value) -> Value {
    use binnacle_template::value::{LIST, MAP};
    use binnacle_template::{List, Map};
    use std::sync::Arc;
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
