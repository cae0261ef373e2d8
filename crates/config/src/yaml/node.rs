//! The tree that a file is read into.

use std::sync::Arc;

use crate::error::At;

use super::scalar::Scalar;

/// A value and where it starts.
#[derive(Debug)]
pub struct Node {
    /// Where the value starts.
    pub at: At,
    /// The value.
    pub value: Value,
    /// Nodes in this tree with every alias expanded, itself included.
    pub weight: usize,
}

/// A value. Aliases share the node of their anchor.
#[derive(Debug)]
pub enum Value {
    /// Text, a number, a boolean or nothing: which of them the field decides.
    Scalar(Scalar),
    /// A list.
    List(Vec<Arc<Node>>),
    /// A mapping, in the order of the file; merge keys are already merged in.
    Map(Vec<Entry>),
}

/// A key and its value.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Where the key starts.
    pub at: At,
    /// The key.
    pub key: Scalar,
    /// The value.
    pub value: Arc<Node>,
}

impl Node {
    /// Whether nothing was written: `key:`, `~` or `null`.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(&self.value, Value::Scalar(s) if s.is_null())
    }

    /// What this is, for messages.
    #[must_use]
    pub fn kind(&self) -> String {
        match &self.value {
            Value::Scalar(s) => s.kind(),
            Value::List(_) => "a list".to_owned(),
            Value::Map(_) => "a mapping".to_owned(),
        }
    }
}
