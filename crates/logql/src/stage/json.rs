//! `| json`: all keys, or values by path.

use serde_json::Value;

use super::labels::RowLabels;
use super::sanitize;
use crate::ast::Extraction;

/// Deepest nesting that is flattened.
const DEPTH_MAX: usize = 64;

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Key(String),
    Index(usize),
}

/// What is extracted; nothing named: all.
pub(super) struct Expressions(Vec<(String, Vec<Step>)>);

impl Expressions {
    pub(super) fn new(extractions: &[Extraction]) -> Result<Self, String> {
        let all = extractions
            .iter()
            .map(|e| Ok((e.label.clone(), path(&e.expression)?)))
            .collect::<Result<_, String>>()?;
        Ok(Self(all))
    }

    pub(super) fn run(&self, line: &[u8], labels: &mut RowLabels) {
        if line.is_empty() {
            return;
        }
        let parsed: Value = match serde_json::from_slice(line) {
            Ok(value) => value,
            Err(error) => {
                // A line that ends too early still gives what came before in Loki; the
                // error is what tells.
                labels.set_error("JSONParserErr", &error.to_string());
                for (label, _) in &self.0 {
                    set_named(labels, label, "");
                }
                return;
            }
        };
        if !self.0.is_empty() {
            for (label, path) in &self.0 {
                let value = follow(&parsed, path).map(text).unwrap_or_default();
                set_named(labels, label, &value);
            }
            return;
        }
        if !parsed.is_object() {
            labels.set_error(
                "JSONParserErr",
                "Value looks like object, but can't find closing '}' symbol",
            );
            return;
        }
        // A key that comes twice is what it was first, and the value parser keeps the last.
        if let Ok(pairs) = serde_json::from_slice::<FirstKeys>(line) {
            for (key, value) in &pairs.0 {
                flatten(&sanitize(key), value, labels, 0);
            }
        }
    }
}

/// The pairs of an object with the first value of each key.
struct FirstKeys(Vec<(String, Value)>);

impl<'de> serde::Deserialize<'de> for FirstKeys {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;
        impl<'de> serde::de::Visitor<'de> for Pairs {
            type Value = FirstKeys;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(
                self,
                mut map: A,
            ) -> Result<FirstKeys, A::Error> {
                let mut pairs: Vec<(String, Value)> = Vec::new();
                let mut seen = hashbrown::HashSet::new();
                while let Some((key, value)) = map.next_entry::<String, Value>()? {
                    if seen.insert(key.clone()) {
                        pairs.push((key, value));
                    }
                }
                Ok(FirstKeys(pairs))
            }
        }
        deserializer.deserialize_map(Pairs)
    }
}

fn set_named(labels: &mut RowLabels, label: &str, value: &str) {
    labels.set_parsed(label, value);
}

fn flatten(name: &str, value: &Value, labels: &mut RowLabels, depth: usize) {
    match value {
        Value::Object(object) if depth < DEPTH_MAX => {
            for (key, value) in object {
                let key = key.chars().map(|c| {
                    if c.is_ascii_alphanumeric() || c == '_' {
                        c
                    } else {
                        '_'
                    }
                });
                let name: String = name.chars().chain(['_']).chain(key).collect();
                flatten(&name, value, labels, depth + 1);
            }
        }
        Value::Object(_) | Value::Array(_) | Value::Null => {}
        scalar => labels.set_parsed(name, &text(scalar)),
    }
}

/// As Loki writes a value into a label.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.replace('\u{fffd}', " "),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

fn follow<'v>(value: &'v Value, path: &[Step]) -> Option<&'v Value> {
    path.iter().try_fold(value, |value, step| match step {
        Step::Key(key) => value.get(key.as_str()),
        Step::Index(index) => value.get(*index),
    })
}

/// `a.b[0]["c d"]`
fn path(text: &str) -> Result<Vec<Step>, String> {
    let wrong = || format!("cannot parse expression {text:?}: write it as in a.b[0][\"c d\"]");
    let mut steps = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        if let Some(behind) = rest.strip_prefix('[') {
            let behind = behind.trim_start();
            if let Some(quoted) = behind.strip_prefix('"') {
                let end = quoted.find('"').ok_or_else(wrong)?;
                steps.push(Step::Key(quoted[..end].to_owned()));
                rest = quoted[end + 1..]
                    .trim_start()
                    .strip_prefix(']')
                    .ok_or_else(wrong)?;
            } else {
                let end = behind.find(']').ok_or_else(wrong)?;
                let index = behind[..end].trim().parse().map_err(|_| wrong())?;
                steps.push(Step::Index(index));
                rest = &behind[end + 1..];
            }
            continue;
        }
        let name = if steps.is_empty() {
            rest
        } else {
            rest.strip_prefix('.').ok_or_else(wrong)?
        };
        let end = name.find(['.', '[']).unwrap_or(name.len());
        let key = &name[..end];
        let is_key = key
            .bytes()
            .enumerate()
            .all(|(i, b)| b.is_ascii_alphabetic() || b == b'_' || (i > 0 && b.is_ascii_digit()));
        if key.is_empty() || !is_key {
            return Err(wrong());
        }
        steps.push(Step::Key(key.to_owned()));
        rest = &name[end..];
    }
    if steps.is_empty() {
        Err(wrong())
    } else {
        Ok(steps)
    }
}
