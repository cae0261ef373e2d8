//! `ExportLogsServiceRequest` as protobuf.

use std::borrow::Cow;
use std::fmt::Write as _;

use binnacle_model::event::EventBatch;

use super::mapping::{LogMapping, Shared};
use super::record::{Record, Resource, Scope};
use super::value::{AnyValue, Attribute, DEPTH_MAX};
use crate::error::WireError;
use crate::proto::{Reader, Value, malformed};

/// Appends a message to `batch`; how many records it held. Records without a time get
/// `now_ns`. On an error `batch` may hold a part of it: clear it.
///
/// # Errors
/// [`WireError::Malformed`].
pub fn decode_protobuf(
    message: &[u8],
    mapping: &LogMapping,
    now_ns: i64,
    batch: &mut EventBatch,
) -> Result<u64, WireError> {
    let mut records = 0;
    each(message, 1, |message| {
        records += resource_logs(message, mapping, now_ns, batch)?;
        Ok(())
    })?;
    Ok(records)
}

/// Calls `take` with each message of a repeated field.
fn each<'a>(
    message: &'a [u8],
    number: u32,
    mut take: impl FnMut(&'a [u8]) -> Result<(), WireError>,
) -> Result<(), WireError> {
    let mut reader = Reader(message);
    while let Some((field, value)) = reader.field()? {
        if field == number {
            take(value.bytes()?)?;
        }
    }
    Ok(())
}

fn resource_logs(
    message: &[u8],
    mapping: &LogMapping,
    now_ns: i64,
    batch: &mut EventBatch,
) -> Result<u64, WireError> {
    let mut resource = Resource::default();
    each(message, 1, |message| {
        let mut reader = Reader(message);
        while let Some((field, value)) = reader.field()? {
            match field {
                1 => resource.attributes.push(attribute(value.bytes()?, 0)?),
                2 => resource.dropped_attributes = value.integer()?,
                _ => {}
            }
        }
        Ok(())
    })?;
    let shared = mapping.begin(&resource, batch);
    let mut records = 0;
    // Scopes are kept for as long as their records are read.
    each(message, 2, |message| {
        records += scope_logs(message, &shared, now_ns, batch)?;
        Ok(())
    })?;
    Ok(records)
}

fn scope_logs(
    message: &[u8],
    shared: &Shared<'_>,
    now_ns: i64,
    batch: &mut EventBatch,
) -> Result<u64, WireError> {
    let mut scope = Scope::default();
    each(message, 1, |message| read_scope(message, &mut scope))?;
    let shared = shared.with_scope(&scope);
    let mut records = 0;
    each(message, 2, |message| {
        shared.push(&record(message)?, now_ns, batch);
        records += 1;
        Ok(())
    })?;
    Ok(records)
}

fn read_scope<'a>(message: &'a [u8], scope: &mut Scope<'a>) -> Result<(), WireError> {
    let mut reader = Reader(message);
    while let Some((field, value)) = reader.field()? {
        match field {
            1 => scope.name = text(value)?,
            2 => scope.version = text(value)?,
            3 => scope.attributes.push(attribute(value.bytes()?, 0)?),
            4 => scope.dropped_attributes = value.integer()?,
            _ => {}
        }
    }
    Ok(())
}

fn record(message: &[u8]) -> Result<Record<'_>, WireError> {
    let mut record = Record::default();
    let mut reader = Reader(message);
    while let Some((field, value)) = reader.field()? {
        match (field, value) {
            (1, Value::Fixed64(v)) => record.time_ns = v,
            (11, Value::Fixed64(v)) => record.observed_ns = v,
            (2, Value::Varint(v)) => record.severity_number = i64::from(v as i32),
            (3, value) => record.severity_text = text(value)?,
            (5, value) => record.body = any_value(value.bytes()?, 0)?,
            (6, value) => record.attributes.push(attribute(value.bytes()?, 0)?),
            (7, Value::Varint(v)) => record.dropped_attributes = v,
            (8, Value::Fixed32(v)) => record.flags = u64::from(v),
            (9, value) => record.trace_id = hexadecimal(value.bytes()?),
            (10, value) => record.span_id = hexadecimal(value.bytes()?),
            (12, value) => record.event_name = text(value)?,
            (1 | 2 | 7 | 8 | 11, _) => return Err(malformed("a field has the wrong type")),
            _ => {}
        }
    }
    Ok(record)
}

/// Text, with what is not UTF-8 replaced: a sender's slip must not cost the record.
fn text(value: Value<'_>) -> Result<Cow<'_, str>, WireError> {
    Ok(String::from_utf8_lossy(value.bytes()?))
}

/// An id; one of zeros only is none.
fn hexadecimal(id: &[u8]) -> String {
    let mut out = String::new();
    if id.iter().any(|b| *b != 0) {
        for byte in id.iter().take(64) {
            let _ = write!(out, "{byte:02x}");
        }
    }
    out
}

fn attribute(message: &[u8], depth: usize) -> Result<Attribute<'_>, WireError> {
    let mut attribute = Attribute {
        key: Cow::Borrowed(""),
        value: AnyValue::Empty,
    };
    let mut reader = Reader(message);
    while let Some((field, value)) = reader.field()? {
        match field {
            1 => attribute.key = text(value)?,
            2 => attribute.value = any_value(value.bytes()?, depth)?,
            _ => {}
        }
    }
    Ok(attribute)
}

fn any_value(message: &[u8], depth: usize) -> Result<AnyValue<'_>, WireError> {
    if depth > DEPTH_MAX {
        return Err(malformed("a value is nested too deeply"));
    }
    let mut any = AnyValue::Empty;
    let mut reader = Reader(message);
    while let Some((field, value)) = reader.field()? {
        any = match field {
            1 => AnyValue::Text(Cow::Borrowed(value.bytes()?)),
            2 => AnyValue::Bool(value.integer()? != 0),
            3 => AnyValue::Int(value.integer()? as i64),
            4 => AnyValue::Double(value.double()?),
            5 => {
                let mut values = Vec::new();
                each(value.bytes()?, 1, |message| {
                    values.push(any_value(message, depth + 1)?);
                    Ok(())
                })?;
                AnyValue::Array(values)
            }
            6 => {
                let mut pairs = Vec::new();
                each(value.bytes()?, 1, |message| {
                    pairs.push(attribute(message, depth + 1)?);
                    Ok(())
                })?;
                AnyValue::Map(pairs)
            }
            7 => AnyValue::Bytes(Cow::Borrowed(value.bytes()?)),
            _ => any,
        };
    }
    Ok(any)
}
