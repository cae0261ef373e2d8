//! The functions of Alertmanager's templates.

use std::sync::{Arc, OnceLock};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE;

use super::json;
use super::kv::{join, strings};
use crate::functions::humanize::{humanize_duration, to_float};
use crate::functions::text::{lower, query_unescape, title, upper};
use crate::functions::{Function, Functions, Type, regular};
use crate::value::{List, Safe, Time, Value, layout};

const STR: &[Type] = &[Type::Str];
const TWO: &[Type] = &[Type::Str, Type::Str];

/// The functions of the language and those of Alertmanager.
#[must_use]
pub fn functions() -> Functions {
    static TABLE: OnceLock<Functions> = OnceLock::new();
    TABLE
        .get_or_init(|| Functions::builtins().with(set()))
        .clone()
}

fn set() -> Vec<Function> {
    vec![
        // Of the execution.
        Function::host("now", &[]),
        Function::host("since", &[Type::Time]),
        Function::host("routeLabels", STR),
        // Texts.
        Function::plain("toUpper", STR, |a| Ok(upper(str(a, 0)).into())),
        Function::plain("toLower", STR, |a| Ok(lower(str(a, 0)).into())),
        Function::plain("title", STR, |a| Ok(title(str(a, 0), true).into())),
        Function::plain("trimSpace", STR, |a| Ok(str(a, 0).trim().into())),
        Function::plain("join", &[Type::Str, Type::Strings], |a| {
            Ok(join(&a[1], str(a, 0)).into())
        }),
        Function::plain("match", TWO, |a| {
            regular::is_match(str(a, 0), str(a, 1)).map(Into::into)
        }),
        Function::plain("reReplaceAll", &[Type::Str, Type::Str, Type::Str], |a| {
            regular::replace_all(str(a, 0), str(a, 1), str(a, 2)).map(Into::into)
        }),
        Function::plain("safeHtml", STR, |a| {
            Ok(Value::Safe(Safe::Html, Arc::from(str(a, 0))))
        }),
        Function::plain("safeUrl", STR, |a| {
            Ok(Value::Safe(Safe::Url, Arc::from(str(a, 0))))
        }),
        Function::plain("urlUnescape", STR, |a| {
            query_unescape(str(a, 0)).map(Into::into)
        }),
        Function::plain("base64encode", STR, |a| {
            Ok(URL_SAFE.encode(str(a, 0)).into())
        }),
        Function::plain("base64decode", STR, |a| decode(str(a, 0)).map(Into::into)),
        Function::plain("toJson", &[Type::Any], |a| {
            json::to_json(&a[0]).map(Into::into)
        }),
        // Times.
        Function::plain("date", &[Type::Str, Type::Time], |a| {
            Ok(layout::format(time(a, 1), str(a, 0)).into())
        }),
        Function::plain("tz", &[Type::Str, Type::Time], |a| {
            Ok(time(a, 1).clone().in_named(str(a, 0))?.into())
        }),
        Function::plain("toDate", TWO, |a| {
            Ok(layout::parse(str(a, 0), str(a, 1))
                .unwrap_or_default()
                .into())
        }),
        Function::plain("mustToDate", TWO, |a| {
            layout::parse(str(a, 0), str(a, 1)).map(Into::into)
        }),
        Function::plain("humanizeDuration", &[Type::Any], |a| {
            Ok(humanize_duration(to_float(&a[0])?).into())
        }),
        // Lists and maps.
        Function::plain("stringSlice", &[], |a| Ok(strings(a))).with_rest(Type::Str),
        Function::plain("list", &[], |a| Ok(Value::list(a.to_vec()))).with_rest(Type::Any),
        Function::plain("append", &[Type::List], append).with_rest(Type::Any),
        Function::plain("dict", &[], dict).with_rest(Type::Any),
    ]
}

fn str(args: &[Value], at: usize) -> &str {
    args.get(at).and_then(Value::as_str).unwrap_or("")
}

fn time(args: &[Value], at: usize) -> &Time {
    static ZERO: OnceLock<Time> = OnceLock::new();
    match args.get(at) {
        Some(Value::Time(time)) => time,
        _ => ZERO.get_or_init(Time::default),
    }
}

/// Line breaks are passed over, as Go does it.
fn decode(text: &str) -> Result<String, String> {
    let plain: String = text.chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
    let bytes = URL_SAFE.decode(&plain).map_err(|e| {
        let at = match e {
            base64::DecodeError::InvalidByte(at, _) => at,
            base64::DecodeError::InvalidLastSymbol { offset, .. } => offset,
            _ => plain.len(),
        };
        format!("illegal base64 data at input byte {at}")
    })?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn append(args: &[Value]) -> Result<Value, String> {
    let Some((first, more)) = args.split_first() else {
        return Ok(Value::list(Vec::new()));
    };
    match first {
        Value::List(list) => {
            let items = list.items().iter().chain(more).cloned().collect();
            Ok(List::new(list.class, items).into())
        }
        _ => Ok(Value::list(more.to_vec())),
    }
}

fn dict(args: &[Value]) -> Result<Value, String> {
    let (pairs, rest) = args.as_chunks::<2>();
    if !rest.is_empty() {
        return Err("dict requires an even number of arguments".to_owned());
    }
    let mut entries = Vec::with_capacity(pairs.len());
    for [name, value] in pairs {
        let Value::Str(name) = name else {
            return Err("dict keys must be strings".to_owned());
        };
        entries.push((name.clone(), value.clone()));
    }
    Ok(Value::map(entries))
}
