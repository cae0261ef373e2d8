//! The functions of Loki's templates: those of the language, and Loki's choice of Sprig's
//! with some of its own.

mod decimal;
mod encoding;
mod numbers;
mod texts;
mod times;

use std::sync::OnceLock;

use binnacle_template::{Function, Functions, Type, Value};

const STR: &[Type] = &[Type::Str];
const TWO: &[Type] = &[Type::Str, Type::Str];
const THREE: &[Type] = &[Type::Str, Type::Str, Type::Str];
const ANY: &[Type] = &[Type::Any];
const ANYS: &[Type] = &[Type::Any, Type::Any];

/// The table of all of them.
pub(super) fn functions() -> Functions {
    static TABLE: OnceLock<Functions> = OnceLock::new();
    TABLE
        .get_or_init(|| {
            Functions::builtins()
                .with([
                    Function::host("__line__", &[]),
                    Function::host("__timestamp__", &[]),
                    Function::host("now", &[]),
                ])
                .with(texts::set())
                .with(numbers::set())
                .with(times::set())
                .with(encoding::set())
        })
        .clone()
}

/// A text among the arguments.
fn str(arguments: &[Value], i: usize) -> &str {
    match arguments.get(i) {
        Some(Value::Str(text) | Value::Safe(_, text)) => text,
        _ => "",
    }
}

/// A text as what a function answers.
fn text(value: impl AsRef<str>) -> Result<Value, String> {
    Ok(value.as_ref().into())
}

/// A number among the arguments that is declared to be one.
fn count(arguments: &[Value], i: usize) -> i64 {
    match arguments.get(i) {
        Some(Value::Int(v)) => *v,
        _ => 0,
    }
}
