//! `index`, `slice` and `len`: parts and sizes of lists, maps and texts. Texts are
//! bytes here, as in Go.

use std::sync::Arc;

use crate::value::{List, Value};

/// A position in something of `size`.
fn position(index: &Value, size: usize) -> Result<usize, String> {
    let at = match index {
        Value::Int(at) | Value::Duration(at) => *at,
        Value::Missing | Value::Nil => return Err("cannot index slice/array with nil".to_owned()),
        other => {
            let name = other.type_name();
            return Err(format!("cannot index slice/array with type {name}"));
        }
    };
    usize::try_from(at)
        .ok()
        .filter(|at| *at <= size)
        .ok_or_else(|| format!("index out of range: {at}"))
}

/// `index x 1 "a"` is `x[1]["a"]`.
pub(super) fn index(args: &[Value]) -> Result<Value, String> {
    let (first, path) = args.split_first().ok_or("index of untyped nil")?;
    if first.is_nil() {
        return Err("index of untyped nil".to_owned());
    }
    let mut item = first.clone();
    for at in path {
        item = step(&item, at)?;
    }
    Ok(item)
}

fn step(item: &Value, at: &Value) -> Result<Value, String> {
    let beyond = |at: usize| format!("reflect: slice index out of range: {at}");
    match item {
        Value::List(list) => {
            let at = position(at, list.items().len())?;
            list.items().get(at).cloned().ok_or_else(|| beyond(at))
        }
        Value::Str(text) | Value::Safe(_, text) => {
            let at = position(at, text.len())?;
            let byte = text.as_bytes().get(at);
            byte.map(|b| Value::Int(i64::from(*b)))
                .ok_or_else(|| "reflect: string index out of range".to_owned())
        }
        Value::Map(map) => match at {
            Value::Str(name) => Ok(map
                .get(name)
                .cloned()
                .unwrap_or_else(|| map.class.element.zero())),
            Value::Missing | Value::Nil => Err("value is nil; should be of type string".to_owned()),
            other => Err(format!(
                "value has type {}; should be string",
                other.type_name()
            )),
        },
        Value::Missing | Value::Nil => Err("index of nil pointer".to_owned()),
        other => Err(format!("can't index item of type {}", other.type_name())),
    }
}

/// `slice x 1 2` is `x[1:2]`.
pub(super) fn slice(args: &[Value]) -> Result<Value, String> {
    let (item, path) = args.split_first().ok_or("slice of untyped nil")?;
    if item.is_nil() {
        return Err("slice of untyped nil".to_owned());
    }
    if path.len() > 3 {
        return Err(format!("too many slice indexes: {}", path.len()));
    }
    let size = match item {
        Value::Str(text) | Value::Safe(_, text) if path.len() < 3 => text.len(),
        Value::Str(_) | Value::Safe(..) => {
            return Err("cannot 3-index slice a string".to_owned());
        }
        Value::List(list) => list.items().len(),
        other => return Err(format!("can't slice item of type {}", other.type_name())),
    };
    let mut bounds = [0, size, size];
    for (bound, at) in bounds.iter_mut().zip(path) {
        *bound = position(at, size)?;
    }
    let [low, high, end] = bounds;
    for (low, high) in [(low, high), (high, end)] {
        if low > high {
            return Err(format!("invalid slice index: {low} > {high}"));
        }
    }
    match item {
        Value::List(list) => {
            let items = list.items()[low..high].to_vec();
            Ok(List::new(list.class, items).into())
        }
        Value::Str(text) => Ok(cut(text, low, high).into()),
        Value::Safe(kind, text) => Ok(Value::Safe(*kind, cut(text, low, high))),
        other => Ok(other.clone()),
    }
}

/// Bytes of a text; a character that is cut becomes U+FFFD.
fn cut(text: &Arc<str>, low: usize, high: usize) -> Arc<str> {
    match text.get(low..high) {
        Some(part) => Arc::from(part),
        None => Arc::from(String::from_utf8_lossy(&text.as_bytes()[low..high])),
    }
}

pub(super) fn len(args: &[Value]) -> Result<Value, String> {
    let size = match args.first() {
        Some(Value::Str(text) | Value::Safe(_, text)) => text.len(),
        Some(Value::List(list)) => list.items().len(),
        Some(Value::Map(map)) => map.entries().len(),
        None | Some(Value::Missing | Value::Nil) => return Err("len of nil pointer".to_owned()),
        Some(other) => return Err(format!("len of type {}", other.type_name())),
    };
    Ok(Value::Int(i64::try_from(size).unwrap_or(i64::MAX)))
}
