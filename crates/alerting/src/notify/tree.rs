//! Free-form fields (`payload`, `details`): any YAML, whose texts are templates.
//!
//! A text whose template gives YAML that is no text becomes that value: `{{ len
//! .Alerts }}` is a number, `{{ .Alerts | toJson }}` a list. What came that way is
//! not looked at again: a value that happens to look like a template or like YAML
//! stays what it is.

use std::path::Path;
use std::sync::Arc;

use binnacle_config::reader::Reader;
use binnacle_config::yaml::{self, Entry, Node, Out, Scalar};
use serde::ser::{Serialize, SerializeMap as _, SerializeSeq as _, Serializer};

use super::rendering::Rendering;

/// A value of any shape.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Tree {
    /// Nothing.
    #[default]
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i128),
    /// A number, finite.
    Float(f64),
    /// Text.
    Text(String),
    /// A list.
    List(Vec<Tree>),
    /// Values by name, in the order of the file.
    Map(Vec<(String, Tree)>),
}

/// Reads the field `key` of any shape, and shows it.
pub fn read(r: &mut Reader<'_>, key: &'static str) -> Option<Tree> {
    let tree = Tree::of(r.node(key)?);
    r.show(key, tree.to_out());
    Some(tree)
}

/// Reads the field `key`, whose value must be a mapping, and shows it.
pub fn read_map(r: &mut Reader<'_>, key: &'static str) -> Vec<(String, Tree)> {
    match read(r, key) {
        None => Vec::new(),
        Some(Tree::Map(entries)) => entries,
        Some(_) => {
            r.refuse(key, format!("{key:?} wants a mapping"));
            Vec::new()
        }
    }
}

impl Tree {
    /// The value of a node; names that are no texts are left out, as a service could
    /// not be told them.
    #[must_use]
    pub fn of(node: &Node) -> Self {
        match &node.value {
            yaml::Value::Scalar(scalar) => Self::of_scalar(scalar),
            yaml::Value::List(items) => {
                Self::List(items.iter().map(|n: &Arc<Node>| Self::of(n)).collect())
            }
            yaml::Value::Map(entries) => Self::Map(entries.iter().filter_map(of_entry).collect()),
        }
    }

    fn of_scalar(scalar: &Scalar) -> Self {
        if scalar.is_null() {
            return Self::Null;
        }
        if let Some(bool) = scalar.as_bool() {
            return Self::Bool(bool);
        }
        match (scalar.as_int(), scalar.as_float()) {
            (Some(int), _) if fits_64_bits(int) && !is_float(&scalar.text) => Self::Int(int),
            (_, Some(float)) if float.is_finite() => Self::Float(float),
            _ => Self::Text(scalar.as_text().unwrap_or_default()),
        }
    }

    /// The value with its templates run; `field` is what a failure is told about.
    #[must_use]
    pub fn render(&self, rendering: &Rendering<'_>, field: &str) -> Self {
        match self {
            Self::Text(template) => match rendering.run(template) {
                Ok(text) => inline(text),
                Err(error) => {
                    let text = format!("(template of {field} failed: {error})");
                    rendering.note(field, error, true);
                    Self::Text(text)
                }
            },
            Self::List(items) => {
                Self::List(items.iter().map(|t| t.render(rendering, field)).collect())
            }
            Self::Map(entries) => Self::Map(
                entries
                    .iter()
                    .map(|(name, value)| {
                        let inner = format!("{field}.{name}");
                        let name = rendering.run(name).unwrap_or_else(|error| {
                            rendering.note(&inner, error, false);
                            name.clone()
                        });
                        (name, value.render(rendering, &inner))
                    })
                    .collect(),
            ),
            other => other.clone(),
        }
    }

    fn to_out(&self) -> Out {
        match self {
            Self::Null => Out::Plain("null".to_owned()),
            Self::Bool(bool) => Out::Plain(bool.to_string()),
            Self::Int(int) => Out::Plain(int.to_string()),
            Self::Float(float) => Out::Plain(float.to_string()),
            Self::Text(text) => Out::Text(text.clone()),
            Self::List(items) => Out::List(items.iter().map(Self::to_out).collect()),
            Self::Map(entries) => Out::Map(
                entries
                    .iter()
                    .map(|(name, value)| (name.clone(), value.to_out()))
                    .collect(),
            ),
        }
    }
}

fn of_entry(entry: &Entry) -> Option<(String, Tree)> {
    match Tree::of_scalar(&entry.key) {
        Tree::Text(name) => Some((name, Tree::of(&entry.value))),
        _ => None,
    }
}

/// Larger ones are floats to Go.
fn fits_64_bits(int: i128) -> bool {
    (i128::from(i64::MIN)..=i128::from(u64::MAX)).contains(&int)
}

fn is_float(text: &str) -> bool {
    let hex = text.trim_start_matches(['-', '+']).starts_with("0x");
    !hex && text.contains(['.', 'e', 'E'])
}

/// What a template's text is as YAML, unless that is text again. JSON is YAML, what
/// `toJson` writes, and read faster as what it is.
fn inline(text: String) -> Tree {
    if text.starts_with(['{', '['])
        && let Ok(json) = serde_json::from_str(&text)
    {
        return of_json(json);
    }
    match yaml::parse(Path::new(""), &text) {
        Ok(Some(node)) => match Tree::of(&node) {
            Tree::Text(_) => Tree::Text(text),
            other => other,
        },
        // Empty text is YAML's null.
        Ok(None) => Tree::Null,
        Err(_) => Tree::Text(text),
    }
}

fn of_json(json: serde_json::Value) -> Tree {
    use serde_json::Value;
    match json {
        Value::Null => Tree::Null,
        Value::Bool(bool) => Tree::Bool(bool),
        Value::Number(number) => match (number.as_i128(), number.as_f64()) {
            (Some(int), _) => Tree::Int(int),
            (None, Some(float)) => Tree::Float(float),
            (None, None) => Tree::Text(number.to_string()),
        },
        Value::String(text) => Tree::Text(text),
        Value::Array(items) => Tree::List(items.into_iter().map(of_json).collect()),
        Value::Object(entries) => {
            let entries = entries.into_iter();
            Tree::Map(
                entries
                    .map(|(name, value)| (name, of_json(value)))
                    .collect(),
            )
        }
    }
}

/// Maps are written with their names sorted; of two that are equal the last counts.
impl Serialize for Tree {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(bool) => serializer.serialize_bool(*bool),
            Self::Int(int) => serializer.serialize_i128(*int),
            Self::Float(float) => serializer.serialize_f64(*float),
            Self::Text(text) => serializer.serialize_str(text),
            Self::List(items) => {
                let mut list = serializer.serialize_seq(Some(items.len()))?;
                for item in items {
                    list.serialize_element(item)?;
                }
                list.end()
            }
            Self::Map(entries) => {
                let sorted: std::collections::BTreeMap<&str, &Tree> =
                    entries.iter().map(|(n, v)| (n.as_str(), v)).collect();
                let mut map = serializer.serialize_map(Some(sorted.len()))?;
                for (name, value) in sorted {
                    map.serialize_entry(name, value)?;
                }
                map.end()
            }
        }
    }
}
