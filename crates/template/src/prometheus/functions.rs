//! The functions of Prometheus' templates.

use std::sync::{Arc, OnceLock};

use binnacle_model::duration;

use super::address;
use super::sample::{Sample, list};
use crate::functions::humanize::{
    humanize, humanize_1024, humanize_duration, humanize_percentage, humanize_timestamp, to_float,
    to_time,
};
use crate::functions::regular;
use crate::functions::text::{lower, query_escape, title, upper};
use crate::functions::{Function, Functions, Type};
use crate::value::{Safe, Value};

const STR: &[Type] = &[Type::Str];
const ANY: &[Type] = &[Type::Any];
const SAMPLE: &[Type] = &[Type::Class("*template.sample")];
const LABEL_OF_SAMPLE: &[Type] = &[Type::Str, Type::Class("*template.sample")];
const VECTOR: Type = Type::Class("template.queryResult");

/// Panic of Go when a sample that is not there is asked.
const NIL_POINTER: &str = "runtime error: invalid memory address or nil pointer dereference";

/// The functions of the language and those of Prometheus.
#[must_use]
pub fn functions() -> Functions {
    table().clone()
}

pub(super) fn table() -> &'static Functions {
    static TABLE: OnceLock<Functions> = OnceLock::new();
    TABLE.get_or_init(|| Functions::builtins().with(set()))
}

/// The table of consoles, which may include each other.
pub(super) fn console_table() -> Functions {
    let include = Function::host("tmpl", &[Type::Str, Type::Any]);
    table().clone().with([include])
}

fn set() -> Vec<Function> {
    vec![
        // Of the expansion.
        Function::host("query", STR),
        Function::host("now", &[]),
        Function::host("pathPrefix", &[]),
        Function::host("externalURL", &[]),
        // Samples.
        Function::plain("first", &[VECTOR], first),
        Function::plain("label", LABEL_OF_SAMPLE, |a| {
            let sample = Sample::of(&a[1]).ok_or(NIL_POINTER)?;
            Ok(sample.label(str(a, 0)).into())
        }),
        Function::plain("value", SAMPLE, |a| {
            Ok(Sample::of(&a[0]).ok_or(NIL_POINTER)?.value())
        }),
        Function::plain("strvalue", SAMPLE, |a| {
            Ok(Sample::of(&a[0])
                .ok_or(NIL_POINTER)?
                .label("__value__")
                .into())
        }),
        Function::plain("sortByLabel", &[Type::Str, VECTOR], sort_by_label),
        // Texts.
        Function::plain("reReplaceAll", &[Type::Str, Type::Str, Type::Str], |a| {
            regular::replace_all(str(a, 0), str(a, 1), str(a, 2)).map(Into::into)
        }),
        Function::plain("match", &[Type::Str, Type::Str], |a| {
            regular::is_match(str(a, 0), str(a, 1)).map(Into::into)
        }),
        Function::plain("safeHtml", STR, |a| {
            Ok(Value::Safe(Safe::Html, Arc::from(str(a, 0))))
        }),
        Function::plain("title", STR, |a| Ok(title(str(a, 0), false).into())),
        Function::plain("toUpper", STR, |a| Ok(upper(str(a, 0)).into())),
        Function::plain("toLower", STR, |a| Ok(lower(str(a, 0)).into())),
        Function::plain(
            "urlQueryEscape",
            STR,
            |a| Ok(query_escape(str(a, 0)).into()),
        ),
        Function::plain("graphLink", STR, |a| Ok(graph_link(str(a, 0)).into())),
        Function::plain("tableLink", STR, |a| Ok(table_link(str(a, 0)).into())),
        Function::plain("stripPort", STR, |a| {
            Ok(address::strip_port(str(a, 0)).into())
        }),
        Function::plain("stripDomain", STR, |a| {
            Ok(address::strip_domain(str(a, 0)).into())
        }),
        Function::plain("args", &[], args).with_rest(Type::Any),
        // Numbers and times.
        Function::plain("humanize", ANY, |a| Ok(humanize(to_float(&a[0])?).into())),
        Function::plain("humanize1024", ANY, |a| {
            Ok(humanize_1024(to_float(&a[0])?).into())
        }),
        Function::plain("humanizeDuration", ANY, |a| {
            Ok(humanize_duration(to_float(&a[0])?).into())
        }),
        Function::plain("humanizePercentage", ANY, |a| {
            Ok(humanize_percentage(to_float(&a[0])?).into())
        }),
        Function::plain("humanizeTimestamp", ANY, |a| {
            humanize_timestamp(to_float(&a[0])?).map(Into::into)
        }),
        Function::plain("toTime", ANY, |a| to_time(to_float(&a[0])?).map(Into::into)),
        Function::plain("toDuration", ANY, |a| {
            let nanos = to_float(&a[0])? * 1e9;
            // As Go's conversion on the machines that it runs on.
            let fits = nanos.abs() < i64::MAX as f64;
            Ok(Value::Duration(if fits { nanos as i64 } else { i64::MIN }))
        }),
        Function::plain("parseDuration", STR, |a| {
            let ms = duration::parse_signed(str(a, 0)).map_err(|e| e.to_string())?;
            Ok(Value::Float(ms as f64 / 1e3))
        }),
    ]
}

fn str(args: &[Value], at: usize) -> &str {
    args.get(at).and_then(Value::as_str).unwrap_or("")
}

fn first(args: &[Value]) -> Result<Value, String> {
    let Some(Value::List(samples)) = args.first() else {
        return Err("first() called on vector with no elements".to_owned());
    };
    let sample = samples.items().first().cloned();
    sample.ok_or_else(|| "first() called on vector with no elements".to_owned())
}

fn sort_by_label(args: &[Value]) -> Result<Value, String> {
    let name = str(args, 0);
    let Some(Value::List(samples)) = args.get(1) else {
        return Ok(list(Vec::new()));
    };
    let mut sorted = samples.items().to_vec();
    let key = |value: &Value| Sample::of(value).map_or("", |s| s.label(name)).to_owned();
    sorted.sort_by_cached_key(key);
    Ok(list(sorted))
}

/// `arg0`, `arg1`, ... for templates that take several.
fn args(args: &[Value]) -> Result<Value, String> {
    let named = (0..).zip(args).map(|(at, value): (usize, _)| {
        let name: Arc<str> = Arc::from(format!("arg{at}"));
        (name, value.clone())
    });
    Ok(Value::map(named.collect()))
}

/// The page that draws an expression.
#[must_use]
pub fn graph_link(expression: &str) -> String {
    format!("/graph?g0.expr={}&g0.tab=0", query_escape(expression))
}

/// The page that lists an expression's values.
#[must_use]
pub fn table_link(expression: &str) -> String {
    format!("/graph?g0.expr={}&g0.tab=1", query_escape(expression))
}

/// Path and query of the page that shows a query over lines.
#[must_use]
pub fn lines_link(query: &str) -> String {
    format!("/logs?q={}", query_escape(query))
}
