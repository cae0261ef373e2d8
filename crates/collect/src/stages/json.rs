//! `json`: values by `JMESPath` become extracted values.

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
enum Path {
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
    fn new(text: &str) -> Result<Self, StageError> {
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

    fn find(&self, value: &Value) -> Option<Value> {
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
                other => Extracted::Text(other.to_string()),
            };
            entry.extracted.insert(name.clone(), value);
        }
        true
    }
}
