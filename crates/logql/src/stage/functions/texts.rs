//! Functions of texts. Positions are counted in characters.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use binnacle_model::event::LineRegex;
use binnacle_template::{Function, Type, Value};
use regex::bytes::Captures;

use super::{ANY, STR, THREE, TWO, count, str, text};

/// Longest text that a function makes, bytes.
const TEXT_BYTES_MAX: usize = 16 << 20;

/// Expressions that a thread keeps compiled. A template's are mostly the same for each row.
const REGEXES_MAX: usize = 64;

thread_local! {
    static REGEXES: RefCell<HashMap<String, Arc<LineRegex>>> = RefCell::default();
}

fn regex(expression: &str) -> Result<Arc<LineRegex>, String> {
    REGEXES.with_borrow_mut(|known| {
        if let Some(regex) = known.get(expression) {
            return Ok(regex.clone());
        }
        let regex = Arc::new(LineRegex::new(expression).map_err(|e| e.to_string())?);
        if known.len() >= REGEXES_MAX {
            known.clear();
        }
        known.insert(expression.to_owned(), regex.clone());
        Ok(regex)
    })
}

pub(super) fn set() -> Vec<Function> {
    let mut all = cases();
    all.extend(cuts());
    all.extend(pads());
    all.extend(expressions());
    all.extend(tests());
    all
}

fn cases() -> Vec<Function> {
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
                let times = usize::try_from(count(a, 3)).unwrap_or(usize::MAX);
                replace(str(a, 0), str(a, 1), str(a, 2), times)
            },
        ),
        Function::plain("replace", THREE, |a| {
            replace(str(a, 2), str(a, 0), str(a, 1), usize::MAX)
        }),
    ]
}

fn cuts() -> Vec<Function> {
    let any_of = |set: &str| {
        let set: Vec<char> = set.chars().collect();
        move |c: char| set.contains(&c)
    };
    vec![
        Function::shared("Trim", TWO, move |a| {
            text(str(a, 0).trim_matches(any_of(str(a, 1))))
        }),
        Function::shared("TrimLeft", TWO, move |a| {
            text(str(a, 0).trim_start_matches(any_of(str(a, 1))))
        }),
        Function::shared("TrimRight", TWO, move |a| {
            text(str(a, 0).trim_end_matches(any_of(str(a, 1))))
        }),
        Function::shared("trimAll", TWO, move |a| {
            text(str(a, 1).trim_matches(any_of(str(a, 0))))
        }),
        Function::plain("TrimPrefix", TWO, |a| {
            text(str(a, 0).strip_prefix(str(a, 1)).unwrap_or(str(a, 0)))
        }),
        Function::plain("TrimSuffix", TWO, |a| {
            text(str(a, 0).strip_suffix(str(a, 1)).unwrap_or(str(a, 0)))
        }),
        Function::plain("trimPrefix", TWO, |a| {
            text(str(a, 1).strip_prefix(str(a, 0)).unwrap_or(str(a, 1)))
        }),
        Function::plain("trimSuffix", TWO, |a| {
            text(str(a, 1).strip_suffix(str(a, 0)).unwrap_or(str(a, 1)))
        }),
        Function::plain("TrimSpace", STR, |a| text(str(a, 0).trim())),
        Function::plain("trim", STR, |a| text(str(a, 0).trim())),
        Function::plain("substr", &[Type::Int, Type::Int, Type::Str], |a| {
            text(substr(count(a, 0), count(a, 1), str(a, 2)))
        }),
        Function::plain("trunc", &[Type::Int, Type::Str], |a| {
            let (to, of) = (count(a, 0), str(a, 1));
            let length = of.chars().count() as i64;
            text(match to {
                _ if to < 0 && length.saturating_add(to) > 0 => range(of, length + to, length),
                _ if to >= 0 => range(of, 0, to),
                _ => of,
            })
        }),
    ]
}

fn pads() -> Vec<Function> {
    const WIDTH: &[Type] = &[Type::Int, Type::Str];
    vec![
        Function::plain("repeat", WIDTH, |a| {
            Ok(times(str(a, 1), count(a, 0))?.into())
        }),
        Function::plain("indent", WIDTH, |a| text(indent(count(a, 0), str(a, 1))?)),
        Function::plain("nindent", WIDTH, |a| {
            text(format!("\n{}", indent(count(a, 0), str(a, 1))?))
        }),
        Function::plain("alignLeft", WIDTH, |a| {
            align(
                count(a, 0),
                str(a, 1),
                |of, width, _| range(of, 0, width),
                |of, pad| format!("{of}{pad}"),
            )
        }),
        Function::plain("alignRight", WIDTH, |a| {
            align(
                count(a, 0),
                str(a, 1),
                |of, width, length| range(of, length - width, length),
                |of, pad| format!("{pad}{of}"),
            )
        }),
        Function::plain("default", ANY, |a| {
            let given = a.get(1).filter(|v| !is_empty(v));
            Ok(given.or(a.first()).cloned().unwrap_or_default())
        })
        .with_rest(Type::Any),
    ]
}

fn expressions() -> Vec<Function> {
    vec![
        Function::plain("count", TWO, |a| {
            let found = regex(str(a, 0))?
                .regex()
                .find_iter(str(a, 1).as_bytes())
                .count();
            Ok(Value::Int(found as i64))
        }),
        Function::plain("regexReplaceAll", THREE, |a| {
            let template = str(a, 2);
            let groups = template.matches('$').count();
            replace_all(str(a, 0), str(a, 1), |found, out| {
                // No group is longer than the whole.
                let longest = found.get(0).map_or(0, |all| all.len());
                if groups.saturating_mul(longest) > TEXT_BYTES_MAX {
                    return false;
                }
                found.expand(template.as_bytes(), out);
                true
            })
        }),
        Function::plain("regexReplaceAllLiteral", THREE, |a| {
            replace_all(str(a, 0), str(a, 1), |_, out| {
                out.extend_from_slice(str(a, 2).as_bytes());
                true
            })
        }),
    ]
}

fn tests() -> Vec<Function> {
    vec![
        Function::plain("contains", TWO, |a| {
            Ok(str(a, 1).contains(str(a, 0)).into())
        }),
        Function::plain("hasPrefix", TWO, |a| {
            Ok(str(a, 1).starts_with(str(a, 0)).into())
        }),
        Function::plain("hasSuffix", TWO, |a| {
            Ok(str(a, 1).ends_with(str(a, 0)).into())
        }),
    ]
}

/// Puts what `write` writes in the place of each match; false: it would be too long.
fn replace_all(
    expression: &str,
    of: &str,
    write: impl Fn(&Captures<'_>, &mut Vec<u8>) -> bool,
) -> Result<Value, String> {
    let regex = regex(expression)?;
    let of = of.as_bytes();
    let mut out = Vec::with_capacity(of.len());
    let mut behind = 0;
    for found in regex.regex().captures_iter(of) {
        let Some(all) = found.get(0) else { continue };
        out.extend_from_slice(&of[behind..all.start()]);
        behind = all.end();
        if !write(&found, &mut out) || out.len() > TEXT_BYTES_MAX {
            return Err(format!(
                "regexReplaceAll: the text would be over {TEXT_BYTES_MAX} bytes"
            ));
        }
    }
    out.extend_from_slice(&of[behind..]);
    text(String::from_utf8_lossy(&out))
}

fn replace(of: &str, old: &str, new: &str, times: usize) -> Result<Value, String> {
    let found = of.matches(old).count().min(times);
    if found.saturating_mul(new.len()) > TEXT_BYTES_MAX {
        return Err(format!(
            "replace: the text would be over {TEXT_BYTES_MAX} bytes"
        ));
    }
    text(of.replacen(old, new, times))
}

fn times(of: &str, count: i64) -> Result<String, String> {
    let count = usize::try_from(count).map_err(|_| "strings: negative Repeat count".to_owned())?;
    if of.len().saturating_mul(count) > TEXT_BYTES_MAX {
        return Err(format!(
            "repeat: the text would be over {TEXT_BYTES_MAX} bytes"
        ));
    }
    Ok(of.repeat(count))
}

fn indent(spaces: i64, of: &str) -> Result<String, String> {
    let pad = times(" ", spaces)?;
    let lines = of.matches('\n').count() + 1;
    if pad.len().saturating_mul(lines) > TEXT_BYTES_MAX {
        return Err(format!(
            "indent: the text would be over {TEXT_BYTES_MAX} bytes"
        ));
    }
    Ok(format!("{pad}{}", of.replace('\n', &format!("\n{pad}"))))
}

/// Cuts or pads to a width; a negative one is none.
fn align(
    width: i64,
    of: &str,
    cut: for<'t> fn(&'t str, i64, i64) -> &'t str,
    pad: fn(&str, &str) -> String,
) -> Result<Value, String> {
    let length = of.chars().count() as i64;
    if width < 0 {
        return text(of);
    }
    if width <= length {
        return text(cut(of, width, length));
    }
    text(pad(of, &times(" ", width - length)?))
}

/// Characters `from..to`, as far as there are.
fn range(of: &str, from: i64, to: i64) -> &str {
    let byte = |at: i64| {
        let at = usize::try_from(at).unwrap_or(0);
        of.char_indices().nth(at).map_or(of.len(), |(byte, _)| byte)
    };
    of.get(byte(from)..byte(to)).unwrap_or_default()
}

/// From a negative start: up to the end; to a negative end: all that is behind the start.
fn substr(start: i64, end: i64, of: &str) -> &str {
    match (start < 0, end < 0) {
        (true, true) => "",
        (true, false) => range(of, 0, end),
        (false, true) => range(of, start, i64::MAX),
        (false, false) => range(of, start, end),
    }
}

/// As Go's `strings.Title`: every letter behind what is neither letter, digit nor `_`.
fn title(of: &str) -> String {
    let mut out = String::with_capacity(of.len());
    let mut begins = true;
    for c in of.chars() {
        if begins {
            out.extend(c.to_uppercase());
        } else {
            out.push(c);
        }
        begins = if c.is_ascii() {
            !(c.is_ascii_alphanumeric() || c == '_')
        } else {
            c.is_whitespace()
        };
    }
    out
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
