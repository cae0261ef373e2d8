//! What `query` gives: samples with `.Labels` and `.Value`.

use std::any::Any;

use binnacle_model::Labels;

use crate::value::{Class, Element, Field, List, Map, Object, Value};

/// `*template.sample`
static SAMPLE: Class = Class::plain("*template.sample", Element::Typed);
/// `template.queryResult`
static QUERY_RESULT: Class = Class::plain("template.queryResult", Element::Typed);

/// One sample of a query's answer.
pub struct Sample {
    labels: Value,
    value: Value,
}

impl Sample {
    /// A sample.
    #[must_use]
    pub fn new(labels: &Labels, value: Value) -> Self {
        Self {
            labels: Map::of_strings(labels).into(),
            value,
        }
    }

    pub(super) fn label(&self, name: &str) -> &str {
        match &self.labels {
            Value::Map(map) => map.get(name).and_then(Value::as_str).unwrap_or(""),
            _ => "",
        }
    }

    pub(super) fn value(&self) -> Value {
        self.value.clone()
    }

    /// The sample in a value.
    pub(super) fn of(value: &Value) -> Option<&Self> {
        match value {
            Value::Object(object) => object.as_any().downcast_ref(),
            _ => None,
        }
    }
}

impl Object for Sample {
    fn class(&self) -> &'static Class {
        &SAMPLE
    }

    fn field(&self, name: &str) -> Option<Value> {
        match name {
            "Labels" => Some(self.labels.clone()),
            "Value" => Some(self.value.clone()),
            _ => None,
        }
    }

    fn fields(&self) -> Vec<Field> {
        vec![
            ("Labels", "Labels", self.labels.clone()),
            ("Value", "Value", self.value.clone()),
        ]
    }

    fn pointer(&self) -> bool {
        true
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// The answer of a query.
#[must_use]
pub fn query_result(samples: impl IntoIterator<Item = Sample>) -> Value {
    list(samples.into_iter().map(Value::object).collect())
}

pub(super) fn list(samples: Vec<Value>) -> Value {
    List::new(&QUERY_RESULT, samples).into()
}
