//! `json`: values by `JMESPath` become extracted values.

use binnacle_model::number;
use serde_json::Value;

use super::regex::check_source;
use super::settings::{JsonSettings, StageError};
use super::{Change, Entry, Extracted};

pub(super) struct Json {
    paths: Vec<(String, Path)>,
    source: Option<String>,
    drop_malformed: bool,
}

/// How a value is found.
pub(super) enum Path {
    /// Keys, one below the other: most are no more than that.
    Keys(Vec<String>),
    /// Anything else.
    Expression(jmespath::Expression<'static>),
}

fn is_identifier(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes
        .next()
        .is_some_and(|b| b.is_ascii_alphabetic() || b == b'_')
        && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

impl Path {
    pub(super) fn new(text: &str) -> Result<Self, StageError> {
        if text.split('.').all(is_identifier) {
            return Ok(Self::Keys(text.split('.').map(str::to_owned).collect()));
        }
        jmespath::compile(text).map(Self::Expression).map_err(|e| {
            let why = match e.reason {
                jmespath::ErrorReason::Parse(why) => why,
                jmespath::ErrorReason::Runtime(why) => why.to_string(),
            };
            StageError::new(
                "expressions",
                format!(
                    "could not compile JMES expression: SyntaxError: {}",
                    words(text, &why)
                ),
            )
        })
    }

    pub(super) fn find(&self, value: &Value) -> Option<Value> {
        match self {
            Self::Keys(keys) => keys
                .iter()
                .try_fold(value, |value, key| value.get(key))
                .cloned()
                .or(Some(Value::Null)),
            Self::Expression(expression) => {
                let found = expression.search(value).ok()?;
                serde_json::to_value(&*found).ok()
            }
        }
    }
}

/// A character that no expression has is named as other implementations name it.
fn words(text: &str, why: &str) -> String {
    let is_foreign = |c: &char| matches!(c, '#' | '%' | '^' | '~' | ';' | '\\' | '/');
    let mut quoted = false;
    for c in text.chars() {
        quoted ^= matches!(c, '"' | '\'' | '`');
        if !quoted && is_foreign(&c) {
            return format!("Unknown char: '{c}'");
        }
    }
    why.to_owned()
}

/// A list or an object as Go's `json.Marshal` writes what it read: names ascending, numbers
/// as floats, no spaces.
fn as_go(value: &Value) -> String {
    fn write(value: &Value, out: &mut String) {
        match value {
            Value::Number(n) => {
                // Writing to a text does not fail.
                let _ = number::write_json(out, n.as_f64().unwrap_or(0.0));
            }
            Value::Array(items) => {
                out.push('[');
                for (i, item) in items.iter().enumerate() {
                    if i > 0 {
                        out.push(',');
                    }
                    write(item, out);
                }
                out.push(']');
            }
            Value::Object(map) => {
                let mut fields: Vec<_> = map.iter().collect();
                fields.sort_by_key(|(name, _)| *name);
                out.push('{');
                for (i, (name, value)) in fields.into_iter().enumerate() {
                    if i > 0 {
                        out.push(',');
                    }
                    out.push_str(&Value::from(name.as_str()).to_string());
                    out.push(':');
                    write(value, out);
                }
                out.push('}');
            }
            Value::Null | Value::Bool(_) | Value::String(_) => out.push_str(&value.to_string()),
        }
    }
    let mut out = String::new();
    write(value, &mut out);
    out
}

impl Json {
    pub(super) fn new(settings: &JsonSettings) -> Result<Self, StageError> {
        if settings.expressions.is_empty() {
            return Err(StageError::new(
                "expressions",
                "JMES expression is required",
            ));
        }
        check_source(settings.source.as_deref(), "empty source")?;
        let path = |(name, text): (&String, &String)| {
            let text = if text.is_empty() { name } else { text };
            Ok((name.clone(), Path::new(text)?))
        };
        Ok(Self {
            paths: settings
                .expressions
                .iter()
                .map(path)
                .collect::<Result<_, _>>()?,
            source: settings.source.clone(),
            drop_malformed: settings.drop_malformed,
        })
    }
}

impl Change for Json {
    fn change(&self, entry: &mut Entry, _: i64) -> bool {
        let Some(input) = entry.input(self.source.as_deref()) else {
            return true;
        };
        let Ok(object @ Value::Object(_)) = serde_json::from_str::<Value>(&input) else {
            return !self.drop_malformed;
        };
        for (name, path) in &self.paths {
            let Some(found) = path.find(&object) else {
                continue;
            };
            let value = match found {
                Value::Null => Extracted::Null,
                Value::Bool(v) => Extracted::Bool(v),
                Value::Number(v) => v.as_f64().map_or(Extracted::Other, Extracted::Number),
                Value::String(text) => Extracted::Text(text),
                other => Extracted::Text(as_go(&other)),
            };
            entry.extracted.insert(name.clone(), value);
        }
        true
    }
}
