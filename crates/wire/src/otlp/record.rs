//! One record, and what it belongs to, as both encodings give them.

use std::borrow::Cow;

use super::value::{AnyValue, Attribute};

/// What all records of a resource share.
#[derive(Debug, Default)]
pub(super) struct Resource<'a> {
    pub(super) attributes: Vec<Attribute<'a>>,
    pub(super) dropped_attributes: u64,
}

/// What all records of an instrumentation scope share.
#[derive(Debug, Default)]
pub(super) struct Scope<'a> {
    pub(super) name: Cow<'a, str>,
    pub(super) version: Cow<'a, str>,
    pub(super) attributes: Vec<Attribute<'a>>,
    pub(super) dropped_attributes: u64,
}

/// A `LogRecord`.
#[derive(Debug)]
pub(super) struct Record<'a> {
    pub(super) time_ns: u64,
    pub(super) observed_ns: u64,
    pub(super) severity_number: i64,
    pub(super) severity_text: Cow<'a, str>,
    pub(super) body: AnyValue<'a>,
    pub(super) attributes: Vec<Attribute<'a>>,
    pub(super) dropped_attributes: u64,
    pub(super) flags: u64,
    /// In hexadecimal, lower case; empty when there is none.
    pub(super) trace_id: String,
    /// In hexadecimal, lower case; empty when there is none.
    pub(super) span_id: String,
    pub(super) event_name: Cow<'a, str>,
}

impl Default for Record<'_> {
    fn default() -> Self {
        Self {
            time_ns: 0,
            observed_ns: 0,
            severity_number: 0,
            severity_text: Cow::Borrowed(""),
            body: AnyValue::Empty,
            attributes: Vec::new(),
            dropped_attributes: 0,
            flags: 0,
            trace_id: String::new(),
            span_id: String::new(),
            event_name: Cow::Borrowed(""),
        }
    }
}
