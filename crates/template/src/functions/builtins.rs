//! The functions of the language.

use std::sync::Arc;

use super::{Body, Function, Type, compare, escape, index};
use crate::format;
use crate::value::Value;

const REFLECT: &[Type] = &[Type::Reflect];
const TWO: &[Type] = &[Type::Reflect, Type::Reflect];

/// The set.
pub fn set() -> Vec<Function> {
    vec![
        Function::special("and", REFLECT, Body::Short(false)).with_rest(Type::Reflect),
        Function::special("or", REFLECT, Body::Short(true)).with_rest(Type::Reflect),
        Function::special("call", REFLECT, Body::Call).with_rest(Type::Reflect),
        Function::plain("not", REFLECT, |a| Ok((!a[0].truth()).into())),
        Function::plain("eq", REFLECT, compare::eq).with_rest(Type::Reflect),
        Function::plain("ne", TWO, |a| {
            compare::equal(&a[0], &a[1]).map(|e| (!e).into())
        }),
        Function::plain("lt", TWO, |a| compare::less(&a[0], &a[1]).map(Into::into)),
        Function::plain("le", TWO, |a| {
            compare::at_most(&a[0], &a[1]).map(Into::into)
        }),
        Function::plain("gt", TWO, |a| {
            compare::at_most(&a[0], &a[1]).map(|le| (!le).into())
        }),
        Function::plain("ge", TWO, |a| {
            compare::less(&a[0], &a[1]).map(|lt| (!lt).into())
        }),
        Function::plain("index", REFLECT, index::index).with_rest(Type::Reflect),
        Function::plain("slice", REFLECT, index::slice).with_rest(Type::Reflect),
        Function::plain("len", REFLECT, index::len),
        Function::plain("print", &[], |a| Ok(format::print(a).into())).with_rest(Type::Any),
        Function::plain("println", &[], |a| Ok(format::println(a).into())).with_rest(Type::Any),
        Function::plain("printf", &[Type::Str], printf).with_rest(Type::Any),
        Function::plain("html", &[], |a| text(a, escape::html)).with_rest(Type::Any),
        Function::plain("js", &[], |a| text(a, escape::js)).with_rest(Type::Any),
        Function::plain("urlquery", &[], |a| text(a, super::text::query_escape))
            .with_rest(Type::Any),
    ]
}

fn printf(args: &[Value]) -> Result<Value, String> {
    let Some((Value::Str(format), rest)) = args.split_first() else {
        return Ok("".into());
    };
    Ok(format::printf(format, rest).into())
}

/// The arguments as one text, escaped.
fn text(args: &[Value], escape: fn(&str) -> String) -> Result<Value, String> {
    if let [Value::Str(text)] = args {
        return Ok(Arc::<str>::from(escape(text)).into());
    }
    // Nil alone, and not the nil within a value, is said in this way.
    let shown: Vec<Value> = args
        .iter()
        .map(|v| match v {
            Value::Missing | Value::Nil => "<no value>".into(),
            v => v.clone(),
        })
        .collect();
    Ok(escape(&format::print(&shown)).into())
}
