//! Finds the conformance data, which lie beside the repository.

use std::any::Any;
use std::path::PathBuf;
use std::sync::Arc;

use binnacle_template::value::{Element, Field};
use binnacle_template::{Class, Object, Time, Value};
use serde_json::Value as Json;

/// The folder, if it is there.
pub fn folder() -> Option<PathBuf> {
    let folder = std::env::var_os("BINNACLE_CONFORMANCE").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/conformance"),
        PathBuf::from,
    );
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped: no conformance data");
    None
}

/// The cases of a suite; none when the data are not there.
pub fn cases(suite: &str) -> Vec<Json> {
    let Some(folder) = folder() else {
        return Vec::new();
    };
    let text =
        std::fs::read_to_string(folder.join(format!("extracted/{suite}.json"))).expect(suite);
    let suite: Json = serde_json::from_str(&text).expect("JSON");
    suite["cases"].as_array().expect("cases").clone()
}

/// A JSON value as a template sees it.
pub fn value(json: &Json) -> Value {
    match json {
        Json::Null => Value::Missing,
        Json::Bool(b) => Value::Bool(*b),
        Json::Number(n) => match n.as_i64() {
            Some(int) => Value::Int(int),
            None => Value::Float(n.as_f64().expect("a number")),
        },
        Json::String(text) => Value::from(text.as_str()),
        Json::Array(items) if !items.is_empty() && items.iter().all(Json::is_string) => {
            Value::strings(items.iter().filter_map(Json::as_str))
        }
        Json::Array(items) => Value::list(items.iter().map(value).collect()),
        Json::Object(fields) => match fields.get("$unix_ns").and_then(Json::as_i64) {
            Some(nanos) => Time::from_unix_ns(i128::from(nanos)).into(),
            None => {
                let entries = fields
                    .iter()
                    .map(|(n, v)| (Arc::from(n.as_str()), value(v)));
                Value::map(entries.collect())
            }
        },
    }
}

/// A struct of any fields.
pub struct Struct(pub &'static Class, pub Vec<Field>);

/// Its type.
pub static STRUCT: Class = Class::plain("main.T", Element::Typed);

impl Object for Struct {
    fn class(&self) -> &'static Class {
        self.0
    }
    fn field(&self, name: &str) -> Option<Value> {
        self.1.iter().find(|f| f.0 == name).map(|f| f.2.clone())
    }
    fn fields(&self) -> Vec<Field> {
        self.1.clone()
    }
    fn as_any(&self) -> &dyn Any {
        self
    }
}
