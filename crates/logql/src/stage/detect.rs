//! What parsers would find in a line that none has looked at.

use serde_json::Value;

use super::logfmt::Pairs;
use super::sanitize;

/// A field that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The label that it would become.
    pub label: String,
    /// Its value.
    pub value: String,
    /// `json` or `logfmt`.
    pub parser: &'static str,
    /// The keys to it in JSON.
    pub json_path: Vec<String>,
}

/// Fields of a line: as JSON when it is an object, else as logfmt when it has pairs.
#[must_use]
pub fn find(line: &[u8]) -> Vec<Found> {
    if let Ok(Value::Object(object)) = serde_json::from_slice(line) {
        let mut found = Vec::new();
        for (key, value) in &object {
            walk(vec![key.clone()], value, &mut found);
        }
        return found;
    }
    let text = String::from_utf8_lossy(line);
    Pairs::new(&text)
        .flatten()
        .filter(|(_, value)| !value.is_empty())
        .map(|(key, value)| Found {
            label: sanitize(key),
            value,
            parser: "logfmt",
            json_path: Vec::new(),
        })
        .collect()
}

/// Deepest nesting that is looked into.
const DEPTH_MAX: usize = 16;

fn walk(path: Vec<String>, value: &Value, found: &mut Vec<Found>) {
    match value {
        Value::Object(object) if path.len() < DEPTH_MAX => {
            for (key, value) in object {
                let mut path = path.clone();
                path.push(key.clone());
                walk(path, value, found);
            }
        }
        Value::Object(_) | Value::Array(_) | Value::Null => {}
        scalar => found.push(Found {
            label: sanitize(&path.join("_")),
            value: match scalar {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            },
            parser: "json",
            json_path: path,
        }),
    }
}
